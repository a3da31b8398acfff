"""What this AWS has of IAM: which MFA devices a user has.

Shapes and limits are those of the IAM service model (API version 2010-05-08); the refusals are what IAM says.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors, parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.sandbox.actions import Request, Result
    from xacct.sandbox.world import User

VERSION: Final = "2010-05-08"
NAMESPACE: Final = "https://iam.amazonaws.com/doc/2010-05-08/"

_USER_NAME: Final = parameters.Text("UserName", 1, 128, r"[\w+=,.@-]+")
_MAX_ITEMS: Final = parameters.Whole("MaxItems", 1, 1000)
_PAGE: Final = 100


def list_mfa_devices(request: Request) -> Result:
    """Say which MFA devices a user has: the caller, or another of their account.

    Raises:
        StsError: The caller may not, there is no such user, or the session is one without MFA.
    """
    parameters.check(request.given, _USER_NAME, _MAX_ITEMS)
    user = _user(request)
    first = parameters.integer(request.given, "Marker") or 0
    last = first + (parameters.integer(request.given, "MaxItems") or _PAGE)
    more = last < len(user.devices)
    devices: list[Result] = [
        {
            "UserName": user.name,
            "SerialNumber": device.serial,
            "EnableDate": datetime.fromtimestamp(device.enabled, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for device in user.devices[first:last]
    ]
    return {
        "IsTruncated": "true" if more else "false",
        **({"Marker": str(last)} if more else {}),
        "MFADevices": devices,
    }


def _user(request: Request) -> User:
    caller, world = request.caller, request.state.world
    if caller.session is not None and caller.session.context.mfa_at is None and caller.principal.role_arn is None:
        raise errors.invalid_token()  # IAM takes a session of GetSessionToken only with MFA
    itself, name = world.user(caller.principal.arn), request.given.get("UserName")
    if name is None and itself is None:
        raise errors.validation_error("Must specify userName when calling with non-User credentials")
    if itself is not None and "iam:ListMFADevices" in itself.denied:
        raise errors.not_allowed(itself.arn, "iam:ListMFADevices", f"user {name or itself.name}")
    if name is None and itself is not None:
        return itself
    found = world.user(f"arn:aws:iam::{caller.principal.account}:user/{name}")
    if found is None:
        raise errors.no_such_user(str(name))
    return found


ACTIONS: Final[Mapping[str, Callable[[Request], Result]]] = {"ListMFADevices": list_mfa_devices}
