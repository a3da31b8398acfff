"""Answers that stream: a login with its prompts, credentials, and everything that happens."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from aiohttp import web

from xacct import errors
from xacct.control import serializers, versions, views
from xacct.prompts.events import PromptClosed, PromptOpened
from xacct.prompts.prompt import names
from xacct.prompts.subscribers import Tty

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from xacct.credentials import events as ev
    from xacct.credentials.keeper import Keeper
    from xacct.prompts.prompt import Prompt

    Had = Callable[[str, Any], serializers.StreamEvent]

T = TypeVar("T")

log = structlog.get_logger("xacct.control")

HEARTBEAT = 15.0
"""Seconds between empty lines on a quiet event stream, by which a vanished client is noticed."""


MOST_UNREAD = 32 * 1024
"""Bytes that wait in our memory for a reader of events, beyond what the kernel takes (some 200 KiB): hundreds of
events, which somebody who reads has read. Below aiohttp's 64 KiB, at which a stream would stand still."""

LAST_READ = 5.0
"""Seconds that a reader who is cut off gets to read what lies ready for it."""

CUT_OFF = "This reader was cut off: it did not read what was sent. Connect again, and GET /v1/status."


class Lines:
    """NDJSON to one client, with roles as its shell names them."""

    def __init__(self, response: web.StreamResponse, view: views.View, transport: asyncio.Transport | None) -> None:
        self._response = response
        self._view = view
        self._transport = transport

    async def is_cut_off(self) -> bool:
        """Whether the client did not read what was sent; then it has had its last line, and loses its connection."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() <= MOST_UNREAD:
            return False
        log.warning("reader cut off", unread=transport.get_write_buffer_size())
        await self.send({"event": "cut-off", "sentence": CUT_OFF})
        self._response.force_close()
        asyncio.get_running_loop().call_later(LAST_READ, transport.abort)  # guard: reader-cut-off-is-let-go
        return True

    async def send(self, event: serializers.StreamEvent) -> None:
        """One line."""
        await self._response.write(json.dumps(self._view.seen(event)).encode() + b"\n")

    async def raw(self, line: bytes) -> None:
        """One line of the audit, which is the same for every shell."""
        await self._response.write(line + b"\n")

    async def beat(self) -> None:
        """An empty line: still here."""
        await self._response.write(b"\n")


STREAMED = web.RequestKey("streamed", web.StreamResponse)
"""The answer that has begun already, and in whose middle there can be no other."""


@asynccontextmanager
async def lines(request: web.Request) -> AsyncIterator[Lines]:
    """Open an NDJSON answer."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", **versions.headers()})
    await response.prepare(request)
    try:
        yield Lines(response, views.of(request), request.transport)
        await response.write_eof()
    except ConnectionError:
        return  # the client has gone; nobody is left to tell
    finally:
        request[STREAMED] = response


def lent(query: Mapping[str, str]) -> Tty | None:
    """The terminal that a request lends.

    Raises:
        BadInput: It is named as no terminal is.
    """
    if "tty" not in query:
        return None
    tty = Tty(query["tty"], query.get("term", ""), query.get("ctype", ""))
    words = all(re.fullmatch(r"[A-Za-z0-9@._+-]{0,64}", word) for word in (tty.kind, tty.ctype))
    # guard: lent-terminal-is-device
    if not words or not re.fullmatch(r"/dev/[A-Za-z0-9][A-Za-z0-9/_-]{0,63}", tty.name):
        raise errors.BadInput("That is no terminal.", "xacctctl attend --pinentry, at one")
    return tty


async def everything(keeper: Keeper, out: Lines, *, attend: bool, lent: Tty | None = None) -> None:
    """All events from now on, the open prompts first.

    With `attend` this client answers prompts for any device, or has pinentry ask on the terminal that it has lent.
    """
    with ExitStack() as stack:
        queue = stack.enter_context(keeper.events.subscribe())
        if attend:
            stack.enter_context(keeper.broker.subscribe(lent=lent))
        for prompt in keeper.broker.open_prompts:
            await out.send(serializers.event(keeper, PromptOpened(prompt)))
        while not await out.is_cut_off():  # guard: who-does-not-read-is-cut-off
            if (happened := await heard(queue, out)) is not None:
                await out.send(serializers.event(keeper, happened))


async def heard(queue: asyncio.Queue[T], out: Lines) -> T | None:
    """What comes next; None, and an empty line to the client, where nothing comes for a while."""
    try:
        async with asyncio.timeout(HEARTBEAT):
            return await queue.get()
    except TimeoutError:
        await out.beat()
        return None


async def woken(happened: asyncio.Event, out: Lines) -> None:
    """Wait for an event; an empty line to the client, where nothing comes for a while."""
    try:
        async with asyncio.timeout(HEARTBEAT):
            await happened.wait()
    except TimeoutError:
        await out.beat()


