"""`keys`: access keys in the keychain, added, listed, removed, and moved there from the plain credentials file."""

import getpass
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Final

from xacct import awsfiles, wire
from xacct.ctl.client import Anything, Client
from xacct.ctl.confirm import demand_yes
from xacct.ctl.failure import HUMAN, OK, USAGE, CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.keys_import import PATIENCE, move
from xacct.ctl.render import clean, out, paint, show, since, table
from xacct.ctl.verb import Verb

_LONGEST: Final = 4096
"""Bytes of a key on standard input, at most."""


def keys(args: Namespace, client: Client) -> int:
    """List, add, import or remove."""
    match args.action:
        case "add":
            return _add(args.profile, client, check=not args.no_check)
        case "import":
            return move(args.profile, client, yes=args.yes, dry_run=args.dry_run)
        case "rotate":
            from xacct.ctl import keys_rotate  # noqa: PLC0415 - of use to that alone

            return keys_rotate.rotate(args.profile, client, finish=args.finish, delete=args.delete, yes=args.yes)
        case "remove":
            return _remove(args.profile, client, yes=args.yes)
    return _list(client)


def _list(client: Client) -> int:
    found = client.call("GET", wire.KEYS, wire.KeysAnswer)
    now = client.call("GET", wire.STATUS, wire.StatusAnswer)["now"]
    if not found["keys"]:
        out("No access key is in the keychain. To put one there: xacctctl keys add PROFILE, or keys import PROFILE")
        return OK
    rows = [
        (key["profile"], f"…{key['ends']}", found["keychain"], since(key["added"], now), key["config"])
        for key in found["keys"]
    ]
    heading, *lines = table([("PROFILE", "KEY", "WHERE", "SINCE", "AWS CONFIG FILE"), *rows], less=(2,), shorter=(0, 4))
    out("\n".join([paint(heading, "dim"), *map(clean, lines)]))
    for key in found["keys"]:
        if "rotation" in key:
            out(clean(_left(key["profile"], key["rotation"])))
    return OK


def _left(profile: str, rotation: wire.RotationInfo) -> str:
    """Say what is left to do of a rotation."""
    finish = f"xacctctl keys rotate {profile} --finish"
    if rotation["step"] == "retired":
        return f"{profile}: the key before, …{rotation['old']}, is inactive. To delete it: {finish}"
    made = f", …{rotation['new']} was made" if rotation["new"] else ""
    return f"{profile}: rotation unfinished{made}. Unless it is under way: {finish}"


def _add(profile: str, client: Client, *, check: bool) -> int:
    """The key never is an argument: other users of the machine see those, and shells keep them."""
    key_id, secret = _typed() if os.isatty(0) else _piped()
    body = {"profile": profile, "access_key_id": key_id, "secret_access_key": secret, "check": check}
    kept = client.call("POST", wire.KEYS, wire.KeyAnswer, body, timeout=PATIENCE)
    whose = f", which is {kept['arn']}'s," if kept["arn"] else ""
    show(f"The access key …{kept['ends']}{whose} is in the keychain, for the profile {profile}.")
    show(f"AWS's own tools don't look there. For them, in the profile: credential_process = xacctctl process {profile}")
    return OK


def _typed() -> tuple[str, str]:
    try:
        key_id = getpass.getpass("Access key id (not shown): ").strip()
        return key_id, getpass.getpass("Secret access key: ").strip()  # guard: key-is-typed-without-echo
    except EOFError:
        raise CtlError("No access key was typed.", "", HUMAN) from None


def _piped() -> tuple[str, str]:
    raw = b""
    while len(raw) < _LONGEST and (part := os.read(0, _LONGEST)):
        raw += part
    words = raw.decode("ascii", "replace").split()
    if len(words) != 2:  # noqa: PLR2004 - an id and a secret
        raise CtlError(
            "On standard input an access key is two lines: its id, and its secret.",
            "xacctctl keys add PROFILE at a terminal asks for both.",
            USAGE,
        )
    return words[0], words[1]


def _remove(profile: str, client: Client, *, yes: bool) -> int:
    there = [key for key in client.call("GET", wire.KEYS, wire.KeysAnswer)["keys"] if key["profile"] == profile]
    if there and not yes:
        which = _meant(there)
        demand_yes(f"Remove the access key{which} of {profile} from the keychain? If it is nowhere else it is lost.")
    client.call("DELETE", wire.KEY.format(profile=quote(profile)), Anything, timeout=PATIENCE)
    show(f"The access key of {profile} is no longer in the keychain.")
    return OK


def _meant(there: Sequence[wire.KeyInfo]) -> str:
    """Return how the key of this shell's files ends; nothing where that can't be told from those of other files."""
    files = awsfiles.resolved(awsfiles.named(os.environ, awsfiles.directory()))
    # guard: question-is-about-the-key-that-goes
    meant = [key for key in there if len(there) == 1 or (key["config"], key["credentials"]) == tuple(files)[:2]]
    return f" …{meant[0]['ends']}" if meant else ""


def _declare(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="list|add|import|rotate|remove")
    actions.add_parser("list", help="which there are, without their secrets (the default)")
    add = actions.add_parser("add", help="put one there: asks for its id and secret, or reads both from standard input")
    add.add_argument("profile", metavar="PROFILE")
    add.add_argument("--no-check", action="store_true", help="don't ask AWS first whose it is")
    move = actions.add_parser("import", help="move a profile's key there out of AWS's plain files")
    move.add_argument("profile", metavar="PROFILE")
    move.add_argument("--yes", action="store_true", help="without a question")
    move.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    rotate = actions.add_parser("rotate", help="have a new one made by IAM, and the old one made inactive")
    rotate.add_argument("profile", metavar="PROFILE")
    rotate.add_argument("--delete", action="store_true", help="delete the old one at once; else --finish does, later")
    rotate.add_argument(
        "--finish", action="store_true", help="delete the old one; or end a rotation that was cut short"
    )
    rotate.add_argument("--yes", action="store_true", help="without a question")
    remove = actions.add_parser("remove", help="take one out")
    remove.add_argument("profile", metavar="PROFILE")
    remove.add_argument("--yes", action="store_true", help="without a question")


VERBS = {
    "keys": Verb(
        "Keep the access keys of profiles in the operating system's keychain (the Secret Service, on macOS the login"
        " keychain) instead of in a plain file. A key is checked with AWS (GetCallerIdentity) before it is kept."
        " docs/keychain-keys.md",
        (
            "xacctctl keys",
            "xacctctl keys add central           asks for the key, and shows none of it",
            "xacctctl keys import central        moves it out of ~/.aws/credentials, after a diff and a question",
            "xacctctl keys rotate central        a new key, proved; the old one inactive. Deleted: --finish",
            "xacctctl keys remove central",
        ),
        keys,
        _declare,
    ),
}
