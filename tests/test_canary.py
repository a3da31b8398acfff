"""Secrets as canaries: through every path at debug level, none may turn up in a log, an answer or a file.

A wire tap between the daemon and STS says which secrets there were; the net looks for any twelve characters in a
row of any of them, plain, percent-encoded, in hexadecimal and in base64 however aligned.
"""

import base64
import http.client
import json
import re
import signal
import socket
import stat
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote_plus, urlsplit

import pytest
from human import Human
from relay import Relay
from stack import Stack, wait_until
from waiting import PATIENCE

from xacct.sandbox.default_world import EXTERNAL_ID

PIECE = 12
PLANTED = "PlAnTeDsEcReT/+0123456789abcdefghijKLMNO"
"""As long as a secret access key; stands where one was pasted in error."""

WRONG = ("000000", "111111", "222222")
SETTINGS = '[roles.long]\nmfa = "direct"\n'
FAULTS = ("throttling", "500", "503", "reset", "delay", "skew", "invalid-key", "expired-token")


def forms(secret):
    """A secret in every clothing a log might dress it in."""
    raw = secret.encode()
    yield secret
    yield from (quote(secret, safe=""), quote(secret, safe="").lower(), json.dumps(secret)[1:-1])
    yield from (raw.hex(), raw.hex().upper())
    for shift in range(3):
        # What three alignments have in common with the base64 of any text around the secret.
        middle = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[(0, 2, 3)[shift] : -1]
        yield middle
        yield middle.replace("+", "-").replace("/", "_")


class Net:
    """Finds pieces of secrets in texts.

    Args:
        secrets: strings of which no twelve characters may show (or all, if they are shorter).
        codes: six-digit codes, which may show only inside longer runs of digits and letters.
    """

    def __init__(self, secrets, codes=()):
        self._pieces = {
            form[at : at + PIECE]: secret
            for secret in secrets
            for form in forms(secret)
            for at in range(max(1, len(form) - PIECE + 1))
        }
        self._short = {piece for piece in self._pieces if len(piece) < PIECE}
        alternatives = "|".join(form for code in codes for form in (code, base64.b64encode(code.encode()).decode()))
        self._codes = re.compile(rf"(?<![0-9A-Za-z.])(?:{alternatives or '(?!)'})(?![0-9A-Za-z])")

    def catch(self, text):
        """What of `text` is part of a secret."""
        windows = {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}
        caught = windows & self._pieces.keys() | {piece for piece in self._short if piece in text}
        # The microseconds of a time stamp are six digits too.
        return caught | set(self._codes.findall(re.sub(r"\d+\.\d+", "", text)))


@pytest.mark.parametrize(
    "dress",
    [
        str,
        lambda s: s[:12],
        lambda s: s[20:32],
        lambda s: s[-12:],
        lambda s: quote(s, safe=""),
        lambda s: base64.b64encode(s.encode()).decode(),
        lambda s: base64.urlsafe_b64encode(b"x" + s.encode() + b"y").decode(),
        lambda s: base64.b64encode(b"ab" + s.encode() + b"cd").decode()[:30],
        lambda s: s.encode().hex()[4:30],
        lambda s: json.dumps({"key": s}),
        lambda s: repr(s.encode()),
    ],
)
def test_the_net_catches(dress):
    net = Net([PLANTED, EXTERNAL_ID], ["123456"])
    assert net.catch(f'timestamp=2026-11-22T10:00:00.123456Z event="{dress(PLANTED)}"')
    assert net.catch(f"external id {EXTERNAL_ID}!")
    assert net.catch("code=123456")
    assert net.catch('{"code":"MTIzNDU2"}')
    assert not net.catch('timestamp=2026-11-22T10:00:00.123456Z {"now": 1764123456.123456} PlAnTeD vendor-7Q')


class Recorded(Stack):
    """A stack that keeps what its control API and its endpoint have answered."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.answers = []
        self.granted = []
        self.codes = list(WRONG)

    def api(self, method, path, body=None, timeout=PATIENCE):
        answer = super().api(method, path, body, timeout)
        kept = answer
        if path == "/v1/credentials":
            kept = [{k: v for k, v in event.items() if k not in PERMITTED} for event in answer]
        elif (method, path) == ("POST", "/v1/grants") and "token" in answer:
            self.granted.append(answer["token"])
            kept = {k: v for k, v in answer.items() if k != "token"}
        self.answers.append((f"{method} {path}", json.dumps(kept)))
        return answer

    def code(self):
        self.codes.append(super().code())
        return self.codes[-1]

    def endpoint(self, head):
        """What the endpoint answers to these bytes; a success is nobody's leak."""
        with closing(socket.create_connection(("127.0.0.1", self.port), 10)) as connection:
            connection.sendall(head)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            text = answer.read().decode()
            answer.close()
        if '"Success"' not in text:
            self.answers.append((head.decode().split("\r\n")[0], str(answer.headers) + text))
        return text

    def fetch(self, grant, role):
        path = urlsplit(grant["urls"][role]).path
        return self.endpoint(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: {grant['token']}\r\nConnection: close\r\n\r\n".encode()
        )


