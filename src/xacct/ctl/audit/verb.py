"""`audit`: who had which credentials, by which grant, and when."""

import json
from argparse import ArgumentParser, Namespace

from xacct import wire
from xacct.ctl import shape, when
from xacct.ctl.audit import fold, page, source, story, words
from xacct.ctl.client import Client
from xacct.ctl.failure import OK, USAGE, CtlError, DaemonError
from xacct.ctl.http10 import quote
from xacct.ctl.render import out, say, show
from xacct.ctl.verb import Verb


def audit(args: Namespace, client: Client) -> int:
    """Print the audit's lines, or one grant's story, or write a page; with --follow until Ctrl-C."""
    if args.html is not None and (args.follow or args.json):
        raise CtlError("A page is of what has happened, and no JSON.", "--html without --follow and --json", USAGE)
    if args.force and args.html is None:
        raise CtlError("--force goes with --html.", "xacctctl audit --html FILE --force", USAGE)
    if args.html not in (None, "-"):
        page.demand_free(args.html, force=args.force)
    query = _query(args, client)
    try:
        if args.follow:
            source.follow(client, query, lambda line: _print(line, as_json=args.json), args.pause)
        elif args.html is not None:
            page.write(args, client, fold.folded(source.known(client, query)))
        elif args.grant is not None and not (args.json or args.role or args.since):
            _tell(args.grant, client, list(source.known(client, query)))
        else:
            for line in source.known(client, query):
                _print(line, as_json=args.json)
    except KeyboardInterrupt:
        return OK
    return OK


def _query(args: Namespace, client: Client) -> dict[str, str]:
    query = {}
    if args.role is not None:
        _demand(args.role, client)
        query["role"] = args.role
    if args.grant is not None:
        query["grant"] = args.grant
    if args.since is not None:
        now = client.call("GET", wire.STATUS, wire.StatusAnswer)["now"]
        query["since"] = f"{when.past(args.since, now):.0f}"
    return query


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
    try:
        client.call("GET", wire.EXPLAIN.format(role=quote(role)), shape.ANYTHING)
    except DaemonError as error:
        if error.code != "unknown-role":
            raise  # a profile that can't be used, and why
    raise CtlError(f"There is no role {role!r}, nor anything about one.", "xacctctl roles", USAGE)


def _print(line: wire.AuditLine, *, as_json: bool) -> None:
    if as_json:
        out(json.dumps(line))
    else:
        show(words.text(line))


def _tell(word: str, client: Client, lines: list[wire.AuditLine]) -> None:
    if not lines:
        say(f"xacctctl: Nothing is written of grant {word!r} that was asked for.")
        return
    grant = lines[-1]["grant"]
    living = {each["id"] for each in client.call("GET", wire.GRANTS, wire.GrantsAnswer)["grants"]}
    for line in story.story(lines, in_force=grant is not None and grant["id"] in living):
        show(line)


def _declare(parser: ArgumentParser) -> None:
    parser.set_defaults(pause=source.PAUSE)
    parser.add_argument("--follow", action="store_true", help="go on showing what happens, until Ctrl-C")
    parser.add_argument("--role", metavar="ROLE", help="only what concerns this role")
    parser.add_argument(
        "--grant",
        metavar="GRANT",
        help="one grant's story: by its id, the beginning of one, or its label; also of one that has ended. With"
        " another option only its lines",
    )
    parser.add_argument("--since", metavar="WHEN", help="only the last while (2h), or since a time (2026-11-22T12:00)")
    parser.add_argument("--json", action="store_true", help="the lines as they are (docs/control-api.md)")
    parser.add_argument(
        "--html", metavar="FILE", help="write a page with a timeline, to look at in a browser (-: stdout)"
    )
    parser.add_argument("--force", action="store_true", help="with --html: write over a file that is there")


VERBS = {
    "audit": Verb(
        "Show who had which role's credentials, by which grant and when; and logins, renewals and"
        " refusals. What happens often is one line a minute, with a count. docs/audit.md has more.",
        (
            "xacctctl audit --since 2h",
            "xacctctl audit --follow --role prod",
            "xacctctl audit --grant 3f9a12bc",
            "xacctctl audit --since 7d --html audit.html",
            "xacctctl audit --json | jq -r 'select(.event == \"fetch\").exe'",
        ),
        audit,
        _declare,
    ),
}
