"""[templates] of config.toml: roles made of rows, of the file itself or of a CSV file beside it.

Each row becomes what a [roles.NAME] would be, and is checked as that; what is wrong is said with its file and line.
"""

from __future__ import annotations

import csv
import io
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from xacct import errors, fileio, rolekeys, settings
from xacct.settings import RoleSettings, Template, TemplateRole
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from xacct.settings import Settings

R = TypeVar("R", bound=TemplateRole)

MOST_BYTES = 4 * 1024 * 1024
MOST_ROWS = 20_000
"""Bytes and rows of a CSV file, as many as an AWS config file has sections."""

_ARN = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/[\w+=,.@/-]+", re.ASCII)
_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_ -]*)\}")
_LATER = frozenset({"user", "host"})
"""What is filled in when the name of a session is made."""

_AS_IT_IS = frozenset({"policy"})
"""JSON, in which a column's words could be more than words."""

_BETWEEN = (",", ";", "\t")
"""What stands between cells; the first where a line has none."""

_NEEDED = ("role_arn", "source_profile")
_DURATIONS = ("duration", "mfa_max_age")
_FLAGS = ("read_only", "production")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_OWN = Template.__struct_fields__


def files(said: Settings, directory: Path) -> list[Path]:
    """The CSV files that templates name."""
    names = [raw.get("csv") for raw in said.templates.values()]
    return [directory / name for name in dict.fromkeys(names) if isinstance(name, str) and name]


def expanded(said: Settings, directory: Path) -> Settings:
    """The settings with the roles that templates make; what a [roles.NAME] says of one of them comes before its row.

    Args:
        said: config.toml.
        directory: where CSV files lie.

    Raises:
        ConfigError: a template or a row is wrong; which.
    """
    if not said.templates:
        return said
    found, accounts = made(said.templates, "config.toml", lambda csv: _text(directory / csv))
    roles = {name: under(role, said.roles.get(name)) for name, role in found.items()}
    return msgspec.structs.replace(said, roles={**said.roles, **roles}, accounts={**accounts, **said.accounts})


def made(
    tables: Mapping[str, Mapping[str, Any]], where: str, text_of: Callable[[str], str]
) -> tuple[dict[str, TemplateRole], dict[str, str]]:
    """The roles that templates make, and the names of their accounts.

    Args:
        tables: the templates, by their names.
        where: the file that they stand in, in words.
        text_of: returns what is in a CSV file.

    Raises:
        ConfigError: a template or a row is wrong; which.
    """
    roles: dict[str, TemplateRole] = {}
    accounts: dict[str, str] = {}
    for title, raw in tables.items():
        template, of_role = _split(f"[templates.{title}] in {where}", raw)
        for origin, row in _rows(f"[templates.{title}] in {where}", template, text_of):
            try:
                name, role = _made(template, of_role, row, origin)
                accounts |= _account(template, role, row)
            except (ValueError, msgspec.ValidationError) as error:
                raise wrong(origin, str(error)) from None
            demand_new(name, roles, origin)
            roles[name] = role
    return roles, accounts


def demand_new(name: str, roles: Mapping[str, TemplateRole], origin: str) -> None:
    """Refuse a second role of a name.

    Raises:
        ConfigError: it is one.
    """
    if name in roles:  # guard: template-makes-each-role-once
        raise wrong(origin, f"the role {name!r} is made by {roles[name].origin} already")


def _account(template: Template, role: TemplateRole, row: Mapping[str, str]) -> dict[str, str]:
    """The name of a row's account."""
    found = _ARN.fullmatch(role.role_arn or "")
    name = _filled(template.account_name, row)
    if found is None or not name:
        return {}
    settings.check_accounts({found[1]: name})
    return {found[1]: name}


def _split(called: str, raw: Mapping[str, Any]) -> tuple[Template, dict[str, Any]]:
    """What a template says of itself, and what of each role."""
    known = RoleSettings.__struct_fields__
    for key in raw:
        if key not in known and key not in _OWN:
            close = get_close_matches(key, [*_OWN, *known], 1)
            raise errors.ConfigError(
                f"{called} has an unknown field `{clean(key)[:20]}`.",
                f"Did you mean {close[0]!r}?" if close else "docs/settings.md lists every setting.",
            )
    try:
        template = msgspec.convert({key: raw[key] for key in raw if key in _OWN}, Template)
    except msgspec.ValidationError as error:
        raise wrong(called, str(error)) from None
    if not template.csv and not template.rows:
        raise wrong(called, "it has neither csv nor rows")
    missing = next((key for key in _NEEDED if not raw.get(key)), None)
    if missing:
        raise wrong(called, f"it has no {missing}")
    return template, {key: value for key, value in raw.items() if key in known}


