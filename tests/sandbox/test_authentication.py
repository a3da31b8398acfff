from dataclasses import replace

from xacct.sandbox import keys
from xacct.sandbox.default_world import USER_NAME

INVALID = (
    403,
    "InvalidClientTokenId",
    "The security token included in the request is invalid.",
)


async def test_an_unknown_key(connect, refused, sandbox):
    stranger = connect(keys.access_key_id("AKIA", "123456789012"), keys.secret_access_key())
    assert await refused(stranger.get_caller_identity()) == INVALID
    assert sandbox.calls[-1].principal is None


async def test_a_wrong_secret(connect, refused, sandbox):
    key = sandbox.world.users[0].keys[0]
    thief = connect(key.key_id, keys.secret_access_key())
    assert (await refused(thief.get_caller_identity()))[:2] == (403, "SignatureDoesNotMatch")
    assert sandbox.calls[-1].principal is None


async def test_a_token_of_another_session(user, connect, refused):
    one = (await user.get_session_token())["Credentials"]
    other = (await user.get_session_token())["Credentials"]
    mixed = connect(one["AccessKeyId"], one["SecretAccessKey"], other["SessionToken"])
    assert await refused(mixed.get_caller_identity()) == INVALID
    tokenless = connect(one["AccessKeyId"], one["SecretAccessKey"])
    assert await refused(tokenless.get_caller_identity()) == INVALID


async def test_a_deactivated_and_a_deleted_key(user, sandbox, refused):
    assert await user.get_caller_identity()
    owner = sandbox.world.users[0]
    for left in ((replace(owner.keys[0], active=False),), ()):
        sandbox.world = replace(sandbox.world, users=(replace(owner, keys=left),))
        assert await refused(user.get_caller_identity()) == INVALID


async def test_a_signature_off_by_more_than_five_minutes(user, clock, sandbox, refused):
    # The client signs by `clock`; the sandbox runs with an offset to it.
    sandbox.faults.add("skew", skew=301, seconds=60)
    status, code, sentence = await refused(user.get_caller_identity())
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert sentence == (
        "Signature expired: 20270115T080005Z is now earlier than 20270115T080006Z (20270115T080506Z - 5 min.)"
    )
    sandbox.faults.clear()
    sandbox.faults.add("skew", skew=-301)
    assert (await refused(user.get_caller_identity()))[2] == (
        "Signature not yet current: 20270115T080005Z is still later than 20270115T080004Z (20270115T075504Z + 5 min.)"
    )
    assert await user.get_caller_identity()


async def test_who_am_i(user, sandbox):
    who = await user.get_caller_identity()
    assert who["Arn"] == f"arn:aws:iam::123456789012:user/{USER_NAME}"
    assert who["Account"] == "123456789012"
    assert who["UserId"].startswith("AIDA")


async def test_whose_key_is_it(user, refused):
    theirs = keys.access_key_id("AKIA", "234567890123")
    assert (await user.get_access_key_info(AccessKeyId=theirs))["Account"] == "234567890123"
    status, code, sentence = await refused(user.get_access_key_info(AccessKeyId="short"))
    assert (status, code) == (400, "ValidationError")
    assert "'accessKeyId'" in sentence
    status, code, _ = await refused(user.get_access_key_info(AccessKeyId="AKIA" + "1" * 16))
    assert (status, code) == (400, "ValidationError")


async def test_reprs_hold_no_secrets(user, sandbox):
    issued = (await user.get_session_token())["Credentials"]
    owner = sandbox.world.users[0]
    everything = repr((sandbox.world, sandbox.sts.state, sandbox.calls))
    everything += repr(list(sandbox.sts.state.sessions._sessions.values()))
    for secret in (
        owner.keys[0].secret,
        owner.mfa.seed,
        issued["SecretAccessKey"],
        issued["SessionToken"],
    ):
        assert secret not in everything
