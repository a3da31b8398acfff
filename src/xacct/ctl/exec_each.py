"""`exec` in several roles: the same command once for each, in turn or some at a time, and a summary at the end."""

from __future__ import annotations

import os
import selectors
from collections import deque
from functools import partial

from xacct.ctl import child
from xacct.ctl.failure import INTERRUPTED, OK, USAGE, CtlError
from xacct.ctl.hold import hold, refusal
from xacct.ctl.render import clean, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence
    from typing import Final

    from xacct.ctl.client import Client

_READ: Final = 65536
_LONGEST_LINE: Final = 65536
"""Bytes of a line that are held back until it ends; a longer one is shown in pieces."""


def exec_each(args: Namespace, client: Client, run: Callable[[str], int]) -> int:
    """Run the command in each role of `args.several`.

    Args:
        args: the command line.
        client: the daemon's.
        run: runs it in one role, in a process of its own, and gives its status.

    Returns:
        0 where it was 0 in all of them; else that of the first in which it was not.
    """
    if args.parallel is not None and not 0 < args.parallel <= len(args.several):
        raise CtlError("--parallel takes a number from 1 to that of the roles.", "", USAGE)
    statuses = _refused(args.several, client)
    roles = [role for role in args.several if role not in statuses]
    try:
        if (args.parallel or 1) > 1:
            _at_once(roles, run, statuses, args.parallel)
        else:
            _in_turn(roles, run, statuses)
    except KeyboardInterrupt:
        _sum_up(args.several, statuses)
        return INTERRUPTED
    _sum_up(args.several, statuses)
    return next((statuses[role] for role in args.several if statuses[role]), OK)


def _refused(roles: Sequence[str], client: Client) -> dict[str, int]:
    """Log in to all of them with one code; the statuses of those that can't be had, which are said."""
    failed = hold(client, roles).failed
    for event in failed:
        say(f"xacctctl: {event['role']}: {event['error']['sentence']}")
    return {event["role"]: refusal(event["error"]).status for event in failed}


def _in_turn(roles: Sequence[str], run: Callable[[str], int], statuses: dict[str, int]) -> None:
    for role in roles:
        say(f"== {role}")
        pid = child.forked(partial(run, role))
        try:
            statuses[role] = _status(pid)
        except KeyboardInterrupt:
            statuses[role] = _told(pid)
            raise


def _at_once(roles: Sequence[str], run: Callable[[str], int], statuses: dict[str, int], most: int) -> None:
    waiting, running = deque(roles), dict[str, _Labelled]()
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    role = waiting.popleft()
                    running[role] = _Labelled(role, run, selector)
                _show(running, statuses, selector)
        except KeyboardInterrupt:
            statuses.update(dict.fromkeys(running, INTERRUPTED))  # where one more Ctrl-C comes
            while running:  # the terminal has told them, too: what they say of it is shown
                _show(running, statuses, selector)
            raise


def _show(running: dict[str, _Labelled], statuses: dict[str, int], selector: selectors.BaseSelector) -> None:
    """Show what comes next, and note who has ended."""
    # Ctrl-C may have come before the last one's status was asked for
    if not any(one.ended for one in running.values()):
        for key, _ in selector.select():
            key.data()
    for role in [role for role, one in running.items() if one.ended]:
        statuses[role] = running[role].status()
        del running[role]


class _Labelled:
    """A run whose lines are shown with its role before them."""

    def __init__(self, role: str, run: Callable[[str], int], selector: selectors.BaseSelector) -> None:
        pipes = [os.pipe() for _ in range(2)]
        ends = [*(key.fd for key in selector.get_map().values()), *(read for read, _ in pipes)]

        def work() -> int:
            for read in ends:  # where we end, who writes is to be told, and not to wait for itself to read
                os.close(read)
            return run(role)

        self._label = f"{clean(role)}: ".encode("utf-8", "backslashreplace")
        self._selector = selector
        self._pid = child.forked(work, [write for _, write in pipes])
        self._open = 0
        for (read, write), stream in zip(pipes, (1, 2), strict=True):
            os.close(write)
            self._open += 1
            held = bytearray()
            selector.register(
                read, selectors.EVENT_READ, lambda read=read, out=stream, held=held: self._pass(read, out, held)
            )

    @property
    def ended(self) -> bool:
        """Whether all that it prints is shown."""
        return not self._open

    def status(self) -> int:
        """Return its status, once it has ended."""
        return _told(self._pid)

    def _pass(self, read: int, out: int, held: bytearray) -> None:
        got = os.read(read, _READ)
        held += got
        if not got:
            self._selector.unregister(read)
            os.close(read)
            self._open -= 1
        while (end := held.find(b"\n")) >= 0 or len(held) > _LONGEST_LINE or (held and not got):
            line = bytes(held[: end + 1]) if end >= 0 else bytes(held) + b"\n"
            del held[: len(line) if end >= 0 else len(held)]
            _write(out, self._label + line)


def _status(pid: int) -> int:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def _told(pid: int) -> int:
    """Return the status of a child that the terminal has told of a Ctrl-C, too."""
    try:
        return _status(pid)
    except ChildProcessError:  # Ctrl-C came just when its status did, and took the place of it
        return INTERRUPTED


def _write(out: int, data: bytes) -> None:
    while data:
        data = data[os.write(out, data) :]


def _sum_up(roles: Sequence[str], statuses: dict[str, int]) -> None:
    well = sum(statuses.get(role) == OK for role in roles)
    say(f"xacctctl: {well} of {len(roles)} roles: done.")
    for role in roles:
        if role not in statuses:
            say(f"  {role} was not begun")
        elif statuses[role] != OK:
            say(f"  {role} ended with {statuses[role]}")
