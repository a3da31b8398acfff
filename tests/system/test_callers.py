"""A real daemon tells who calls: another user gets nothing, and the audit says who had what, and no secret."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from stack import Stack, wait_until

from xacct.endpoint import answers

pytestmark = [pytest.mark.system, pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become another user")]

ASK = """
import os, socket, sys
if sys.argv[1] == "other": os.setgroups([]); os.setgid(65534); os.setuid(65534)
client = socket.socket()
client.connect(("127.0.0.1", int(sys.argv[2])))
client.sendall(sys.argv[3].encode())
os.write(1, client.recv(65536))
os.read(0, 1)
"""


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path) as stack:
        yield stack


def ask(stack, as_whom, grant):
    """What a process of that user is told for a valid token, and its pid; it hangs up afterwards."""
    head = (
        f"GET /v1/credentials/prod HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nAuthorization: {grant['token']}\r\n\r\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", ASK, as_whom, str(stack.port), head], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        said = os.read(child.stdout.fileno(), 65536)
        if as_whom == "us":
            wait_until(lambda: any(line["pid"] == child.pid for line in audit(stack)), what="its line in the audit")
        child.stdin.close()
    return said


def audit(stack):
    return stack.api("GET", "/v1/audit")


def test_another_user_is_refused_and_ours_is_named(stack):
    stack.login("prod")
    grant = stack.grant("prod")
    assert ask(stack, "other", grant) == answers.NO_GRANT
    served = ask(stack, "us", grant)
    assert b"SecretAccessKey" in served
    stack.api("DELETE", f"/v1/grants/{grant['id']}")
    [_, done] = stack.api("POST", "/v1/credentials", {"role": "prod", "attend": False})
    assert done["failed"] == 0
    lines = [line for line in audit(stack) if line["event"] != "renewed"]
    told = [(line["event"], line["what"], line["uid"]) for line in lines]
    refused = ("refused", "another user", 65534)
    assert told.count(refused) == 1
    told.remove(refused)  # it is in a file of its own: where it stands among the others depends on when each is written
    assert told == [
        ("login", "held", 0),
        ("grant-created", "prod", 0),
        ("fetch", "served", 0),
        ("grant-revoked", "prod", 0),
        ("fetch", "served", 0),
    ]
    exe = os.path.realpath(sys.executable)
    assert [line["exe"] for line in lines if line["event"] != "refused" and line["uid"] == 0] == [exe] * 5

    [file] = Path(stack.env["XDG_STATE_HOME"]).rglob("audit.jsonl*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    held = json.loads(served.partition(b"\r\n\r\n")[2])
    written = file.read_text() + stack.log()
    for secret in (grant["token"], held["SecretAccessKey"], held["Token"]):
        assert secret not in written


def test_an_audit_that_is_switched_off_is_no_file(tmp_path):
    with Stack(tmp_path, settings="[audit]\nenabled = false\n") as stack:
        stack.login("prod")
        assert stack.api("GET", "/v1/audit")["error"]["code"] == "bad-request"
        stack.stop()
        assert not list(Path(stack.env["XDG_STATE_HOME"]).rglob("audit*"))
