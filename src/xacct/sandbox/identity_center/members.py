"""Members of a request's JSON body: read, or refused as InvalidRequestException."""

from __future__ import annotations

import json
from typing import Any, Final

from xacct.sandbox.identity_center import refusals

LONGEST: Final = 4096
"""Characters of one text, and members of one list; nothing that clients send comes near it."""

Members = dict[str, Any]


def of(body: bytes) -> Members:
    """Return the members of a JSON object; no body is an empty one.

    Raises:
        Refusal: InvalidRequestException for anything else.
    """
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    raise refusals.invalid_request("The body is no JSON object")


def optional_text(given: Members, name: str) -> str | None:
    """Return a text, or None where it was not sent or is null.

    Raises:
        Refusal: InvalidRequestException for another type, an empty or an overlong text.
    """
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise refusals.invalid_request(f"{name} is not valid")
    return value


def text(given: Members, name: str) -> str:
    """Return a text that has to be there.

    Raises:
        Refusal: InvalidRequestException where it is not, or as for `optional_text`.
    """
    value = optional_text(given, name)
    if value is None:
        raise refusals.invalid_request(f"{name} is required")
    return value


def texts(given: Members, name: str) -> tuple[str, ...] | None:
    """Return a list of texts, or None where it was not sent or is null.

    Raises:
        Refusal: InvalidRequestException for anything else.
    """
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > LONGEST:
        raise refusals.invalid_request(f"{name} is not valid")
    return tuple(text({name: each}, name) for each in value)
