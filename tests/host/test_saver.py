"""Writes off the loop: none is forgotten, whatever the moment it comes at."""

from waiting import until, wait_until
from work_threads import busy, settled

from xacct.host.saver import Saver


async def test_what_comes_as_the_thread_ends_is_done_though_nobody_waits_for_it():
    await settled()
    saver, done = Saver(), []
    saver.put(lambda: done.append(1))
    wait_until(lambda: not busy())  # its thread has ended with it, and the loop has not heard of that yet
    saver.put(lambda: done.append(2))
    await until(lambda: done == [1, 2], "the second")
