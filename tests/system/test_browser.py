"""A hostile web page in a real browser, which even knows a valid token: it gets nothing.

What a page may not read, the browser itself keeps from it; what it may not fetch, the endpoint refuses. Both are
looked at: what the page could read, and whether the endpoint ever looked at the token.
"""

import http.client
import json
import os
import shutil
import signal
import socketserver
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack import Stack, wait_until

from xacct.endpoint import answers

pytestmark = pytest.mark.system

CHROMIUM = shutil.which("chromium")
PAGE = Path(__file__).with_name("hostile.html")
HARMLESS = "a harmless text"
NO_GRANT = answers.NO_GRANT.partition(b"\r\n\r\n")[2].decode()


class Site(socketserver.ThreadingTCPServer):
    """The attacker's web server: the page, a text to read, and a place to report to.

    After /rebind it hands every connection on to the endpoint, byte for byte: for a browser and for the endpoint
    that is what a name bound anew is.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address):
        super().__init__(address, Visit)
        self.where = {}
        self.report = None
        self.hand_on_to = None
        self.rebound = False
        self.handed_back = []


class Visit(socketserver.StreamRequestHandler):
    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.rfile.read(1)
            if not byte:
                return
            head += byte
        self.wfile.write(self.hand_on(head) if self.server.rebound else self.answer(head))

    def answer(self, head):
        method, target, _ = head.split(b" ", 2)
        text = HARMLESS
        if target == b"/":
            text = PAGE.read_text().replace("WHERE;", json.dumps(self.server.where) + ";")
        elif target == b"/rebind":
            self.server.rebound = True
        elif target == b"/report" and method == b"POST":
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            self.server.report = json.loads(self.rfile.read(length))
        body = text.encode()
        kind = b"text/html; charset=utf-8" if target == b"/" else b"text/plain"
        return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
            kind,
            len(body),
            body,
        )

    def hand_on(self, head):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.hand_on_to, timeout=5)
        connection.connect()
        with connection.sock as endpoint:
            endpoint.sendall(head)
            said = b""
            while piece := endpoint.recv(65536):
                said += piece
        self.server.handed_back.append((head, said))
        return said


@contextmanager
def site(host, port=0):
    with Site((host, port)) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def browser(profile, url, resolver):
    """Chromium on a page, with a profile of its own and no way to the rest of the world."""
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--no-proxy-server",
        "--host-resolver-rules=" + ", ".join([*resolver, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE localhost"]),
    ]  # fmt: skip
    with (profile.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen(
            [CHROMIUM, *options, f"--user-data-dir={profile}", url],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the session it leads, and nobody else's
            process.wait()


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with Stack(tmp_path_factory.mktemp("browser")) as stack:
        stack.login("prod")
        yield stack


@pytest.fixture
def grant(stack):
    return stack.grant("prod")


def visit(stack, grant, tmp_path, host, *, rebinding=False):
    """What the page saw, and the site that served it."""
    where = {"credentials": grant["urls"]["prod"], "token": grant["token"]}
    served_at = ("127.0.0.2", stack.port) if rebinding else ("127.0.0.1", 0)
    with site("127.0.0.1") as reports, site(*served_at) as server:
        origin = f"http://{host}:{server.server_address[1]}"
        where |= {"harmless": f"{origin}/text", "report": f"http://127.0.0.1:{reports.server_address[1]}/report"}
        server.hand_on_to = stack.port
        server.where = where | ({"rebind": f"{origin}/rebind"} if rebinding else {})
        resolver = [f"MAP evil.test {served_at[0]}"]
        with browser(tmp_path / "profile", f"{origin}/", resolver):
            wait_until(lambda: reports.report, 60, "the page's report")
        return reports.report, server


UNREADABLE = {
    "failed: TypeError",
    "opaque 0 ",
    "error event",
    "nothing to see",
    "loaded: nothing to see",
    "queued: true",
}


def got_nothing(stack, grant, seen):
    """Of credentials nothing was read, and the token was of no use to anybody."""
    said = json.dumps(seen)
    assert "ASIA" not in said
    assert "SecretAccessKey" not in said
    [listed] = [g for g in stack.api("GET", "/v1/grants")["grants"] if g["id"] == grant["id"]]
    assert listed["last_used"] is None


def works_for_an_sdk(stack, grant):
    """The same token, from something that is no browser: else the refusals would show nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port)
    connection.request("GET", "/v1/credentials/prod", headers={"Authorization": grant["token"]})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer["AccessKeyId"].startswith("ASIA")


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1"])
def test_a_page_reads_nothing_with_a_valid_token(stack, grant, tmp_path, host):
    """From a site on the internet, and from another server of this machine (a dev server with a hole)."""
    refused_before = stack.log().count("refused")
    seen, _ = visit(stack, grant, tmp_path, host)
    assert seen.pop("a page of its own, to show that reading works") == f"basic 200 {HARMLESS}"
    assert {name: what for name, what in seen.items() if what not in UNREADABLE} == {}
    assert len(seen) >= 24
    assert stack.log().count("refused") - refused_before >= 20, "most attempts should have come as far as the endpoint"
    got_nothing(stack, grant, seen)
    assert works_for_an_sdk(stack, grant)


def test_a_rebound_name_gets_the_answer_everybody_gets(stack, grant, tmp_path):
    """The page's own origin becomes the endpoint: nothing but the Host header gives it away."""
    seen, server = visit(stack, grant, tmp_path, "evil.test", rebinding=True)
    assert seen["the name, bound to us no more"] == f"basic 200 {HARMLESS}"
    rebound = {name: what for name, what in seen.items() if name.startswith("rebound")}
    assert rebound == dict.fromkeys(rebound, f"basic 403 {NO_GRANT}")
    assert len(rebound) == 4
    [bare] = [h for h, _ in server.handed_back if b"uthorization" in h and b"eferer" not in h]
    assert b"sec-fetch" not in bare.lower(), "a browser sends none to a name it does not trust"
    assert b"origin:" not in bare.lower()
    assert {said for _, said in server.handed_back} == {answers.NO_GRANT}
    got_nothing(stack, grant, seen)
    assert works_for_an_sdk(stack, grant)
