"""env: what is exported, to whom it belongs, and when a human is needed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fake_daemon import TOKEN_FILE

from xacct.copies import store
from xacct.ctl import shells
from xacct.ctl.main import main
from xacct.ctl.parent import calling_shell


def as_json(daemon, capsys, *words):
    assert main(["env", "prod", "--format", "json", *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_endpoint_and_nothing_else(daemon, capsys, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "corp.example, 127.0.0.1")
    monkeypatch.setenv("no_proxy", "other.example")
    assert as_json(daemon, capsys) == {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9477/v1/credentials/prod",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": TOKEN_FILE,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t0ken",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "XACCT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_METADATA_SERVICE_TIMEOUT": "130",
        "NO_PROXY": "corp.example,127.0.0.1,localhost",
        "no_proxy": "other.example,127.0.0.1,localhost",
        "XACCT_ROLE": "prod",
        **dict.fromkeys(
            (
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AWS_CREDENTIAL_EXPIRATION",
                *OLD_NAMES,
                "AWS_PROFILE",
                "AWS_DEFAULT_PROFILE",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_ROLE_ARN",
                "AWS_ROLE_SESSION_NAME",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                *IMDS,
            ),
        ),
    }


OLD_NAMES = (
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWS_CREDENTIAL_FILE",
    "AWS_BEARER_TOKEN_BEDROCK",
)
IMDS = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_METADATA_ENDPOINT", "AWS_EC2_METADATA_V1_DISABLED")


def test_the_imds_port_and_nothing_else(daemon, capsys, monkeypatch):
    daemon.imds = {9478: "prod", 9479: "dev"}
    monkeypatch.setenv("no_proxy", "other.example")
    proxy = "other.example,127.0.0.1,localhost"
    assert as_json(daemon, capsys, "--imds") == {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9478/",
        "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9478",
        "AWS_EC2_METADATA_V1_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "XACCT_REGION": "eu-west-1",
        "NO_PROXY": proxy,
        "no_proxy": proxy,
        "XACCT_ROLE": "prod",
        **dict.fromkeys(
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AWS_CREDENTIAL_EXPIRATION",
                *OLD_NAMES,
                "AWS_PROFILE",
                "AWS_DEFAULT_PROFILE",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_ROLE_ARN",
                "AWS_ROLE_SESSION_NAME",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_EC2_METADATA_DISABLED",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
            ),
        ),
    }
    assert [asked["roles"] for asked in daemon.called("POST", "/v1/login")] == [["prod"]]
    assert daemon.called("POST", "/v1/grants") == []


def test_a_copy_for_imds_is_kept_for_the_shell_and_not_for_its_subshell(daemon, capsys, place):
    daemon.imds = {9478: "prod"}
    (place / "h" / ".aws").mkdir()
    (place / "h" / ".aws" / "config").write_text("[default]\nrole_arn = x\n")
    copy = Path(as_json(daemon, capsys, "--imds")["AWS_CONFIG_FILE"])
    assert store.users_of(str(copy.parent)) == {f"pid-{calling_shell()}"}


@pytest.mark.parametrize("language", shells.FORMATS)
def test_the_imds_port_in_every_language(daemon, capsys, language):
    daemon.imds = {9478: "prod"}
    assert main(["env", "--imds", "prod", "--format", language]) == 0
    [line] = [
        line for line in capsys.readouterr().out.splitlines() if "METADATA_SERVICE_ENDPOINT" in line and ":9" in line
    ]
    assert "http://127.0.0.1:9478/" in line


@pytest.mark.parametrize("ports", [{}, {9478: "dev"}])
def test_a_role_without_an_imds_port_is_said_and_how_to_give_it_one(daemon, capsys, ports):
    daemon.imds = ports
    assert main(["env", "--imds", "prod"]) == 1
    out, err = capsys.readouterr()
    assert out.endswith("\nfalse\n")
    assert "prod has no IMDS port." in err
    assert '[imds] roles = { 9478 = "prod" }' in err
    assert daemon.called("POST", "/v1/login") == []


@pytest.mark.parametrize("other", [["--static"], ["--pid", "1"], ["--lifetime", "2h"]])
def test_imds_goes_with_no_grant_and_no_keys(daemon, capsys, other):
    daemon.imds = {9478: "prod"}
    assert main(["env", "--imds", "prod", *other]) == 2
    assert capsys.readouterr().out.endswith("\nfalse\n")


def test_a_daemon_that_knows_no_imds_has_no_port(daemon, capsys):
    daemon.imds = None
    assert main(["env", "--imds", "prod"]) == 1
    assert "no IMDS port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("upper", "lower", "expected"),
    [
        ("", "", ("127.0.0.1,localhost", "127.0.0.1,localhost")),
        ("*", "", ("*,127.0.0.1,localhost", "*")),
        ("", "*", ("*,127.0.0.1,localhost", "*")),
        (" * ", "corp", ("*,127.0.0.1,localhost", "corp,127.0.0.1,localhost")),
        ("corp", "*", ("corp,127.0.0.1,localhost", "*")),
        ("corp, *", "", ("corp,*,127.0.0.1,localhost", "corp,*,127.0.0.1,localhost")),
        ("a,,b ", "c", ("a,b,127.0.0.1,localhost", "c,127.0.0.1,localhost")),
        ("localhost", "", ("localhost,127.0.0.1", "localhost,127.0.0.1")),
    ],
)
def test_nothing_else_is_exempt_from_a_proxy_than_was_before(daemon, capsys, monkeypatch, upper, lower, expected):
    monkeypatch.setenv("NO_PROXY", upper)
    monkeypatch.setenv("no_proxy", lower)
    found = as_json(daemon, capsys)
    assert (found["NO_PROXY"], found["no_proxy"]) == expected
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, found[name])
    again = as_json(daemon, capsys)
    assert (again["NO_PROXY"], again["no_proxy"]) == expected


@pytest.mark.parametrize("token", ["nul\0", "\ud800"])
def test_what_no_environment_can_hold_is_refused(daemon, capsys, token):
    grant = daemon._post_grants(None, {"roles": ["prod"]})
    daemon.answers["/v1/grants"] = {**grant, "token": token}
    assert main(["env", "prod"]) == 3
    assert capsys.readouterr().out.endswith("\nfalse\n")


def test_an_unknown_region_overrides_none(daemon, capsys):
    daemon.roles["prod"] = None
    assert "AWS_REGION" not in as_json(daemon, capsys)


def test_a_shells_own_region_beats_defaults_and_not_the_roles(daemon, capsys, monkeypatch, place):
    names = ("AWS_REGION", "AWS_DEFAULT_REGION")
    (place / "h" / ".aws").mkdir()
    (place / "h" / ".aws" / "config").write_text("[default]\nregion = us-east-1\n")
    daemon.roles |= {"prod": None, "dev": "eu-west-1"}
    found = as_json(daemon, capsys)
    assert [found[name] for name in names] == ["us-east-1", "us-east-1"]
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    found = as_json(daemon, capsys)
    assert [found[name] for name in names] == ["ap-south-1", "ap-south-1"]
    assert "XACCT_REGION" not in found
    assert main(["env", "dev", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [found[name] for name in names] == ["eu-west-1", "eu-west-1"]
    for name, value in found.items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    again = as_json(daemon, capsys)
    assert [again[name] for name in names] == ["ap-south-1", "ap-south-1"], "the shell's own, not the former role's"
    assert again["XACCT_REGION"] is None


def test_the_grant_ends_with_the_calling_shell(daemon, capsys):
    as_json(daemon, capsys)
    (asked,) = daemon.called("POST", "/v1/grants")
    shell = calling_shell()  # our parent, unless that is itself a subshell
    assert asked["pid"] == shell
    assert asked["label"].startswith(f"shell {shell}")
    as_json(daemon, capsys, "--pid", "0")
    assert "pid" not in daemon.called("POST", "/v1/grants")[1]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no procfs to look at")
@pytest.mark.parametrize("line", ['source <("$@")', 'eval "$("$@"; :)"', 'eval "$("$@")"'])
def test_a_subshell_is_not_the_calling_shell(daemon, line):
    command = [sys.executable, "-m", "xacct.ctl", "env", "prod"]
    done = subprocess.run(
        ["bash", "-c", f"{line}; echo $$ $XACCT_ROLE", "bash", *command],
        capture_output=True,
        text=True,
        check=True,
    )
    (asked,) = daemon.called("POST", "/v1/grants")
    assert done.stdout == f"{asked['pid']} prod\n"


@pytest.mark.parametrize("way", [[], ["--static"], ["--imds"]])
def test_env_again_in_one_shell_ends_its_former_grant(daemon, capsys, monkeypatch, way):
    daemon.imds = {9478: "prod"}
    mine = daemon._get_grants(None, None)["grants"][0] | {"pid": calling_shell()}
    others = [mine | {"id": "around", "pid": 1}, mine | {"id": "lasting", "pid": None}]
    daemon.answers["/v1/grants"] = lambda body: (
        {"grants": [mine, *others]} if body is None else daemon._post_grants(None, body)
    )
    for former, ended in (("g1", [None]), ("around", []), ("lasting", []), ("gone", [])):
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", f"/run/xacct/grants/{former}")
        as_json(daemon, capsys, *way)
        assert daemon.called("DELETE", f"/v1/grants/{former}") == ended


def test_an_env_that_fails_ends_no_grant(daemon, capsys, monkeypatch):
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/xacct/grants/g1")
    assert main(["env", "nosuch"]) == 1
    assert [method for method, _, _ in daemon.requests] == ["POST", "GET"]  # the grant, and what was meant


def test_static_carries_the_keys(daemon, capsys):
    assert main(["env", "prod", "--static", "--lifetime", "2h", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["AWS_SECRET_ACCESS_KEY"] == "s3cr3t/+"
    assert found["AWS_CREDENTIAL_EXPIRATION"] == "2026-11-22T12:00:00Z"
    assert found["AWS_CONTAINER_CREDENTIALS_FULL_URI"] is None
    assert daemon.called("POST", "/v1/credentials")[0]["lifetime"] == 7200
    assert daemon.called("POST", "/v1/grants") == []
    assert main(["env", "prod", "--lifetime", "2h"]) == 2


def test_without_a_terminal_the_environment_is_good_and_a_hint_says_why(daemon, run):
    daemon.needs_code = True
    done = run("env", "prod")
    assert done.returncode == 0
    assert "export XACCT_ROLE='prod'" in done.stdout
    assert "A code is needed for prod." in done.stderr
    assert "asked for when it is used" in done.stderr


def test_static_without_a_terminal_needs_a_human(daemon, run):
    daemon.needs_code = True
    done = run("env", "prod", "--static")
    assert done.returncode == 4
    assert done.stdout.endswith("\nfalse\n")


def test_stdout_holds_only_exports_while_the_terminal_is_asked(daemon, sit):
    daemon.needs_code = True
    seat = sit("env", "prod", stdout=subprocess.PIPE)
    seat.expect("MFA code (attempt 1 of 3): ")
    seat.type("123456\n")
    exports = seat.process.stdout.read().decode()
    assert seat.end()[0] == 0
    assert {line.split()[0] for line in exports.splitlines()} == {"export", "unset", "["}


def test_declined_at_a_terminal_exports_no_role(daemon, sit):
    daemon.needs_code = True
    seat = sit("env", "prod", stdout=subprocess.PIPE)
    seat.expect("MFA code (attempt 1 of 3): ")
    seat.type("\x04")
    assert b"t0ken" not in seat.process.stdout.read()
    assert seat.end()[0] == 4


def test_refused_by_aws(daemon, run):
    error = {"code": "access-denied", "category": "refused", "sentence": "AWS says no.", "hint": "Ask Bob."}
    failed = {"event": "failed", "role": "prod", "error": error}
    daemon.answers["/v1/login"] = lambda _b: iter([failed, {"event": "done", "failed": 1}])
    done = run("env", "prod")
    assert done.returncode == 5
    assert "t0ken" not in done.stdout
    assert done.stderr == "xacctctl: AWS says no.\n  hint: Ask Bob.\n"


def test_a_shadowing_default_is_lifted_and_mentioned(daemon, capsys, place):
    files = place / "h" / ".aws"
    files.mkdir()
    (files / "credentials").write_text("[default]\naws_access_key_id=AKIA\n")
    assert main(["env", "prod", "--format", "json"]) == 0
    found = capsys.readouterr()
    changed = json.loads(found.out)
    assert "AWS_SHARED_CREDENTIALS_FILE" not in changed
    assert (changed["AWS_PROFILE"], changed["AWS_CONFIG_FILE"][-7:]) == ("xacct", "/config")
    assert found.err.count("note: [default]") == found.err.count("note: polars") == 1
    assert main(["env", "prod"]) == 0
    assert "polars" not in capsys.readouterr().err, "said once until the file changes"
    for words in (["env", "prod"], ["env", "dev"], ["env", "prod", "--format", "fish"]):
        assert main(words) == 0
        assert "note:" not in capsys.readouterr().err  # once is enough
    (files / "config").write_text("[default]\ncredential_process=x\n")
    assert main(["env", "prod"]) == 0
    assert capsys.readouterr().err.count("note:") == 1  # the other file's alone: it is new


def test_a_note_that_a_script_has_caused_is_made_once_at_a_terminal_too(daemon, run, sit, place):
    files = place / "h" / ".aws"
    files.mkdir()
    (files / "credentials").write_text("[work]\naws_access_key_id=AKIA\n")
    assert [run("env", "prod").stderr.count("note: polars") for _ in range(2)] == [1, 0]
    assert [sit("env", "prod").end()[1].count("note: polars") for _ in range(2)] == [1, 0]
    assert run("env", "dev", "--format", "fish").stderr.count("note:") == 0


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "dash", "fish"])
def test_a_real_shell_reads_it(daemon, shell, monkeypatch):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    monkeypatch.setenv("AWS_PROFILE", "rival")
    xacctctl = f"'{sys.executable}' -m xacct.ctl env prod"
    reading = f"{xacctctl} --format fish | source" if shell == "fish" else f'eval "$({xacctctl})"'
    done = subprocess.run([shell, "-c", f"{reading}\nenv"], capture_output=True, text=True, check=True)
    assert "\nAWS_PROFILE=" not in done.stdout
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN=t0ken\n" in done.stdout
    assert done.stderr == ""
