"""The portal: accounts, roles, credentials that the STS beside it takes, and the end of a sign-in."""

from dataclasses import replace

import pytest

from xacct.sandbox.identity_center.default import DEVELOPER, OTHER_USER, enlarged
from xacct.sandbox.identity_center.instance import Account, Assignment, Instance, PermissionSet
from xacct.sandbox.trust import Statement
from xacct.sandbox.world import Role

CENTRAL, PROD, STAGING = "123456789012", "234567890123", "345678901234"
UNAUTHORIZED = ("UnauthorizedException", 401, "Session token not found or invalid")
FORBIDDEN = ("ForbiddenException", 403, "No access")


@pytest.fixture
async def token(signer):
    return (await signer.by_device())["accessToken"]


@pytest.fixture
def become(portal, token, connect):
    """Return a maker of STS clients that are a role of the user's."""

    async def become(role="Developer", account=CENTRAL):
        answer = await portal.get_role_credentials(roleName=role, accountId=account, accessToken=token)
        issued = answer["roleCredentials"]
        return connect(issued["accessKeyId"], issued["secretAccessKey"], issued["sessionToken"])

    return become


async def test_who_the_credentials_are(become, sandbox):
    sts = await become()
    who = await sts.get_caller_identity()
    [instance] = sandbox.world.instances
    name = instance.role_name(CENTRAL, "Developer")
    assert name.startswith("AWSReservedSSO_Developer_")
    assert len(name.removeprefix("AWSReservedSSO_Developer_")) == 16
    assert who["Arn"] == f"arn:aws:sts::{CENTRAL}:assumed-role/{name}/me@example.com"
    assert who["Account"] == CENTRAL
    assert who["UserId"].startswith("AROA")
    assert who["UserId"].endswith(":me@example.com")


async def test_they_last_as_long_as_the_permission_set_says(portal, token, become, clock, refused):
    given = {"accountId": STAGING, "accessToken": token}
    short = await portal.get_role_credentials(roleName="Developer", **given)
    long = await portal.get_role_credentials(roleName="ReadOnlyAccess", **given)
    assert short["roleCredentials"]["expiration"] == int((clock.now + 3600) * 1000)
    assert long["roleCredentials"]["expiration"] == int((clock.now + 14400) * 1000)
    sts = await become()
    clock.advance(3600)
    assert (await refused(sts.get_caller_identity()))[1] == "ExpiredToken"


async def test_they_outlive_the_sign_in(become, portal, token):
    sts = await become()
    await portal.logout(accessToken=token)
    assert await sts.get_caller_identity()


async def test_a_role_is_assumed_from_them_for_an_hour(become, arn, refused):
    sts = await become()
    given = {"RoleArn": arn("open"), "RoleSessionName": "chained"}
    answer = await sts.assume_role(**given)
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/open-role/chained")
    status, code, message = await refused(sts.assume_role(**given, DurationSeconds=3601))
    assert (status, code) == (400, "ValidationError")
    assert "1 hour session limit for roles assumed by role chaining" in message


async def test_a_trust_policy_decides(become, sandbox, arn, refused):
    [instance] = sandbox.world.instances
    trusted = instance.role_arn(CENTRAL, "Developer")
    assert trusted.startswith(
        f"arn:aws:iam::{CENTRAL}:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_"
    )
    mine, other = (
        Role(name, PROD, (Statement((principal,)),))
        for name, principal in (("mine", trusted), ("other", trusted + "x"))
    )
    sandbox.world = replace(sandbox.world, roles=(*sandbox.world.roles, mine, other))
    sts = await become()
    assert await sts.assume_role(RoleArn=mine.arn, RoleSessionName="me")
    assert (await refused(sts.assume_role(RoleArn=other.arn, RoleSessionName="me")))[1] == "AccessDenied"
    # Identity Center's own second factor is nothing that aws:MultiFactorAuthPresent knows.
    assert (await refused(sts.assume_role(RoleArn=arn("prod"), RoleSessionName="me")))[1] == "AccessDenied"
    from_elsewhere = await become("ReadOnlyAccess", PROD)
    assert (await refused(from_elsewhere.assume_role(RoleArn=mine.arn, RoleSessionName="me")))[1] == "AccessDenied"


def test_roles_of_one_region_have_none_in_their_path():
    arn = Instance("https://x.awsapps.com/start", "us-east-1", ("me",)).role_arn(CENTRAL, "Developer")
    assert ":role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Developer_" in arn


async def test_accounts_and_roles(portal, token):
    accounts = (await portal.list_accounts(accessToken=token))["accountList"]
    assert accounts == [
        {"accountId": CENTRAL, "accountName": "central", "emailAddress": "central@example.com"},
        {"accountId": PROD, "accountName": "production", "emailAddress": "production@example.com"},
        {"accountId": STAGING, "accountName": "staging", "emailAddress": "staging@example.com"},
    ]
    answer = await portal.list_account_roles(accessToken=token, accountId=STAGING)
    assert answer["roleList"] == [
        {"roleName": "Developer", "accountId": STAGING},
        {"roleName": "ReadOnlyAccess", "accountId": STAGING},
    ]
    assert "nextToken" not in answer


async def test_another_user_sees_what_is_his(signer, portal, fails):
    token = (await signer.by_device(user=OTHER_USER))["accessToken"]
    answer = await portal.list_accounts(accessToken=token)
    assert [account["accountId"] for account in answer["accountList"]] == [STAGING]
    assert await fails(portal.list_account_roles(accessToken=token, accountId=PROD)) == FORBIDDEN


