"""From a prompt to STS's verdict: ask for a code, send it once, ask again if it was wrong."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from xacct import errors
from xacct.prompts.broker import ATTEMPTS
from xacct.prompts.prompt import NO_CAUSE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from xacct.clock import AwsClock
    from xacct.model import Credentials
    from xacct.prompts.broker import PromptBroker
    from xacct.prompts.prompt import Cause

RESEND_AFTER = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries of a code that STS has not seen: within its step and the one after, it is still good."""


async def with_code(
    broker: PromptBroker,
    clock: AwsClock,
    serials: tuple[str, ...],
    roles: Callable[[], tuple[str, ...]],
    wanted: Callable[[], bool],
    call: Callable[[str, str], Awaitable[Credentials]],
    *,
    cause: Callable[[], Cause] = lambda: NO_CAUSE,
    already: Callable[[], Credentials | None] = lambda: None,
) -> Credentials:
    """Credentials from a call that takes a code.

    Args:
        broker: asks for the code.
        clock: AWS's time.
        serials: the MFA devices any of which will do.
        roles: whom it is for, now.
        wanted: whether anybody still waits for it.
        call: the call, given the device and its code.
        cause: why a human is asked, and who has brought it about.
        already: what another code has brought meanwhile.

    Raises:
        HumanNeeded: nobody gave a code, or three of each device were wrong.
        XacctError: AWS refused for another reason than the code, or can't be reached.
    """
    problem = None
    wrong: Counter[str] = Counter()
    async with broker.turn(*serials):
        if (there := already()) is not None:
            return there
        while True:
            serial, code = await broker.ask_any(serials, roles, wanted, wrong.total() + 1, problem, cause())
            try:
                got = await _send(broker, clock, serial, code, lambda code, serial=serial: call(serial, code))  # type: ignore[misc]
            except errors.WrongCode as error:
                problem = error.sentence if len(serials) == 1 else f"{error.sentence} It was one of {serial}."
                wrong[serial] += 1
            else:
                broker.used_codes.accept(serial, clock.likeliest())
                return got
            if wrong[serial] >= ATTEMPTS:
                too_many = broker.rest(serial, roles())  # guard: three-wrong-codes-and-rest
                if all(wrong[each] >= ATTEMPTS for each in serials):
                    raise too_many


async def _send(
    broker: PromptBroker, clock: AwsClock, serial: str, code: str, call: Callable[[str], Awaitable[Credentials]]
) -> Credentials:
    """Send one code; again only where STS has certainly not seen it."""
    for pause in (*RESEND_AFTER, None):
        try:
            got = await call(code)
        except errors.Temporary as error:
            if error.answered:
                broker.used_codes.mark_used(serial, code, clock.boot())
            if error.answered or pause is None:
                raise
        except (errors.XacctError, asyncio.CancelledError):
            broker.used_codes.mark_used(serial, code, clock.boot())
            raise
        else:
            broker.used_codes.mark_used(serial, code, clock.boot())
            return got
        await asyncio.sleep(pause)
    raise AssertionError("unreachable")  # pragma: no cover
