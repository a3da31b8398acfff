"""The books, the faults, and the human's and administrator's part over HTTP."""

import json

import pytest
from botocore.exceptions import ConnectionClosedError

from xacct.sandbox.identity_center.kept import Kept

CENTRAL = "123456789012"
CONTROL = "/_sandbox/identity-center"


@pytest.fixture
def post(http, url):
    async def post(path, body):
        data = body if isinstance(body, str) else json.dumps(body)
        async with http.post(url + path, data=data) as answer:
            return answer.status, await answer.json()

    return post


@pytest.fixture
def show(http, url):
    async def show(path=CONTROL):
        async with http.get(url + path) as answer:
            return await answer.json()

    return show


async def test_the_books_have_each_call_and_no_secret(signer, portal, sandbox, show, fails):
    await signer.register()
    started = await signer.start()
    await fails(signer.poll(started))
    sandbox.identity_center.answer()
    token = await signer.poll(started)
    again = await signer.refresh(token)
    given = {"accessToken": again["accessToken"], "accountId": CENTRAL}
    issued = (await portal.get_role_credentials(roleName="Developer", **given))["roleCredentials"]
    await portal.list_accounts(accessToken=again["accessToken"])
    await portal.list_account_roles(**given)
    await portal.logout(accessToken=again["accessToken"])
    calls = await show("/_sandbox/calls")
    device, user = "urn:ietf:params:oauth:grant-type:device_code", "me@example.com"
    told = [(c["service"], c["action"], c["grant"], c["principal"], c["status"], c["error"]) for c in calls]
    assert told == [
        ("sso-oidc", "RegisterClient", None, None, 200, None),
        ("sso-oidc", "StartDeviceAuthorization", None, None, 200, None),
        ("sso-oidc", "CreateToken", device, None, 400, "AuthorizationPendingException"),
        ("sso-oidc", "CreateToken", device, user, 200, None),
        ("sso-oidc", "CreateToken", "refresh_token", user, 200, None),
        ("sso", "GetRoleCredentials", None, user, 200, None),
        ("sso", "ListAccounts", None, user, 200, None),
        ("sso", "ListAccountRoles", None, user, 200, None),
        ("sso", "Logout", None, user, 200, None),
    ]
    [instance] = sandbox.world.instances
    assert calls[5]["role_arn"] == instance.role_arn(CENTRAL, "Developer")
    secrets = [
        signer.keys["clientSecret"], started["deviceCode"], token["accessToken"], token["refreshToken"],
        again["accessToken"], again["refreshToken"], issued["secretAccessKey"], issued["sessionToken"],
    ]  # fmt: skip
    seen = json.dumps([calls, await show()])
    assert [secret for secret in secrets if secret in seen] == []


async def test_the_browsers_part_is_in_the_books(signer, sandbox):
    await signer.code()
    await signer.authorize(response_type="token")
    await signer.authorize(redirect_uri="http://[::1]/oauth/callback")
    told = [(c.action, c.status, c.error) for c in sandbox.calls if c.action == "Authorize"]
    assert told == [
        ("Authorize", 200, None),
        ("Authorize", 303, "InvalidRequestException"),
        ("Authorize", 400, "InvalidRedirectUriException"),
    ]


async def test_a_human_over_http(signer, post, show):
    await signer.register()
    started = await signer.start()
    shown = await show()
    assert [(each["user_code"], each["client_name"]) for each in shown["devices"]] == [
        (started["userCode"], "a client")
    ]
    status, told = await post(f"{CONTROL}/answer", {"user_code": started["userCode"], "user": "colleague@example.com"})
    assert (status, told["user_code"]) == (200, started["userCode"])
    assert await signer.poll(started)
    [begun] = (await show())["sign_ins"]
    assert (begun["user"], begun["over"]) == ("colleague@example.com", False)
    assert await post(f"{CONTROL}/revoke", {"user": "colleague@example.com"}) == (200, {"revoked": 1})
    assert [each["over"] for each in (await show())["sign_ins"]] == [True]


async def test_a_no_over_http(signer, post, fails):
    await signer.register()
    started = await signer.start()
    assert (await post(f"{CONTROL}/answer", {"answer": "deny"}))[0] == 200
    assert (await fails(signer.poll(started)))[0] == "AccessDeniedException"


