"""status, roles, explain, grants, process: what people and programs read."""

import json
import subprocess
import sys

import pytest

from xacct.ctl.main import main

SERIAL = "arn:aws:iam::111122223333:mfa/alice"


def test_status_is_an_aligned_table(daemon, capsys):
    daemon.prompts["p1"] = (daemon.prompt(["dev"]), None)
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ROLE  ACCOUNT       STATE   EXPIRES IN  MFA LASTS  LAST USED  RENEWS IN",
        "prod  111122223333  held    55m         7h 05m     2m ago     25m",
        "dev   -             failed  -           -          -          -",
        "dev: AWS says no to dev.",
        "  hint: Ask Bob.",
        f"MFA session of work ({SERIAL}): 7h 05m",
        f"waiting for the MFA code of {SERIAL}, for dev (answer it: xacctctl attend)",
        "note: the clock is 2 s off",
    ]


def test_what_is_wrong_with_many_roles_is_said_once(daemon, capsys):
    many(daemon)
    for role in daemon.answers["/v1/status"]["roles"][:5]:
        role |= {
            "state": "failed",
            "error": {"code": "bad-key", "sentence": "The key of work is gone.", "hint": "Make one."},
        }
    names = ", ".join(role["name"] for role in daemon.answers["/v1/status"]["roles"][:3])
    assert main(["status"]) == 0
    said = capsys.readouterr().out.replace("\n  a-profile", " a-profile").replace("\n  and", " and")
    assert f"\n{names} and 2 more: The key of work is gone.\n  hint: Make one.\n" in said


def test_status_says_that_the_shell_has_lost_the_profile_of_its_role(daemon, capsys, monkeypatch):
    for name, value in {"AWS_PROFILE": "xacct", "XACCT_PROFILE": "xacct", "XACCT_ROLE": "prod"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/customer/b/config")
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "note: AWS_PROFILE is xacct, the profile that xacctctl made for role prod" in said
    assert "AWS_CONFIG_FILE is /customer/b/config by now" in said
    assert 'eval "$(xacctctl env prod)"' in said
    monkeypatch.setenv("AWS_CONFIG_FILE", "/run/x/aws-config-0123456789abcdef/config")
    assert main(["status"]) == 0
    assert "AWS_PROFILE" not in capsys.readouterr().out


def test_status_of_some_roles_asks_for_them_alone(daemon, capsys):
    daemon.answers["/v1/status?role=prod&role=a%20b"] = daemon._get_status(None, None) | {"notes": ["theirs"]}
    assert main(["status", "prod", "a b"]) == 0
    assert "note: theirs" in capsys.readouterr().out


def prompt_of(daemon, monkeypatch, **changed):
    """What a shell of role prod shows in its prompt, where the role stands so."""
    monkeypatch.setenv("XACCT_ROLE", "prod")
    answer = daemon._get_status(None, None)
    role = answer["roles"][0] | {key: changed[key] for key in changed if key != "locked"}
    locked = changed.get("locked", False)
    daemon.answers["/v1/status?role=prod"] = answer | {"roles": [role], "locked": locked}
    assert main(["status", "--prompt"]) == 0


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({}, "prod 7h05m\n"),
        ({"mfa_expires_at": None}, "prod 55m\n"),
        ({"mfa_expires_at": None, "expires_at": None}, "prod\n"),
        ({"state": "idle", "expires_at": None}, "prod 7h05m\n"),
        ({"state": "needs-code"}, "prod needs code\n"),
        ({"state": "logged-out"}, "prod logged out\n"),
        ({"locked": True}, "prod locked\n"),
    ],
    ids=str,
)
def test_a_shells_prompt_says_the_role_and_how_long_it_goes_on(daemon, capsys, monkeypatch, changed, shown):
    prompt_of(daemon, monkeypatch, **changed)
    assert capsys.readouterr().out == shown


