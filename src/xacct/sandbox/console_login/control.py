"""The control's routes for the sign-in: they play the human who says yes or no, and the administrator who revokes.

`docs/sandbox.md` documents them for users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.sandbox import sign_in_control

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from xacct.sandbox.console_login.state import State

STATE_PATH: Final = "/_sandbox/console-login"


def routes(state: State, clock: Callable[[], float]) -> list[web.RouteDef]:
    """Return the routes that show and steer what is known."""

    def shown() -> dict[str, object]:
        now = clock()
        known = [{"user": each.user.arn, "ends": each.ends, "over": each.over(now)} for each in state.logins]
        return {"consent": state.consent, "sign_ins": known}

    return sign_in_control.routes(STATE_PATH, state, "MyIAMUsername", shown, lambda user: revoke(state, user, clock()))


def revoke(state: State, user: str | None, now: float) -> int:
    """End the sign-ins of a user, or all of them, as a change of the password does; return how many that were."""
    return sign_in_control.revoke((each for each in state.logins if user in {None, each.user.name}), now)
