"""What a session's policies leave of what it asks for. Of identity policies this sandbox knows none: all is allowed.

Whether a call needs a permission, and on which resource, is `_RESOURCES`; what is not in it needs none, as
GetCallerIdentity with AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors
from xacct.sandbox.permissions import Asked, denied_by_any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.sandbox.parameters import Parameters
    from xacct.sandbox.sessions import Caller

_WHY: Final = {
    "explicit": "with an explicit deny in a session policy",
    "implicit": "because no session policy allows the {action} action",
}


def check(caller: Caller, asked: Asked) -> None:
    """Refuse what one of the session's policies does not allow; a user's long-term key has none.

    Raises:
        StsError: AccessDenied, in AWS's words.
    """
    how = None if caller.session is None else denied_by_any(caller.session.limits, asked)
    if how is not None:
        why = _WHY[how].format(action=asked.action)
        raise errors.not_authorized(caller.principal.arn, asked.action, f"{asked.resource} {why}")


def check_call(caller: Caller, service: str, action: str, given: Parameters, context: Mapping[str, str]) -> None:
    """The same for a call of STS's or IAM's."""
    resource = _RESOURCES.get((service, action)) or (_user if service == "iam" else None)
    if resource is not None:
        check(caller, Asked(f"{service}:{action}", resource(caller, given), context))


def context_of(region: str, address: str) -> dict[str, str]:
    """Return what conditions may ask for.

    Args:
        region: The one that the request is signed for.
        address: Where it comes from.
    """
    return {"aws:requestedregion": region, "aws:sourceip": address}


def _role(_caller: Caller, given: Parameters) -> str:
    return given.get("RoleArn", "*")


def _own(caller: Caller, _given: Parameters) -> str:
    return caller.principal.arn


def _user(caller: Caller, given: Parameters) -> str:
    who = caller.principal
    name = given.get("UserName") or who.arn.rpartition("/")[2]
    return f"arn:{who.arn.split(':')[1]}:iam::{who.account}:user/{name}"


_RESOURCES: Final[Mapping[tuple[str, str], Callable[[Caller, Parameters], str]]] = {
    ("sts", "AssumeRole"): _role,
    ("sts", "GetScopedCredentials"): _own,
}
