"""As much of DynamoDB as shows what a session may do: GetItem and PutItem, on tables that exist once something is put.

At `/dynamodb`; clients are led there by AWS_ENDPOINT_URL_DYNAMODB. Keys are whole items: an item is found by the
attributes that GetItem names. Source: the botocore model of DynamoDB (JSON 1.0).
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from xacct.sandbox import limits
from xacct.sandbox.calls import Call
from xacct.sandbox.errors import StsError
from xacct.sandbox.permissions import Asked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from xacct.sandbox.sessions import Caller
    from xacct.sandbox.signature import WireRequest
    from xacct.sandbox.sts import Sts

PATH: Final = "/dynamodb"
SERVICE: Final = "dynamodb"
_PREFIX: Final = "DynamoDB_20120810."

Item = dict[str, Any]


class Tables:
    """Items by account, region and table.

    Args:
        sts: Knows whose credentials a request is signed with.
        calls: The record of calls.
        clock: Gives Unix seconds.
        wire: Reduces a request to what its signature covers.
    """

    def __init__(
        self,
        sts: Sts,
        calls: list[Call],
        clock: Callable[[], float],
        wire: Callable[[web.Request], Awaitable[WireRequest]],
    ) -> None:
        self._sts = sts
        self._calls = calls
        self._clock = clock
        self._wire = wire
        self.items: dict[str, list[Item]] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the one route that there is, in the two ways in which SDKs write it."""
        return [web.post(PATH, self._answer), web.post(f"{PATH}/", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        action = request.headers.get("X-Amz-Target", "").removeprefix(_PREFIX)
        call = Call(action, self._clock(), service=SERVICE)
        self._calls.append(call)
        try:
            body = self._done(await self._wire(request), call, request.remote or "")
            call.status = 200
        except StsError as error:
            call.status, call.error = 400, error.code
            body = {"__type": f"com.amazon.coral.service#{error.code}", "message": error.message}
        return web.json_response(
            body,
            status=call.status,
            content_type="application/x-amz-json-1.0",
            headers={"x-amzn-RequestId": str(uuid.uuid4())},
        )

    def _done(self, wire: WireRequest, call: Call, address: str) -> Mapping[str, Any]:
        caller, region = self._sts.authenticated(wire, call, self._clock())
        if call.action not in _ACTIONS:
            raise StsError(400, "UnknownOperationException", "")
        given = json.loads(wire.body)
        arn = f"arn:aws:dynamodb:{region}:{caller.principal.account}:table/{given['TableName']}"
        _check(caller, Asked(f"{SERVICE}:{call.action}", arn, limits.context_of(region, address)))
        return _ACTIONS[call.action](self.items.setdefault(arn, []), given)


def _check(caller: Caller, asked: Asked) -> None:
    try:
        limits.check(caller, asked)
    except StsError as error:
        raise StsError(400, "AccessDeniedException", error.message) from None


def _put(items: list[Item], given: Mapping[str, Any]) -> Mapping[str, Any]:
    items.append(given["Item"])
    return {}


def _get(items: list[Item], given: Mapping[str, Any]) -> Mapping[str, Any]:
    key = given["Key"].items()
    found = next((item for item in reversed(items) if all(item.get(name) == value for name, value in key)), None)
    return {} if found is None else {"Item": found}


_ACTIONS: Final[Mapping[str, Callable[[list[Item], Mapping[str, Any]], Mapping[str, Any]]]] = {
    "GetItem": _get,
    "PutItem": _put,
}
