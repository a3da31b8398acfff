"""grants.json: what outlives a daemon of its grants. What is in it is checked like anything that comes in.

A row that can't be meant loses its grant, with a line in the log; a file that can't be read is kept aside. Neither is
ever removed: somebody may want to know what it was.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
import structlog

from xacct import fileio
from xacct.model import Grant, ProcessMark, Where
from xacct.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

log = structlog.get_logger("xacct.endpoint")

MOST_BYTES = 8 * 1024 * 1024
"""A larger file is not ours: a grant takes half a kilobyte."""

LATEST = 1e11
"""Unix seconds: no date that anybody means is later (the year 5138)."""

LONGEST = 1024
"""Characters of a name, an ARN or a label."""

MOST_NAMES = 1000

_Text = Annotated[str, msgspec.Meta(max_length=LONGEST, pattern=r"\A[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*\Z")]
_Texts = Annotated[tuple[_Text, ...], msgspec.Meta(max_length=MOST_NAMES)]
_Instant = Annotated[float, msgspec.Meta(gt=0, lt=LATEST)]

BOUND = "bound"
"""The one field of a row that is no grant: a process that a narrowed grant was or is bound to.

The grant may have ended, and the process still may not ask for more. An earlier xacctd drops such a row.
"""


class Kept(NamedTuple):
    """What outlives a daemon.

    Attributes:
        roots: the processes that grants are or were bound to, those of grants that have ended among them.
    """

    grants: list[Grant]
    roots: set[ProcessMark]


class _Scope(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):  # guard: scope-that-says-more-grants-nothing
    """What a scope has to be; one that says less than was asked for would allow more."""

    policy: Annotated[str, msgspec.Meta(max_length=4096)]
    policy_arns: _Texts
    regions: _Texts
    ttl: Annotated[int, msgspec.Meta(gt=0)] | None
    words: Annotated[str, msgspec.Meta(max_length=LONGEST)]


class _Process(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a process has to be."""

    pid: Annotated[int, msgspec.Meta(gt=0, le=2**31 - 1)]
    started: _Text


