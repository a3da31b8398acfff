"""What a person can do wrong, and what can go wrong around them: one sentence, a hint, and nothing held is lost."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pyotp
import pytest
from human import Human
from stack import Stack, wait_until
from waiting import PATIENCE

# `long` takes a code of its own, however young the MFA session: that is how prompts are raised here.
SETTINGS = '[roles.long]\nmfa = "direct"\n'
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Root without the right to read what its mode forbids: what an ordinary user is."""


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """A daemon that holds `prod`."""
    with Stack(tmp_path_factory.mktemp("day") / "s", settings=SETTINGS) as stack:
        stack.morning_code = stack.code()
        stack.login("prod", code=stack.morning_code)
        stack.prod = stack.grant("prod")
        yield stack


@pytest.fixture
def stack(day):
    """The same, and a check that whatever went wrong has cost nothing and left no traceback."""
    assert served(day, day.prod, "prod")[0] == 200
    yield day
    day.clear_faults()
    assert served(day, day.prod, "prod")[0] == 200
    clean(day)


@pytest.fixture
def elsewhere(day, tmp_path):
    """The environment of another daemon that is yet to start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("STATE", "CONFIG")}
    (tmp_path / "config" / "xacct").mkdir(parents=True)
    return day.env | places | {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "XACCT_PORT": str(port)}


def served(stack, grant, role):
    """The endpoint's answer for a role: status and parsed body."""
    path = "/" + grant["urls"][role].split("/", 3)[3]
    with closing(http.client.HTTPConnection("127.0.0.1", stack.port, timeout=PATIENCE)) as connection:
        connection.request("GET", path, headers={"Authorization": grant["token"]})
        answer = connection.getresponse()
        text = answer.read().decode().strip(" ")
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text  # how a hold ends that came to nothing


def refused(stack, role):
    """The sentence with which the endpoint refuses a role."""
    grant = stack.grant(role)
    status, body = served(stack, grant, role)
    if status == 200:
        held_in_vain = body
        status, body = served(stack, grant, role)
        assert held_in_vain == f"xacct: {body['message']}"
    assert status == 403
    assert body["message"] == body["Message"]
    assert "\n" not in body["message"]
    return body["message"]


def plain(error):
    """Check that an error is a sentence and a hint; return both as one text."""
    assert re.fullmatch(r"[^\n]+[.)]", error["sentence"]), error
    assert re.fullmatch(r"[^\n]+", error["hint"]), error
    for ugly in ("Traceback", "Error(", "Exception", "itself failed", "object at 0x"):
        assert ugly not in error["sentence"] + error["hint"]
    return f"{error['sentence']} {error['hint']}"


def login(stack, role, **more):
    """The events of a login at which nobody is there to ask."""
    return stack.api("POST", "/v1/login", {"roles": [role], "attend": False, **more})


def failure(stack, role, **more):
    """Why a login has failed."""
    failed, done = login(stack, role, **more)
    assert done == {"event": "done", "failed": 1}
    assert (failed["event"], failed["role"]) == ("failed", role)
    return plain(failed["error"])


def clean(stack):
    log = stack.log()
    assert "Traceback" not in log
    assert " broke" not in log
    assert "loop complained" not in log


def refusal_to_start(environment, *arguments, prefix=()):
    """What xacctd says when it can't start."""
    command = [*prefix, sys.executable, "-m", "xacct.daemon", *arguments]
    ended = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1, ended
    assert ended.stdout == ""
    last_words = re.sub(r"(?m)^timestamp=.*\n", "", ended.stderr)
    said = re.fullmatch(r"xacctd: ([^\n]+)\n  hint: ([^\n]+)\n", last_words)
    assert said, ended.stderr
    return plain({"sentence": said[1], "hint": said[2]})


def settings_of(environment):
    return Path(environment["XDG_CONFIG_HOME"]) / "xacct" / "config.toml"


# Codes and roles.


