"""IAM Identity Center from end to end: real daemon, real command line, boto3, and the sandbox that enforces."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from stack import Stack
from waiting import wait_until

IDENTITY = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path, identity_center=True) as stack:
        yield stack


def sandbox(stack, path="", body=None):
    """The control of the sandbox's Identity Center."""
    url = stack.env["AWS_ENDPOINT_URL_STS"] + "/_sandbox/identity-center" + path
    with urllib.request.urlopen(url, None if body is None else json.dumps(body).encode(), timeout=10) as answer:
        return json.load(answer)


def attending(stack):
    """A terminal's event stream, which answers for everything; until it is closed."""
    script = "import sys; from xacct.ctl.main import main; sys.exit(main())"
    command = [sys.executable, "-c", f"import pty; pty.spawn([{sys.executable!r}, '-c', {script!r}, 'attend'])"]
    return subprocess.Popen(command, env=stack.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def fetch(stack, role):
    """What boto3 is, as a program that got the endpoint from xacctctl."""
    command = [sys.executable, "-c", IDENTITY]
    env = stack.environment(role)
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def signed_in_with_command_line(stack, token, seconds=3600):
    """The file that `aws sso login` would leave."""
    cache = Path(stack.env["HOME"], ".aws", "sso", "cache")
    cache.mkdir(parents=True, exist_ok=True)
    end = datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"startUrl": "https://d-1234567890.awsapps.com/start", "region": "eu-central-1"}
    kept = json.dumps({**said, "accessToken": token, "expiresAt": end})
    (cache / f"{sha1(b'example').hexdigest()}.json").write_text(kept)


def prompt(stack):
    """The sign-in that is open."""
    [found] = wait_until(lambda: [p for p in stack.status()["prompts"] if p["kind"] == "sign-in"], what="a prompt")
    return found


def test_a_held_request_waits_for_the_sign_in_and_the_role_is_the_one_asked_for(stack):
    attend = attending(stack)
    try:
        assert "Attending" in attend.stdout.readline()
        program = fetch(stack, "sso-staging")
        asked = prompt(stack)
        assert program.poll() is None, "it waits"
        assert stack.status("sso-staging")["state"] == "waiting"
        sandbox(stack, "/answer", {"user_code": asked["user_code"]})
        out, _ = program.communicate(timeout=60)
    finally:
        attend.terminate()
        attend.wait()
        attend.stdout.close()
    assert re.fullmatch(
        r"arn:aws:sts::345678901234:assumed-role/AWSReservedSSO_Developer_\w+/me@example.com", out.strip()
    )


