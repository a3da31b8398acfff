"""Profiles of IAM Identity Center, and the sign-in that the AWS CLI keeps, as botocore reads both."""

import json
import time
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from botocore.exceptions import ClientError
from virtual_time import Clock
from waiting import PATIENCE

from xacct import errors, rolekeys
from xacct.aws import command_line_sign_in, profiles
from xacct.aws.portal import Portal
from xacct.aws.sign_in_failures import retry_after
from xacct.aws.sources import FileSources
from xacct.awsfiles import Files
from xacct.catalogue import Catalogue
from xacct.clock import AwsClock
from xacct.credentials.node import session_key
from xacct.model import Instant, Role, Source
from xacct.sandbox.default_world import default_world
from xacct.sandbox.server import Sandbox
from xacct.signin import SCOPES, Registration, Renewal, SignIn

SESSION = """
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
"""
DEV = """
[profile dev]
sso_session = corp
sso_account_id = 234567890123
sso_role_name = Developer
region = eu-west-1
"""
LEGACY = """
[profile old]
sso_start_url = https://old.awsapps.com/start
sso_region = us-east-1
sso_account_id = 345678901234
sso_role_name = ReadOnly
"""
CORP = SignIn("corp", "https://corp.awsapps.com/start", "eu-central-1")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a config file: gives the environment that means it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws" / "sso" / "cache").mkdir(parents=True)

    def home(config):
        (tmp_path / ".aws" / "config").write_text(config)
        return {"HOME": str(tmp_path)}

    return home


def signed_in(env, name, *, seconds=3600, **more):
    """A token as the AWS CLI keeps it; returns the file."""
    end = datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = {
        "startUrl": "https://corp.awsapps.com/start",
        "region": "eu-central-1",
        "accessToken": "a-token",
        "expiresAt": end,
    }
    file = Path(env["HOME"], ".aws", "sso", "cache", f"{sha1(name.encode()).hexdigest()}.json")
    file.write_text(json.dumps(kept | more))
    return file


def test_a_profile_of_a_session(home):
    [role] = profiles.read(home(SESSION + DEV)).roles.values()
    assert (role.parent.kind, role.parent.sign_in) == ("identity-center", CORP)
    assert (role.account, role.parent.permission_set, role.region) == ("234567890123", "Developer", "eu-west-1")
    assert (role.role_arn, role.parent.sign_in.scopes) == (None, SCOPES)


def test_a_profile_as_they_were_before_there_were_sessions(home):
    [role] = profiles.read(home(LEGACY)).roles.values()
    assert role.parent.sign_in == SignIn("", "https://old.awsapps.com/start", "us-east-1", scopes=())


def test_a_role_that_is_reached_from_one_hangs_from_that_role(home):
    below = "[profile prod]\nrole_arn = arn:aws:iam::1:role/p\nsource_profile = dev\n"
    roles = profiles.read(home(SESSION + DEV + below)).roles
    assert roles["prod"].parent == "dev"


def test_scopes_are_those_of_the_session(home):
    scopes = SESSION + "sso_registration_scopes = sso:account:access, codecatalyst:read_write\n"
    [role] = profiles.read(home(scopes + DEV)).roles.values()
    assert role.parent.sign_in.scopes == ("sso:account:access", "codecatalyst:read_write")


def test_addresses_of_its_services_are_its_own(home):
    local = "[services local]\nsso =\n  endpoint_url = http://127.0.0.1:1\nsso_oidc =\n  endpoint_url = http://127.0.0.1:2\n"
    [role] = profiles.read(home(SESSION + local + DEV + "services = local\n")).roles.values()
    assert role.parent.sign_in.portal_url == "http://127.0.0.1:1"
    assert role.parent.sign_in.oidc_url == "http://127.0.0.1:2"
    assert role.target.endpoint_url is None


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (SESSION + "[profile x]\nsso_session = corp\nsso_account_id = 234567890123\n", "no sso_role_name"),
        (SESSION + "[profile x]\nsso_session = corp\nsso_role_name = D\n", "no sso_account_id"),
        (SESSION + "[profile x]\nsso_session = corp\n", "no sso_role_name and no sso_account_id"),
        (DEV, "names no sso-session"),
        ("[sso-session corp]\nsso_region = eu-central-1\n" + DEV, "no sso_start_url"),
        (SESSION + DEV + "sso_region = us-east-1\n", "is another than that of [sso-session corp]"),
        (SESSION + DEV.replace("234567890123", "0x"), "not twelve digits"),
        (SESSION + DEV.replace("Developer", "Dev/../x"), "not a permission set's name"),
        (SESSION.replace("eu-central-1", "middle-earth-1x") + DEV, "not a region of AWS's"),
        (SESSION.replace("https://corp", "ftp://corp") + DEV, "not an address"),
        (SESSION + "sso_registration_scopes =\n  inner = x\n" + DEV, "is an indented block"),
    ],
)
def test_half_of_one_is_a_problem_with_a_sentence(home, config, says):
    found = profiles.read(home(config))
    assert found.roles == {}
    [problem] = found.problems
    assert says in problem.sentence


