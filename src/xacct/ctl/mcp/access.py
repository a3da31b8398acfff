"""The access that one agent has asked for: grants of xacctd with a scope, a human's answer, and their end."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import anyio

from xacct import paths, wire
from xacct.ctl import shadow, shape, variables
from xacct.ctl.client import Anything, event
from xacct.ctl.failure import CtlError, DaemonError
from xacct.ctl.granting import granted, revoke
from xacct.ctl.hold import refusal
from xacct.ctl.http10 import quote
from xacct.ctl.mcp.limits import shown
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from xacct.ctl.client import Client, Stream
    from xacct.ctl.mcp.limits import Wanted

MOST: Final = 20
"""Grants that one server has at once: each may be a question to a human."""

REST: Final = 300.0
"""Seconds after a human's no in which the same role is not asked for again."""

WITHDRAWN: Final = 30.0
"""Seconds in which a role is not asked for again whose request was released while a human was being asked. Our choice:
a program that asks and releases in turn raises two questions a minute, and not one after the other."""

T = TypeVar("T")

_NO_FILE: Final = "/dev/null"
_FILES: Final = (variables.CONFIG, "AWS_SHARED_CREDENTIALS_FILE", "AWS_CREDENTIAL_PROFILES_FILE", "BOTO_CONFIG")
"""By what SDKs find files with credentials of their own; the last but one is Java's, the last botocore's."""

State = Literal["waiting", "granted", "refused", "failed", "ended"]


