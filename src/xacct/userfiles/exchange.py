"""Two files change names in one step (renameat2(2), RENAME_EXCHANGE; on macOS renamex_np(2), RENAME_SWAP)."""

import errno
import os
import sys

_SWAP = 2
_HERE = -100
_CAN_NOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}


def exchange(one: str, other: str) -> bool:
    """Let two files change names; false where system or file system can't.

    Raises:
        OSError: Another reason, such as that one of them is not there.
    """
    import ctypes  # noqa: PLC0415 - 10 ms, paid only here

    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            failed = libc.renamex_np(first, second, ctypes.c_uint(_SWAP))
        else:
            failed = libc.renameat2(_HERE, first, _HERE, second, ctypes.c_uint(_SWAP))
    except AttributeError:  # a C library that has no such function
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in _CAN_NOT:
        return False
    raise OSError(number, os.strerror(number), one)
