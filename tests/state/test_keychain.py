"""The store: what is kept, when it is written, and what becomes of it when keychain, disk or human are in the way."""

import asyncio
import base64
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waiting import PATIENCE, until

from xacct import errors, fileio
from xacct.state import keychain
from xacct.state.keychain import KeychainStore, switch_off
from xacct.state.ondisk import OnDisk
from xacct.state.sealed import SealedFile

LOCKED = errors.KeychainUnavailable("The keychain is locked.")


class FakeKeys:
    """One key in memory. `trouble` is raised, `open_` waited for; `asked` is what was asked of it."""

    def __init__(self, key=None):
        self.key = key
        self.trouble = None
        self.open_ = threading.Event()
        self.open_.set()
        self.asked = []

    def _ask(self, what):
        key = self.key
        self.asked.append(what)
        self.open_.wait(PATIENCE)
        if self.trouble is not None:
            raise self.trouble
        return key

    def get(self):
        return self._ask("get")

    def put(self, key):
        self._ask("put")
        self.key = key

    def drop(self):
        self._ask("drop")
        self.key = None


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Short pauses, and patience enough for a busy machine."""
    monkeypatch.setattr(keychain, "PATIENCE", 10)
    monkeypatch.setattr(keychain, "PAUSE", 0.02)
    monkeypatch.setattr(keychain, "CLOSE_TIMEOUT", 10)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(keychain, "PATIENCE", 0.1)


@contextmanager
def logging():
    """What is logged, at any level."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    try:
        with structlog.testing.capture_logs() as logged:
            yield logged
    finally:
        structlog.configure(wrapper_class=before)


@pytest.fixture
def keys():
    return FakeKeys()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept"


@pytest.fixture
async def kept(path, keys):
    """An earlier run kept b"old"."""
    store = KeychainStore(path, keys)
    await store.load()
    store.save(b"old")
    await store.close()
    keys.asked.clear()
    return path.read_bytes()


async def read(path, keys):
    """What a new run reads."""
    return await KeychainStore(path, keys).load()


async def settled(store):
    """Until nothing is being written."""
    await until(lambda: store._writing is None or store._writing.done())


def count_writes(monkeypatch):
    written = []
    write = SealedFile.write
    monkeypatch.setattr(SealedFile, "write", lambda *all_: written.append(1) or write(*all_))
    return written


# What is kept.


async def test_the_first_start_finds_nothing_and_asks_no_keychain(path, keys):
    store = KeychainStore(path, keys)
    assert await store.load() is None
    assert store.problem is None
    assert keys.asked == []


async def test_what_is_saved_is_there_in_the_next_run(kept, path, keys):
    store = KeychainStore(path, keys)
    assert await store.load() == b"old"
    assert store.problem is None
    store.save(b"new")
    await settled(store)
    assert await read(path, keys) == b"new"
    assert "put" not in keys.asked  # the key stays as it is


async def test_a_burst_is_a_few_writes_and_the_newest_wins(path, keys, monkeypatch):
    monkeypatch.setattr(keychain, "PAUSE", 60)
    written = count_writes(monkeypatch)
    store = KeychainStore(path, keys)
    await store.load()
    store.save(b"the first")
    await until(path.exists)
    for number in range(50):
        store.save(b"%d" % number)
        await asyncio.sleep(0.001)
    await store.close()
    assert await read(path, keys) == b"49"
    assert len(written) == 2


async def test_closing_writes_what_is_pending_without_the_pause(path, keys, monkeypatch):
    monkeypatch.setattr(keychain, "PAUSE", 60)
    store = KeychainStore(path, keys)
    await store.load()
    store.save(b"one")
    await until(path.exists)
    store.save(b"two")
    began = time.monotonic()
    await store.close()
    assert time.monotonic() - began < keychain.PAUSE
    assert await read(path, keys) == b"two"


CANARY = b"ASIACANARY-secret-canary-0123456789"


async def test_neither_file_nor_log_holds_state_or_key(path, keys):
    with logging() as logged:
        store = KeychainStore(path, keys)
        await store.load()
        store.save(CANARY)
        await settled(store)
        raw = path.read_bytes()
        path.write_bytes(raw[:-1])
        assert await read(path, keys) is None
    assert logged
    for secret in (CANARY, keys.key):
        for form in (secret, secret.hex().encode(), base64.b64encode(secret)[:-4], secret[:8]):
            assert form not in raw
            assert form not in repr(logged).encode()
            assert form not in repr(vars(store).keys()).encode() + repr(store).encode()


