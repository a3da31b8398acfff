"""What STS's refusals of GetScopedCredentials mean, as failures.py has it for the other calls (docs/errors.md).

Codes are those of the "AWS STS API Reference" (GetScopedCredentials); how an STS says that it does not know a call is
that of AWS's query protocol, and of products that play AWS.
"""

from __future__ import annotations

from xacct import errors
from xacct.aws.failures import ROWS, Row

_OTHERS = (errors.ParentExpired, errors.BadKey, errors.ClockSkew, errors.BadSignature, errors.RegionDisabled)
_TROUBLE = (errors.Throttled, errors.AwsUnavailable)

SCOPED_ROWS: tuple[Row, ...] = (
    Row(
        ("InvalidAction", "UnknownOperation", "UnknownOperationException", "NotImplemented", "UnsupportedOperation"),
        errors.ActionUnknown,
        "The STS that is asked for {target} does not know GetScopedCredentials.",
        "Name a region in its profile: AWS's global endpoint does not have the call, nor do older partitions.",
        example="Could not find operation GetScopedCredentials for version 2011-06-15",
    ),
    Row(
        ("AccessDenied", "AccessDeniedException"),
        errors.AccessDenied,
        "AWS does not let {target} narrow its own credentials: {said}.",
        "Let the role do sts:GetScopedCredentials.",
        example=(
            "User: arn:aws:sts::234567890123:assumed-role/R/me is not authorized to perform: sts:GetScopedCredentials"
        ),
    ),
    Row(
        ("MalformedPolicyDocument", "MalformedPolicyDocumentException"),
        errors.ScopeRefused,
        "AWS does not take the policy of the grant's scope for {target}: {said}.",
        "Mend the policy, and make another grant.",
        example="Syntax errors in policy.",
    ),
    Row(
        ("PackedPolicyTooLarge", "PackedPolicyTooLargeException"),
        errors.ScopeRefused,
        "The scope of the grant, with the tags and policies of {target}, is larger than AWS takes: {said}.",
        "Make its policy shorter.",
        example="Packed policy consumes 101% of allotted space, please use smaller policy.",
    ),
    Row(
        ("InsufficientSessionLifetime", "InsufficientSessionLifetimeException"),
        errors.AwsUnavailable,
        "The credentials of {target} end sooner than was thought; xacct tries again by itself.",
        "",
        example="The requested DurationSeconds exceeds the remaining lifetime of the calling session.",
    ),
    Row(
        ("InvalidSubjectCredentials", "InvalidSubjectCredentialsException"),
        errors.ParentExpired,
        "AWS does not take the session of {target} for one that can be narrowed.",
        "xacctctl login {target}",
        example="The calling session's credentials could not be validated or resolved.",
    ),
    *(row for row in ROWS if row.error in _OTHERS),
    *(row for row in ROWS if row.error in _TROUBLE),
    ROWS[-1],
)