@pytest.mark.parametrize("config", [SESSION + DEV, LEGACY, SESSION + DEV + LEGACY])
def test_whatever_we_take_for_one_botocore_does_too(home, config):
    for name, role in profiles.read(home(config)).roles.items():
        session = botocore.session.Session(profile=name)
        provider = session.get_component("credential_provider").get_provider("sso")
        said = provider._load_sso_config()
        assert said["sso_start_url"] == role.parent.sign_in.start_url
        assert said["sso_region"] == role.parent.sign_in.region
        assert (said["sso_account_id"], said["sso_role_name"]) == (role.account, role.parent.permission_set)


async def test_what_the_command_line_has_signed_in_to_is_read(home):
    env = home(SESSION + DEV)
    [role] = profiles.read(env).roles.values()
    sources = FileSources(env)
    assert sources.needs_human(role.parent, time.time())
    signed_in(env, "corp")
    found = await sources.load(role.parent)
    assert (found.session_token, found.access_key_id) == ("a-token", "")
    assert 3500 < found.remaining(time.time()) <= 3600
    assert not sources.needs_human(role.parent, time.time())


async def test_a_sign_in_that_has_ended_is_none(home):
    env = home(SESSION + DEV)
    [role] = profiles.read(env).roles.values()
    signed_in(env, "corp", seconds=-60)
    assert FileSources(env).needs_human(role.parent, time.time())


@pytest.mark.parametrize(
    "odd",
    [
        {"startUrl": "https://other.awsapps.com/start"},
        {"region": "us-east-1"},
        {"accessToken": None},
        {"accessToken": "a\nheader: b"},
        {"accessToken": "ümlaut"},
        {"expiresAt": "never"},
        {"expiresAt": 12},
        {"expiresAt": "2099-01-01T00:00:00"},
        {"expiresAt": "9" * 40},
    ],
)
def test_what_is_no_token_of_this_instance_is_not_taken(home, odd):
    env = home("")
    signed_in(env, "corp", **odd)
    with pytest.raises(errors.SourceUnusable, match="no sign-in to corp"):
        command_line_sign_in.read(CORP, env)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'"x"', b"[" * 100_000, b" " * 300_000])
def test_a_file_that_holds_anything_else_is_none(home, content):
    env = home("")
    signed_in(env, "corp").write_bytes(content)
    assert not command_line_sign_in.holds(CORP, env, time.time())


def test_no_token_is_in_what_is_said(home):
    env = home("")
    signed_in(env, "corp", expiresAt="never", accessToken="s3cr3t")
    with pytest.raises(errors.SourceUnusable) as caught:
        command_line_sign_in.read(CORP, env)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__


# What lists are had by.


def sessions(env):
    return {role.parent.sign_in.name: role for role in profiles.read(env).instances}


def test_each_session_stands_for_itself_whether_a_profile_uses_it_or_not(home):
    other = SESSION.replace("corp", "lone") + "sso_registration_scopes = sso:account:access,x:y\n"
    found = sessions(home(SESSION + DEV + other))
    assert found["corp"].parent.sign_in == CORP
    assert found["lone"].parent.sign_in.scopes == ("sso:account:access", "x:y")
    assert found["lone"].parent.account is None


def test_what_hangs_from_a_session_is_signed_in_to_as_the_session_itself_is(home):
    found = profiles.read(home(SESSION + DEV))
    [session] = found.instances
    assert session_key(session) == session_key(found.roles["dev"])


@pytest.mark.parametrize(
    "said",
    [
        "sso_start_url = https://corp.awsapps.com/start",
        "sso_region = eu-central-1",
        "sso_start_url = https://corp.awsapps.com/start\nsso_region = middle-earth-1x",
        "sso_start_url = ftp://corp.awsapps.com/start\nsso_region = eu-central-1",
        "sso_start_url =\n  a = b\nsso_region = eu-central-1",
    ],
)
def test_a_session_that_does_not_say_where_it_is_stands_for_nothing(home, said):
    assert sessions(home(f"[sso-session corp]\n{said}\n")) == {}


def test_sessions_of_other_files_are_others(tmp_path):
    config = tmp_path / "config"
    config.write_text(SESSION + DEV)
    files = Files(str(config), str(tmp_path / "credentials"), str(tmp_path))
    catalogue = Catalogue(files, "b-12345678", {}, lambda: 0.0)
    assert catalogue.take(catalogue.load(lambda found: found.roles))
    [session] = catalogue.instances
    assert rolekeys.split(session.name)[1] == "b-12345678"
    assert session.parent.files == tuple(files)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("", None), ("-1", None), ("nan", None), ("inf", None), ("Wed", None)],
)
def test_when_to_come_again_is_a_number_of_seconds_or_not_said(said, seconds):
    assert retry_after({"ResponseMetadata": {"HTTPHeaders": {"retry-after": said}}}) == seconds
    assert retry_after({}) is None


class Throttling:
    """An SDK's client, and what has it, that is asked to slow down."""

    async def get(self, *_):
        return self

    async def list_accounts(self, **_):
        metadata = {"HTTPStatusCode": 429, "HTTPHeaders": {"retry-after": "7"}}
        error = {"Code": "TooManyRequestsException", "Message": "HTTP 429 Unknown Code"}
        raise ClientError({"Error": error, "ResponseMetadata": metadata}, "ListAccounts")


