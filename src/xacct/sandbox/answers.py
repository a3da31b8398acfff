"""Answers of the AWS query protocol, as XML in STS's namespace, or IAM's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from xacct.sandbox.actions import Result
    from xacct.sandbox.errors import StsError

NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"
VERSION: Final = "2011-06-15"

# XML 1.0 has no way to write these, and sentences repeat what the client sent.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(value: str) -> str:
    return escape(_UNWRITABLE.sub("\ufffd", value))


def _elements(members: Result) -> str:
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in members.items())


def _value(value: str | Result | list[Result]) -> str:
    if isinstance(value, list):
        return "".join(f"<member>{_elements(each)}</member>" for each in value)
    return _text(value) if isinstance(value, str) else _elements(value)


def success(action: str, result: Result, request_id: str, namespace: str = NAMESPACE) -> str:
    """Return the XML of an action's result."""
    body: Result = {
        f"{action}Result": result,
        "ResponseMetadata": {"RequestId": request_id},
    }
    return f'<{action}Response xmlns="{namespace}">{_elements(body)}</{action}Response>\n'


def failure(error: StsError, request_id: str) -> str:
    """Return the XML of a refusal."""
    told: Result = {"Type": error.fault, "Code": error.code, "Message": error.message}
    body: Result = {"Error": told, "RequestId": request_id}
    return f'<ErrorResponse xmlns="{NAMESPACE}">{_elements(body)}</ErrorResponse>\n'
