"""`mfa`: the MFA devices of the IAM users that roles start from, and the seeds of some in the keychain."""

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Set as AbstractSet
from typing import Final

from xacct import wire
from xacct.ctl import mfa_seed
from xacct.ctl.client import Client
from xacct.ctl.complain import complain
from xacct.ctl.failure import OK, DaemonError
from xacct.ctl.http10 import quote
from xacct.ctl.render import clean, out, paint, show
from xacct.ctl.verb import Verb
from xacct.text import listed

PATIENCE: Final = 45.0
"""Seconds: AWS is asked, and the keychain may show a dialog."""

_KINDS: Final = {"virtual": "virtual", "hardware": "hardware", "security-key": "security key (FIDO)"}
_SEEDS: Final = {"add": mfa_seed.add, "remove": mfa_seed.remove}
_NAMED: Final = 3
"""Roles that are named before the rest is counted."""

_ASKED_WITH: Final = {"session": "with the MFA session", "keys": "with the access key"}


def mfa(args: Namespace, client: Client) -> int:
    """List them, or store a seed, or remove it."""
    if args.action in _SEEDS:
        return _SEEDS[args.action](args, client)
    role = getattr(args, "role", None)
    path = wire.MFA if role is None else f"{wire.MFA}?role={quote(role)}"
    found = client.call("GET", path, wire.MfaAnswer, timeout=PATIENCE)
    if getattr(args, "json", False):
        out(json.dumps(found, indent=2))
    else:
        _show(found)
    failed = [DaemonError(user["error"]) for user in found["users"] if user["error"] is not None]
    for user in found["users"]:
        if user["error"] is not None:
            complain(user["error"]["sentence"], user["error"]["hint"], role=user["source"])
    return failed[0].status if failed else OK


def _show(found: wire.MfaAnswer) -> None:
    """Print each device in two lines: its serial number is there to be copied, and never cut."""
    if not found["users"]:
        out("No role takes MFA codes. Of one user: xacctctl mfa list PROFILE")
    stored = {seed["serial"] for seed in found["seeds"]}
    for user in found["users"]:
        asked = _ASKED_WITH.get(user["asked_with"] or "", "")
        show(f"{user['source']} (IAM was asked {asked}):" if asked else f"{user['source']}:")
        for device in user["devices"]:
            show(f"  {device['serial']}")
            out(paint(f"    {clean('; '.join(_about(device, user, stored)))}", "dim"))
        if not user["devices"]:
            out("  no device")
    shown = {device["serial"] for user in found["users"] for device in user["devices"]}
    if others := sorted(stored - shown):
        show(f"Stored seeds of other devices: {listed(others, len(others))}")


def _about(device: wire.MfaDeviceInfo, user: wire.MfaUser, stored: AbstractSet[str]) -> list[str]:
    """Return what is to be said of a device; that IAM does not know it, only where IAM has answered."""
    said = [_KINDS.get(device["kind"], device["kind"])]
    if device["enabled"] is not None:
        said[0] += f", since {time.strftime('%Y-%m-%d', time.gmtime(device['enabled']))}"
    elif user["asked_with"]:
        said.append("no device of this user, says IAM")
    if not device["gives_codes"]:
        said.append("STS can't use it")
    if device["roles"]:
        said.append(f"named by {listed(device['roles'], _NAMED)}")
    if device["serial"] in stored:
        said.append("its seed is stored: xacctd answers")
    return said


def _declare(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="list|add|remove")
    shown = actions.add_parser("list", help="the devices of the IAM users that roles start from (the default)")
    shown.add_argument(
        "role", nargs="?", metavar="PROFILE|ROLE", help="of whose user; without it, of all that take codes"
    )
    shown.add_argument("--json", action="store_true", help="for programs")
    add = actions.add_parser(
        "add",
        help="store a device's TOTP seed in the keychain, so that xacctd answers for it: asks for the secret, or reads"
        " it from standard input",
    )
    add.add_argument("serial", metavar="SERIAL")
    add.add_argument("--qr", metavar="FILE", help="read it from the QR code in a picture, by zbarimg")
    add.add_argument("--yes", action="store_true", help="without a question")
    remove = actions.add_parser("remove", help="store it no longer")
    remove.add_argument("serial", metavar="SERIAL")
    remove.add_argument("--yes", action="store_true", help="without a question")


VERBS = {
    "mfa": Verb(
        "The MFA devices of the IAM users that roles start from (iam:ListMFADevices, signed with the MFA session where"
        " one is held, else with the access key): which there are, which give codes, which the configuration names."
        " A TOTP seed in the keychain answers by itself, and puts both factors in one place. docs/mfa-devices.md",
        (
            "xacctctl mfa",
            "xacctctl mfa list prod",
            "xacctctl mfa list --json",
            "xacctctl mfa add arn:aws:iam::123456789012:mfa/alice     asks for the secret, and does not show it",
            "xacctctl mfa remove arn:aws:iam::123456789012:mfa/alice",
        ),
        mfa,
        _declare,
    ),
}
