"""Which MFA devices a user has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors, parameters
from xacct.sandbox.iam import permissions
from xacct.sandbox.iam.dates import written

if TYPE_CHECKING:
    from xacct.sandbox.actions import Request, Result
    from xacct.sandbox.world import User

_USER_NAME: Final = parameters.Text("UserName", 1, 128, r"[\w+=,.@-]+")
_MAX_ITEMS: Final = parameters.Whole("MaxItems", 1, 1000)
_PAGE: Final = 100


def listed(request: Request) -> Result:
    """ListMFADevices, of the caller or of another user of their account.

    Raises:
        StsError: The caller may not, there is no such user, or the session is one without MFA.
    """
    parameters.check(request.given, _USER_NAME, _MAX_ITEMS)
    user = _user(request)
    first = parameters.integer(request.given, "Marker") or 0
    last = first + (parameters.integer(request.given, "MaxItems") or _PAGE)
    more = last < len(user.devices)
    devices: list[Result] = [
        {"UserName": user.name, "SerialNumber": device.serial, "EnableDate": written(device.enabled)}
        for device in user.devices[first:last]
    ]
    return {
        "IsTruncated": "true" if more else "false",
        **({"Marker": str(last)} if more else {}),
        "MFADevices": devices,
    }


def _user(request: Request) -> User:
    itself, name = permissions.caller(request), request.given.get("UserName")
    if name is None:
        if itself is None:
            raise errors.validation_error("Must specify userName when calling with non-User credentials")
        return itself
    for user in request.state.world.users:
        if (user.account, user.name) == (request.caller.principal.account, name):
            return user
    raise errors.no_such_entity(f"The user with name {name} cannot be found.")
