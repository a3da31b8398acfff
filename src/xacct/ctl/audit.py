"""`audit`: who had which credentials, by which grant, and when."""

import json
from argparse import ArgumentParser, Namespace
from datetime import datetime
from typing import Any, Final

from xacct import wire
from xacct.ctl import when
from xacct.ctl.client import Client, event
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.render import files_of, out, show
from xacct.ctl.verb import Verb

_WIDE: Final = 13
"""Columns of an event's name: the longest is grant-created."""


def audit(args: Namespace, client: Client) -> int:
    """Print the audit's lines; with --follow until Ctrl-C."""
    stream = client.stream("GET", _path(args, client))
    try:
        for raw in stream:
            _print(raw, as_json=args.json)
    except KeyboardInterrupt:
        return OK
    finally:
        stream.close()
    if args.follow:
        raise CtlError("xacctd is gone.", "Say it again; what it wrote is kept.")
    return OK


def _path(args: Namespace, client: Client) -> str:
    query = ["follow=1"] if args.follow else []
    if args.role is not None:
        _demand(args.role, client)
        query.append(f"role={quote(args.role)}")
    if args.since is not None:
        now = client.call("GET", wire.STATUS, wire.StatusAnswer)["now"]
        query.append(f"since={when.past(args.since, now):.0f}")
    return "?".join([wire.AUDIT, "&".join(query)]) if query else wire.AUDIT


def _demand(role: str, client: Client) -> None:
    """Refuse a role that neither the configuration nor any line knows; one that is gone may have lines."""
    if any(known["name"] == role for known in client.call("GET", wire.ROLES, wire.RolesAnswer)["roles"]):
        return
    stream = client.stream("GET", f"{wire.AUDIT}?role={quote(role)}")
    try:
        if any("event" in raw for raw in stream):
            return
    finally:
        stream.close()
    raise CtlError(f"There is no role {role!r}, nor anything about one.", "xacctctl roles", USAGE)


def _print(raw: dict[str, Any], *, as_json: bool) -> None:
    line = event(raw, wire.AuditLine)
    if as_json:
        out(json.dumps(raw))
        return
    words = [_local(line["time"]), f"{line['event']:<{_WIDE}}", line["role"] or "-", line["what"]]
    if line["count"] > 1:
        words.append(f"({line['count']} times)")
    show("  ".join(filter(None, [*words, _caller(line), _grant(line), _files(line)])))


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


def _files(line: wire.AuditLine) -> str:
    """Say whose role it was, where not of the daemon's own AWS files."""
    return f"of {files_of(line['files'])}" if "files" in line else ""


def _local(time: str) -> str:
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return time


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("--follow", action="store_true", help="go on showing what happens, until Ctrl-C")
    parser.add_argument("--role", metavar="ROLE", help="only what concerns this role")
    parser.add_argument("--since", metavar="WHEN", help="only the last while (2h), or since a time (2026-11-22T12:00)")
    parser.add_argument("--json", action="store_true", help="the lines as they are (docs/control-api.md)")


VERBS = {
    "audit": Verb(
        "Show who had which role's credentials, by which grant and when; and logins, renewals and"
        " refusals. What happens often is one line a minute, with a count.",
        (
            "xacctctl audit --since 2h",
            "xacctctl audit --follow --role prod",
            "xacctctl audit --json | jq -r 'select(.event == \"fetch\").exe'",
        ),
        audit,
        _declare,
    ),
}
