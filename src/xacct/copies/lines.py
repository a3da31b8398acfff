"""AWS's config and credentials files as lines: sections, options, and what would beat an endpoint. Pure text."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

SECRETS: Final = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"},
)
SHADOWING: Final = SECRETS | {
    "role_arn",
    "source_profile",
    "credential_source",
    "credential_process",
    "web_identity_token_file",
    "login_session",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "sso_region",
}
"""Options with which a profile has credentials of its own, or a provider of them: SDKs prefer each to an endpoint."""

_HEADING: Final = r"\s*\[\s*(?:profile\s+)?[\"']?([^\]\"']*?)[\"']?\s*\]"
_OPTION: Final = r"(\s*)([^\s=:#;\[][^=:]*?)\s*[=:]"


class Line(NamedTuple):
    """A line with its section, its option's name (None where it begins none) and its indent."""

    section: str
    option: str | None
    indent: int
    text: str


def cut(text: str) -> list[str]:
    """Return the lines with their ends. Only a line feed ends one, as for AWS's tools."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def parsed(content: Iterable[str]) -> Iterator[Line]:
    """Yield each line with what it belongs to."""
    section = ""
    for number, text in enumerate(content):
        line = text.removeprefix("\ufeff") if number == 0 else text
        heading = re.match(_HEADING, line)
        if heading:
            section = heading[1]
        option = None if heading else re.match(_OPTION, line)
        yield Line(section, option[2].lower() if option else None, len(line) - len(line.lstrip()), text)


def shadows(content: Iterable[str]) -> bool:
    """Say whether [default] in these lines has credentials or a provider of them."""
    return any(line.section == "default" and line.option in SHADOWING for line in parsed(content))


def has_secrets(content: Iterable[str]) -> bool:
    """Say whether any profile has keys in these lines."""
    return any(line.option in SECRETS for line in parsed(content))


def sections(content: Iterable[str]) -> set[str]:
    """Return the names of the profiles, however their headings are spelt."""
    return {line.section for line in parsed(content)} - {""}


def options(content: Iterable[str], section: str = "default") -> dict[str, list[str]]:
    """Return each option of a section with its lines, those of a nested value included; without comments."""
    found: dict[str, list[str]] = {}
    current, above = None, 0
    for line in parsed(content):
        if line.section != section or re.match(_HEADING, line.text):
            current = None
        elif not line.text.strip() or line.text.lstrip().startswith(("#", ";")):
            continue
        elif current is not None and line.indent > above:
            found[current].append(line.text)
        elif line.option is not None:
            current, above = line.option, line.indent
            found[current] = [line.text]
    return found


def settings(config: Iterable[str], credentials: Iterable[str]) -> list[str]:
    """Return the lines of [default] that lead to no credentials, of both files; the credentials file's win."""
    both = options(config) | options(credentials)
    return [
        line if line.endswith("\n") else f"{line}\n"
        for o, lines in both.items()
        if o not in SHADOWING
        for line in lines
    ]


def with_option(content: list[str], option: str, value: list[str], eol: str) -> list[str]:
    """Return the lines with an option of [default] set. A section is made where there is none.

    Args:
        content: the lines.
        option: its name.
        value: its lines.
        eol: how lines end.
    """
    there = options(content).get(option)
    if there is not None:
        start = next(n for n, line in enumerate(parsed(content)) if line.section == "default" and line.option == option)
        end = start + 1
        while end < len(content) and content[end - 1] != there[-1]:
            end += 1
        return [*content[:start], *value, *content[end:]]
    inside = [n for n, line in enumerate(parsed(content)) if line.section == "default" and line.text.strip()]
    if not inside:
        return [*content, f"[default]{eol}", *value]
    last = content[inside[-1]]
    ended = [last if last.endswith("\n") else last + eol]
    return [*content[: inside[-1]], *ended, *value, *content[inside[-1] + 1 :]]
