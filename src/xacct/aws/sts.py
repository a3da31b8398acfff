"""The STS calls the product lives from, over aiobotocore.

One client for each address and region, each request signed with the credentials at hand. No retries here: a TOTP code
must not be sent twice, and when to try again is the keeper's to say.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import failures, regions, sdk_failures
from xacct.aws.clients import Clients
from xacct.aws.scoped_failures import SCOPED_ROWS
from xacct.model import Credentials, account_of

if TYPE_CHECKING:
    from xacct.clock import AwsClock
    from xacct.model import Role


class Sts:
    """AWS STS as the keeper sees it.

    Args:
        clock: learns AWS's time from the Date header of what is certainly STS's answer.
    """

    def __init__(self, clock: AwsClock) -> None:
        self._clock = clock
        self._clients = Clients(clock.likeliest)

    async def close(self) -> None:
        """Close every connection."""
        await self._clients.close()

    def prepare(self, role: Role) -> None:
        """Begin what calls for this role take: a human is being asked, and need not wait for it afterwards."""
        self._clients.prepare(role.target, region_of(role))

    async def get_session_token(self, keys: Credentials, role: Role, *, code: str | None, duration: int) -> Credentials:
        """Open the MFA session that `role` hangs from, for `duration` seconds (a plain session without a code).

        Raises:
            XacctError: what AWS said, or why it could not be asked.
        """
        arguments: dict[str, Any] = {"DurationSeconds": duration}
        if code:
            arguments |= {"SerialNumber": role.mfa_serial, "TokenCode": code}
        answer = await self.call("get_session_token", keys, role, arguments)
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
        answer = await self.call("assume_role", keys, role, arguments)
        return self._credentials(answer, role.account)

    async def assume_role_with_web_identity(
        self, role: Role, token: str, *, session_name: str, duration: int | None
    ) -> Credentials:
        """Assume `role` with an identity provider's token, and no keys.

        Args:
            role: with its session policies; such a call takes neither tags nor an external id.
            token: what the identity provider gave.
            session_name: what CloudTrail shows.
            duration: seconds; None: AWS's default of an hour.

        Raises:
            XacctError: what AWS said, or why it could not be asked.
        """
        wanted = {
            "RoleArn": role.role_arn,
            "RoleSessionName": session_name,
            "WebIdentityToken": token,
            "DurationSeconds": duration,
            "Policy": role.policy,
            "PolicyArns": [{"arn": arn} for arn in role.session_policies],
        }
        arguments = {key: value for key, value in wanted.items() if value}
        answer = await self.call("assume_role_with_web_identity", None, role, arguments)
        return self._credentials(answer, role.account)

    async def get_scoped_credentials(
        self, keys: Credentials, role: Role, *, policy: str, duration: int | None, description: str
    ) -> Credentials:
        """Narrower credentials of the session that `keys` are of.

        Args:
            keys: temporary ones.
            role: what they are for; says where STS is asked.
            policy: the session policy; empty: none, then there has to be a duration.
            duration: seconds; None: until the end of `keys`.
            description: what CloudTrail shows, 2 to 256 characters.

        Raises:
            ActionUnknown: this STS has no such call.
            XacctError: what else AWS said, or why it could not be asked.
        """
        wanted = {"Policy": policy, "DurationSeconds": duration, "ScopedSessionDescription": description}
        arguments = {key: value for key, value in wanted.items() if value}
        answer = await self.call("get_scoped_credentials", keys, role, arguments, rows=SCOPED_ROWS)
        got = self._credentials(answer, keys.account_id)
        # guard: scope-that-sts-does-not-count-is-none
        if (policy and not answer.get("ScopedPoliciesCount")) or got.access_key_id == keys.access_key_id:
            raise errors.ScopeRefused(
                f"STS does not say that it has narrowed the credentials of {role.name}: they are not used.",
                "Something that plays AWS may not know scoped credentials.",
            )
        return got

    async def get_caller_identity(self, keys: Credentials, role: Role) -> str:
        """The ARN of whoever `keys` belong to; STS is asked where it is for `role`.

        Raises:
            XacctError: what AWS said, or why it could not be asked.
        """
        answer = await self.call("get_caller_identity", keys, role, {})
        arn = answer.get("Arn")
        if not isinstance(arn, str) or not arn.startswith("arn:"):
            raise sdk_failures.something_else()
        return arn

    async def call(
        self,
        method: str,
        keys: Credentials | None,
        role: Role,
        arguments: dict[str, Any],
        *,
        service: str = "sts",
        rows: tuple[failures.Row, ...] = failures.ROWS,
    ) -> dict[str, Any]:
        """What AWS answers to a call.

        Args:
            method: Botocore's name of it.
            keys: What it is signed with; None: it is not.
            role: What it is for; says where and how AWS is asked.
            arguments: Its own.
            service: Which service of sdk.SERVICES is asked.
            rows: What its refusals mean.

        Raises:
            XacctError: what AWS said, or why it could not be asked.
        """
        asked = "" if service == "sts" else f"AWS {service.upper()}"
        # Imported late: the SDK costs half a second, and is loaded in a thread, by the client as a rule.
        try:
            client = await self._clients.get(role.target, region_of(role), service)
            from botocore.exceptions import ClientError  # noqa: PLC0415

            from xacct.aws.signing import signing_with  # noqa: PLC0415
        except OSError as error:  # guard: no-descriptor-for-the-sdk-is-no-bug
            raise sdk_failures.without_the_sdk(error, role) from None
        except Exception as error:  # noqa: BLE001 - as below; nothing has been signed
            raise sdk_failures.of_sdk(error, role, signed=False, asked=asked) from None
        with signing_with(keys) as signed:
            try:
                answer: dict[str, Any] = await getattr(client, method)(**arguments)
            except ClientError as error:
                raise self._refusal(error.response, role.name, asked, rows) from None
            except Exception as error:  # noqa: BLE001 - an SDK's failures are of any kind: sdk_failures.py knows them
                # `from None`: botocore's exceptions hold the request, and with it keys and codes.
                raise sdk_failures.of_sdk(error, role, signed=signed.signed, asked=asked) from None
        if answer.get("Credentials"):
            hear(self._clock, answer, signed_for=True)
        return answer

    def _refusal(
        self, response: dict[str, Any], target: str, asked: str = "", rows: tuple[failures.Row, ...] = failures.ROWS
    ) -> errors.XacctError:
        error = response.get("Error", {})
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
        code = str(error.get("Code", status))
        if code == str(status) and status < 500:  # noqa: PLR2004 - an error of AWS's has a code of its own
            return sdk_failures.something_else(where=asked or "AWS STS")
        date = _date_of(response)
        refusal = failures.refusal(
            code,
            str(error.get("Message", "")),
            target=target,
            status=status,
            skew=-self._clock.skew() if date is None else self._clock.wall() - date,
            rows=rows,
        )
        # Whoever does not complain of our clock can't be far from it.
        hear(self._clock, response, signed_for=not isinstance(refusal, errors.ClockSkew))
        return refusal

    def _credentials(self, answer: dict[str, Any], account: str | None) -> Credentials:
        """What STS has given; an answer without credentials is no answer of STS's."""
        given = answer.get("Credentials") or {}
        key_id, secret, token = (given.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        expiration = given.get("Expiration")
        if not (key_id and secret and token and isinstance(expiration, datetime)):
            raise sdk_failures.something_else()
        return Credentials(
            access_key_id=key_id,
            secret_access_key=secret,
            session_token=token,
            expires_at=expiration.timestamp(),
            issued_at=self._clock.now(),
            account_id=account,
        )


def hear(clock: AwsClock, answer: dict[str, Any], *, signed_for: bool) -> None:
    """Learn AWS's time from an answer that certainly is AWS's: one with the id that AWS gives each request."""
    told = answer.get("ResponseMetadata", {})
    date = _date_of(answer)
    if told.get("RequestId") and date is not None:  # guard: time-stss-own-answers-alone
        clock.heard(date, signed_for=signed_for)


def region_of(role: Role) -> str:
    """The region in which STS is asked for a role: its profile's, or else its partition's own."""
    return role.region or regions.of_arn(role.role_arn or role.mfa_serial)


def _date_of(answer: dict[str, Any]) -> float | None:
    """What the Date header says (Unix seconds); None where there is none to read."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - late: the SDK, which has answered, has it

    header = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
