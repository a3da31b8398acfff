"""What is done around each request of the control API: what has to be so before, and our header and errors after."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from xacct import errors, wire
from xacct.control import streams, versions, views
from xacct.control.http import failed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from xacct.control.boundary import Boundary
    from xacct.control.daemon import Daemon
    from xacct.credentials.keeper import Keeper

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger("xacct.control")

BODY = 10.0
"""Seconds a request's body gets to come."""

_AT_ONCE = (wire.LOCK, wire.STOP)
"""What waits for no disk."""


class Middleware:
    """Stands between aiohttp and the routes.

    Attributes:
        changing: how many requests are being answered that may change something.
    """

    def __init__(self, keeper: Keeper, daemon: Daemon, boundary: Boundary) -> None:
        self._keeper = keeper
        self._daemon = daemon
        self._boundary = boundary
        self.changing = 0

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Fresh configuration before, our header and our errors after."""
        try:
            versions.check(request)  # guard: another-api-xacctd-does-nothing
            async with asyncio.timeout(BODY):
                # guard: hand-over-half-sent-change-is-none
                await request.read()  # first: who sends slowly changes nothing yet, and so keeps no successor waiting
            self._boundary.check(request)  # guard: boundary-stands-before-every-route
            await self._read_changed(request)
            self._check_pause(request)
            with self._under_way(request):
                response = await handler(request)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - of what nobody foresaw, too, the other end has to hear
            response = failed(_why_not(error, request), request)
            if isinstance(error, web.HTTPException):
                response.set_status(error.status)
        begun: web.StreamResponse | None = request.get(streams.STREAMED)
        if begun is not None and begun is not response:
            if request.transport is not None:
                request.transport.abort()  # in the middle of a stream there can be no other answer
            return begun
        if not response.prepared:
            # guard: answers-arent-to-be-cached
            response.headers.update({**versions.headers(), "Cache-Control": "no-store"})
        return response

    async def _read_changed(self, request: web.Request) -> None:
        """Have the configuration as it is now, and see whose roles the request means: what any xacctctl asks, none's.

        Raises:
            Temporary: it can't be read in time, and the request would be answered by what is no longer so.
        """
        anybody = request.path in wire.EVERY_API
        files, around = (None, None) if anybody else (views.meant(request), views.around(request))
        # guard: lock-waits-for-no-disk
        in_time = request.path in _AT_ONCE or await self._daemon.read_changed(files)
        # guard: nothing-given-by-what-can-t-be-read-in-time
        if not in_time and (files is not None or _gives(request)):
            raise errors.Temporary(
                "The AWS files or config.toml can't be read in time.", "Are they on a slow or lost network drive?"
            )
        request[views.KEY] = views.View(self._daemon.catalogues, self._keeper, files, around)

    @contextmanager
    def _under_way(self, request: web.Request) -> Iterator[None]:
        """Count what may change something: no successor takes over in the midst of it."""
        counts = request.method != "GET" and request.path not in (wire.SUCCEED, wire.STOP)
        self.changing += counts
        try:
            yield
        finally:
            self.changing -= counts

    def _check_pause(self, request: web.Request) -> None:
        # guard: hand-over-nothing-is-changed-meanwhile
        if self._daemon.paused() and request.method != "GET" and request.path != wire.STOP:
            raise errors.Temporary("A new xacctd is taking over.", "Try again in a moment.")


def _gives(request: web.Request) -> bool:
    """Whether it may give somebody something: what takes away, or only tells, is done by what was read before."""
    return request.method == "POST" and request.path not in (wire.LOGOUT, wire.LOCK, wire.RELOAD, wire.STOP)


def _why_not(error: Exception, request: web.Request) -> errors.XacctError:
    """What whoever asks hears of an error: the kind of what isn't ours, for a message may quote what it choked on."""
    match error:
        case errors.XacctError():
            return error
        case web.HTTPException():
            return errors.BadInput(f"{request.method} {request.path}: {error.reason}.", "See docs/control-api.md.")
        case TimeoutError():
            return errors.BadInput("The request's body did not come in time.", "See docs/control-api.md.")
        case OSError():
            why = os.strerror(error.errno) if error.errno else type(error).__name__
            log.error("request failed", path=request.path, why=why)
            sentence = f"The system refuses xacctd what it needs for that ({why})."
            return errors.Temporary(sentence, "Try again in a moment.")
    log.error("request broke", path=request.path, kind=type(error).__name__)
    # guard: error-quotes-nothing
    return errors.XacctError("xacctd itself failed at this request.", "Its log says more.")
