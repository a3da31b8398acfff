"""`doctor`: what is wrong with this machine's xacct, and what to type."""

from argparse import ArgumentParser, Namespace

from xacct.ctl.client import Client
from xacct.ctl.doctor.catalogue import examine
from xacct.ctl.doctor.report import as_json, lines
from xacct.ctl.doctor.scene import look
from xacct.ctl.failure import FAILED, OK
from xacct.ctl.render import out
from xacct.ctl.verb import Verb


def doctor(args: Namespace, client: Client) -> int:
    """Examine, report, and fail if anything is broken."""
    rows = examine(look(client, args.role))
    out(as_json(rows) if args.json else "\n".join(lines(rows)))
    return FAILED if any(row.finding.state == "broken" for row in rows) else OK


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("--role", metavar="ROLE", help="of the roles look only at this one")
    parser.add_argument("--json", action="store_true", help="a list of findings (docs/doctor.md)")


VERBS = {
    "doctor": Verb(
        "Look for what is wrong, or soon will be: the daemon, its files and port, units, the clock, this shell's"
        " variables, proxies, profiles and MFA devices, and whether anybody would see a question. Each finding says"
        " what to type. Changes nothing, starts nothing, and asks AWS nothing. Fails (1) if something is broken;"
        " warnings are none of that.",
        (
            "xacctctl doctor",
            "xacctctl doctor --role prod",
            "xacctctl doctor --json | jq -r '.[] | select(.state == \"broken\").fix'",
        ),
        doctor,
        _declare,
        starts_daemon=False,
    )
}
