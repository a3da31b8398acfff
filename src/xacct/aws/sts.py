"""The two STS calls the product lives from, over aiobotocore.

One client a region, each request signed with the credentials at hand. No retries here: a TOTP code must not be
sent twice, and when to try again is the keeper's to say.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import failures
from xacct.model import Credentials, account_of

if TYPE_CHECKING:
    from xacct.clock import AwsClock
    from xacct.model import Role

DEFAULT_REGION = "us-east-1"
"""Where STS is asked when neither profile nor environment names a region (AWS's own legacy default)."""

CONNECT_TIMEOUT = 4.0
READ_TIMEOUT = 10.0


class Sts:
    """AWS STS as the keeper sees it. Every answer's Date header teaches `clock` what AWS's time is."""

    def __init__(self, clock: AwsClock, default_region: str | None = None) -> None:
        self._clock = clock
        self._default_region = default_region or DEFAULT_REGION
        self._clients: dict[str, Any] = {}
        self._open = AsyncExitStack()
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close every connection."""
        self._clients.clear()
        await self._open.aclose()

    async def get_session_token(self, keys: Credentials, role: Role, *, code: str | None, duration: int) -> Credentials:
        """Open the MFA session that `role` hangs from, for `duration` seconds (a plain session without a code).

        Raises:
            XacctError: what AWS said, or why it could not be asked.
        """
        arguments: dict[str, Any] = {"DurationSeconds": duration}
        if code:
            arguments |= {"SerialNumber": role.mfa_serial, "TokenCode": code}
        answer = await self._call("get_session_token", keys, role.region, arguments, target=role.name)
        return self._credentials(answer, account_of(role.mfa_serial))

    async def assume_role(
        self, keys: Credentials, role: Role, *, session_name: str, duration: int | None, code: str | None
    ) -> Credentials:
        """Assume `role` with `keys`, for `duration` seconds (None: AWS's default of an hour).

        Raises:
            XacctError: what AWS said, or why it could not be asked.
        """
        wanted = {
            "RoleArn": role.role_arn,
            "RoleSessionName": session_name,
            "DurationSeconds": duration,
            "ExternalId": role.external_id,
            "SourceIdentity": role.source_identity,
            "Policy": role.policy,
            "PolicyArns": [{"arn": arn} for arn in role.session_policies],
            "Tags": [{"Key": key, "Value": value} for key, value in role.tags],
            "TransitiveTagKeys": list(role.transitive_tag_keys),
        }
        if code and role.mfa_serial:
            wanted |= {"SerialNumber": role.mfa_serial, "TokenCode": code}
        arguments = {key: value for key, value in wanted.items() if value}
        answer = await self._call("assume_role", keys, role.region, arguments, target=role.name)
        return self._credentials(answer, role.account)

    async def _call(
        self, method: str, keys: Credentials, region: str | None, arguments: dict[str, Any], *, target: str
    ) -> dict[str, Any]:
        # Imported late: aiobotocore costs a third of a second, and the endpoint must serve before that.
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        from xacct.aws.signing import signing_with  # noqa: PLC0415

        try:
            client = await self._client(region or self._default_region)
            with signing_with(keys):
                answer: dict[str, Any] = await getattr(client, method)(**arguments)
        except ClientError as error:
            raise self._refusal(error.response, target) from None
        except (BotoCoreError, ResponseParserError, OSError) as error:
            # `from None`: botocore's exceptions hold the request, and with it keys and codes.
            raise self._failed(error, target) from None
        self._hear(answer)
        return answer

    async def _client(self, region: str) -> Any:
        from aiobotocore.config import AioConfig  # noqa: PLC0415
        from aiobotocore.session import AioSession  # noqa: PLC0415
        from botocore import UNSIGNED  # noqa: PLC0415

        from xacct.aws.signing import sign_requests  # noqa: PLC0415

        async with self._lock:
            if region not in self._clients:
                config = AioConfig(
                    signature_version=UNSIGNED,
                    connect_timeout=CONNECT_TIMEOUT,
                    read_timeout=READ_TIMEOUT,
                    retries={"total_max_attempts": 1},
                    max_pool_connections=20,
                )
                session = AioSession()
                # botocore would read every profile's keys along with the configuration, and keep them.
                session.set_config_variable("credentials_file", os.devnull)
                made = session.create_client("sts", region_name=region, config=config)
                client = await self._open.enter_async_context(made)
                sign_requests(client, self._clock.likeliest)
                self._clients[region] = client
            return self._clients[region]

    def _hear(self, answer: dict[str, Any]) -> None:
        header = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            self._clock.heard(parsedate_to_datetime(header).timestamp())
        except (ValueError, TypeError):
            return  # an answer without a readable Date teaches nothing

    def _refusal(self, response: dict[str, Any], target: str) -> errors.XacctError:
        error = response.get("Error", {})
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
        self._hear(response)
        return failures.refusal(
            str(error.get("Code", status)),
            str(error.get("Message", "")),
            target=target,
            status=status,
            skew=-self._clock.skew(),
        )

    def _failed(self, error: Exception, target: str) -> errors.XacctError:
        kind = type(error).__name__
        if kind in {"ParamValidationError", "NoRegionError", "ProfileNotFound", "ConfigParseError"}:
            # These say which argument is wrong, and never hold its value beyond what the profile says.
            return errors.ConfigError(
                f"{target} can't be asked for as configured ({kind}).", f"xacctctl explain {target}"
            )
        if kind == "EndpointConnectionError" and not _before_sending(error):
            kind = "ConnectionClosedError"
        return failures.unreachable(kind, str(error))

    def _credentials(self, answer: dict[str, Any], account: str | None) -> Credentials:
        given = answer["Credentials"]
        return Credentials(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
            expires_at=given["Expiration"].timestamp(),
            issued_at=self._clock.now(),
            account_id=account,
        )


def _before_sending(error: Exception) -> bool:
    """Whether the connection failed before a request was on it; aiobotocore gives a later reset the same name."""
    from aiohttp import ClientConnectorError  # noqa: PLC0415

    original = getattr(error, "kwargs", {}).get("error")
    return isinstance(original, ClientConnectorError | socket.gaierror)
