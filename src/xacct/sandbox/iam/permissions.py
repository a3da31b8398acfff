"""Who may do what: `iam` and `iam_wants_mfa` of a user of the world are its policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.sandbox import errors

if TYPE_CHECKING:
    from xacct.sandbox.actions import Request
    from xacct.sandbox.errors import StsError
    from xacct.sandbox.world import User


def caller(request: Request) -> User | None:
    """Return the user who calls, where its policy allows the action; None: no user does, but a role.

    Raises:
        StsError: AccessDenied, or InvalidClientTokenId for a session without MFA, which IAM does not take at all.
    """
    session = request.caller.session
    with_mfa = session is not None and session.context.mfa_at is not None
    user = request.state.world.user(request.caller.principal.arn)
    if user is None:
        return None
    if session is not None and not with_mfa:
        raise errors.invalid_token()
    if f"iam:{request.call.action}" not in user.iam:
        raise not_allowed(request)
    if user.iam_wants_mfa and not with_mfa:
        raise _denied(request, "with an explicit deny in an identity-based policy")
    return user


def not_allowed(request: Request) -> StsError:
    """Return the denial of what no policy allows."""
    return _denied(request, f"because no identity-based policy allows the iam:{request.call.action} action")


def _denied(request: Request, why: str) -> StsError:
    arn = request.caller.principal.arn
    user = request.given.get("UserName") or arn.rpartition("/")[2]
    return errors.not_authorized(arn, f"iam:{request.call.action}", f"user {user} {why}")