# What is not taken.


async def refused(path, keys, says):
    """A new run does not take the file, says so once, goes on, and the next run is well again."""
    with logging() as logged:
        store = KeychainStore(path, keys)
        assert await store.load() is None
    assert isinstance(store.problem, errors.StateRefused)
    assert says in store.problem.sentence
    assert [line["why"] for line in logged] == [store.problem.sentence]
    before = keys.key
    store.save(b"after")
    await settled(store)
    assert store.problem is None
    assert keys.key != before, "what was put in the file's place may be an older one of the same key"
    assert await read(path, keys) == b"after"


async def test_a_changed_file(kept, path, keys):
    path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    await refused(path, keys, "was changed")


async def test_a_file_cut_short(kept, path, keys):
    path.write_bytes(kept[:20])
    await refused(path, keys, "was cut short")


async def test_a_file_of_another_version(kept, path, keys):
    path.write_bytes(kept.replace(b"xacct-seal\x01", b"xacct-seal\x07"))
    await refused(path, keys, "another version")


async def test_another_key(kept, path, keys):
    keys.key = bytes(32)
    await refused(path, keys, "another key")


async def test_no_key_any_more(kept, path, keys):
    keys.key = None
    await refused(path, keys, "has no key in the keychain any more")


async def test_a_file_open_to_others(kept, path, keys):
    path.chmod(0o604)
    await refused(path, keys, "is open to others")


async def test_a_symlink(kept, path, keys):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))
    await refused(path, keys, "can't be read")
    assert path.with_name("elsewhere").read_bytes() == kept


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary() | st.binary().map(lambda rest: b"xacct-seal\x01" + rest))
def test_any_bytes_as_the_file_are_nothing_and_no_exception(tmp_path, some):
    path = tmp_path / "kept"
    path.touch(0o600)
    path.write_bytes(some)
    store = KeychainStore(path, FakeKeys(bytes(32)))
    assert asyncio.run(store.load()) is None
    assert isinstance(store.problem, errors.StateRefused)


# A keychain in the way.


async def test_a_locked_keychain_costs_nothing_that_was_kept(kept, path, keys):
    keys.trouble = LOCKED
    came = []
    store = KeychainStore(path, keys, came.append)
    with logging() as logged:
        assert await store.load() is None
        assert store.problem is LOCKED
        store.save(b"since then")
        for _ in range(3):
            store.look()
            await until(store._loading.done)
        assert [line["why"] for line in logged] == [LOCKED.sentence], "it is said once"
        assert path.read_bytes() == kept
        keys.trouble = None
        store.look()
        await until(lambda: came)
    assert came == [b"old"]
    assert store.problem is None
    await settled(store)
    assert await read(path, keys) == b"since then"


async def test_what_comes_late_is_written_as_it_was_taken(kept, path, keys):
    keys.trouble = LOCKED
    store = KeychainStore(path, keys, lambda old: store.save(old + b" and since then"))
    await store.load()
    store.save(b"since then")
    keys.trouble = None
    store.look()
    await until(lambda: path.read_bytes() != kept)
    assert await read(path, keys) == b"old and since then"


async def test_a_keychain_that_does_not_answer_is_not_waited_for(kept, impatient, path, keys):
    keys.open_.clear()
    came = []
    store = KeychainStore(path, keys, came.append)
    began = time.monotonic()
    assert await store.load() is None
    assert time.monotonic() - began < PATIENCE
    assert "does not answer" in store.problem.sentence
    store.look()
    store.look()
    await until(lambda: keys.asked, "the thread's beginning")
    await asyncio.sleep(0.05)
    assert keys.asked == ["get"], "one dialog is enough"
    keys.open_.set()
    await until(lambda: came)
    assert came == [b"old"]
    assert store.problem is None


async def test_a_human_who_says_no_is_not_asked_again(kept, path, keys):
    keys.trouble = errors.KeychainDenied("No.")
    store = KeychainStore(path, keys)
    await store.load()
    for _ in range(3):
        store.look()
        store.save(b"new")
        await asyncio.sleep(0.01)
    await store.close()
    assert keys.asked == ["get"]
    assert store.problem.hint
    assert path.read_bytes() == kept


