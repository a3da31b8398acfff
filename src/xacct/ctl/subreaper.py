"""What a narrowed `exec` does to stay above all that it starts: so that none of it can ask xacctd for more.

A process whose parent ends is given to the nearest child subreaper above it, or else to the first process of all. As a
subreaper this process gets back whatever forks twice or begins a session of its own, and stays until nothing of it is
left. xacctd binds the grant to it, and refuses what comes from below. How far that holds: docs/THREATS.md.
"""

from __future__ import annotations

import os
import sys

from xacct import prctl, wire
from xacct.ctl import child, procfs, shape
from xacct.ctl import signals as signal
from xacct.ctl.complain import complain
from xacct.ctl.failure import OK, CtlError
from xacct.ctl.granting import revoke
from xacct.ctl.http10 import quote
from xacct.ctl.render import say
from xacct.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from xacct.ctl.client import Client

_ENDING: Final = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP})


def have_daemon(client: Client) -> int:
    """Have xacctd started, if it is to be, by a process that ends at once: so that it does not run below this one.

    Returns:
        0, or the status to end with, when the failure has been said.
    """

    def ask() -> int:
        try:
            client.call("GET", wire.VERSION, shape.ANYTHING)
        except CtlError as error:
            complain(error.sentence, error.hint)
            return error.status
        return OK

    return os.waitstatus_to_exitcode(os.waitpid(child.forked(ask), 0)[1])


def bind(client: Client, grant: wire.GrantAnswer) -> None:
    """Become a subreaper, and have xacctd bind the grant to this process; where either fails, take the grant back.

    From now on xacctd takes nothing from this process that would widen what it has.

    Raises:
        CtlError: it failed.
    """
    try:
        become()  # guard: narrowed-exec-is-a-subreaper
        ours = {"pid": os.getpid(), "root": os.getpid()}
        told = client.call("POST", wire.GRANT.format(id=quote(grant["id"])), shape.BOUND, ours)
        _demand_root(told.get("root"))  # guard: older-xacctd-binds-nothing
    except BaseException:
        revoke(client, grant["id"])  # guard: narrowed-exec-takes-back-what-is-not-bound
        raise


def _demand_root(told: int | None) -> None:
    if told != os.getpid():
        raise CtlError("The running xacctd is older than this command: it would bind nothing.", "xacctctl restart")


def become() -> None:
    """Get back what stems from this process when its own parent ends. On macOS there is nothing of the kind.

    Raises:
        CtlError: the kernel refuses.
    """
    if sys.platform == "darwin":
        return
    try:
        prctl.set_option(prctl.CHILD_SUBREAPER, 1)  # guard: no-subreaper-no-narrowed-exec
    except OSError as error:
        why = error.strerror
        raise CtlError(f"What this command starts can't be kept below it ({why}), so it is not started.", "") from None


def run(command: list[str], environ: Mapping[str, str]) -> int:
    """Run a command as `child.run` does, and stay until nothing is left of what stems from this process."""
    status = child.run(command, environ, _ended)
    _outlast()  # guard: narrowed-exec-outlasts-what-it-started
    return status


def _ended(pid: int) -> int | None:
    """Reap all that has ended; the status of the process `pid` if that is among it."""
    found = None
    for ended, status in child.reaped(os.WUNTRACED):
        if ended == pid:
            found = child.outcome(status)
    return found


def _outlast() -> None:
    """Stay while anything is left. Ctrl-C, or a signal to end, ends that, and does so without mercy at the second time.

    The signals are blocked since `child.run`.
    """
    said, asked = False, False
    while True:
        for _ in child.reaped():
            pass
        left = _descendants()
        if not left:
            return
        if not said:
            _say(left)
            said = True
        number = signal.sigwait(_ENDING | {signal.SIGCHLD})
        if number == signal.SIGCHLD:
            continue
        for pid in left:
            _send(pid, number if number == signal.SIGHUP else signal.SIGKILL if asked else signal.SIGTERM)
        asked = asked or number != signal.SIGHUP


def _descendants() -> list[int]:
    """Return all that stems from this process."""
    children: dict[int, list[int]] = {}
    for pid in procfs.pids():
        fields = procfs.stat(pid)
        if len(fields) > 1:
            children.setdefault(int(fields[1]), []).append(pid)
    found, left = [], [os.getpid()]
    while left:
        found += (below := children.pop(left.pop(), []))
        left += below
    return found


def _say(left: list[int]) -> None:
    who = f"{clean(procfs.command(left[0]))} (pid {left[0]})" + f" and {len(left) - 1} more" * (len(left) > 1)
    try:
        say(f"xacctctl: note: {who} still {'run' if len(left) > 1 else 'runs'}, in the narrowed role.")
        say("  hint: exec ends when nothing is left of what it has started. Ctrl-C ends that.")
    except OSError:
        pass  # the terminal has gone


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        return
