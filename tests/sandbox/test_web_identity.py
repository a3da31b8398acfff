"""AssumeRoleWithWebIdentity enforces what AWS enforces."""

import base64
from dataclasses import replace
from urllib.parse import urlencode

import aiohttp
import pytest

from xacct.sandbox.trust import Condition, Statement
from xacct.sandbox.web_identity import ASSUME_ROLE_WITH_WEB_IDENTITY, token
from xacct.sandbox.world import IdentityProvider, Role

PROVIDER = IdentityProvider("https://ci.example.com", "234567890123", "sts.amazonaws.com", "key")
TRUST = Statement(
    (PROVIDER.arn,), (Condition("StringEquals", "ci.example.com:sub", ("me",)),), (ASSUME_ROLE_WITH_WEB_IDENTITY,)
)
PACKED = base64.urlsafe_b64encode(b'{"iss":"https://ci.example.com","exp":9999999999}').decode().rstrip("=")
"""Claims without a subject."""

ROLE = Role("deploy", "234567890123", (TRUST,))


@pytest.fixture
def assume(sandbox, url):
    """Call it without a signature: the status, and the answer's text."""
    sandbox.world = replace(sandbox.world, roles=(*sandbox.world.roles, ROLE), providers=(PROVIDER,))

    async def call(web_token, **more):
        given = {
            "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE.arn,
            "RoleSessionName": "build", "WebIdentityToken": web_token, **more,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=urlencode(given), headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    return call


async def test_a_token_is_changed_for_the_role(assume, clock, connect):
    status, text = await assume(token(PROVIDER, "me", clock.now + 60))
    assert status == 200
    found = {
        name: text.partition(f"<{name}>")[2].partition("<")[0]
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    }
    who = await connect(*found.values()).get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::234567890123:assumed-role/deploy/build"


@pytest.mark.parametrize(
    ("made", "more", "status", "says"),
    [
        (lambda now: token(PROVIDER, "me", now), {}, 400, "ExpiredTokenException"),
        (lambda now: token(PROVIDER, "somebody", now + 60), {}, 403, "Not authorized"),
        (lambda now: token(PROVIDER, "me", now + 60, "another"), {}, 400, "Incorrect token audience"),
        (lambda now: token(replace(PROVIDER, key="k"), "me", now + 60), {}, 400, "signature is invalid"),
        (lambda now: token(replace(PROVIDER, issuer="https://x.example"), "me", now + 60), {}, 400, "No OpenIDConnect"),
        (lambda _: "a.b.c", {}, 400, "InvalidIdentityToken"),
        (lambda _: "nonsense", {}, 400, "InvalidIdentityToken"),
        (lambda _: f"x.{PACKED}.y", {}, 400, "not a valid JWT"),
        (lambda now: token(PROVIDER, "me", now + 60), {"RoleArn": f"{ROLE.arn}x"}, 403, "Not authorized"),
        (lambda now: token(PROVIDER, "me", now + 60), {"DurationSeconds": "7200"}, 400, "MaxSessionDuration"),
        (lambda now: token(PROVIDER, "me", now + 60), {"DurationSeconds": "60"}, 400, "ValidationError"),
    ],
)
async def test_what_is_refused(assume, clock, made, more, status, says):
    found = await assume(made(clock.now), **more)
    assert found[0] == status
    assert says in found[1]


async def test_a_role_that_trusts_a_user_trusts_no_token(assume, sandbox, clock):
    other = next(role for role in sandbox.world.roles if role.name == "open-role")
    assert (await assume(token(PROVIDER, "me", clock.now + 60), RoleArn=other.arn))[0] == 403