def wrong_codes(stack):
    """Codes that the device does not show anywhere near now."""
    device = pyotp.TOTP(json.loads((stack.dir / "identity.json").read_text())["seed"])
    right = {device.at(int(time.time()) + 30 * step) for step in range(-9, 10)}
    return [code for code in (f"{digit}" * 6 for digit in range(10)) if code not in right]


def test_wrong_code(stack):
    said = failure(stack, "long", code=wrong_codes(stack)[0])
    assert "AWS did not accept the MFA code: it is wrong, or it was used before." in said
    assert "Wait for the next code" in said


def test_used_code(stack):
    before = len(stack.calls())
    assert "AWS has seen that code already" in failure(stack, "long", code=stack.morning_code)
    assert len(stack.calls()) == before  # not sent again


@pytest.mark.parametrize("code", ["12345", "abcdef", "", "1234567"])
def test_no_code_at_all(stack, code):
    with Human(stack, lambda _: code) as human:
        grant = stack.grant("long")
        with closing(http.client.HTTPConnection("127.0.0.1", stack.port)) as connection:
            connection.request("GET", "/v1/credentials/long", headers={"Authorization": grant["token"]})
            (told,) = wait_until(lambda: human.told)
    assert "An MFA code is six digits." in plain(told["error"])


def test_missing_external_id(stack):
    assert "AWS refuses noexternalid" in failure(stack, "noexternalid")
    assert "external_id" in refused(stack, "noexternalid")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/roles/prdo/explain", None),
        ("POST", "/v1/login", {"roles": ["prdo"]}),
        ("POST", "/v1/credentials", {"role": "prdo"}),
        ("POST", "/v1/logout", {"roles": ["prdo"]}),
        ("POST", "/v1/grants", {"roles": ["prdo"], "label": "x"}),
    ],
)
def test_unknown_role(stack, method, path, body):
    error = stack.api(method, path, body)["error"]
    assert error["code"] == "unknown-role"
    assert plain(error) == "There is no role 'prdo'. Did you mean 'prod'?"


def test_a_grant_for_another_role(stack):
    grant = stack.grant("staging")
    grant["urls"]["prod"] = stack.prod["urls"]["prod"]
    status, body = served(stack, grant, "prod")
    assert (status, body["message"]) == (403, "This grant does not reach that far. xacctctl grants list")


# STS in trouble.


@pytest.mark.parametrize(
    ("fault", "role", "sentence"),
    [
        ("throttling", "fleet-01", "AWS asks to slow down; xacct tries again by itself."),
        ("503", "fleet-02", "AWS STS has trouble of its own (ServiceUnavailable); xacct tries again by itself."),
        ("reset", "fleet-03", "Nothing held is lost; xacct tries again by itself."),
    ],
)
def test_sts_in_trouble(stack, fault, role, sentence):
    stack.fault(kind=fault, seconds=60)
    said = refused(stack, role)
    assert sentence in said
    error = stack.status(role)["error"]
    assert said == f"{error['sentence']} {error['hint']}".strip()


def test_who_logs_in_by_themselves_is_not_told_yesterdays_trouble(stack):
    stack.fault(kind="503", seconds=60)
    assert "AWS STS has trouble of its own" in refused(stack, "fleet-04")
    stack.clear_faults()
    assert login(stack, "fleet-04")[-1] == {"event": "done", "failed": 0}


def test_sts_out_of_reach(tmp_path):
    with Stack(tmp_path / "s") as stack:
        stack.login("prod")
        grant = stack.grant("prod")
        stack.sandbox.end()
        assert refused(stack, "staging") == (
            f"The STS at {stack.env['AWS_ENDPOINT_URL_STS']} (AWS_ENDPOINT_URL_STS in the daemon's environment) "
            "can't be reached. Nothing held is lost; xacct tries again by itself."
        )
        assert served(stack, grant, "prod")[0] == 200
        assert stack.status("prod")["state"] == "held"
        clean(stack)


# Configuration that went bad while the daemon runs.