@dataclass(slots=True)
class Access:
    """One request for access.

    Attributes:
        id: its grant's.
        scope: what it may do, in words; null: all that the role may do.
        environment: the variables by which AWS's SDKs and command line find the endpoint.
        unset: those that would win over them, or would hold the token.
        error: why it is refused or has failed.
        settled: set once it waits no more.
    """

    id: str
    role: str
    reason: str
    scope: str | None
    environment: dict[str, str]
    unset: list[str]
    state: State = "waiting"
    error: CtlError | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Session:
    """All that one server gives; it ends with the server.

    Attributes:
        accesses: each request, by its id.
        asking: what waits for the answer to each that is not settled.

    Args:
        client: of xacctd.
        now: seconds of a clock that goes on evenly.
    """

    def __init__(self, client: Client, now: Callable[[], float]) -> None:
        self._client = client
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        self._rests: dict[str, tuple[float, str]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.asking: dict[str, asyncio.Task[None]] = {}
        self.accesses: dict[str, Access] = {}

    async def request(self, wanted: Wanted, agent: str) -> Access:
        """Make a grant, ask the human whom it may take, and wait for a while.

        Args:
            wanted: what is asked for.
            agent: what the agent calls itself.

        Raises:
            CtlError: it is refused before anybody is asked.
        """
        # Whoever cancels the call hears no more of it, but what was granted by then is known here, and ends with us.
        access = await asyncio.shield(self._begin(self._make(wanted, agent)))  # guard: mcp-grant-of-a-call-that-is-gone
        await wait(access, wanted.wait)
        return access

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever it was for may have gone

    async def _make(self, wanted: Wanted, agent: str) -> Access:
        """Make the grant, and have it settled."""
        async with self._one_at_a_time:
            self._demand_rest_is_over(wanted.role)
            self._demand_nobody_is_asked(wanted.role)
            await self._demand_room()
            access = await asyncio.to_thread(self._grant, wanted, agent)
            self.accesses[access.id] = access
        task = self.asking[access.id] = self._begin(self._settle(access))
        task.add_done_callback(lambda _: self.asking.pop(access.id, None))
        return access

    def _demand_rest_is_over(self, role: str) -> None:
        until, why = self._rests.get(_plain(role), (float("-inf"), ""))
        left = until - self._now()
        if left > 0:  # guard: mcp-no-is-not-asked-again
            raise CtlError(
                f"{why} {shown(role)}: nobody is asked again for {left:.0f} seconds.",
                "Go on without it, and tell your user what you could not do.",
            )

    def _rest(self, role: str, seconds: float, why: str) -> None:
        """Have nobody asked for a role for a while."""
        self._rests[_plain(role)] = (self._now() + seconds, why)

    def _demand_nobody_is_asked(self, role: str) -> None:
        for access in self.accesses.values():
            # guard: mcp-one-question-for-a-role
            if _plain(access.role) == _plain(role) and access.state == "waiting":
                raise CtlError(
                    f"A human is being asked for {shown(role)} already.", f"access_status with the id {access.id}"
                )

    async def _demand_room(self) -> None:
        """Refuse one request too many, and forget those that have ended where there are many."""
        in_force = [access for access in self.accesses.values() if access.state in ("waiting", "granted")]
        if len(in_force) >= MOST:
            there = await self._ends()
            for access in in_force:
                access.state = access.state if access.id in there else "ended"
        if sum(access.state != "ended" for access in in_force) >= MOST:  # guard: mcp-grants-have-a-limit
            raise CtlError(f"{MOST} requests are open, and no more can be.", "release those that you are done with.")
        over = [access.id for access in self.accesses.values() if access.state not in ("waiting", "granted")]
        for access_id in over[:-MOST]:
            del self.accesses[access_id]

    def _grant(self, wanted: Wanted, agent: str) -> Access:
        """Make the grant, which ends with this process, or when it is killed."""
        body = {
            "roles": [wanted.role],
            "label": f"mcp: {wanted.reason}",
            "agent": agent,
            "pid": os.getpid(),  # guard: mcp-grants-end-with-the-server
            "ttl": wanted.ttl,
            **({"scope": dict(wanted.scope)} if wanted.scope else {}),
        }
        grant = granted(self._client, wanted.role, body)
        scope = grant.get("scope")
        change = _winning(variables.endpoint(wanted.role, grant, os.environ))
        token = variables.CONTAINER[2]
        del change.set[token]  # guard: mcp-agent-gets-the-path-of-the-token
        words = None if scope is None else clean(scope["words"])
        return Access(grant["id"], wanted.role, wanted.reason, words, change.set, [token, *change.unset])

    async def _settle(self, access: Access) -> None:
        """Have the role held and a human let the grant use it; take it back where that fails."""
        try:
            error = await self._login(access)
        except CtlError as failure:
            error = failure
        except Exception:  # noqa: BLE001 - its text may quote what must not leave
            error = CtlError("xacctctl mcp has a fault, and could not have this role held.", "Ask once more.")
        if access.state == "waiting":
            access.state = "granted" if error is None else "failed"
        if error is not None:
            access.error = error
            if isinstance(error, DaemonError) and error.code == "declined":
                access.state = "refused"
                error.hint = ""  # for a human, how to be asked once more
                self._rest(access.role, REST, "A human has said no to your use of")
            await asyncio.to_thread(revoke, self._client, access.id)  # guard: mcp-refused-grant-is-taken-back
        access.settled.set()

    async def _login(self, access: Access) -> CtlError | None:
        """Return why the grant can't be used; None: it can."""
        body = {"roles": [access.role], "grant": access.id, "attend": False}
        opening = asyncio.ensure_future(asyncio.to_thread(self._client.stream, "POST", wire.LOGIN, body))
        try:
            stream = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_hang_up)  # the thread goes on, and a stream that stays open goes on asking
            raise
        try:
            return await _outcome(stream)
        finally:
            stream.close()

    async def status(self, access_id: str, seconds: float) -> Access:
        """Return a request as it stands, after a wait where it is not settled.

        Raises:
            CtlError: there is none of this id.
        """
        access = self._known(access_id)
        await wait(access, seconds)
        return access

    def _known(self, access_id: str) -> Access:
        if access_id not in self.accesses:  # guard: mcp-others-grants-are-not-its-own
            raise CtlError(f"There is no request {shown(access_id)} here.", "request_access gives the id of one.")
        return self.accesses[access_id]

    async def release(self, access_id: str) -> Access:
        """End a request: its grant is taken back.

        Raises:
            CtlError: there is none of this id, or it could not be taken back.
        """
        access = self._known(access_id)
        await self._withdraw(access)
        await asyncio.to_thread(self._revoke, access)
        access.state = "ended" if access.error is None else access.state
        access.settled.set()
        return access

    async def _withdraw(self, access: Access) -> None:
        """Have a human asked no more for what is taken back, nor for the same anew right behind it."""
        if access.state != "waiting" or (task := self.asking.get(access.id)) is None:
            return
        self._rest(access.role, WITHDRAWN, "You have released, while a human was being asked, your request of")
        task.cancel()  # guard: mcp-released-question-is-withdrawn
        await asyncio.wait({task})

    def _revoke(self, access: Access) -> None:
        """Take a grant back; one that is there no more has been."""
        try:
            self._client.call("DELETE", wire.GRANT.format(id=quote(access.id)), Anything)
        except DaemonError as error:
            if error.code != "bad-request":
                raise

    async def told(self, access: Access) -> dict[str, Any]:
        """Return what the agent is told of a request: never a key, nor the token."""
        expires_at = await self._end_of(access) if access.state == "granted" else None
        found: dict[str, Any] = {"id": access.id, "state": access.state, "role": access.role, "scope": access.scope}
        if access.error is not None:
            found |= {"sentence": clean(access.error.sentence), "hint": clean(access.error.hint)}
        if access.state == "granted":  # guard: mcp-endpoint-is-told-of-what-is-granted
            found |= {"expires_at": expires_at, "environment": access.environment, "unset": access.unset}
        return found | {"meaning": MEANING[access.state]}

    async def _end_of(self, access: Access) -> str | None:
        """When a grant ends (UTC); one that is there no more has ended."""
        there = await self._ends()
        if access.id not in there:
            access.state = "ended"
            return None
        end = there[access.id]
        return None if end is None else datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def _ends(self) -> dict[str, float | None]:
        """The grants that there are, each with its end (Unix seconds)."""
        answer = await asyncio.to_thread(self._client.call, "GET", wire.GRANTS, wire.GrantsAnswer)
        return {grant["id"]: grant["expires_at"] for grant in answer["grants"]}

    def close(self) -> None:
        """Take back whatever was granted."""
        for task in self._tasks:
            task.cancel()
        for access in self.accesses.values():
            if access.state in ("waiting", "granted"):
                revoke(self._client, access.id)  # guard: mcp-end-takes-grants-back


