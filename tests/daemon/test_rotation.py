"""An access key's rotation, against the sandbox's IAM: what is left when a step fails, or xacctd ends between two."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from waiting import PATIENCE, until

from xacct import errors
from xacct.aws.iam import Iam
from xacct.aws.sts import Sts
from xacct.clock import AwsClock
from xacct.daemon.rotation import Asked, Rotator
from xacct.host import clock as host_clock
from xacct.model import Credentials, Role, Source, StsTarget
from xacct.sandbox.default_world import default_world
from xacct.sandbox.server import Sandbox
from xacct.sandbox.world import KEY_ACTIONS
from xacct.state import access_keys, key_index, rows_file
from xacct.state.access_keys import AccessKeys, digest
from xacct.state.asking import Asking

WHERE = ("/home/u/.aws/config", "/home/u/.aws/credentials")


class Dead(Exception):
    """What a process that was killed does not do."""


class Items:
    """A keychain that outlives the daemon."""

    def __init__(self, place):
        self.items, self._place = {}, place

    def get(self, account):
        return self.items.get(account)

    def put(self, account, _label, secret):
        self._place.effect("keychain")
        self.items[account] = secret

    def drop(self, account):
        self._place.effect("keychain")
        self.items.pop(account, None)


class Watched:
    """IAM, each of whose changes is an effect; `trouble` is what becomes of a call, before or after it."""

    def __init__(self, iam, place):
        self._iam, self._place = iam, place
        self.before, self.after = {}, {}

    def __getattr__(self, name):
        async def call(*args):
            if name not in ("access_keys", "last_used"):
                self._place.effect(name)
            if name in self.before:
                raise self.before[name]
            got = await getattr(self._iam, name)(*args)
            if name in self.after:
                raise self.after[name]
            return got

        return call


class Place:
    """A sandbox, a keychain with one key in it, and a daemon's rotator; `daemon` makes the next one."""

    def __init__(self, path, monkeypatch):
        self.offset, self.steps, self.effects, self.lives = 0.0, [], [], None
        self.sandbox = Sandbox(default_world(), clock=self.now)
        self.index = path / "keychain-keys.json"
        self.items = Items(self)
        self.given_up = asyncio.Event()
        clock = AwsClock(host_clock.read)
        self.sts = Sts(clock)
        self.iam, self.close = Watched(Iam(self.sts), self), self.sts.close
        write = rows_file.write

        def written(*args):
            self.effect("index")
            write(*args)

        monkeypatch.setattr(rows_file, "write", written)

    def now(self):
        return time.time() + self.offset

    def effect(self, what):
        """Something that outlives the process; none any more once it is dead."""
        if self.lives is not None and len(self.effects) >= self.lives:
            raise Dead
        self.effects.append(what)

    async def sleep(self, seconds):
        self.offset += seconds
        await asyncio.sleep(0)

    def daemon(self):
        self.kept = AccessKeys(self.index, self.items, self.now)
        return Rotator(self.kept, self.sts, self.iam, self.now, self.sleep)

    async def begin(self, url):
        self.old = self.users[0]
        role = Role(
            name="central",
            parent=Source("central", "keychain"),
            region="eu-central-1",
            target=StsTarget(endpoint_url=url),
        )
        self.asked = Asked(WHERE, "central", role, role, None, False, self.tell, self.given_up)
        self.daemon()
        await self.kept.add(WHERE, "central", Credentials(self.old.key_id, self.old.secret))
        self.effects.clear()

    async def tell(self, step, _ends):
        self.steps.append(step)

    @property
    def users(self):
        """The user's keys at AWS."""
        return self.sandbox.world.users[0].keys

    def change(self, **how):
        user = replace(self.sandbox.world.users[0], **how)
        self.sandbox.world = replace(self.sandbox.world, users=(user, *self.sandbox.world.users[1:]))

    async def served(self):
        """The id of the key that a fetch gets of the next daemon, which AWS takes."""
        kept = AccessKeys(self.index, self.items, self.now)
        keys = await kept.get(WHERE, "central")
        await self.sts.get_caller_identity(keys, self.asked.sts)
        return keys.access_key_id

    @property
    def rotation(self):
        [row] = key_index.read(self.index)
        return row.rotation


@pytest.fixture
async def place(tmp_path, monkeypatch):
    place = Place(tmp_path, monkeypatch)
    async with place.sandbox.serve() as url:
        await place.begin(url)
        yield place
        await place.close()