def _rows(called: str, template: Template, text_of: Callable[[str], str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row's origin in words, and its cells by column."""
    for number, cells in enumerate(template.rows, 1):
        yield f"row {number} of {called}", {key: str(cell) for key, cell in cells.items()}
    if template.csv:
        yield from _of_csv(clean(template.csv.rpartition("/")[2]), text_of(template.csv).removeprefix("\ufeff"))


def _text(path: Path) -> str:
    try:
        return fileio.read_text(path, MOST_BYTES)
    except OSError as error:
        raise errors.ConfigError(f"{path} can't be read ({error.strerror or error}).", f"ls -l {path}") from None
    except UnicodeDecodeError:
        raise errors.ConfigError(f"{path} is no UTF-8.", "Save it as CSV UTF-8.") from None


def _of_csv(name: str, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    first = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(_BETWEEN, key=first.count), strict=True)
    head: list[str] = []
    try:
        for cells in table:
            row = [cell.strip() for cell in cells]
            if not any(row):
                continue
            origin = f"{name} line {table.line_num}"
            if not head:
                head = _head(row, origin)
                continue
            if len(row) != len(head):
                raise wrong(origin, f"it has {len(row)} cells, and there are {len(head)} columns")
            if table.line_num > MOST_ROWS:
                raise wrong(origin, f"a file has {MOST_ROWS} lines at most")
            yield origin, dict(zip(head, row, strict=True))
    except csv.Error as error:
        raise wrong(f"{name} line {table.line_num}", str(error)) from None
    if not head:  # guard: template-takes-no-file-that-was-cut-off
        raise wrong(name, "it is empty")


def _head(row: list[str], origin: str) -> list[str]:
    twice = next((column for column in row if row.count(column) > 1), None)
    if twice is not None:
        raise wrong(origin, f"the column {twice!r} is there twice")
    return row


def _made(template: Template, said: Mapping[str, Any], row: Mapping[str, str], origin: str) -> tuple[str, TemplateRole]:
    """A row's role, and its name.

    Raises:
        ValueError: it is none.
    """
    name = _filled(template.name, row)
    if not name:
        raise ValueError("the role has no name")
    filled = {key: value if key in _AS_IT_IS else _value(key, value, row) for key, value in said.items()}
    for key in _NEEDED:
        if not filled[key]:
            raise ValueError(f"its {key} is empty")
    demand_whole(name, filled["role_arn"])
    given = {key: value for key, value in filled.items() if value not in ("", None, {}, [])}
    role = msgspec.convert(given | {"origin": origin}, TemplateRole)
    settings.check_role(name, role)
    return name, role


def demand_whole(name: str, arn: object) -> None:
    """Refuse what is no name of a role here, or no ARN of one.

    Raises:
        ValueError: it is none.
    """
    if not name or name != clean(name) or rolekeys.is_key(name):
        raise ValueError(f"{clean(name)!r} can't be the name of a role")
    if not isinstance(arn, str) or not _ARN.fullmatch(arn):  # guard: template-makes-whole-arns
        raise ValueError(
            f"{clean(str(arn))[:80]!r} is no ARN of a role; an account has 12 digits, of which"
            " spreadsheets drop zeros at the left"
        )


def _value(key: str, value: Any, row: Mapping[str, str]) -> Any:
    """A setting with the row's cells in it; what comes out empty is left out."""
    if isinstance(value, dict):
        return {word: filled for word, each in value.items() if (filled := _value(key, each, row)) != ""}
    if isinstance(value, list):
        return [filled for each in value if (filled := _value(key, each, row)) != ""]
    if not isinstance(value, str):
        return value
    filled = _filled(value, row, _LATER if key in ("session_name", "source_identity") else frozenset())
    if key in _FLAGS and filled:
        if filled.lower() not in _WORDS:
            raise ValueError(f"{key} is neither yes nor no")
        return _WORDS[filled.lower()]
    return int(filled) if key in _DURATIONS and filled.isascii() and filled.isdigit() else filled


def _filled(text: str, row: Mapping[str, str], later: frozenset[str] = frozenset()) -> str:
    def cell(found: re.Match[str]) -> str:
        column = found[1]
        if column in row:
            return row[column]
        if column in later:
            return found[0]
        raise ValueError(f"there is no column {column!r} (there is {', '.join(row)})")

    return _FIELD.sub(cell, text)


def under(made: R, said: RoleSettings | None) -> R:
    """A row's role with what a [roles.NAME] says of it."""
    if said is None:
        return made
    given = {key: value for key, value in msgspec.structs.asdict(said).items() if value is not None}
    return msgspec.structs.replace(made, **given)


def wrong(origin: str, why: str) -> errors.ConfigError:
    """The error of a row or table that is wrong; what it quotes is no value."""
    return errors.ConfigError(f"{origin}: {settings.unquoted(why)}.", "docs/settings.md has an example of templates.")
