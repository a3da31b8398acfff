"""Bridges that lead to containers and nowhere else, and sockets that hear nothing but one of them (Linux).

An address on one interface is answered on every interface (Linux's weak host model, ip-sysctl.rst: arp_ignore), so a
socket that is merely bound to it can be reached from the LAN. One that is bound to the device can't.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence number, port id."""

_LINK = struct.Struct("=BxHiII")
"""struct ifinfomsg: family, hardware type, index, flags, mask of changes."""

_ATTRIBUTE = struct.Struct("=HH")
_ATTRIBUTE_TYPE = 0x3FFF
_RTM_NEWLINK = 16
_RTM_GETLINK = 18
_NLM_F_REQUEST_DUMP = 0x301
_NLMSG_DONE = 3
_IFLA_IFNAME = 3
_IFLA_MASTER = 10
_IFLA_LINKINFO = 18
_IFLA_INFO_KIND = 1
_LARGEST = 1 << 17
"""Numbers of linux/netlink.h, linux/rtnetlink.h and linux/if_link.h."""


class Link(NamedTuple):
    """A network interface.

    Attributes:
        kind: "bridge", "veth" ... or "" for hardware.
        master: its bridge's number, or 0.
    """

    number: int
    name: str
    kind: str
    master: int


def of_containers() -> dict[str, int]:
    """The name and number of each bridge to which containers alone are attached; none where that can't be told."""
    if sys.platform != "linux":
        return {}
    with contextlib.suppress(OSError, struct.error, UnicodeDecodeError):
        return among(_links())
    return {}


def among(links: list[Link]) -> dict[str, int]:
    """Those bridges among links all of whose ports are veth: a card, VLAN, tap or tunnel may lead to other people."""
    outward = {link.master for link in links if link.kind != "veth"}
    # guard: bridges-that-lead-to-containers-alone
    return {link.name: link.number for link in links if link.kind == "bridge" and link.number not in outward}


def is_here(address: str) -> bool:
    """Whether some interface of this machine has that address; true as well where that can't be asked just now."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL  # guard: address-that-cannot-be-asked-about-is-ours
    return True


def bind(device: str, address: str, port: int) -> socket.socket:
    """A socket for what comes to an address through one device, and for nothing else.

    Raises:
        OSError: the address is not there, the port is taken, or (before Linux 5.7) it takes root.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # guard: listening-through-one-device-alone
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        listener.bind((address, port))
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _links() -> list[Link]:
    request = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    links: list[Link] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.connect((0, 0))
        kernel.send(_HEADER.pack(_HEADER.size + len(request), _RTM_GETLINK, _NLM_F_REQUEST_DUMP, 1, 0) + request)
        while True:
            for kind, payload in _messages(kernel.recv(_LARGEST)):
                if kind != _RTM_NEWLINK:
                    if kind == _NLMSG_DONE:
                        return links
                    raise OSError("rtnetlink said no")
                links.append(_link(payload))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        length, kind, _, _, _ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            raise OSError("rtnetlink cut a message short")
        yield kind, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def _link(payload: bytes) -> Link:
    _, _, index, _, _ = _LINK.unpack_from(payload)
    found = dict(_attributes(payload[_LINK.size :]))
    kind = dict(_attributes(found.get(_IFLA_LINKINFO, b""))).get(_IFLA_INFO_KIND, b"")
    (master,) = struct.unpack("=I", found.get(_IFLA_MASTER, bytes(4)))
    return Link(index, _text(found.get(_IFLA_IFNAME, b"")), _text(kind), master)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _ATTRIBUTE_TYPE, data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("utf-8")