PERMITTED = ("access_key_id", "secret_access_key", "session_token")


def try_profiles(stack):
    """Credential processes that say too much, and an external id that AWS does not take."""
    helper = stack.dir / "helper"
    helper.write_text(f'#!/bin/sh\necho \'{{"SecretAccessKey": "{PLANTED}"}}\'\necho {PLANTED} >&2\nexit $1\n')
    helper.chmod(0o700)
    with Path(stack.env["AWS_CONFIG_FILE"]).open("a") as file:
        file.writelines(f"[profile talkative{status}]\ncredential_process = {helper} {status}\n" for status in (0, 1))
        file.write(
            f"[profile mistaken]\nrole_arn = {stack.status('thirdparty')['role_arn']}\n"
            f"source_profile = central\nexternal_id = {PLANTED}\n"
        )
    for role, code in (("talkative0", "source"), ("talkative1", "source"), ("mistaken", "access-denied")):
        failed, _ = stack.api("POST", "/v1/login", {"roles": [role], "attend": False})
        assert failed["error"]["code"] == code


def try_codes(stack, used):
    """A used code, a wrong one, one too short, and too many of them."""
    for code in (used, WRONG[0], "12345"):
        stack.api("POST", "/v1/login", {"roles": ["long"], "attend": False, "code": code})
    wrong = iter(WRONG * 2)
    with Human(stack, lambda _: next(wrong)) as human:
        stack.api("POST", "/v1/credentials", {"role": "long", "lifetime": 7200, "attend": False})
        stack.fetch(stack.grant("long"), "long")
        stack.answers.append(("GET /v1/events", json.dumps(human.heard)))
    assert human.asked


def try_faults(stack):
    for number, kind in enumerate(FAULTS, 1):
        role = f"fleet-{number:02d}"
        stack.fault(kind=kind, calls=3 if kind == "503" else 1, delay=0.1, skew=4000)
        stack.fetch(stack.grant(role), role)
        stack.clear_faults()


def try_configurations(stack):
    """Files with a key where none belongs."""
    places = {
        stack.settings_file: (
            f'[daemon]\naws_secret_access_key = "{PLANTED}"\n',
            f"[daemon]\nsecret = {PLANTED}\n",
            f"[daemon]\n{PLANTED}\n",
            f'[daemon]\nport = "{PLANTED}"\n',
            f'[roles.prod]\nexternal_id = ["{PLANTED}"]\n',
        ),
        Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"]): (
            f"[central]\naws_secret_access_key {PLANTED}\n",
            f"[central\naws_secret_access_key = {PLANTED}\n",
            f"{PLANTED}\n",
        ),
        Path(stack.env["AWS_CONFIG_FILE"]): (
            f"[profile prod]\nexternal_id {PLANTED}\n",
            f"[profile x]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = central\nduration_seconds = {PLANTED}\n",
        ),
    }
    for file, texts in places.items():
        good = file.read_text()
        for text in texts:
            file.write_text(good + text if file.name == "config" else text)
            assert stack.api("POST", "/v1/reload")["problems"], text
            look(stack)
        file.write_text(good)
    assert stack.api("POST", "/v1/reload")["problems"] == []


def try_garbage(stack):
    """Requests with a secret where none belongs."""
    token = stack.grant("prod")["token"]
    host = f"Host: 127.0.0.1:{stack.port}\r\n"
    for head in (
        f"GET /v1/credentials/prod?token={token} HTTP/1.1\r\n{host}",
        f"GET /v1/credentials/{token} HTTP/1.1\r\n{host}Authorization: {token}\r\n",
        f"GET /v1/credentials/prod HTTP/1.1\r\n{host}Authorization: {token}\r\nAuthorization: {token}\r\n",
        f"GET /v1/credentials/prod HTTP/1.1\r\n{host}Authorization: {token}\r\nOrigin: http://{token}\r\n",
        f"GET /v1/credentials/prod HTTP/1.1\r\n{host}Authorization {token}\r\n",
        f"POST /v1/credentials/prod HTTP/1.1\r\n{host}Authorization: {token}\r\n",
        f"GET /v1/credentials/prod HTTP/1.1\r\n{host}Authorization: {token}x\r\n",
    ):
        stack.endpoint((head + "\r\n").encode())
    stack.api("POST", "/v1/login", {"roles": ["prod"], "code": 123456})
    stack.api("POST", "/v1/login", {"roles": "prod", "code": WRONG[0]})
    stack.api("POST", "/v1/prompts/1", {"code": WRONG[0]})
    stack.api("POST", "/v1/prompts/1", PLANTED)
    stack.api("DELETE", f"/v1/grants/{token}")


