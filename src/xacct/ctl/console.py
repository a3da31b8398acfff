"""`console`: the AWS console in a role, in a browser.

The address that signs in is a secret, and what a program is started with is seen by other users. So a browser is given
a page of xacctd's, which leads it there once; the address itself is shown or copied where that is asked for.
"""

import base64
import os
import shlex
import subprocess
from argparse import ArgumentParser, Namespace

from xacct import wire
from xacct.ctl import agents, browser
from xacct.ctl.client import Client, event, foreign
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.hold import converse, refusal
from xacct.ctl.http10 import quote
from xacct.ctl.render import duration, out, say
from xacct.ctl.verb import Verb

_TTY = "/dev/tty"
_STAYING: list[object] = []
"""Browsers that run on, as those of browser.py."""


def console(args: Namespace, client: Client) -> int:
    """Open it, or give its address."""
    shown = args.print or args.copy
    if shown and (args.browser or args.container):
        raise CtlError("A browser is opened, or the address is given.", "--print or --copy alone", USAGE)
    if not shown and not args.browser and not browser.expected():
        raise CtlError(
            "There is no browser on this machine, as far as can be told.",
            f"xacctctl console {shlex.quote(args.role)} --print, --copy, or --browser COMMAND",
        )
    command = _command(args)
    found = _asked(client, _body(args, show=shown))
    if args.print:
        out(found["url"])
    elif args.copy:
        _copy(found["url"])
        say("Copied, where the terminal takes it (OSC 52). The address is a secret: it signs in whoever has it.")
    else:
        _open(args, command, found)
        say(_opened(args, found))
    return OK


def _body(args: Namespace, *, show: bool) -> dict[str, object]:
    named = {
        "role": args.role,
        "destination": args.destination,
        "service": args.service,
        "region": args.region,
        "show": show or None,
        "sign_out": args.logout or None,
    }
    return {name: value for name, value in named.items() if value is not None} | agents.said(os.environ)


def _asked(client: Client, body: dict[str, object]) -> wire.ConsoleEvent:
    found: wire.ConsoleEvent | None = None
    for raw in converse(client, wire.CONSOLE, body):
        match raw.get("event"):
            case "console":
                found = event(raw, wire.ConsoleEvent)
            case "failed":
                raise refusal(event(raw, wire.FailedEvent)["error"])
    if found is None or not found["url"].startswith(("https://", "http://")):
        raise foreign("no console and no reason")
    return found


def _command(args: Namespace) -> list[str]:
    """Return the browser that was named, as words; none: the human's own.

    Raises:
        CtlError: no shell would take it for a command.
    """
    if not (args.browser or args.container):
        return []
    try:
        words = shlex.split(args.browser or "firefox")
    except ValueError:
        words = []
    if not words:
        raise CtlError("What was said for --browser is no command.", "--browser 'firefox --new-window'", USAGE)
    return words


def _open(args: Namespace, command: list[str], found: wire.ConsoleEvent) -> None:
    url = found["url"]
    if args.container:
        url = f"ext+container:name={quote(found['role'])}&url={quote(url)}"
    if command:
        _start([*command, url])
    elif not browser.open_page(url):
        raise CtlError("No browser could be opened.", "--browser COMMAND, or --print")


def _start(command: list[str]) -> None:
    """Start the browser that was named, which outlives this command."""
    try:
        _STAYING.append(
            subprocess.Popen(  # noqa: S603 - what the human has named
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
    except OSError as error:
        raise CtlError(f"{command[0]} can't be started: {error.strerror}.", "Name another: --browser COMMAND") from None


def _copy(text: str) -> None:
    """Have the terminal put it into its clipboard, wherever that terminal is (XTerm Control Sequences, OSC 52)."""
    sequence = b"\x1b]52;c;" + base64.b64encode(text.encode()) + b"\x07"
    try:
        tty = os.open(_TTY, os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        raise CtlError("There is no terminal here whose clipboard it could go to.", "--print, or a browser") from None
    try:
        os.write(tty, sequence)
    finally:
        os.close(tty)


def _opened(args: Namespace, found: wire.ConsoleEvent) -> str:
    if args.logout:
        return "A browser signs out of the console."
    account = f" ({found['account']})" if found["account"] else ""
    lasts = (
        duration(found["lasts"]) if found["lasts"] else "as long as its credentials last: AWS refuses more of a chain"
    )
    return f"The console opens in {found['role']}{account}, for {lasts}."


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("role", metavar="ROLE")
    parser.add_argument("--service", metavar="NAME", help="open the first page of a service: s3, ec2, cloudformation")
    parser.add_argument("--destination", metavar="URL", help="open this page of the console")
    parser.add_argument("--region", metavar="REGION", help="another region than the role's")
    parser.add_argument("--print", action="store_true", help="print the address that signs in: a secret")
    parser.add_argument("--copy", action="store_true", help="put it into the terminal's clipboard (OSC 52)")
    parser.add_argument("--browser", metavar="COMMAND", help="open it by this command, the page's address behind it")
    parser.add_argument(
        "--container",
        action="store_true",
        help="in a container of Firefox's of the role's name (extension Open external links in a container)",
    )
    parser.add_argument("--logout", action="store_true", help="sign the browser out of the console instead")


VERBS = {
    "console": Verb(
        "Open the AWS console in a role, in a browser on this machine. The address that signs in is a secret: it is"
        " shown or copied only where that is asked for. See docs/console.md.",
        (
            "xacctctl console prod",
            "xacctctl console prod --service s3 --region eu-west-1",
            "xacctctl console prod --container",
            "xacctctl console prod --copy",
            "xacctctl console prod --logout",
        ),
        console,
        _declare,
    ),
}
