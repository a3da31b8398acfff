"""GetScopedCredentials: temporary credentials changed for narrower ones of the same session.

Sources: "GetScopedCredentials" in the AWS STS API Reference and "Permissions for GetScopedCredentials" in the IAM User
Guide (November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors, parameters, session_policies
from xacct.sandbox.actions import Request, Result, credentials_of

if TYPE_CHECKING:
    from xacct.sandbox.permissions import Policy
    from xacct.sandbox.sessions import Session

ACTION: Final = "GetScopedCredentials"
MOST_LAYERS: Final = 3
_MOST_POLICY_CHARS: Final = 2048
_POLICY: Final = parameters.Text("Policy", 1, _MOST_POLICY_CHARS, r"[\u0009\u000A\u000D\u0020-\u00FF]+")
_DURATION: Final = parameters.Whole("DurationSeconds", 1, 129600)
_DESCRIPTION: Final = parameters.Text(
    "ScopedSessionDescription", 2, 256, r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*"
)


def get_scoped_credentials(request: Request) -> Result:
    """Issue credentials of the caller's own session that may do less, for no longer.

    Raises:
        StsError: The caller has no session, or three layers already; the policy is none; it would last longer than the
            session.
    """
    if not request.state.world.scoped_credentials:
        raise errors.invalid_action(ACTION, request.given.get("Version"))
    parameters.check(request.given, _POLICY, _DURATION, _DESCRIPTION)
    session = _session(request)
    layer = _layer(request)
    ends = _end(request, session)
    if layer is not None and session.scoped >= MOST_LAYERS:
        raise errors.access_denied(f"A session has at most {MOST_LAYERS} scope down policies.")
    issued = request.state.sessions.scope(session, ends, layer)
    request.call.description = request.given.get("ScopedSessionDescription")
    result: Result = {
        "Credentials": credentials_of(issued),
        "SessionInfo": {"ScopedSessionId": session.principal.user_id, "Arn": session.principal.arn},
        "ScopedPoliciesCount": str(issued.scoped),
    }
    if session.context.source_identity is not None:
        result["SourceIdentity"] = session.context.source_identity
    return result


def _session(request: Request) -> Session:
    if request.caller.session is None:
        raise errors.access_denied("Cannot call GetScopedCredentials with IAM user or root credentials")
    return request.caller.session


def _layer(request: Request) -> Policy | None:
    """Return what the call's policy allows; None: it has none, and a duration instead."""
    text = request.given.get("Policy")
    if text is None and "DurationSeconds" not in request.given:
        raise errors.validation_error("Either Policy or DurationSeconds must be provided.")
    return None if text is None else session_policies.policy_of(text)


def _end(request: Request, session: Session) -> float:
    seconds = parameters.integer(request.given, "DurationSeconds")
    if seconds is None:
        return session.expires
    if request.now + seconds > session.expires:
        raise errors.insufficient_lifetime(
            "The requested DurationSeconds exceeds the remaining lifetime of the calling session."
        )
    return request.now + seconds