async def test_a_key_is_made_proved_switched_to_and_the_old_one_inactive(place):
    done = await place.daemon().rotate(place.asked)
    old, new = place.users
    assert (done.ends, done.old, done.old_is) == (new.key_id[-4:], old.key_id[-4:], "inactive")
    assert not old.active
    assert await place.served() == new.key_id
    assert place.steps == ["made", "works", "switched", "retired"]
    text = place.index.read_text()
    assert not [word for key in place.users for word in (key.key_id, key.secret) if word in text]
    assert place.rotation.step == "retired"


async def test_what_the_old_key_has_opened_is_of_the_same_source(place):
    before = place.kept.of_files(WHERE)
    await place.daemon().rotate(place.asked)
    assert AccessKeys(place.index, place.items, place.now).of_files(WHERE) == before


async def test_the_old_key_is_deleted_where_that_is_asked_for(place):
    done = await place.daemon().rotate(replace(place.asked, delete=True))
    [new] = place.users
    assert done.old_is == "deleted"
    assert await place.served() == new.key_id
    assert place.rotation is None


async def test_finish_deletes_the_old_key(place):
    await place.daemon().rotate(place.asked)
    with pytest.raises(errors.RotationUnfinished, match="is inactive and still there"):
        await place.daemon().rotate(place.asked)
    done = await place.daemon().finish(place.asked)
    assert done.old_is == "deleted"
    [new] = place.users
    assert await place.served() == new.key_id
    with pytest.raises(errors.BadInput, match="No rotation"):
        await place.daemon().finish(place.asked)


async def test_a_new_key_is_waited_for(place):
    place.sandbox.world = replace(place.sandbox.world, key_delay=20.0)
    await place.daemon().rotate(place.asked)
    assert 20 <= place.offset < 40
    assert place.steps[-1] == "retired"


async def test_and_not_for_ever(place):
    place.sandbox.world = replace(place.sandbox.world, key_delay=1e6)
    with pytest.raises(errors.BadKey, match=r"did not work in time\. The old key counts on; the new one"):
        await place.daemon().rotate(place.asked)
    assert 120 <= place.offset < 130
    assert place.users == (place.old,)
    assert place.rotation is None


async def test_two_keys_are_refused_and_said_which(place):
    made = await place.iam.create(await place.kept.get(WHERE, "central"), place.asked.iam, "MyIAMUsername")
    with pytest.raises(errors.TooManyKeys) as refused:
        await place.daemon().rotate(place.asked)
    assert f"…{made.access_key_id[-4:]} is active, made " in refused.value.sentence
    assert "never used" in refused.value.sentence
    assert f"--access-key-id {made.access_key_id} " in refused.value.hint
    assert len(place.users) == 2
    assert place.rotation is None


async def test_somebody_else_makes_one_meanwhile(place):
    place.iam.before["create"] = errors.TooManyKeys("Two.", "")
    with pytest.raises(errors.TooManyKeys, match="Nothing was changed"):
        await place.daemon().rotate(place.asked)
    assert place.rotation is None


async def test_somebody_else_deletes_the_old_one_meanwhile(place):
    place.iam.before["deactivate"] = errors.NoSuchKey("Gone.", "")
    done = await place.daemon().rotate(place.asked)
    assert done.old_is == "deleted"
    assert place.rotation is None


@pytest.mark.parametrize("denied", ["ListAccessKeys", "CreateAccessKey", "UpdateAccessKey"])
async def test_what_iam_denies_is_undone(place, denied):
    place.change(iam=KEY_ACTIONS - {f"iam:{denied}"})
    with pytest.raises(errors.AccessDenied):
        await place.daemon().rotate(place.asked)
    assert place.users == (place.old,)
    assert await place.served() == place.old.key_id
    assert place.rotation is None


async def test_what_can_not_be_undone_is_said(place):
    place.change(iam=KEY_ACTIONS - {"iam:UpdateAccessKey", "iam:DeleteAccessKey"})
    with pytest.raises(errors.AccessDenied, match=r"the new one ….... could not be deleted") as failed:
        await place.daemon().rotate(place.asked)
    assert failed.value.hint == "xacctctl keys rotate central --finish"
    assert await place.served() == place.old.key_id
    place.change(iam=KEY_ACTIONS)
    await place.daemon().finish(place.asked)
    assert place.users == (place.old,)


