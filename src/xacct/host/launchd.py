"""The listeners that launchd holds for us: launch_activate_socket(3), in macOS's C library."""

from __future__ import annotations

import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAMES = ("control", "endpoint")
"""The keys under Sockets in launchd/dev.xacct.xacctd.plist."""


def listeners(library: Any = None) -> list[tuple[int, str]]:
    """The descriptors launchd holds, each with its name; none where launchd did not start us.

    Args:
        library: the C library, or a stand-in with `launch_activate_socket` and `free`.
    """
    library = ctypes.CDLL(None) if library is None else library
    return [(descriptor, name) for name in NAMES for descriptor in _activate(library, name)]


def _activate(library: Any, name: str) -> list[int]:
    """The descriptors of one name. One is usual; a host name with two addresses would make two."""
    try:
        activate, free = library.launch_activate_socket, library.free
    except AttributeError:
        return []  # no macOS
    descriptors = ctypes.POINTER(ctypes.c_int)()
    count = ctypes.c_size_t(0)
    activate.argtypes = [
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.POINTER(ctypes.c_int)),
        ctypes.POINTER(ctypes.c_size_t),
    ]
    activate.restype = ctypes.c_int
    free.argtypes, free.restype = [ctypes.c_void_p], None
    # ESRCH: launchd did not start us. ENOENT: its file has no such name. EALREADY: we have asked before.
    if activate(name.encode(), ctypes.byref(descriptors), ctypes.byref(count)) != 0:
        return []
    found = [descriptors[i] for i in range(count.value)]
    free(descriptors)
    return found
