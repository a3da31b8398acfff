import json
import re

import pytest

from xacct import errors
from xacct.endpoint import answers
from xacct.model import Credentials

ISSUED = 1_800_000_000.75
HELD = Credentials("ASIAEXAMPLE", "secret", "token", ISSUED + 3600, ISSUED, "111122223333")
ARN = "arn:aws:iam::111122223333:role/dev"


def parsed(raw):
    """Status, headers and JSON of an answer, checked against its own Content-Length."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    assert int(headers["Content-Length"]) == len(body)
    return status, headers, json.loads(body)


def test_the_body_is_what_every_sdk_wants():
    assert json.loads(answers.credentials(HELD, ARN)) == {
        "Code": "Success",  # minio-js, .NET
        "Type": "AWS-HMAC",
        "LastUpdated": "2027-01-15T08:00:00Z",
        "AccessKeyId": "ASIAEXAMPLE",
        "AccessKeyID": "ASIAEXAMPLE",  # minio-js
        "SecretAccessKey": "secret",
        "Token": "token",
        "Expiration": "2027-01-15T09:00:00Z",
        "AccountId": "111122223333",
        "RoleArn": ARN,  # PHP
    }


def test_what_is_not_known_is_left_out_and_every_value_is_a_string():
    body = json.loads(answers.credentials(Credentials("AKIAEXAMPLE", "secret"), None))
    assert "AccountId" not in body
    assert "RoleArn" not in body
    for key in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration"):
        assert isinstance(body[key], str)


@pytest.mark.parametrize("fraction", [0.0, 0.000001, 0.5, 0.999999])
def test_an_expiration_has_no_fraction_and_a_z_and_is_never_later_than_it_is(fraction):
    held = Credentials("A", "s", "t", 1_800_000_000 + fraction, ISSUED)
    expiration = json.loads(answers.credentials(held, None))["Expiration"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", expiration)
    assert expiration == "2027-01-15T08:00:00Z"


def test_the_body_stays_below_ten_thousand_bytes():
    # 4096 bytes of session token is the most STS speaks of; aws-c-auth reads no more than 10,000.
    held = Credentials("A" * 128, "s" * 128, "t" * 8000, ISSUED + 1, ISSUED, "1" * 12)
    assert len(answers.credentials(held, "arn:" + "r" * 1000)) < 10_000


def test_credentials_are_a_200_with_nothing_to_cache():
    status, headers, _ = parsed(answers.whole(answers.OK, answers.credentials(HELD, ARN)))
    assert status == "HTTP/1.1 200 OK"
    assert headers == {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Length": headers["Content-Length"],
    }


def test_a_refusal_has_its_sentence_under_every_key_an_sdk_looks_for():
    sentence = answers.sentence_of(errors.NobodyToAsk("dev needs a code.", "xacctctl login dev"))
    status, _, body = parsed(answers.whole(answers.FORBIDDEN, answers.refusal("nobody-to-ask", sentence)))
    assert status == "HTTP/1.1 403 Forbidden"
    assert body["message"] == body["Message"] == "dev needs a code. xacctctl login dev"
    assert body["code"] == body["Code"] == "nobody-to-ask"
    assert next(iter(body)) == "message"  # what is cut off at the end is the rest


def test_a_sentence_is_one_line():
    assert answers.sentence_of(errors.BadInput("a\nb", "")) == "a b"
    assert "\n" not in answers.sentence_of(errors.BadInput("a\r\nb", "c\n"))


def test_chunks_are_chunks():
    assert answers.chunk(b" ") == b"1\r\n \r\n"
    assert answers.chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert answers.CHUNKED.endswith(b"Transfer-Encoding: chunked\r\n\r\n")
    assert b"Content-Length" not in answers.CHUNKED


@pytest.mark.parametrize("raw", [answers.NO_GRANT, answers.BROKEN])
def test_the_answers_that_close_say_so(raw):
    status, headers, body = parsed(raw)
    assert status == "HTTP/1.1 403 Forbidden"
    assert headers["Connection"] == "close"
    assert body["message"].startswith("xacct: ")
