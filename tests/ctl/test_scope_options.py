"""Options that narrow a grant: what xacctd is asked with, and that nothing goes its own way beside them."""

import json

import pytest

from xacct.ctl import main

POLICY = '{"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}'


def asked(daemon):
    (body,) = daemon.called("POST", "/v1/grants")
    return {key: body[key] for key in ("scope", "ttl") if key in body}


OPTIONS = [
    (["--read-only"], {"scope": {"read_only": True}}),
    (["--policy", POLICY], {"scope": {"policy": POLICY}}),
    (["--allow", "s3:Get*,s3:List*", "--allow", "iam:Get*"], {"scope": {"allow": ["s3:Get*", "s3:List*", "iam:Get*"]}}),
    (
        ["--allow", "s3:Get*", "--on", "arn:aws:s3:::a,b", "--on", "arn:aws:s3:::c"],
        {"scope": {"allow": ["s3:Get*"], "on": ["arn:aws:s3:::a,b", "arn:aws:s3:::c"]}},
    ),
    (["--regions", "eu-west-1, eu-central-1"], {"scope": {"regions": ["eu-west-1", "eu-central-1"]}}),
    (["--scope", "reports"], {"scope": {"name": "reports"}}),
    (["--read-only", "--ttl", "20m"], {"ttl": 1200, "scope": {"read_only": True, "ttl": 1200}}),
]


@pytest.mark.parametrize(("options", "said"), OPTIONS)
def test_exec_asks_with_a_scope(daemon, run, options, said):
    done = run("exec", "prod", *options, "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (0, "ran\n"), done.stderr
    assert asked(daemon) == said


@pytest.mark.parametrize(("options", "said"), OPTIONS)
def test_env_asks_with_a_scope(daemon, run, options, said):
    done = run("env", "prod", *options)
    assert done.returncode == 0, done.stderr
    assert asked(daemon) == said


@pytest.mark.parametrize(("options", "said"), OPTIONS)
def test_grants_create_asks_with_a_scope(daemon, run, options, said):
    done = run("grants", "create", "prod", *options)
    assert done.returncode == 0, done.stderr
    assert asked(daemon) == said
    assert "scope       allow s3:Get*  (0123456789abcdef)" in done.stdout


def test_time_alone_is_a_scope_of_a_command_and_the_end_of_a_grant(daemon, run):
    run("exec", "prod", "--ttl", "20m", "--", "true")
    assert asked(daemon) == {"ttl": 1200, "scope": {"ttl": 1200}}
    daemon.requests.clear()
    run("grants", "create", "prod", "--ttl", "40d")
    assert asked(daemon) == {"ttl": 40 * 86400}


def test_a_policy_comes_from_a_file(daemon, run, tmp_path):
    (tmp_path / "policy.json").write_text(POLICY)
    assert run("exec", "prod", "--policy", str(tmp_path / "policy.json"), "--", "true").returncode == 0
    assert asked(daemon) == {"scope": {"policy": POLICY}}


@pytest.mark.parametrize("verb", [["exec", "prod"], ["env", "prod"], ["grants", "create", "prod"]])
@pytest.mark.parametrize(
    "options",
    [
        ["--policy", ""],
        ["--policy", "/nowhere/policy.json"],
        ["--allow", ""],
        ["--allow", "s3:Get*,"],
        ["--regions", ""],
        ["--read-only", "--allow", "s3:*"],
        ["--scope", "reports", "--policy", POLICY],
        ["--read-only", "--ttl", "0m"],
        ["--read-only", "--ttl", "37h"],
    ],
)
def test_what_cannot_be_meant_makes_no_grant(daemon, run, verb, options):
    done = run(*verb, *options, *(["--", "echo", "ran"] if verb[0] == "exec" else []))
    assert done.returncode == 2
    assert "ran" not in done.stdout
    assert "Traceback" not in done.stderr
    assert daemon.called("POST", "/v1/grants") == []


@pytest.mark.parametrize("way", ["--static", "--imds"])
@pytest.mark.parametrize("option", [["--read-only"], ["--ttl", "20m"], ["--allow", ""], ["--regions", "eu-west-1"]])
def test_what_goes_by_no_grant_is_not_narrowed(daemon, run, way, option):
    daemon.imds = {9478: "prod"}
    for verb in (["exec", "prod", way, *option, "--", "env"], ["env", "prod", way, *option]):
        done = run(*verb)
        assert done.returncode == 2
        assert "s3cr3t" not in done.stdout
        assert "--static and --imds have not" in done.stderr
    assert daemon.called("POST", "/v1/credentials") == []


@pytest.mark.parametrize("verb", [["exec", "prod", "--read-only", "--", "echo", "ran"], ["env", "prod", "--read-only"]])
def test_an_older_xacctd_narrows_nothing_and_its_grant_is_taken_back(daemon, run, verb):
    daemon.knows_scopes = False
    done = run(*verb)
    assert done.returncode != 0
    assert "ran" not in done.stdout
    assert "http" not in done.stdout
    assert "it would narrow nothing" in done.stderr
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]
    assert run("grants", "create", "prod", "--read-only", "--json").returncode != 0
    assert daemon.called("DELETE", "/v1/grants/g2") == [None]


def test_why_it_cannot_be_had_is_said_before_the_command(daemon, run):
    refusal = {"code": "scope-refused", "category": "refused", "sentence": "It can't be narrowed.", "hint": "Ask."}

    def login(body):
        if "grant" not in body:
            return daemon._post_login("/v1/login", body)
        return iter([{"event": "failed", "role": "prod", "error": refusal}, {"event": "done", "failed": 1}])

    daemon.answers["/v1/login"] = login
    done = run("exec", "prod", "--read-only", "--", "echo", "ran")
    assert done.returncode != 0
    assert "ran" not in done.stdout
    assert "It can't be narrowed." in done.stderr
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_what_grants_may_is_listed(daemon, run):
    scope = {"id": "0123456789abcdef", "words": "reading only", "policy": "{}", "policy_arns": [], "ttl": None}
    one = {"id": "g1", "label": "x", "roles": ["prod"], "created": 1.0, "expires_at": None, "last_used": None, "pid": 1}
    daemon.answers["/v1/grants"] = {"grants": [{**one, "scope": scope}, {**one, "id": "g2"}]}
    done = run("grants")
    assert done.stdout.endswith("\n\ng1 is narrowed to: reading only\n")
    assert json.dumps(scope) not in done.stdout


def test_the_words_behind_options_are_no_role(daemon, run):
    done = run("exec", "--regions", "eu-west-1", "prod", "--ttl", "20m", "echo", "--read-only")
    assert done.stdout == "--read-only\n"
    assert asked(daemon) == {"ttl": 1200, "scope": {"regions": ["eu-west-1"], "ttl": 1200}}


def test_the_role_of_ssh_stands_behind_its_own_options():
    ours, ssh = main._split("ssh", ["--regions", "eu-west-1", "--read-only", "prod", "-p", "22", "host", "--read-only"])
    assert ours == ["--regions", "eu-west-1", "--read-only", "prod"]
    assert ssh == ["-p", "22", "host", "--read-only"]


@pytest.mark.parametrize("parallel", [[], ["--parallel", "2"]])
def test_in_each_of_several_roles_it_is_narrow(daemon, run, parallel):
    done = run("exec", "*", *parallel, "--read-only", "--", "true")
    assert done.returncode == 0, done.stderr
    bodies = daemon.called("POST", "/v1/grants")
    assert sorted(body["roles"][0] for body in bodies) == ["dev", "prod"]
    assert all(body["scope"] == {"read_only": True} for body in bodies)
