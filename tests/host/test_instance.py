import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from xacct import errors
from xacct.host import instance

HOLD = """
import pathlib, sys
from xacct.host import instance
instance.lock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
input()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "xacctd.lock"


@pytest.fixture
def held(path):
    """A path whose lock another process holds, and that process."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        yield path, holder
        holder.kill()


def test_the_holder_is_named_in_a_private_file(path):
    descriptor = instance.lock(path)
    try:
        assert path.read_text() == f"{os.getpid()}\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.close(descriptor)


def test_a_second_holder_is_refused_and_leaves_the_first_ones_name(held):
    path, holder = held
    for _ in range(3):
        with pytest.raises(errors.StartupFailed, match="running already") as refused:
            instance.lock(path)
        assert "xacctctl stop" in refused.value.hint
    assert path.read_text() == f"{holder.pid}\n"


def test_a_refused_holder_keeps_no_descriptor(held):
    path, _ = held
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(errors.StartupFailed):
        instance.lock(path)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_death_frees_the_lock_however_it_comes(held):
    path, holder = held
    holder.kill()
    holder.wait()
    os.close(instance.lock(path))
    assert path.read_text() == f"{os.getpid()}\n"


def test_a_child_does_not_inherit_the_lock(path):
    descriptor = instance.lock(path)
    sleep = [sys.executable, "-c", "print(1, flush=True); input()"]
    with subprocess.Popen(sleep, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as child:
        child.stdout.readline()
        os.close(descriptor)
        os.close(instance.lock(path))
        assert child.poll() is None
        child.kill()


def test_a_longer_name_of_an_earlier_holder_is_gone(path):
    path.write_text("123456789012345\n")
    os.close(instance.lock(path))
    assert path.read_text() == f"{os.getpid()}\n"


def test_a_lock_is_not_made_through_a_symlink(path):
    target = path.with_name("target")
    path.symlink_to(target)
    with pytest.raises(errors.StartupFailed):
        instance.lock(path)
    assert not target.exists()


def test_a_place_where_no_lock_can_be_is_said_in_a_sentence(path):
    with pytest.raises(errors.StartupFailed, match="No such file or directory"):
        instance.lock(path / "below")
    path.mkdir()
    with pytest.raises(errors.StartupFailed, match="is a directory"):
        instance.lock(path)
