"""A line of the audit in words: one for a list, and what a row of a story says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.ctl.audit import fold
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct import wire
    from xacct.ctl.audit.fold import Row

_WIDE: Final = 13
"""Columns of an event's name: the longest is grant-created."""

YES: Final = "approved"
NO: Final = "declined"
"""A human's answers, to a grant's use of a guarded role or to another's."""

MADE: Final = "grant-created"
ENDS: Final = ("grant-revoked", "grant-ended")
"""How the life of a grant begins, and how it ends."""

_SAID: Final[Mapping[str, str]] = {
    "grant-created": "the grant was made, for {what}",
    "grant-revoked": "the grant was revoked",
    "grant-ended": "the grant came to its end: {what}",
    "approved": "a human said yes, {what}",
    "declined": "a human said no, {what}",
    "denied": "asked for more: refused ({what})",
    "refused": "turned away: {what}",
    "narrowed": "narrower credentials were made, {what}",
    "renewed": "renewed",
    "not-renewed": "could not be renewed: {what}",
    "expired": "expired, and nothing replaced it",
    "login": "login: {what}",
    "logout": "logged out",
    "verify": "verified: {what}",
    "lost": "{count} lines could not be kept: {what}",
    "left-out": "{count} fetches were counted without their grants, for there were too many kinds; some may be its",
}


def text(line: wire.AuditLine) -> str:
    """Return a line as it stands in the list."""
    at = fold.instant(line["time"], -1.0)
    words = [fold.local(at) if at >= 0 else line["time"], f"{line['event']:<{_WIDE}}", line["role"] or "-"]
    times = f"({line['count']} times)" if line["count"] > 1 else ""
    more = [line["what"], times, _caller(line), _grant(line), fold.extras(line), fold.files(line)]
    return "  ".join(filter(None, [*words, *more]))


def said(row: Row) -> str:
    """Return what a row is about, without its time, its times and its caller. Cleaned."""
    line = row.line
    event, what = line["event"], clean(line["what"])
    if row.served:
        words = "fetched" if event == "fetch" else "an address that signs in to the console was given"
    elif event in ("fetch", "console"):
        words = f"not given: {what}" if what else "not given"
    elif event in _SAID:
        words = _SAID[event].replace("{count}", str(row.count)).replace("{what}", what).rstrip(", ")
    else:
        words = f"{clean(event)} {what}".strip()
    role = f"{clean(line['role'])}: " if line["role"] else ""
    return ", ".join(filter(None, [role + words, fold.extras(line)]))


def _caller(line: wire.AuditLine) -> str:
    if line["uid"] is None:
        return ""
    if line["uid"] == "unknown":
        return "caller unknown"
    pid = f" pid {line['pid']}" if line["pid"] is not None else ""
    return f"uid {line['uid']}{pid}" + (f" {line['exe']}" if line["exe"] else "")


def _grant(line: wire.AuditLine) -> str:
    grant = line["grant"]
    if not grant:
        return ""
    narrowed = grant.get("scope", "").partition(": ")[2]
    return f"grant {grant['id']} ({grant['label']})" + (f", narrowed to: {narrowed}" if narrowed else "")
