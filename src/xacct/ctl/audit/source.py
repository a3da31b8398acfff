"""The audit's lines from the daemon: those there are, or whatever happens, over as many daemons as it takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from xacct import wire
from xacct.ctl import start
from xacct.ctl.client import event
from xacct.ctl.failure import NO_DAEMON, CtlError, HungUpError, NotRunningError, UnreachableError
from xacct.ctl.http10 import quote
from xacct.ctl.render import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xacct.ctl.client import Client, Stream

PAUSE: Final = 0.2
"""Seconds between two looks for a daemon that went away."""


def known(client: Client, query: Mapping[str, str]) -> Iterator[wire.AuditLine]:
    """Yield the lines that there are.

    Args:
        client: whom to ask.
        query: of GET /v1/audit.

    Raises:
        CtlError: the daemon says no, or has told something else than what was asked for.
    """
    stream = client.stream("GET", _path(query))
    demand = _Demand(query.get("grant"))
    try:
        for raw in stream:
            line = event(raw, wire.AuditLine)
            demand.of(line)
            yield line
    finally:
        stream.close()


def follow(client: Client, query: Mapping[str, str], show: Callable[[wire.AuditLine], None], pause: float) -> None:
    """Show the lines that there are, and whatever happens. Does not return: Ctrl-C ends it.

    A daemon that goes is waited for. The next one is asked for what comes after the last line that was shown.

    Args:
        client: whom to ask.
        query: of GET /v1/audit.
        show: takes each line.
        pause: seconds between two looks for a daemon that went away.

    Raises:
        CtlError: as `known`; or the daemon gives no cursor, and is gone.
    """
    demand, waiting = _Demand(query.get("grant")), client.without_start()
    asked = {**query, "follow": "1"}
    stream, resumes, shown = client.stream("GET", _path(asked)), False, False
    while True:
        for raw in _until_it_goes(stream):
            line = event(raw, wire.AuditLine)
            demand.of(line)
            if resumes and "cursor" not in line:  # guard: audit-follow-doubles-no-line
                raise CtlError("This xacctd can't go on where another has stopped.", "Say it again.")
            asked["after"], shown = line.get("cursor", ""), True
            show(line)
        if shown and not asked["after"]:
            raise CtlError("xacctd is gone.", "Say it again; what it wrote is kept.")
        say("xacctctl: xacctd is gone; waiting for the next one, to go on behind the last line. Ctrl-C ends.")
        start.reap()
        while (next_one := _try(waiting, asked)) is None:
            time.sleep(pause)
        stream, resumes = next_one, shown


def _until_it_goes(stream: Stream) -> Iterator[dict[str, Any]]:
    try:
        yield from stream
    except HungUpError:
        return  # it was killed rather than stopped
    finally:
        stream.close()


def _try(client: Client, query: Mapping[str, str]) -> Stream | None:
    try:
        return client.stream("GET", _path(query))
    except (NotRunningError, UnreachableError, HungUpError):
        return None


class _Demand:
    """Sees to it that lines are of the grant that was asked for: an older xacctd takes no notice of that."""

    def __init__(self, word: str | None) -> None:
        self._word = word
        self._id: str | None = None

    def of(self, line: wire.AuditLine) -> None:
        """Let a line through.

        Raises:
            CtlError: it is of another grant, or of none.
        """
        if self._word is None:
            return
        grant = line["grant"]
        meant = grant is not None and (grant["id"].startswith(self._word) or grant["label"] == self._word)
        # guard: audit-older-daemon-tells-of-no-other-grant
        if grant is None or not meant or self._id not in (None, grant["id"]):
            raise CtlError(
                "The running xacctd is older than this xacctctl, and can't tell of one grant alone.",
                "xacctctl restart",
                NO_DAEMON,
            )
        self._id = grant["id"]


def _path(query: Mapping[str, str]) -> str:
    words = "&".join(f"{key}={quote(value)}" for key, value in query.items())
    return f"{wire.AUDIT}?{words}" if words else wire.AUDIT
