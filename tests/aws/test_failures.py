"""Each row of the table with AWS's own words, and what a user is told."""

import pytest

from xacct import errors
from xacct.aws import failures, sdk_failures


@pytest.mark.parametrize("row", failures.ROWS, ids=lambda row: row.example[:60])
def test_every_row_is_reached_by_its_own_example(row):
    code = row.codes[0] if row.codes[0] != "*" else "SomethingNew"
    got = failures.refusal(code, row.example, target="prod", skew=1200)
    assert type(got) is row.error
    assert got.sentence.endswith(".")
    assert "{" not in got.sentence + got.hint


WORDS = {r"\b407\b": "407", r"\b[45]\d\d\b": "403"}


@pytest.mark.parametrize("row", sdk_failures.SDK_ROWS, ids=lambda row: f"{row.exceptions[0]} {row.words}")
def test_every_row_of_the_sdk_is_reached(row):
    kind = "SomethingNew" if row.exceptions == ("*",) else row.exceptions[-1]
    words = WORDS.get(row.words, "Temporary failure in name resolution" if row.words else "")
    got = sdk_failures.failed(kind, words, target="role", what="x")
    filled = [text.format(target="role", where="AWS STS", what="x", kind=kind) for text in (row.sentence, row.hint)]
    assert [got.sentence.lower(), got.hint] == [filled[0].lower(), filled[1]]
    assert type(got) is row.error


def test_a_5xx_is_temporary_whatever_its_body_says():
    assert isinstance(failures.refusal("AccessDenied", "", target="prod", status=503), errors.AwsUnavailable)


def test_the_clock_sentence_says_by_how_much():
    words = "Signature expired: 20160609T184512Z is now earlier than 20160610T013008Z"
    got = failures.refusal("SignatureDoesNotMatch", words, target="prod", skew=-1200)
    assert "20 min behind" in got.sentence


def test_aws_may_not_put_words_with_braces_into_the_format():
    got = failures.refusal("Odd", "{target} {0} {x}", target="prod")
    assert "{x}" in got.sentence


def test_a_value_that_aws_quotes_is_not_quoted_again():
    words = "1 validation error detected: Value 's3cr3t id' at 'externalId' failed to satisfy constraint"
    got = failures.refusal("ValidationError", words, target="prod")
    assert "s3cr3t" not in got.sentence
    assert "externalId" in got.sentence


def test_connection_failures_did_not_reach_sts_but_time_outs_may_have():
    assert not sdk_failures.failed("EndpointConnectionError", "", target="prod").answered
    assert sdk_failures.failed("ReadTimeoutError", "", target="prod").answered
