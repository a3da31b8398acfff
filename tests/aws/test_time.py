"""Whose Date headers teach us AWS's time: STS's own, and no proxy's or captive portal's."""

from email.utils import formatdate

import pytest

from xacct.aws.sts import Sts, hear
from xacct.clock import AwsClock
from xacct.model import Instant

NOW = 1_800_000_000.0


def answer(date, *, request_id="6f1e", code=None, status=200):
    """What botocore makes of an answer."""
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {"date": formatdate(date, usegmt=True)}}
    if request_id:
        metadata["RequestId"] = request_id
    return {"ResponseMetadata": metadata, "Error": {"Code": code or "", "Message": ""}}


@pytest.fixture
def clock():
    clock = AwsClock(lambda: Instant(NOW, 50.0))
    clock.heard(NOW)
    return clock


@pytest.mark.parametrize("off", [2 * 86400, 3600, -1800, 30])
@pytest.mark.parametrize("code", ["503", "Service Unavailable", "AccessDenied"])
def test_what_has_no_request_id_teaches_nothing_however_often_it_comes(clock, off, code):
    sts = Sts(clock)
    for _ in range(5):
        sts._refusal(answer(NOW + off, request_id="", code=code, status=503), "prod")
    assert clock.now() == NOW


@pytest.mark.parametrize("off", [2 * 86400, -86400])
def test_an_error_that_does_not_complain_of_our_clock_moves_it_no_further_than_a_signature_may(clock, off):
    sts = Sts(clock)
    for _ in range(5):
        sts._refusal(answer(NOW + off, code="AccessDenied", status=403), "prod")
    assert clock.now() == NOW


def test_two_complaints_of_our_clock_put_it_right_and_each_says_by_how_much(clock):
    sts = Sts(clock)
    skewed = answer(NOW + 7200, code="SignatureDoesNotMatch", status=403)
    skewed["Error"]["Message"] = "Signature expired: 1 is now earlier than 2"
    first = sts._refusal(skewed, "prod")
    assert "120 min behind" in first.sentence
    assert clock.now() == NOW
    sts._refusal(skewed, "prod")
    assert abs(clock.likeliest() - NOW - 7200) < 2  # the next call is signed with that
    assert clock.now() == NOW, "STS has to take it before anything that is held expires"
    hear(clock, answer(NOW + 7200), signed_for=True)
    assert abs(clock.now() - NOW - 7200) < 2
