"""The question's and the reply's bytes, whatever may come instead of a reply, and real connections."""

import errno
import os
import resource
import socket
import struct
import subprocess
import sys
from contextlib import closing

import pytest

from xacct.host import callers, sock_diag
from xacct.host.sock_diag import SockDiag

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sock_diag is Linux's")

CLIENT = ("127.0.0.1", 0x1234)
SERVER = ("127.0.0.1", 0x5678)
IDENTITY = sock_diag._identity(CLIENT, SERVER)
LOOPBACK = bytes([127, 0, 0, 1])


def reply(*, kind=20, sequence=1, family=2, state=1, identity=IDENTITY, uid=1000, inode=77, length=None):
    body = struct.pack("=BBBB", family, state, 0, 0) + identity.ljust(48, b"\0")
    body += struct.pack("=IIIII", 0, 0, 0, uid, inode)
    return struct.pack("=IHHII", 16 + len(body) if length is None else length, kind, 0, sequence, 0) + body


def error(number, sequence=1):
    return struct.pack("=IHHIIi", 36, 2, 0, sequence, 0, -number) + bytes(16)


class FakeNetlink:
    """A kernel that gives these replies; an OSError is raised."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.closed = False

    def send(self, data):
        self.sent = data

    def recv(self, _):
        got = self.replies.pop(0) if self.replies else BlockingIOError(11, "Resource temporarily unavailable")
        if isinstance(got, OSError):
            raise got
        return got

    def close(self):
        self.closed = True


def asked(*replies):
    netlink = FakeNetlink(*replies)
    diag = with_socket(netlink)
    caller = diag.caller(CLIENT, SERVER)
    diag.close()
    return caller, netlink


def with_socket(netlink):
    """One that has this for its socket."""
    diag = SockDiag()
    diag.close()
    diag._socket = netlink
    return diag


def test_the_question_is_the_kernels_struct_to_the_byte():
    assert sock_diag.question(IDENTITY, 0x01020304) == b"".join(
        [
            struct.pack("=IHHII", 72, 20, 1, 0x01020304, 0),
            bytes([2, 6, 0, 0]) + b"\xff" * 4,
            bytes.fromhex("12345678") + LOOPBACK + bytes(12) + LOOPBACK + bytes(12),
            bytes(4) + b"\xff" * 8,
        ]
    )


def test_a_reply_names_the_owner():
    caller, _ = asked(reply())
    assert (caller.uid, caller.inode, caller.why) == (1000, 77, "")


def test_a_socket_of_both_families_is_the_same_connection():
    mapped = bytes(10) + b"\xff\xff" + LOOPBACK
    caller, _ = asked(reply(family=10, identity=IDENTITY[:4] + mapped + mapped))
    assert caller.uid == 1000


def test_replies_to_earlier_questions_are_skipped():
    caller, _ = asked(reply(sequence=9, uid=1), reply(sequence=8, uid=2), reply())
    assert caller.uid == 1000


UNKNOWN = {
    "nothing": [b""],
    "half a header": [reply()[:9]],
    "half a reply": [reply()[:60]],
    "a reply that claims less": [reply(length=20)],
    "a reply that claims more": [reply(length=4000)],
    "another kind": [reply(kind=3)],
    "half an error": [struct.pack("=IHHII", 20, 2, 0, 1, 0)],
    "no such connection": [error(2)],
    "not permitted": [error(1)],
    "a listener on the client's port": [reply(state=10)],
    "another connection": [reply(identity=sock_diag._identity(("127.0.0.1", 1), SERVER))],
    "another address": [reply(identity=sock_diag._identity(("127.0.0.2", 0x1234), SERVER))],
    "an address that is not mapped": [reply(family=10, identity=IDENTITY[:4] + bytes(15) + b"\1" + bytes(15) + b"\1")],
    "nobody's socket any more": [reply(uid=0, inode=0)],
    "only old replies": [reply(sequence=n) for n in range(100, 130)],
    "no reply": [],
    "garbage": [bytes(range(256))],
    "netlink shut": [OSError(105, "No buffer space available")],
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_whatever_else_comes_the_caller_is_unknown_and_it_says_why(what):
    caller, _ = asked(*UNKNOWN[what])
    assert caller.uid is None
    assert caller.why


def test_a_socket_that_failed_is_replaced():
    broken = FakeNetlink(OSError(9, "Bad file descriptor"))
    diag = with_socket(broken)
    caller = diag.caller(CLIENT, SERVER)
    assert (caller.why, caller.unasked) == ("netlink: No such file or directory", False)  # by the real kernel
    assert broken.closed
    diag.close()


UNASKED = {
    "no descriptor": OSError(errno.EMFILE, "Too many open files"),
    "no descriptor on the whole machine": OSError(errno.ENFILE, "Too many open files in system"),
    "no memory": OSError(errno.ENOMEM, "Cannot allocate memory"),
    "no buffer": OSError(errno.ENOBUFS, "No buffer space available"),
}


@pytest.mark.parametrize("what", UNASKED)
def test_who_cannot_be_asked_for_is_not_merely_unknown(what, monkeypatch):
    def refuse():
        raise UNASKED[what]

    never, once = with_socket(None), with_socket(FakeNetlink(UNASKED[what]))
    monkeypatch.setattr(sock_diag, "_open", refuse)
    assert never.caller(CLIENT, SERVER).unasked
    assert once.caller(CLIENT, SERVER).unasked
    with_none = SockDiag()
    assert with_none.caller(CLIENT, SERVER).unasked


def test_where_netlink_is_forbidden_nobody_is_known_but_where_it_worked_its_loss_is_a_fault(monkeypatch):
    worked = SockDiag()

    def refuse():
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(sock_diag, "_open", refuse)
    forbidden = SockDiag().caller(CLIENT, SERVER)
    assert (forbidden.uid, forbidden.unasked) == (None, False)
    worked.close()
    assert worked.caller(CLIENT, SERVER).unasked


@pytest.mark.parametrize("what", ["half a reply", "another kind", "only old replies"])
def test_an_answer_that_does_not_come_names_nobody(what):
    assert asked(*UNKNOWN[what])[0].unasked


def test_the_kernel_says_that_it_has_no_memory_for_an_answer():
    assert asked(error(errno.ENOMEM))[0].unasked
    assert not asked(error(errno.ENOENT))[0].unasked


def test_without_a_free_descriptor_the_kernel_is_asked_all_the_same(listener, diag):
    with socket.create_connection(listener.getsockname()) as client:
        accepted, address = listener.accept()
        lost = SockDiag()
        lost.close()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with accepted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, most[1]))
            try:
                kept = diag.caller(address, accepted.getsockname())
                never = lost.caller(address, accepted.getsockname())
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, most)
        assert kept.inode == os.fstat(client.fileno()).st_ino
        assert (never.uid, never.unasked, never.why) == (None, True, "netlink: Too many open files")


def test_a_user_our_namespace_lacks_is_unknown_only_if_we_are_one(monkeypatch):
    diag = with_socket(FakeNetlink(reply(uid=65534), reply(sequence=2, uid=1000)))
    diag._overflow = 65534
    assert diag.caller(CLIENT, SERVER).uid is None
    assert diag.caller(CLIENT, SERVER).uid == 1000
    assert sock_diag.overflow_uid() is None
    # All ids are mapped here, so whoever is called nobody is nobody.
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    assert sock_diag.overflow_uid() is None


def test_in_a_namespace_that_lacks_us_every_caller_is_unknown():
    probe = "from xacct.host import sock_diag; print(sock_diag.overflow_uid())"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        ["unshare", "-U", sys.executable, "-c", probe], capture_output=True, text=True, env=environment, check=False
    )
    if "unshare" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.stdout.strip() == "65534"


# Real connections.


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def diag():
    with closing(SockDiag()) as asking:
        yield asking


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_our_own_connection_is_ours(listener, diag, family):
    with socket.socket(family) as client:
        client.connect(("::ffff:127.0.0.1" if family == socket.AF_INET6 else "127.0.0.1", listener.getsockname()[1]))
        accepted, address = listener.accept()
        with accepted:
            for _ in range(3):
                caller = diag.caller(address[:2], accepted.getsockname())
                assert (caller.uid, caller.inode) == (os.geteuid(), os.fstat(client.fileno()).st_ino)


def test_whoever_has_hung_up_is_nobody(listener, diag):
    client = socket.create_connection(listener.getsockname())
    accepted, address = listener.accept()
    with accepted:
        client.close()
        assert diag.caller(address, accepted.getsockname()).inode == 0
    assert diag.caller(address, listener.getsockname()).uid in (None, os.geteuid())


def test_a_connection_that_is_not_there_is_nobodys(listener, diag):
    # The kernel would answer with the listener, which is ours: that must not be taken for the caller.
    caller = diag.caller(listener.getsockname(), ("127.0.0.1", 9))
    assert caller.uid is None
    assert diag.caller(("127.0.0.1", 1), listener.getsockname()).uid is None


def test_another_machines_address_is_not_asked_about():
    asked = []
    on_loopback = callers.on_loopback(lambda *addresses: asked.append(addresses))
    assert on_loopback(("172.17.0.2", 5), SERVER).why == "not a loopback address"
    assert not asked
    on_loopback(CLIENT, SERVER)
    assert asked == [(CLIENT, SERVER)]


def test_linux_asks_by_sock_diag(listener, diag, monkeypatch):
    monkeypatch.setattr(sock_diag, "SockDiag", lambda: diag)
    with socket.create_connection(listener.getsockname()) as client:
        accepted, address = listener.accept()
        with accepted:
            assert callers.choose()(address, accepted.getsockname()).inode == os.fstat(client.fileno()).st_ino
