"""grants.json: what outlives a daemon of its grants. What is in it is checked like anything that comes in.

A row that can't be meant loses its grant, with a line in the log; a file that can't be read is kept aside. Neither is
ever removed: somebody may want to know what it was.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import structlog

from xacct import fileio
from xacct.model import Grant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

log = structlog.get_logger("xacct.endpoint")

MOST_BYTES = 8 * 1024 * 1024
"""A larger file is not ours: a grant takes half a kilobyte."""

LATEST = 1e11
"""Unix seconds: no date that anybody means is later (the year 5138)."""

LONGEST = 1024
"""Characters of a name, an ARN or a label."""

MOST_NAMES = 1000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
MAX_PID = 2**31 - 1
MAX_PORT = 65535


class _BadRow(Exception):
    """Why a row is not taken, without its values: they are whoever's who wrote it."""


def load(path: Path) -> list[Grant]:
    """The grants that are kept; empty where there is nothing readable. What is broken is kept aside."""
    try:
        content = fileio.read(path, MOST_BYTES, follow=False)
    except FileNotFoundError:
        return []
    except OSError as error:
        return _given_up(path, error.strerror or "it can't be read")
    try:
        rows = json.loads(content)
    except (ValueError, RecursionError):
        return _given_up(path, "it is no JSON")
    if not isinstance(rows, list):
        return _given_up(path, "it is no list")
    grants, bad = _taken(rows)
    if bad:
        _keep(path, content)
    return grants


def rows_of(grants: Iterable[Grant]) -> list[dict[str, Any]]:
    """These grants as JSON knows them."""
    names = [field.name for field in fields(Grant)]
    return [{name: getattr(grant, name) for name in names} for grant in grants]


def of_rows(rows: list[Any]) -> list[Grant]:
    """The grants of rows that another daemon handed on; those that can't be meant are left out."""
    return _taken(rows)[0]


def save(path: Path, grants: Iterable[Grant]) -> None:
    """Keep these grants, and no others.

    Raises:
        OSError: they can't be kept.
    """
    fileio.write_private(path, json.dumps(rows_of(grants)).encode())


def _taken(rows: list[Any]) -> tuple[list[Grant], int]:
    """The grants of good rows, and the number of bad ones."""
    grants: list[Grant] = []
    ids: set[str] = set()
    for number, row in enumerate(rows):
        try:
            grant = _grant(row)
            if {grant.id, grant.digest} & ids:
                raise _BadRow("its id or token is another's")  # noqa: TRY301 - one error for all that is wrong
        except _BadRow as why:
            log.warning("grant dropped", row=number, why=str(why))
        else:
            ids |= {grant.id, grant.digest}
            grants.append(grant)
    return grants, len(rows) - len(grants)


def _grant(row: object) -> Grant:
    if not isinstance(row, dict):
        raise _BadRow("it is no object")
    _check(row)
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    values["label"] = "".join(char if char.isprintable() else "?" for char in row["label"])
    return Grant(**values)


def _check(row: dict[str, Any]) -> None:
    if row.keys() - {field.name for field in fields(Grant)}:  # guard: row-that-says-more-grants-nothing
        raise _BadRow("it says more than is understood here")  # what is not understood may be a limit
    if missing := [name for name in _NEEDED if name not in row]:  # guard: row-that-says-less-grants-nothing
        raise _BadRow(f"it has no {missing[0]}")
    for name, value in row.items():
        if not _CHECKS.get(name, _are_texts)(value):
            raise _BadRow(f"its {name} is no {name}")
    if not (row["roles"] or row.get("role_arns")) or bool(row.get("role_arns")) != (row.get("via") is not None):
        raise _BadRow("it is for no role")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST and not _CONTROLS.search(value)


def _is_label(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_NAMES and all(map(_is_text, value))


def _is_instant(value: object) -> bool:
    """A number, which a truth value is not here; NaN and infinity, which Python's JSON knows, are in no range."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LATEST


def _is_number(most: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and 0 < value <= most


def _matches(pattern: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _or_none(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


_CHECKS: dict[str, Callable[[object], bool]] = {
    # guard: grants-id-is-no-path
    "id": _matches("[0-9a-f]{8}"),  # it is a file's name
    "digest": _matches("[0-9a-f]{64}"),
    "label": _is_label,
    "created": _is_instant,
    "expires_at": _or_none(_is_instant),
    "pid": _or_none(_is_number(MAX_PID)),
    "pid_started": _or_none(_is_text),
    "via": _or_none(_is_text),
    "forwarded_port": _or_none(_is_number(MAX_PORT)),
    "where": _matches("host|container"),
}
"""What each field of a row has to be; the others are lists of texts."""

_NEEDED = ("id", "digest", "label", "roles", "created", "expires_at", "pid", "pid_started")
"""Fields without which a row would say less than was granted, and so allow more."""


def _given_up(path: Path, why: str) -> list[Grant]:
    try:
        kept = fileio.set_aside(path)  # guard: broken-grants-json-is-kept
    except OSError as error:
        log.warning("grants not read", file=str(path), why=why, not_kept_aside=error.strerror)
    else:
        log.warning("grants not read", file=str(path), why=why, kept_as=kept)
    return []


def _keep(path: Path, content: bytes) -> None:
    """A copy of the file as it was, since the next save would be the end of its bad rows."""
    try:
        log.warning("grants.json kept as it was", kept_as=fileio.keep_copy(path, content))
    except OSError as error:
        log.warning("grants.json not kept as it was", why=error.strerror)
