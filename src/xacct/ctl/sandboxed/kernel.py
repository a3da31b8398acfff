"""What the kernel tells of mounts and Unix sockets, for what else leads to a hidden file: see proc(5)."""

from __future__ import annotations

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
    """Return the paths of the Unix sockets that there are, without symbolic links.

    Args:
        unix: what /proc/net/unix says.
    """
    for line in unix.splitlines()[1:]:
        fields = line.split(None, _PATH)
        if len(fields) > _PATH and fields[_PATH].startswith("/"):
            found = os.path.realpath(fields[_PATH])
            if _is_socket(found):
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