def test_one_sign_in_for_all_roles_and_for_those_that_hang_from_them(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    said = stack.api("POST", "/v1/login", {"roles": ["sso-central", "sso-prod", "sso-staging", "sso-chained"]})
    assert said[-1] == {"event": "done", "failed": 0}, said
    assert len(stack.calls("StartDeviceAuthorization")) == 1
    arn, _ = fetch(stack, "sso-chained").communicate(timeout=60)
    assert arn.startswith("arn:aws:sts::234567890123:assumed-role/open-role/")
    arn, _ = fetch(stack, "sso-prod").communicate(timeout=60)
    assert "AWSReservedSSO_ReadOnlyAccess" in arn


def test_a_role_that_is_not_assigned_is_refused_with_a_sentence(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    said = stack.api("POST", "/v1/login", {"roles": ["sso-forbidden", "sso-prod"]})
    [failed] = [event for event in said if event["event"] == "failed"]
    assert failed["error"]["code"] == "access-denied"
    assert "does not give you sso-forbidden" in failed["error"]["sentence"]
    assert "held" in {event["event"] for event in said}


def test_a_no_in_the_browser_ends_it(stack):
    sandbox(stack, "/consent", {"answer": "deny"})
    said = stack.api("POST", "/v1/login", {"roles": ["sso-staging"]})
    [failed] = [event for event in said if event["event"] == "failed"]
    assert failed["error"]["sentence"] == "The sign-in to example was declined in the browser."


def test_what_the_command_line_has_signed_in_to_is_used_and_one_that_was_revoked_is_said(stack):
    token = sign_in_by_hand(stack)
    signed_in_with_command_line(stack, token)
    done = stack.xacctctl("login", "sso-staging")
    assert done.returncode == 0, done.stderr
    devices = len(stack.calls("StartDeviceAuthorization"))
    assert devices == 1, "the one by hand"
    sandbox(stack, "/revoke", {})
    done = stack.xacctctl("login", "sso-prod")
    assert done.returncode == 4
    assert "sign-in to IAM Identity Center (example)" in done.stderr


def sign_in_by_hand(stack):
    """An access token, by botocore's own client."""
    client = botocore.session.Session().create_client(
        "sso-oidc", region_name="eu-central-1", endpoint_url=stack.env["AWS_ENDPOINT_URL_STS"]
    )
    sandbox(stack, "/consent", {"answer": "allow"})
    us = client.register_client(clientName="a test", clientType="public", scopes=["sso:account:access"])
    who = {"clientId": us["clientId"], "clientSecret": us["clientSecret"]}
    code = client.start_device_authorization(**who, startUrl="https://d-1234567890.awsapps.com/start")
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    token = client.create_token(**who, grantType=grant, deviceCode=code["deviceCode"])["accessToken"]
    sandbox(stack, "/consent", {"answer": "ask"})
    return token


class Browser:
    """A login that says it has a browser, in a thread, and the browser: what it is sent to, it follows."""

    def __init__(self, stack, *roles, **more):
        self._stack = stack
        self.said = None
        body = {"roles": list(roles), "browser": True, **more}
        self._thread = threading.Thread(target=lambda: self._log_in(body))

    def _log_in(self, body):
        self.said = self._stack.api("POST", "/v1/login", body)

    def __enter__(self):
        self._thread.start()
        self.url = prompt(self._stack)["url"]
        self.port = int(parse_qs(urlsplit(self.url).query)["redirect_uri"][0].rpartition(":")[2].partition("/")[0])
        return self

    def __exit__(self, *_):
        self._thread.join(60)
        assert self.said is not None

    def follow(self):
        """What the page says that the browser ends up at."""
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            return answer.read().decode()


def test_a_browser_that_comes_back_signs_in(stack):
    with Browser(stack, "sso-staging") as browser:
        sandbox(stack, "/consent", {"answer": "allow"})
        assert "You can close this page" in browser.follow()
    assert browser.said[-1] == {"event": "done", "failed": 0}, browser.said
    assert [call["grant"] for call in stack.calls("CreateToken")] == ["authorization_code"]
    assert stack.calls("StartDeviceAuthorization") == []
    arn, _ = fetch(stack, "sso-staging").communicate(timeout=60)
    assert "AWSReservedSSO_Developer" in arn
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", browser.port), timeout=10)


def test_a_no_in_a_browser_that_comes_back_ends_it(stack):
    with Browser(stack, "sso-staging") as browser:
        sandbox(stack, "/consent", {"answer": "deny"})
        assert "not allowed" in browser.follow()
    [failed] = [event for event in browser.said if event["event"] == "failed"]
    assert failed["error"]["sentence"] == "The sign-in to example was declined in the browser."


def test_a_login_at_a_desktop_opens_the_browser_and_needs_no_code(stack, tmp_path):
    sandbox(stack, "/consent", {"answer": "allow"})
    browser = tmp_path / "browser"
    follow = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=10).read()"
    browser.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{follow}" "$1"\n')
    browser.chmod(0o755)
    # What runs tests may be a container itself, or reached by SSH.
    script = "import sys; from xacct.ctl import browser as b; b._CONTAINER = b._ELSEWHERE = (); "
    script += "from xacct.ctl.main import main; sys.exit(main())"
    words = [sys.executable, "-c", script, "login", "sso-staging"]
    env = {**stack.env, "DISPLAY": ":0", "BROWSER": str(browser)}
    done = subprocess.run(
        [sys.executable, "-c", f"import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn({words!r})))"],
        env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A browser on this machine opens this:" in done.stdout
    assert "xacctctl login sso-staging --device-code" in done.stdout
    assert [call["grant"] for call in stack.calls("CreateToken")] == ["authorization_code"]


def test_profiles_without_a_session_sign_in_by_a_code_in_spite_of_a_browser(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    log_in(stack, "sso-legacy", browser=True)
    assert len(stack.calls("StartDeviceAuthorization")) == 1


def test_another_login_by_a_code_takes_the_place_of_a_browser_that_is_waited_for(stack):
    with Browser(stack, "sso-staging") as browser:
        sandbox(stack, "/consent", {"answer": "allow"})
        log_in(stack, "sso-prod", browser=False)
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", browser.port), timeout=10)
    assert browser.said[-1] == {"event": "done", "failed": 0}, browser.said
    assert [call["error"] for call in stack.calls("StartDeviceAuthorization")] == [None]


def test_a_sign_in_by_redirect_is_renewed_and_kept_over_a_restart(tmp_path):
    with Stack(tmp_path, identity_center=True, max_token=2) as stack:
        with Browser(stack, "sso-staging") as browser:
            sandbox(stack, "/consent", {"answer": "allow"})
            browser.follow()
        sandbox(stack, "/consent", {"answer": "deny"})
        assert stack.xacctctl("restart").returncode == 0
        try:
            time.sleep(2.1)
            log_in(stack, "sso-central", attend=False)
        finally:
            assert stack.xacctctl("stop").returncode == 0  # the successor, which is no child of ours
        _, *later = [call["grant"] for call in stack.calls("CreateToken")]
        assert set(later) == {"refresh_token"}  # once, but for what a slow restart makes due meanwhile


def test_no_secret_of_a_sign_in_by_redirect_is_in_the_log(stack):
    with Browser(stack, "sso-staging") as browser:
        sandbox(stack, "/consent", {"answer": "allow"})
        known = stack.sandbox.inner.identity_center.state
        browser.follow()
    said = stack.log()
    secrets = [*known.access._kept, *known.refresh._kept, *known.codes._kept, *(c.secret for c in known.clients)]
    secrets += parse_qs(urlsplit(browser.url).query)["state"]
    assert len(secrets) == 5
    for secret in secrets:
        assert secret[:16] not in said
    assert "sso-staging" in said


def cache_of(stack):
    return Path(stack.env["HOME"], ".aws", "sso", "cache", f"{sha1(b'example').hexdigest()}.json")


def renewable_by_hand(stack):
    """What `aws sso login` would leave, with what renews it; its access token ends in a moment."""
    client = botocore.session.Session().create_client(
        "sso-oidc", region_name="eu-central-1", endpoint_url=stack.env["AWS_ENDPOINT_URL_STS"]
    )
    sandbox(stack, "/consent", {"answer": "allow"})
    us = client.register_client(clientName="a test", clientType="public", scopes=["sso:account:access"])
    who = {"clientId": us["clientId"], "clientSecret": us["clientSecret"]}
    code = client.start_device_authorization(**who, startUrl="https://d-1234567890.awsapps.com/start")
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    tokens = client.create_token(**who, grantType=grant, deviceCode=code["deviceCode"])
    sandbox(stack, "/consent", {"answer": "ask"})
    signed_in_with_command_line(stack, tokens["accessToken"], seconds=70)
    kept = json.loads(cache_of(stack).read_text())
    ends = datetime.fromtimestamp(us["clientSecretExpiresAt"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    more = {**who, "registrationExpiresAt": ends, "refreshToken": tokens["refreshToken"]}
    cache_of(stack).write_text(json.dumps(kept | more))


def test_nothing_is_written_for_the_command_line_nor_its_refresh_token_used(stack):
    renewable_by_hand(stack)
    before = cache_of(stack).read_bytes()
    log_in(stack, "sso-staging", attend=False)
    assert stack.xacctctl("logout", "--all").returncode == 0
    cache_of(stack).unlink()
    sandbox(stack, "/consent", {"answer": "allow"})
    log_in(stack, "sso-staging")
    assert not cache_of(stack).exists()
    assert "refreshToken" in json.loads(before)
    assert [call["grant"] for call in stack.calls("CreateToken") if call["grant"] == "refresh_token"] == []


def test_a_shared_sign_in_is_renewed_from_where_the_command_line_left_it(tmp_path):
    with Stack(tmp_path, identity_center=True, settings="[identity_center]\nshare_cache = true\n") as stack:
        renewable_by_hand(stack)
        before = json.loads(cache_of(stack).read_text())
        log_in(stack, "sso-staging", attend=False)
        after = json.loads(cache_of(stack).read_text())
        assert [call["grant"] for call in stack.calls("CreateToken")][1:] == ["refresh_token"]
        assert after.keys() == before.keys()
        assert after["refreshToken"] != before["refreshToken"]
        assert after["accessToken"] not in stack.log()
        assert stack.status()["notes"] == []
        cache_of(stack).unlink()
        cache_of(stack).mkdir()
        assert stack.xacctctl("logout", "--all").returncode == 0
        sandbox(stack, "/consent", {"answer": "allow"})
        log_in(stack, "sso-staging")
        [note] = stack.status()["notes"]
        assert "The sign-in to example can't be written for the AWS CLI" in note


def test_a_restart_keeps_the_sign_in(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    assert stack.api("POST", "/v1/login", {"roles": ["sso-staging"]})[-1]["failed"] == 0
    sandbox(stack, "/consent", {"answer": "deny"})
    assert stack.xacctctl("restart").returncode == 0
    said = wait_until(lambda: stack.api("POST", "/v1/login", {"roles": ["sso-central"], "attend": False}))
    assert said[-1]["failed"] == 0, said
    assert len(stack.calls("StartDeviceAuthorization")) == 1


def test_no_secret_of_a_sign_in_is_in_the_log_or_in_any_file(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    stack.api("POST", "/v1/login", {"roles": ["sso-staging"]})
    said = stack.xacctctl("explain", "sso-staging").stdout + stack.xacctctl("status").stdout + stack.log()
    shown = sandbox(stack)
    assert "example" in said
    assert shown["sign_ins"]
    for written in Path(stack.env["XDG_STATE_HOME"]).rglob("*"):
        if written.is_file():
            said += written.read_bytes().decode("latin-1")
    known = stack.sandbox.inner.identity_center.state
    secrets = [
        *known.access._kept,
        *known.refresh._kept,
        *known.devices._kept,
        *(each.secret for each in known.clients),
    ]
    assert len(secrets) >= 4
    for secret in secrets:
        assert secret[:16] not in said


def log_in(stack, *roles, failed=0, **more):
    """The events of a login, at the end of which so many roles are not held."""
    said = stack.api("POST", "/v1/login", {"roles": list(roles), **more})
    assert said[-1] == {"event": "done", "failed": failed}, said
    return said


def test_credentials_token_and_all_are_renewed_for_a_program_without_another_sign_in(tmp_path):
    with Stack(tmp_path, identity_center=True, max_lifetime=8, max_token=10) as stack:
        sandbox(stack, "/consent", {"answer": "allow"})
        log_in(stack, "sso-staging")
        sandbox(stack, "/consent", {"answer": "deny"})
        script = f"import time\nfor _ in range(7):\n    time.sleep(2)\n    exec({IDENTITY!r}, {{}})"
        program = subprocess.run(
            [sys.executable, "-c", script],
            env=stack.environment("sso-staging"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert program.stderr == ""
        assert len(program.stdout.splitlines()) == 7
        refreshed = [call for call in stack.calls("CreateToken") if call["grant"] == "refresh_token"]
        assert len(refreshed) >= 1
        assert {call["status"] for call in refreshed} == {200}


def test_a_portal_that_throttles_is_waited_for(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    log_in(stack, "sso-staging")
    stack.fault(kind="throttling", service="sso", calls=2)
    log_in(stack, "sso-prod")
    asked = [call["status"] for call in stack.calls("GetRoleCredentials")]
    assert asked == [200, 429, 429, 200]


def test_a_registration_that_is_over_is_made_anew(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    log_in(stack, "sso-staging")
    assert stack.xacctctl("logout", "--all").returncode == 0
    stack.fault(kind="invalid-key", service="sso-oidc", calls=1)
    log_in(stack, "sso-staging")
    assert len(stack.calls("RegisterClient")) == 2


def test_what_was_held_is_served_on_though_the_sign_in_was_ended(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    log_in(stack, "sso-staging")
    sandbox(stack, "/revoke", {})
    arn, _ = fetch(stack, "sso-staging").communicate(timeout=60)
    assert "AWSReservedSSO_Developer" in arn
    said = log_in(stack, "sso-prod", failed=1, attend=False)
    [failed] = [event for event in said if event["event"] == "failed"]
    assert failed["error"]["category"] == "human"


def test_roles_are_listed_with_what_they_are(stack):
    stack.env["COLUMNS"] = "200"
    lines = stack.xacctctl("roles").stdout.splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line}
    assert rows["sso-prod"][1:3] == ["234567890123", "ReadOnlyAccess"]
    assert (rows["sso-prod"][-1], rows["sso-chained"][-1], rows["prod"][-1]) == ("sign-in", "sign-in", "yes")


def test_explain_says_how_and_whom_it_asks(stack):
    done = stack.xacctctl("explain", "sso-chained")
    assert done.returncode == 0, done.stderr
    assert "the sign-in to IAM Identity Center (example)" in done.stdout
    assert "get Developer in 123456789012 from the access portal" in done.stdout
