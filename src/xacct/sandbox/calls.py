"""The record of calls that tests and demonstrations look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Call:
    """One call of STS, IAM or Identity Center; filled in while the call is being answered. No secret is in it.

    Attributes:
        action: The Action parameter as sent, "" if there was none; of Identity Center the operation's name.
        time: When it arrived, Unix seconds on the sandbox's clock.
        role_arn: The RoleArn parameter, or the role that the portal gave credentials of; else None.
        principal: The caller's ARN once its signature has been verified, of Identity Center the user's name; else None.
        mfa: Whether this call brought a code and the code was accepted.
        status: HTTP status of the answer; 0 where the connection was reset instead.
        error: AWS error code of the answer, or None.
        service: "sts", "iam", "dynamodb", "sso-oidc", "sso" or "signin".
        grant: CreateToken's grant type, else None.
        description: What GetScopedCredentials was told that its session is for, else None.
    """

    action: str
    time: float
    role_arn: str | None = None
    principal: str | None = None
    mfa: bool = False
    status: int = 0
    error: str | None = None
    service: str = "sts"
    grant: str | None = None
    description: str | None = None