MEANING: Final[dict[State, str]] = {
    "waiting": "A human has not answered yet. Ask access_status with this id; don't ask for the same once more.",
    "granted": "For the commands that need the role, and no other: set environment, and remove the variables of unset.",
    "refused": "A human has said no. Don't ask again: go on without it, and tell your user what you could not do.",
    "failed": "It could not be had. Do what the hint says, or tell your user.",
    "ended": "This access has ended: it was released, revoked or is past its time.",
}
"""What each state means to the agent."""


def _hang_up(opening: asyncio.Future[Stream]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _plain(role: str) -> str:
    """A role's name as its files have it: behind a `#` may stand which files, so some have two names."""
    return role.partition("#")[0]  # guard: mcp-another-name-is-no-other-role


async def wait(access: Access, seconds: float) -> None:
    """Wait until a request is settled, for so long at most."""
    with anyio.move_on_after(seconds):
        await access.settled.wait()


async def _outcome(stream: Stream) -> CtlError | None:
    """Read a login's stream to its end, without holding anybody up meanwhile.

    Raises:
        CtlError: it breaks off.
    """
    error = None
    while True:
        if not stream.ready():
            await anyio.wait_readable(stream.fileno())
        events = stream.read()
        if events is None:
            raise CtlError("xacctd went away in the middle of the answer.", "Ask once more.")
        for raw in events:
            if raw.get("event") == "failed":
                error = refusal(event(raw, shape.FAILED)["error"])
            if raw.get("event") == "done":
                return error


def _winning(change: variables.Change) -> variables.Change:
    """Return the change with which no file of AWS's wins over the endpoint, whatever shell it is made in.

    Of that shell's files nothing is known here. [default] with keys would be another identity than what was granted,
    and a copy of ours with all profiles, as `exec` makes one, would be more than an agent's shell may have had.
    """
    change.set.update(dict.fromkeys(_FILES, _NO_FILE))  # guard: mcp-no-file-wins-over-what-is-granted
    if "AWS_REGION" not in change.set and (region := shadow.region(os.environ, paths.home())):
        change.set.update(variables.region_of(region, os.environ))
    return change
