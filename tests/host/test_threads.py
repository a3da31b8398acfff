"""Work in threads: at once, in a thread that stayed where there is one, and none that keeps anybody."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref

import pytest
from waiting import PATIENCE
from work_threads import all_of_them, settled

from xacct.host.threads import KEPT, run_in_daemon_thread


async def at_once(number):
    """Do this many pieces of work at the same time."""
    meeting = threading.Barrier(number)
    await asyncio.wait_for(asyncio.gather(*(run_in_daemon_thread(meeting.wait) for _ in range(number))), PATIENCE)


async def test_what_it_returns_and_raises_reaches_who_waits():
    def fails():
        raise ValueError("no")

    assert await run_in_daemon_thread(lambda: 7) == 7
    with pytest.raises(ValueError, match="no"):
        await run_in_daemon_thread(fails)
    assert await run_in_daemon_thread(lambda: 8) == 8, "a thread outlives what fails in it"


async def test_a_thread_that_stayed_does_the_next_work():
    await run_in_daemon_thread(threading.get_ident)
    await settled()
    before = set(all_of_them())
    for _ in range(20):
        thread = await run_in_daemon_thread(threading.current_thread)
        assert thread in before
        await settled()


async def test_no_work_waits_for_other_work():
    await at_once(KEPT)
    await settled()
    end = threading.Event()
    try:
        hanging = [run_in_daemon_thread(end.wait) for _ in range(2 * KEPT)]
        assert await asyncio.wait_for(run_in_daemon_thread(lambda: 7), PATIENCE) == 7
        assert not any(each.done() for each in hanging)
    finally:
        end.set()
    await asyncio.gather(*hanging)


async def test_few_stay():
    await at_once(10 * KEPT)
    await settled()
    # two that look at the same time may both stay
    assert KEPT <= len(all_of_them()) <= 2 * KEPT


async def test_what_was_done_is_let_go():
    class Secret:
        pass

    secret = Secret()
    seen = weakref.ref(secret)

    def work(held=secret):
        return held is not None

    await run_in_daemon_thread(work)
    await settled()
    del secret, work
    gc.collect()
    assert seen() is None


ENDS = """
import asyncio, threading
from xacct.host.threads import run_in_daemon_thread

async def main():
    run_in_daemon_thread(threading.Event().wait)
    print(await run_in_daemon_thread(lambda: "done"))

asyncio.run(main())
"""


def test_neither_work_that_hangs_nor_a_thread_that_stayed_keeps_the_process():
    done = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
