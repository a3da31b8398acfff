"""What a sandbox asks of the kernel itself: Landlock's scope of abstract Unix sockets (landlock(7)), and no tracers.

Such sockets (`@/tmp/.X11-unix/X0`, D-Bus's at times) belong to the network namespace, so a sandbox that shares the
network would reach them. Linux has it since 6.12.
"""

from __future__ import annotations

import os

from xacct import prctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
"""System call numbers, the same on every machine since 5.13."""

_SCOPE_ABSTRACT_UNIX_SOCKET: Final = 1
"""linux/landlock.h; the signals' scope is not asked for: a pid namespace has that, and RHEL 9's kernel lacks it."""


def has_scope() -> bool:
    """Say whether this kernel has it."""
    try:
        os.close(_ruleset())
    except OSError:
        return False
    return True


def enter() -> None:
    """Put this process, and those that it starts, into a domain of their own.

    Raises:
        OSError: the kernel has no such thing.
    """
    ruleset = _ruleset()
    try:
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def close_to_tracers() -> None:
    """Let no other process without powers stop this one by ptrace, or read it; what it starts is not closed so.

    Raises:
        OSError: that can't be had.
    """
    prctl.set_option(prctl.DUMPABLE, 0)


def _ruleset() -> int:
    import ctypes  # noqa: PLC0415 - of use to sandboxes alone

    # struct landlock_ruleset_attr: files, network, scopes
    attributes = (ctypes.c_uint64 * 3)(0, 0, _SCOPE_ABSTRACT_UNIX_SOCKET)
    return _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), 0)


def _call(number: int, *arguments: object) -> int:
    import ctypes  # noqa: PLC0415

    found: int = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments)
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return found
