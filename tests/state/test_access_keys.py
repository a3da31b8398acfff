"""Access keys and their list, with a keychain of the test's own: what is kept, what is not, and what is only said."""

import asyncio
import json
import threading

import pytest
from waiting import PATIENCE, until

from xacct import errors
from xacct.model import Credentials
from xacct.state import access_keys, key_index, key_items
from xacct.state.access_keys import AccessKeys

WHERE = ("/home/u/.aws/config", "/home/u/.aws/credentials")
OTHER = ("/home/u/customer/config", "/home/u/customer/credentials")
KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


class FakeItems:
    """A keychain; `trouble` is raised, `gate` is waited for, `change` is what becomes of what is put there."""

    def __init__(self):
        self.items, self.reads, self.puts, self.trouble = {}, 0, 0, None
        self.gate = threading.Event()
        self.gate.set()
        self.change = lambda secret: secret

    def _wait(self):
        assert self.gate.wait(20)
        if self.trouble:
            raise self.trouble

    def get(self, account):
        self._wait()
        self.reads += 1
        return self.items.get(account)

    def put(self, account, _label, secret):
        self._wait()
        self.items[account] = self.change(secret)
        self.puts += 1

    def drop(self, account):
        self._wait()
        self.items.pop(account, None)


@pytest.fixture
def items():
    return FakeItems()


@pytest.fixture
def make(tmp_path, items):
    return lambda: AccessKeys(tmp_path / "keychain-keys.json", items, lambda: 1.8e9)


@pytest.fixture(autouse=True)
def hangs(items, monkeypatch):
    """Has the keychain hang, or no more. Only then it is given up soon: a busy machine begins threads late."""

    def change(*, does=True, patience=0.1):
        (items.gate.clear if does else items.gate.set)()
        for name in ("PATIENCE", "WRITE_PATIENCE"):
            monkeypatch.setattr(access_keys, name, patience if does else PATIENCE)

    change(does=False)
    return change


async def test_what_is_added_is_there_for_the_next_daemon_and_the_list_has_no_secret(make, items, tmp_path):
    await make().add(WHERE, "central", KEYS)
    text = (tmp_path / "keychain-keys.json").read_text()
    assert KEYS.secret_access_key not in text
    assert KEYS.access_key_id not in text
    assert (tmp_path / "keychain-keys.json").stat().st_mode & 0o777 == 0o600
    later = make()
    assert later.of_files(WHERE) == {"central": access_keys.digest(KEYS.access_key_id)}
    items.reads = 0
    assert await later.get(WHERE, "central") == KEYS
    assert await later.get(WHERE, "central") == KEYS
    assert items.reads == 1


async def test_the_same_name_in_other_files_is_another_key(make):
    kept = make()
    await kept.add(WHERE, "central", KEYS)
    assert kept.of_files(OTHER) == {}
    with pytest.raises(errors.SourceUnusable, match="no longer in the keychain"):
        await kept.get(OTHER, "central")
    with pytest.raises(errors.BadInput):
        await kept.drop(OTHER, "central")
    assert await kept.get(WHERE, "central") == KEYS


async def test_many_who_want_it_at_once_ask_once(make, items):
    await make().add(WHERE, "central", KEYS)
    items.reads = 0
    kept = make()
    got = await asyncio.gather(*(kept.get(WHERE, "central") for _ in range(20)))
    assert got == [KEYS] * 20
    assert items.reads == 1


async def test_a_keychain_that_hangs_is_not_waited_for_and_not_asked_twice(make, items, hangs):
    await make().add(WHERE, "central", KEYS)
    items.reads = 0
    kept = make()
    hangs()
    for _ in range(3):
        with pytest.raises(errors.SourceLocked, match="does not answer"):
            await kept.get(WHERE, "central")
    hangs(does=False)
    await until(lambda: items.reads, "the late answer")
    assert await kept.get(WHERE, "central") == KEYS
    assert items.reads <= 2


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (errors.KeychainLocked("The keychain is locked.", "Unlock it."), errors.SourceLocked),
        (errors.KeychainUnavailable("No keychain.", ""), errors.SourceUnusable),
        (errors.KeychainDenied("Dismissed."), errors.SourceUnusable),
        (RuntimeError(KEYS.secret_access_key), errors.SourceUnusable),
    ],
)
async def test_each_trouble_is_a_sentence_without_a_secret(make, items, trouble, kind):
    await make().add(WHERE, "central", KEYS)
    kept = make()
    items.trouble = trouble
    with pytest.raises(kind) as said:
        await kept.get(WHERE, "central")
    assert said.value.sentence.startswith("The access key of 'central' is in the keychain. ")
    assert KEYS.secret_access_key not in str(said.value) + said.value.hint
    items.trouble = None
    assert await kept.get(WHERE, "central") == KEYS


@pytest.mark.parametrize("put_there", [b"", b"[]", b"\xff", b"{}", b'{"aws_access_key_id": 1}'])
async def test_what_somebody_else_has_put_there_is_no_key(make, items, put_there):
    kept = make()
    await kept.add(WHERE, "central", KEYS)
    items.items = dict.fromkeys(items.items, put_there)
    with pytest.raises(errors.SourceUnusable, match="is no access key"):
        await make().get(WHERE, "central")


