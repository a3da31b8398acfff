"""Answers while the rest of the daemon is still being imported: what was held and fresh before a restart.

A restarted daemon needs a fifth of a second for its imports, and clients wait in the listener's queue. This file needs
none of them: a thread takes connections in, answers each request that takes nothing but a valid grant for a role whose
credentials are fresh in the kept state, and hands on all else (what it could not answer, and whoever is connected
still) to the endpoint. It refuses nobody and asks nobody: that is the endpoint's to do, with all it knows.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import threading
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from xacct.endpoint import answers, head
from xacct.model import Caller, Credentials, Instant
from xacct.policy import Freshness, freshness

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.endpoint.door import Door
    from xacct.endpoint.grants import Grants
    from xacct.model import Grant

ROOM = 1000
"""Connections held at most; more wait in the listener's queue."""


class FrontRole(NamedTuple):
    """A role that may be served by the state alone: no question to ask first, nothing locked."""

    name: str
    role_arn: str | None
    held: Credentials


class Fetch(NamedTuple):
    """What was served, for the audit."""

    grant: Grant
    role: str
    caller: Caller


class Left(NamedTuple):
    """A connection that is handed on, what it has sent that is not answered, and whether it was answered before."""

    connection: socket.socket
    unread: bytes
    answered: bool


class Then(Enum):
    """What becomes of a connection."""

    LISTEN = "there is more to come"
    HAND_ON = "what it has sent takes the endpoint"
    HANG_UP = "it has had its last answer, or has gone"


class Early:
    """Serves a listener from a thread until stopped.

    Args:
        listener: bound, listening. roles: by their slug. now: AWS's time.
    """

    def __init__(
        self,
        listener: socket.socket,
        roles: dict[str, FrontRole],
        grants: Grants,
        door: Door,
        now: Callable[[], float],
    ) -> None:
        self.fetches: list[Fetch] = []
        self._listener = listener
        self._address = listener.getsockname()[:2]
        self._hosts = head.hosts_of(self._address[1], self._address[0])
        self._roles = roles
        self._grants = grants
        self._door = door
        self._now = now
        self._open: dict[socket.socket, tuple[Caller, bytearray]] = {}
        self._answered: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._run, name="early", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> list[Left]:
        """Serve no more. Returns the connections that are open still."""
        os.close(self._woken)
        self._thread.join()
        os.close(self._wake)
        self._selector.close()
        return [
            Left(connection, bytes(unread), connection in self._answered)
            for connection, (_, unread) in self._open.items()
        ]

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == self._wake:
                    return
                if key.fileobj is self._listener:
                    self._take_in()
                else:
                    assert isinstance(key.fileobj, socket.socket)  # noqa: S101 - all else that is registered
                    self._hear(key.fileobj)

    def _take_in(self) -> None:
        try:
            connection, client = self._listener.accept()
        except OSError:
            return  # it has gone again
        connection.setblocking(False)
        caller = self._door.caller_at(client[:2], self._address)
        self._open[connection] = (caller, bytearray())
        if self._door.turns_away(caller) is None:
            self._selector.register(connection, selectors.EVENT_READ)
        if len(self._open) >= ROOM:
            self._selector.unregister(self._listener)

    def _hear(self, connection: socket.socket) -> None:
        caller, unread = self._open[connection]
        try:
            data = connection.recv(head.MAX_HEAD)
            unread += data
            then = self._answer_all(connection, caller, unread) if data else Then.HANG_UP
        except OSError:
            then = Then.HANG_UP
        if then is not Then.LISTEN:
            self._selector.unregister(connection)
        if then is Then.HANG_UP:
            del self._open[connection]
            self._answered.discard(connection)
            connection.close()

    def _answer_all(self, connection: socket.socket, caller: Caller, unread: bytearray) -> Then:
        """Answer what we can of what was sent, in its order."""
        while (end := unread.find(b"\r\n\r\n", 0, head.MAX_HEAD)) >= 0:
            try:
                request = head.parse(bytes(unread[:end]), self._hosts)
            except head.Refused:
                return Then.HAND_ON
            answer = self._answer(request, caller)
            if answer is None:
                return Then.HAND_ON
            del unread[: end + 4]
            self._answered.add(connection)
            if connection.send(answer) < len(answer) or not request.keep_alive:
                return Then.HANG_UP
        return Then.LISTEN if len(unread) < head.MAX_HEAD else Then.HAND_ON

    def _answer(self, request: head.Request, caller: Caller) -> bytes | None:
        slug = request.target.removeprefix(head.ROLE_PATH)
        role = self._roles.get(slug) if slug != request.target else None
        grant = self._grants.find(request.authorization) if role is not None else None
        if role is None or grant is None or grant.where != "host" or not grant.allows(role.name):
            return None
        if freshness(role.held, self._now()) is not Freshness.FRESH:
            return None
        self.fetches.append(Fetch(grant, role.name, caller))
        return answers.whole(answers.OK, answers.credentials(role.held, role.role_arn))


# What the kept state says.


class Front(NamedTuple):
    """What may be served by a kept state: roles by slug, and how AWS's time is known."""

    roles: dict[str, FrontRole]
    aws_time: float
    at: Instant


def front_of(state: bytes, boot_id: str, file_stamp: Callable[[str], list[int] | None]) -> Front | None:
    """What may be served by a state; None where it takes the whole daemon to tell.

    Args:
        file_stamp: tells a file as it is now from what it was (None: it is not there). A configuration that has
            changed since must be read before anything is served by it.
    """
    try:
        kept = json.loads(state)
        front = kept["front"]
        changed = any(file_stamp(file) != stamp for file, stamp in front["files"])
        if changed or kept["clock"]["boot_id"] != boot_id or kept["memory"]["locked"]:
            return None
        leases = {role["name"]: role["lease"] for role in kept["memory"]["roles"]}
        roles = {
            slug: FrontRole(name, arn, Credentials(**leases[name]["held"]))
            for slug, (name, arn) in front["roles"].items()
            if name in leases and leases[name]["held"] and name not in kept["memory"].get("logged_out", ())
        }
        return Front(roles, kept["clock"]["aws"], Instant(**kept["clock"]["at"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # of another format: snapshot.py says what is wrong with it
