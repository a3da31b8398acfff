"""`login` and `logout`: what is held, and for how long."""

import os
import re
import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Final

from xacct import wire
from xacct.ctl import browser, when
from xacct.ctl.client import Client
from xacct.ctl.failure import OK, USAGE, CtlError, NotRunningError
from xacct.ctl.hold import hold, refusal
from xacct.ctl.progress import Progress
from xacct.ctl.render import out, say, show, until
from xacct.ctl.summary import Summary
from xacct.ctl.verb import Verb
from xacct.text import digits, listed

_DEVICE: Final = "AWS_MFA_SERIAL"
_LONGEST: Final = 64
"""Bytes of a line with a code, at most."""

_NAMED: Final = 3
"""Roles that are named before the rest is counted."""


def login(args: Namespace, client: Client) -> int:
    """Hold some roles. The exit status is that of the first role that could not be had."""
    mfa_expires_at = _mfa_expires_at(args, time.time())
    roles = args.roles or _picked(client)
    serial = _device(os.environ.get(_DEVICE))
    code = _code(args)
    with Progress(len(set(roles))) as progress:
        summary = Summary(roles, at_end=progress.active)

        def heard(event: wire.HeldEvent | wire.FailedEvent) -> None:
            progress.counts(event)
            summary.heard(event)

        try:
            outcome = hold(
                client,
                roles,
                code=code,
                until=mfa_expires_at,
                again=args.again,
                lazy=args.lazy,
                serial=serial,
                browser=not args.device_code and browser.expected(),
                heard=heard,
            )
        except KeyboardInterrupt:
            progress.clear()
            summary.left_off()
            raise
    summary.ended()
    if outcome.logged_in:
        show(_lazily(outcome.logged_in))
    return refusal(outcome.failed[0]["error"]).status if outcome.failed else OK


def logout(args: Namespace, client: Client) -> int:
    """Let roles go; that the daemon isn't there is a success: nothing is held."""
    if bool(args.roles) == args.all:
        raise CtlError(
            "logout needs roles, or --all.",
            "xacctctl logout --all forgets the MFA sessions as well.",
            USAGE,
        )
    body = {"all": True} if args.all else {"roles": args.roles}
    try:
        answer = client.call("POST", wire.LOGOUT, wire.LogoutAnswer, body)
    except NotRunningError:
        out("Nothing is held: xacctd is not running.")
        return OK
    gone = ", ".join(answer["roles"])
    show(f"Let go: {gone}." if gone else "Nothing was held.")
    return OK


def _lazily(events: list[wire.LoggedInEvent]) -> str:
    """What is said of roles that were not fetched; the first session that ends is the one to know of."""
    said = f"{listed([event['role'] for event in events], _NAMED)}: logged in, fetched at the first use"
    ends = [end for event in events if (end := event["mfa_expires_at"]) is not None]
    return f"{said}, without a code for {until(min(ends), events[0]['now'])}" if ends else said


def _mfa_expires_at(args: Namespace, now: float) -> float | None:
    if args.lasting is not None:
        return now + when.seconds(args.lasting, when.SESSION)
    return when.next_time(args.until, now) if args.until is not None else None


def _code(args: Namespace) -> str | None:
    """Return the code of standard input, where it is to be read there; a mistyped one is sent to nobody.

    Raises:
        CtlError: it is an argument, or no code.
    """
    if args.code is None:
        return None
    if args.code != "-":  # guard: code-is-no-argument
        raise CtlError(
            "A code is no argument: other users of the machine see those, and shells keep them.",
            f"xacctctl login {' '.join(args.roles)} --code - reads it from standard input; without --code you are"
            " asked for it.",
            USAGE,
        )
    if os.isatty(0):
        sys.stderr.write("MFA code: ")
        sys.stderr.flush()
    code = digits(_line())
    if not re.fullmatch("[0-9]{6}", code):
        raise CtlError(
            "An MFA code is six digits, and standard input has had something else.",
            "Leave out --code to be asked for it.",
            USAGE,
        )
    return code


