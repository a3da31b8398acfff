"""Which calls of IAM there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.sandbox.iam import access_keys, mfa_devices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.sandbox.actions import Request, Result

VERSION: Final = "2010-05-08"
NAMESPACE: Final = "https://iam.amazonaws.com/doc/2010-05-08/"

ACTIONS: Final[Mapping[str, Callable[[Request], Result]]] = {
    "CreateAccessKey": access_keys.create,
    "DeleteAccessKey": access_keys.delete,
    "GetAccessKeyLastUsed": access_keys.last_used,
    "ListAccessKeys": access_keys.listed,
    "ListMFADevices": mfa_devices.listed,
    "UpdateAccessKey": access_keys.update,
}