class Login:
    """One client that wants some roles, and answers what is asked for them.

    Args:
        get: has one role held, or its credentials.
        had: the event that tells so; may raise an XacctError instead.
        code: answers the first prompt; of one device, as all of `roles` are.
        attend: whether the client answers prompts itself.
        topics: what it may be asked, where that is not what logging in to roles asks for.
        also: a device beside those.
    """

    def __init__(
        self,
        keeper: Keeper,
        roles: list[str],
        get: Callable[[str], Awaitable[Any]],
        had: Had,
        *,
        code: str | None,
        attend: bool,
        topics: frozenset[str] | None = None,
        also: str | None = None,
    ) -> None:
        self._keeper = keeper
        self._get = get
        self._had = had
        self._code = code
        self._attend = attend
        self._roles = list(dict.fromkeys(roles))
        asked = itertools.chain.from_iterable(map(keeper.topics, self._roles))
        serials = frozenset(asked) if topics is None else topics
        serials |= frozenset(() if also is None else (also,))
        self._topics = serials | frozenset(self._roles if attend else ())  # a code is no answer to "may it?"
        self._answered = False
        self._pending = set(self._roles)
        self._failed = 0

    async def run(self, out: Lines) -> None:
        """Stream until every role is had or has failed."""
        with ExitStack() as stack:
            queue = stack.enter_context(self._keeper.events.subscribe())
            if self._attend or self._code is not None:
                stack.enter_context(self._keeper.broker.subscribe(self._topics))
            tasks: dict[asyncio.Future[Any], str] = {
                asyncio.ensure_future(self._get(role)): role for role in self._roles
            }
            try:
                await asyncio.sleep(0)  # so that a prompt that is open already knows whether it concerns us
                for prompt in self._keeper.broker.open_prompts:
                    queue.put_nowait(PromptOpened(prompt))
                await self._pump(out, queue, tasks)
            finally:
                for task in tasks:
                    task.cancel()
        await out.send({"event": "done", "failed": self._failed})

    async def _pump(self, out: Lines, queue: asyncio.Queue[ev.Event], tasks: dict[asyncio.Future[Any], str]) -> None:
        waiting = set(tasks)
        ended: asyncio.Queue[asyncio.Future[Any]] = asyncio.Queue()  # for there may be a thousand: wait for one thing
        for task in tasks:
            task.add_done_callback(ended.put_nowait)
        while waiting:
            heard, settled = asyncio.ensure_future(queue.get()), asyncio.ensure_future(ended.get())
            both: set[asyncio.Future[Any]] = {heard, settled}
            try:
                done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED, timeout=HEARTBEAT)
            finally:
                heard.cancel()  # a no-op where it was heard
                settled.cancel()
            if not done:
                await out.beat()
            if settled in done:
                for task in [settled.result(), *_all_of(ended)]:
                    if task in waiting:
                        waiting.discard(task)
                        self._pending.discard(tasks[task])
                        await self._settle(out, tasks[task], task)
            if heard in done and (trouble := await self._tell(out, heard.result())) is not None:
                prompt, why = trouble
                for task in [task for task in waiting if self._waits(tasks[task], prompt)]:
                    waiting.discard(task)
                    self._pending.discard(tasks[task])
                    task.cancel()
                    await self._fail(out, tasks[task], why)

    async def _settle(self, out: Lines, role: str, task: asyncio.Future[Any]) -> None:
        try:
            event = self._had(role, task.result())
        except errors.XacctError as error:
            await self._fail(out, role, error)
        except Exception as bug:  # noqa: BLE001 - the type only: a message may quote what it choked on
            log.error("login broke", role=role, kind=type(bug).__name__)  # noqa: TRY400
            await self._fail(out, role, errors.XacctError(f"xacctd itself failed at {role}.", "Its log says more."))
        else:
            await out.send(event)

    async def _fail(self, out: Lines, role: str, error: errors.XacctError) -> None:
        self._failed += 1
        await out.send({"event": "failed", "role": role, "error": serializers.error_body(error)})

    async def _tell(self, out: Lines, happened: ev.Event) -> tuple[Prompt, errors.XacctError] | None:
        """Pass on what concerns this client's prompts. Returns one that won't be answered, and why."""
        if not isinstance(happened, PromptOpened | PromptClosed):
            return None
        prompt = happened.prompt
        if self._topics.isdisjoint(prompt.topics):
            return None
        given = self._code is not None and prompt.kind == "mfa"
        if isinstance(happened, PromptOpened) and given and prompt.open:
            trouble = self._answer(prompt)
            if trouble is None or not self._attend:
                return (prompt, trouble) if trouble else None
        if self._attend:
            await out.send(serializers.event(self._keeper, happened))
        return None

    def _answer(self, prompt: Prompt) -> errors.XacctError | None:
        """Answer one prompt with the given code. Returns why that code won't do, if it won't."""
        if not set(prompt.roles) & self._pending:
            return _behind(prompt)  # somebody else's prompt: the code is not for that
        if self._answered:
            if prompt.problem:
                return errors.WrongCode(prompt.problem, "Wait for the next code on the device.")
            return errors.HumanNeeded(
                f"{prompt.roles[0]} needs a code of its own: each is good for one use.",
                f"When the device shows the next one: xacctctl login {prompt.roles[0]}",
            )
        try:
            self._keeper.broker.answer(prompt.id, self._code or "")
        except errors.PromptNotOpen:
            return None  # somebody was faster: AWS's verdict on their code is ours
        except errors.XacctError as error:
            return error
        self._answered = True
        return None

    def _waits(self, role: str, prompt: Prompt) -> bool:
        """Whether a role has to wait until the code is given that is asked for."""
        if set(self._keeper.topics(role)).isdisjoint(prompt.topics):
            return False
        node = self._keeper.node(role)
        opening = node.session is not None and node.session.refreshing
        return opening or not (node.entry.valid() or node.entry.refreshable_without_mfa())


def _all_of(queue: asyncio.Queue[T]) -> list[T]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


def _behind(prompt: Prompt) -> errors.XacctError:
    """Return why not to wait for the end of somebody else's prompt: a device's come one at a time.

    Nobody may be here to answer it, and by the time it ends the code that was given is good for nothing.
    """
    return errors.NobodyToAsk(
        f"The MFA device is being asked for a code for {names(prompt.roles)}, and takes one question at a time.",
        "Answer that (xacctctl attend), or decline it there; then log in with the next code.",
    )
