import hashlib
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from xacct.sandbox import keys, signature
from xacct.sandbox.errors import StsError
from xacct.sandbox.signature import WireRequest

KEY_ID, SECRET = "AKIAEXAMPLEEXAMPLE22", keys.secret_access_key()
NOW = datetime(2027, 1, 15, 8, 0, 5, tzinfo=UTC)
UNPROVABLE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)
WHO = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}


def sign(form, signer=SigV4Auth, secret=SECRET, service="sts", region="eu-central-1", **headers):
    """Return a WireRequest as botocore signs it for the time of the `clock` fixture or now."""
    request = AWSRequest("POST", "http://127.0.0.1:1/", headers, data=urlencode(form).encode())
    if signer is SigV4QueryAuth:
        request = AWSRequest("GET", "http://127.0.0.1:1/", params=dict(form))
    signer(Credentials(KEY_ID, secret), service, region).add_auth(request)
    return wire(request.prepare())


def wire(prepared, **changes):
    path, _, query = prepared.url.removeprefix("http://127.0.0.1:1").partition("?")
    parts = {
        "method": prepared.method,
        "path": path,
        "query": tuple(urllib.parse.parse_qsl(query, keep_blank_values=True)),
        "headers": (
            ("host", "127.0.0.1:1"),
            *((name.lower(), value) for name, value in prepared.headers.items()),
        ),
        "body": prepared.body or b"",
    }
    return WireRequest(**(parts | changes))


def altered(request, name, change):
    """Return the request with one header changed; `change` takes the old value."""
    headers = tuple((k, change(v) if k == name else v) for k, v in request.headers)
    kept = tuple((k, v) for k, v in headers if v is not None)
    return WireRequest(request.method, request.path, request.query, kept, request.body)


def refusal(request, secret=SECRET, now=NOW):
    """Status, code and sentence of the refusal; None where the signature is right."""
    try:
        signature.verify(request, signature.read(request), secret, now)
    except StsError as refused:
        return refused.status, refused.code, refused.message
    return None


@pytest.fixture(autouse=True)
def at_now(clock):
    clock.now = NOW.timestamp()


@pytest.mark.parametrize("signer", [SigV4Auth, SigV4QueryAuth])
def test_what_botocore_signs_is_right(signer):
    assert refusal(sign(WHO, signer)) is None


@given(form=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=5))
@pytest.mark.parametrize("signer", [SigV4Auth, SigV4QueryAuth])
def test_any_parameters_can_be_signed(signer, form):
    assert refusal(sign(form, signer)) is None


@pytest.mark.parametrize("signer", [SigV4Auth, SigV4QueryAuth])
def test_another_secret(signer):
    request = sign(WHO, signer)
    wanted = (403, "SignatureDoesNotMatch", UNPROVABLE)
    assert refusal(request, secret=keys.secret_access_key()) == wanted


def test_a_changed_body():
    request = sign(WHO)
    forged = WireRequest("POST", "/", (), request.headers, request.body + b"&DurationSeconds=900")
    assert refusal(forged)[2] == UNPROVABLE


def test_a_changed_signed_header():
    request = sign(WHO, **{"X-Custom": "a"})
    assert refusal(altered(request, "x-custom", lambda _: "b"))[2] == UNPROVABLE


def test_an_added_unsigned_header_changes_nothing():
    assert refusal(altered(sign(WHO), "user-agent", lambda _: "someone/1")) is None


def test_a_body_hash_is_checked_against_the_body():
    request = sign(WHO, **{"X-Amz-Content-SHA256": hashlib.sha256(b"other").hexdigest()})
    assert refusal(request)[2] == UNPROVABLE
    honest = hashlib.sha256(urlencode(WHO).encode()).hexdigest()
    request = sign(WHO, **{"X-Amz-Content-SHA256": honest})
    signature.verify(request, signature.read(request), SECRET, NOW)


