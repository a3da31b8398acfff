"""The owner of a TCP socket on this machine, from Linux's netlink sock_diag(7): one exact question, no search.

A kept netlink socket answers in about 5 µs; the kernel puts the reply in place before the question's send returns, so
nothing is ever waited for. It is opened at the start, while descriptors are to be had: later, whoever takes them all
must not go unasked for it. A caller is unknown where the kernel says that it does not know, or may not tell; where the
question could not be put, or was not answered, nobody knows who it is, and `unasked` says so. Numbers and layouts are
those of linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from xacct.model import Caller

if TYPE_CHECKING:
    from xacct.model import Address

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLMSG_ERROR = 2
_NLM_F_REQUEST = 1
_ANY_STATE = 0xFFFFFFFF
_NO_COOKIE = 0xFFFFFFFF
_LISTEN = 10
"""TCP_LISTEN: where no such connection exists, an exact question falls back to whoever listens on its port."""

_HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence number, port id."""

_QUESTION = struct.Struct("=BBBxI")
"""The start of struct inet_diag_req_v2: family, protocol, extensions, states; an inet_diag_sockid follows."""

_PORTS = struct.Struct("!HH16s16s")
_REST = struct.Struct("=III")
"""struct inet_diag_sockid: ports and addresses in network order; interface and cookie in the machine's."""

_BEFORE = _QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, _ANY_STATE)
_AFTER = _REST.pack(0, _NO_COOKIE, _NO_COOKIE)
_LENGTH = _HEADER.size + len(_BEFORE) + _PORTS.size + len(_AFTER)

_ANSWER = struct.Struct("=BBBB48sIIIII")
"""struct inet_diag_msg: family, state, timer, retransmits, sockid; expiry, queues, uid, inode."""

_MAPPED = bytes(10) + b"\xff\xff"
"""What an IPv4 address has before it in a socket of both families, as Java's are (RFC 4291, 2.5.5.2)."""

_MAX_REPLY = 4096
_STALE = 8
"""Replies to earlier questions that are skipped; there should be none."""

_SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.EINTR, errno.EBUSY})
"""What is not to be had for a moment. Any other failure to open the socket is a system on which nobody is known."""


class _Owner(NamedTuple):
    uid: int
    inode: int


class _Untold(Exception):
    """The kernel did not tell, and why.

    Attributes:
        unasked: it did not hear the question, or its answer did not come.
    """

    def __init__(self, why: str, *, unasked: bool = False) -> None:
        super().__init__(why)
        self.unasked = unasked


class SockDiag:
    """Asks the kernel. Not for use from several threads."""

    def __init__(self) -> None:
        self._sequence = 0
        self._overflow = overflow_uid()
        self._socket: socket.socket | None = None
        self._works = False
        # guard: netlinks-socket-is-there-from-start
        with contextlib.suppress(OSError):  # the first caller's answer says why
            self._open()

    def caller(self, client: Address, server: Address) -> Caller:
        """Who has the socket `client` that is connected to `server` (IPv4)."""
        try:
            owner = self._owner_for_sure(client, server)
        except OSError as error:
            # guard: no-descriptor-not-merely-unknown, netlink-that-worked-and-is-lost
            unasked = self._works or error.errno in _SCARCE
            return Caller(why=f"netlink: {error.strerror or type(error).__name__}", unasked=unasked)
        except _Untold as untold:
            return Caller(why=str(untold), unasked=untold.unasked)
        if owner.uid == self._overflow:
            return Caller(why="a user namespace without its user")
        if owner.uid == 0 and owner.inode == 0:
            return Caller(why="it has hung up")  # nobody's socket any more: older kernels call that root's
        return Caller(uid=owner.uid, inode=owner.inode)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the netlink socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        """A new socket instead of the old one, which stays where no new one can be had."""
        opened = _open()
        self.close()
        self._socket, self._works = opened, True
        return opened

    def _owner_for_sure(self, client: Address, server: Address) -> _Owner:
        """The same as `_owner`; where the socket has failed, by a new one."""
        if self._socket is None:
            return self._owner(self._open(), client, server)
        try:
            return self._owner(self._socket, client, server)
        except OSError:
            return self._owner(self._open(), client, server)

    def _owner(self, kernel: socket.socket, client: Address, server: Address) -> _Owner:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        identity = _identity(client, server)
        kernel.send(question(identity, self._sequence))
        for _ in range(_STALE):
            reply = kernel.recv(_MAX_REPLY)
            if _sequence_of(reply) == self._sequence:
                return answer(reply, identity)
        raise _Untold("netlink: only old replies", unasked=True)  # guard: answer-that-did-not-come


def question(identity: bytes, sequence: int) -> bytes:
    """The bytes that ask for one IPv4 connection's socket."""
    return _HEADER.pack(_LENGTH, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, sequence, 0) + _BEFORE + identity + _AFTER


def answer(reply: bytes, identity: bytes) -> _Owner:
    """What a reply says of the socket that was asked for.

    Raises:
        _Untold: it is an error, of another socket, or no reply at all.
    """
    if len(reply) < _HEADER.size:
        raise _Untold("netlink: a reply cut short", unasked=True)
    length, kind, _, _, _ = _HEADER.unpack_from(reply)
    if kind == _NLMSG_ERROR and len(reply) >= _HEADER.size + 4:
        (number,) = struct.unpack_from("=i", reply, _HEADER.size)
        # ENOENT: its address was translated on the way (NAT), it is in another network namespace, or it is gone.
        # guard: kernel-has-no-memory-for-its-answer
        raise _Untold(f"netlink: {os.strerror(abs(number))}", unasked=abs(number) in _SCARCE)
    if kind != _SOCK_DIAG_BY_FAMILY or not _HEADER.size + _ANSWER.size <= length <= len(reply):
        raise _Untold("netlink: no reply to the question", unasked=True)
    family, state, _, _, found, _, _, _, uid, inode = _ANSWER.unpack_from(reply, _HEADER.size)
    if state == _LISTEN or not _is_same(family, found, identity):
        raise _Untold("netlink: another socket's reply")
    return _Owner(uid, inode)


def overflow_uid() -> int | None:
    """The number by which the kernel calls users that our user namespace lacks, if it says nothing of callers.

    Any such user is another than ours, which is all one needs to know, unless we are such a user ourselves.
    """
    with contextlib.suppress(OSError, ValueError):
        number = int(Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii"))
        mapped = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
        if os.geteuid() == number and mapped != ["0", "0", "4294967295"]:
            return number
    return None


def _open() -> socket.socket:
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_SOCK_DIAG)
    opened.connect((0, 0))  # only the kernel's replies are let in
    return opened


def _identity(client: Address, server: Address) -> bytes:
    return _PORTS.pack(client[1], server[1], _padded(client[0]), _padded(server[0]))


@lru_cache(256)
def _padded(address: str) -> bytes:
    """An IPv4 address as inet_diag_sockid has it. There are few, and each connection asks for two."""
    return socket.inet_aton(address).ljust(16, b"\0")


def _sequence_of(reply: bytes) -> int | None:
    sequence: int | None = _HEADER.unpack_from(reply)[3] if len(reply) >= _HEADER.size else None
    return sequence


def _is_same(family: int, found: bytes, identity: bytes) -> bool:
    if family == socket.AF_INET6:
        ports, client, server = found[:4], found[4:20], found[20:36]
        if client[:12] != _MAPPED or server[:12] != _MAPPED:
            return False
        found = ports + client[12:].ljust(16, b"\0") + server[12:].ljust(16, b"\0")
    return found[: len(identity)] == identity
