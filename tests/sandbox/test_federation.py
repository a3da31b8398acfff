"""The federation endpoint: whom it signs in, what it refuses, and what its console shows."""

import json
from dataclasses import replace
from urllib.parse import urlencode

import aiohttp
import pytest
from consoles import CONSOLES, with_consoles

from xacct.sandbox.sessions import Principal, SessionContext


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def at(url, sandbox, http):
    """Ask for a page: status, text, and where it leads."""
    sandbox.world = with_consoles(sandbox.world)

    async def get(path, **query):
        async with http.get(f"{url}{path}?{urlencode(query)}", allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers.get("Location")

    get.url = url
    return get


def session_of(sandbox, clock, partition="aws", *, role=True, chained=False):
    """Credentials of a partition's role, or of its user."""
    name, account = CONSOLES[partition]
    arn = f"arn:{partition}:sts::{account}:assumed-role/{name}/me"
    who = Principal(arn, account, "AROA", f"arn:{partition}:iam::{account}:role/{name}" if role else None)
    return sandbox.sts.state.sessions.issue(who, SessionContext(chained=chained), clock() + 3600)


def as_json(session, **changed):
    said = {"sessionId": session.key_id, "sessionKey": session.secret, "sessionToken": session.token} | changed
    return json.dumps(said)


async def token(at, session, partition="aws", text=None, **more):
    return await at(f"/{partition}/federation", Action="getSigninToken", Session=text or as_json(session), **more)


@pytest.mark.parametrize("partition", CONSOLES)
async def test_a_role_is_signed_in_once(at, sandbox, clock, http, partition):
    status, text, _ = await token(at, session_of(sandbox, clock, partition), partition, SessionDuration=43200)
    assert status == 200
    page = f"{at.url}/{partition}/console/s3/home"
    login = {"Action": "login", "Destination": page, "SigninToken": json.loads(text)["SigninToken"]}
    assert (await at(f"/{partition}/federation", **login))[0::2] == (302, page)
    assert (await at(f"/{partition}/federation", **login))[0] == 400
    async with http.get(page) as answer:
        assert f'<dd id="account">{CONSOLES[partition][1]}</dd>' in await answer.text()
    clock.advance(3601)
    async with http.get(page) as answer:
        assert answer.status == 401


async def test_what_is_refused(at, sandbox, clock):
    good = session_of(sandbox, clock)
    for found in (
        await token(at, good, text="no json"),
        await token(at, good, text=as_json(good, sessionKey="x")),
        await token(at, good, text=as_json(good, sessionId="x")),
        await token(at, good, text=as_json(good, sessionToken="x")),
        await token(at, session_of(sandbox, clock, role=False)),
        await token(at, good, "aws-cn"),
        await token(at, good, "aws-iso"),
        await token(at, good, SessionDuration=899),
        await token(at, good, SessionDuration="x"),
        await token(at, session_of(sandbox, clock, chained=True), SessionDuration=3600),
        await at("/aws/federation", Action="else"),
    ):
        assert found[0] == 400, found
    assert (await token(at, session_of(sandbox, clock, chained=True)))[0] == 200
    clock.advance(3601)
    assert (await token(at, good))[0] == 400


async def test_a_token_ends_and_leads_to_its_own_partition_alone(at, sandbox, clock):
    for destination, wait in (
        (f"{at.url}/aws-cn/console/", 0),
        ("https://evil.example/", 0),
        (f"{at.url}/aws/console/", 901),
    ):
        _, text, _ = await token(at, session_of(sandbox, clock))
        clock.advance(wait)
        login = {"Action": "login", "Destination": destination, "SigninToken": json.loads(text)["SigninToken"]}
        assert (await at("/aws/federation", **login))[0] == 400


async def test_what_a_call_was_is_recorded_without_a_secret(at, sandbox, clock):
    good = session_of(sandbox, clock)
    await token(at, good)
    [call] = [call for call in sandbox.calls if call.service == "federation"]
    assert (call.action, call.status, call.principal) == ("getSigninToken", 200, good.principal.arn)
    assert good.secret not in str(replace(call))
