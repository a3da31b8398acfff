"""Console logins from end to end: real daemon, real command line, boto3, and the sandbox that enforces."""

import json
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from stack import Stack
from waiting import wait_until

IDENTITY = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
ME = "arn:aws:iam::123456789012:user/MyIAMUsername"
OTHER = "arn:aws:iam::123456789012:user/MyColleague"


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path, console_login=True) as stack:
        yield stack


def sandbox(stack, path="", body=None):
    """The control of the sandbox's console login."""
    url = stack.env["AWS_ENDPOINT_URL_STS"] + "/_sandbox/console-login" + path
    with urllib.request.urlopen(url, None if body is None else json.dumps(body).encode(), timeout=10) as answer:
        return json.load(answer)


def xacctctl(stack, *words, **how):
    command = [sys.executable, "-m", "xacct.ctl", *words]
    return subprocess.run(command, env=stack.env, capture_output=True, text=True, timeout=60, check=False, **how)


def fetch(stack, role):
    """Who boto3 is, as a program that got the endpoint from xacctctl."""
    command = [sys.executable, "-c", IDENTITY]
    done = subprocess.run(command, env=stack.environment(role), capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() or done.stderr


def browse(url):
    """Open an address as a browser does, with whatever it is sent on to; the status and page in the end."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def prompt(stack):
    """The sign-in that is open."""
    [found] = wait_until(lambda: [p for p in stack.status()["prompts"] if p["kind"] == "sign-in"], what="a prompt")
    return found


@contextmanager
def logging_in(stack, *roles, **more):
    """A login that waits for a browser on this machine; its events are in the list, once it is over."""
    body = json.dumps({"roles": list(roles), "browser": True, **more})
    script = (
        "import json, sys; from pathlib import Path; from stack import Unix\n"
        "line = Unix(sys.argv[1], 60); line.request('POST', '/v1/login', sys.argv[2])\n"
        "print(line.getresponse().read().decode())"
    )
    path = str(Path(stack.env["XDG_RUNTIME_DIR"], "xacct", "control.sock"))
    said, env = [], stack.env | {"PYTHONPATH": str(Path(__file__).parent / "support")}
    command = [sys.executable, "-c", script, path, body]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield said
            out, _ = program.communicate(timeout=60)
            said += [json.loads(line) for line in out.splitlines() if line]
        finally:
            program.kill()


def sign_in(stack, *roles, **more):
    """Log in, and do in the browser what a human does."""
    sandbox(stack, "/consent", {"answer": "allow", **more})
    with logging_in(stack, *roles) as said:
        status, page, _ = browse(prompt(stack)["url"])
        assert (status, "You can close this page" in page) == (200, True)
    return said


def failed(said):
    return [event["error"] for event in said if event["event"] == "failed"]


def test_a_browser_signs_in_and_programs_are_the_identity_and_the_roles_below(stack):
    said = sign_in(stack, "console", "console-chained")
    assert said[-1] == {"event": "done", "failed": 0}, said
    assert fetch(stack, "console") == ME
    assert fetch(stack, "console-chained").startswith("arn:aws:sts::234567890123:assumed-role/open-role/")
    assert len(stack.calls("Authorize")) == 1
    [held] = [role for role in stack.status()["roles"] if role["name"] == "console"]
    assert held["mfa_expires_at"] - stack.status()["now"] == pytest.approx(12 * 3600, abs=60)
    assert held["expires_at"] - stack.status()["now"] <= 900


def test_another_identity_than_the_profiles_is_refused_in_a_sentence(stack):
    [error] = failed(sign_in(stack, "console-other"))
    assert error["code"] == "wrong-identity"
    assert ME in error["sentence"]
    assert OTHER in error["sentence"]
    said = sign_in(stack, "console-other", user="MyColleague")
    assert not failed(said), said
    assert fetch(stack, "console-other") == OTHER


def test_the_listener_takes_the_right_answer_alone_and_is_gone_afterwards(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    with logging_in(stack, "console") as said:
        url = prompt(stack)["url"]
        asked = {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
        callback = asked["redirect_uri"]
        for wrong in ("?code=x&state=wrong", "?code=x", f"?state={asked['state']}", ""):
            status, page, headers = browse(callback + wrong)
            assert status == 400
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert "wrong" not in page
        assert browse(callback.replace("/oauth/callback", "/other"))[0] == 404
        assert browse(callback.replace("127.0.0.1", "localhost") + f"?code=x&state={asked['state']}")[0] == 400
        assert browse(url)[0] == 200
        with pytest.raises(OSError, match="refused"):
            browse(callback)
    assert not failed(said)


def test_a_no_in_the_browser_ends_it(stack):
    sandbox(stack, "/consent", {"answer": "deny"})
    with logging_in(stack, "console") as said:
        browse(prompt(stack)["url"])
    [error] = failed(said)
    assert error["code"] == "declined"
    assert "in the browser" in error["sentence"]


def test_nobody_listens_once_the_login_was_declined(stack):
    with logging_in(stack, "console") as said:
        asked = prompt(stack)
        address = urlsplit(parse_qs(urlsplit(asked["url"]).query)["redirect_uri"][0])
        assert not _refuses(address.port)
        stack.api("POST", f"/v1/prompts/{asked['id']}", {"decline": True})
    assert [error["code"] for error in failed(said)] == ["declined"]
    wait_until(lambda: _refuses(address.port), what="the listener's end")


def _refuses(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_from_another_machine_the_human_brings_what_the_browser_shows(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    with logging_in(stack, "console", browser=False) as said:
        asked = prompt(stack)
        assert (asked["service"], asked["mode"]) == ("AWS", "paste")
        assert "cross-device" in asked["url"]
        _, page, _ = browse(asked["url"])
        refused = stack.api("POST", f"/v1/prompts/{asked['id']}", {"shown": "nothing of the kind"})
        assert refused["error"]["code"] == "bad-request"
        shown = re.search(r'id="shown">([^<]+)', page)[1]
        stack.api("POST", f"/v1/prompts/{asked['id']}", {"shown": shown})
    assert not failed(said), said
    assert fetch(stack, "console") == ME


def test_it_is_renewed_for_a_program_without_a_human_until_the_sign_in_ends(tmp_path):
    with Stack(tmp_path, console_login=True, max_token=8) as stack:
        sign_in(stack, "console")
        script = f"import time\nfor _ in range(6):\n    time.sleep(2)\n    exec({IDENTITY!r}, {{}})"
        program = subprocess.run(
            [sys.executable, "-c", script],
            env=stack.environment("console"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert program.stderr == ""
        assert program.stdout.split() == [ME] * 6
        refreshed = [call for call in stack.calls("CreateOAuth2Token") if call["grant"] == "refresh_token"]
        assert len(refreshed) >= 1
        assert {call["status"] for call in refreshed} == {200}


def test_a_restart_keeps_the_sign_in(stack):
    sign_in(stack, "console")
    assert xacctctl(stack, "restart").returncode == 0
    said = wait_until(lambda: stack.api("POST", "/v1/login", {"roles": ["console-chained"], "attend": False}))
    assert said[-1]["failed"] == 0, said
    assert len(stack.calls("Authorize")) == 1


def test_a_sign_in_that_was_ended_takes_a_human_and_says_so(tmp_path):
    with Stack(tmp_path, console_login=True, max_token=3) as stack:
        sign_in(stack, "console")
        sandbox(stack, "/revoke", {})
        done = wait_until(lambda: _fails(stack), what="the end of what is held")
        assert done.returncode == 4
        assert f"A sign-in to AWS ({ME})" in done.stderr or f"needs a sign-in to AWS ({ME})" in done.stderr


def _fails(stack):
    done = xacctctl(stack, "process", "console")
    return done if done.returncode else None


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("invalid-key", "access-denied", "does not let arn:aws:iam::123456789012:user/MyIAMUsername sign in"),
        ("throttling", "throttled", "asks to slow down"),
        ("503", "aws-unavailable", "trouble of its own"),
    ],
)
def test_what_aws_refuses_is_said_in_a_sentence(stack, kind, code, words):
    sandbox(stack, "/consent", {"answer": "allow"})
    with logging_in(stack, "console") as said:
        asked = prompt(stack)
        url = parse_qs(urlsplit(asked["url"]).query)
        status, _, headers = _first_step(asked["url"])
        assert (status, headers["Location"].startswith(url["redirect_uri"][0])) == (303, True)
        stack.fault(kind=kind, service="signin", calls=3)  # what asks to slow down is tried again
        browse(headers["Location"])
    [error] = failed(said)
    assert error["code"] == code
    assert words in error["sentence"]


def _first_step(url):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        urllib.request.build_opener(Stay).open(url, timeout=10)
    except urllib.error.HTTPError as error:
        return error.code, "", error.headers
    raise AssertionError("not sent on")


def test_no_secret_of_a_sign_in_is_in_the_log_or_in_any_file(stack):
    sign_in(stack, "console")
    said = xacctctl(stack, "explain", "console").stdout + xacctctl(stack, "status").stdout + stack.log()
    assert "sign-in" in said
    for written in Path(stack.env["XDG_STATE_HOME"]).rglob("*"):
        if written.is_file():
            said += written.read_bytes().decode("latin-1")
    known = stack.sandbox.inner.console_login.state
    [code], [token] = known.codes._kept, known.refresh._kept
    for secret in (code, token):
        assert secret[:16] not in said
    assert "DPoP" not in said


def test_roles_and_explain_say_what_it_is(stack):
    stack.env["COLUMNS"] = "200"
    lines = xacctctl(stack, "roles").stdout.splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line}
    assert (rows["console"][1], rows["console"][-1], rows["console-chained"][-1]) == (
        "123456789012",
        "sign-in",
        "sign-in",
    )
    said = " ".join(xacctctl(stack, "explain", "console-chained").stdout.split())
    assert f"a sign-in to AWS as {ME}" in said
    assert "12 hours at most" in said
    assert "a second hop carries no MFA" not in said
