"""audit.jsonl: private, whole lines, rotated by size."""

import json
import os
import stat

import pytest

from xacct.audit import file as audit_file
from xacct.audit.file import AuditFile
from xacct.audit.reader import Reader


def line(number, **more):
    empty = dict.fromkeys(("role", "grant", "uid", "pid", "exe"))
    return {"time": "2026-11-22T12:00:00Z", "event": "fetch", **empty, "what": f"{number:04}", "count": 1, **more}


def raw(*numbers):
    return b"".join(json.dumps(line(number)).encode() + b"\n" for number in numbers)


SIZE = len(raw(0))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


def numbers(file):
    reader = Reader([file])
    try:
        return [int(found.line["what"]) for some in iter(lambda: reader.some(1), []) for found in some]
    finally:
        reader.close()


def names(path):
    return sorted(found.name for found in path.parent.iterdir())


def test_it_is_private_whatever_was_there(path):
    before = os.umask(0)
    try:
        AuditFile(path, 1000, 1).append(raw(1))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    AuditFile(path, 1000, 1).append(raw(2))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == raw(1, 2)


def test_it_is_rotated_by_size_and_the_oldest_goes(path):
    file = AuditFile(path, 2 * SIZE, 2)
    for number in range(7):
        file.append(raw(number))
    assert names(path) == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert path.read_bytes() == raw(6)
    assert path.with_name("audit.jsonl.2").read_bytes() == raw(2, 3)
    assert numbers(file) == [2, 3, 4, 5, 6]
    assert all(stat.S_IMODE(found.stat().st_mode) == 0o600 for found in path.parent.iterdir())


def test_none_may_be_kept(path):
    file = AuditFile(path, 2 * SIZE, 0)
    for number in range(5):
        file.append(raw(number))
    assert names(path) == ["audit.jsonl"]
    assert numbers(file) == [4]


def test_what_was_kept_when_more_were_goes_too(path):
    for number in range(7):
        AuditFile(path, SIZE, 5).append(raw(number))
    file = AuditFile(path, SIZE, 2)
    file.append(raw(7))
    assert names(path) == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert numbers(file) == [5, 6, 7]


def test_more_than_a_file_takes_is_a_file_of_its_own(path):
    file = AuditFile(path, SIZE, 2)
    file.append(raw(1, 2, 3))
    file.append(raw(4))
    assert numbers(file) == [1, 2, 3, 4]


def test_a_disk_that_fills_up_leaves_no_half_line(path, monkeypatch):
    file = AuditFile(path, 10000, 2)
    file.append(raw(1))
    write = os.write
    monkeypatch.setattr(audit_file.os, "write", lambda descriptor, data: write(descriptor, data[:20]))
    with pytest.raises(OSError, match="No space"):
        file.append(raw(2))
    monkeypatch.setattr(audit_file.os, "write", write)
    file.append(raw(3))
    assert path.read_bytes() == raw(1, 3)


@pytest.mark.parametrize("make", ["fifo", "directory", "symlink", "nowhere"])
def test_what_is_no_file_of_ours_is_not_written_to(path, make):
    file = AuditFile(path / "below" if make == "nowhere" else path, 1000, 2)
    if make == "fifo":
        os.mkfifo(path)
    elif make == "directory":
        path.mkdir()
    elif make == "symlink":
        path.symlink_to(path.with_name("elsewhere"))
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    with pytest.raises(OSError):  # noqa: PT011 - which one differs
        file.append(raw(1))
    assert numbers(file) == []
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208
    assert not path.with_name("elsewhere").exists()


def test_what_is_read_first_is_of_one_moment_and_outlives_rotation(path):
    file = AuditFile(path, 2 * SIZE, 1)
    file.append(raw(1, 2))
    reader = Reader([file])
    for number in range(3, 9):
        file.append(raw(number))
    assert [found.line["what"] for found in reader.some(100)] == ["0001", "0002"]
    reader.close()


def test_lines_that_are_none_are_passed_over(path):
    bad = [b"{", b"[]", b'{"time": 1}', b"\xff\xfe", b"", b"null", b'{"half": ', b'{"a":' * 50_000]
    path.write_bytes(raw(1) + b"\n".join(bad) + b"\n" + raw(2))
    assert numbers(AuditFile(path, 1000, 2)) == [1, 2]
