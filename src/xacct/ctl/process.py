"""`process`: credentials in the form AWS's files want of a credential_process."""

from __future__ import annotations

from xacct.ctl import jsontext
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.hold import credentials
from xacct.ctl.render import out
from xacct.ctl.verb import Verb, narrows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from xacct.ctl.client import Client


def process(args: Namespace, client: Client) -> int:
    """Print the credentials as credential_process JSON, version 1."""
    answer = _narrow(args, client) if narrows(args) else _whole(args, client)
    # SDKs take a null for a value, so what is unknown is left out
    out(jsontext.dumps({"Version": 1, **{name: value for name, value in answer.items() if value is not None}}))
    return OK


def _whole(args: Namespace, client: Client) -> dict[str, str | None]:
    keys = credentials(client, args.role, _seconds(args.lifetime))
    return {
        "AccessKeyId": keys["access_key_id"],
        "SecretAccessKey": keys["secret_access_key"],
        "SessionToken": keys["session_token"],
        "Expiration": keys["expiration"],
        "AccountId": keys["account_id"],
    }


def _narrow(args: Namespace, client: Client) -> dict[str, str | None]:
    if args.lifetime is not None:  # guard: no-other-lifetime-beside-what-narrows
        raise CtlError("--lifetime is of the role's own credentials, not of narrower ones.", "--ttl 20m", USAGE)
    from xacct.ctl import narrow, scope_options  # noqa: PLC0415 - of use to narrower credentials alone

    return narrow.credentials(client, args.role, **scope_options.asked(args))


def _seconds(lifetime: str | None) -> int | None:
    if lifetime is None:
        return None
    from xacct.ctl import when  # noqa: PLC0415 - rare

    return when.seconds(lifetime, when.ROLE)


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("role", metavar="ROLE")
    parser.add_argument("--lifetime", metavar="DURATION", help="good for at least this long (2h)")
    from xacct.ctl import scope_options  # noqa: PLC0415 - not for plain lines

    scope_options.declare(parser)


VERBS = {
    "process": Verb(
        "Print a role's credentials as a credential_process does, asking on the terminal if a"
        " code is needed. For programs that read ~/.aws/config and know no endpoint. Narrower ones are of a grant that"
        " ends at once.",
        (
            "credential_process = xacctctl process prod     (in a profile of ~/.aws/config)",
            "credential_process = xacctctl process prod --read-only",
        ),
        process,
        _declare,
    ),
}
