"""The one call of IAM that there is: which MFA devices an IAM user has."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from xacct import errors
from xacct.aws import failures, regions
from xacct.aws.sts import region_of
from xacct.model import MfaDevice
from xacct.text import clean

if TYPE_CHECKING:
    from xacct.aws.sts import Sts
    from xacct.model import Credentials, Role, StsTarget

PAGES = 10
"""A user has eight devices at most (IAM User Guide, IAM and STS quotas), and a page a hundred."""

LONGEST = 256
"""Characters of a serial number, at most (IAM API Reference, MFADevice)."""


class Iam:
    """IAM as the keeper sees it.

    Args:
        sts: makes the calls.
    """

    def __init__(self, sts: Sts) -> None:
        self._sts = sts

    async def mfa_devices(self, keys: Credentials, role: Role, url: str | None) -> tuple[MfaDevice, ...]:
        """The devices of the user whose keys, or MFA session, these are.

        Args:
            keys: What the call is signed with.
            role: One that hangs from the user; says how AWS is reached.
            url: The address of IAM that the user's profile names; None: it names none.

        Raises:
            AccessDenied: the user may not see them; which line of policy is missing.
            XacctError: what else AWS said, or why it could not be asked.
        """
        asked = replace(
            role,
            name=f"the MFA devices of {role.name}",
            region=regions.of_iam(region_of(role)),
            target=replace(role.target, endpoint_url=address(role.target, url)),
        )
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


def address(target: StsTarget, url: str | None) -> str | None:
    """Where IAM is asked; None: at AWS's own address.

    Who is STS at an address that is none of AWS's (LocalStack, xacct-sandbox) is IAM there, too: nobody else is to see
    what is signed with such keys. A VPC's endpoint for STS is AWS's, and is STS alone.
    """
    if url is not None or target.endpoint_url is None:
        return url
    host = urlsplit(target.endpoint_url).hostname or ""
    return None if regions.is_awss(host) else target.endpoint_url  # guard: iam-is-asked-where-sts-is


def _device(said: dict[str, Any]) -> MfaDevice:
    serial, enabled = said.get("SerialNumber"), said.get("EnableDate")
    if not isinstance(serial, str) or not isinstance(enabled, datetime):
        raise failures.failed("ResponseParserError", "", target="MFA devices", where="IAM")
    return MfaDevice(clean(serial)[:LONGEST], enabled.timestamp())
