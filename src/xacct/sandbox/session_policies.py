"""Session policies: what a call that issues a session was told to limit it to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.sandbox import errors, managed_policies, parameters, permissions

if TYPE_CHECKING:
    from xacct.sandbox.parameters import Parameters
    from xacct.sandbox.permissions import Policy


def limits_of(given: Parameters) -> tuple[Policy, ...]:
    """Return the one layer that Policy and PolicyArns of a call make: what any of them allows, less what one denies.

    Raises:
        StsError: MalformedPolicyDocument.
    """
    text, arns = given.get("Policy"), [arn.get("arn", "") for arn in parameters.listed(given, "PolicyArns")]
    if not text and not arns:
        return ()
    return ((policy_of(text) if text else ()) + managed_policies.of(arns),)


def policy_of(text: str) -> Policy:
    """Return the statements of a session policy.

    Raises:
        StsError: MalformedPolicyDocument.
    """
    try:
        return permissions.read(text)
    except ValueError as error:
        raise errors.malformed_policy(str(error)) from None
