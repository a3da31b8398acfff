"""Which end is older: found out before a request does anything, since here it might do what was not meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xacct import __version__, errors, wire

if TYPE_CHECKING:
    from aiohttp import web

_RELEASE = re.compile(r"[0-9A-Za-z.+-]{1,32}")


def headers() -> dict[str, str]:
    """What every answer says of us."""
    return {wire.API_HEADER: str(wire.API), wire.VERSION_HEADER: __version__}


def check(request: web.Request) -> None:
    """Let pass who speaks our API, or does not say which (curl).

    Raises:
        OtherVersion: with the sentence that an old xacctctl prints as it is.
    """
    said = request.headers.get(wire.API_HEADER)
    if said is None or said == str(wire.API) or request.path in wire.EVERY_API:  # guard: any-api-can-be-stopped
        return
    if not (said.isascii() and said.isdigit()):
        raise errors.BadInput(f"{wire.API_HEADER} is a number.", "See docs/control-api.md.")
    release = request.headers.get(wire.VERSION_HEADER, "")
    body = wire.older(
        "command" if int(said[:9]) < wire.API else "daemon",
        __version__,
        release if _RELEASE.fullmatch(release) else "",  # guard: version-is-no-text-of-others
    )
    raise errors.OtherVersion(body["sentence"], body["hint"])
