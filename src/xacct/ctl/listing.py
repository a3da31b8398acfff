"""Which roles a list shows, and in which order: --filter, --sort and --group of `status` and `roles`."""

from __future__ import annotations

from fnmatch import fnmatchcase

from xacct.ctl.failure import USAGE, CtlError
from xacct.text import clean, listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Final

    Row = Mapping[str, Any]

_WILDCARDS: Final = frozenset("*?[")
_STATES: Final = ("failed", "waiting", "held", "needs-code", "idle", "logged-out")
"""In the order in which they want somebody's eye."""


def iam_role(row: Row) -> str:
    """Return what a role is called in its account: an IAM role without its path, or a permission set; or ""."""
    path = (row["role_arn"] or "").partition(":role/")[2]
    return path.rpartition("/")[2] or row.get("permission_set") or ""


def account(row: Row) -> str:
    """Return the name of a role's account, its number where it has none, "" where it has no account."""
    return row.get("account_name") or row["account"] or ""


_FIELDS: Final[Mapping[str, Callable[[Row], list[str]]]] = {
    "name": lambda row: [row["name"]],
    "account": lambda row: [row["account"] or "", row.get("account_name", "")],
    "role": lambda row: [iam_role(row)],
    "state": lambda row: [row.get("state", "")],
    "source": lambda row: [row.get("source", "")],
    "region": lambda row: [row.get("region") or ""],
    "production": lambda row: ["yes" if row.get("production") else "no"],
}
"""What `--filter FIELD=PATTERN` looks at."""

_ANYWHERE: Final = ("name", "account", "role")
"""What a word without a field is looked for in."""

_KEYS: Final[Mapping[str, Callable[[Row], Any]]] = {
    "name": lambda row: row["name"].lower(),
    "account": lambda row: (account(row).lower(), row["name"].lower()),
    "role": lambda row: (iam_role(row).lower(), row["name"].lower()),
    "state": lambda row: (_place(row["state"]), row["name"].lower()),
    "expires": lambda row: _soonest(row["expires_at"]),
    "mfa": lambda row: _soonest(row["mfa_expires_at"]),
    "used": lambda row: (row["last_used"] is None, -(row["last_used"] or 0)),
    "source": lambda row: (row["source"], row["name"].lower()),
    "region": lambda row: (row["region"] or "", row["name"].lower()),
}


def _place(state: str) -> int:
    return _STATES.index(state) if state in _STATES else len(_STATES)


def _soonest(instant: float | None) -> tuple[bool, float]:
    return (instant is None, instant or 0)


def declare(parser: ArgumentParser, sorts: Sequence[str]) -> None:
    """Declare the options: what may be sorted by differs from list to list."""
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="WORD",
        help="only roles whose name, account or IAM role has this word; or FIELD=PATTERN and FIELD!=PATTERN"
        f" ({', '.join(_FIELDS)}; several patterns with commas). Once more: both must hold",
    )
    parser.add_argument("--sort", choices=sorts, help="in this order instead of the configuration's")


def chosen(rows: Sequence[Row], filters: Sequence[str], sort: str | None) -> list[Any]:
    """Return the rows that pass all filters, sorted.

    Raises:
        CtlError: a filter names a field that there is not.
    """
    tests = [_test(word) for word in filters]
    found = [row for row in rows if all(test(row) for test in tests)]
    return sorted(found, key=_KEYS[sort]) if sort else found


def _test(word: str) -> Callable[[Row], bool]:
    field, equals, said = word.partition("=")
    if not equals:
        return lambda row: any(_has(value, word) for name in _ANYWHERE for value in _FIELDS[name](row))
    wanted = not field.endswith("!")
    field = field.removesuffix("!")
    if field not in _FIELDS:
        raise CtlError(f"There is no field {field!r} to filter by.", f"One of: {', '.join(_FIELDS)}", USAGE)
    patterns = [pattern.strip().lower() for pattern in said.split(",")]
    read = _FIELDS[field]
    return lambda row: any(fnmatchcase(value.lower(), pattern) for value in read(row) for pattern in patterns) is wanted


def _has(value: str, word: str) -> bool:
    """Whether a value has a word in it; one with wildcards has to fit as a whole."""
    if _WILDCARDS & set(word):
        return fnmatchcase(value.lower(), word.lower())
    return word.lower() in value.lower()


def grouped(rows: Sequence[Row], by: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield a heading and its rows, one after another; a role of two groups is under both.

    Args:
        rows: the roles.
        by: "account" or "group".
    """
    found: dict[str, list[Any]] = {}
    for row in rows:
        for heading in [_account_heading(row)] if by == "account" else row.get("groups") or ["in no group"]:
            found.setdefault(heading, []).append(row)
    last = {"in no group", "of no account"}
    for heading in sorted(found, key=lambda each: (each in last, each.lower())):
        yield heading, found[heading]


def _account_heading(row: Row) -> str:
    number, name = row["account"], row.get("account_name")
    if number is None:
        return "of no account"
    return f"{name} ({number})" if name else f"account {number}"


def heading(what: str, rows: Sequence[Row]) -> str:
    """Return the line above a group: what it is, how many roles it has and how many of them are held."""
    held = sum(row["state"] == "held" for row in rows)
    count = f"{len(rows)} role" + "s" * (len(rows) != 1)
    return clean(f"{what}: {count}" + (f", {held} held" if held else ""))


def nothing(filters: Sequence[str]) -> str:
    """Return what is said where no role passes."""
    return clean(f"No role passes {listed([f'--filter {word}' for word in filters])}.")
