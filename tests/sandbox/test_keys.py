import re

from hypothesis import given
from hypothesis import strategies as st

from xacct.sandbox import keys


@given(st.integers(0, 999_999_999_999), st.sampled_from(("AKIA", "ASIA")))
def test_a_key_id_holds_its_account(number, prefix):
    account = f"{number:012d}"
    key_id = keys.access_key_id(prefix, account)
    assert re.fullmatch(rf"{prefix}[A-Z2-7]{{16}}", key_id)
    assert keys.account_of(key_id) == account


@given(st.text(max_size=40))
def test_any_text_has_an_account_or_none(text):
    account = keys.account_of(text)
    assert account is None or re.fullmatch(r"\d{12,13}", account)


def test_secrets_and_tokens_look_like_awss_and_never_repeat():
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", keys.secret_access_key())
    assert keys.secret_access_key() != keys.secret_access_key()
    assert keys.session_token() != keys.session_token()


def test_unique_ids_stay_the_same():
    arn = "arn:aws:iam::123456789012:role/r"
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", keys.unique_id("AROA", arn))
    assert keys.unique_id("AROA", arn) == keys.unique_id("AROA", arn)
