"""One exchange of the control API: its body read, its answer streamed, its failure shaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from aiohttp import web

from xacct.control import requests, serializers, streams, views

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from xacct import errors, wire

T = TypeVar("T")


async def streamed(request: web.Request, run: Callable[[streams.Lines], Awaitable[None]]) -> web.StreamResponse:
    """Answer with the lines that `run` sends."""
    async with streams.lines(request) as out:
        await run(out)
    return request[streams.STREAMED]


async def body_of(request: web.Request, kind: type[T]) -> T:
    """The request's body, checked.

    Raises:
        BadInput: it is not of that kind.
    """
    return requests.read(await request.read(), kind)


def answered(request: web.Request, answer: Mapping[str, Any]) -> web.Response:
    """An answer that names roles, as the request's shell names them."""
    said = views.of(request).seen(answer)
    try:
        body = msgspec.json.encode(said)  # a status may have thousands of roles: a tenth of the time of json.dumps
    except UnicodeEncodeError:
        return web.json_response(said)  # half a surrogate pair, of a name in a file that is not UTF-8
    return web.Response(body=body, content_type="application/json", charset="utf-8")


def failed(error: errors.XacctError, request: web.Request) -> web.Response:
    """The answer that says why not."""
    answer: wire.ErrorAnswer = {"error": serializers.error_body(error)}
    view = request.get(views.KEY)
    return web.json_response(view.seen(answer) if view is not None else answer, status=error.status)
