"""The trail: takes what happens without ever waiting or failing, and writes it down when there is time.

What happens often (fetches, refusals, denials, failed renewals) is counted: the first of its kind is a line at once,
whatever is like it in the minute after that is one more line at the minute's end. Lines are written by one task, in a
thread, where the process of whoever showed a grant is looked for too; what does not fit the queue is counted, and the
count is a line later. The first fetch of a minute is in the file before its answer leaves. Refusals have a file of
their own: however many there are, they push nothing out. Denials have none: strangers would push them out of that one.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from xacct import errors
from xacct.audit.counter import Counter
from xacct.audit.entry import Entry, catalogue, line
from xacct.audit.follower import Follower
from xacct.audit.reader import Reader
from xacct.credentials import events as ev

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from xacct import wire
    from xacct.audit.file import AuditFile
    from xacct.clock import AwsClock
    from xacct.credentials.events import Events
    from xacct.model import Caller, Grant

log = structlog.get_logger("xacct.audit")

BACKLOG = 2000
"""Entries that wait for the disk, and lines of a full disk that a follower may lag behind."""

AT_MOST = 0.5
"""Seconds that credentials wait for their line: a disk that hangs must not hang SDKs, which give up at one."""

ENDS = frozenset({"grant-revoked", "grant-ended"})
"""Events by which a grant is no more."""

LOST = "the disk was too slow, or full"
HANGS = "the disk does not answer"

CLOSE_TIMEOUT = 2.0
"""Seconds the last lines get to be written."""


class Trail:
    """Keeps the audit.

    Args:
        file: where lines go.
        clock: AWS's time.
        find: a caller with its process, where that can be found out; slow.
        known: the same, as far as it was found out before.
        noise: where refusals go, None for the same file.
        required: nothing may be served that can't be written.
        files_of: AWS's files of a catalogue's id (rolekeys.py), where they are not the daemon's own.
    """

    def __init__(
        self,
        file: AuditFile,
        clock: AwsClock,
        find: Callable[[Caller], Caller],
        *,
        known: Callable[[Caller], Caller] = lambda caller: caller,
        noise: AuditFile | None = None,
        required: bool = False,
        files_of: Callable[[str], wire.AwsFiles | None] = lambda _catalogue: None,
    ) -> None:
        self._files_of = files_of
        self._file = file
        self._noise = noise
        self._required = required
        self._why: str | None = None
        self._put_number = 0
        self._written_to = 0
        self._clock = clock
        self._find = find
        self._known = known
        self._entries: deque[Entry] = deque()
        self._counter = Counter(clock, self._put)
        self._lost = 0
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._followers: set[Follower] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    # What happens.

    def fetched(
        self, grant: Grant | None, role: str | None, outcome: str, caller: Caller
    ) -> Callable[[], Awaitable[None]] | None:
        """Somebody asked for a role: `outcome` is "served" or an error's code.

        Returns:
            What to wait for before credentials leave: that the first line of their minute is written.
        """
        window = self._counter.count("fetch", role, grant, caller, outcome)
        # guard: audit-first-of-minute-is-waited-for, audit-what-fails-to-be-written-stays-so
        if outcome != "served" or (window.number <= self._written_to and self._why is None):
            return None
        return self.written

    def refused(self, why: str, caller: Caller) -> None:
        """Somebody got nothing at the endpoint, not even a role's refusal.

        Args:
            why: of the words there are for that.
            caller: who it was.
        """
        self._counter.count("refused", None, None, caller, why[:60])

    def denied(self, grant: Grant | None, what: str, caller: Caller) -> None:
        """A process below a narrowed grant has asked the control API for more, and was refused.

        Args:
            grant: the one that it is bound to; None: it has ended, or is not known.
            what: the route, as we call it.
            caller: who it was.
        """
        self._counter.count("denied", None, grant, caller, what)

    async def written(self) -> None:
        """Wait until what has happened is in the file, a moment at most.

        Raises:
            AuditNotWritten: it is not, and nothing may be served without.
        """
        try:
            async with asyncio.timeout(AT_MOST):  # guard: audit-disk-that-hangs-is-not-waited-for
                await self._flushed()
        except TimeoutError:
            self._why = self._why or HANGS
        if self._required and self._why is not None:  # guard: audit-required-is-required
            raise errors.AuditNotWritten(
                f"The audit can't be written ({self._why}), and [audit] required = true lets nothing leave without.",
                "Look at the disk and the state directory.",
            )

    def problems(self) -> list[errors.XacctError]:
        """That the audit is not written, and why."""
        if self._why is None:  # guard: audit-what-is-not-written-is-said
            return []
        effect = "Nothing is served." if self._required else "What is served meanwhile is not in it."
        return [
            errors.AuditNotWritten(
                f"The audit can't be written ({self._why}). {effect}", "Look at the disk and the state directory."
            )
        ]

    def record(
        self,
        event: str,
        *,
        role: str | None = None,
        grant: Grant | None = None,
        caller: Caller | None = None,
        what: str = "",
        parents: tuple[tuple[int, str | None], ...] = (),
    ) -> None:
        """Something that happens seldom enough for a line each."""
        if grant is not None and event in ENDS:
            self._counter.turn_of(grant)  # guard: audit-ends-a-grants-minute-with-it
        self._put(Entry(event, self._clock.now(), role, grant, caller, what, parents=parents))

    def grant_ended(self, grant: Grant, why: str) -> None:
        """A grant has come to its end by itself."""
        self.record("grant-ended", grant=grant, what=why)

    def narrowed(self, grant: Grant | None, event: ev.Narrowed) -> None:
        """AWS has given narrower credentials; `grant` is the one that wanted them first, None where it has ended."""
        how = f'GetScopedCredentials, described as "{event.description}"' if event.description else "a session policy"
        self.record("narrowed", role=event.role, grant=grant, what=f"by {how}")

    def heard(self, event: ev.Event) -> None:
        """Something happened in the keeper."""
        match event:
            case ev.Renewed(role):
                self.record("renewed", role=role)
            case ev.Expired(role):
                self.record("expired", role=role)
            case ev.Failed(role, error):
                self._counter.count("not-renewed", role, None, None, error.code)

    def _put(self, entry: Entry) -> int:
        self._put_number += 1
        if len(self._entries) >= BACKLOG:
            self._lost += entry.count
        else:
            self._entries.append(entry)
            self._wake.set()
        return self._put_number

    # What is written.

    def start(self, events: Events) -> None:
        """Write from now on, and listen to the keeper."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._run()), loop.create_task(self._listen(events))]

    async def close(self) -> None:
        """Write what is left. What a stuck disk does not take in time is lost."""
        if not self._tasks:
            return
        writing, listening = self._tasks
        listening.cancel()
        self._closing = True
        self._wake.set()
        await asyncio.wait({writing}, timeout=CLOSE_TIMEOUT)
        writing.cancel()
        await asyncio.gather(writing, listening, return_exceptions=True)

    async def _listen(self, events: Events) -> None:
        with events.subscribe() as queue:
            while True:
                self.heard(await queue.get())

    async def _run(self) -> None:
        while not self._closing:
            try:
                async with asyncio.timeout(self._counter.until_next()):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._counter.turn(self._clock.boot())
            await self.flush()
        self._counter.turn(float("inf"))
        await self.flush()

    async def _flushed(self) -> None:
        """Wait for a flush, for somebody who may go: its thread writes on then, and nobody may write beside it."""
        await asyncio.shield(asyncio.ensure_future(self.flush()))  # guard: audit-one-writes-at-a-time

    async def flush(self) -> None:
        """Write what has come so far, and tell the followers."""
        async with self._writing:
            self._wake.clear()
            if self._why == HANGS:
                self._why = None  # whoever wrote before us has come to an end
            entries, number = list(self._entries), self._put_number
            self._entries.clear()
            if self._lost:
                entries.append(Entry("lost", self._clock.now(), what=LOST, count=self._lost))
                self._lost = 0
            if entries:
                unwritten, counted = await asyncio.to_thread(self._written, entries)
                for entry in counted:
                    self._counter.count_in(entry)
                for follower in self._followers:
                    follower.unwritten.extend(unwritten)
                    follower.changed.set()
            self._written_to = number

    def _written(self, entries: list[Entry]) -> tuple[list[wire.AuditLine], list[Entry]]:
        """Write them. Returns what a full disk did not take, and what is to be counted."""
        try:
            return self._write(entries)
        except Exception as bug:  # noqa: BLE001 - one entry that can't be written must not end the audit
            log.error("audit broke", kind=type(bug).__name__)  # noqa: TRY400
            return [], []

    def _write(self, entries: list[Entry]) -> tuple[list[wire.AuditLine], list[Entry]]:
        """In two files, if there are two. Whoever has no grant is not looked for: a look takes its time."""
        # guard: audit-who-has-no-grant-is-not-looked-for
        refused = [line(entry, entry.caller) for entry in entries if entry.event == "refused"]
        others: list[tuple[Entry, Caller | None]] = []
        counted: list[Entry] = []
        for entry in (entry for entry in entries if entry.event != "refused"):
            caller = self._with_process(entry)
            if _is_a_line(entry, caller):
                others.append((entry, caller))
            else:
                counted.append(entry)
        lines = [line(entry, caller, self._files_of(catalogue(entry))) for entry, caller in others]
        if self._noise is None:  # guard: audit-refusals-in-file-of-their-own
            lines, refused = [*refused, *lines], []
        unwritten: list[wire.AuditLine] = []
        why: OSError | None = None
        # guard: audit-is-written-where-refusals-can-not-be
        for file, made in ((self._file, lines), (self._noise, refused)):
            try:
                if file is not None and made:
                    file.append(_as_bytes(made))
            except OSError as error:
                unwritten, why = [*unwritten, *made], error
                self._lost += sum(entry.count for entry, _ in others) if made is lines else 0
        self._note(why)
        return unwritten, counted

    def _note(self, why: OSError | None) -> None:
        """Keep why something could not be written; None: all was."""
        if why is None:
            if self._why is not None:
                log.info("audit written again")
            self._why = None
            return
        if self._why is None:
            log.warning("audit not written", why=why.strerror)
        self._why = why.strerror or type(why).__name__

    def _with_process(self, entry: Entry) -> Caller | None:
        """Who it was; the process is looked for where a minute begins, and at its end is what is known by then."""
        # guard: audit-looks-for-process-where-minute-begins
        return entry.caller and (self._known if entry.summed else self._find)(entry.caller)

    # What is read.

    @asynccontextmanager
    async def reading(self, after: str = "") -> AsyncIterator[Follower]:
        """What has been written so far, and whatever is written from then on.

        Args:
            after: the cursor of the last line that was read before; empty: from the oldest line on.

        Raises:
            BadInput: `after` is no cursor.
        """
        await self._flushed()
        files = [self._file, *([self._noise] if self._noise is not None else [])]
        async with self._writing:
            try:
                reader = await asyncio.to_thread(Reader, files, after)
            except ValueError:
                raise errors.BadInput("after is no cursor.", "It is what stands in a line of ?follow=1.") from None
            follower = Follower(reader, self._writing, BACKLOG)
            self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            reader.close()


def _is_a_line(entry: Entry, caller: Caller | None) -> bool:
    """Whether an entry is one, now that its process was looked for. For the writer's thread, once for each."""
    new = entry.window is None or entry.window.names(caller)
    return new or not entry.if_new


def _as_bytes(lines: list[wire.AuditLine]) -> bytes:
    return b"".join(json.dumps(made).encode() + b"\n" for made in lines)
