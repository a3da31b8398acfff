"""IAM, as far as an IAM user is asked about itself: its MFA devices, and the rotation of its access keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import sdk_failures, targets
from xacct.aws.iam_failures import IAM_ROWS
from xacct.model import Credentials, MfaDevice
from xacct.text import clean

if TYPE_CHECKING:
    from xacct.aws.sts import Sts
    from xacct.model import Role

PAGES = 10
"""A user has eight devices at most (IAM User Guide, IAM and STS quotas), and a page a hundred."""

LONGEST = 256
"""Characters of a serial number, at most (IAM API Reference, MFADevice)."""


@dataclass(frozen=True, slots=True)
class KeyAtAws:
    """An access key as IAM lists it, which never shows its secret.

    Attributes:
        active: whether it can be used.
        created: Unix seconds.
    """

    access_key_id: str
    active: bool
    created: float


class Iam:
    """AWS IAM. No retries here: a second CreateAccessKey makes a second key.

    Each call is signed with the `keys` at hand: a user's access key, or its MFA session. Those about access keys are
    for a role whose `target` says where IAM is asked. All raise an XacctError when IAM can't answer.

    Args:
        sts: makes the calls.
    """

    def __init__(self, sts: Sts) -> None:
        self._sts = sts

    # MFA devices.

    async def mfa_devices(self, keys: Credentials, role: Role, url: str | None) -> tuple[MfaDevice, ...]:
        """The devices of the user whose keys, or MFA session, these are.

        Args:
            keys: What the call is signed with.
            role: One that hangs from the user; says how AWS is reached.
            url: The address that is named for IAM; None: none is.

        Raises:
            AccessDenied: the user may not see them; which line of policy is missing.
            XacctError: what else AWS said, or why it could not be asked.
        """
        target = replace(role.target, endpoint_url=targets.address_of_iam(role.target, url))
        asked = replace(role, name=f"the MFA devices of {role.name}", target=target)
        found: list[MfaDevice] = []
        arguments: dict[str, Any] = {}
        for _ in range(PAGES):
            try:
                answer = await self._sts.call("list_mfa_devices", keys, asked, arguments, service="iam")
            except errors.PolicyDenied:
                raise
            except errors.AccessDenied:
                raise await self._not_allowed(keys, role) from None
            found += map(_device, answer.get("MFADevices") or ())
            if not answer.get("IsTruncated"):
                break
            arguments = {"Marker": answer.get("Marker")}
        return tuple(found)

    async def _not_allowed(self, keys: Credentials, role: Role) -> errors.XacctError:
        arn = await self._sts.get_caller_identity(keys, role)
        return errors.AccessDenied(
            f"No policy lets {arn} see its MFA devices.",
            f'It takes: {{"Effect": "Allow", "Action": "iam:ListMFADevices", "Resource": "{arn}"}}',
        )

    # Access keys.

    async def access_keys(self, keys: Credentials, role: Role, user: str) -> list[KeyAtAws]:
        """The access keys of a user."""
        answer = await self._call("list_access_keys", keys, role, {"UserName": user})
        try:
            return [
                KeyAtAws(str(each["AccessKeyId"]), each["Status"] == "Active", _instant(each.get("CreateDate")))
                for each in answer["AccessKeyMetadata"]
            ]
        except (KeyError, TypeError):
            raise sdk_failures.something_else(where="AWS IAM") from None

    async def last_used(self, keys: Credentials, role: Role, access_key_id: str) -> float | None:
        """When a key has signed last (Unix seconds); None: never, as far as IAM knows."""
        answer = await self._call("get_access_key_last_used", keys, role, {"AccessKeyId": access_key_id})
        used = answer.get("AccessKeyLastUsed") or {}
        return _instant(used["LastUsedDate"]) if "LastUsedDate" in used else None

    async def create(self, keys: Credentials, role: Role, user: str) -> Credentials:
        """Make another access key for a user."""
        made = (await self._call("create_access_key", keys, role, {"UserName": user})).get("AccessKey") or {}
        key_id, secret = made.get("AccessKeyId"), made.get("SecretAccessKey")
        if not (isinstance(key_id, str) and isinstance(secret, str) and key_id and secret):
            raise sdk_failures.something_else(where="AWS IAM")
        return Credentials(key_id, secret)

    async def deactivate(self, keys: Credentials, role: Role, user: str, access_key_id: str) -> None:
        """Switch a key off, which can be undone."""
        arguments = {"UserName": user, "AccessKeyId": access_key_id, "Status": "Inactive"}
        await self._call("update_access_key", keys, role, arguments)

    async def delete(self, keys: Credentials, role: Role, user: str, access_key_id: str) -> None:
        """Delete a key, which can't be undone."""
        await self._call("delete_access_key", keys, role, {"UserName": user, "AccessKeyId": access_key_id})

    async def _call(self, method: str, keys: Credentials, role: Role, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._sts.call(method, keys, role, arguments, service="iam", rows=IAM_ROWS)


def _device(said: dict[str, Any]) -> MfaDevice:
    serial, enabled = said.get("SerialNumber"), said.get("EnableDate")
    if not isinstance(serial, str) or not isinstance(enabled, datetime):
        raise sdk_failures.something_else(where="AWS IAM")
    return MfaDevice(clean(serial)[:LONGEST], enabled.timestamp())


def _instant(date: object) -> float:
    return date.timestamp() if isinstance(date, datetime) else 0.0
