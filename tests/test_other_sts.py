"""Which STS is asked, by which way and with which keys, is each shell's own affair, whoever started the daemon."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from relay import Relay
from stack import Stack

STS, CA = "AWS_ENDPOINT_URL_STS", "AWS_CA_BUNDLE"
DEAD = "http://127.0.0.1:1"


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path, daemon=False) as stack:
        # What asks the real AWS gets nowhere, and by the same way in every shell.
        stack.env |= {"HTTPS_PROXY": DEAD}
        yield stack
        run(stack.env, "stop", check=False)


@pytest.fixture
def started(stack):
    stack.start()
    return stack


@contextmanager
def another_shell(stack):
    """A shell that means the same files and another STS, which is the same in the end: (its environment, the tap)."""
    sts = stack.env[STS]
    with Relay(int(sts.rpartition(":")[2]), host=False) as tap:
        yield stack.env | {STS: tap.instead_of(sts)}, tap


def calls_through(tap):
    return sum(sent.count(b"POST / HTTP/1.1") for sent in tap.sent)


def without(env, *names):
    return {name: value for name, value in env.items() if name not in names}


def run(env, *words, typed="", check=True):
    command = [sys.executable, "-m", "xacct.ctl", *words]
    done = subprocess.run(command, env=env, input=typed, check=False, capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


def held(env):
    rows = json.loads(run(env, "status", "--json").stdout)["roles"]
    return {row["name"] for row in rows if row["state"] == "held"}


def test_a_code_goes_to_the_sts_of_its_own_shell_alone(started):
    with another_shell(started) as (env, tap):
        run(env, "login", "prod", "--code", "-", typed=started.code())
        assert calls_through(tap) == len(started.calls()) > 0
        assert "prod" in held(env)
        assert "prod" not in held(started.env), "that is another STS's"
        assert json.loads(run(env, "process", "prod").stdout)["AccessKeyId"]
        assert run(started.env, "process", "prod", check=False).returncode == 4


def test_a_shell_that_names_no_sts_means_aws_and_not_where_the_daemon_was_told_to_ask(started):
    env = without(started.env, STS)
    done = run(env, "login", "prod", "--code", "-", typed=started.code(), check=False)
    assert done.returncode not in (0, 2)
    assert started.calls() == []
    assert run(started.env, "process", "prod", check=False).returncode == 4


def test_a_daemon_that_a_service_manager_has_started_serves_a_shell_that_names_an_sts(stack):
    shell = dict(stack.env)
    del stack.env[STS]
    stack.start()
    run(shell, "login", "prod", "--code", "-", typed=Stack.code(stack))
    stack.env = shell
    assert [call["action"] for call in stack.calls()] == ["GetSessionToken", "AssumeRole"]
    assert "prod" in held(shell)
    assert "prod" not in held(without(shell, STS))


def test_what_config_toml_says_of_a_role_holds_whichever_sts_it_is(stack):
    stack.settings_file.parent.mkdir(parents=True, exist_ok=True)
    stack.settings_file.write_text('[roles.prod]\nsession_name = "from-config-toml"\nmfa = "direct"\n')
    stack.start()
    with another_shell(stack) as (env, _):
        run(env, "login", "prod", "--code", "-", typed=stack.code())
        assert [call["action"] for call in stack.calls()] == ["AssumeRole"]


def test_a_grant_stays_with_the_sts_of_the_shell_that_made_it_over_a_restart(started):
    with another_shell(started) as (env, tap):
        run(env, "login", "prod", "--code", "-", typed=started.code())
        grant = json.loads(run(env, "grants", "create", "prod", "--json").stdout)
        before = calls_through(tap)
        run(env, "restart")
        asked = [sys.executable, "-c", FETCH, grant["urls"]["prod"], grant["token"]]
        fetched = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        assert fetched == json.loads(run(env, "process", "prod").stdout)["AccessKeyId"]
        assert calls_through(tap) == before, "nothing held was lost"


FETCH = (
    "import json, sys, urllib.request as u;"
    "r = u.Request(sys.argv[1], headers={'Authorization': sys.argv[2]}); print(json.load(u.urlopen(r))['AccessKeyId'])"
)


def test_certificates_are_those_of_the_shell(started):
    env = started.env | {CA: "/nonexistent/ca.pem"}
    refused = run(env, "login", "prod", "--code", "-", typed=started.code(), check=False)
    assert "AWS_CA_BUNDLE in the shell's environment names /nonexistent/ca.pem" in refused.stderr
    assert started.calls() == []


def test_certificates_of_the_daemons_start_are_nobody_elses(stack):
    shell = dict(stack.env)
    stack.env[CA] = "/nonexistent/ca.pem"
    stack.start()
    run(shell, "login", "prod", "--code", "-", typed=stack.code())
    assert "prod" in held(shell)


def test_status_and_roles_say_which_sts_is_meant(started):
    with another_shell(started) as (env, _):
        run(env, "login", "prod", "--code", "-", typed=started.code())
        assert f"{STS}={env[STS]}" in run(env, "roles").stdout
        assert f"{STS}={env[STS]}" in run(env, "status").stdout
        other = run(started.env, "status").stdout
        assert f"{STS}={env[STS]}" in other, "and other shells are told whose it is"
        assert env[STS] in run(env, "explain", "prod").stdout


@pytest.mark.parametrize("variable", ["HTTP_PROXY", pytest.param("http_proxy", marks=pytest.mark.live)])
def test_no_code_goes_by_a_proxy_that_the_shell_has_not(stack, variable):
    shell = dict(stack.env)
    stack.env[variable] = "http://me:SECRET@127.0.0.1:1"
    stack.start()
    done = run(shell, "login", "prod", "--code", "-", typed=stack.code(), check=False)
    assert done.returncode not in (0, 2)
    assert "by the proxy http://***@127.0.0.1:1" in done.stderr
    assert "no proxy" in done.stderr
    assert "SECRET" not in done.stderr


def test_a_proxy_that_the_shell_has_and_the_daemon_has_not_is_said_and_what_is_held_is_served(started):
    env = started.env | {"HTTP_PROXY": DEAD}
    done = run(env, "login", "prod", "--code", "-", typed=started.code(), check=False)
    assert f"by the proxy {DEAD}" in done.stderr
    assert started.calls() == []
    run(env | {"NO_PROXY": "127.0.0.1"}, "login", "prod", "--code", "-", typed=started.code())
    assert run(env, "process", "prod").returncode == 0


ENVIRONMENT = "[profile env]\nrole_arn = arn:aws:iam::234567890123:role/open-role\ncredential_source = Environment\n"


def test_keys_in_the_environment_are_the_shells_or_nobodys(stack):
    credentials = (stack.dir / "aws/credentials").read_text()
    said = dict(line.split(" = ") for line in credentials.splitlines() if " = " in line)
    keys = {name.upper(): said[name] for name in ("aws_access_key_id", "aws_secret_access_key")}
    shell = stack.env
    with (stack.dir / "aws/config").open("a") as config:
        config.write(ENVIRONMENT)
    stack.env = shell | keys
    stack.start()
    assert json.loads(run(shell | keys, "process", "env").stdout)["AccountId"] == "234567890123"
    for others in ({}, keys | {"AWS_ACCESS_KEY_ID": "AKIAOTHER"}, keys | {"AWS_SESSION_TOKEN": "x"}):
        for words in (("process", "env"), ("exec", "env", "--", "true"), ("grants", "create", "env")):
            done = run(shell | others, *words, check=False)
            assert done.returncode not in (0, 2)
            assert "credential_source = Environment of 'env'" in done.stderr
            assert not any(value in done.stderr for value in keys.values())


@pytest.mark.parametrize("how", ["unreadable", "empty", "gone"])
def test_what_other_files_roles_held_outlives_a_restart_while_those_files_cannot_be_read(started, how):
    home = started.dir / "other"
    home.mkdir()
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        (home / name).write_bytes(Path(started.env[name]).read_bytes())
    env = started.env | {name: str(home / name) for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    run(env, "login", "prod", "--code", "-", typed=started.code())
    first = json.loads(run(env, "process", "prod").stdout)["AccessKeyId"]
    config = home / "AWS_CONFIG_FILE"
    said = config.read_text()
    if how == "gone":
        home.rename(started.dir / "away")
    else:
        config.write_text("nonsense" if how == "unreadable" else "")
    for _ in range(2):  # nor is it lost by the next one
        run(started.env, "restart")
    assert "prod" not in held(started.env)
    if how == "gone":
        (started.dir / "away").rename(home)
    config.write_text(said)
    assert json.loads(run(env, "process", "prod").stdout)["AccessKeyId"] == first
