"""Seeds as people paste them, and their codes, held to the examples of RFC 6238 (appendix B)."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct import errors
from xacct.state import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
AWS = f"otpauth://totp/Amazon%20Web%20Services:alice@acme?secret={SECRET}&issuer=Amazon%20Web%20Services"


@pytest.mark.parametrize(
    ("now", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(now, code):
    assert totp.read(SECRET).code(now) == code


@pytest.mark.parametrize(
    "typed",
    [SECRET, SECRET.lower(), " " + SECRET + "\n", " ".join(SECRET[i : i + 4] for i in range(0, 32, 4)), AWS,
     SECRET + "==",
     "-".join([SECRET[:16], SECRET[16:]]), AWS + "&digits=6&period=30&algorithm=SHA1"],
)  # fmt: skip
def test_a_seed_is_read_however_it_is_written(typed):
    assert totp.read(typed) == totp.Seed(SECRET)


@pytest.mark.parametrize(
    "typed",
    ["", "123456", "A" * 15, "A" * 257, "0189" * 8, SECRET + "!", "otpauth://", "otpauth://totp/x", "otpauth:nonsense",
     f"otpauth://steam/x?secret={SECRET}", "otpauth://totp/x?secret=1", "x" * 5000, "wJalrXUtnFEMI/K7MDENG"],
)  # fmt: skip
def test_what_is_no_seed_is_refused_and_not_repeated(typed):
    with pytest.raises(errors.BadInput) as refused:
        totp.read(typed)
    said = refused.value.sentence + str(refused.value.hint)
    assert len(typed) <= 10 or typed not in said


@pytest.mark.parametrize("more", ["&digits=8", "&period=60", "&algorithm=SHA256"])
def test_a_seed_of_other_codes_than_aws_takes_is_refused(more):
    with pytest.raises(errors.BadInput, match="six digits every 30 seconds"):
        totp.read(AWS + more)


def test_too_few_characters_are_no_seed():
    with pytest.raises(errors.BadInput, match="no secret"):
        totp.read("A" * (totp.SHORTEST - 1))


def test_a_counter_is_no_clock():
    with pytest.raises(errors.BadInput, match="by a counter"):
        totp.read(f"otpauth://hotp/x?secret={SECRET}&counter=1")


def test_a_seed_shows_nothing():
    assert SECRET not in repr(totp.read(SECRET))


@given(st.text(max_size=80) | st.text(max_size=80).map(lambda text: f"otpauth://totp/{text}"))
def test_any_text_is_a_seed_or_a_sentence(typed):
    with contextlib.suppress(errors.BadInput):
        assert len(totp.read(typed).code(0.0)) == 6
