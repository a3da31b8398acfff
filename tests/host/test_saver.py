"""Writes off the loop: none is forgotten, whatever the moment it comes at."""

import threading

from waiting import until

from xacct.host.saver import Saver


async def test_what_comes_as_the_thread_ends_is_done_though_nobody_waits_for_it():
    before = set(threading.enumerate())
    saver, done = Saver(), []
    saver.put(lambda: done.append(1))
    for thread in set(threading.enumerate()) - before:
        thread.join()  # it has ended, and the loop has not heard of it yet
    saver.put(lambda: done.append(2))
    await until(lambda: done == [1, 2], "the second")
