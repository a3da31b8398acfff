"""`start`, `stop`, `restart` and `reload`: the daemon itself."""

import os
import signal
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from xacct import wire
from xacct.ctl import procfs, unit
from xacct.ctl.client import Anything, Client
from xacct.ctl.complain import complain
from xacct.ctl.failure import FAILED, NO_DAEMON, OK, USAGE, CtlError, DaemonError, NotRunningError
from xacct.ctl.render import count, out, say, show
from xacct.ctl.start import start_daemon
from xacct.ctl.verb import Verb

_PATIENCE: Final = 10.0
_POLL: Final = 0.01
_HANDOVER: Final = 90.0
"""Seconds: more than any daemon takes until it has a successor, or says why not."""

_BUSY: Final = "busy"
"""The error code of a daemon that waits for AWS, or for a human; a successor has to wait as well."""

_BUSY_PATIENCE: Final = 600.0
_BUSY_POLL: Final = 0.25


def start(args: Namespace, client: Client) -> int:
    """Make sure that the daemon runs, and say whether it did already."""
    if args.no_start:
        raise CtlError("start and --no-start contradict each other.", "", USAGE)
    fresh = start_daemon()
    answer = client.call("GET", wire.VERSION, wire.VersionAnswer)
    did = "Started" if fresh else "Already running:"
    where = f", endpoint {answer['endpoint']}" if answer["endpoint"] else ""
    show(f"{did} xacctd {answer['version']} (pid {answer['pid']}{where}).")
    if answer["config_problem"]:
        complain(answer["config_problem"]["sentence"], answer["config_problem"]["hint"])
    return OK


def stop(_args: Namespace, client: Client) -> int:
    """Stop the daemon, of whatever version, and wait until it is gone."""
    if unit.managed() and unit.active():
        unit.stop()
        out("xacctd has stopped; what it held is gone. Its socket listens on: the next use starts it again.")
        return OK
    try:
        version = client.call("GET", wire.VERSION, wire.VersionAnswer, any_api=True)
        client.call("POST", wire.STOP, Anything, any_api=True)
    except NotRunningError:
        out("xacctd is not running.")
        return OK
    except DaemonError:
        raise
    except CtlError as failure:
        return _end_by_signal(failure)
    wait_for_end(version["pid"])
    out("xacctd has stopped; what it held is gone.")
    return OK


def _end_by_signal(failure: CtlError) -> int:
    """Stop a daemon that does not listen, or does not answer: its lock says which process it is."""
    pid = unit.holder()
    if pid is None:
        raise failure
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    wait_for_end(pid)
    out(f"xacctd (pid {pid}), which did not answer, has stopped; what it held is gone.")
    return OK


def wait_for_end(pid: int) -> None:
    """Wait until a daemon that was told to stop is gone.

    Raises:
        CtlError: it stays.
    """
    deadline = time.monotonic() + _PATIENCE
    while _lives(pid):
        if time.monotonic() > deadline:
            raise CtlError(f"xacctd (pid {pid}) is still there after {_PATIENCE:.0f} seconds.", f"kill -9 {pid}")
        time.sleep(_POLL)


def restart(_args: Namespace, client: Client) -> int:
    """Have a new process take over all that is held."""
    return _told(_restarted, client, "restart")


def reload(_args: Namespace, client: Client) -> int:
    """Have the files read again; for one release still by a new process, where what has changed takes one."""
    return _told(_read_again, client, "reload")


def _told(work: Callable[[Client], tuple[str, list[wire.ErrorBody]]], client: Client, verb: str) -> int:
    """Print what was done, and what is wrong with the configuration."""
    try:
        did, problems = work(client)
    except NotRunningError:
        hint = "It reads the configuration when it starts."
        raise CtlError(f"xacctd is not running: there is nothing to {verb}.", hint, NO_DAEMON) from None
    out(did)
    for problem in problems:
        complain(problem["sentence"], problem["hint"])
    return FAILED if problems else OK


def _restarted(client: Client) -> tuple[str, list[wire.ErrorBody]]:
    pid = _succeed(client)
    known = client.call("GET", wire.ROLES, wire.RolesAnswer)
    held = sum(role["state"] == "held" for role in client.call("GET", wire.STATUS, wire.StatusAnswer)["roles"])
    return f"Restarted: {count(len(known['roles']), 'role')}, {held} held on (pid {pid}).", known["problems"]


def _read_again(client: Client) -> tuple[str, list[wire.ErrorBody]]:
    if client.call("GET", wire.VERSION, wire.VersionAnswer, any_api=True)["api"] >= wire.API:
        answer = client.call("POST", wire.RELOAD, wire.ReloadAnswer)
        if not answer["restart"]:
            return f"Read again: {count(answer['roles'], 'role')}.", answer["problems"]
    say("xacctctl: what has changed takes a new process. From the next release on, say: xacctctl restart")
    return _restarted(client)


def _succeed(client: Client) -> int:
    """Have a new process take over, as soon as nothing is under way; say once what there is to wait for."""
    deadline = time.monotonic() + _BUSY_PATIENCE
    said = ""
    while True:
        try:
            return client.call("POST", wire.SUCCEED, wire.SucceedAnswer, timeout=_HANDOVER, any_api=True)["pid"]
        except DaemonError as error:
            if error.code != _BUSY or time.monotonic() > deadline:
                raise
            if error.sentence != said:
                said = error.sentence
                say(f"xacctctl: {said} Waiting until that is over; Ctrl-C gives up, and changes nothing.")
        time.sleep(_BUSY_POLL)


def _lives(pid: int) -> bool:
    """Look for the process: under socket activation a connection would start it again."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return procfs.stat(pid)[:1] != ["Z"]  # one that has ended, but has not been waited for, is gone


VERBS = {
    "start": Verb(
        "Start xacctd if it isn't running. Other verbs do so by themselves.",
        ("xacctctl start",),
        start,
        starts_daemon=False,
    ),
    "stop": Verb(
        "Stop xacctd and wait until it is gone. Everything it held is forgotten.",
        ("xacctctl stop",),
        stop,
        starts_daemon=False,
    ),
    "restart": Verb(
        "Start xacctd anew, by its present code, settings and configuration. What is held stays held; nothing is "
        "asked, and no request is lost.",
        ("xacctctl restart",),
        restart,
        starts_daemon=False,
    ),
    "reload": Verb(
        "Have xacctd read config.toml and AWS's files again, and say what is wrong with them. (It does so by itself "
        "when they change.) What only a new process takes up is for `xacctctl restart`.",
        ("xacctctl reload",),
        reload,
        starts_daemon=False,
    ),
}
