"""The console's addresses in each partition, what AWS's sign-in is asked, the page that leads a browser there."""

import asyncio
import contextlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from xacct import errors
from xacct.aws import console as consoles
from xacct.aws.console import PARTITIONS, Console
from xacct.aws.one_time_page import LASTS, OneTimePages
from xacct.model import Credentials, Role, Source, StsTarget
from xacct.policy import Hop
from xacct.signin import SignIn

HELD = Credentials("ASIAKEY", "the-secret", "the-token", 2e9, 1e9)
HERE = "http://127.0.0.1:9"


def role(partition="aws", **more):
    return Role("prod", Source("main", "profile"), f"arn:{partition}:iam::234567890123:role/a", **more)


@pytest.fixture
def asked(monkeypatch):
    """What AWS's sign-in was asked, and what it answers."""

    class Asked(list):
        answer = (200, b'{"SigninToken": "signed-in"}')

    seen = Asked()

    async def answer(url, _role):
        seen.append(url)
        return seen.answer

    monkeypatch.setattr(consoles, "_answer", answer)
    return seen


@pytest.mark.parametrize("partition", PARTITIONS)
async def test_each_partition_signs_in_at_its_own_hosts(asked, partition):
    mine, console = role(partition, region="eu-west-1"), Console()
    destination = console.destination(mine, service="s3")
    url = await console.sign_in(HELD, mine, Hop.FROM_KEYS, 7200, destination)
    hosts = PARTITIONS[partition]
    assert destination == f"{hosts.console}/s3/home?region=eu-west-1"
    for each in (url, *asked):
        assert each.startswith(f"{hosts.sign_in}/federation?")
    [token] = [parse_qs(urlsplit(each).query) for each in asked]
    assert (token["Action"], token["SessionDuration"]) == (["getSigninToken"], ["7200"])
    assert json.loads(token["Session"][0]) == {
        "sessionId": "ASIAKEY",
        "sessionKey": "the-secret",
        "sessionToken": "the-token",
    }
    assert parse_qs(urlsplit(url).query) == {
        "Action": ["login"],
        "Issuer": ["xacct"],
        "Destination": [destination],
        "SigninToken": ["signed-in"],
    }
    assert console.sign_out(mine).startswith(f"{hosts.sign_in}/oauth?Action=logout&")


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_a_permission_set_is_of_the_partition_of_its_sign_in(region, partition):
    sign_in = SignIn("my-sso", "https://example.awsapps.com/start", region)
    source = Source("dev", "identity-center", sign_in=sign_in, account="234567890123", permission_set="Admin")
    assert Console().hosts(Role("dev", source, None)) == PARTITIONS[partition]


@pytest.mark.parametrize("named", ["oidc_url", "portal_url"])
def test_a_permission_set_of_another_portal_goes_to_no_console_of_awss(named):
    sign_in = SignIn("my-sso", "https://example.awsapps.com/start", "eu-central-1", **{named: HERE})
    source = Source("dev", "identity-center", sign_in=sign_in, account="234567890123", permission_set="Admin")
    with pytest.raises(errors.BadInput, match="another STS"):
        Console().hosts(Role("dev", source, None))


def test_a_permission_set_of_an_unknown_partition_is_refused():
    sign_in = SignIn("my-sso", "https://example.awsapps.com/start", "eusc-de-east-1")
    source = Source("dev", "identity-center", sign_in=sign_in, account="234567890123", permission_set="Admin")
    with pytest.raises(errors.BadInput, match="is not known"):
        Console().hosts(Role("dev", source, None))


def test_what_is_no_arn_is_of_no_other_partition_and_goes_on_to_who_says_so():
    """AWS refuses it when the role is assumed, before anything is asked of the console."""
    assert Console().hosts(Role("odd", Source("main", "profile"), "admin")).sign_in == "https://signin.aws.amazon.com"


def test_the_hosts_are_those_of_three_partitions_and_no_other():
    assert {urlsplit(url).hostname for hosts in PARTITIONS.values() for url in (hosts.sign_in, hosts.console)} == {
        "signin.aws.amazon.com",
        "console.aws.amazon.com",
        "signin.amazonaws.cn",
        "console.amazonaws.cn",
        "signin.amazonaws-us-gov.com",
        "console.amazonaws-us-gov.com",
    }
    with pytest.raises(errors.BadInput, match="aws-iso"):
        Console().hosts(role("aws-iso"))


@pytest.mark.parametrize("hop", [Hop.FROM_SESSION, Hop.FROM_ROLE, Hop.SIGN_IN, Hop.WEB_IDENTITY])
async def test_a_chained_session_says_no_duration(asked, hop):
    await Console().sign_in(HELD, role(), hop, 3600, "https://console.aws.amazon.com/")
    assert "SessionDuration" not in asked[0]
    assert not Console().lasts(hop)


@pytest.mark.parametrize("hop", [Hop.SESSION, Hop.KEYS, Hop.CONSOLE])
async def test_what_is_no_role_is_sent_nowhere(asked, hop):
    with pytest.raises(errors.BadInput, match="is no role"):
        await Console().sign_in(HELD, role(), hop, 3600, "https://console.aws.amazon.com/")
    assert asked == []


