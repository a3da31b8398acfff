"""An asyncio event loop whose time is a number: when nothing is left to do, it jumps to the next timer.

    @in_virtual_time
    async def test_a_day(clock):                      # `clock` is the fixture below
        keeper = make_keeper(AwsClock(clock.read))
        await asyncio.sleep(36 * 3600)                # takes no time at all
        clock.suspend(8 * 3600)                       # the lid was closed

or, without pytest, `run(main)`, which gives what the coroutine function `main(clock)` returns.

loop.time(), call_later, asyncio.sleep, wait and wait_for are all virtual, and exact: a timer fires at its instant.
What is real stays real: sockets work (the jump waits GRACE for bytes still on their way through the kernel), and
while a thread of run_in_executor or to_thread works, time stands still. Not for other processes, nor uvloop: nobody
can know when those are idle.

Two things fail a test by themselves: a loop on which nothing can happen any more (Stuck, instead of hanging), and
an exception that reached the loop's exception handler.
"""

import asyncio
import functools
import gc
import inspect
import selectors

import pytest
from waiting import PATIENCE

from xacct.model import Instant

GRACE = 0.002
"""Real seconds given to sockets before time jumps."""

NOON = 1_800_000_000.0
"""Where wall clocks start unless told otherwise: an instant at which a TOTP step begins."""


class Stuck(AssertionError):
    """No timer, no socket, no thread: whatever is awaited will never come."""


class Clock:
    """The machine's clocks. They advance together with the loop; these methods make them part.

    Args:
        wall: Unix time at the start. boot: seconds since boot at the start.
    """

    def __init__(self, wall=NOON, boot=1000.0):
        self.time = 0.0  # the loop's: seconds awake
        self._wall = wall
        self._boot = boot
        self._last = (None, None, None), None

    def read(self):
        """One reading, as host.clock.read gives it."""
        now = self.time, self._wall, self._boot
        if self._last[0] != now:  # a scheduler reads it for every role, at one instant
            self._last = now, Instant(wall=self._wall + self.time, boot=self._boot + self.time)
        return self._last[1]

    @property
    def wall(self):
        return self.read().wall

    @property
    def boot(self):
        return self.read().boot

    def advance(self, seconds):
        """Pass time for code that is not on a loop."""
        self.time += seconds

    def step_wall(self, seconds):
        """Somebody, or NTP, has set the wall clock forward (or, if negative, back)."""
        self._wall += seconds

    def suspend(self, seconds):
        """The lid was closed so long: wall and boot clock have gone on, the loop's timers have not."""
        self._wall += seconds
        self._boot += seconds


class _Jumping(selectors.DefaultSelector):
    """A selector that never waits for a timer: it moves the clock instead."""

    def __init__(self, clock):
        super().__init__()
        self._clock = clock
        self.threads = 0

    def select(self, timeout=None):
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.threads:
            return super().select()  # a thread's end wakes the loop
        if len(self.get_map()) > 1:  # the first is the loop's own, for waking up
            # Nothing scheduled at all: only a peer in another thread can go on, and it gets real time to.
            ready = super().select(GRACE if timeout is not None else PATIENCE)
            if ready:
                return ready
        if timeout is None:
            raise Stuck("nothing is left that could ever happen")
        self._clock.time += timeout
        return []


class Loop(asyncio.SelectorEventLoop):
    """An event loop on a Clock."""

    def __init__(self, clock):
        self._clock = clock
        self._jumping = _Jumping(clock)
        super().__init__(self._jumping)
        self._clock_resolution = 1e-6  # years of virtual seconds must not lose a timer to rounding

    def time(self):
        return self._clock.time

    def run_in_executor(self, executor, func, *args):
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, *args):
        self._jumping.threads += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._jumping.threads -= 1

    def _thread_done(self, _):
        self._jumping.threads -= 1


class LoopWithoutThreads(Loop):
    """One whose threads are none: what is given to one is run by the loop, in its turn.

    For stories that have to be the same each time. When a real thread ends is the machine's affair.
    """

    def run_in_executor(self, executor, func, *args):
        future = self.create_future()
        self.call_soon(self._run_for, future, func, args)
        return future

    def _run_for(self, future, func, args):
        if future.cancelled():
            return
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is whoever waits's
            future.set_exception(error)


def run(main, clock=None, loop=Loop):
    """Run `await main(clock)` in virtual time, on such a loop, and give what it returns."""
    clock = clock or Clock()
    complaints = []
    with asyncio.Runner(loop_factory=lambda: loop(clock)) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
        result = runner.run(main(clock))
        gc.collect(0)  # a failed task nobody looked at complains when it is collected
    assert not complaints, f"reached the loop's exception handler: {complaints}"
    return result


def in_virtual_time(test):
    """Make a test of a coroutine function that takes the fixture `clock`, and whatever other (plain) fixtures."""
    assert "clock" in inspect.signature(test).parameters, "the loop runs on the fixture `clock`: take it"

    @functools.wraps(test)
    def in_its_own_time(**fixtures):
        return run(lambda _: test(**fixtures), fixtures["clock"])

    return in_its_own_time


@pytest.fixture
def clock():
    """The clocks of one test; import it into a conftest.py to have it."""
    return Clock()
