"""The threads of host/threads.py in this process: those that work, and those that stay for more."""

import threading

from waiting import until

from xacct.host import threads


def all_of_them():
    return [thread for thread in threading.enumerate() if thread.name == "xacct-work"]


def busy():
    """Whether any has something to do, or is about to end."""
    return len(all_of_them()) > len(threads._idle)


async def settled():
    """Wait until all work is done, whoever gave it, and the threads that stay wait for more."""
    await until(lambda: not busy(), "threads that have nothing to do")
