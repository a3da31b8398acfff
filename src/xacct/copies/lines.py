"""AWS's config and credentials files as lines: sections, options, and what would beat an endpoint. Pure text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Final

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

_OF_ALL: Final = "[DEFAULT]"
"""What Python's configparser, and so botocore, takes for a part of every section of the file; no other SDK does."""

LEADING: Final = SHADOWING - {"source_profile", "credential_source", "sso_session", "sso_start_url", "sso_region"}
"""Those that lead a profile of botocore's to credentials, or make it fail, without any other."""

_QUOTES: Final = ("'", '"')
_NO_OPTION: Final = ("=", ":", "#", ";", "[")
"""What no option's name begins with."""


class Line:
    """A line with its section, its option's name (None where it begins none) and its indent."""

    __slots__ = ("indent", "option", "section", "text")

    def __init__(self, section: str, option: str | None, indent: int, text: str) -> None:
        self.section = section
        self.option = option
        self.indent = indent
        self.text = text


def cut(text: str) -> list[str]:
    """Return the lines with their ends. Only a line feed ends one, as for AWS's tools."""
    *ended, last = text.split("\n")
    return [f"{line}\n" for line in ended] + ([last] if last else [])


def heading(line: str) -> str | None:
    """Return the profile that a line is the heading of, None for any other line.

    By hand, like `_option`: daily verbs look through these files, and do without `re`. tests/copies/test_lines.py has
    both as regular expressions, and compares.
    """
    text = line.lstrip()
    inside, bracket, _ = text[1:].partition("]")
    if not (text.startswith("[") and bracket):
        return None
    name = inside.lstrip()
    after = name.removeprefix("profile")
    if after != name and after[:1].isspace():
        name = after.lstrip()
    name = name[1:] if name.startswith(_QUOTES) else name
    end = name.rstrip()
    name = end[:-1] if end.endswith(_QUOTES) else end
    return None if any(quote in name for quote in _QUOTES) else name


def _option(line: str) -> str | None:
    text = line.lstrip()
    end = _end_of_name(text)
    return None if end < 0 or text.startswith(_NO_OPTION) else text[:end].rstrip()


def value_of(line: str) -> str:
    """Return what stands behind the name of an option's first line."""
    return line[_end_of_name(line) + 1 :]


def _end_of_name(text: str) -> int:
    """Return where the sign behind an option's name is, -1 where there is none."""
    return min((place for place in (text.find("="), text.find(":")) if place >= 0), default=-1)


def parsed(content: Iterable[str], only: str | None = None) -> Iterator[Line]:
    """Yield each line with what it belongs to; or those of `only` this section: the others' are not looked into."""
    section = ""
    for number, text in enumerate(content):
        line = text.removeprefix("\ufeff") if number == 0 else text
        words = line.lstrip()
        if words.startswith("[") and (found := heading(words)) is not None:
            section = found
        if only is None or section == only:
            option = _option(words)
            yield Line(section, None if option is None else option.lower(), len(line) - len(words), text)


def shadows(content: Sequence[str]) -> bool:
    """Say whether [default] in these lines has credentials or a provider of them, its own or [DEFAULT]'s."""
    return any(map(_shadows, _readings(content)))


def _shadows(content: Sequence[str]) -> bool:
    if any(line.option in SHADOWING for line in parsed(content, "default")):
        return True
    return _gives_all(content) and any(True for _ in parsed(content, "default"))


def gives_all(content: Sequence[str]) -> bool:
    """Say whether [DEFAULT] in these lines gives each profile credentials or a provider of them."""
    return any(map(_gives_all, _readings(content)))


def _gives_all(content: Sequence[str]) -> bool:
    if not any(_OF_ALL in line for line in content):
        return False
    inside = False
    for line in parsed(content, "DEFAULT"):  # [profile DEFAULT] is a profile like any other
        if heading(line.text) is not None:
            inside = line.text.lstrip().startswith(_OF_ALL)
        elif inside and line.option in LEADING:
            return True
    return False


def _readings(content: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the lines; and, where a heading among them may be none to botocore, those that go on with no value.

    What is indented deeper than the option above it does so, for Python's configparser, and be it a heading.
    """
    yield content
    if any(line[:1].isspace() and line.lstrip().startswith("[") for line in content):
        yield _without_deeper(content)  # guard: indented-heading-hides-no-key


def _without_deeper(content: Iterable[str]) -> list[str]:
    found, above = [], -1
    for line in parsed(content):
        words = line.text.strip()
        if words and not words.startswith(("#", ";")) and not 0 <= above < line.indent:
            found.append(line.text)
            above = -1 if heading(words) is not None else line.indent
    return found


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
    for line in parsed(content, section):
        if heading(line.text) is not None:
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
