"""What the control API tells the audit, each with the process that asked, and how it reads the audit out."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Literal

from xacct import errors
from xacct.control.streams import heard
from xacct.host import peer
from xacct.model import Caller, iso

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import web

    from xacct import wire
    from xacct.audit.trail import Trail
    from xacct.control import views
    from xacct.control.streams import Lines
    from xacct.model import Grant

    Get = Callable[[str], Awaitable[Any]]

AT_ONCE = 500
"""Lines read from the disk in one go, in a thread."""

FARTHEST = 1e11
"""Unix seconds: past the year 5000, and before what no calendar can say."""


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
            self._trail.record(event, grant=grant, caller=caller_of(request), what=reach)

    def asked(self, query: Mapping[str, str], view: views.View) -> Callable[[Lines], Awaitable[None]]:
        """What answers GET /v1/audit: of all files, and by a role's name those of the files that `view` means.

        Raises:
            BadInput: the query is not understood, or there is no audit.
        """
        trail, since = self._trail, _since(query.get("since", "0"))
        role, files = view.named(query["role"]) if "role" in query else (None, None)
        if trail is None:
            raise errors.BadInput("The audit is switched off.", "Set enabled = true under [audit] in config.toml.")

        def wanted(line: wire.AuditLine) -> bool:
            return line["time"] >= since and (role is None or (role, files) == (line["role"], line.get("files")))

        async def run(out: Lines) -> None:
            async with trail.reading() as (snapshot, queue):
                while some := await asyncio.to_thread(snapshot.some, AT_ONCE):
                    for line in filter(wanted, some):
                        await out.asis(line)
                while query.get("follow") == "1":
                    newest = await heard(queue, out)
                    if newest is not None and wanted(newest):
                        await out.asis(newest)

        return run


def caller_of(request: web.Request) -> Caller:
    """The process at the other end of the control socket."""
    if request.transport is None:
        return Caller(why="it has hung up")
    return peer.caller(request.transport.get_extra_info("socket"))


def _since(text: str) -> str:
    try:
        instant = float(text)
    except ValueError:
        instant = math.nan
    if not 0 <= instant < FARTHEST:
        raise errors.BadInput("since is no instant.", "Unix seconds, for example since=1795334400.")
    return iso(instant)
