"""prctl(2): what a process asks of Linux for itself. ctypes is loaded at the first call; shared by both ends."""

import os

DUMPABLE = 4
"""PR_SET_DUMPABLE: 0 makes /proc/PID/{mem,environ,fd,...} root's, and refuses ptrace to the same user."""

CHILD_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER: with 1, what stems from this process comes back to it when its own parent ends."""


def set_option(option: int, value: int) -> None:
    """Set an option of this process. 10 ms at the first call, for ctypes.

    Args:
        option: one of those above.
        value: what it is to be.

    Raises:
        OSError: the kernel refuses, or there is no such call here.
    """
    import ctypes  # noqa: PLC0415 - slow to load

    try:
        failed = ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
    except AttributeError:
        raise OSError(0, "no prctl here") from None
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
