"""The writer off the event loop: what was put last is written, whenever it came."""

import asyncio
import time

from waiting import until

from xacct.host.saver import Saver


async def test_what_comes_just_as_a_write_has_ended_is_written_too():
    """The thread has looked for the last time, and the loop, busy, has not heard of it yet."""
    written = []
    saver = Saver()
    saver.put(lambda: written.append("first"))
    time.sleep(0.2)
    saver.put(lambda: written.append("second"))
    await until(lambda: written == ["first", "second"])


async def test_only_the_newest_of_those_that_wait_is_written():
    written = []
    saver = Saver()
    saver.put(lambda: time.sleep(0.2))
    await asyncio.sleep(0.05)
    for number in range(5):
        saver.put(lambda number=number: written.append(number))
    await saver.settled()
    assert written == [4]
