"""A page of 127.0.0.1 that leads a browser on to an address which is a secret: once, and for a minute.

A browser is started with the page's address, and other users see what it was started with (/proc/PID/cmdline). Whoever
reads it there is not admitted, and once our human's browser has come there is nothing left.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from xacct import errors
from xacct.aws.redirect import HOST, NOTHING, Loopback, page, path_of

if TYPE_CHECKING:
    from xacct.aws.redirect import Admits

LASTS = 60.0
"""Seconds that a browser has to come: some take half a minute to start."""

_LEADS_ON = "The console is opening."


class OneTimePage(Loopback):
    """Leads one browser on.

    Args:
        leads_to: the address.
        admits: whether a connection (the client's address, ours) is one of this user.
    """

    def __init__(self, leads_to: str, admits: Admits) -> None:
        super().__init__(admits)
        self._leads_to: str | None = leads_to
        self._path = f"/{secrets.token_urlsafe(24)}"

    @property
    def url(self) -> str:
        """Where a browser is sent to be led on."""
        return f"http://{HOST}:{self.port}{self._path}"

    def close(self) -> None:
        """As of Loopback; what it leads to is forgotten."""
        self._leads_to = None
        super().close()

    def _heard(self, head: bytes) -> bytes:
        path, leads_to = path_of(head, self.port), self._leads_to
        if leads_to is None or path is None or not secrets.compare_digest(path.encode(), self._path.encode()):
            return page(404, NOTHING)
        self._leads_to = None  # guard: console-page-is-for-one-browser
        self._server.close()
        return page(303, _LEADS_ON, f"Location: {leads_to}")


class OneTimePages:
    """Those that are open.

    Args:
        admits: whether a connection (the client's address, ours) is one of this user.
    """

    def __init__(self, admits: Admits) -> None:
        self._admits = admits
        self._open: set[OneTimePage] = set()

    async def leading_to(self, url: str) -> str:
        """Open one, for LASTS seconds. Returns its address.

        Raises:
            Temporary: there is no port to listen on.
        """
        made = OneTimePage(url, self._admits)
        try:
            await made.start()
        except OSError as error:
            raise errors.Temporary(f"xacct can't listen on {HOST} for the browser ({error.strerror}).", "") from None
        self._open.add(made)
        asyncio.get_running_loop().call_later(LASTS, self._end, made)
        return made.url

    def close(self) -> None:
        """End them all."""
        for made in list(self._open):
            self._end(made)

    def _end(self, made: OneTimePage) -> None:
        if made in self._open:
            self._open.discard(made)
            made.close()
