"""Python run as another user, for tests that attack: `attack(uid, "print(1)")` is what it printed."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack import Stack

OWNER = 65534
"""The uid that daemons under attack run as: not root, which may do everything."""

STRANGER = 65533
"""Another."""


PATH = os.pathsep.join(entry for entry in sys.path if entry.endswith(("site-packages", "src")))
"""Where that Python finds what this one has."""


@functools.cache
def python():
    """An interpreter that any user may run: ours, or the system's of the same version; None if there is none."""
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            tried = _run(candidate, STRANGER, "import xacct.daemon, aiohttp, aiobotocore.session, uvloop")
        except (FileNotFoundError, PermissionError):
            continue
        if tried.returncode == 0:
            return candidate
    return None


def why_not():
    """Why nobody else can be played here; None where they can."""
    if os.geteuid() != 0:
        return "only root can become another user"
    return None if python() else "no other user can run this interpreter, or read this repository"


def run(uid, code, *arguments):
    """Run Python code as a user, without its groups and without our environment."""
    return _run(python(), uid, textwrap.dedent(code), *map(str, arguments))


def _run(interpreter, uid, *arguments):
    return subprocess.run(
        [interpreter, "-c", *arguments],
        user=uid,
        group=uid,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": PATH, "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def attack(uid, code, *arguments):
    """What that code printed; it must not have broken."""
    tried = run(uid, code, *arguments)
    assert tried.returncode == 0, tried.stderr
    return tried.stdout.strip()


@contextmanager
def reachable_directory():
    """A directory every user can reach (pytest's own lie below one of mode 0700)."""
    directory = Path(tempfile.mkdtemp(prefix="x-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextmanager
def unprivileged_stack(**options):
    """A Stack that is OWNER's. Skips the test where that can't be."""
    if why_not():
        pytest.skip(why_not())
    with reachable_directory() as directory, Stack(directory / "s", user=OWNER, python=python(), **options) as stack:
        yield stack
