"""Calls that no key signs, of a service that signs people in: the SDK's answers, or our errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from xacct import errors
from xacct.aws import failures, sdk_failures, sign_in_failures, sts
from xacct.aws.clients import Clients

if TYPE_CHECKING:
    from xacct.aws.redirect import Admits
    from xacct.clock import AwsClock
    from xacct.model import Role


class Unsigned:
    """What makes such calls.

    Args:
        clock: what expirations are reckoned by; it learns from AWS's answers.
        admits: whether a connection of 127.0.0.1 (the client's address, ours) is one of this user.
    """

    asked: ClassVar[str]
    """Who is asked, in words."""

    def __init__(self, clock: AwsClock, admits: Admits = lambda _client, _server: True) -> None:
        self._clock = clock
        self._admits = admits
        self._clients = Clients(clock.likeliest)

    async def close(self) -> None:
        """Close every connection."""
        await self._clients.close()

    async def _client(self, service: str, role: Role) -> Any:
        """The SDK's client of a service. Arguments and errors as of `_unsigned`; nothing is sent."""
        try:
            return await self._clients.get(role.target, sts.region_of(role), service)
        except OSError as error:
            raise sdk_failures.without_the_sdk(error, role) from None
        except Exception as error:  # noqa: BLE001 - as below
            raise sdk_failures.of_sdk(error, role, signed=False, asked=self.asked) from None

    async def _unsigned(
        self,
        service: str,
        role: Role,
        operation: str,
        arguments: dict[str, Any],
        rows: tuple[failures.Row, ...],
        *,
        target: str,
    ) -> dict[str, Any]:
        """What one answers.

        Args:
            service: one of sdk.SERVICES.
            role: what is wanted; its target and region say where and how to ask.
            operation: as the service or the SDK call it.
            arguments: of that.
            rows: what the service's refusals mean.
            target: what they are about.

        Raises:
            XacctError: a refusal, or why nobody could be asked.
        """
        client = await self._client(service, role)
        from botocore import xform_name  # noqa: PLC0415 - late, as for STS; it is loaded by now
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            answer: dict[str, Any] = await getattr(client, xform_name(operation))(**arguments)
        except ClientError as error:
            response = error.response
            status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
            code, said = (str(response.get("Error", {}).get(each, "")) for each in ("Code", "Message"))
            if service == "signin" and code == "AccessDeniedException":
                code = str(response.get("error") or code)  # which of four it is
            sts.hear(self._clock, response, signed_for=False)
            refused = failures.refusal(code or str(status), said, target=target, status=status, rows=rows)
            if isinstance(refused, errors.Throttled):
                refused.retry_after = sign_in_failures.retry_after(response)
            raise refused from None
        except Exception as error:  # noqa: BLE001 - an SDK's failures are of any kind: sdk_failures.py knows them
            raise sdk_failures.of_sdk(error, role, signed=True, asked=self.asked) from None
        sts.hear(self._clock, answer, signed_for=False)
        return answer

    def _something_else(self, role: Role) -> errors.XacctError:
        """An answer without what was asked for."""
        return sdk_failures.something_else(role.name, self.asked)