async def test_an_old_key_that_may_be_inactive_is_not_switched_back_to(place):
    place.iam.after["deactivate"] = errors.NetworkLost("The connection ended.", "")
    with pytest.raises(errors.NetworkLost, match="may be active"):
        await place.daemon().rotate(place.asked)
    place.iam.after.clear()
    assert await place.served() == place.users[1].key_id
    assert place.rotation.step == "switched"
    assert (await place.daemon().finish(place.asked)).old_is == "inactive"
    assert [key.active for key in place.users] == [False, True]


async def test_a_key_that_was_made_without_an_answer_is_remembered(place):
    place.iam.after["create"] = errors.NetworkLost("The connection ended.", "")
    with pytest.raises(errors.NetworkLost, match="whether a new one was made is not known"):
        await place.daemon().rotate(place.asked)
    place.iam.after.clear()
    assert place.rotation.step == "making"
    with pytest.raises(errors.RotationUnfinished, match="whose secret is lost, or somebody else's") as unclear:
        await place.daemon().finish(place.asked)
    assert "aws iam delete-access-key" in unclear.value.hint
    assert len(place.users) == 2, "nothing is deleted that may be another's"
    place.change(keys=(place.old,))
    await place.daemon().finish(place.asked)
    assert place.rotation is None


async def test_a_key_that_somebody_uses_is_anothers(place):
    place.iam.after["create"] = errors.NetworkLost("The connection ended.", "")
    with pytest.raises(errors.NetworkLost):
        await place.daemon().rotate(place.asked)
    place.iam.after.clear()
    other = place.users[1]
    await place.sts.get_caller_identity(Credentials(other.key_id, other.secret), place.asked.sts)
    assert (await place.daemon().finish(place.asked)).old_is == "another's"
    assert len(place.users) == 2
    assert place.rotation is None


async def test_where_no_key_was_made_nothing_is_left(place):
    place.iam.before["create"] = errors.NetworkLost("The connection ended.", "")
    with pytest.raises(errors.NetworkLost, match="Nothing was changed"):
        await place.daemon().rotate(place.asked)
    assert place.rotation is None


async def test_another_users_key_is_not_switched_to(place):
    real = place.sts.get_caller_identity

    async def others(keys, role):
        arn = await real(keys, role)
        return arn if keys.access_key_id == place.old.key_id else arn.replace("MyIAMUsername", "Mallory")

    place.sts.get_caller_identity = others
    with pytest.raises(errors.WrongIdentity):
        await place.daemon().rotate(place.asked)
    assert place.users == (place.old,)


async def test_a_root_key_is_refused(place):
    async def root(_keys, _role):
        return "arn:aws:iam::123456789012:root"

    place.sts.get_caller_identity = root
    with pytest.raises(errors.BadInput, match="no IAM user"):
        await place.daemon().rotate(place.asked)


@pytest.mark.parametrize(("after", "left"), [("made", 1), ("works", 1), ("switched", 2)])
async def test_who_gives_up_gets_it_undone_until_the_switch(place, after, left):
    async def tell(step, _ends):
        if step == after:
            place.given_up.set()

    work = place.daemon().rotate(replace(place.asked, tell=tell))
    if left == 1:
        with pytest.raises(errors.Declined):
            await work
        assert place.rotation is None
    else:
        await work
        assert place.rotation.step == "retired"
    assert len(place.users) == left
    await place.served()


async def test_a_keychain_that_forgets_keeps_the_old_key(place):
    put = place.items.put

    def forgets(account, label, secret):
        put(account, label, secret if place.old.key_id.encode() in secret else b"{}")

    place.items.put = forgets
    with pytest.raises(errors.SourceUnusable, match="The old key counts on"):
        await place.daemon().rotate(place.asked)
    place.items.put = put
    assert await place.served() == place.old.key_id
    assert place.users == (place.old,)


async def test_a_keychain_that_is_late_ends_with_the_old_key(place, monkeypatch):
    """What it was given up on it does in the end; then the old key comes back into its place."""
    old, goes_on, late = place.old.key_id.encode(), threading.Event(), threading.Event()
    put, ask = place.items.put, Asking.put

    def slow(account, label, secret):
        hangs = old not in secret
        if hangs:
            assert goes_on.wait(PATIENCE)
        put(account, label, secret)
        if hangs:
            late.set()

    async def impatiently(self, name, label, secret, patience, before=None):
        if old not in secret:  # from here on; what comes before may take a busy machine longer
            monkeypatch.setattr(access_keys, "WRITE_PATIENCE", patience := 0.05)
        await ask(self, name, label, secret, patience, before)

    place.items.put = slow
    monkeypatch.setattr(Asking, "put", impatiently)
    with pytest.raises(errors.KeychainSlow):
        await place.daemon().rotate(place.asked)
    goes_on.set()
    [item] = place.items.items
    await until(lambda: late.is_set() and old in place.items.items[item], "the old key")
    assert await place.served() == place.old.key_id
    assert place.users == (place.old,)


