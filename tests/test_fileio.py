"""Files are read without hanging and written whole. What lies there is real: FIFOs, sockets, devices."""

import os
import signal
import socket
import stat

import pytest

from xacct import fileio


@pytest.fixture
def no_waiting():
    """Interrupt what waits for a FIFO's other end."""

    def late(*_):
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["fifo", "socket", "device", "directory", "link to a fifo", "link to itself"])
def irregular(request, tmp_path):
    path = tmp_path / "it"
    match request.param:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(str(path))
        case "device":
            path.symlink_to("/dev/zero")
        case "directory":
            path.mkdir()
        case "link to a fifo":
            os.mkfifo(tmp_path / "fifo")
            path.symlink_to(tmp_path / "fifo")
        case "link to itself":
            path.symlink_to(path)
    return path


def test_what_is_no_regular_file_is_refused_at_once(irregular):
    with pytest.raises(OSError, match=r"."):
        fileio.read(irregular)


def test_what_is_no_regular_file_is_not_written_to(irregular):
    with pytest.raises(OSError, match=r"."):
        fileio.open_regular(irregular, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def test_a_fifo_that_comes_between_look_and_open_is_refused(tmp_path, monkeypatch, no_waiting):
    path = tmp_path / "it"
    os.mkfifo(path)
    regular = tmp_path / "regular"
    regular.touch()
    status = regular.stat()
    with monkeypatch.context() as patch:
        patch.setattr(fileio.os, "stat", lambda *_, **__: status)
        with pytest.raises(OSError, match="regular"):
            fileio.read(path)
        with pytest.raises(OSError, match="regular"):
            fileio.open_regular(path, os.O_WRONLY)


def test_an_empty_file_is_meant_by_dev_null(tmp_path):
    assert fileio.read("/dev/null") == b""
    (tmp_path / "link").symlink_to("/dev/null")
    assert fileio.read(tmp_path / "link") == b""


def test_a_file_is_read_up_to_the_limit(tmp_path):
    path = tmp_path / "it"
    path.write_bytes(b"x" * 2048)
    assert fileio.read(path, 2048) == b"x" * 2048
    with pytest.raises(OSError, match="larger than 1 KiB"):
        fileio.read(path, 1024)


def test_a_link_is_followed_only_where_it_may_be(tmp_path):
    (tmp_path / "it").write_text("here")
    (tmp_path / "link").symlink_to("it")
    assert fileio.read(tmp_path / "link") == b"here"
    with pytest.raises(OSError, match="symbolic link"):
        fileio.read(tmp_path / "link", follow=False)


def test_text_has_no_byte_order_mark(tmp_path):
    (tmp_path / "it").write_bytes(b"\xef\xbb\xbfhere")
    assert fileio.read_text(tmp_path / "it") == "here"


def test_what_is_written_is_private_and_takes_the_place_of_what_was_there(tmp_path):
    path = tmp_path / "it"
    path.write_text("old")
    path.chmod(0o644)
    fileio.write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["it"]  # noqa: PTH208


def test_a_link_in_the_place_is_replaced_and_its_target_left_alone(tmp_path):
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "it").symlink_to("target")
    fileio.write_private(tmp_path / "it", b"ours")
    assert (tmp_path / "target").read_text() == "theirs"
    assert (tmp_path / "it").read_text() == "ours"


def test_what_can_not_be_written_leaves_the_old_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "it"
    path.write_text("old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fileio.os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        fileio.write_private(path, b"new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["it"]  # noqa: PTH208


def test_what_is_set_aside_never_takes_the_place_of_another(tmp_path):
    for text in ("first", "second", "third"):
        (tmp_path / "it").write_text(text)
        fileio.set_aside(tmp_path / "it")
    assert sorted(file.read_text() for file in tmp_path.iterdir()) == ["first", "second", "third"]