def look(stack):
    """Everything that can be looked at."""
    for path in ("/v1/version", "/v1/status", "/v1/roles", "/v1/grants", "/v1/prompts"):
        stack.api("GET", path)
    for role in ("prod", "thirdparty", "noexternalid", "mistaken", "long", "second"):
        stack.api("GET", f"/v1/roles/{role}/explain")


def a_day(stack):
    """Everything that happens to a daemon."""
    stack.login("prod", "staging", "thirdparty", "central", "second")
    used = stack.codes[-1]
    for role in ("prod", "central"):
        stack.api("POST", "/v1/credentials", {"role": role, "attend": False})
    grant = stack.grant("prod", "thirdparty")
    stack.fetch(grant, "prod")
    stack.api("POST", "/v1/login", {"roles": ["noexternalid"], "attend": False})
    stack.fetch(stack.grant("noexternalid"), "noexternalid")
    look(stack)
    try_profiles(stack)
    try_codes(stack, used)
    try_configurations(stack)
    try_garbage(stack)
    thirdparty = stack.status("thirdparty")["role_arn"]
    wait_until(lambda: [c["role_arn"] for c in stack.calls("AssumeRole")].count(thirdparty) > 1, what="a renewal")
    try_faults(stack)  # one of which ends the MFA session
    stack.daemon.send_signal(signal.SIGHUP)
    stack.kill()
    stack.start()
    stack.fetch(grant, "prod")
    stack.api("DELETE", f"/v1/grants/{grant['id']}")
    look(stack)
    stack.api("POST", "/v1/logout", {"all": True})


def secrets_of(stack, tap):
    """Every secret there was: on disk, over the wire to STS and back, and handed out by the daemon."""
    identity = json.loads((stack.dir / "identity.json").read_text())
    sent = b"\n".join(tap.sent).decode()
    answered = b"\n".join(tap.answered).decode()
    secrets = {PLANTED, EXTERNAL_ID, identity["secret"], identity["seed"], *stack.granted}
    secrets |= set(re.findall(r"(?i)^x-amz-security-token: *(\S+)\r$", sent, re.MULTILINE))
    secrets |= {unquote_plus(found) for found in re.findall(r"ExternalId=([^&\s]+)", sent)}
    for element in ("SecretAccessKey", "SessionToken"):
        found = re.findall(f"<{element}>([^<]+)</{element}>", answered)
        assert len(found) > 10
        secrets |= set(found)
    codes = set(re.findall(r"TokenCode=(\d{6})", sent))
    assert codes - set(WRONG)
    return secrets, codes | set(stack.codes)


def texts_of(stack):
    """Everything that must be clean: name and text."""
    yield "daemon.log", stack.log()
    for name, answer in stack.answers:  # explain is there to show the external id, which is no secret to AWS
        yield name, answer.replace(EXTERNAL_ID, "") if name.endswith("/explain") else answer
    tokens = Path(stack.env["XDG_RUNTIME_DIR"]) / "xacct" / "grants"
    for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        for file in Path(stack.env[variable]).rglob("*"):
            yield "a file's name", str(file)
            if file.is_file() and file.parent != tokens and file != stack.settings_file:
                yield str(file), file.read_bytes().decode("latin-1")


def test_no_secret_shows_anywhere(tmp_path):
    with Recorded(tmp_path / "s", settings=SETTINGS, daemon=False, max_lifetime=6) as stack:
        sts = urlsplit(stack.env["AWS_ENDPOINT_URL_STS"])
        with Relay(sts.port, host=False) as tap:
            around = {"AWS_ENDPOINT_URL_STS": tap.instead_of(sts.geturl()), "PYTHONASYNCIODEBUG": "1"}
            direct, stack.env = stack.env, stack.env | around
            stack.start()
            stack.env = direct | {"PYTHONASYNCIODEBUG": "1"}  # the test's own requests don't pass the tap
            a_day(stack)
            tokens = list((Path(stack.env["XDG_RUNTIME_DIR"]) / "xacct" / "grants").iterdir())
            assert {stat.S_IMODE(file.stat().st_mode) for file in tokens} == {0o600}
            stack.stop()
        net = Net(*secrets_of(stack, tap))
        assert "level=debug" in stack.log()
        caught = {name: caught for name, text in texts_of(stack) if (caught := net.catch(text))}
        assert caught == {}
