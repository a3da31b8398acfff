"""Who listens on a TCP port of this machine, as far as we may know."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xacct.ctl import procfs
from xacct.ctl.doctor.scene import Scene

_LISTEN: Final = "0A"
_TABLES: Final = ("/proc/net/tcp", "/proc/net/tcp6")


def holder(scene: Scene, port: int) -> str | None:
    """Return "NAME (pid N)", None where it is another user's or can't be found out."""
    if scene.platform == "darwin":
        return _by_lsof(scene, port)
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    for pid in procfs.pids():
        if wanted & set(_links(pid)):
            return f"{procfs.command(pid) or 'a program'} (pid {pid})"
    return None


def _inodes(port: int) -> Iterator[str]:
    for table in _TABLES:
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _links(pid: int) -> Iterator[str]:
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            yield os.readlink(link)  # noqa: PTH115 - what it says, not where it leads
    except OSError:
        return


def _by_lsof(scene: Scene, port: int) -> str | None:
    said = scene.output("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc")
    fields = {line[:1]: line[1:] for line in said.stdout.splitlines()} if said else {}
    return f"{fields['c']} (pid {fields['p']})" if {"c", "p"} <= fields.keys() else None
