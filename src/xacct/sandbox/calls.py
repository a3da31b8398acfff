"""The record of STS calls that tests and demonstrations look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Call:
    """One STS call; filled in while the call is being answered.

    Attributes:
        action: The Action parameter as sent; "" if there was none.
        time: When it arrived, Unix seconds on the sandbox's clock.
        role_arn: The RoleArn parameter, or None.
        principal: The caller's ARN once its signature has been verified, else None.
        mfa: Whether this call brought a code and the code was accepted.
        status: HTTP status of the answer; 0 where the connection was reset instead.
        error: AWS error code of the answer, or None.
    """

    action: str
    time: float
    role_arn: str | None = None
    principal: str | None = None
    mfa: bool = False
    status: int = 0
    error: str | None = None
