"""Session tags and session policies: what AssumeRole may be given along, and how much of it.

Sources: "Pass session tags in AWS STS" and "IAM and AWS STS quotas" in the IAM User Guide.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors, parameters
from xacct.sandbox.sessions import SessionContext

if TYPE_CHECKING:
    from xacct.sandbox.parameters import Parameters

_MOST_TAGS: Final = 50
_MOST_POLICY_ARNS: Final = 10
_MOST_POLICY_CHARS: Final = 2048
_KEY_CHARS: Final = 128
_VALUE_CHARS: Final = 256
_TAG_PATTERN: Final = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]"
_POLICY_ARN: Final = re.compile(r"arn:aws[\w-]*:iam::(aws|\d{12}):policy/[\w+=,.@/-]+", re.ASCII)

Tags = tuple[tuple[str, str], ...]


def _tag_text(text: str) -> bool:
    return all(unicodedata.category(c)[0] in "LZN" or c in "_.:/=+-@" for c in text)


def _too_many(given: list[dict[str, str]], where: str, most: int) -> list[str]:
    if len(given) <= most:
        return []
    limit = f"Member must have length less than or equal to {most}"
    return [f"Value at '{where}' failed to satisfy constraint: {limit}"]


def _tag_problems(path: str, tag: dict[str, str]) -> list[str]:
    problems = []
    if "Key" not in tag or "Value" not in tag:
        lacks = "key" if "Key" not in tag else "value"
        problems.append(f"Value null at '{path}.{lacks}' failed to satisfy constraint: Member must not be null")
    shape = (f"{_TAG_PATTERN}+", _tag_text)
    key, value = tag.get("Key", "-"), tag.get("Value", "")
    problems += parameters.length_problems(key, f"{path}.key", 1, _KEY_CHARS, shape)
    shape = (f"{_TAG_PATTERN}*", _tag_text)
    problems += parameters.length_problems(value, f"{path}.value", 0, _VALUE_CHARS, shape)
    return problems


def read_tags(given: Parameters) -> tuple[Tags, tuple[str, ...]]:
    """Return the session tags and the transitive keys of a request.

    Raises:
        StsError: ValidationError or InvalidParameterValue.
    """
    tags = parameters.listed(given, "Tags")
    transitive = parameters.listed(given, "TransitiveTagKeys")
    problems = _too_many(tags, "tags", _MOST_TAGS)
    problems += _too_many(transitive, "transitiveTagKeys", _MOST_TAGS)
    for number, tag in enumerate(tags, 1):
        problems += _tag_problems(f"tags.{number}.member", tag)
    parameters.refuse(problems)
    pairs = tuple((tag["Key"], tag["Value"]) for tag in tags)
    passed_on = tuple(key.get("", "") for key in transitive)
    _check_keys([key.lower() for key, _ in pairs], [key.lower() for key in passed_on])
    return pairs, passed_on


def _check_keys(keys: list[str], transitive: list[str]) -> None:
    if len(set(keys)) < len(keys):
        raise errors.invalid_parameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if not set(transitive) <= set(keys):
        raise errors.invalid_parameter("The specified transitive tag key must be included in the requested tags.")


def inherit(before: SessionContext | None, tags: Tags, transitive: tuple[str, ...]) -> SessionContext:
    """Return the next session's context: requested tags, and transitive ones of the session before.

    Raises:
        StsError: InvalidParameterValue when a requested tag would override an inherited one.
    """
    inherited = before.transitive if before else frozenset[str]()
    if inherited & {key.lower() for key, _ in tags}:
        raise errors.invalid_parameter(
            "One of the specified transitive tag keys can't be set because it conflicts with "
            "a transitive tag key from the calling session."
        )
    kept = tuple(tag for tag in (before.tags if before else ()) if tag[0].lower() in inherited)
    return SessionContext(
        tags=kept + tags,
        transitive=inherited | {key.lower() for key in transitive},
    )


def packed_size(given: Parameters, tags: Tags) -> int | None:
    """Return the percentage of the packed size limit that policies and tags take; None without any.

    AWS compresses before it counts and doesn't say how; this counts plain UTF-8 bytes against
    the same allotment, so it refuses a little earlier.

    Raises:
        StsError: MalformedPolicyDocument, ValidationError or PackedPolicyTooLarge.
    """
    policy = given.get("Policy", "")
    arns = [arn.get("arn", "") for arn in parameters.listed(given, "PolicyArns")]
    _check_policy(policy)
    _check_policy_arns(arns)
    text = policy + "".join(arns)
    size = len((text + "".join(k + v for k, v in tags)).encode())
    percent = math.ceil(100 * size / _MOST_POLICY_CHARS)
    if percent > 100:  # noqa: PLR2004 (per cent)
        raise errors.packed_policy_too_large(_too_large(percent, with_policy=bool(text)))
    return percent if size else None


def _too_large(percent: int, *, with_policy: bool) -> str:
    if with_policy:
        return f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
    return f"Packed size of session tags consumes {percent}% of allotted space."


def _check_policy(policy: str) -> None:
    if not policy:
        return
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError):
        raise errors.malformed_policy("This policy contains invalid Json") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise errors.malformed_policy("Syntax errors in policy.")


def _check_policy_arns(arns: list[str]) -> None:
    parameters.refuse(_too_many([{"": a} for a in arns], "policyArns", _MOST_POLICY_ARNS))
    for arn in arns:
        if not _POLICY_ARN.fullmatch(arn):
            raise errors.validation_error(f"ARN {arn} is not valid.")
