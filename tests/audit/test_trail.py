"""The trail in virtual time: what is counted, what is written, and that nothing waits for it."""

import asyncio
import json
import os
import threading
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import pytest
import structlog
from msgspec import structs
from virtual_time import NOON, in_virtual_time
from waiting import PATIENCE, until

from xacct import errors
from xacct.audit import counter
from xacct.audit import trail as trail_module
from xacct.audit.counter import FOLDED, MAX_KINDS, MAX_REFUSALS
from xacct.audit.file import AuditFile
from xacct.audit.trail import BACKLOG, CLOSE_TIMEOUT, Trail
from xacct.audit.window import LENGTH as WINDOW
from xacct.audit.window import MAX_LOOKS
from xacct.clock import AwsClock
from xacct.credentials import events as ev
from xacct.model import Caller, Grant

US = Caller(uid=1000, inode=5)
GRANT = Grant("g1", "digest-canary", "a shell", ("dev", "prod"), NOON)


class Kept:
    """A trail that writes, and what it has written."""

    def __init__(self, clock, directory):
        self.path = directory / "audit.jsonl"
        self.events = ev.Events()
        self.looked_for = []
        self.trail = Trail(AuditFile(self.path, 10**6, 2), AwsClock(clock.read), self.find)

    def find(self, caller):
        self.looked_for.append((caller, threading.current_thread() is threading.main_thread()))
        return structs.replace(caller, pid=4711, exe="/bin/aws") if caller.inode else caller

    @asynccontextmanager
    async def writing(self):
        self.trail.start(self.events)
        await asyncio.sleep(0)
        yield self.trail
        await self.trail.close()

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def short(self):
        return [(line["event"], line["role"], line["what"], line["count"]) for line in self.lines()]


