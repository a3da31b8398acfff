"""`accounts`: the accounts and permission sets that somebody has who is signed in to IAM Identity Center."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Final

from xacct import wire
from xacct.ctl import accounts_list, profile_names
from xacct.ctl.client import Client
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.render import clean, out, out_json, paint, since, table
from xacct.ctl.verb import Verb

SYNC: Final = "sync"

_HEADING: Final = ("ACCOUNT", "NAME", "EMAIL", "ROLE", "PROFILE")
_EMAIL: Final = 2
_SOMETIME: Final = 1.0
"""Seconds after which a list is said to be of some time ago."""

_OF_SYNC: Final[dict[str, object]] = {
    "profile_template": None,
    "region": None,
    "accounts": [],
    "roles": [],
    "prune": False,
    "dry_run": False,
    "yes": False,
}
"""Options, as they are where they were not said."""


def accounts(args: Namespace, client: Client) -> int:
    """Print the list, or make profiles of it."""
    syncs = args.words[:1] == [SYNC]
    sessions = args.words[syncs:]
    if len(sessions) > 1:
        raise CtlError("accounts takes one session.", "xacctctl accounts --help", USAGE)
    if syncs:
        from xacct.ctl import accounts_sync  # noqa: PLC0415 - of use to that alone

        return accounts_sync.sync(args, client, sessions[0] if sessions else None)
    for name, nothing in _OF_SYNC.items():
        if getattr(args, name) != nothing:
            option = f"--{name.replace('_', '-')}"
            raise CtlError(f"{option} goes with sync alone.", f"xacctctl accounts sync {option} ...", USAGE)
    found = accounts_list.listed(client, sessions[0] if sessions else None, refresh=args.refresh)
    if args.csv is not None or args.names:
        from xacct.ctl import accounts_files  # noqa: PLC0415 - of use to these alone

        if args.names:
            out("\n".join(accounts_files.names(found)))
        else:
            accounts_files.write_csv(found, args.csv)
    elif args.json:
        out_json({key: value for key, value in found.items() if key != "event"})
    else:
        out("\n".join(_lines(found)))
    return OK


def _lines(found: wire.AccountsEvent) -> Iterator[str]:
    rows = [row for account in found["accounts"] for row in _rows(account)]
    if rows:
        heading, *lines = table([_HEADING, *rows], less=(_EMAIL,), shorter=(1, 3, 4))
        yield paint(heading, "dim")
        yield from lines
    for trouble in accounts_list.troubles(found):
        yield paint(trouble, "bad")
    sets = sum(len(account["permission_sets"]) for account in found["accounts"])
    age = found["now"] - found["listed_at"]
    when = f", listed {since(found['listed_at'], found['now'])} (--refresh asks anew)" if age > _SOMETIME else ""
    yield clean(f"{len(found['accounts'])} accounts, {sets} roles: {accounts_list.label(found)}{when}")


def _rows(account: wire.AccountInfo) -> Iterator[tuple[str, ...]]:
    start = (account["account_id"], account["account_name"] or "-", account["email"] or "-")
    for one in account["permission_sets"]:
        yield (*start, one["permission_set"], ", ".join(one["profiles"]) or "-")


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[sync] [SESSION]",
        help="sync: make profiles of the list. SESSION: the name of an sso-session, or a start URL; needed where the"
        " AWS config file leads to several",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the list as the daemon gives it (docs/control-api.md)")
    form.add_argument(
        "--csv",
        metavar="FILE",
        help="a row for each account, for [templates] of config.toml: account, account_name, slug, email; -: to stdout",
    )
    form.add_argument("--names", action="store_true", help="what their names are, for [accounts] of config.toml")
    parser.add_argument("--refresh", action="store_true", help="list anew; else a list is good for five minutes")
    sync = parser.add_argument_group("of sync")
    sync.add_argument(
        "--profile-template",
        metavar="TEXT",
        help=f"what profiles are called (default: {profile_names.TEMPLATE}); also {{account_id}}, {{session}}."
        " Said anew it renames those that are there",
    )
    sync.add_argument("--region", metavar="REGION", help="the region that profiles name; default: none")
    for name, what in {"accounts": "names or ids of accounts", "roles": "roles"}.items():
        sync.add_argument(
            f"--{name}",
            nargs="+",
            action="extend",
            default=[],
            metavar="PATTERN",
            help=f"only such {what}; * stands for anything",
        )
    sync.add_argument("--prune", action="store_true", help="remove profiles made before that the list has no more")
    sync.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    sync.add_argument("--yes", action="store_true", help="don't ask before writing: for scripts")


VERBS = {
    "accounts": Verb(
        "List the accounts and permission sets (roles) that you have at IAM Identity Center, and the profile that each"
        " has here; asks to sign in if nobody is. sync makes a profile of each in ~/.aws/config (or AWS_CONFIG_FILE),"
        " in a block of its own: it shows a diff and asks first, and the rest of the file stays as it is, to the byte.",
        (
            "xacctctl accounts",
            "xacctctl accounts corp --json",
            "xacctctl accounts --csv ~/.config/xacct/accounts.csv",
            "xacctctl accounts sync corp --dry-run",
            "xacctctl accounts sync --region eu-west-1 --accounts 'team-*' --roles Developer 'ReadOnly*'",
            "xacctctl accounts sync --profile-template '{account_name}.{account_id}.{role}' --prune",
        ),
        accounts,
        _declare,
    ),
}