async def test_pages(portal, token, change):
    ids = [f"{number:012d}" for number in range(1, 251)]
    roles = tuple(PermissionSet(f"Role{number:03d}") for number in range(30))
    change(
        accounts=tuple(Account(number, f"a{number}", "a@example.com") for number in ids),
        permission_sets=roles,
        assignments=tuple(
            Assignment("me@example.com", number, role.name)
            for number in ids
            for role in (roles if number == ids[0] else roles[:1])
        ),
    )
    found, sizes, again = [], [], {}
    while True:
        answer = await portal.list_accounts(accessToken=token, maxResults=100, **again)
        sizes.append(len(answer["accountList"]))
        assert len(sizes) <= 3
        found += [account["accountId"] for account in answer["accountList"]]
        if "nextToken" not in answer:
            break
        again = {"nextToken": answer["nextToken"]}
    assert (found, sizes) == (ids, [100, 100, 50])
    first = await portal.list_account_roles(accessToken=token, accountId=ids[0])
    assert len(first["roleList"]) == 20
    rest = await portal.list_account_roles(accessToken=token, accountId=ids[0], nextToken=first["nextToken"])
    assert len(rest["roleList"]) == 10


async def test_a_page_of_something_else(portal, token, fails):
    first = await portal.list_account_roles(accessToken=token, accountId=STAGING, maxResults=1)
    refused = ("InvalidRequestException", 400, "next_token is not valid")
    for wrong in (first["nextToken"], "x", "&", "YWNjb3VudHMgLTE="):
        assert await fails(portal.list_accounts(accessToken=token, nextToken=wrong)) == refused


@pytest.mark.parametrize("size", ["0", "101", "1000", "-1", "ten", ""])
async def test_how_large_a_page_may_be(portal, token, fails, size):
    refused = await fails(portal.list_accounts(accessToken=token, maxResults=size))
    assert refused == ("InvalidRequestException", 400, "max_result is not between 1 and 100")


@pytest.mark.parametrize(
    ("role", "account", "refusal"),
    [
        ("Developer", PROD, FORBIDDEN),
        ("Nothing", CENTRAL, FORBIDDEN),
        ("Developer", "999999999999", ("ResourceNotFoundException", 404, "Account not found")),
        ("Developer", "12345", ("InvalidRequestException", 400, "account_id is not valid")),
        ("Developer", "", ("InvalidRequestException", 400, "account_id is required")),
        ("", CENTRAL, ("InvalidRequestException", 400, "role_name is required")),
    ],
)
async def test_roles_that_are_not_the_users(portal, token, fails, role, account, refusal):
    assert await fails(portal.get_role_credentials(roleName=role, accountId=account, accessToken=token)) == refusal


async def test_a_role_that_was_taken_away(portal, token, change, fails):
    change(assignments=())
    given = {"roleName": "Developer", "accountId": CENTRAL, "accessToken": token}
    assert await fails(portal.get_role_credentials(**given)) == FORBIDDEN
    assert (await portal.list_accounts(accessToken=token))["accountList"] == []


async def test_an_account_that_is_suspended_is_listed_and_gives_nothing(portal, token, change, fails):
    change(suspended=frozenset({STAGING}))
    accounts = (await portal.list_accounts(accessToken=token))["accountList"]
    assert STAGING in [account["accountId"] for account in accounts]
    given = {"accessToken": token, "accountId": STAGING}
    assert await fails(portal.list_account_roles(**given)) == FORBIDDEN
    assert await fails(portal.get_role_credentials(roleName="Developer", **given)) == FORBIDDEN


async def test_a_large_instance(portal, token, sandbox):
    [instance] = sandbox.world.instances
    sandbox.world = replace(sandbox.world, instances=(enlarged(instance, 120),))
    first = await portal.list_accounts(accessToken=token, maxResults=100)
    rest = await portal.list_accounts(accessToken=token, maxResults=100, nextToken=first["nextToken"])
    accounts = first["accountList"] + rest["accountList"]
    assert len(accounts) == 3 + 120
    assert len({account["accountName"] for account in accounts}) == 123
    answer = await portal.list_account_roles(accessToken=token, accountId=accounts[-1]["accountId"])
    assert len(answer["roleList"]) == 3


async def test_an_account_that_is_none(portal, token, fails):
    refused = await fails(portal.list_account_roles(accessToken=token, accountId="999999999999"))
    assert refused == ("ResourceNotFoundException", 404, "Account not found")


async def test_a_token_that_nobody_gave(portal, fails):
    given = {"roleName": "Developer", "accountId": CENTRAL, "accessToken": "guess"}
    assert await fails(portal.get_role_credentials(**given)) == UNAUTHORIZED
    assert await fails(portal.list_accounts(accessToken="guess")) == UNAUTHORIZED
    assert await fails(portal.list_account_roles(accessToken="guess", accountId=CENTRAL)) == UNAUTHORIZED
    assert await fails(portal.logout(accessToken="guess")) == UNAUTHORIZED


async def test_no_token_at_all(http, url):
    async with http.get(f"{url}/assignment/accounts") as answer:
        assert answer.status == 401
        assert await answer.json() == {
            "message": "Session token not found or invalid",
            "__type": "com.amazonaws.switchboard.portal#UnauthorizedException",
        }


async def test_an_instance_that_is_gone(portal, token, sandbox, fails):
    sandbox.world = replace(sandbox.world, instances=())
    assert await fails(portal.list_accounts(accessToken=token)) == UNAUTHORIZED


async def test_logout_ends_the_sign_in(signer, portal, fails):
    token = await signer.by_device()
    await portal.logout(accessToken=token["accessToken"])
    assert await fails(portal.list_accounts(accessToken=token["accessToken"])) == UNAUTHORIZED
    assert await fails(signer.refresh(token)) == ("InvalidGrantException", 400, "invalid_grant")


def test_the_developers_credentials_last_an_hour():
    assert DEVELOPER.seconds == 3600