def _device(serial: str | None) -> str | None:
    """Return the MFA device that the environment names for this login, and say so.

    Raises:
        CtlError: it is none.
    """
    if not serial:
        return None
    if not re.fullmatch(r"[A-Za-z0-9_+=/:,.@-]{9,256}", serial):
        raise CtlError(
            f"{_DEVICE} is no serial number of an MFA device: {serial[:100]!r}.",
            f"{_DEVICE}=arn:aws:iam::ACCOUNT:mfa/NAME xacctctl login ROLE; xacctctl mfa list",
            USAGE,
        )
    say(f"If this takes a code, it is one of {serial} ({_DEVICE}). A session that is held takes none.")
    return serial


def _line() -> str:
    """Return the first line of standard input, as far as a code may go."""
    raw = b""
    while b"\n" not in raw and len(raw) < _LONGEST and (part := os.read(0, _LONGEST)):
        raw += part
    return raw.split(b"\n")[0].decode("ascii", "replace")


def _picked(client: Client) -> list[str]:
    """A single role needs no name; of several somebody at a terminal picks, and without one we won't guess."""
    names = [role["name"] for role in client.call("GET", wire.ROLES, wire.RolesAnswer)["roles"]]
    if len(names) == 1:
        return names
    if not names:
        raise CtlError(
            "No role is configured.",
            "Give a profile in ~/.aws/config a role_arn, then: xacctctl reload",
        )
    from xacct.ctl.picker.pick import pick  # noqa: PLC0415 - of use where somebody is asked

    picked = pick(client)
    if picked is None:
        raise CtlError("login needs a role.", f"One or more of: {', '.join(names)}", USAGE)
    if not picked:
        raise CtlError("Nothing was picked.", "xacctctl login ROLE")
    return picked


def _declare_login(parser: ArgumentParser) -> None:
    parser.add_argument(
        "roles",
        nargs="*",
        metavar="ROLE",
        help="roles to hold (names, 'cust-*', @group, ACCOUNT:ROLE, ARN); one code serves all. Without any: pick them",
    )
    parser.add_argument(
        "--code",
        metavar="-",
        help="the MFA code is the first line of standard input, read before anything is asked: it answers one prompt,"
        " for all these roles. It can't be an argument, which other users could see",
    )
    lasting = parser.add_mutually_exclusive_group()
    lasting.add_argument(
        "--for",
        dest="lasting",
        metavar="DURATION",
        help="the MFA session must last this long (8h, 1h30m); asks again now if it doesn't",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="spend a code on roles that AWS has refused in spite of a fresh one",
    )
    parser.add_argument(
        "--device-code",
        action="store_true",
        help="sign in by a browser on any machine, even if this one seems to have one: by a code that is typed there"
        " (IAM Identity Center), or by a text that is copied from there (aws login)",
    )
    parser.add_argument(
        "--lazy",
        action="store_true",
        help="take the code now and fetch each role at its first use: quick for very many; what AWS refuses shows then",
    )
    lasting.add_argument(
        "--until",
        metavar="HH:MM",
        help="the MFA session must last until that local time, today or tomorrow",
    )


def _declare_logout(parser: ArgumentParser) -> None:
    parser.add_argument("roles", nargs="*", metavar="ROLE", help="roles to let go")
    parser.add_argument("--all", action="store_true", help="every role, and the MFA sessions")


VERBS = {
    "login": Verb(
        "Get credentials for roles and keep them renewed, asking for an MFA code if one is needed."
        " A wrong code is asked for again, three times; a used one after a countdown.",
        (
            "xacctctl login prod",
            "xacctctl login                               pick from a list",
            "xacctctl login prod staging --for 8h",
            "xacctctl login 'cust-*' @customers",
            "ykman oath accounts code -s aws | xacctctl login prod --code - --until 19:00",
            "xacctctl login --lazy dev staging prod",
            "xacctctl login dev --device-code",
            "AWS_MFA_SERIAL=arn:aws:iam::123456789012:mfa/phone xacctctl login prod     by this device, for once",
        ),
        login,
        _declare_login,
    ),
    "logout": Verb(
        "Forget the credentials of roles. Programs that use their endpoint get an error from now on.",
        ("xacctctl logout prod", "xacctctl logout --all"),
        logout,
        _declare_logout,
        starts_daemon=False,
    ),
}
