"""One call of STS or IAM from the signed request to the result: dispatch, authentication, action."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from xacct.sandbox import answers, errors, limits, signature
from xacct.sandbox.actions import (
    Request,
    Result,
    State,
    get_access_key_info,
    get_caller_identity,
    get_session_token,
)
from xacct.sandbox.assume_role import assume_role
from xacct.sandbox.iam import service as iam
from xacct.sandbox.scoped_credentials import get_scoped_credentials
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

    Actions = Mapping[str, Callable[[Request], Result]]

_ACTIONS: Final[Actions] = {
    "AssumeRole": assume_role,
    "GetAccessKeyInfo": get_access_key_info,
    "GetCallerIdentity": get_caller_identity,
    "GetScopedCredentials": get_scoped_credentials,
    "GetSessionToken": get_session_token,
}


_UNSIGNED: Final[Mapping[str, Callable[[State, Parameters, float, Call], Result]]] = {
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
}
"""Those that take no key."""


class Sts:
    """The services behind the HTTP, STS and IAM: know a world, remember sessions and used codes."""

    def __init__(self, world: World, faults: Faults, caps: Caps) -> None:
        self.state = State(world, CodeHistory(), SessionStore(), caps)
        self._faults = faults

    def answer(
        self, wire: WireRequest, given: Parameters, call: Call, now: float, skew: float = 0.0, address: str = ""
    ) -> Result:
        """Return the result of a call, and note in `call` who made it.

        Args:
            wire: The request as its signature covers it.
            given: Its parameters, from query and body together.
            call: The record to fill in.
            now: Unix seconds.
            skew: Seconds by which the clock of the signature check is ahead.
            address: Where the request comes from.

        Raises:
            StsError: For every refusal.
        """
        actions = _actions(given)
        name = _name(given, actions)
        if actions is _ACTIONS and name in _UNSIGNED:
            return _UNSIGNED[name](self.state, given, now, call)
        caller, region = self.authenticated(wire, call, now, skew)
        limits.check_call(caller, call.service, name, given, limits.context_of(region, address))
        return actions[name](Request(self.state, caller, given, now, call))

    def authenticated(self, wire: WireRequest, call: Call, now: float, skew: float = 0.0) -> tuple[Caller, str]:
        """Return who has signed a request, and for which region; arguments and errors as in `answer`."""
        signed = signature.read(wire)
        caller = self._caller(signed, now, call.service)
        signature.verify(wire, signed, caller.secret, datetime.fromtimestamp(now + skew, UTC), call.service)
        call.principal = caller.principal.arn
        if caller.session is None:
            self.state.last_used[caller.key_id] = now, call.service
        return caller, signed.scope[1]

    def _caller(self, signed: Signed, now: float, service: str) -> Caller:
        """Return the owner of the credentials, unless a fault makes them bad."""
        caller = self.state.sessions.caller(self.state.world, signed.key_id, signed.token, now)
        if caller.session is None and self._faults.take("invalid-key", service=service):
            raise errors.invalid_token()
        if caller.session is not None and self._faults.take("expired-token", service=service):
            raise errors.expired_token()
        return caller


def service_of(given: Parameters) -> str:
    """Return which service a call is of: the version of its API tells."""
    return "iam" if given.get("Version") == iam.VERSION else "sts"


def _actions(given: Parameters) -> Actions:
    return iam.ACTIONS if service_of(given) == "iam" else _ACTIONS


def _name(given: Parameters, actions: Actions) -> str:
    """Return the action's name; AWS looks at this before it looks at the signature."""
    name, version = given.get("Action"), given.get("Version")
    if not name:
        raise errors.missing_action()
    known = actions.keys() | (_UNSIGNED.keys() if actions is _ACTIONS else set())
    if name not in known or version not in (answers.VERSION, iam.VERSION):
        raise errors.invalid_action(name, version)
    return name
