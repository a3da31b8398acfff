"""What IAM's refusals mean at the rotation of an access key, as failures.py has it for STS's (docs/errors.md).

Codes and words are those of the "IAM API Reference" (CreateAccessKey, UpdateAccessKey, DeleteAccessKey).
"""

from __future__ import annotations

from xacct import errors
from xacct.aws.failures import ROWS, Row

_CLOCK, _SIGNATURE = (
    next(row for row in ROWS if row.error is error) for error in (errors.ClockSkew, errors.BadSignature)
)
_THROTTLED = next(row for row in ROWS if row.error is errors.Throttled)

IAM_ROWS: tuple[Row, ...] = (
    Row(
        ("LimitExceeded",),
        errors.TooManyKeys,
        "The user of {target} has two access keys already, which is as many as AWS takes.",
        "See which is used: aws iam list-access-keys, aws iam get-access-key-last-used",
        example="Cannot exceed quota for AccessKeysPerUser: 2",
    ),
    Row(
        ("NoSuchEntity",),
        errors.NoSuchKey,
        "IAM has no such access key of the user of {target} any more.",
        "See which there are: aws iam list-access-keys",
        example="The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.",
    ),
    Row(
        ("AccessDenied", "AccessDeniedException"),
        errors.AccessDenied,
        "IAM does not let the user of {target} do that: {said}.",
        "It takes iam:ListAccessKeys, CreateAccessKey, UpdateAccessKey and DeleteAccessKey for the user itself; where"
        " the policy wants MFA, add mfa_serial to the profile.",
        example="User: arn:aws:iam::123456789012:user/U is not authorized to perform: iam:CreateAccessKey",
    ),
    Row(
        ("InvalidClientTokenId", "UnrecognizedClientException"),
        errors.BadKey,
        "IAM does not take the access key, or the session, of {target}: deleted, inactive, or too new.",
        "xacctctl keys list; a session without MFA IAM takes from nobody: add mfa_serial to the profile.",
        example="The security token included in the request is invalid.",
    ),
    Row(
        ("ExpiredToken", "ExpiredTokenException"),
        errors.ParentExpired,
        "The MFA session of {target} has expired.",
        "xacctctl login {target}",
        example="The security token included in the request is expired",
    ),
    _CLOCK,
    _SIGNATURE,
    _THROTTLED,
    Row(
        ("ServiceFailure", "InternalFailure", "ServiceUnavailable", "RequestTimeout", "500", "502", "503", "504"),
        errors.AwsUnavailable,
        "AWS IAM has trouble of its own ({code}).",
        "Try again in a moment.",
        example="The request processing has failed because of an unknown error, exception or failure.",
    ),
    Row(
        ("*",),
        errors.Refusal,
        "IAM refuses {target} ({code}): {said}.",
        "See docs/keychain-keys.md.",
        example="It is not possible to delete a virtual MFA device that is still associated with a user.",
    ),
)
