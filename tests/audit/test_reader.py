"""Reading the audit's files on, wherever somebody stopped, whatever became of the files meanwhile."""

import json
import os

import pytest

from xacct.audit.file import AuditFile
from xacct.audit.reader import Reader


def line(number, second=0):
    empty = dict.fromkeys(("role", "grant", "uid", "pid", "exe"))
    return {"time": f"2026-11-22T12:00:{second:02}Z", "event": "fetch", **empty, "what": f"{number:04}", "count": 1}


def raw(*numbers, second=0):
    return b"".join(json.dumps(line(number, second)).encode() + b"\n" for number in numbers)


SIZE = len(raw(0))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def opened():
    """Readers, which are closed afterwards."""
    there = []

    def make(*files, after=""):
        there.append(Reader(files, after))
        return there[-1]

    yield make
    for reader in there:
        reader.close()


def numbers(reader):
    """What there is now."""
    return [int(each.line["what"]) for some in iter(lambda: reader.some(3), []) for each in some]


def test_what_is_added_is_read_over_any_number_of_rotations(path, opened):
    file = AuditFile(path, 2 * SIZE, 3)
    reader = opened(file)
    assert numbers(reader) == [], "there is no file yet"
    for first in (0, 1, 2, 5, 8):
        there = range(first, first + 3)
        for number in there:
            file.append(raw(number))
        assert numbers(reader) == list(there)
    assert numbers(reader) == []


@pytest.mark.parametrize("read", range(1, 7))
def test_a_cursor_holds_over_rotations_and_another_process(path, opened, read):
    file = AuditFile(path, 2 * SIZE, 5)
    for number in range(4):
        file.append(raw(number))
    before = opened(file)
    found = before.some(4)
    for number in (4, 5):
        file.append(raw(number))
        found += before.some(2)
    assert [int(each.line["what"]) for each in found] == list(range(6))
    for number in range(6, 9):
        file.append(raw(number))
    again = opened(AuditFile(path, 2 * SIZE, 5), after=found[read - 1].cursor)
    assert numbers(again) == list(range(read, 9))


def test_a_cursor_is_of_all_files(path, opened):
    one, other = AuditFile(path, 10**6, 1), AuditFile(path.with_name("refused.jsonl"), 10**6, 1)
    for second in range(0, 10, 2):
        one.append(raw(second, second=second))
        other.append(raw(second + 1, second=second + 1))
    found = opened(one, other).some(99)
    assert [int(each.line["what"]) for each in found] == list(range(10))
    for place, each in enumerate(found):
        assert numbers(opened(one, other, after=each.cursor)) == list(range(place + 1, 10))


def test_where_a_cursors_file_is_gone_all_that_is_there_is_newer(path, opened):
    file = AuditFile(path, 2 * SIZE, 1)
    file.append(raw(0))
    cursor = opened(file).some(1)[0].cursor
    for number in range(1, 9):
        file.append(raw(number))
    assert numbers(opened(file, after=cursor)) == [6, 7, 8] == numbers(opened(file))


def test_another_file_with_the_same_number_is_not_taken_for_it(path, opened):
    file = AuditFile(path, 10**6, 1)
    file.append(raw(0))
    inode, first, offset = opened(file).some(1)[0].cursor.split(".")
    path.write_bytes(raw(7, 8, 9))  # the same inode, as a file that is made anew may have
    assert f"{path.stat().st_ino:x}" == inode
    assert numbers(opened(file, after=f"{inode}.{first}.{offset}")) == [7, 8, 9]


def test_a_file_that_was_removed_is_not_read_twice(path, opened):
    file = AuditFile(path, 2 * SIZE, 2)
    for number in range(3):
        file.append(raw(number))
    old = path.with_name("audit.jsonl.1")
    os.utime(old, ns=(0, 0))
    reader = opened(file)
    assert numbers(reader) == [0, 1, 2]
    path.unlink()
    assert numbers(reader) == []
    file.append(raw(3))
    assert numbers(reader) == [3]


def test_what_is_added_just_before_a_rotation_is_read_too(path, opened):
    file = AuditFile(path, 2 * SIZE, 3)
    file.append(raw(0))
    reader = opened(file)
    assert numbers(reader) == [0]
    there = file.parts

    def late():
        file.parts = there
        for number in (1, 2):  # the first into the file that was read to its end, the second into the next
            file.append(raw(number))
        return there()

    file.parts = late
    assert numbers(reader) == [1, 2]


def test_half_a_line_is_waited_for(path, opened):
    file = AuditFile(path, 10**6, 1)
    file.append(raw(0))
    reader = opened(file)
    with path.open("ab") as being_written:
        being_written.write(raw(1)[:30])
        being_written.flush()
        assert numbers(reader) == [0]
        being_written.write(raw(1)[30:])
    assert numbers(reader) == [1]


def test_readers_let_go_of_files_that_they_have_read(path, opened):
    file = AuditFile(path, SIZE, 2)
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    reader = opened(file)
    for number in range(50):
        file.append(raw(number))
        assert numbers(reader) == [number]
    assert len(os.listdir("/dev/fd")) <= before + 1  # noqa: PTH208
    reader.close()
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208
