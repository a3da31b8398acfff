"""One exchange of the control API: its body read, its answer streamed, its failure shaped."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from aiohttp import web

from xacct.control import requests, serializers, streams, views

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from xacct import errors, wire

T = TypeVar("T")


def single(kind: str) -> str:
    """The id of a consumer that is one request alone, and comes never again: of what kind, and 64 random bits.

    A number would begin anew with the next xacctd, which is handed the yeses of the one before: whoever comes to the
    same number there would have the yes that was somebody else's.
    """
    return f"{kind} {secrets.token_hex(8)}"  # guard: yes-to-one-request-is-no-others


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