def test_a_shell_in_no_role_has_nothing_in_its_prompt_and_asks_nobody(daemon, capsys, monkeypatch):
    monkeypatch.delenv("XACCT_ROLE", raising=False)
    assert main(["status", "--prompt"]) == 0
    assert (capsys.readouterr().out, daemon.requests) == ("", [])


def test_a_shells_prompt_says_in_a_word_that_the_role_is_unknown(daemon, capsys, monkeypatch):
    monkeypatch.setenv("XACCT_ROLE", "prod")
    error = {"code": "unknown-role", "category": "usage", "sentence": "There is no role prod.", "hint": ""}

    def none_such(_body):
        raise sys.modules[type(daemon).__module__].ProblemError(404, error)

    daemon.answers["/v1/status?role=prod"] = none_such
    assert main(["status", "--prompt"]) == 0
    assert tuple(capsys.readouterr()) == ("prod unknown\n", "")


def test_a_shells_prompt_starts_no_daemon(spawned, place, capsys, monkeypatch):
    monkeypatch.setenv("XACCT_ROLE", "prod")
    assert main(["status", "--prompt"]) == 0
    assert tuple(capsys.readouterr()) == ("prod no xacctd\n", "")
    assert not (place / "starts").exists()


def test_status_shows_the_imds_ports(daemon, capsys):
    daemon.imds = {9478: "prod"}
    assert main(["status"]) == 0
    assert "IMDSv2 on http://127.0.0.1:9478/: prod, for every program of yours\n" in capsys.readouterr().out


YESES = [
    {"role": "prod", "consumer": "g1", "label": "a\x1b[2J shell", "lasts": "minutes", "until": 1740.5},
    {"role": "prod", "consumer": None, "label": "", "lasts": "logout", "until": None},
    {"role": "prod", "consumer": "imds:9478", "label": "imds:9478", "lasts": "once", "until": 3.5},
    {"role": "dev", "consumer": None, "label": "", "lasts": "minutes", "until": 60.5},
    {"role": "prod", "consumer": "g1", "label": "a shell", "lasts": "grant", "until": None},
]


