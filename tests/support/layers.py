"""The layers of a Machine, made once each: Debian, the SDKs of the load, and xacct installed from a clone.

    debian()                     a minimal Debian 12 with systemd, Python 3.11 and the user dev
    with_clients()               [above it /opt/load, a venv with boto3 and AWS CLI v1; Debian]
    installed(directory, "HEAD") [above it `make install`, run by dev in a clone of that commit; ...]

The first two are kept below the temporary directory for all later runs, under a name that changes with what is in
them. Taking anything from the network happens here, and nowhere else.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import UID, Machine

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "passwd", "procps", "iproute2"),
    *("python3", "python3-venv", "make", "git"),
)
PYTHON = "3.11"
"""Debian 12's, which the wheels must be for."""

CLIENTS = ("boto3", "awscli")
PINS = ("constraints.txt", "constraints-dev.txt")
NO_NETWORK = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

_USER = f"""
useradd --create-home --uid {UID} --shell /bin/bash dev
mkdir -p /var/lib/systemd/linger
touch /var/lib/systemd/linger/dev
"""


def debian():
    """A directory with a Debian that can boot: a minute at the first time."""
    return _once(_make_debian, PACKAGES, _USER)


def wheels():
    """A directory with every wheel that `make install` and the clients take, as pinned."""
    return _once(_make_wheels, CLIENTS, *((ROOT / name).read_text() for name in PINS))


def with_clients():
    """The layers of a machine on which the load can run."""
    return [_once(_make_clients, wheels().name, debian().name), debian()]


def installed(directory, commit=None):
    """The layers of a machine on which dev has installed a commit, or this checkout as it stands."""
    clone(directory / "clone", commit)
    binds = {wheels(): "/wheels", directory / "clone": "/mnt"}
    with Machine(directory / "machine", layers=with_clients(), binds=binds) as machine:
        install(machine)
        machine.keep(directory / "layer")
    return [directory / "layer", *with_clients()]


def install(machine):
    """What a user types, with the clone that lies in /mnt for an origin and the wheelhouse for a network."""
    machine.run("git config --global --add safe.directory '*'")
    machine.run("rm -rf xacct && git clone --quiet /mnt xacct && make -C xacct install", timeout=180, **NO_NETWORK)


def clone(path, commit=None):
    """Clone this repository; without a commit, what is changed and new in the work tree is committed to the clone."""
    _git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(path))
    if commit is not None:
        _git("-C", str(path), "checkout", "--quiet", "-B", "tested", _git("-C", str(ROOT), "rev-parse", commit).strip())
        return
    changed = _git("-C", str(ROOT), "ls-files", "-z", "--modified", "--others", "--exclude-standard")
    for name in filter(None, changed.split("\0")):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, path / name)
        else:
            (path / name).unlink(missing_ok=True)
    _git("-C", str(path), "add", "--all")
    _git("-C", str(path), "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "Work tree", "--allow-empty")


def has(what):
    """Whether git knows `COMMIT^{commit}` (a shallow clone has no parents) or `COMMIT:PATH`."""
    try:
        _git("-C", str(ROOT), "cat-file", "-e", what)
    except AssertionError:
        return False
    return True


def _make_debian(path):
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", str(path)]
    _do(command, PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    _do(["chroot", str(path), "sh", "-ec", _USER], PATH="/usr/sbin:/usr/bin:/sbin:/bin")


def _make_wheels(path):
    path.mkdir()
    versions = path / "versions.txt"  # pip takes no hashes for requirements that name none
    versions.write_text("\n".join(re.findall(r"^[\w.-]+==[\w.]+", (ROOT / PINS[1]).read_text(), re.MULTILINE)))
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(path)]
    download += ["--python-version", PYTHON, "--only-binary=:all:"]
    _do([*download, "--require-hashes", "-r", str(ROOT / PINS[0])])
    _do([*download, "--constraint", str(versions), *CLIENTS])


def _make_clients(path):
    with Machine(f"{path}.machine", layers=[debian()], binds={wheels(): "/wheels"}) as machine:
        machine.run("python3 -m venv /opt/load", user="root")
        machine.run(f"/opt/load/bin/pip install -q {' '.join(CLIENTS)}", user="root", timeout=180, **NO_NETWORK)
        machine.keep(path)


def _once(make, *recipe):
    """Where `make(directory)` has made its thing from that recipe: one run makes it while others wait."""
    cache = _cache()
    kept = cache / f"{make.__name__.removeprefix('_make_')}-{hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]}"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            fresh = kept.with_suffix(".partial")
            shutil.rmtree(fresh, ignore_errors=True)
            make(fresh)
            fresh.rename(kept)
    return kept


def _cache():
    """Our own directory below the temporary one: another user's would be another user's machine."""
    path = Path(tempfile.gettempdir()) / f"xacct-machines-{os.geteuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    assert (found.st_uid, found.st_mode & 0o7777) == (os.geteuid(), 0o700), f"{path} is not ours alone"
    return path


def _git(*words):
    """Whoever owns the checkout, git is to trust it: the process at the other end of a clone too."""
    trusting = _cache() / "gitconfig"
    trusting.write_text("[safe]\n\tdirectory = *\n")
    return _do(["git", *words], GIT_CONFIG_GLOBAL=str(trusting))


def _do(command, **env):
    done = subprocess.run(
        command,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout
