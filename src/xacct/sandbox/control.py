"""The sandbox's own routes below `/_sandbox`: recorded calls, faults, used codes. JSON.

`xacct.sandbox` documents them for users.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiohttp import web

from xacct.sandbox import totp

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.sandbox.calls import Call
    from xacct.sandbox.faults import Faults
    from xacct.sandbox.world import MfaDevice

CALLS_PATH: Final = "/_sandbox/calls"
FAULTS_PATH: Final = "/_sandbox/faults"
MFA_PATH: Final = "/_sandbox/mfa"

_NUMBERS: Final = ("seconds", "delay", "skew")


class Sandbox(Protocol):
    """What is shown and steered."""

    calls: list[Call]
    faults: Faults
    clock: Callable[[], float]

    @property
    def device(self) -> MfaDevice:
        """The MFA device of the first user who has one."""

    def used_steps(self) -> list[int]:
        """Return the time steps whose codes `device` has used."""


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Return the routes that show and steer this sandbox."""

    async def calls(_request: web.Request) -> web.Response:
        return web.json_response([asdict(call) for call in sandbox.calls])

    async def forget(_request: web.Request) -> web.Response:
        sandbox.calls.clear()
        return web.Response(status=204)

    async def add_fault(request: web.Request) -> web.Response:
        try:
            fault = sandbox.faults.add(**_fault(await request.text()))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(asdict(fault))

    async def clear_faults(_request: web.Request) -> web.Response:
        sandbox.faults.clear()
        return web.Response(status=204)

    async def mfa(_request: web.Request) -> web.Response:
        return web.json_response(_mfa(sandbox))

    return [
        web.get(CALLS_PATH, calls),
        web.delete(CALLS_PATH, forget),
        web.post(FAULTS_PATH, add_fault),
        web.delete(FAULTS_PATH, clear_faults),
        web.get(MFA_PATH, mfa),
    ]


def _mfa(sandbox: Sandbox) -> dict[str, object]:
    return {
        "serial": sandbox.device.serial,
        "step_seconds": totp.STEP_SECONDS,
        "time": sandbox.clock(),
        "used_steps": sandbox.used_steps(),
    }


def _fault(text: str) -> dict[str, Any]:
    """Return the arguments of `Faults.add` that a request body asks for.

    Raises:
        ValueError: With a sentence to show.
    """
    body = object_of(text, '{"kind": "throttling", "calls": 3}')
    checks: dict[str, Callable[[object], bool]] = {
        "kind": lambda value: isinstance(value, str),
        "calls": lambda value: isinstance(value, int) and not isinstance(value, bool),
    } | dict.fromkeys(_NUMBERS, _is_number)
    checks["service"] = checks["kind"]
    for name, value in body.items():
        if name not in checks:
            raise ValueError(f"Unknown field {name!r}. Use {', '.join(checks)}.")
        if not checks[name](value):
            raise ValueError(f"Field {name!r} can't be {value!r}.")
    if "kind" not in body:
        raise ValueError("Field 'kind' is missing.")
    return body


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def object_of(text: str, example: str) -> dict[str, Any]:
    """Return a body's JSON object.

    Raises:
        ValueError: For anything else, with a sentence to show, the example in it.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        return body
    raise ValueError(f"The body must be a JSON object, like {example}.")
