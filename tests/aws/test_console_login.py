"""Console logins (`aws login`): their profiles, what the browser is asked and brings, and the proofs of each call."""

import base64
import hashlib
import json
import re
import time
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from waiting import PATIENCE

from xacct import errors
from xacct.aws import console_login, dpop, profiles, sdk
from xacct.aws.sources import FileSources
from xacct.clock import AwsClock
from xacct.model import Instant, Role, Source
from xacct.sandbox.default_world import default_world
from xacct.sandbox.server import Sandbox
from xacct.signin import ConsoleLogin

ME = "arn:aws:iam::123456789012:user/me"


@pytest.fixture
def read(tmp_path):
    def read(config, credentials=""):
        (tmp_path / ".aws").mkdir(exist_ok=True)
        (tmp_path / ".aws" / "config").write_text(config)
        (tmp_path / ".aws" / "credentials").write_text(credentials)
        return profiles.read({"HOME": str(tmp_path)})

    return read


def test_a_profile_with_a_login_session_is_a_role_that_others_hang_from(read):
    found = read(
        f"[profile me]\nlogin_session = {ME}\nregion = eu-central-1\n"
        "[profile prod]\nrole_arn = arn:aws:iam::234567890123:role/x\nsource_profile = me\nregion = eu-central-1\n"
    )
    assert found.problems == []
    me = found.roles["me"]
    assert (me.parent.kind, me.parent.console) == ("console-login", ConsoleLogin(ME, "eu-central-1"))
    assert (me.account, me.role_arn) == ("123456789012", None)
    assert found.roles["prod"].parent == "me"


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        (ME, "us-east-1"),
        ("arn:aws-us-gov:iam::123456789012:user/me", "us-gov-west-1"),
        ("arn:aws-cn:sts::123456789012:assumed-role/Admin/me", "cn-northwest-1"),
    ],
)
def test_where_no_region_is_named_its_partitions_own_is_asked(read, arn, region):
    assert read(f"[profile me]\nlogin_session = {arn}\n").roles["me"].parent.console.region == region


@pytest.mark.parametrize("value", ["me", "", "arn:aws:iam::12:user/me", "arn:aws:s3:::bucket", "\n  a = b"])
def test_what_names_no_identity_is_refused_with_its_place(read, value):
    found = read(f"[profile me]\nlogin_session = {value}\n")
    assert "me" not in found.roles
    assert "login_session of [profile me]" in found.problems[0].sentence


def test_an_address_of_the_profiles_own_is_asked_instead(read):
    services = "[services here]\nsignin =\n  endpoint_url = http://127.0.0.1:4566\n"
    found = read(f"[profile me]\nlogin_session = {ME}\nservices = here\n{services}")
    assert found.roles["me"].parent.console.url == "http://127.0.0.1:4566"


def test_keys_of_its_own_come_first_as_in_awss_tools(read):
    keys = "[me]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n"
    assert read(f"[profile me]\nlogin_session = {ME}\n", keys).roles["me"].parent.kind == "profile"


async def test_the_cache_of_the_command_line_is_no_source(tmp_path):
    cache = tmp_path / ".aws" / "login" / "cache"
    cache.mkdir(parents=True)
    (cache / f"{hashlib.sha256(ME.encode()).hexdigest()}.json").write_text("{}")
    source = Source("me", "console-login", console=ConsoleLogin(ME, "eu-central-1"))
    sources = FileSources({"HOME": str(tmp_path)})
    assert sources.needs_human(source, 0.0)
    with pytest.raises(errors.SourceUnusable):
        await sources.load(source)