class _Bound(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A row of a process that is bound."""

    bound: _Process


# guard: row-that-says-more-grants-nothing
class _Row(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):  # what is not understood may be a limit
    """What a row has to be. Without one of the first eight it would say less than was granted, and so allow more."""

    # guard: grants-id-is-no-path
    id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8}\Z")]  # it is a file's name
    digest: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    label: Annotated[str, msgspec.Meta(max_length=LONGEST)]
    roles: _Texts
    created: _Instant
    expires_at: _Instant | None
    pid: Annotated[int, msgspec.Meta(gt=0, le=2**31 - 1)] | None  # guard: row-that-says-less-grants-nothing
    pid_started: _Text | None
    role_arns: _Texts = ()
    via: _Text | None = None
    forwarded_port: Annotated[int, msgspec.Meta(gt=0, le=65535)] | None = None
    where: Where = "host"
    files: _Texts = ()
    scope: _Scope | None = None
    root: _Process | None = None


class _BadRow(Exception):
    """Why a row is not taken, without its values: they are whoever's who wrote it."""


def load(path: Path) -> Kept:
    """What is kept; nothing where there is nothing readable. What is broken is kept aside."""
    try:
        content = fileio.read(path, MOST_BYTES, follow=False)
    except FileNotFoundError:
        return Kept([], set())
    except OSError as error:
        return _given_up(path, error.strerror or "it can't be read")
    try:
        rows = json.loads(content)
    except (ValueError, RecursionError):
        return _given_up(path, "it is no JSON")
    if not isinstance(rows, list):
        return _given_up(path, "it is no list")
    kept, bad = _taken(rows)
    if bad:
        _keep(path, content)
    return kept


def rows_of(grants: Iterable[Grant], roots: Iterable[ProcessMark] = ()) -> list[dict[str, Any]]:
    """These grants, and the processes that are bound, as JSON knows them."""
    names = [field.name for field in fields(Grant) if field.name not in ("scope", "root")]
    rows = [{name: getattr(grant, name) for name in names} | _limits_of(grant) for grant in grants]
    return rows + [{BOUND: _row_of(root)} for root in roots]  # guard: bound-outlives-its-grant-and-a-restart


def _limits_of(grant: Grant) -> dict[str, Any]:
    """A row's scope, and the process that it is bound to, each where there is one.

    One without has no such field: an earlier xacctd takes no row with a field that it doesn't know. Nor does it serve a
    grant with a scope, or with such a process, for the same reason.
    """
    scope = {} if grant.scope is None else {"scope": asdict(grant.scope)}  # guard: scope-is-kept
    root = {} if grant.root is None else {"root": _row_of(grant.root)}  # guard: bound-grants-are-not-misread
    return scope | root


def _row_of(root: ProcessMark) -> dict[str, Any]:
    return {"pid": root.pid, "started": root.started}


def of_rows(rows: list[Any]) -> Kept:
    """What is in rows that another daemon handed on; those that can't be meant are left out."""
    return _taken(rows)[0]


def save(path: Path, grants: Iterable[Grant], roots: Iterable[ProcessMark] = ()) -> None:
    """Keep these grants and processes, and no others.

    Raises:
        OSError: they can't be kept.
    """
    rows = rows_of(grants, roots)
    try:
        content = msgspec.json.encode(rows)  # a tenth of json's time, for which a thread would hold up all others
    except UnicodeEncodeError:
        content = json.dumps(rows).encode()  # a path that is no UTF-8 has escapes, which the other does not write
    fileio.write_private(path, content)


def _taken(rows: list[Any]) -> tuple[Kept, int]:
    """What is in good rows, and the number of bad ones."""
    grants: list[Grant] = []
    roots: set[ProcessMark] = set()
    ids: set[str] = set()
    bad = 0
    for number, row in enumerate(rows):
        try:
            if isinstance(row, dict) and BOUND in row:
                roots.add(_root(row))
                continue
            grant = _grant(row)
            if {grant.id, grant.digest} & ids:
                raise _BadRow("its id or token is another's")  # noqa: TRY301 - one error for all that is wrong
        except _BadRow as why:
            log.warning("grant dropped", row=number, why=str(why))
            bad += 1
        else:
            ids |= {grant.id, grant.digest}
            grants.append(grant)
    roots |= {grant.root for grant in grants if grant.root is not None}
    return Kept(grants, roots), bad


def _root(row: dict[str, Any]) -> ProcessMark:
    try:
        bound = msgspec.convert(row, _Bound).bound
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError):
        raise _BadRow("it is no process") from None
    return ProcessMark(bound.pid, bound.started)


def _grant(row: object) -> Grant:
    try:
        found = msgspec.convert(row, _Row)
    except UnicodeEncodeError:  # half of a character, which JSON's escapes can say
        raise _BadRow("it has what is no text") from None
    except (msgspec.ValidationError, OverflowError) as error:  # msgspec's words name a field, and quote no value
        unknown = "unknown field" in str(error)
        raise _BadRow("it says more than is understood here" if unknown else str(error)) from None
    if not (found.roles or found.role_arns) or bool(found.role_arns) != (found.via is not None):
        raise _BadRow("it is for no role")
    said = msgspec.structs.asdict(found)
    said["label"] = _printable(found.label)
    if found.scope is not None:
        said["scope"] = _scope(found.scope)
    if found.root is not None:
        said["root"] = ProcessMark(found.root.pid, found.root.started)
    return Grant(**said)


def _scope(found: _Scope) -> Scope:
    scope = Scope(**{**msgspec.structs.asdict(found), "words": _printable(found.words)})
    if not (scope.policy or scope.policy_arns or scope.ttl):  # guard: scope-without-a-limit-is-none
        raise _BadRow("its scope has no limit")
    return scope


def _printable(words: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in words)


def _given_up(path: Path, why: str) -> Kept:
    try:
        kept = fileio.set_aside(path)  # guard: broken-grants-json-is-kept
    except OSError as error:
        log.warning("grants not read", file=str(path), why=why, not_kept_aside=error.strerror)
    else:
        log.warning("grants not read", file=str(path), why=why, kept_as=kept)
    return Kept([], set())


def _keep(path: Path, content: bytes) -> None:
    """A copy of the file as it was, since the next save would be the end of its bad rows."""
    try:
        log.warning("grants.json kept as it was", kept_as=fileio.keep_copy(path, content))
    except OSError as error:
        log.warning("grants.json not kept as it was", why=error.strerror)