@contextmanager
def heard():
    """Log lines, which the suite is otherwise deaf to."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    try:
        with structlog.testing.capture_logs() as logs:
            yield logs
    finally:
        structlog.configure(wrapper_class=before)


@pytest.fixture
def kept(clock, tmp_path):
    return Kept(clock, tmp_path)


async def roles(follower):
    return [found.line["role"] for found in await follower.some(99)]


@in_virtual_time
async def test_a_line_says_who_had_what_by_which_grant(clock, kept):
    async with kept.writing() as trail:
        trail.fetched(GRANT, "dev", "served", US)
        await asyncio.sleep(0.1)
        assert kept.lines() == [
            {
                "time": "2027-01-15T08:00:00Z",
                "event": "fetch",
                "role": "dev",
                "grant": {"id": "g1", "label": "a shell"},
                "uid": 1000,
                "pid": 4711,
                "exe": "/bin/aws",
                "what": "served",
                "count": 1,
            }
        ]
    assert kept.looked_for == [(US, False)], "processes are looked for in a thread"


@in_virtual_time
async def test_what_is_alike_is_a_line_a_minute_with_a_count(clock, kept):
    async with kept.writing() as trail:
        for _ in range(300):
            trail.fetched(GRANT, "dev", "served", US)
            await asyncio.sleep(1)
    lines = kept.lines()
    assert [line["count"] for line in lines] == [1, 59, 60, 60, 60, 60]
    assert [line["time"][14:19] for line in lines] == ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"]


@in_virtual_time
async def test_a_process_is_looked_for_where_a_minute_begins_and_not_at_its_end(clock, kept):
    async with kept.writing() as trail:
        for inode in range(5, 20):  # as SDKs do: a connection for each fetch, closed long before the minute's end
            trail.fetched(GRANT, "dev", "served", Caller(uid=1000, inode=inode))
        await asyncio.sleep(2 * WINDOW)
    assert [caller.inode for caller, _ in kept.looked_for] == list(range(5, 5 + MAX_LOOKS))
    assert [(line["pid"], line["count"]) for line in kept.lines()] == [(4711, 1), (None, 14)]


@in_virtual_time
async def test_another_process_of_the_same_minute_is_named(clock, kept):
    kept.trail._find = lambda caller: structs.replace(caller, pid=caller.inode // 10, exe=f"/bin/{caller.inode // 10}")
    async with kept.writing() as trail:
        for inode in (10, 11, 20, 21, 12, 30, 40, 50):
            written = trail.fetched(GRANT, "dev", "served", Caller(uid=1000, inode=inode))
            if inode in (20, 21):
                assert written is not None, "its answer waits, for the process may end with it"
                await written()
        await asyncio.sleep(WINDOW + 1)
        assert [(line["pid"], line["count"]) for line in kept.lines()] == [(1, 1), (2, 1), (None, 6)]
        trail.fetched(GRANT, "dev", "served", Caller(uid=1000, inode=60))
        trail.fetched(GRANT, "dev", "served", Caller(uid=1000, inode=22))
        await asyncio.sleep(WINDOW + 1)
        assert [(line["pid"], line["count"]) for line in kept.lines()[3:]] == [(6, 1), (None, 1)], "named once"
        assert sum(line["count"] for line in kept.lines()) == 10


@in_virtual_time
async def test_what_was_looked_into_is_counted_though_its_minute_has_ended(clock, kept):
    async with kept.writing() as trail:
        trail.fetched(GRANT, "dev", "served", Caller(uid=1000, inode=5))
        await trail.flush()
        trail.fetched(GRANT, "dev", "served", Caller(uid=1000, inode=6))
        trail.record("grant-revoked", grant=GRANT)
        await asyncio.sleep(1)
        assert [(line["event"], line["count"]) for line in kept.lines()] == [
            ("fetch", 1),
            ("fetch", 1),
            ("grant-revoked", 1),
        ]
        trail.fetched(GRANT, "dev", "served", Caller(uid=1000, inode=7))
        await trail.flush()
        trail.fetched(GRANT, "dev", "served", Caller(uid=1000, inode=8))
        trail._counter.known.clear()
        await asyncio.sleep(1)
        assert sum(line["count"] for line in kept.lines()) == 5


@in_virtual_time
async def test_what_differs_is_counted_apart(clock, kept):
    other = replace(GRANT, id="g2")
    async with kept.writing() as trail:
        for _ in range(3):
            trail.fetched(GRANT, "dev", "served", US)
            trail.fetched(GRANT, "prod", "served", US)
            trail.fetched(other, "dev", "served", US)
            trail.fetched(GRANT, "dev", "access-denied", US)
            trail.fetched(GRANT, "dev", "served", Caller(why="no netlink"))
            trail.refused("no grant", US)
            trail.refused("another user", Caller(uid=7))
        await asyncio.sleep(WINDOW + 1)
        assert [line["count"] for line in kept.lines()] == [1] * 7 + [2] * 7
        await asyncio.sleep(2 * WINDOW)
        assert len(kept.lines()) == 14, "a quiet minute is no line"
        assert not trail._counter.known
    assert {line["uid"] for line in kept.lines()} == {1000, "unknown", 7}


@in_virtual_time
async def test_what_the_keeper_does_is_written_too(clock, kept):
    async with kept.writing():
        denied = errors.AccessDenied("AWS says canary-secret.", "canary-hint")
        for event in (ev.Renewed("dev", 1.0, None), ev.Failed("dev", denied), ev.Expired("dev")):
            kept.events.publish(event)
        kept.events.publish(ev.MfaEndsSoon("serial", 60.0, ("dev",)))
        await asyncio.sleep(0.1)
        assert kept.short() == [
            ("renewed", "dev", "", 1),
            ("not-renewed", "dev", "access-denied", 1),
            ("expired", "dev", "", 1),
        ]
        assert all(line["uid"] is line["pid"] is None for line in kept.lines())
    assert "canary" not in kept.path.read_text()


@in_virtual_time
async def test_no_secret_of_a_grant_is_written(clock, kept):
    async with kept.writing() as trail:
        trail.record("grant-created", grant=GRANT, caller=US, what="dev prod")
        trail.grant_ended(GRANT, "expired")
        trail.fetched(GRANT, "dev", "served", US)
    assert "canary" not in kept.path.read_text()
    assert len(kept.lines()) == 3


@in_virtual_time
async def test_what_is_left_is_written_at_the_end(clock, kept):
    async with kept.writing() as trail:
        for _ in range(5):
            trail.fetched(GRANT, "dev", "served", US)
    assert [line["count"] for line in kept.lines()] == [1, 4]


@in_virtual_time
async def test_a_stuck_disk_holds_nobody_up_and_what_it_cost_is_said(clock, kept):
    free = threading.Event()
    kept.trail._file.append = lambda lines, append=kept.trail._file.append: (free.wait(PATIENCE), append(lines))
    async with kept.writing() as trail:
        trail.record("login", role="dev")
        for _ in range(5):
            await asyncio.sleep(0)
        for number in range(BACKLOG + 10):
            trail.record("login", role=f"role-{number}")  # returns: nothing waits
        assert len(trail._entries) <= BACKLOG
        free.set()
        await asyncio.sleep(1)
    assert [line["count"] for line in kept.lines() if line["event"] == "lost"] == [10]


@in_virtual_time
async def test_a_full_disk_is_one_warning_and_writing_goes_on_afterwards(clock, kept):
    append = kept.trail._file.append

    def full(_):
        raise OSError(28, "No space left on device")

    kept.trail._file.append = full
    async with kept.writing() as trail:
        with heard() as logs:
            for role in ("dev", "prod"):
                trail.record("login", role=role)
                await asyncio.sleep(1)
            kept.trail._file.append = append
            trail.record("login", role="late")
            await asyncio.sleep(1)
    assert [(line["event"], line.get("why")) for line in logs] == [
        ("audit not written", "No space left on device"),
        ("audit written again", None),
    ]
    assert kept.short() == [("login", "late", "", 1), ("lost", None, "the disk was too slow, or full", 2)]


@in_virtual_time
async def test_a_bug_in_looking_does_not_end_the_audit(clock, kept):
    kept.trail._find = lambda caller: 1 / 0 if caller.inode else caller
    async with kept.writing() as trail:
        with heard() as logs:
            trail.record("login", role="dev", caller=US)
            await asyncio.sleep(1)
        trail.record("login", role="prod")
    assert [line["kind"] for line in logs] == ["ZeroDivisionError"]
    assert [line["role"] for line in kept.lines()] == ["prod"]


@in_virtual_time
async def test_no_client_can_make_us_remember_much(clock, kept, monkeypatch):
    async with kept.writing() as trail:
        for number in range(MAX_KINDS + 50):
            trail.refused(f"header sec-{number}" + "x" * 500, US)
            trail.refused(f"header sec-{number}" + "x" * 500, US)
            await asyncio.sleep(0)
        assert len(trail._counter.known) <= MAX_REFUSALS + 1
        await asyncio.sleep(WINDOW + 1)
    assert max(len(line["what"]) for line in kept.lines()) <= 60
    beyond = 2 * (MAX_KINDS + 50 - MAX_REFUSALS)
    assert sum(line["count"] for line in kept.lines() if line["what"] == "too many kinds") == beyond
    assert sum(line["count"] for line in kept.lines()) == 2 * (MAX_KINDS + 50)


@in_virtual_time
async def test_a_fetch_that_is_one_of_too_many_kinds_keeps_its_grant(clock, kept, monkeypatch):
    monkeypatch.setattr(counter, "MAX_FOLDED", 2)
    grants = [replace(GRANT, id=f"g{number}") for number in range(4)]
    async with kept.writing() as trail:
        for number in range(MAX_KINDS):
            trail.fetched(None, f"role-{number}", "served", US)
            await asyncio.sleep(0)
        for grant in grants:
            for number in range(3):
                trail.fetched(grant, f"other-{number}", "served", US)
        await asyncio.sleep(WINDOW + 1)
    folded = [line for line in kept.lines() if line["what"] == FOLDED]
    counts = {}
    for line in folded:
        grant = line["grant"] and line["grant"]["id"]
        counts[grant] = counts.get(grant, 0) + line["count"]
    assert counts == {"g0": 3, "g1": 3, None: 6}, "what is beyond has no grant, and is counted"


@in_virtual_time
@pytest.mark.parametrize("ends", ["grant-revoked", "grant-ended"])
async def test_what_was_counted_for_a_grant_is_written_before_its_end(clock, kept, ends):
    async with kept.writing() as trail:
        for grant in (GRANT, replace(GRANT, id="other")):
            for _ in range(3):
                trail.fetched(grant, "dev", "served", US)
        trail.record(ends, grant=GRANT)
        await asyncio.sleep(1)
        assert [(line["event"], line["grant"]["id"], line["count"]) for line in kept.lines()] == [
            ("fetch", "g1", 1),
            ("fetch", "other", 1),
            ("fetch", "g1", 2),
            (ends, "g1", 1),
        ]
        await asyncio.sleep(2 * WINDOW)
    assert [(line["grant"]["id"], line["count"]) for line in kept.lines()[4:]] == [("other", 2)]


# Reading.


@in_virtual_time
async def test_a_reader_gets_what_was_and_what_comes_each_once(clock, kept):
    async with kept.writing() as trail:
        trail.record("login", role="1")
        await asyncio.sleep(1)
        trail.record("login", role="2")  # not written yet
        async with trail.reading() as follower:
            trail.record("login", role="3")
            await asyncio.sleep(1)
            assert await roles(follower) == ["1", "2"]
            assert follower.changed.is_set()
            assert await roles(follower) == ["3"]
            assert await roles(follower) == []
        assert not trail._followers


@in_virtual_time
async def test_a_reader_that_lags_loses_nothing(clock, kept, monkeypatch):
    monkeypatch.setattr(trail_module, "BACKLOG", 3)
    async with kept.writing() as trail, trail.reading() as follower:
        for role in "12345":
            trail.record("login", role=role)
            await asyncio.sleep(1)
        assert await roles(follower) == ["1", "2", "3", "4", "5"]


@in_virtual_time
async def test_who_follows_hears_what_a_full_disk_did_not_take(clock, kept):
    def full(_):
        raise OSError(28, "No space left on device")

    kept.trail._file.append = full
    async with kept.writing() as trail, trail.reading() as follower:
        trail.record("login", role="1")
        await asyncio.sleep(1)
        assert [line["role"] for line in follower.unwritten] == ["1"]


@in_virtual_time
async def test_what_is_no_cursor_is_refused(clock, kept):
    for word in ("x", "0_0", "1.2", "1.2.3.4", "-1.0.0", "٣.1.1", "1" * 17 + ".1.1"):
        with pytest.raises(errors.BadInput, match="no cursor"):
            async with kept.trail.reading(word):
                pass


async def test_when_a_reader_leaves_meanwhile_still_one_writes_at_a_time(clock, kept):
    """A thread goes on where whoever waits for it is cancelled: two of them could both put the file aside."""
    free, writing, at_once = threading.Event(), [], []
    append = kept.trail._file.append

    def slow(lines):
        writing.append(lines)
        at_once.append(len(writing))
        free.wait(PATIENCE)
        append(lines)
        writing.remove(lines)

    async def read():
        async with kept.trail.reading():
            pass

    kept.trail._file.append = slow
    kept.trail.record("login", role="dev")
    reading = asyncio.create_task(read())
    await until(lambda: writing)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    kept.trail.record("login", role="prod")
    flushing = asyncio.create_task(kept.trail.flush())
    await asyncio.sleep(0.2)
    free.set()
    await flushing
    assert at_once == [1, 1]
    assert [line["role"] for line in kept.lines()] == ["dev", "prod"]


@in_virtual_time
async def test_nothing_is_left_of_readers(clock, kept):
    async with kept.writing() as trail:
        trail.record("login", role="1")
        await asyncio.sleep(1)
        before = len(os.listdir("/dev/fd"))  # noqa: PTH208
        async with trail.reading() as follower:
            await follower.some(1)
        assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


def test_the_farewell_is_short():
    assert CLOSE_TIMEOUT <= 2


# What must not be lost, and what must not push it out.


@in_virtual_time
async def test_the_first_fetch_of_a_minute_is_in_the_file_before_its_answer_may_leave(clock, kept):
    async with kept.writing() as trail:
        written = trail.fetched(GRANT, "dev", "served", US)
        second = trail.fetched(GRANT, "dev", "served", US)
        assert not kept.path.exists()
        await written()
        assert kept.short() == [("fetch", "dev", "served", 1)]
        assert second is not None, "the first may not be written yet"
        assert trail.fetched(GRANT, "dev", "served", US) is None, "counted, in a minute whose line is there"
        assert trail.fetched(GRANT, "dev", "access-denied", US) is None, "nothing leaves"
        await asyncio.sleep(2 * WINDOW + 1)
        assert trail.fetched(GRANT, "dev", "served", US) is not None


@in_virtual_time
async def test_a_disk_that_hangs_holds_a_fetch_for_a_moment(clock, kept):
    kept.trail.flush = lambda: asyncio.sleep(3600)
    began = clock.time
    await kept.trail.fetched(GRANT, "dev", "served", US)()
    assert clock.time - began <= trail_module.AT_MOST + 0.1
    assert [problem.code for problem in kept.trail.problems()] == ["audit-not-written"]
    kept.trail._required = True
    with pytest.raises(errors.AuditNotWritten, match="the disk does not answer"):
        await kept.trail.fetched(GRANT, "dev", "served", US)()


@in_virtual_time
@pytest.mark.parametrize("required", [True, False])
async def test_what_cannot_be_written_down_is_served_only_where_that_is_not_required(clock, kept, required):
    def refuse(_):
        raise OSError(28, "No space left on device")

    append, kept.trail._file.append = kept.trail._file.append, refuse
    kept.trail._required = required
    async with kept.writing() as trail:
        for _ in range(3):  # not only the first of its minute
            written = trail.fetched(GRANT, "dev", "served", US)
            if required:
                with pytest.raises(errors.AuditNotWritten, match="No space left on device"):
                    await written()
            else:
                await written()
        [problem] = trail.problems()
        assert ("Nothing is served" in problem.sentence) == required
        kept.trail._file.append = append
        await trail.fetched(GRANT, "dev", "served", US)()
        assert trail.problems() == []
        assert kept.short() == [("lost", None, "the disk was too slow, or full", 1)]


@in_virtual_time
async def test_strangers_push_nothing_out_and_their_words_are_counted_by_kind(clock, tmp_path):
    kept = Kept(clock, tmp_path)
    noise = tmp_path / "refused.jsonl"
    kept.trail._noise = AuditFile(noise, 4000, 1)
    async with kept.writing() as trail:
        await trail.fetched(GRANT, "dev", "served", US)()
        for minute in range(50):
            for number in range(2000):
                trail.refused(f"header {number}", Caller(uid=1000 + number))
            assert trail.fetched(GRANT, f"new-{minute}", "served", US) is not None
            await asyncio.sleep(WINDOW)
        assert len([key for key in trail._counter.known if key[0] == "refused"]) <= MAX_REFUSALS + 1
    lines = kept.lines()
    assert {line["event"] for line in lines} <= {"fetch", "lost"}
    assert lines[0]["role"] == "dev"
    assert {f"new-{minute}" for minute in range(50)} <= {line["role"] for line in lines}
    assert sum(file.stat().st_size for file in tmp_path.glob("refused.jsonl*")) <= 2 * 4000 + 100_000
    assert kept.looked_for, "who has a grant is looked for"
    assert {caller for caller, _ in kept.looked_for} == {US}, "and nobody else"


@in_virtual_time
async def test_where_refusals_cannot_be_written_all_else_is(clock, tmp_path):
    kept = Kept(clock, tmp_path)
    noise = tmp_path / "refused.jsonl"
    noise.mkdir()
    kept.trail._noise = AuditFile(noise, 4000, 1)
    kept.trail.refused("no token", Caller(uid=1001))
    kept.trail.record("login", role="dev")
    await kept.trail.flush()
    assert kept.short() == [("login", "dev", "", 1)]
    assert kept.trail.problems(), "and it is said"
    await kept.trail.flush()
    assert kept.short() == [("login", "dev", "", 1)], "nothing was lost of it"


@in_virtual_time
async def test_a_loop_that_asks_for_more_pushes_nothing_out(clock, tmp_path):
    kept, minutes = Kept(clock, tmp_path), 10
    async with kept.writing() as trail:
        for _ in range(minutes):
            for number in range(1000):
                trail.denied(GRANT, f"POST /v1/route-{number % 30}", US)
            trail.fetched(GRANT, "dev", "served", US)
            await asyncio.sleep(WINDOW)
    lines = kept.lines()
    denials = [line for line in lines if line["event"] == "denied"]
    assert sum(line["count"] for line in denials) == minutes * 1000, "each is counted"
    assert len(denials) <= (minutes + 1) * (counter.MAX_DENIALS + 1)
    assert {line["grant"]["id"] for line in denials} == {GRANT.id}
    assert {line["what"] for line in denials} > {"POST /v1/route-0", FOLDED}
    assert {line["role"] for line in lines if line["event"] == "fetch"} == {"dev"}


@in_virtual_time
async def test_many_processes_that_ask_for_more_take_no_place_of_fetches(clock, kept, monkeypatch):
    monkeypatch.setattr(counter, "MAX_KINDS", 20)
    monkeypatch.setattr(counter, "MAX_FOLDED", 20)
    async with kept.writing() as trail:
        for number in range(500):
            trail.denied(replace(GRANT, id=f"g{number}"), "POST /v1/login", US)
        assert len(trail._counter.known) <= 2 * counter.MAX_REFUSALS + 1
        for number in range(25):
            trail.fetched(GRANT, f"role-{number}", "served", US)
    assert sum(line["count"] for line in kept.lines() if line["event"] == "denied") == 500
    fetches = [line for line in kept.lines() if line["event"] == "fetch"]
    assert {line["role"] for line in fetches} == {None, *(f"role-{number}" for number in range(20))}
    assert {line["grant"]["id"] for line in fetches} == {GRANT.id}


@in_virtual_time
async def test_both_files_are_read_as_one_in_the_order_of_their_times(clock, tmp_path):
    kept = Kept(clock, tmp_path)
    kept.trail._noise = AuditFile(tmp_path / "refused.jsonl", 4000, 1)
    async with kept.writing() as trail:
        for number in range(3):
            trail.record("login", role=str(number))
            await asyncio.sleep(1)
            trail.refused(f"no {number}", US)
            await asyncio.sleep(1)
        async with trail.reading() as follower:
            read = [found.line["role"] or found.line["what"] for found in await follower.some(99)]
    assert read == ["0", "no 0", "1", "no 1", "2", "no 2"]


@in_virtual_time
async def test_a_disk_that_answers_again_is_no_trouble_any_more(clock, kept):
    kept.trail._required = True
    async with kept.writing() as trail:
        await trail.fetched(GRANT, "dev", "served", US)()
        trail._why = trail_module.HANGS  # it took too long, and came to its end
        await trail.fetched(GRANT, "dev", "served", US)()
        assert trail.problems() == []
