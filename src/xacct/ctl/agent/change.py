"""What an installation, or its end, comes to: each file's content before and after, shown and then written."""
# ruff: noqa: PTH101, PTH106, PTH108, PTH116, PTH120 - see paths.py

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from xacct import fileio
from xacct.ctl import difference, rewrite
from xacct.ctl.agent import parts
from xacct.ctl.agent.record import Part, Record
from xacct.ctl.failure import CtlError

# guard: a-keys-last-line-is-no-name
_KEY: Final = re.compile(r'(\s*(?:"[^"\\]{1,100}"\s*[:=]|[\w.-]{1,100}\s*=(?=\s*["\'\[{\dtfin+-]))\s*)(.*)')
"""A member of an object, or a name and what a value of TOML begins with: a line of base64 may end in a = as well."""
_HEADING: Final = re.compile(r"\s*\[[\w.\"/ -]{1,200}\]\s*")
_BRACKETS: Final = frozenset("{}[], ")


class Change(NamedTuple):
    """A file before and after.

    Attributes:
        path: the file.
        old: its content; None where there is no file.
        new: what it is to hold; None where it is to go.
        executable: whether it is to be a program.
    """

    path: str
    old: bytes | None
    new: bytes | None
    executable: bool


class Plan(NamedTuple):
    """What is to be done.

    Attributes:
        changes: of files that do change.
        records: by which what comes in goes out again.
        stays: files that keep something of ours, because somebody has changed it since.
        ours: lines that are ours, which may be shown.
        left: directories of ours that may be empty afterwards.
    """

    changes: list[Change]
    records: list[Record]
    stays: list[str]
    ours: frozenset[str]
    left: list[str]


def read(path: str) -> bytes | None:
    """Return what is in a file, None where there is none.

    Raises:
        CtlError: it can't be read.
    """
    try:
        return fileio.read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CtlError(f"{path} can't be read: {error.strerror}.", "Look at its owner and mode.") from None


def planned(former: Sequence[Record], coming: Sequence[Part]) -> Plan:
    """Return how what was put in goes out, and what is to come comes in. Nothing is written.

    Raises:
        CtlError: a file can't be read, or says something else.
    """
    paths = list(dict.fromkeys([*(str(record["path"]) for record in former), *(part.path for part in coming)]))
    before = {path: read(path) for path in paths}
    now, stays, left = dict(before), [], []
    for record in reversed(former):
        path = str(record["path"])
        content = now[path]
        if content is None:
            continue
        now[path], changed = parts.out_of(record, content)
        left += record.get("above", [])
        if changed:
            stays.append(path)
    records, programs = [], set()
    for part in coming:
        content = now[part.path]
        now[part.path], record = part.into(content or b"", there=content is not None)
        records.append({**record, "above": _missing_above(part.path, left)})
        programs |= {part.path} if record.get("executable") else set()
    changes = [Change(path, before[path], now[path], path in programs) for path in paths if before[path] != now[path]]
    ours = frozenset(line for record in [*former, *records] for line in parts.lines_of(record))
    return Plan(changes, records, stays, ours, left)


def _missing_above(path: str, left: Sequence[str]) -> list[str]:
    """Return the directories that are made for a file, the innermost first: ours as those of before."""
    found, above = [], os.path.dirname(path)
    while above and (above in left or not os.path.lexists(above)):
        found.append(above)
        above = os.path.dirname(above)
    return found


def shown(plan: Plan) -> Iterator[str]:
    """Yield a diff of each file, in which nothing that is not ours is shown but names."""
    for change in plan.changes:
        yield from difference.unified(change.path, change.old or b"", change.new or b"", showable(plan.ours))


def showable(ours: frozenset[str]) -> Callable[[str], str]:
    """Return what makes a line of an agent's settings fit to be shown: values in it may be keys."""

    def cleaned(line: str) -> str:
        text = line.rstrip("\r\n")
        if parts.core(text) in ours or _HEADING.fullmatch(text) or set(text.strip()) <= _BRACKETS:
            return text if text.isprintable() or "\t" in text else "..."
        named = _KEY.fullmatch(text)
        if named is not None and named[1].isprintable():
            # guard: agents-settings-are-shown-without-values
            return f"{named[1]}{named[2] if set(named[2].strip()) <= _BRACKETS else '...'}"
        return f"{text[: len(text) - len(text.lstrip())]}..."

    return cleaned


def demand_writable(plan: Plan) -> None:
    """Refuse to change a file that its owner has made read-only.

    Raises:
        CtlError: one is so.
    """
    for change in plan.changes:
        with suppress(FileNotFoundError):
            if not os.stat(change.path).st_mode & stat.S_IWUSR:  # guard: read-only-file-is-left-alone
                raise CtlError(f"{change.path} is read-only; it was left alone.", f"chmod u+w {change.path}")


def demand_within(plan: Plan, project: str) -> None:
    """Refuse to change a file elsewhere by a link that lies in a project, which may be its author's and not the user's.

    Args:
        plan: what is to be done.
        project: the project's directory, resolved.

    Raises:
        CtlError: one leads out of it.
    """
    for change in plan.changes:
        target = os.path.realpath(change.path)
        if not target.startswith(f"{project.rstrip('/')}/"):  # guard: projects-link-leads-out-of-no-project
            raise CtlError(
                f"{change.path} leads to {target}, out of the project, by a symbolic link; nothing was changed.",
                "Make it a file of the project, or install it without --project.",
            )


def write(plan: Plan) -> None:
    """Write what is planned.

    Raises:
        CtlError: a file can't be written, or has changed since it was looked at.
    """
    for change in plan.changes:
        if change.new is None:
            if read(change.path) != change.old:
                raise _changed(change.path)
            os.unlink(os.path.realpath(change.path))  # a link stays one: it led to no file
            continue
        if not rewrite.replace(change.path, change.old or b"", change.new or b""):
            raise _changed(change.path)
        if change.executable:
            os.chmod(change.path, 0o700)
    for above in plan.left:
        with suppress(OSError):
            os.rmdir(above)  # as long as nothing else is in it


def _changed(path: str) -> CtlError:
    return CtlError(f"{path} has just changed; it was left alone.", "Say it again.")
