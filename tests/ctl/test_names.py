"""Patterns, groups and the like on a command line: what the daemon says that they mean is what the verb is about."""

import pytest

from xacct.ctl.main import main


def asked(daemon, path):
    return [p for _, p, _ in daemon.requests if p.startswith(path)]


def test_a_role_by_its_name_costs_no_question_more(daemon):
    assert main(["login", "prod"]) == 0
    assert asked(daemon, "/v1/selection") == []


def test_a_pattern_is_every_role_that_it_means(daemon, capsys):
    assert main(["login", "*"]) == 0
    assert [body["roles"] for body in daemon.called("POST", "/v1/login")] == [["*"], ["prod", "dev"]]
    assert "prod: held for" in (said := capsys.readouterr().out)
    assert "dev: held for" in said


def test_letting_go_by_a_pattern(daemon, capsys):
    daemon.answers["/v1/logout"] = lambda body: no_such(daemon, body) or {"roles": body["roles"]}
    assert main(["logout", "*"]) == 0
    assert capsys.readouterr().out == "Let go: prod, dev.\n"


def no_such(daemon, body):
    for role in body["roles"]:
        if role not in daemon.roles:
            daemon._post_login("", {"roles": [role]})


def test_one_role_by_what_means_one(daemon, capsys):
    del daemon.roles["dev"]
    assert main(["env", "*"]) == 0
    assert "export XACCT_ROLE='prod'" in capsys.readouterr().out


def test_where_one_role_is_wanted_several_are_refused(daemon, capsys):
    assert main(["env", "*"]) == 2
    assert "env takes one role, and '*' means 2: prod, dev." in capsys.readouterr().err
    assert daemon.called("POST", "/v1/grants") == []


@pytest.mark.parametrize("verb", ["login", "env", "explain"])
def test_what_means_nothing_is_what_the_daemon_says(daemon, capsys, verb):
    daemon.answers["/v1/roles/typo/explain"] = lambda _: no_such(daemon, {"roles": ["typo"]})
    assert main([verb, "typo"]) != 0
    assert "There is no role typo." in capsys.readouterr().err


def test_process_takes_names_alone(daemon, capsys):
    """What stands in a configuration file must not come to mean another role."""
    daemon.answers["/v1/credentials"] = lambda body: no_such(daemon, {"roles": [body["role"]]})
    assert main(["process", "*"]) != 0
    assert asked(daemon, "/v1/selection") == []
    assert "There is no role *." in capsys.readouterr().err