EFFECTS = ["index", "create", "index", "keychain", "index", "deactivate", "index"]
"""All that a rotation leaves behind, in turn."""


async def test_these_are_the_effects_of_a_rotation(place):
    await place.daemon().rotate(place.asked)
    assert place.effects == EFFECTS


@pytest.mark.parametrize("lives", range(len(EFFECTS) + 1))
async def test_whenever_xacctd_is_killed_the_next_one_serves_and_finishes(place, lives):
    place.lives = lives
    try:
        await place.daemon().rotate(place.asked)
    except (Dead, errors.XacctError):
        assert lives < len(EFFECTS)
    place.lives = None
    await place.served()
    if lives == 0:
        assert place.rotation is None
        return
    assert place.rotation is not None, "keys list says so"
    if EFFECTS[lives - 1] == "create":
        with pytest.raises(errors.RotationUnfinished):
            await place.daemon().finish(place.asked)
        return
    done = await place.daemon().finish(place.asked)
    if done.old_is == "inactive":
        assert place.rotation.step == "retired"
        await place.daemon().finish(place.asked)
    assert place.rotation is None
    [key] = place.users
    assert await place.served() == key.key_id
    assert (key == place.old) == (lives < EFFECTS.index("keychain") + 1)


async def test_the_undoing_may_be_killed_as_well(place):
    """Of a rotation that AWS refuses at its last step: the keychain was switched, and is switched back."""
    place.change(iam=KEY_ACTIONS - {"iam:UpdateAccessKey"})
    with pytest.raises(errors.AccessDenied):
        await place.daemon().rotate(place.asked)
    effects = len(place.effects)
    place.change(iam=KEY_ACTIONS)
    for lives in range(EFFECTS.index("deactivate") + 1, effects):
        place.change(iam=KEY_ACTIONS - {"iam:UpdateAccessKey"})
        place.effects.clear()
        place.lives = lives
        with pytest.raises((Dead, errors.XacctError)):
            await place.daemon().rotate(place.asked)
        place.lives = None
        place.change(iam=KEY_ACTIONS)
        await place.served()
        await place.daemon().finish(place.asked)
        if place.rotation is not None:
            await place.daemon().finish(place.asked)
        [key] = place.users
        assert await place.served() == key.key_id


async def test_one_that_was_cut_short_is_not_begun_anew(place):
    place.lives = 3
    with pytest.raises((Dead, errors.XacctError)):
        await place.daemon().rotate(place.asked)
    place.lives = None
    with pytest.raises(errors.RotationUnfinished, match="is unfinished") as refused:
        await place.daemon().rotate(place.asked)
    assert refused.value.hint == "xacctctl keys rotate central --finish"


async def test_what_iam_denies_at_the_finish_is_said(place):
    place.iam.after["deactivate"] = errors.NetworkLost("The connection ended.", "")
    with pytest.raises(errors.NetworkLost):
        await place.daemon().rotate(place.asked)
    place.iam.after.clear()
    place.change(iam=KEY_ACTIONS - {"iam:UpdateAccessKey"})
    with pytest.raises(errors.AccessDenied, match=r"the old one ….... could not be made inactive\.") as refused:
        await place.daemon().finish(place.asked)
    assert refused.value.hint == "xacctctl keys rotate central --finish"
    assert await place.served() == place.users[1].key_id
    assert place.rotation.step == "switched"
    place.change(iam=KEY_ACTIONS)
    assert (await place.daemon().finish(place.asked)).old_is == "inactive"


async def test_a_policy_that_wants_mfa_takes_the_session(place):
    place.change(iam_wants_mfa=True)
    with pytest.raises(errors.AccessDenied, match="explicit deny"):
        await place.daemon().rotate(place.asked)
    key = await place.kept.get(WHERE, "central")
    device = place.sandbox.device
    role = replace(place.asked.sts, mfa_serial=device.serial)
    session = await place.sts.get_session_token(key, role, code=place.sandbox.code(), duration=3600)
    done = await place.daemon().rotate(replace(place.asked, session=session, delete=True))
    assert done.old_is == "deleted"
    assert digest(place.users[0].key_id) == key_index.read(place.index)[0].digest
    assert "sts" in {service for _, service in place.sandbox.sts.state.last_used.values()}