def test_a_stale_signature():
    late = NOW + timedelta(minutes=5, seconds=1)
    assert refusal(sign(WHO), now=late) == (
        403,
        "SignatureDoesNotMatch",
        ("Signature expired: 20270115T080005Z is now earlier than 20270115T080006Z (20270115T080506Z - 5 min.)"),
    )
    request = sign(WHO)
    signature.verify(request, signature.read(request), SECRET, NOW + timedelta(minutes=5))


def test_a_signature_of_the_future():
    early = NOW - timedelta(minutes=5, seconds=1)
    assert refusal(sign(WHO), now=early) == (
        403,
        "SignatureDoesNotMatch",
        (
            "Signature not yet current: 20270115T080005Z is still later than 20270115T080004Z "
            "(20270115T075504Z + 5 min.)"
        ),
    )


def test_no_authentication():
    bare = WireRequest("POST", "/", (), (("host", "h"),), b"")
    assert refusal(bare) == (
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    )


def test_an_authorization_of_another_kind():
    basic = WireRequest("POST", "/", (), (("authorization", "Basic c2VjcmV0"),), b"")
    status, code, sentence = refusal(basic)
    assert (status, code) == (400, "IncompleteSignature")
    assert sentence.startswith(
        "Authorization header requires 'Credential' parameter. "
        "Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter. "
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        "(Hashed with SHA-256 and encoded with Base64) Authorization="
    )
    assert "c2VjcmV0" not in sentence


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (", Signature=", ", Nonsense=", "Authorization header requires 'Signature' parameter."),
        ("Credential=", "Credential= ", "Invalid key=value pair (missing equal-sign) in"),
        ("/aws4_request", "", "Credential must have exactly 5 slash-delimited elements, e.g. "),
    ],
)
def test_mangled_authorizations(old, new, sentence):
    request = altered(sign(WHO), "authorization", lambda value: value.replace(old, new))
    status, code, told = refusal(request)
    assert (status, code) == (400, "IncompleteSignature")
    assert told.startswith(sentence)


@pytest.mark.parametrize(
    ("stamp", "sentence"),
    [
        (None, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date'"),
        ("yesterday", "Date must be in ISO-8601 'basic format'. Got 'yesterday'."),
    ],
)
def test_mangled_dates(stamp, sentence):
    request = altered(sign(WHO), "x-amz-date", lambda _: stamp)
    assert refusal(request)[2].startswith(sentence)


def test_a_date_header_will_do():
    request = sign(WHO)
    headers = (*request.headers, ("date", "Fri, 15 Jan 2027 08:00:05 GMT"))
    request = altered(WireRequest("POST", "/", (), headers, b""), "x-amz-date", lambda _: None)
    assert signature.read(request).stamp == "20270115T080005Z"


def test_mangled_presigned_urls():
    request = sign(WHO, SigV4QueryAuth)
    query = tuple((k, v) for k, v in request.query if k != "X-Amz-Signature")
    status, code, sentence = refusal(WireRequest("GET", "/", query, request.headers, b""))
    assert (status, code) == (400, "IncompleteSignature")
    assert sentence == "AWS query-string parameters must include 'X-Amz-Signature'."


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        ({"service": "s3"}, "Credential should be scoped to correct service: 'sts'."),
        ({"region": "mars"}, "Credential should be scoped to a valid region, not 'mars'."),
    ],
)
def test_scopes_of_something_else(scope, sentence):
    assert refusal(sign(WHO, **scope)) == (403, "SignatureDoesNotMatch", sentence)


def test_a_scope_of_another_day():
    request = altered(sign(WHO), "authorization", lambda value: value.replace("20270115", "20270114"))
    assert refusal(request)[2] == (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
        "HTTP: '20270114' != '20270115', from '20270115T080005Z'."
    )


def test_the_host_must_be_signed():
    request = altered(sign(WHO), "authorization", lambda value: value.replace("host;", ""))
    assert refusal(request)[2] == ("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")


def test_signature_and_token_stay_out_of_reprs():
    request = sign(WHO, **{"X-Amz-Security-Token": "tokentoken"})
    claims = signature.read(request)
    assert claims.token == "tokentoken"
    assert claims.signature not in repr(claims) + repr(request)
    assert "tokentoken" not in repr(claims) + repr(request)
