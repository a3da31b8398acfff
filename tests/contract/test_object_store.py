"""object_store (Rust, through obstore): it does not speak to STS, so a stand-in for S3 says whose key signed."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from human import Human, decline
from relay import Relay
from stack import Stack

CALLER = Path(__file__).parents[1] / "support" / "callers" / "obstore_caller.py"
LISTING = b"""<?xml version="1.0"?>
<ListBucketResult><Name>bucket</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>
<Contents><Key>found</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"x"</ETag><Size>1</Size></Contents>
</ListBucketResult>"""


@pytest.fixture
def s3():
    """A bucket with one object, and the access key ids that asked for it."""
    keys = []

    class Bucket(BaseHTTPRequestHandler):
        def do_GET(self):
            keys.extend(re.findall(r"Credential=([A-Z0-9]+)/", self.headers.get("Authorization", "")))
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(LISTING)))
            self.end_headers()
            self.wfile.write(LISTING)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", keys
    server.shutdown()
    thread.join()
    server.server_close()


def environment_of(stack, relay):
    environment = stack.environment("prod")
    url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    return environment | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": relay.instead_of(url)}


def run(environment, address):
    command = [sys.executable, str(CALLER), address]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_it_waits_for_a_human_of_twenty_seconds(tmp_path, s3):
    address, keys = s3
    with Stack(tmp_path / "s") as stack, Relay(stack.port) as relay, Human(stack, after=20.0) as human:
        done = run(environment_of(stack, relay), address)
        assert (done.returncode, done.stdout.strip()) == (0, "found"), done.stderr
        assert len(relay.requests) == 1
        assert len(human.asked) == 1
        assert keys, "nothing was signed"
        assert keys[0].startswith("ASIA")


def test_it_is_let_go_before_its_own_patience_ends_and_then_told_why(tmp_path, s3):
    address, keys = s3
    with Stack(tmp_path / "s") as stack, Relay(stack.port) as relay, Human(stack, decline, after=40.0):
        environment = environment_of(stack, relay)
        began = time.monotonic()
        first = run(environment, address)
        assert first.returncode != 0
        assert time.monotonic() - began < 29, "at 30 s it would have given up by itself"
        again = run(environment, address)
        assert again.returncode != 0
        assert "login prod" in again.stderr, again.stderr
        assert not keys


def test_it_finds_an_imds_port_under_the_name_it_has_for_it(tmp_path, s3):
    address, keys = s3
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with Stack(tmp_path / "s", settings=f'[imds]\nroles = {{ {port} = "prod" }}\n') as stack, Relay(port) as relay:
        stack.login("prod")
        command = [sys.executable, "-m", "xacct.ctl", "env", "--imds", "prod", "--format", "json"]
        printed = subprocess.run(command, env=stack.env, capture_output=True, text=True, check=True).stdout
        change = {name: relay.instead_of(value) for name, value in json.loads(printed).items() if value is not None}
        keep = {name: value for name, value in stack.env.items() if not name.startswith("AWS_")}
        done = run(keep | change, address)
        assert (done.returncode, done.stdout.strip()) == (0, "found"), done.stderr
        assert relay.requests[0].startswith("PUT /latest/api/token ")
        assert keys[0].startswith("ASIA")