@pytest.mark.parametrize(("answer", "brings"), [("allow", None), ("deny", "AccessDeniedException")])
async def test_a_human_who_answers_all_at_once(signer, post, fails, answer, brings):
    assert await post(f"{CONTROL}/consent", {"answer": answer}) == (200, {"answer": answer, "user": None})
    await signer.register()
    call = signer.poll(await signer.start())
    if brings is None:
        assert await call
    else:
        assert (await fails(call))[0] == brings


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("answer", "", "No sign-in waits for an answer."),
        ("answer", {"user_code": "XXXX-XXXX"}, "No sign-in waits for this code."),
        ("answer", {"answer": "perhaps"}, "An answer is allow or deny."),
        ("answer", {"code": "x"}, "Unknown field 'code'. Use user_code, answer, user."),
        ("answer", {"user": 1}, "Field 'user' can't be 1."),
        ("answer", "[]", 'The body must be a JSON object, like {"answer": "allow"}.'),
        ("consent", {}, "answer must be one of: ask, allow, deny."),
        ("consent", {"answer": "yes"}, "answer must be one of: ask, allow, deny."),
        ("revoke", "{", 'The body must be a JSON object, like {"user": "me@example.com"}.'),
    ],
)
async def test_what_cannot_be_said(post, path, body, sentence):
    assert await post(f"{CONTROL}/{path}", body) == (400, {"error": sentence})


@pytest.mark.parametrize(
    ("kind", "oidc_fails", "portal_fails"),
    [
        ("throttling", ("SlowDownException", 400), ("TooManyRequestsException", 429)),
        ("500", ("InternalServerException", 500), ("InternalFailure", 500)),
        ("503", ("ServiceUnavailableException", 503), ("ServiceUnavailableException", 503)),
    ],
)
async def test_faults_strike_the_service_that_they_are_for(
    signer, portal, sandbox, fails, user, kind, oidc_fails, portal_fails
):
    token = await signer.by_device()
    sandbox.faults.add(kind, service="sso")
    sandbox.faults.add(kind, service="sso-oidc")
    assert await user.get_caller_identity()
    assert (await fails(signer.refresh(token)))[:2] == oidc_fails
    assert (await fails(portal.list_accounts(accessToken=token["accessToken"])))[:2] == portal_fails
    assert await signer.refresh(token)
    assert await portal.list_accounts(accessToken=token["accessToken"])


async def test_who_is_throttled_is_told_when_to_come_again(http, url, signer, sandbox):
    headers = {"x-amz-sso_bearer_token": (await signer.by_device())["accessToken"]}
    for delay, said in ((2, "2"), (0, None)):
        sandbox.faults.add("throttling", service="sso", delay=delay)
        async with http.get(f"{url}/assignment/accounts", headers=headers) as answer:
            assert (answer.status, answer.headers.get("Retry-After")) == (429, said)


async def test_tokens_that_are_bad_before_their_time(signer, portal, sandbox, fails):
    token = await signer.by_device()
    sandbox.faults.add("expired-token", service="sso")
    sandbox.faults.add("expired-token", service="sso-oidc")
    sandbox.faults.add("invalid-key", service="sso-oidc")
    accounts = {"accessToken": token["accessToken"]}
    assert (await fails(portal.list_accounts(accessToken="guess")))[1] == 401
    assert (await fails(portal.list_accounts(**accounts)))[1] == 401
    assert await portal.list_accounts(**accounts)
    assert (await fails(signer.refresh(token)))[0] == "InvalidClientException"
    assert (await fails(signer.refresh(token)))[0] == "InvalidGrantException"
    assert await signer.refresh(token)


async def test_a_reset_a_delay_and_a_skewed_clock(signer, portal, sandbox, sleeps, clock):
    token = await signer.by_device()
    accounts = {"accessToken": token["accessToken"]}
    sandbox.faults.add("reset", service="sso")
    with pytest.raises(ConnectionClosedError):
        await portal.list_accounts(**accounts)
    assert (sandbox.calls[-1].action, sandbox.calls[-1].status) == ("ListAccounts", 0)
    sandbox.faults.add("delay", delay=7, service="sso")
    sandbox.faults.add("skew", skew=3600, service="sso")
    answer = await portal.list_accounts(**accounts)
    assert sleeps == [7]
    assert answer["ResponseMetadata"]["HTTPHeaders"]["date"] == "Fri, 15 Jan 2027 09:00:05 GMT"


async def test_a_fault_of_a_service_that_there_is_not(post):
    status, told = await post("/_sandbox/faults", {"kind": "500", "service": "s3"})
    assert (status, told["error"]) == (400, "Unknown service 's3'. Use one of: sts, iam, sso-oidc, sso, signin.")
    status, told = await post("/_sandbox/faults", {"kind": "500", "service": "sso"})
    assert (status, told["service"]) == (200, "sso")


def test_what_is_kept_has_a_limit_and_the_oldest_goes():
    kept = Kept(limit=2)
    for name in "abc":
        kept.put(name, name.upper())
    assert list(kept) == ["B", "C"]
    assert kept.get("a") is None
    kept.drop("b")
    kept.drop("b")
    assert list(kept) == ["C"]