async def test_another_key_that_somebody_has_put_there_is_not_used(make, items):
    """It would be another identity than the one that was checked."""
    await make().add(WHERE, "central", KEYS)
    items.items = {name: item.replace(b"IOSFODNN7", b"I44QH8DHB") for name, item in items.items.items()}
    with pytest.raises(errors.SourceUnusable, match="another access key"):
        await make().get(WHERE, "central")


async def test_what_the_keychain_changes_is_taken_back(make, items):
    items.change = lambda secret: secret.replace(b"EXAMPLE", b"CHANGED")
    kept = make()
    with pytest.raises(errors.SourceUnusable, match="does not give back"):
        await kept.add(WHERE, "central", KEYS)
    assert items.items == {}
    assert kept.rows == make().rows == ()


async def test_where_the_list_can_not_be_written_the_keychain_has_nothing(make, items, tmp_path):
    kept = make()
    (tmp_path / "keychain-keys.json.new").mkdir()
    (tmp_path / "keychain-keys.json.new" / "in-the-way").touch()
    with pytest.raises(errors.StateNotKept):
        await kept.add(WHERE, "central", KEYS)
    assert items.items == {}
    assert kept.rows == ()


async def test_a_key_that_is_there_is_not_overwritten(make, items):
    kept = make()
    await kept.add(WHERE, "central", KEYS)
    before = dict(items.items)
    with pytest.raises(errors.BadInput, match="already"):
        await kept.add(WHERE, "central", Credentials("AKIAI44QH8DHBEXAMPLE", "another-secret-access-key"))
    assert items.items == before
    assert await make().get(WHERE, "central") == KEYS


async def test_what_is_put_too_late_is_taken_back(make, items, hangs):
    kept = make()
    hangs()
    with pytest.raises(errors.KeychainSlow):
        await kept.add(WHERE, "central", KEYS)
    hangs(does=False)
    await until(lambda: items.puts and not (items.items or kept.rows), "its removal")


async def test_a_late_removal_is_waited_for_before_anything_new_is_put(make, items, hangs):
    kept = make()
    hangs()
    with pytest.raises(errors.KeychainSlow):
        await kept.add(WHERE, "central", KEYS)
    with pytest.raises(errors.KeychainSlow):
        await kept.add(WHERE, "central", KEYS)
    hangs(patience=PATIENCE)
    asyncio.get_running_loop().call_later(0.05, items.gate.set)
    await kept.add(WHERE, "central", KEYS)
    assert await kept.get(WHERE, "central") == KEYS


async def test_what_can_not_be_dropped_stays_listed(make, items):
    kept = make()
    await kept.add(WHERE, "central", KEYS)
    items.trouble = errors.KeychainLocked("The keychain is locked.", "Unlock it.")
    with pytest.raises(errors.KeychainLocked):
        await kept.drop(WHERE, "central")
    assert kept.of_files(WHERE)
    items.trouble = None
    await kept.drop(WHERE, "central")
    assert items.items == {}
    assert kept.rows == make().rows == ()
    with pytest.raises(errors.SourceUnusable):
        await kept.get(WHERE, "central")


ROW = {
    "profile": "central", "config": "/c", "credentials": "/k", "ends": "MPLE", "digest": "0" * 16, "added": 1.8e9,
}  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "{", "{}", "[1]", "\ud800", json.dumps([{**ROW, "secret": "x"}]), json.dumps([{**ROW, "digest": "../x"}]),
        json.dumps([{**ROW, "profile": "a\nb"}]), json.dumps([{**ROW, "added": 1e300}]), "[" * 100_000,
    ],
)  # fmt: skip
async def test_a_list_that_is_not_understood_is_said_and_left_alone(make, tmp_path, content):
    raw = content.encode("utf-8", "surrogatepass")
    (tmp_path / "keychain-keys.json").write_bytes(raw)
    kept = make()
    assert kept.rows == ()
    assert "can't be used" in kept.problem.sentence
    with pytest.raises(errors.StateNotKept):
        await kept.add(WHERE, "central", KEYS)
    assert (tmp_path / "keychain-keys.json").read_bytes() == raw


def test_a_symbolic_link_or_a_fifo_in_its_place_is_not_read(make, tmp_path):
    (tmp_path / "real").write_text(json.dumps([ROW]))
    (tmp_path / "keychain-keys.json").symlink_to(tmp_path / "real")
    assert make().problem


def test_items_are_named_for_profile_and_files():
    assert key_index.account(WHERE, "central").startswith("central ")
    assert key_index.account(WHERE, "central") != key_index.account(OTHER, "central")
    assert key_index.account(("a", "b"), "central") != key_index.account(("a\0b", ""), "central")


@pytest.mark.parametrize(("platform", "kind"), [("linux", "SecretServiceItems"), ("darwin", "MacItems")])
def test_the_keychain_is_the_systems_own(monkeypatch, platform, kind):
    monkeypatch.setattr(key_items.sys, "platform", platform)
    assert type(key_items.of_this_system()).__name__ == kind