def is_problem(stack, *words):
    """Check that a problem is shown wherever somebody may look."""
    (problem,) = stack.api("GET", "/v1/roles")["problems"]
    said = plain(problem)
    for word in words:
        assert word in said
    assert stack.status()["notes"] == [said]
    assert stack.api("GET", "/v1/version")["config_problem"] == problem
    assert stack.api("POST", "/v1/reload")["problems"] == [problem]


@pytest.fixture
def mended(stack):
    """The stack, whose configuration is what it was again afterwards, and so are its problems."""
    yield stack
    stack.settings_file.write_text(SETTINGS)
    assert stack.api("POST", "/v1/reload")["problems"] == []
    assert stack.status()["notes"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[daemon\n", ("config.toml is no TOML", "Strings need quotes")),
        ("[daemon]\nprot = 9477\n", ("unknown field `prot`", "Did you mean 'port'?")),
        ("[deamon]\nport = 9477\n", ("unknown field `deamon`", "Did you mean 'daemon'?")),
        ('[roles.prod]\nexternalid = "x"\n', ("unknown field `externalid`", "Did you mean 'external_id'?")),
        ("[roles.prdo]\nmfa = 'direct'\n", ("[roles.prdo]", "Did you mean 'prod'?")),
        ("[session]\nduration = 'all day'\n", ("that is no duration", "docs/settings.md")),
    ],
)
def test_settings_that_went_bad_change_nothing(mended, text, words):
    mended.settings_file.write_text(text)
    is_problem(mended, *words)


def test_settings_that_became_a_directory_change_nothing(mended):
    mended.settings_file.unlink()
    mended.settings_file.mkdir()
    try:
        is_problem(mended, "config.toml can't be read")
    finally:
        mended.settings_file.rmdir()


@pytest.mark.parametrize("text", ["[profile prod\nrole_arn = x\n", "nonsense\n", "\xff\xfe\x00"])
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_aws_files_that_went_bad_change_nothing(mended, variable, text):
    file = Path(mended.env[variable])
    good = file.read_bytes()
    try:
        file.write_bytes(text.encode("latin-1"))
        is_problem(mended, str(file), "Check its syntax and permissions.")
    finally:
        file.write_bytes(good)


class Unprivileged(Stack):
    """A stack whose processes can't read what its mode forbids, even where the tests run as root."""

    def _spawn(self, arguments, env, log):
        if os.geteuid() != 0:
            return super()._spawn(arguments, env, log)
        with (self.dir / log).open("ab") as out:
            command = [*UNPRIVILEGED, sys.executable, *arguments]
            return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)


needs_setpriv = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which(UNPRIVILEGED[0]) is None, reason="root reads every file, and no setpriv here"
)


def unreadable(file):
    file.write_text("# an empty one might be on its way to being written\n")
    file.chmod(0)


@needs_setpriv
def test_aws_files_that_can_be_read_no_longer_change_nothing(tmp_path):
    with Unprivileged(tmp_path / "s") as stack:
        stack.login("prod")
        grant = stack.grant("prod")
        for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            file = Path(stack.env[variable])
            kept = file.rename(tmp_path / "kept")
            for make in (unreadable, Path.mkdir):
                make(file)
                is_problem(stack, str(file), "Check what it is, its owner and permissions.")
                assert served(stack, grant, "prod")[0] == 200
                file.rmdir() if file.is_dir() else file.unlink()
            kept.rename(file)
        assert stack.api("POST", "/v1/reload")["problems"] == []


# A daemon that can't start.


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = \n", ("config.toml is no TOML", "Strings need quotes")),
        ("[daemon]\nprot = 9477\n", ("unknown field `prot`", "Did you mean 'port'?")),
        ("[daemon]\nport = 'http'\n", ("Expected `int`, got `str`", "docs/settings.md")),
        ("[session]\nduration = '3d'\n", ("session.duration must be between",)),
        ("\0", ("config.toml is no TOML",)),
    ],
)
def test_bad_settings(elsewhere, text, words):
    settings_of(elsewhere).write_text(text)
    said = refusal_to_start(elsewhere)
    for word in words:
        assert word in said


