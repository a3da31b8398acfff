"""What a process that holds secrets asks of the kernel at its start: no core, no tracer, descriptors enough."""

from __future__ import annotations

import ctypes
import resource
import sys

from xacct import prctl

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
"""mlockall(2), on the architectures Linux is run on by people; ONFAULT: what is never touched takes no memory."""

FILES = 8192
"""Descriptors wanted: the endpoint's connections, and some for the control socket whatever strangers do."""


def harden() -> list[str]:
    """Ask for all of it. Returns what the kernel refused, a sentence each; nothing of it is fatal."""
    refused = []
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # guard: no-core
    except (OSError, ValueError):
        refused.append("Core dumps could not be switched off.")
    if sys.platform == "linux":
        try:
            prctl.set_option(prctl.DUMPABLE, 0)  # guard: no-tracer
        except OSError:
            refused.append("The process could not be made undumpable.")
    return refused


def keep_out_of_swap() -> bool:
    """Lock our memory, if we may lock all of it. Returns whether it is locked.

    Under a limit (8 MiB is usual) it is not tried: with a part locked, the next allocation would fail.
    """
    if sys.platform != "linux" or resource.getrlimit(resource.RLIMIT_MEMLOCK)[1] != resource.RLIM_INFINITY:
        return False
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return bool(ctypes.CDLL(None, use_errno=True).mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0)


def give_back_memory() -> None:
    """Have the system take back what a crowd has left behind: glibc keeps it. A few milliseconds: for a thread."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def open_files() -> int:
    """How many descriptors this process may have, FILES at most: what its listeners share."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return FILES if soft == resource.RLIM_INFINITY else min(FILES, soft)


def raise_file_limit() -> None:
    """Raise the soft limit on open files to FILES, or as far as the hard limit lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
