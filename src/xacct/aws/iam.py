"""IAM, as far as the rotation of an access key takes it: a user's own keys listed, made, switched off, deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from xacct.aws import failures, sdk_failures
from xacct.aws.clients import Clients
from xacct.aws.iam_failures import IAM_ROWS
from xacct.aws.sts import region_of
from xacct.model import Credentials

if TYPE_CHECKING:
    from xacct import errors
    from xacct.clock import AwsClock
    from xacct.model import Role


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
    """AWS IAM. Each call is for one role, whose `target` says where IAM is asked, and signed with the keys at hand.

    No retries here: a second CreateAccessKey makes a second key. All raise an XacctError when IAM can't answer.
    """

    def __init__(self, clock: AwsClock) -> None:
        self._clock = clock
        self._clients = Clients(clock.likeliest)

    async def close(self) -> None:
        """Close every connection."""
        await self._clients.close()

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
        # As Sts does it: the SDK is imported late, and its exceptions hold the request, and with it the keys.
        try:
            client = await self._clients.get(role.target, region_of(role), "iam")
            from botocore.exceptions import ClientError  # noqa: PLC0415

            from xacct.aws.signing import signing_with  # noqa: PLC0415
        except OSError as error:
            raise sdk_failures.without_the_sdk(error, role) from None
        except Exception as error:  # noqa: BLE001 - of any kind
            raise sdk_failures.of_sdk(error, role, signed=False, asked="AWS IAM") from None
        with signing_with(keys) as signed:
            try:
                answer: dict[str, Any] = await getattr(client, method)(**arguments)
            except ClientError as error:
                raise self._refusal(error.response, role) from None
            except Exception as error:  # noqa: BLE001 - of any kind
                raise sdk_failures.of_sdk(error, role, signed=signed.signed, asked="AWS IAM") from None
        return answer

    def _refusal(self, response: dict[str, Any], role: Role) -> errors.XacctError:
        error = response.get("Error", {})
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
        code, said = str(error.get("Code", status)), str(error.get("Message", ""))
        return failures.refusal(code, said, target=role.name, status=status, skew=-self._clock.skew(), rows=IAM_ROWS)


def at(role: Role, target: Any) -> Role:
    """The role whose calls are IAM's."""
    return replace(role, target=target)


def _instant(date: object) -> float:
    return date.timestamp() if isinstance(date, datetime) else 0.0
