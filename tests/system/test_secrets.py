"""Where secrets are looked for: the daemon's memory after a logout, its log at debug level, and the disk."""

import importlib.util
import json
import os
import platform
import re
import socket
from pathlib import Path

import pytest
from stack import Stack

from xacct.sandbox.faults import KINDS

pytestmark = pytest.mark.system

SCANNER = Path(__file__).parents[2] / "scripts" / "scan_memory.py"

WIPING = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.perturb=165",
}
"""The environment docs/THREATS.md names for whoever wants freed memory overwritten."""


@pytest.fixture
def a_day():
    if os.geteuid() != 0:
        pytest.skip("only root may read the memory of an undumpable process")
    spec = importlib.util.spec_from_file_location("scan_memory", SCANNER)
    scanner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scanner)
    return scanner.a_day


def test_few_copies_are_left_after_logging_out(a_day):
    """Freed memory isn't overwritten: docs/THREATS.md has the figures. This guards them against growing."""
    counts = a_day()
    assert all(count > 0 for name, count in counts["held"].items() if name != "long-term secret"), "nothing was found"
    for when in ("locked", "later"):
        assert all(count <= 12 for count in counts[when].values()), counts
    assert counts["locked"]["secret key"] > 0, "a lock keeps what is held"


def test_overwriting_freed_memory_leaves_next_to_none(a_day, monkeypatch):
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("these are glibc's tunables")
    for name, value in WIPING.items():
        monkeypatch.setenv(name, value)
    counts = a_day()
    assert counts["locked"]["secret key"] <= 2, "what is held, and one freed block"
    assert all(count <= 3 for count in counts["later"].values()), counts


def test_no_secret_reaches_the_log_or_the_disk(tmp_path):
    """Everything a day brings, at debug level: the secrets of each step are canaries."""
    with Stack(tmp_path / "s") as stack:
        codes = ["000000", stack.code()]
        stack.login("prod", code=codes[0], expect_failed=1)
        stack.login("prod", "staging", code=codes[1])
        grant = stack.grant("prod")
        secrets = {grant["token"]}
        events = stack.api("POST", "/v1/credentials", {"role": "prod", "attend": False})
        held = next(event for event in events if event["event"] == "credentials")
        secrets |= {value for key, value in held.items() if re.search("secret|token", key, re.IGNORECASE)}
        assert len(secrets) == 3, held.keys()
        for raw in broken_requests(codes[1], grant["token"]):
            talk(stack, raw)
        for kind in KINDS:
            stack.fault(kind=kind, calls=1)
            stack.api("POST", "/v1/logout", {"roles": ["prod"]})
            stack.api("POST", "/v1/login", {"roles": ["prod"], "attend": False, "code": "12345"})
            stack.clear_faults()
        stack.api("POST", "/v1/logout", {"all": True})
        stack.stop()
        secrets |= set(
            re.findall(r"aws_secret_access_key\s*=\s*(\S+)", Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"]).read_text())
        )
        log = stack.log()
        state = "".join(p.read_text() for p in (Path(stack.env["XDG_STATE_HOME"]) / "xacct").rglob("*") if p.is_file())
    for expected in ("granted", "why=host", "not renewed", "aiohttp.server"):
        assert expected in log, "it did not come to what was to be looked at"
    for secret in secrets:
        assert secret not in log
        assert secret not in state
    for code in codes:
        assert not re.search(rf"\b{code}\b", log)
        assert not re.search(rf"\b{code}\b", state)


def broken_requests(code, token):
    """To the control socket (None) or the endpoint: what a parser may quote when it gives up."""
    body = json.dumps({"roles": ["prod"], "code": code}).encode()
    length = b"Content-Length: %d\r\n" % len(body)
    yield None, b"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n" + body + b"\r\n\r\n"
    yield None, b"POST /v1/login HTTP/1.1\r\nHost: x\r\n" + length + b"X: " + code.encode() + b"\rx\r\n\r\n" + body
    yield None, b"POST /v1/" + code.encode() + b" HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n" + body + b"}"
    yield (
        None,
        b"POST /v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + code.encode() + b"z\r\n" + body,
    )
    yield "endpoint", b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: " + token.encode() + b"\r\n\r\n"
    yield "endpoint", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + token.encode() + b"\x00\r\n\r\n"
    yield "endpoint", b"GET /" + token.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def talk(stack, request):
    where, raw = request
    family, address = (
        (socket.AF_UNIX, str(stack.socket)) if where is None else (socket.AF_INET, ("127.0.0.1", stack.port))
    )
    with socket.socket(family) as client:
        client.settimeout(2)
        client.connect(address)
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        try:
            while client.recv(65536):
                pass
        except (TimeoutError, ConnectionError):
            pass
