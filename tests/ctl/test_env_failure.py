"""A failed env: the line that reads it fails, in every format, and leaves the shell in no role."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys

import pytest
from dotenv_readers import READERS

from xacct.ctl import shells, variables
from xacct.ctl.main import main

XACCTCTL = f"{shlex.quote(sys.executable)} -m xacct.ctl"
REFUSED = {"code": "access-denied", "category": "refused", "sentence": "AWS says no.", "hint": ""}

WRONG = [
    "env nosuch",
    "env",
    "env prod --nonsense",
    "env prod --lifetime 2h",
    "--no-strat env prod",
    "prod env",
    *(
        pytest.param(words, marks=pytest.mark.live)
        for words in (
            "env prod extra",
            "env prod --format csh",
            "env prod --pid x",
            "env prod --imds",
            "env '' ",
            "--no-start envv prod",
            "evn prod",
            "Env prod",
        )
    ),
]
"""One of each kind at each `make test`, the others at `make test-live`: each starts a shell, and us twice."""


@pytest.fixture
def former():
    """The environment of a shell that an earlier env put into dev."""
    return {
        **os.environ,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9477/v1/role/dev",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "former",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/run/former",
        "AWS_CONFIG_FILE": "/run/xacct/aws-config-0123456789abcdef/config",
        "XACCT_INSTEAD_OF_CONFIG_FILE": "/mine",
        "AWS_PROFILE": "xacct",
        "XACCT_PROFILE": "xacct",
        "AWS_SESSION_TOKEN": "former",
        "XACCT_ROLE": "dev",
    }


def after(shell, script, environ):
    """Run a script; return its status and the environment of the last program it ran, None if it came to none."""
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, env=environ, check=False)
    shown = [line.partition("=")[::2] for line in done.stdout.splitlines() if "=" in line]
    return done.returncode, dict(shown) if shown else None


def in_no_role(environ):
    left = [name for name in environ if name.startswith(("AWS_CONTAINER_", "AWS_SESSION_", "XACCT_"))]
    return (environ["AWS_PROFILE"], environ["AWS_CONFIG_FILE"]) == (variables.NO_PROFILE, "/mine") and not left


@pytest.mark.parametrize("words", WRONG)
def test_set_e_stops_and_without_it_nobody_goes_on_in_the_former_role(daemon, former, words):
    line = f'eval "$({XACCTCTL} {words})"'
    assert after("bash", f"set -e\n{line}\nenv", former) == (1, None)
    status, environ = after("bash", f"{line} && exit 7\nenv", former)
    assert status == 0
    assert in_no_role(environ)


SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not installed"))
    for shell in ("sh", "dash", "bash", "zsh", "ksh", "fish")
]


def line(shell, words):
    if shell == "fish":
        return f"{XACCTCTL} {words} --format fish | source"
    return f'eval "$({XACCTCTL} {words})"'


@pytest.mark.parametrize("shell", SHELLS)
def test_a_line_of_every_shell_fails(daemon, former, shell):
    assert after(shell, f"{line(shell, 'env nosuch')} && env", former) == (1, None)
    status, environ = after(shell, f"{line(shell, 'env nosuch')}\nenv", former)
    assert status == 0
    assert in_no_role(environ)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_next_env_that_works_puts_the_shell_into_its_role(daemon, former, shell):
    script = f"{line(shell, 'env nosuch')}\n{line(shell, 'env prod')}\nenv"
    status, environ = after(shell, script, former)
    assert status == 0
    assert environ["XACCT_ROLE"] == "prod"
    assert "AWS_PROFILE" not in environ
    assert environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"] == "t0ken"


def test_source_fails_like_eval(daemon, former):
    assert after("bash", f"source <({XACCTCTL} env nosuch) && env", former) == (1, None)


@pytest.mark.parametrize(
    "error", [REFUSED, {**REFUSED, "code": "locked"}, {**REFUSED, "code": "declined"}, {**REFUSED, "code": "network"}]
)
def test_whatever_the_daemon_says(daemon, former, error):
    failed = {"event": "failed", "role": "prod", "error": error}
    daemon.answers["/v1/login"] = lambda _body: iter([failed, {"event": "done", "failed": 1}])
    assert after("bash", f"{line('bash', 'env prod')} && env", former) == (1, None)


@pytest.mark.parametrize("answer", [b"junk", {"id": 5}, b""])
def test_whatever_the_daemon_is(daemon, former, answer):
    daemon.answers["/v1/grants"] = answer
    assert after("bash", f"{line('bash', 'env prod')} && env", former) == (1, None)


def test_nothing_that_could_be_started(place, former):
    former["XACCT_DAEMON"] = "false"
    assert after("bash", f"{line('bash', 'env prod')} && env", former) == (1, None)
    assert after("bash", f"{line('bash', 'env prod --no-start')} && env", former) == (1, None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_that_is_ended_while_it_waits(daemon, sit, number):
    daemon.needs_code = True
    seat = sit("env", "prod", stdout=subprocess.PIPE)
    seat.expect("MFA code (attempt 1 of 3): ")
    seat.process.send_signal(number)
    assert seat.process.stdout.read().decode().endswith("\nfalse\n")
    assert seat.end()[0] == 128 + number


def test_a_traceback_is_a_failure_too(daemon, former):
    code = "import xacct.ctl.env as e, xacct.ctl.main as m; e.ensure = None; m.main(['env', 'prod'])"
    assert after("bash", f'eval "$({shlex.quote(sys.executable)} -c {shlex.quote(code)})" && env', former) == (1, None)


def test_every_format_has_its_failure():
    assert shells.FAILURES.keys() == shells.FORMATS.keys()


def failed(capsys, language):
    assert main(["env", "nosuch", "--format", language]) == 1
    return capsys.readouterr().out


def test_json_is_none(daemon, capsys):
    with pytest.raises(json.JSONDecodeError):
        json.loads(failed(capsys, "json"))


def test_powershell_throws_last(daemon, capsys):
    shown = failed(capsys, "powershell").splitlines()
    assert shown[-1].startswith("throw '")
    assert "Remove-Item Env:XACCT_ROLE -ErrorAction Ignore" in shown


def test_docker_refuses_the_env_file(daemon, capsys):
    with pytest.raises(ValueError, match="xacctctl env failed"):
        READERS["docker"](failed(capsys, "dotenv").encode())


@pytest.mark.parametrize("reader", ["systemd", "python-dotenv", "npm"])
def test_who_skips_bad_lines_gets_no_role(daemon, capsys, reader):
    read = READERS[reader](failed(capsys, "dotenv").encode())
    assert {name: value for name, value in read.items() if value} == {
        "AWS_PROFILE": variables.NO_PROFILE,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_a_value_without_a_dotenv_line_is_a_failure(daemon, capsys):
    daemon.roles["a#b"] = None
    assert main(["env", "a#b", "--static", "--format", "dotenv"]) == 1
    said = capsys.readouterr()
    assert "XACCT_ROLE" in said.err
    assert "AWS_SECRET_ACCESS_KEY" not in said.out


def test_somebody_who_looks_at_it_sees_the_sentence_alone(daemon, sit):
    status, shown = sit("env", "nosuch").end()
    assert status == 1
    assert "unset" not in shown


def test_other_verbs_print_nothing_for_a_shell(daemon, capsys):
    for words in (["exec", "nosuch", "--", "env"], ["statsu"], ["explain"]):
        assert main(words) != 0
        assert capsys.readouterr().out == ""


READ_ONLY = "readonly AWS_PROFILE=base; export AWS_PROFILE"
HIDDEN = "export AWS_PROFILE=base; in_it() { local AWS_PROFILE=other; change; }"


@pytest.mark.parametrize(
    ("shell", "before"), [("bash", READ_ONLY), ("zsh", READ_ONLY), ("dash", READ_ONLY), ("bash", HIDDEN)]
)
def test_where_what_wins_cannot_be_taken_away_the_line_fails(daemon, shell, before):
    """Else `eval "$(xacctctl env prod)" && deploy` would deploy as whoever that profile is."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    how = {"zsh": ["-f"]}.get(shell, [])
    text = f"""change() {{ eval "$({XACCTCTL} env prod)"; }}; in_it() {{ change; }}
        {before}; in_it && printenv AWS_PROFILE && echo deploying"""
    done = subprocess.run([shell, *how, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert "deploying" not in done.stdout
    well = f"""export AWS_PROFILE=base; set -eu; eval "$({XACCTCTL} env prod)" && echo "in $XACCT_ROLE" """
    done = subprocess.run([shell, *how, "-c", well], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("in prod\n", 0)


@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
def test_the_line_holds_where_what_wins_is_replaced_and_fails_where_that_cannot_be(daemon, place, shell):
    """Where [default] has keys, AWS_PROFILE is set to a profile of ours, and so it is there afterwards."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (place / "h/.aws").mkdir(exist_ok=True)
    (place / "h/.aws/config").write_text("[default]\naws_access_key_id = AKIDSHADOW\naws_secret_access_key = x\n")
    how = {"zsh": ["-f"]}.get(shell, [])

    def said(before):
        text = f"""{before}; eval "$({XACCTCTL} env prod)" && echo "$XACCT_ROLE as $AWS_PROFILE" """
        run = subprocess.run([shell, *how, "-c", text], capture_output=True, text=True, timeout=60, check=False)
        return run.stdout

    assert said("export AWS_PROFILE=base") == "prod as xacct\n"
    assert said("unset AWS_PROFILE") == "prod as xacct\n"
    assert said(READ_ONLY) == ""
