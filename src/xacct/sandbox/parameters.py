"""Parameters of the AWS query protocol: reading them, and refusing values out of range.

Limits are those of the STS service model (API version 2011-06-15), as the "AWS STS API
Reference" prints them under each parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from xacct.sandbox import errors

Parameters = Mapping[str, str]

_ARN_CHARS: Final = r"[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+"


@dataclass(frozen=True, slots=True)
class Text:
    """A string parameter: its name as sent, length limits, pattern (AWS's spelling of it)."""

    name: str
    least: int
    most: int
    pattern: str
    required: bool = False

    def problems(self, given: Parameters) -> list[str]:
        """Return AWS's sentence for every constraint the value breaks."""
        value = given.get(self.name)
        if value is None:
            missing = f"Value null at '{member(self.name)}' {_FAILED}: Member must not be null"
            return [missing] if self.required else []
        return _text_problems(value, member(self.name), self)


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer parameter with its range."""

    name: str
    least: int
    most: int

    def problems(self, given: Parameters) -> list[str]:
        """Return AWS's sentence for every constraint the value breaks."""
        value = integer(given, self.name)
        if value is None:
            return []
        where = f"Value '{value}' at '{member(self.name)}' {_FAILED}"
        if value < self.least:
            return [f"{where}: Member must have value greater than or equal to {self.least}"]
        if value > self.most:
            return [f"{where}: Member must have value less than or equal to {self.most}"]
        return []


_FAILED: Final = "failed to satisfy constraint"

ROLE_ARN: Final = Text("RoleArn", 20, 2048, _ARN_CHARS, required=True)
SESSION_NAME: Final = Text("RoleSessionName", 2, 64, r"[\w+=,.@-]*", required=True)
EXTERNAL_ID: Final = Text("ExternalId", 2, 1224, r"[\w+=,.@:\/-]*")
SERIAL_NUMBER: Final = Text("SerialNumber", 9, 256, r"[\w+=/:,.@-]*")
TOKEN_CODE: Final = Text("TokenCode", 6, 6, r"[\d]*")
SOURCE_IDENTITY: Final = Text("SourceIdentity", 2, 64, r"[\w+=,.@-]*")
POLICY: Final = Text("Policy", 1, 1 << 20, r"[\u0009\u000A\u000D\u0020-\u00FF]+")
WEB_TOKEN: Final = Text("WebIdentityToken", 4, 20000, r"[\s\S]*", required=True)
ACCESS_KEY_ID: Final = Text("AccessKeyId", 16, 128, r"[\w]*", required=True)
ROLE_DURATION: Final = Whole("DurationSeconds", 900, 43200)
SESSION_DURATION: Final = Whole("DurationSeconds", 900, 129600)


def member(name: str) -> str:
    """Return a parameter's name as AWS's validator spells it: the first letter small."""
    return name[:1].lower() + name[1:]


def check(given: Parameters, *constraints: Text | Whole) -> None:
    """Check parameters against constraints.

    Raises:
        StsError: One ValidationError that names all problems, or MalformedInput.
    """
    refuse([p for constraint in constraints for p in constraint.problems(given)])


def refuse(problems: list[str]) -> None:
    """Raise the ValidationError that lists these problems; do nothing if there are none."""
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise errors.validation_error(f"{count}: {'; '.join(problems)}")


def integer(given: Parameters, name: str) -> int | None:
    """Return an integer parameter, or None if it wasn't sent.

    Raises:
        StsError: MalformedInput for anything but an integer.
    """
    value = given.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[+-]?\d{1,18}", value, re.ASCII):
        raise errors.malformed_input(f"{value} is not a valid value for {name}.")
    return int(value)


def listed(given: Parameters, name: str) -> list[dict[str, str]]:
    """Return a list parameter (`Name.member.1.Key=...`) in order, one dict per member.

    A member that is a plain string (`Name.member.1=...`) is the value of the key "".
    """
    found: dict[int, dict[str, str]] = {}
    for key, value in given.items():
        match = re.fullmatch(rf"{name}\.member\.(\d{{1,6}})(?:\.(\w+))?", key, re.ASCII)
        if match:
            found.setdefault(int(match[1]), {})[match[2] or ""] = value
    return [found[index] for index in sorted(found)]


def length_problems(
    value: str, where: str, least: int, most: int, shape: tuple[str, Callable[[str], bool]]
) -> list[str]:
    """Return AWS's sentences for a string of wrong length or form.

    Args:
        value: The string.
        where: Its path as AWS spells it, like `tags.1.member.key`.
        least: Smallest length.
        most: Largest length.
        shape: The pattern as AWS prints it, and the check behind it.
    """
    start = f"Value '{value}' at '{where}' {_FAILED}"
    problems = []
    if len(value) < least:
        problems.append(f"{start}: Member must have length greater than or equal to {least}")
    if len(value) > most:
        problems.append(f"{start}: Member must have length less than or equal to {most}")
    pattern, fits = shape
    if not fits(value):
        problems.append(f"{start}: Member must satisfy regular expression pattern: {pattern}")
    return problems


def _text_problems(value: str, where: str, rule: Text) -> list[str]:
    def fits(text: str) -> bool:
        return re.fullmatch(rule.pattern, text, re.ASCII) is not None

    return length_problems(value, where, rule.least, rule.most, (rule.pattern, fits))
