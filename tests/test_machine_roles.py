"""A container's role as a source, end to end: from its endpoint to a role, and never from xacctd's own."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest
from stack import Stack

PROFILE = """
[profile inside]
role_arn = arn:aws:iam::234567890123:role/open-role
credential_source = EcsContainer
region = eu-central-1
"""


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path / "s", daemon=False) as stack:
        with Path(stack.env["AWS_CONFIG_FILE"]).open("a") as config:
            config.write(PROFILE)
        yield stack


def session_of(stack):
    """Temporary keys that the sandbox has given, as a container's endpoint gives them."""
    user = stack.sandbox.inner.world.users[0].keys[0]
    sts = boto3.client(
        "sts", endpoint_url=stack.env["AWS_ENDPOINT_URL_STS"], region_name="eu-central-1",
        aws_access_key_id=user.key_id, aws_secret_access_key=user.secret,
    )  # fmt: skip
    given = sts.get_session_token()["Credentials"]
    return {
        "AccessKeyId": given["AccessKeyId"], "SecretAccessKey": given["SecretAccessKey"],
        "Token": given["SessionToken"], "Expiration": given["Expiration"].isoformat(),
    }  # fmt: skip


def test_a_role_is_assumed_from_the_containers(stack):
    body = json.dumps(session_of(stack)).encode()

    class Endpoint(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        stack.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://127.0.0.1:{server.server_port}/creds"
        stack.start()
        done = stack.xacctctl("login", "inside")
        assert done.returncode == 0, done.stderr
        explained = stack.xacctctl("explain", "inside").stdout
        assert "the role of the container that xacctd runs in" in " ".join(explained.split())
        del stack.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        refused = stack.xacctctl("process", "inside")
        assert "leads elsewhere than this shell's" in " ".join(refused.stderr.split())
    finally:
        server.shutdown()
        server.server_close()


def test_xacctds_own_endpoint_is_no_source_of_its(stack):
    stack.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://127.0.0.1:{stack.env['XACCT_PORT']}/v1/credentials/prod"
    stack.start()
    done = stack.xacctctl("login", "inside")
    assert done.returncode != 0
    assert "is xacctd itself, which would wait for itself" in " ".join(done.stderr.split())


def test_a_successor_is_in_the_same_container(stack):
    stack.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/creds"
    stack.start()
    assert stack.xacctctl("restart").returncode == 0
    done = stack.xacctctl("login", "inside")
    assert "endpoint does not answer" in " ".join(done.stderr.split()), "it knows the address still"
