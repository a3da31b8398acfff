"""Machines that several files boot: xacct installed once, for as long as the session lasts."""

import shutil
import tempfile
from pathlib import Path

import layers
import machine
import pytest
from resident import Resident

ROOM = 2 << 30
"""Bytes that machines may take: an installation is 130 MiB, and there are three at most."""


def _needs_a_machine():
    why = machine.why_not()
    if why:
        pytest.skip(why)


@pytest.fixture(scope="session")
def workshop():
    """A directory for machines, gone at the end. In memory where there is room: a disk takes seconds to forget it."""
    _needs_a_machine()
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    with tempfile.TemporaryDirectory(prefix="xacct-test-", dir=memory if roomy else None) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def installed(workshop):
    """The layers of a machine on which dev has run `make install` in a clone of what is tested."""
    return layers.installed(workshop / "installed")


@pytest.fixture
def fresh(workshop, installed):
    """A machine of the test's own, with the units installed and nobody logged in."""
    with Resident(workshop / "fresh", installed) as resident:
        yield resident


@pytest.fixture(scope="module")
def shared(workshop, installed):
    """A machine for the tests of one file."""
    with Resident(workshop / "shared", installed) as resident:
        yield resident


@pytest.fixture
def resident(shared):
    """The same, with credentials in hand: a code is typed where a test before has lost them."""
    if not shared.environment or shared.fetch()[0] != 200:
        shared.login("prod")
    return shared
