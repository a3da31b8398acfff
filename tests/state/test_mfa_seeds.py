"""Stored seeds and their list, with a keychain of the test's own."""

import threading

import pytest
from waiting import PATIENCE

from xacct import errors
from xacct.state import mfa_seeds
from xacct.state.mfa_seeds import MfaSeeds
from xacct.state.totp import Seed

SERIAL, OTHER = "arn:aws:iam::123456789012:mfa/alice", "arn:aws:iam::123456789012:mfa/bob"
SEED = Seed("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")


class FakeItems:
    """A keychain; `trouble` is raised, `gate` is waited for, `change` is what becomes of what is put there."""

    def __init__(self):
        self.items, self.trouble = {}, None
        self.gate = threading.Event()
        self.gate.set()
        self.change = lambda secret: secret

    def _wait(self):
        assert self.gate.wait(20)
        if self.trouble:
            raise self.trouble

    def get(self, account):
        self._wait()
        return self.items.get(account)

    def put(self, account, _label, secret):
        self._wait()
        self.items[account] = self.change(secret)

    def drop(self, account):
        self._wait()
        self.items.pop(account, None)


@pytest.fixture
def items():
    return FakeItems()


@pytest.fixture
def index(tmp_path):
    return tmp_path / "mfa-seeds.json"


@pytest.fixture
def make(index, items):
    return lambda: MfaSeeds(index, items, lambda: 59.0)


@pytest.fixture(autouse=True)
def hangs(items, monkeypatch):
    """Has the keychain hang, or no more. Only then it is given up soon: a busy machine begins threads late."""

    def change(*, does=True):
        (items.gate.clear if does else items.gate.set)()
        for name in ("PATIENCE", "WRITE_PATIENCE"):
            monkeypatch.setattr(mfa_seeds, name, 0.1 if does else PATIENCE)

    change(does=False)
    return change


async def test_what_is_added_gives_codes_to_the_next_daemon_and_the_list_has_no_secret(make, index):
    await make().add(SERIAL, SEED)
    assert SEED.secret not in index.read_text()
    assert index.stat().st_mode & 0o777 == 0o600
    later = make()
    assert (later.added(SERIAL), later.added(OTHER)) == (59.0, None)
    assert await later.code(SERIAL) == "287082"


async def test_a_seed_is_not_held_once_its_code_was_made(make):
    seeds = make()
    await seeds.add(SERIAL, SEED)
    assert await seeds.code(SERIAL) == "287082"
    assert seeds._asking._reading == {}  # an answer that is kept is the seed


async def test_a_seed_does_not_replace_another(make):
    seeds = make()
    await seeds.add(SERIAL, SEED)
    with pytest.raises(errors.BadInput, match="already"):
        await seeds.add(SERIAL, Seed("A" * 32))
    assert await seeds.code(SERIAL) == "287082"


async def test_what_is_removed_is_gone(make, items):
    seeds = make()
    await seeds.add(SERIAL, SEED)
    await seeds.drop(SERIAL)
    assert (seeds.added(SERIAL), items.items, make().rows) == (None, {}, ())
    with pytest.raises(errors.BadInput):
        await seeds.drop(SERIAL)


async def test_where_the_list_can_not_be_written_the_keychain_has_nothing(make, items, index):
    index.mkdir()
    seeds = MfaSeeds(index / "none" / "x", items, lambda: 1.0)
    with pytest.raises(errors.StateNotKept):
        await seeds.add(SERIAL, SEED)
    assert items.items == {}


async def test_what_the_keychain_changes_is_not_kept(make, items):
    items.change = lambda _: b'{"secret": "BBBBBBBBBBBBBBBBBBBB"}'
    with pytest.raises(errors.KeychainUnavailable, match="does not give back"):
        await make().add(SERIAL, SEED)
    assert (items.items, make().rows) == ({}, ())


@pytest.mark.parametrize("kept", [None, b"nonsense", b"{}"])
async def test_what_has_gone_or_is_none_is_said(make, items, kept):
    seeds = make()
    await seeds.add(SERIAL, SEED)
    items.items = {} if kept is None else {SERIAL: kept}
    with pytest.raises(errors.KeychainUnavailable, match=r"no longer|no seed") as refused:
        await seeds.code(SERIAL)
    assert "mfa remove" in refused.value.hint


async def test_a_keychain_that_hangs_is_not_waited_for(make, hangs):
    seeds = make()
    await seeds.add(SERIAL, SEED)
    hangs()
    with pytest.raises(errors.KeychainSlow):
        await seeds.code(SERIAL)
    hangs(does=False)


def test_a_list_that_is_none_is_said_and_left_alone(make, index):
    index.write_text("[{]")
    seeds = make()
    assert "can't be used" in seeds.problem.sentence
    assert index.read_text() == "[{]"


async def test_nothing_is_added_beside_a_list_that_is_none(make, index, items):
    index.write_text("[{]")
    with pytest.raises(errors.StateNotKept):
        await make().add(SERIAL, SEED)
    assert items.items == {}
