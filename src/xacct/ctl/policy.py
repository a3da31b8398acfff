"""`policy`: the trust policy that a role's account should have, and what its callers need."""

from argparse import ArgumentParser, Namespace

from xacct import wire
from xacct.ctl.client import Client
from xacct.ctl.failure import OK
from xacct.ctl.http10 import quote
from xacct.ctl.policy_formats import FORMATS, PARTS
from xacct.ctl.render import out, say
from xacct.ctl.verb import Verb


def policy(args: Namespace, client: Client) -> int:
    """Print the policies; whose they are goes to stderr, so that stdout is what a tool takes."""
    path = wire.POLICY.format(role=quote(args.role))
    if args.principal is not None:
        path += f"?principal={quote(args.principal)}"
    answer = client.call("GET", path, wire.PolicyAnswer)
    part = args.part or (None if args.format == "json" else PARTS[0])
    out(FORMATS[args.format](answer, part))
    if part != "caller":
        say(f"The trust policy is for {answer['role_arn']}.")
    if part != "trust":
        say(f"The caller's policy is for those of {answer['principal']} who assume it.")
    return OK


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("role", metavar="ROLE")
    parser.add_argument("--format", choices=list(FORMATS), default="json", help="what it is printed as (default: json)")
    parser.add_argument("--part", choices=PARTS, help="the role's side, or that of whoever assumes it alone")
    parser.add_argument("--principal", metavar="ARN", help="whom to trust, instead of what the configuration tells")


VERBS = {
    "policy": Verb(
        "Print the trust policy that the target account should have for a role, by what its profile says (MFA, external"
        " id, caller, source identity, tags), and the policy that whoever assumes it needs. See docs/policy.md.",
        (
            "xacctctl policy prod",
            "xacctctl policy prod --part trust > trust.json",
            "xacctctl policy prod --format cloudformation > role.json",
            "xacctctl policy prod --format terraform --part caller",
        ),
        policy,
        _declare,
    ),
}
