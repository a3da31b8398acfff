"""What the kernel tells of mounts and Unix sockets, for what else leads to a hidden file: see proc(5)."""
# ruff: noqa: PTH116, PTH120 - see paths.py

from __future__ import annotations

import errno
import os
import stat

from xacct.ctl.sandboxed.view import is_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Final

_DEVICE, _ROOT, _POINT = 2, 3, 4
"""Fields of a line of mountinfo."""

_PATH: Final = 7
"""The field of a line of /proc/net/unix where it has one."""


def sockets(unix: str) -> Iterator[str]:
    """Return the paths of the Unix sockets that a command without powers could come to, without symbolic links.

    Args:
        unix: what /proc/net/unix says.
    """
    for line in unix.splitlines()[1:]:
        fields = line.split(None, _PATH)
        if len(fields) > _PATH and fields[_PATH].startswith("/"):
            found = os.path.realpath(fields[_PATH])
            if _is_socket(found) and _is_in_reach(found):
                yield found


def aliases(hidden: Iterable[str], mountinfo: str) -> set[str]:
    """Return the other paths by which mounts (bind mounts, subvolumes) show hidden ones, or parts of them.

    Args:
        hidden: paths without symbolic links.
        mountinfo: what /proc/self/mountinfo says.
    """
    mounts = [tuple(map(_plain, line.split(" ")[_DEVICE : _POINT + 1])) for line in mountinfo.splitlines()]
    found = set()
    for path in hidden:
        device, root, point = max((each for each in mounts if is_in(path, each[2])), key=lambda each: len(each[2]))
        inside = _joined(root, path[len(point.rstrip("/")) :])
        for other, its_root, its_point in mounts:
            if other != device:
                continue
            if is_in(inside, its_root):
                found.add(_joined(its_point, inside[len(its_root.rstrip("/")) :]))
            elif is_in(its_root, inside):
                found.add(its_point)
    return {path for path in found.difference(hidden) if os.path.lexists(path)}


def _joined(directory: str, rest: str) -> str:
    return f"{directory.rstrip('/')}/{rest.lstrip('/')}".rstrip("/") or "/"


def _plain(field: str) -> str:
    r"""Return a field without its escapes: \040 is a space."""
    first, *rest = field.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return False


def _is_in_reach(path: str) -> bool:
    """Say whether each directory above may be searched by us without root's powers, which a sandbox has not.

    Nothing could be mounted on a socket elsewhere: bubblewrap has no powers over other users' directories either.
    """
    above = os.path.dirname(path)
    while above != "/":
        if not _is_searchable(above):  # guard: sandbox-of-root-covers-what-it-can
            return False
        above = os.path.dirname(above)
    return True


def _is_searchable(directory: str) -> bool:
    try:
        found = os.stat(directory)
        if "system.posix_acl_access" in _attributes(directory):  # guard: sockets-behind-access-lists-are-covered
            return True
    except OSError:
        return True  # what can't be told is covered
    if found.st_uid == os.geteuid():
        return bool(found.st_mode & stat.S_IXUSR)
    ours = found.st_gid in {os.getegid(), *os.getgroups()}
    return bool(found.st_mode & (stat.S_IXGRP if ours else stat.S_IXOTH))


def _attributes(path: str) -> list[str]:
    try:
        return os.listxattr(path)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise
