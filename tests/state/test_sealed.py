"""The sealed file: what is not exactly what was written is refused, and a write is whole or has not been."""

import errno
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct import errors
from xacct.state import sealed
from xacct.state.sealed import SealedFile, seal, unseal

KEY = bytes(range(32))
UID = 1000
STATE = b"the credentials of prod"
WHOLE = seal(KEY, STATE, UID)


def test_what_was_sealed_is_unsealed_and_no_two_look_alike():
    assert unseal(KEY, WHOLE, UID) == STATE
    assert unseal(KEY, seal(KEY, b"", UID), UID) == b""
    assert len({seal(KEY, STATE, UID)[: sealed.HEAD_BYTES] for _ in range(100)}) == 100


def test_every_changed_bit_is_noticed():
    for bit in range(8 * len(WHOLE)):
        changed = bytearray(WHOLE)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match=r"is none|another version|was changed"):
            unseal(KEY, bytes(changed), UID)


def test_every_missing_byte_and_every_added_one_is_noticed():
    for length in range(len(WHOLE)):
        with pytest.raises(ValueError, match=r"is none|another version|was cut short|was changed"):
            unseal(KEY, WHOLE[:length], UID)
    with pytest.raises(ValueError, match="was changed"):
        unseal(KEY, WHOLE + b"\0", UID)


def test_it_is_bound_to_key_user_purpose_and_version(monkeypatch):
    with pytest.raises(ValueError, match="sealed with another key"):
        unseal(bytes(32), WHOLE, UID)
    with pytest.raises(ValueError, match="was changed"):
        unseal(KEY, WHOLE, UID + 1)
    with monkeypatch.context() as patch, pytest.raises(ValueError, match="was changed"):
        patch.setattr(sealed, "PURPOSE", b"something else")
        unseal(KEY, WHOLE, UID)
    monkeypatch.setattr(sealed, "VERSION", b"\x02")
    with pytest.raises(ValueError, match="another version"):
        unseal(KEY, WHOLE, UID)
    relabelled = WHOLE.replace(sealed.MAGIC + b"\x01", sealed.MAGIC + b"\x02", 1)
    with pytest.raises(ValueError, match="was changed"):
        unseal(KEY, relabelled, UID)


@given(st.binary() | st.binary().map(lambda rest: WHOLE[: sealed.HEAD_BYTES] + rest))
def test_any_other_bytes_are_refused_in_words(some):
    with pytest.raises(ValueError, match=" "):
        unseal(KEY, some, UID)


# On disk.


@pytest.fixture
def file(tmp_path):
    return SealedFile(tmp_path / "kept")


def put(file, content):
    file.write(content, lambda replace: replace())


def names(file):
    return sorted(found.name for found in file.path.parent.iterdir())


def test_it_is_private_whatever_the_umask_and_replaced_as_a_whole(file):
    assert file.read() is None
    before = os.umask(0)
    try:
        put(file, b"one")
        first = file.path.stat()
        put(file, b"two")
    finally:
        os.umask(before)
    assert file.read() == b"two"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert file.path.stat().st_ino != first.st_ino
    assert names(file) == ["kept"]


def test_removing_leaves_nothing_and_may_be_done_twice(file):
    put(file, b"one")
    file.path.with_name("kept.new").write_bytes(b"of a write that was killed")
    assert file.is_there()
    file.remove()
    file.remove()
    assert names(file) == []
    assert not file.is_there()


def test_what_can_not_be_removed_is_said(file):
    file.path.mkdir()
    with pytest.raises(errors.StateNotKept, match=r"can't be removed \(.+\)"):
        file.remove()


def test_it_may_be_decided_at_the_last_moment_not_to(file):
    put(file, b"old")
    file.write(b"new", lambda _: None)
    assert file.read() == b"old"
    assert names(file) == ["kept"]


def fifo(path):
    os.mkfifo(path, 0o600)


def symlink(path):
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_bytes(b"mine")
    elsewhere.chmod(0o600)
    path.symlink_to(elsewhere)


def huge(path):
    path.touch(0o600)
    os.truncate(path, sealed.MOST_BYTES + 1)


def opened(path):
    path.touch()
    path.chmod(0o640)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (symlink, "can't be read"),
        (fifo, "is no regular file"),
        (lambda path: path.mkdir(0o700), "is a directory"),
        (huge, "is far too large"),
        (opened, "is open to others"),
    ],
)
def test_what_is_no_file_of_ours_is_not_read(file, make, says):
    make(file.path)
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    with pytest.raises(errors.StateRefused, match=says) as caught:
        file.read()
    assert caught.value.hint
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


def test_a_file_of_somebody_else_is_not_read(file, monkeypatch):
    put(file, b"theirs")
    monkeypatch.setattr(sealed.os, "geteuid", lambda: file.path.stat().st_uid + 1)
    with pytest.raises(errors.StateRefused, match="belongs to somebody else"):
        file.read()


def test_a_symlink_is_replaced_and_not_followed(file):
    symlink(file.path)
    symlink(file.path.with_name("kept.new"))
    put(file, b"new")
    assert file.read() == b"new"
    assert file.path.with_name("elsewhere").read_bytes() == b"mine"


class KilledError(BaseException):
    """Not an Exception: nobody may do anything about it."""


STEPS = ("open", "write", "fsync", "replace", "unlink")


def die_at(step, patch):
    """Let `step` calls through and none after it, as if the power went; a write is cut in the middle."""
    made = [0]

    def counted(name, real):
        def call(*arguments, **named):
            made[0] += 1
            if made[0] == step and name == "write":
                real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            if made[0] >= step:
                raise KilledError
            return real(*arguments, **named)

        return call

    for name in STEPS:
        patch.setattr(os, name, counted(name, getattr(os, name)))
    return made


def test_wherever_it_is_killed_the_old_or_the_new_is_there(file, monkeypatch):
    put(file, b"the old one")
    seen = []
    for step in range(1, 50):
        with monkeypatch.context() as patch:
            die_at(step, patch)
            try:
                put(file, b"the new one")
            except KilledError:
                killed = True
            else:
                killed = False
        seen.append(file.read())
        assert seen[-1] in {b"the old one", b"the new one"}, step
        put(file, b"the old one")
        assert names(file) == ["kept"]
        if not killed:
            break
    assert not killed
    assert seen == sorted(seen, reverse=True), "the old one came back"
    assert seen.count(b"the old one") >= 4, "it was not killed before the new one was whole"


@pytest.mark.parametrize("step", STEPS)
def test_a_disk_in_trouble_costs_the_new_one_and_is_said(file, monkeypatch, step):
    put(file, b"the old one")
    with monkeypatch.context() as patch:

        def full(*_, **__):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(os, step, full)
        if step == "unlink":
            file.path.with_name("kept.new").touch()
        with pytest.raises(errors.StateNotKept, match="No space left") as caught:
            put(file, b"the new one")
    assert caught.value.hint
    assert file.read() == b"the old one"


def test_a_disk_that_takes_less_gets_the_rest(file, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:3]))
    put(file, b"the whole of it")
    assert file.read() == b"the whole of it"


def test_what_could_not_be_read_again_is_not_written(file, monkeypatch):
    put(file, b"old")
    monkeypatch.setattr(sealed, "MOST_BYTES", 5)
    with pytest.raises(errors.StateNotKept, match="far too large"):
        put(file, b"123456")
    assert file.read() == b"old"


def test_nowhere_to_put_it_is_said(tmp_path):
    with pytest.raises(errors.StateNotKept, match="No such file"):
        put(SealedFile(tmp_path / "none" / "kept"), b"new")
