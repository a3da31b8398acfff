"""What the control API tells the audit, each with the process that asked, and how it reads the audit out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from xacct import errors
from xacct.control.audit_query import Wanted, one_grant
from xacct.control.streams import woken
from xacct.host import ancestry, peer
from xacct.model import Caller
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from aiohttp import web

    from xacct import wire
    from xacct.audit.trail import Trail
    from xacct.control import views
    from xacct.control.streams import Lines
    from xacct.model import Grant

    Get = Callable[[str], Awaitable[Any]]

AT_ONCE = 500
"""Lines read from the disk in one go, in a thread."""


class Audit:
    """The audit as the control API needs it.

    Args:
        trail: takes what happens; None where the audit is switched off.
    """

    def __init__(self, trail: Trail | None) -> None:
        self._trail = trail

    def watched(self, request: web.Request, event: Literal["login", "fetch"], get: Get) -> Get:
        """`get`, with a line for each role it had or failed to have; a login's `get` gives what the line says."""
        trail = self._trail
        if trail is None:
            return get
        caller = caller_of(request)

        async def tell(role: str, outcome: str) -> None:
            if event == "fetch":
                written = trail.fetched(None, role, outcome, caller)
                if written is not None:
                    await written()
            else:
                trail.record("login", role=role, caller=caller, what=outcome)

        async def got(role: str) -> Any:
            try:
                held = await get(role)
            except errors.XacctError as error:
                await tell(role, error.code)
                raise
            await tell(role, "served" if event == "fetch" else held)
            return held

        return got

    def verified(self, request: web.Request, role: str, verdict: str) -> None:
        """A role was tried without what its profile says; `verdict` is wire.VerifiedEvent's, or an error's code."""
        if self._trail is not None:
            self._trail.record("verify", role=role, caller=caller_of(request), what=verdict)

    async def console(self, request: web.Request, role: str, outcome: str) -> None:
        """A browser is given a role, or not: `outcome` is "served" or an error's code.

        Raises:
            AuditNotWritten: that can't be written down, and nothing may leave without.
        """
        if self._trail is not None:
            self._trail.record("console", role=role, caller=caller_of(request), what=outcome)
            if outcome == "served":
                await self._trail.written()  # guard: console-is-in-the-audit-before-it-leaves

    def refused(self, request: web.Request, role: str, error: errors.XacctError) -> None:
        """A role's credentials were not given, and why; what there is no role for is nobody's business."""
        if self._trail is not None and not isinstance(error, errors.UnknownRole):
            self._trail.fetched(None, role, error.code, caller_of(request))

    def denied(self, request: web.Request, grant: Grant | None, what: str) -> None:
        """A process below a narrowed grant (None: which, is not known) was refused: `what` is the route."""
        if self._trail is not None:
            self._trail.denied(grant, what, caller_of(request))

    def logged_out(self, request: web.Request, roles: list[str]) -> None:
        """These roles were let go."""
        if self._trail is not None:
            caller = caller_of(request)
            for role in roles:
                self._trail.record("logout", role=role, caller=caller)

    def lock_changed(self, request: web.Request, event: Literal["locked", "unlocked"]) -> None:
        """Somebody has locked, or unlocked; what locks by itself says so on its own."""
        if self._trail is not None:
            self._trail.record(event, caller=caller_of(request), what="asked to")

    def grant(
        self, request: web.Request, event: Literal["grant-created", "grant-revoked"], grant: Grant | None
    ) -> None:
        """A grant was made or ended (None: there was none)."""
        if self._trail is not None and grant is not None:
            reach = " ".join([*grant.roles, *grant.role_arns])
            caller = caller_of(request)
            self._trail.record(event, grant=grant, caller=caller, what=reach, parents=ancestry.parents(caller.pid))

    async def asked(
        self, query: Mapping[str, str], view: views.View, grants: Iterable[Grant]
    ) -> Callable[[Lines], Awaitable[None]]:
        """What answers GET /v1/audit: of all files, and by a role's name those of the files that `view` means.

        Args:
            query: `role`, `grant`, `since`, `follow`, `after`.
            view: the shell's.
            grants: those in force, which the audit need not have a line of any more.

        Raises:
            BadInput: the query is not understood, or there is no audit.
        """
        trail = self._trail
        if trail is None:
            raise errors.BadInput("The audit is switched off.", "Set enabled = true under [audit] in config.toml.")
        after, follows = query.get("after", ""), query.get("follow") == "1"
        async with trail.reading(after):  # what is no cursor is refused before there is an answer
            grant = await _grant_of(trail, query["grant"], grants) if "grant" in query else None
        wanted = Wanted(query, view, grant)

        async def run(out: Lines) -> None:
            with_cursor = follows or bool(after)
            async with trail.reading(after) as follower:
                while True:
                    follower.changed.clear()
                    while some := await follower.some(AT_ONCE):
                        for read in some:
                            if (line := wanted.of(read.line)) is not None:
                                raw = read.raw if line is read.line else _as_bytes(line)
                                await out.raw(_with(raw, read.cursor) if with_cursor else raw)
                    while follower.unwritten:
                        if (line := wanted.of(follower.unwritten.popleft())) is not None:
                            await out.raw(_with(_as_bytes(line), follower.cursor))
                    if not follows:
                        return
                    await woken(follower.changed, out)

        return run


async def _grant_of(trail: Trail, word: str, grants: Iterable[Grant]) -> str:
    """The id of the grant that a word means, of those that have ended as well."""
    known: dict[str, tuple[str, str]] = {}
    async with trail.reading() as follower:
        while some := await follower.some(AT_ONCE):
            for line in (read.line for read in some):
                if (grant := line["grant"]) is not None:
                    known.pop(grant["id"], None)
                    known[grant["id"]] = (grant["label"], line["time"])
    for living in grants:
        known.pop(living.id, None)
        known[living.id] = (clean(living.label), "")
    return one_grant(word, [(grant, label, time) for grant, (label, time) in known.items()])


def _as_bytes(line: wire.AuditLine) -> bytes:
    return json.dumps(line).encode()


def _with(raw: bytes, cursor: str) -> bytes:
    """A line as it stands in the file, with what a newer xacctd may have put there, and its cursor."""
    return raw[:-1] + b', "cursor": "' + cursor.encode() + b'"}'


def caller_of(request: web.Request) -> Caller:
    """The process at the other end of the control socket."""
    if request.transport is None:
        return Caller(why="it has hung up")
    return peer.caller(request.transport.get_extra_info("socket"))
