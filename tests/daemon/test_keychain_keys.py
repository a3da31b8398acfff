"""The daemon's side of a rotation: one at a time, on its own where whoever asked has gone, and never handed over."""

import asyncio
from types import SimpleNamespace

import pytest
from waiting import PATIENCE, until

from xacct import errors
from xacct.awsfiles import named
from xacct.daemon.keychain_keys import KeychainKeys
from xacct.daemon.rotation import Outcome
from xacct.daemon.run import Run
from xacct.model import Credentials


class FakeRotator:
    """Rotates when it is told to."""

    def __init__(self):
        self.goes, self.done, self.asked = asyncio.Event(), [], None

    async def rotate(self, asked):
        self.asked = asked
        await self.goes.wait()
        await asked.tell("made", "WXYZ")
        self.done.append(asked.given_up.is_set())
        return Outcome("WXYZ", "arn:aws:iam::123456789012:user/u", "MPLE", "inactive")


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "config").write_text("[profile central]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:1\n")
    env = {"AWS_CONFIG_FILE": f"{tmp_path}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/none", "HOME": "/h"}
    rotator = FakeRotator()
    dropped = []

    async def drop(_where, profile):
        dropped.append(profile)

    async def reload():
        pass

    keys = KeychainKeys(SimpleNamespace(rows=(), drop=drop), None, env, lambda: named(env, "/"), reload, rotator)
    keys.rotator, keys.dropped = rotator, dropped
    return keys


async def test_a_key_is_rotated_once_at_a_time_and_goes_on_without_its_asker(keys):
    told = []

    async def tell(event):
        told.append(event)

    first = asyncio.ensure_future(keys.rotate(None, "central", None, {}, tell))
    await until(lambda: keys.rotator.asked, "its beginning")
    with pytest.raises(errors.RotationUnfinished, match="is being rotated"):
        async with asyncio.timeout(PATIENCE):
            await keys.rotate(None, "central", None, {}, tell)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert keys.rotating
    keys.rotator.goes.set()
    await until(lambda: not keys.rotating, "its end")
    assert keys.rotator.done == [True], "and knows that nobody waits"
    assert told == [], "nothing is told to whoever has gone"


async def test_it_goes_on_where_whoever_asked_cannot_be_told_any_more(keys):
    """Its connection is lost before the request that it came by has heard so."""

    async def tell(_event):
        raise ConnectionResetError

    keys.rotator.goes.set()
    done = await keys.rotate(None, "central", None, {}, tell)
    assert keys.rotator.done == [True], "and knows that nobody waits"
    assert done["ends"] == "WXYZ"


async def test_a_key_that_is_being_rotated_is_not_removed(keys):
    """Another one, added then in its place, would be overwritten by what was made for the former user."""

    async def tell(_event):
        pass

    rotating = asyncio.ensure_future(keys.rotate(None, "central", None, {}, tell))
    await until(lambda: keys.rotator.asked, "its beginning")
    with pytest.raises(errors.RotationUnfinished, match="is being rotated"):
        async with asyncio.timeout(PATIENCE):
            await keys.remove(None, "central")
    assert keys.dropped == []
    keys.rotator.goes.set()
    await rotating
    await keys.remove(None, "central")
    assert keys.dropped == ["central"]


async def test_it_is_asked_where_the_profile_says(keys):
    keys.rotator.goes.set()

    async def tell(event):
        assert event == {"event": "rotating", "step": "made", "ends": "WXYZ"}

    done = await keys.rotate(None, "central", None, {"delete": True}, tell)
    assert (done["event"], done["old_is"]) == ("rotated", "inactive")
    asked = keys.rotator.asked
    assert asked.iam.target.endpoint_url == asked.sts.target.endpoint_url == "http://127.0.0.1:1"
    assert asked.delete


async def test_a_key_is_checked_where_the_profile_says_once_the_keychain_has_given_it(tmp_path):
    """Somebody may have had to answer a dialog of the keychain's first."""
    config, asked = tmp_path / "config", []
    config.write_text("[profile central]\nendpoint_url = http://127.0.0.1:1\n")
    env = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/none", "HOME": "/h"}

    async def read_back(_where, _profile):
        config.write_text("[profile central]\nendpoint_url = http://127.0.0.1:2\n")
        return Credentials("AKIAIOSFODNN7EXAMPLE", "long-term")

    async def get_caller_identity(_keys, role):
        asked.append(role.target.endpoint_url)
        return "arn:aws:iam::123456789012:user/u"

    kept = SimpleNamespace(of_files=lambda _where: {"central": "digest"}, read_back=read_back)
    sts = SimpleNamespace(get_caller_identity=get_caller_identity)
    await KeychainKeys(kept, sts, env, lambda: named(env, "/"), None, None).check(None, "central")
    assert asked == ["http://127.0.0.1:2"]


def test_no_successor_takes_over_from_a_rotation():
    app = SimpleNamespace(
        keeper=SimpleNamespace(broker=SimpleNamespace(open_prompts=[]), quiet=True),
        keychain_keys=SimpleNamespace(rotating=True),
    )
    run = SimpleNamespace(_app=app, _api=SimpleNamespace(changing=0))
    assert Run.busy_with.fget(run) == "An access key is being rotated."
    app.keychain_keys.rotating = False
    assert Run.busy_with.fget(run) is None
