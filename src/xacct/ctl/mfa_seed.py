"""`mfa add` and `mfa remove`: TOTP seeds in the keychain, which are the second factor where the first one is."""

import getpass
import os
import shutil
import subprocess
from argparse import Namespace
from typing import Final

from xacct import wire
from xacct.ctl.client import Anything, Client
from xacct.ctl.confirm import demand_yes
from xacct.ctl.failure import FAILED, HUMAN, OK, USAGE, CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.render import say, show
from xacct.text import listed

PATIENCE: Final = 45.0
"""Seconds: the keychain may show a dialog."""

_LONGEST: Final = 2048
"""Characters of a secret, at most."""

_QR_SECONDS: Final = 30.0

_WEAKER: Final = (
    "A stored seed puts both factors in one place: whoever can use your login on this machine, or runs a program as"
    " you, then has the access key and the codes. MFA still protects from a key that is stolen by itself. xacctd"
    " answers by itself then, whichever program's fetch takes a code; not while it is locked (xacctctl lock, [lock] of"
    " config.toml)."
)


def add(args: Namespace, client: Client) -> int:
    """Store a seed. It never is an argument: other users of the machine see those, and shells keep them."""
    say(_WEAKER)
    if not args.yes:
        demand_yes(f"Store the seed of {args.serial} in the keychain?")
    secret = _of_picture(args.qr) if args.qr is not None else _typed() if os.isatty(0) else _piped()
    body = {"serial": args.serial, "secret": secret}
    kept = client.call("POST", wire.MFA_SEEDS, wire.SeedAnswer, body, timeout=PATIENCE)
    show(f"The seed of {kept['serial']} is in the keychain: xacctd answers for it from now on.")
    if kept["roles"]:
        show(f"It is the device of {listed(kept['roles'])}.")
    else:
        show("No role of this shell's files names that device as its mfa_serial.")
    return OK


def remove(args: Namespace, client: Client) -> int:
    """Store it no longer."""
    if not args.yes:
        demand_yes(f"Remove the seed of {args.serial} from the keychain? If it is nowhere else it is lost.")
    client.call("DELETE", wire.MFA_SEED.format(serial=quote(args.serial)), Anything, timeout=PATIENCE)
    show(f"The seed of {args.serial} is no longer in the keychain.")
    return OK


def _typed() -> str:
    try:
        secret = getpass.getpass("Secret, or otpauth:// address (not shown): ").strip()  # guard: seed-is-typed-unseen
    except EOFError:
        secret = ""
    if not secret:
        raise CtlError("No secret was typed.", "", HUMAN)
    return secret


def _piped() -> str:
    raw = b""
    while len(raw) <= _LONGEST and (part := os.read(0, _LONGEST)):
        raw += part
    secret = raw.decode("ascii", "replace").strip()
    if not secret or "\n" in secret or len(raw) > _LONGEST:
        raise CtlError(
            "On standard input a secret is one line: in base32, or an otpauth:// address.",
            "xacctctl mfa add SERIAL at a terminal asks for it; --qr FILE reads it from a picture.",
            USAGE,
        )
    return secret


def _of_picture(file: str) -> str:
    """Return the otpauth:// address of the QR code in a picture."""
    program = shutil.which("zbarimg")
    if program is None:
        raise CtlError(
            "There is no zbarimg here, which reads QR codes.",
            "Install it (Debian: zbar-tools), or take the secret that AWS shows beside the QR code.",
            FAILED,
        )
    command = [
        program,
        "--quiet",
        "--raw",
        "-Sdisable",
        "-Sqrcode.enable",
        f"{os.curdir}/{file}" if file.startswith("-") else file,
    ]
    try:
        done = subprocess.run(  # noqa: S603 - a program and its arguments, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_QR_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        raise CtlError("zbarimg could not be run, or did not end.", f"ls -l {program}", FAILED) from None
    found = [line for line in done.stdout.decode("utf-8", "replace").split() if line.lower().startswith("otpauth:")]
    if len(found) != 1:
        what = "no QR code of an MFA device" if not found else f"{len(found)} QR codes of MFA devices"
        raise CtlError(f"{file} shows {what}.", "Take a picture of the one that AWS shows, and of nothing else.", USAGE)
    return found[0]
