"""The system calls that a sandboxed command can't make, as a seccomp filter: a program of the kernel's classic BPF.

Numbers are those of linux/seccomp.h, linux/audit.h, linux/bpf_common.h, asm-generic/ioctls.h, linux/sched.h and, for
each machine, of its system call table. The filter allows what it does not name.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

_INSTRUCTION: Final = struct.Struct("=HBBI")
"""struct sock_filter: what, where to go if it is true, and if it is not, and a number."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST, _SECOND = 0, 4, 16, 24
"""Where they are in struct seccomp_data: the call, the machine, the low halves of the first two arguments."""

_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_X32: Final = 0x40000000
"""A bit in the numbers of x86-64's calls with short pointers, which would pass by the filter."""

_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
"""Both put characters into the terminal's input, which the shell outside reads when the command has ended."""

_NEW_USER_NAMESPACE: Final = 0x10000000
AF_UNIX: Final = 1
AF_VSOCK: Final = 40
"""Sockets to a virtual machine's host: no network namespace holds them."""


_ABSENT: Final = ("keyctl", "add_key", "request_key", "io_uring_setup", "clone3")
"""The kernel's keyrings belong to no namespace; io_uring makes sockets, and clone3 processes, out of a filter's sight.

For what is not there libraries do without: libc takes clone, whose flags a filter sees.
"""


class _Calls:
    """The numbers of a machine's system calls."""

    def __init__(self, machine: int, **numbers: int) -> None:
        self.machine = machine
        self.numbers = numbers


_MACHINES: Final = {
    "x86_64": _Calls(
        0xC000003E,
        ioctl=16,
        socket=41,
        clone=56,
        add_key=248,
        request_key=249,
        keyctl=250,
        unshare=272,
        setns=308,
        io_uring_setup=425,
        clone3=435,
    ),
    "aarch64": _Calls(
        0xC00000B7,
        ioctl=29,
        unshare=97,
        socket=198,
        add_key=217,
        request_key=218,
        keyctl=219,
        clone=220,
        setns=268,
        io_uring_setup=425,
        clone3=435,
    ),
}
"""The AUDIT_ARCH of each, and its calls."""


def known(machine: str) -> bool:
    """Say whether there is a filter for a machine, by its name (uname)."""
    return machine in _MACHINES


def program(machine: str, families: Iterable[int]) -> bytes:
    """Return the filter for a machine.

    Args:
        machine: its name (uname), one that is `known`.
        families: the kinds of sockets that can't be made (AF_UNIX, AF_VSOCK).
    """
    calls = _MACHINES[machine]
    of = calls.numbers
    lines = [
        _load(_MACHINE),
        (_EQUAL, 1, 0, calls.machine),
        _answer(_KILL),  # guard: no-other-machines-calls-in-sandbox
        _load(_NUMBER),
        *_where(_AT_LEAST, _X32, _ERROR | _ENOSYS),
        *(line for name in _ABSENT for line in _where(_EQUAL, of[name], _ERROR | _ENOSYS)),
        *_where(_EQUAL, of["setns"], _ERROR | _EPERM),
        *_by_argument(of["ioctl"], _SECOND, _EQUAL, (_TIOCSTI, _TIOCLINUX), _EPERM),  # guard: no-typing-into-terminal
        *_by_argument(of["clone"], _FIRST, _ANY_BIT, (_NEW_USER_NAMESPACE,), _EPERM),
        *_by_argument(of["unshare"], _FIRST, _ANY_BIT, (_NEW_USER_NAMESPACE,), _EPERM),
        *_by_argument(of["socket"], _FIRST, _EQUAL, tuple(families), _EAFNOSUPPORT),
        _answer(_ALLOW),
    ]
    return b"".join(_INSTRUCTION.pack(*line) for line in lines)


Line = tuple[int, int, int, int]


def _load(where: int) -> Line:
    return _LOAD, 0, 0, where


def _answer(value: int) -> Line:
    return _RETURN, 0, 0, value


def _where(test: int, value: int, answer: int) -> list[Line]:
    """Return what answers if the loaded number passes a test."""
    return [(test, 0, 1, value), _answer(answer)]


def _by_argument(call: int, argument: int, test: int, values: tuple[int, ...], error: int) -> list[Line]:
    """Return what refuses a call with one of these values, and leaves the call's number loaded for what follows."""
    tests = [line for value in values for line in _where(test, value, _ERROR | error)]
    inside = [_load(argument), *tests, _load(_NUMBER)]
    return [(_EQUAL, 0, len(inside), call), *inside]
