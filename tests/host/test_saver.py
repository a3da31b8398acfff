"""The writer off the event loop: what was put last is written, whenever it came."""

import threading
import time

from waiting import until, wait_until
from work_threads import busy, settled

from xacct.host.saver import Saver


async def test_what_comes_just_as_a_write_has_ended_is_written_too():
    await settled()
    saver, written = Saver(), []
    saver.put(lambda: written.append("first"))
    wait_until(lambda: not busy())  # its thread has looked for the last time, and the loop has not heard of it yet
    saver.put(lambda: written.append("second"))
    await until(lambda: written == ["first", "second"], "the second")


async def test_only_the_newest_of_those_that_wait_is_written():
    written, begun = [], threading.Event()
    saver = Saver()

    def slow():
        begun.set()
        time.sleep(0.2)

    saver.put(slow)
    await until(begun.is_set, "the first")
    for number in range(5):
        saver.put(lambda number=number: written.append(number))
    await saver.settled()
    assert written == [4]
