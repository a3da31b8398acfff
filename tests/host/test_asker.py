"""Who asks: read from /proc, bounded in time and size, and never of another process than the one that asked."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import PATIENCE, until, wait_until

from xacct.asker import Asker
from xacct.host import asker, threads
from xacct.host.asker import AT_ONCE, DEPTH, LARGEST, Askers
from xacct.host.processes import executable
from xacct.model import Caller

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Proc:
    """A /proc of some processes."""

    def __init__(self, folder):
        self.folder = folder

    def add(self, pid, name, parent, *, terminal=0, started=None, command=b"", directory="/home/u"):
        place = self.folder / str(pid)
        place.mkdir(exist_ok=True)
        fields = ["S", parent, pid, pid, terminal, *[0] * 14, pid if started is None else started, 0, 0]
        (place / "stat").write_bytes(f"{pid} ({name}) {' '.join(map(str, fields))}\n".encode())
        (place / "cmdline").write_bytes(command)
        for link, target in (("cwd", directory), ("exe", f"/usr/bin/{name}")):
            (place / link).unlink(missing_ok=True)
            (place / link).symlink_to(target)

    def of(self, pid, exe=None):
        caller = Caller(uid=os.geteuid(), pid=pid, exe=exe or executable(pid, str(self.folder)))
        return asker.of(caller, str(self.folder))


@pytest.fixture
def proc(tmp_path):
    return Proc(tmp_path)


def test_a_process_of_ours_is_described():
    with subprocess.Popen(["/bin/sh", "-c", "read x; : --token hunter2"], stdin=subprocess.PIPE, cwd="/usr") as child:
        wait_until(Path(f"/proc/{child.pid}/cmdline").read_bytes)  # Popen is back before the kernel has it
        found = asker.of(Caller(uid=os.geteuid(), pid=child.pid, exe=executable(child.pid)))
        child.kill()
    assert found.tree[0][0] == child.pid
    assert found.tree[1][0] == os.getpid()
    assert found.directory == "/usr"
    assert found.command == "/bin/sh -c read x; : --token ***"
    assert found.process.startswith(f"pid {child.pid}, /")


def test_the_tree_goes_up_to_the_terminal(proc):
    proc.add(5, "systemd", 1)
    proc.add(10, "kitty", 5)
    proc.add(20, "bash", 10, terminal=34816)
    proc.add(30, "a (b) c", 20, terminal=34816, command=b"aws\0s3\0ls\0")
    assert proc.of(30) == Asker(
        "pid 30, /usr/bin/a (b) c", ((30, "a (b) c"), (20, "bash"), (10, "kitty")), "/home/u", "aws s3 ls"
    )


def test_without_a_terminal_it_goes_up_to_the_first_of_ours_and_has_an_end(proc):
    proc.add(1, "init", 0)
    for pid in range(2, 20):
        proc.add(pid, f"p{pid}", pid - 1)
    assert [name for _, name in proc.of(5).tree] == ["p5", "p4", "p3", "p2"]
    assert len(proc.of(19).tree) == DEPTH


def test_who_is_younger_than_its_child_is_no_ancestor(proc):
    proc.add(20, "bash", 1, started=99)
    proc.add(30, "aws", 20, started=50)
    assert proc.of(30).tree == ((30, "aws"),)


def test_another_users_process_is_not_looked_at(proc, monkeypatch):
    proc.add(20, "bash", 1)
    proc.add(30, "aws", 20)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert proc.of(30).tree == ((30, "aws"),)


def test_a_pid_that_stands_for_another_process_by_now_says_nothing(proc, monkeypatch):
    proc.add(30, "aws", 1)
    assert proc.of(30, exe="/usr/bin/terraform") == Asker("pid 30, /usr/bin/terraform")
    was = asker._command

    def meanwhile(*where):
        proc.add(30, "aws", 1, started=31)
        return was(*where)

    monkeypatch.setattr(asker, "_command", meanwhile)
    assert proc.of(30) == Asker("pid 30, /usr/bin/aws")


def test_of_a_long_command_line_no_half_argument_is_shown(proc):
    half = b"hunter2"
    long = b"aws\0--token\0"
    proc.add(
        30, "aws", 1, command=long + b"x" * (LARGEST - len(long) - len(half) - 1) + b"\0" + half + b"isthecanary\0"
    )
    assert proc.of(30).command == "aws --token *** …"


def test_names_directories_and_commands_are_words(proc):
    proc.add(30, "a\x1b[2Jb", 1, command=b"a\x1b[2J\0\xff\n\0", directory="/tmp/\x1b[31m\xe2\x80\xae")
    found = proc.of(30)
    assert all(text.isprintable() for text in (found.tree[0][1], found.directory, found.command))


def test_who_is_not_known_or_gone_is_no_error(proc):
    assert proc.of(4711) == Asker("pid 4711")
    assert asker.of(Caller(why="unknown")) == Asker()


async def test_a_look_that_hangs_is_not_waited_for_and_there_are_few(monkeypatch):
    monkeypatch.setattr(asker, "PATIENCE", 0.05)
    go_on, begun = threading.Event(), []

    def hangs(caller):
        begun.append(caller)
        go_on.wait(PATIENCE)
        return Asker("too late")

    looks = Askers(lambda caller: caller, hangs)
    caller = Caller(pid=7, exe="/bin/ls")
    found = await asyncio.gather(*(looks.of(caller) for _ in range(AT_ONCE + 3)))
    assert found == [Asker("pid 7, /bin/ls")] * (AT_ONCE + 3)
    await until(lambda: len(begun) == AT_ONCE)  # a busy machine may begin them late
    assert await looks.of(caller) == Asker("pid 7, /bin/ls")
    assert len(begun) == AT_ONCE
    go_on.set()


async def test_a_look_that_breaks_is_no_error(monkeypatch):
    monkeypatch.setattr(asker, "PATIENCE", float(PATIENCE))
    looks = Askers(lambda caller: caller, lambda _caller: 1 / 0)
    for _ in range(AT_ONCE + 1):
        assert await looks.of(Caller(pid=7)) == Asker("pid 7")
    looks = Askers(lambda caller: caller, lambda caller: Asker(caller.process, command="ls"))
    assert await looks.of(Caller(pid=7)) == Asker("pid 7", command="ls")


async def test_a_look_without_a_thread_is_no_error_and_takes_nobodys_place(monkeypatch):
    monkeypatch.setattr(asker, "PATIENCE", float(PATIENCE))
    looks = Askers(lambda caller: caller, lambda caller: Asker(caller.process, command="ls"))
    with monkeypatch.context() as here:
        here.setattr(threads, "_idle", [])
        here.setattr(threading.Thread, "start", refuse)
        for _ in range(AT_ONCE + 1):
            assert await looks.of(Caller(pid=7)) == Asker("pid 7")
    assert await looks.of(Caller(pid=7)) == Asker("pid 7", command="ls")


def refuse(_thread):
    raise RuntimeError("can't start new thread")