GOOD = [
    "https://console.aws.amazon.com",
    "https://console.aws.amazon.com/s3/home?region=eu-west-1#x",
    "https://eu-west-1.console.aws.amazon.com/ec2/home",
]
BAD = [
    "http://console.aws.amazon.com/",
    "https://console.aws.amazon.com.evil.example/",
    "https://evilconsole.aws.amazon.com/",
    "https://console.aws.amazon.com@evil.example/",
    "https://console.aws.amazon.com:8443/",
    "https://console.aws.amazon.com\\@evil.example/",
    "https://console.amazonaws.cn/",
    "https://console.aws.amazon.com/ x",
    "https://[console.aws.amazon.com/",
    "javascript:alert(1)",
    "//console.aws.amazon.com/",
    "",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_page_of_the_console(url):
    assert Console().destination(role(), url) == url


@pytest.mark.parametrize("url", BAD)
def test_a_page_elsewhere_is_refused(url):
    with pytest.raises(errors.BadInput, match="no page of the console"):
        Console().destination(role(), url)


def test_a_page_is_of_its_own_partition():
    with pytest.raises(errors.BadInput):
        Console().destination(role("aws-cn"), GOOD[0])


@pytest.mark.parametrize(
    ("sts", "is_aws"),
    [
        (None, True),
        ("https://sts.eu-central-1.amazonaws.com", True),
        ("https://sts.cn-north-1.amazonaws.com.cn", True),
        ("https://vpce-1.sts.eu-central-1.vpce.amazonaws.com", True),
        ("https://amazonaws.com.evil.example", False),
        ("http://127.0.0.1:4566", False),
    ],
)
def test_credentials_of_another_sts_go_to_no_console_of_awss_nor_the_other_way(sts, is_aws):
    mine = role(target=StsTarget(endpoint_url=sts))
    named = Console(lambda: HERE + "/")
    assert named.hosts(mine).sign_in == (PARTITIONS["aws"].sign_in if is_aws else f"{HERE}/aws")
    if not is_aws:
        with pytest.raises(errors.BadInput, match="another STS"):
            Console().hosts(mine)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, b"the-secret"), errors.AccessDenied),
        ((302, b""), errors.AccessDenied),
        ((200, b"<html>the-secret"), errors.AccessDenied),
        ((200, b'{"SigninToken": 1}'), errors.AccessDenied),
        ((200, b"[]"), errors.AccessDenied),
        ((503, b"the-secret"), errors.AwsUnavailable),
    ],
)
async def test_what_is_no_token_is_a_sentence_without_a_secret(asked, answer, error):
    asked.answer = answer
    with pytest.raises(error) as caught:
        await Console().sign_in(HELD, role(), Hop.FROM_KEYS, 3600, GOOD[0])
    assert "the-secret" not in caught.value.sentence + caught.value.hint


async def test_nobody_there_is_a_sentence_without_a_secret_and_a_redirect_is_not_followed(aiohttp_server_url):
    url, seen = aiohttp_server_url
    mine = role(target=StsTarget(endpoint_url="http://127.0.0.1:1"))
    for base, error in ((HERE, errors.NetworkDown), (url, errors.AccessDenied)):
        with pytest.raises(error) as caught:
            await Console(lambda base=base: base).sign_in(HELD, mine, Hop.FROM_KEYS, 3600, base)
        assert "the-secret" not in str(caught.value) + caught.value.hint
        assert caught.value.__cause__ is None
    assert seen == ["/aws/federation"]


@pytest.fixture
async def aiohttp_server_url():
    seen = []

    async def answer(request):
        seen.append(request.path)
        raise web.HTTPFound("/elsewhere")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    await runner.cleanup()


async def fetched(url, host=None, connection=None):
    """Status and Location of a page of 127.0.0.1."""
    at = urlsplit(url)
    reader, writer = connection or await asyncio.open_connection(at.hostname, at.port)
    writer.write(f"GET {at.path} HTTP/1.1\r\nHost: {host or at.netloc}\r\n\r\n".encode())
    head = (await reader.read()).decode().split("\r\n")
    writer.close()
    fields = dict(each.split(": ", 1) for each in head if ": " in each)
    return (int(head[0].split()[1]) if head[0] else None), fields.get("Location")


async def test_a_page_leads_one_browser_on_whatever_else_comes():
    pages = OneTimePages(lambda _client, _server: True)
    url = await pages.leading_to("https://signin.example/?secret")
    assert await fetched(url + "x") == (404, None)
    assert await fetched(url, host="evil.example") == (404, None)
    second = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)  # before the first has asked
    await asyncio.sleep(0.01)
    assert await fetched(url) == (303, "https://signin.example/?secret")
    assert await fetched(url, connection=second) == (404, None)
    with pytest.raises(ConnectionRefusedError):
        await fetched(url)
    pages.close()


async def test_a_page_is_for_its_own_user_and_for_a_minute(monkeypatch):
    pages = OneTimePages(lambda _client, _server: False)
    url = await pages.leading_to("https://signin.example/?secret")
    with contextlib.suppress(ConnectionError):  # cut
        assert await fetched(url) == (None, None)
    [made] = pages._open
    pages._end(made)  # what LASTS seconds later happens
    with pytest.raises(ConnectionRefusedError):
        await fetched(url)
    assert made._leads_to is None
    assert 10 < LASTS <= 120
