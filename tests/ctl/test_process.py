"""process: what it prints of narrower credentials, and what it never prints in their place."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from xacct.ctl.main import main

GIVEN = {
    "Code": "Success", "AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "s3cret", "Token": "t",
    "Expiration": "2999-01-01T00:00:00Z", "AccountId": "111122223333", "RoleArn": "arn:aws:iam::111122223333:role/r",
}  # fmt: skip


@pytest.fixture
def endpoint(daemon):
    """An endpoint of our own; its `answer` is a status and what it says, `asked` what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            server.asked.append((self.path, self.headers["Authorization"], [*daemon.requests]))
            status, content = server.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.answer, server.asked = (200, b" \r\n" + json.dumps(GIVEN).encode()), []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    granted = daemon._post_grants
    url = f"http://127.0.0.1:{server.server_port}/v1/credentials/prod"
    daemon.answers["/v1/grants"] = lambda body: {**granted("", body), "urls": {"prod": url}}
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_narrower_credentials_come_of_a_grant_that_ends_at_once(daemon, endpoint, capsys):
    assert main(["process", "prod", "--read-only", "--ttl", "20m"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "Version": 1, "AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "s3cret", "SessionToken": "t",
        "Expiration": "2999-01-01T00:00:00Z", "AccountId": "111122223333",
    }  # fmt: skip
    (body,) = daemon.called("POST", "/v1/grants")
    assert body["scope"] == {"read_only": True, "ttl": 1200}
    assert body["pid"]
    ((path, token, before),) = endpoint.asked
    assert (path, token) == ("/v1/credentials/prod", "t0ken")
    ended = ("DELETE", "/v1/grants/g1", None)
    assert ended in daemon.requests
    assert ended not in before


def test_without_an_option_nothing_is_granted(daemon, capsys):
    assert main(["process", "prod"]) == 0
    assert "AccessKeyId" in json.loads(capsys.readouterr().out)
    assert daemon.called("POST", "/v1/grants") == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((403, b'{"message": "xacct: AWS says no to prod.", "code": "x"}'), "AWS says no to prod."),
        ((200, b"   xacct: Nobody answered."), "Nobody answered."),
        ((200, b'{"AccessKeyId": "A"}'), "The endpoint gave no credentials."),
        ((200, b"[]"), "The endpoint gave no credentials."),
        ((500, b""), "The endpoint gave no credentials."),
    ],
)
def test_no_answer_is_a_sentence_and_the_grant_ends(daemon, endpoint, capsys, answer, sentence):
    endpoint.answer = answer
    assert main(["process", "prod", "--read-only"]) != 0
    told = capsys.readouterr()
    assert told.out == ""
    assert sentence in told.err
    assert "Traceback" not in told.err
    assert ("DELETE", "/v1/grants/g1", None) in daemon.requests


def test_an_endpoint_that_is_gone_is_a_sentence(daemon, capsys):
    daemon.answers["/v1/grants"] = lambda body: {
        **daemon._post_grants("", body), "urls": {"prod": "http://127.0.0.1:1/v1/credentials/prod"},
    }  # fmt: skip
    assert main(["process", "prod", "--read-only"]) == 1
    assert "endpoint does not answer" in capsys.readouterr().err


def test_an_older_daemon_that_narrows_nothing_gives_nothing(daemon, endpoint, capsys):
    daemon.knows_scopes = False
    assert main(["process", "prod", "--allow", "s3:GetObject"]) != 0
    assert capsys.readouterr().out == ""
    assert endpoint.asked == []


def test_a_lifetime_is_not_narrowed(daemon, capsys):
    assert main(["process", "prod", "--read-only", "--lifetime", "2h"]) == 2
    assert "--ttl" in capsys.readouterr().err
    assert daemon.requests == []