def test_the_yeses_that_hold_are_told(daemon, capsys):
    daemon.approvals = YESES
    assert main(["status"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("A human")]
    assert told == [
        "A human lets a [2J shell (grant g1) use prod for 29m more",
        "A human lets anybody use prod until logout",
        "A human lets imds:9478 use prod once",
        "A human lets anybody use dev for 1m more",
        "A human lets a shell (grant g1) use prod as long as its grant is in force",
    ]
    assert main(["grants"]) == 0
    assert capsys.readouterr().out.splitlines()[-4:] == ["", told[0], told[1], told[4]]


def test_status_as_json_is_the_wires(daemon, capsys):
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["roles"][0]["state"] == "held"


def test_colour_only_at_a_terminal(daemon, sit, monkeypatch):
    seat = sit("status")
    assert "\x1b[32mprod  111122223333  held" in seat.end()[1]
    monkeypatch.setenv("NO_COLOR", "1")
    seat = sit("status")
    assert "\x1b" not in seat.end()[1]


def test_no_roles_yet(daemon, capsys):
    answer = daemon._get_status(None, None)
    daemon.answers["/v1/status"] = {**answer, "roles": [], "sessions": [], "notes": []}
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith("No role is configured.")


def test_roles_and_what_is_wrong_with_profiles(daemon, capsys):
    daemon.problems = [{"code": "bad-config", "category": "usage", "sentence": "Profile x loops.", "hint": "Cut it."}]
    assert main(["roles"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ROLE  ACCOUNT  IAM ROLE  REGION     SOURCE  MFA",
        "prod  -        -         eu-west-1  work    no",
        "dev   -        -         -          work    no",
        "Profile x loops.",
        "  hint: Cut it.",
    ]


def test_a_role_that_hangs_from_one_with_mfa_takes_a_code_too(daemon, capsys):
    one = {"role_arn": None, "account": None, "region": None, "url": ""}
    sources = {"work": "work", "prod": "work", "second": "prod", "third": "second", "free": "work", "below": "free"}
    roles = [{**one, "name": name, "source": source, "mfa_serial": None} for name, source in sources.items()]
    roles[1]["mfa_serial"] = SERIAL
    daemon.answers["/v1/roles"] = {"roles": roles, "problems": []}
    assert main(["roles"]) == 0
    shown = {line.split()[0]: line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:7]}
    assert shown == {"work": "no", "prod": "yes", "second": "yes", "third": "yes", "free": "no", "below": "no"}


def test_explain(daemon, capsys):
    daemon.roles["prod/x"] = None
    assert main(["explain", "prod/x"]) == 0
    assert capsys.readouterr().out == "1. start from work\n2. assume prod\n- 1 h\n"
    assert daemon.requests[-1][1] == "/v1/roles/prod%2Fx/explain"


def test_grants(daemon, capsys):
    assert main(["grants"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ID  ROLES  LABEL    CREATED  EXPIRES IN  LAST USED  PID",
        "g1  prod   a shell  1m ago   -           -          1",
    ]
    assert main(["grants", "create", "prod", "dev", "--label", "ci", "--ttl", "1h30m"]) == 0
    assert daemon.called("POST", "/v1/grants") == [
        {"roles": ["prod", "dev"], "label": "ci", "ttl": 5400},
    ]
    assert "t0ken" not in capsys.readouterr().out
    assert main(["grants", "create", "prod", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["token"] == "t0ken"


def test_a_grant_for_arns(daemon, capsys):
    daemon.answers["/v1/grants"] = lambda body: {
        **daemon._post_grants("/v1/grants", body),
        "role_arn_url": "http://127.0.0.1:9477/v1/role-arn/",
    }
    pattern = "arn:aws:iam::*:role/dev-*"
    assert main(["grants", "create", "--role-arn", pattern, "--via", "prod", "--label", "ci"]) == 0
    assert daemon.called("POST", "/v1/grants") == [
        {"roles": [], "label": "ci", "role_arn_patterns": [pattern], "via": "prod"},
    ]
    assert "http://127.0.0.1:9477/v1/role-arn/ARN  (each ARN that matches)" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--role-arn", "a"], ["--via", "prod"], ["prod", "--via", "prod"]])
def test_a_pattern_and_the_way_to_it_go_together(daemon, capsys, words):
    assert main(["grants", "create", *words]) == 2
    assert daemon.requests == []


def test_every_grant_that_can_be_is_revoked(daemon, capsys):
    assert main(["grants", "revoke", "nope", "g1"]) == 1
    said = capsys.readouterr()
    assert said.err == "xacctctl: There is no grant 'nope'.\n  hint: xacctctl grants list\n"
    assert said.out == "Revoked g1: prod, for a shell.\n"
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_a_grant_is_named_by_how_its_id_begins(daemon, capsys):
    one = daemon._get_grants(None, None)["grants"][0]
    daemon.answers["/v1/grants"] = {"grants": [one | {"id": id_} for id_ in ("3f9a01", "3f9b02", "3f9", "77")]}
    assert main(["grants", "revoke", "3f9a"]) == 0
    assert capsys.readouterr().out.startswith("Revoked 3f9a01: prod")
    assert main(["grants", "revoke", "3f9"]) == 0  # the whole of one
    for wrong, status in (("3f", 2), ("", 1), ("3f9a02", 1)):
        assert main(["grants", "revoke", wrong]) == status
    ended = [path for method, path, _ in daemon.requests if method == "DELETE"]
    assert ended == ["/v1/grants/3f9a01", "/v1/grants/3f9"]


def test_process_speaks_credential_process(daemon, capsys):
    assert main(["process", "prod"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "Version": 1,
        "AccessKeyId": "ASIAEXAMPLE",
        "SecretAccessKey": "s3cr3t/+",
        "SessionToken": "tok=",
        "Expiration": "2026-11-22T12:00:00Z",
        "AccountId": "111122223333",
    }


def test_process_asks_at_the_terminal_while_its_output_is_piped(daemon, sit):
    daemon.needs_code = True
    seat = sit("process", "prod", stdout=subprocess.PIPE)
    seat.expect("(attempt 1 of 3): ")
    seat.type("123456\n")
    assert json.loads(seat.process.stdout.read())["Version"] == 1
    assert seat.end()[0] == 0


def test_process_without_a_terminal_needs_a_human(daemon, run):
    daemon.needs_code = True
    done = run("process", "prod")
    assert (done.returncode, done.stdout) == (4, "")


# Narrow and low terminals.

LONG = "a-profile-with-a-name-as-long-as-an-organization-gives-them/production-eu-central-1"


def many(daemon, count=80):
    """A status and roles with `count` long names, of which three are held."""
    status, roles = daemon._get_status(None, None), daemon._get_roles("/v1/roles", None)
    held, idle = status["roles"][0], {**status["roles"][1], "state": "idle", "error": None}
    account = "111122223333"
    names = [f"{LONG}-{n}" for n in range(count)]
    status["roles"] = [{**(held if n < 3 else idle), "name": name, "account": account} for n, name in enumerate(names)]
    more = {"account": account, "role_arn": f"arn:aws:iam::{account}:role/path/{LONG[:50]}", "mfa_serial": SERIAL}
    roles["roles"] = [{**roles["roles"][0], "name": name, **more} for name in names]
    daemon.answers |= {"/v1/status": status, "/v1/roles": roles}


@pytest.mark.parametrize("width", [80, 100, 60])
@pytest.mark.parametrize("verb", ["status", "roles", "grants"])
def test_a_table_fits_the_columns(daemon, capsys, monkeypatch, verb, width):
    many(daemon)
    grants = daemon._get_grants(None, None)
    label = {"label": "exec a-program-with-a-name 4711", "roles": [LONG, LONG + "2"]}
    daemon.answers["/v1/grants"] = {"grants": [{**grants["grants"][0], **label}]}
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("LINES", "200")
    assert main([verb]) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(("MFA ", "note:"))]
    assert max(map(len, table)) <= width
    if verb != "grants":
        assert sum("111122223333" in line for line in table) == 80
        assert "arn:" not in "".join(table)


def test_a_pipe_gets_whole_names(daemon, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    many(daemon)
    assert main(["roles"]) == 0
    assert f"{LONG}-79 " in capsys.readouterr().out


def test_a_terminal_gets_what_it_can_show(daemon, sit, monkeypatch):
    many(daemon)
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "80")
    shown = sit("status").end()[1]
    assert shown.count("  held  ") == 3
    assert "77 roles more hold nothing; xacctctl roles lists them." in shown
    assert shown.count("\n") < 24


def test_a_terminal_too_small_for_a_first_look_gets_the_count(daemon, sit, monkeypatch):
    many(daemon)
    for role in daemon.answers["/v1/status"]["roles"]:
        role |= {"state": "needs-code", "expires_at": None, "mfa_expires_at": None}
    monkeypatch.setenv("LINES", "24")
    shown = sit("status").end()[1]
    assert "80 roles hold nothing; xacctctl roles lists them." in shown
    assert LONG not in shown


def test_each_mfa_device_is_named_once(daemon, capsys):
    many(daemon)
    assert main(["roles"]) == 0
    assert capsys.readouterr().out.count(SERIAL) == 1


@pytest.mark.parametrize("width", ["60", "80", "200"])
def test_help_follows_columns(daemon, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    assert main(["login", "--help"]) == 0
    usage = capsys.readouterr().out.partition("example:")[0]
    longest = max(map(len, usage.splitlines()))
    assert longest <= min(int(width), 100)
    assert longest > min(int(width), 100) * 0.7