async def test_throttling_comes_with_when_to_come_again(home):
    [role] = profiles.read(home(SESSION)).instances
    portal = Portal(AwsClock(Clock().read))
    portal._clients = Throttling()
    with pytest.raises(errors.Throttled) as caught:
        await portal.accounts(role, "a-token", None)
    assert caught.value.retry_after == 7.0
    assert "has not listed accounts" in caught.value.sentence
    assert "a-token" not in f"{caught.value!r} {caught.value.__context__!r}"


async def test_the_browser_is_asked_as_aws_wants_it(home):
    [role] = profiles.read(home(SESSION)).instances
    center = Portal(AwsClock(Clock().read))
    waiting = await center.open_redirect(role, Registration("client", "client-secret", 0.0))
    try:
        url = urlsplit(waiting.url)
        asked = {name: value for name, [value] in parse_qs(url.query, strict_parsing=True).items()}
        assert (url.scheme, url.netloc, url.path) == ("https", "oidc.eu-central-1.amazonaws.com", "/authorize")
        assert asked.keys() == {
            "response_type", "client_id", "redirect_uri", "state", "code_challenge_method", "scopes", "code_challenge",
        }  # fmt: skip
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert (asked["client_id"], asked["scopes"]) == ("client", "sso:account:access")
        assert "client-secret" not in waiting.url
    finally:
        waiting.close()
        await center.close()


@pytest.mark.parametrize("off", [-7200, 7200])
async def test_with_a_wrong_clock_all_that_is_given_ends_when_aws_says(off):
    clock = AwsClock(lambda: Instant(time.time() + off, time.monotonic()))
    for _ in range(3):
        clock.heard(time.time(), signed_for=False)
    sandbox = Sandbox(default_world(identity_center=True))
    [instance] = sandbox.world.instances
    portal = Portal(clock)
    async with sandbox.serve() as url:
        sign_in = SignIn("example", instance.start_url, instance.region, oidc_url=url, portal_url=url)
        source = Source("dev", "identity-center", sign_in=sign_in, account="123456789012", permission_set="Developer")
        role = Role("dev", source)
        try:
            client = await portal.register(role, "device-code")
            code = await portal.start(role, client)
            sandbox.identity_center.answer()
            tokens = await portal.finish(role, client, code)
            held = await portal.role_credentials(role, tokens.access_token)
            again = await portal.renew(role, Renewal(client, tokens.refresh_token))
        finally:
            await portal.close()
    for each in (tokens, again):
        assert each.expires_at == pytest.approx(time.time() + instance.token_seconds, abs=PATIENCE)
    assert held.remaining(time.time()) == pytest.approx(3600, abs=PATIENCE)


class Answers(Portal):
    """The portal, which answers what it is told to."""

    def __init__(self, **answer):
        super().__init__(AwsClock(Clock().read))
        self.answer = answer

    async def _call(self, _service, _url, _role, method, arguments, _rows, _target):
        self.asked = method, arguments
        return self.answer


async def test_what_is_listed_is_asked_for_in_the_largest_pages_and_read(home):
    [role] = profiles.read(home(SESSION + DEV)).instances
    one = {"accountId": "234567890123", "accountName": "Te\x1b[31mam", "emailAddress": "team@example.com"}
    portal = Answers(accountList=[one], nextToken="more")
    page = await portal.accounts(role, "a-token", None)
    assert portal.asked == ("list_accounts", {"accessToken": "a-token", "maxResults": 100})
    [account] = page.accounts
    assert (account.account_id, account.email, page.after) == ("234567890123", "team@example.com", "more")
    assert "\x1b" not in account.name
    portal = Answers(roleList=[{"roleName": "Developer", "accountId": "234567890123"}])
    page = await portal.permission_sets(role, "a-token", "234567890123", "more")
    assert portal.asked[1]["nextToken"] == "more"
    assert (page.names, page.after) == (("Developer",), None)


@pytest.mark.parametrize("one", [{"accountId": "../x"}, {"accountId": 1}, {}, None, "x"])
async def test_an_account_that_is_none_is_nobodys_answer(home, one):
    [role] = profiles.read(home(SESSION + DEV)).instances
    with pytest.raises(errors.NetworkLost):
        await Answers(accountList=[one]).accounts(role, "a-token", None)


@pytest.mark.parametrize("one", [{"roleName": "a b"}, {"roleName": "x]\n[default"}, {}, None])
async def test_a_permission_set_that_is_none_is_nobodys_answer(home, one):
    [role] = profiles.read(home(SESSION + DEV)).instances
    with pytest.raises(errors.NetworkLost):
        await Answers(roleList=[one]).permission_sets(role, "a-token", "234567890123", None)


def test_a_comment_behind_the_name_of_a_session_is_what_is_wrong_there(home):
    found = profiles.read(home(SESSION + DEV.replace("sso_session = corp", "sso_session = corp  # ours")))
    [problem] = found.problems
    assert problem.hint == "Write sso_session = corp and nothing else in that line."