async def test_whatever_a_keychain_raises_is_a_sentence(kept, path, keys):
    keys.trouble = ZeroDivisionError("with a secret in it")
    store = KeychainStore(path, keys)
    assert await store.load() is None
    assert store.problem.sentence == "The keychain can't be asked (ZeroDivisionError)."


async def test_a_locked_keychain_is_asked_at_looks_and_not_at_each_change(path, keys):
    keys.trouble = LOCKED
    store = KeychainStore(path, keys)
    await store.load()
    for number in range(20):
        store.save(b"%d" % number)
        await asyncio.sleep(0.002)
    await settled(store)
    assert store.problem is LOCKED
    assert keys.asked == ["put"]
    assert not path.exists()
    keys.trouble = None
    store.look()
    await until(path.exists)
    await settled(store)
    assert store.problem is None
    assert await read(path, keys) == b"19"
    store.save(b"20")
    await settled(store)
    assert await read(path, keys) == b"20", "it is well again without a look"


async def test_closing_tries_once_more(path, keys):
    keys.trouble = LOCKED
    store = KeychainStore(path, keys)
    await store.load()
    store.save(b"new")
    await settled(store)
    keys.trouble = None
    await store.close()
    assert await read(path, keys) == b"new"


async def test_a_keychain_that_never_answers_does_not_keep_the_process(kept, path):
    """Its thread can't be ended: the process must not wait for it."""
    program = """
        import asyncio, pathlib, sys, threading
        from xacct.state import keychain

        class Stuck:
            def get(self):
                threading.Event().wait()

        async def main():
            store = keychain.KeychainStore(pathlib.Path(sys.argv[1]), Stuck())
            assert await store.load() is None
            store.save(b"new")
            await store.close()
            print(store.problem.sentence)

        keychain.PATIENCE = keychain.CLOSE_TIMEOUT = 0.1
        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "does not answer" in done.stdout.splitlines()[-1]


# A disk in the way.


async def test_a_disk_in_trouble_is_said_and_tried_again(path, keys, monkeypatch):
    def full(*_):
        raise errors.StateNotKept("No space.")

    store = KeychainStore(path, keys)
    await store.load()
    with monkeypatch.context() as patch:
        patch.setattr(SealedFile, "write", full)
        store.save(b"new")
        await settled(store)
    assert store.problem.sentence == "No space."
    assert not path.exists()
    store.look()
    await settled(store)
    assert store.problem is None
    assert await read(path, keys) == b"new"


async def test_a_disk_in_trouble_holds_nothing_of_what_it_did_not_take(path, keys, monkeypatch):
    def full(*_):
        raise errors.StateNotKept("No space.")

    monkeypatch.setattr(SealedFile, "write", full)
    store = KeychainStore(path, keys)
    await store.load()
    store.save(b"new")
    await settled(store)
    assert store.problem.sentence == "No space."
    assert store.problem.__traceback__ is None


async def test_a_bug_of_ours_is_a_problem_and_no_end(path, keys, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    store = KeychainStore(path, keys)
    await store.load()
    with monkeypatch.context() as patch:
        patch.setattr(keychain, "seal", broken)
        store.save(b"new")
        await settled(store)
    assert "ZeroDivisionError" in store.problem.sentence
    with monkeypatch.context() as patch:
        patch.setattr(SealedFile, "read", broken)
        store = KeychainStore(path, keys)
        assert await store.load() is None
    assert "ZeroDivisionError" in store.problem.sentence


# Forgetting.


async def test_what_is_forgotten_is_gone_and_no_copy_opens(kept, path, keys):
    store = KeychainStore(path, keys)
    await store.load()
    store.save(b"pending")
    store.forget()
    assert not path.exists()
    await settled(store)
    assert not path.exists()
    assert keys.key is None
    path.touch(0o600)
    path.write_bytes(kept)  # from a backup
    assert await read(path, keys) is None
    store.save(b"new")
    await settled(store)
    path.write_bytes(kept)
    assert await read(path, keys) is None


async def test_forgetting_nothing_asks_no_keychain(path, keys):
    store = KeychainStore(path, keys)
    await store.load()
    for _ in range(3):
        store.forget()
    await store.close()
    assert keys.asked == []


async def test_forgetting_while_locked_drops_the_key_later(kept, path, keys):
    keys.trouble = LOCKED
    store = KeychainStore(path, keys)
    await store.load()
    store.forget()
    assert not path.exists()
    await settled(store)
    assert store.problem is LOCKED
    keys.trouble = None
    store.look()
    await settled(store)
    assert keys.key is None
    assert store.problem is None


async def test_what_is_forgotten_while_it_is_read_does_not_come_late(kept, impatient, path, keys):
    keys.open_.clear()
    came = []
    store = KeychainStore(path, keys, came.append)
    await store.load()
    store.forget()
    keys.open_.set()
    await until(lambda: keys.key is None)
    await until(store._loading.done)
    await asyncio.sleep(0)
    assert came == []


async def test_what_is_forgotten_while_it_is_written_does_not_come_back(kept, path, keys, monkeypatch):
    writing, go_on = threading.Event(), threading.Event()
    write = fileio.write_new

    def slowly(*what):
        write(*what)
        writing.set()
        go_on.wait(PATIENCE)

    store = KeychainStore(path, keys)
    await store.load()
    with monkeypatch.context() as patch:
        patch.setattr(fileio, "write_new", slowly)
        store.save(b"new")
        await until(writing.is_set)
        store.forget()
        go_on.set()
        await settled(store)
    assert [found.name for found in path.parent.iterdir()] == []
    assert keys.key is None
    store.save(b"newer")
    await settled(store)
    assert await read(path, keys) == b"newer"


async def test_a_key_that_is_made_while_all_is_forgotten_goes_too(path, keys):
    keys.open_.clear()
    store = KeychainStore(path, keys)
    await store.load()
    store.save(b"new")
    await until(lambda: keys.asked == ["put"])
    store.forget()
    keys.open_.set()
    await settled(store)
    assert keys.asked == ["put", "drop"]
    assert keys.key is None
    assert not path.exists()


async def test_what_is_saved_after_forgetting_is_kept_whatever_was_under_way(path, keys):
    keys.open_.clear()
    store = KeychainStore(path, keys)
    await store.load()
    store.save(b"of before")
    await until(lambda: keys.asked == ["put"])
    store.forget()
    store.save(b"of after")
    keys.open_.set()
    await settled(store)
    assert await read(path, keys) == b"of after"


async def test_a_file_that_can_not_be_removed_is_said_and_its_key_goes(kept, path, keys, monkeypatch):
    def read_only(_):
        raise errors.StateNotKept("Read-only.")

    store = KeychainStore(path, keys)
    await store.load()
    monkeypatch.setattr(SealedFile, "remove", read_only)
    store.forget()
    await settled(store)
    assert store.problem.sentence == "Read-only."
    assert keys.key is None
    assert await read(path, keys) is None


async def test_switching_it_off_removes_file_and_key(kept, path, keys):
    await switch_off(path, keys)
    assert not path.exists()
    assert keys.key is None
    keys.asked.clear()
    await switch_off(path, keys)
    assert keys.asked == [], "where nothing is kept no keychain is asked"


# What was taken back.


async def test_logging_out_of_all_while_the_keychain_is_locked_leaves_nothing_to_come_late(kept, path, keys):
    keys.trouble, came = LOCKED, []
    store = KeychainStore(path, keys, came.append)
    disk = OnDisk(store, holds=await store.load() is not None)
    disk.save(bytearray(b"empty"), empty=True)
    assert path.exists()
    disk.take_back(everything=True)
    assert not path.exists(), "whatever the keychain does"
    keys.trouble = None
    store.look()
    await settled(store)
    assert (came, keys.key) == ([], None)


async def test_what_was_taken_back_is_gone_before_the_new_state_is_written(kept, path, keys):
    store = KeychainStore(path, keys)
    disk = OnDisk(store, holds=await store.load() is not None)
    disk.take_back(everything=False)
    assert not path.exists()
    disk.save(bytearray(b"without prod"), empty=False)
    await settled(store)
    assert await read(path, keys) == b"without prod"


async def test_one_logout_costs_nothing_that_nobody_could_read_yet(kept, path, keys):
    keys.trouble, came = LOCKED, []
    store = KeychainStore(path, keys, came.append)
    disk = OnDisk(store, holds=await store.load() is not None)
    disk.take_back(everything=False)
    assert path.exists()