@needs_setpriv
def test_unreadable_settings(elsewhere):
    path = settings_of(elsewhere)
    path.touch(mode=0)
    said = refusal_to_start(elsewhere, prefix=UNPRIVILEGED if os.geteuid() == 0 else ())
    assert said == f"{path} can't be read (Permission denied). ls -l {path}"


def test_settings_in_a_foreign_encoding(elsewhere):
    settings_of(elsewhere).write_bytes("# Grüße\n".encode("latin-1"))
    assert "is no UTF-8" in refusal_to_start(elsewhere)


def test_a_port_that_is_taken(elsewhere):
    with socket.create_server(("127.0.0.1", int(elsewhere["XACCT_PORT"]))):
        said = refusal_to_start(elsewhere)
    assert f"Port {elsewhere['XACCT_PORT']} on 127.0.0.1 can't be used" in said
    assert "set port under [daemon] in config.toml" in said


def test_a_port_that_is_none(elsewhere):
    assert "XACCT_PORT is 'http', which is no port." in refusal_to_start(elsewhere | {"XACCT_PORT": "http"})
    assert "Expected `int` <= 65535" in refusal_to_start(elsewhere | {"XACCT_PORT": "99999"})


def test_a_runtime_directory_that_is_a_file(elsewhere):
    Path(elsewhere["XDG_RUNTIME_DIR"]).touch()
    assert "can't be used" in refusal_to_start(elsewhere)


def test_something_else_where_the_socket_goes(elsewhere):
    file = Path(elsewhere["XDG_RUNTIME_DIR"]) / "xacct" / "control.sock"
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    assert refusal_to_start(elsewhere) == f"{file} is in the way, and no socket. Remove it."
    assert file.read_text() == "mine"


def test_a_socket_path_that_is_too_long(elsewhere, tmp_path):
    deep = tmp_path / ("d" * 100)
    assert "The control socket" in refusal_to_start(elsewhere | {"XDG_RUNTIME_DIR": str(deep)})


def test_a_second_daemon(stack):
    pid = stack.api("GET", "/v1/version")["pid"]
    said = refusal_to_start(stack.env)
    assert said == "xacctd is running already. xacctctl status shows it; xacctctl stop ends it."
    assert stack.api("GET", "/v1/version")["pid"] == pid


def test_three_wrong_codes(stack):
    """The last of the tests that raise prompts: after this nobody is asked for a minute."""
    wrong = wrong_codes(stack)[1:4]  # the first one has been tried above
    with Human(stack, lambda _: wrong.pop()) as human:
        grant = stack.grant("long")
        served(stack, grant, "long")
        said = served(stack, grant, "long")[1]["message"]
    assert said.startswith("3 codes in a row were refused for long; xacct asks again in 60 s. ")
    assert "Check which MFA device you read the code from" in said
    assert [prompt["attempt"] for prompt in human.asked] == [1, 2, 3]
    assert [prompt["problem"] is None for prompt in human.asked] == [True, False, False]


# A daemon that was killed.


def test_killed_and_started_again(tmp_path):
    """Kill -9 leaves a socket and a lock behind; grants outlive it, credentials don't."""
    with Stack(tmp_path / "s") as stack:
        stack.login("prod")
        grant, revoked = stack.grant("prod"), stack.grant("prod")
        stack.api("DELETE", f"/v1/grants/{revoked['id']}")
        stack.kill()
        assert stack.socket.exists()
        with pytest.raises(ConnectionRefusedError):
            served(stack, grant, "prod")
        stack.start()
        assert served(stack, revoked, "prod")[1]["code"] == "not-granted"
        status, body = served(stack, grant, "prod")
        assert (status, body["code"]) == (403, "nobody-to-ask")
        assert body["message"] == "An MFA code is needed for prod, and nobody is there to ask. xacctctl login prod"
        clean(stack)
