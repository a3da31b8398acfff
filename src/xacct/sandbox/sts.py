"""One STS call from the signed request to the result: dispatch, authentication, action."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from xacct.sandbox import answers, errors, signature
from xacct.sandbox.actions import (
    Request,
    Result,
    State,
    get_access_key_info,
    get_caller_identity,
    get_session_token,
)
from xacct.sandbox.assume_role import assume_role
from xacct.sandbox.iam import ACTIONS as IAM_ACTIONS
from xacct.sandbox.iam import IAM
from xacct.sandbox.iam import VERSION as IAM_VERSION
from xacct.sandbox.sessions import Caller, Caps, SessionStore
from xacct.sandbox.totp import CodeHistory
from xacct.sandbox.web_identity import assume_role_with_web_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.sandbox.calls import Call
    from xacct.sandbox.faults import Faults
    from xacct.sandbox.parameters import Parameters
    from xacct.sandbox.signature import Signed, WireRequest
    from xacct.sandbox.world import World

_ACTIONS: Final[Mapping[str, Callable[[Request], Result]]] = {
    "AssumeRole": assume_role,
    "GetAccessKeyInfo": get_access_key_info,
    "GetCallerIdentity": get_caller_identity,
    "GetSessionToken": get_session_token,
}


_UNSIGNED: Final[Mapping[str, Callable[[State, Parameters, float, Call], Result]]] = {
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
}
"""Those that take no key."""


STS: Final = "sts"


class Sts:
    """The services behind the HTTP, STS and IAM: know a world, remember sessions and used codes."""

    def __init__(self, world: World, faults: Faults, caps: Caps) -> None:
        self.state = State(world, CodeHistory(), SessionStore(), caps)
        self._faults = faults

    def answer(self, wire: WireRequest, given: Parameters, call: Call, now: float, skew: float = 0.0) -> Result:
        """Return the result of a call, and note in `call` who made it.

        Args:
            wire: The request as its signature covers it.
            given: Its parameters, from query and body together.
            call: The record to fill in.
            now: Unix seconds.
            skew: Seconds by which the clock of the signature check is ahead.

        Raises:
            StsError: For every refusal.
        """
        name = _name(given)
        if name in _UNSIGNED:
            return _UNSIGNED[name](self.state, given, now, call)
        actions, service = (IAM_ACTIONS, IAM) if name in IAM_ACTIONS else (_ACTIONS, STS)
        signed = signature.read(wire)
        caller = self._caller(signed, now)
        signature.verify(wire, signed, caller.secret, datetime.fromtimestamp(now + skew, UTC), service)
        call.principal = caller.principal.arn
        if caller.session is None:
            self.state.last_used[caller.key_id] = now, service
        return actions[name](Request(self.state, caller, given, now, call))

    def _caller(self, signed: Signed, now: float) -> Caller:
        """Return the owner of the credentials, unless a fault makes them bad."""
        caller = self.state.sessions.caller(self.state.world, signed.key_id, signed.token, now)
        if caller.session is None and self._faults.take("invalid-key"):
            raise errors.invalid_token()
        if caller.session is not None and self._faults.take("expired-token"):
            raise errors.expired_token()
        return caller


def _name(given: Parameters) -> str:
    """Return the action's name; AWS looks at this before it looks at the signature."""
    name, version = given.get("Action"), given.get("Version")
    if not name:
        raise errors.missing_action()
    wanted = IAM_VERSION if name in IAM_ACTIONS else answers.VERSION
    if name not in IAM_ACTIONS.keys() | _ACTIONS.keys() | _UNSIGNED.keys() or version != wanted:
        raise errors.invalid_action(name, version)
    return name
