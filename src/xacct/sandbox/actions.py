"""The actions of this STS but AssumeRole: GetSessionToken, GetCallerIdentity, GetAccessKeyInfo.

An action takes a `Request` and returns the members of its result as nested dicts, ready to
become XML; it raises `StsError` to refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors, keys, parameters
from xacct.sandbox.sessions import Caller, Caps, Session, SessionContext, SessionStore

if TYPE_CHECKING:
    from xacct.sandbox.calls import Call
    from xacct.sandbox.parameters import Parameters
    from xacct.sandbox.totp import CodeHistory
    from xacct.sandbox.world import World

Result = dict[str, "str | Result | list[Result]"]

_DEFAULT_SESSION_SECONDS: Final = 43200


@dataclass(slots=True)
class State:
    """What an STS knows and remembers; `caps` limits what it issues.

    Attributes:
        last_used: When each long-term key has signed last (Unix seconds), and which service was asked.
    """

    world: World
    history: CodeHistory
    sessions: SessionStore
    caps: Caps = field(default_factory=Caps)
    last_used: dict[str, tuple[float, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One authenticated call: who asks what, when (Unix seconds), and the record to fill in."""

    state: State
    caller: Caller
    given: Parameters
    now: float
    call: Call

    def expires(self, seconds: int, cap: float | None) -> float:
        """Return when credentials asked for so many seconds end, the cap considered."""
        return self.now + (seconds if cap is None else min(seconds, cap))


def mfa_accepted_at(request: Request) -> float | None:
    """Check the code this call brings, if any; return when it was accepted: now, or None.

    Raises:
        StsError: AccessDenied for half a pair, somebody else's device, a wrong or used code.
    """
    serial, code = request.given.get("SerialNumber"), request.given.get("TokenCode")
    if serial is None and code is None:
        return None
    if serial is None or code is None:
        raise errors.mfa_incomplete()
    user = request.state.world.user(request.caller.principal.arn)
    device = next((each for each in user.devices if each.serial == serial and each.seed), None) if user else None
    if device is None:
        raise errors.mfa_wrong_serial()
    if not request.state.history.accept(device, code, request.now):
        raise errors.mfa_wrong_code()
    request.call.mfa = True
    return request.now


def credentials_of(session: Session) -> Result:
    """Return the Credentials element of a session; Expiration in whole seconds, UTC."""
    end = datetime.fromtimestamp(session.expires, UTC)
    return {
        "AccessKeyId": session.key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def get_session_token(request: Request) -> Result:
    """Issue a session of the calling user, with MFA context if a code was given."""
    parameters.check(
        request.given,
        parameters.SESSION_DURATION,
        parameters.SERIAL_NUMBER,
        parameters.TOKEN_CODE,
    )
    if request.caller.session is not None:
        raise errors.session_credentials("GetSessionToken")
    context = SessionContext(mfa_at=mfa_accepted_at(request))
    wanted = parameters.integer(request.given, "DurationSeconds") or _DEFAULT_SESSION_SECONDS
    session = request.state.sessions.issue(
        request.caller.principal, context, request.expires(wanted, request.state.caps.session)
    )
    return {"Credentials": credentials_of(session)}


def get_caller_identity(request: Request) -> Result:
    """Say who the caller is; needs no permission, as with AWS."""
    who = request.caller.principal
    return {"Arn": who.arn, "UserId": who.user_id, "Account": who.account}


def get_access_key_info(request: Request) -> Result:
    """Say which account an access key id belongs to, whether or not the key exists."""
    parameters.check(request.given, parameters.ACCESS_KEY_ID)
    account = keys.account_of(request.given["AccessKeyId"])
    if account is None:
        raise errors.validation_error("Invalid AccessKeyId.")
    return {"Account": account}