@pytest.mark.parametrize(
    ("region", "address"),
    [
        ("eu-central-1", "https://eu-central-1.signin.aws.amazon.com"),
        ("cn-north-1", "https://cn-north-1.signin.amazonaws.cn"),
        ("us-gov-west-1", "https://us-gov-west-1.signin.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "https://eusc-de-east-1.signin.amazonaws-eusc.eu"),
    ],
)
def test_each_partition_has_its_own_address(region, address):
    assert sdk.address_of("signin", region, fips=False, dualstack=False) == address


BASE = "https://eu-central-1.signin.aws.amazon.com"


async def begun(*, here, session=ME):
    logins = console_login.ConsoleLogins(AwsClock(lambda: Instant(0.0, 0.0)))
    source = Source("me", "console-login", console=ConsoleLogin(session, "eu-central-1", BASE))
    return await logins.begin(Role("me", source), here=here)


def asked(sign_in):
    return {name: value for name, [value] in parse_qs(urlsplit(sign_in.url).query).items()}


@pytest.mark.parametrize("here", [False, True])
async def test_the_browser_is_asked_as_aws_wants_it(here):
    sign_in = await begun(here=here)
    try:
        said = asked(sign_in)
        assert sign_in.url.startswith(f"{BASE}/v1/authorize?")
        assert said["client_id"] == f"arn:aws:signin:::devtools/{'same' if here else 'cross'}-device"
        assert (said["response_type"], said["scope"]) == ("code", "openid")
        assert said["code_challenge_method"] == "SHA-256"
        place = r"http://127\.0\.0\.1:[0-9]+/oauth/callback" if here else f"{BASE}/v1/sessions/confirmation"
        assert re.fullmatch(place, said["redirect_uri"])
        digest = hashlib.sha256(sign_in._verifier.encode()).digest()
        assert said["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert 43 <= len(sign_in._verifier) <= 128
        assert sign_in._verifier not in sign_in.url
        assert sign_in._verifier not in repr(sign_in)
        assert (sign_in.mode, sign_in.take is None) == (("redirect", True) if here else ("paste", False))
    finally:
        sign_in.close()


async def test_each_sign_in_has_a_state_verifier_and_key_of_its_own(monkeypatch):
    keys, new_key = [], dpop.new_key
    monkeypatch.setattr(dpop, "new_key", lambda: keys.append(new_key()) or keys[-1])
    one, other = await begun(here=False), await begun(here=False)
    assert asked(one)["state"] != asked(other)["state"]
    assert one._verifier != other._verifier
    assert len(set(keys)) == 2


async def test_what_a_human_pastes_is_the_answer_to_this_sign_in_alone():
    sign_in = await begun(here=False)
    state = asked(sign_in)["state"]
    for wrong in ("state=other&code=c", f"state={state}", f"state={state}&state={state}&code=c", ""):
        with pytest.raises(errors.BadInput):
            sign_in.take(base64.b64encode(wrong.encode()).decode())
    for wrong in ("%%%", "c3", "x" * 50_000, "ÿ"):
        with pytest.raises(errors.BadInput):
            sign_in.take(wrong)
    sign_in.take(base64.b64encode(f"state={state}&code=a-code".encode()).decode().rstrip("="))
    assert await sign_in._answer.code() == "a-code"
    with pytest.raises(errors.BadInput):
        sign_in.take(base64.b64encode(f"state={state}&code=another".encode()).decode())


async def test_a_no_that_is_pasted_is_a_no():
    sign_in = await begun(here=False)
    said = f"error=access_denied&state={asked(sign_in)['state']}"
    sign_in.take(base64.b64encode(said.encode()).decode())
    with pytest.raises(errors.Declined, match=rf"sign-in to AWS \({ME}\) was declined in the browser"):
        await sign_in.tokens()


def parts(proof):
    *said, signature = proof.split(".")
    decoded = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in said]
    return (*decoded, ".".join(said), base64.urlsafe_b64decode(signature + "=="))


def test_a_proof_is_signed_by_the_key_that_it_names_for_one_request():
    key = dpop.new_key()
    header, claims, signed, signature = parts(dpop.proof(key, "POST", "https://x.example/v1/token", 1_900_000_000.7))
    assert (header["typ"], header["alg"]) == ("dpop+jwt", "ES256")
    assert header["jwk"].keys() == {"kty", "crv", "x", "y"}
    jti = claims.pop("jti")
    assert claims == {"htm": "POST", "htu": "https://x.example/v1/token", "iat": 1_900_000_000}
    assert len(jti) >= 20
    x, y = (int.from_bytes(base64.urlsafe_b64decode(header["jwk"][name] + "=")) for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    public.verify(utils.encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))


def test_no_two_proofs_have_the_same_id():
    key = dpop.new_key()
    seen = {parts(dpop.proof(key, "POST", "https://x.example/", 0.0))[1]["jti"] for _ in range(50)}
    assert len(seen) == 50


def id_token(**claims):
    return ".".join(["e30", base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("="), "c2ln"])


@pytest.mark.parametrize("who", [f"{ME}2", "arn:aws:iam::123456789012:root", ME.upper(), f" {ME}"])
def test_whoever_is_not_the_profiles_identity_is_refused(who):
    role = Role("me", Source("me", "console-login", console=ConsoleLogin(ME, "eu-central-1")))
    console_login._check_identity(id_token(sub=ME), role)
    with pytest.raises(errors.WrongIdentity, match="is signed in to AWS as"):
        console_login._check_identity(id_token(sub=who), role)


@pytest.mark.parametrize(
    "token", [None, "", "a.b", "a.b.c", id_token(), id_token(sub=5), "e30.W10.x", "\xff.\xff.\xff"]
)
def test_an_id_token_that_names_nobody_is_no_answer(token):
    role = Role("me", Source("me", "console-login", console=ConsoleLogin(ME, "eu-central-1")))
    with pytest.raises(errors.Temporary):
        console_login._check_identity(token, role)


async def test_with_a_wrong_clock_proofs_are_of_awss_time():
    clock = AwsClock(lambda: Instant(time.time() - 7200, time.monotonic()))
    for _ in range(3):
        clock.heard(time.time(), signed_for=False)
    sandbox = Sandbox(default_world(console_login=True))
    sandbox.console_login.state.consent = "allow"
    logins = console_login.ConsoleLogins(clock)
    async with sandbox.serve() as url, aiohttp.ClientSession() as browser:
        me = sandbox.world.users[0].arn
        source = Source("me", "console-login", account="123456789012", console=ConsoleLogin(me, "eu-central-1", url))
        role = Role("me", source)
        sign_in = await logins.begin(role, here=True)
        try:
            async with browser.get(sign_in.url) as page:
                assert page.status == 200
            tokens = await sign_in.tokens()
            again = await logins.renew(role, tokens.renewal)
            with pytest.raises(errors.SignInEnded):
                await logins.renew(role, tokens.renewal)
        finally:
            sign_in.close()
            await logins.close()
    assert again.credentials.remaining(time.time()) == pytest.approx(900, abs=PATIENCE)
    renewal = tokens.renewal
    for secret in (renewal.refresh_token, renewal.client.client_secret, tokens.credentials.secret_access_key):
        assert secret not in repr(tokens)
