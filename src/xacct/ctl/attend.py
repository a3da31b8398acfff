"""`attend`: this terminal answers what the daemon asks, whoever caused the question."""

import time
from argparse import ArgumentParser, Namespace
from functools import partial
from typing import Any, Final

from xacct import wire
from xacct.ctl import lend, start, terminal
from xacct.ctl.ask import Conversation
from xacct.ctl.client import Client, event
from xacct.ctl.failure import HUMAN, OK, CtlError, HungUpError, NotRunningError, UnreachableError
from xacct.ctl.follow import follow
from xacct.ctl.render import duration, until
from xacct.ctl.terminal import Terminal
from xacct.ctl.verb import Verb

_PAUSE: Final = 0.2
"""Seconds between two looks for a daemon that went away."""


def attend(args: Namespace, client: Client) -> int:
    """Answer prompts until Ctrl-C. A restarted daemon is found again, a stopped one left alone."""
    tty = terminal.find()
    if tty is None:
        raise CtlError("There is no terminal here to ask on.", "Run it in a terminal window.", HUMAN)
    once = partial(lend.once, tty=tty, query=lend.query()) if args.pinentry else partial(_attend_once, tty=tty)
    waiting = Client(client.path)
    try:
        once(client)
        while True:
            tty.show("xacctd is gone; waiting for it to come back (Ctrl-C ends).")
            start.reap()
            while not once(waiting):
                time.sleep(args.pause)
    except KeyboardInterrupt:
        return OK


def _attend_once(client: Client, tty: Terminal) -> bool:
    """Answer prompts until the daemon goes; False when it isn't there."""
    try:
        stream = client.stream("GET", f"{wire.EVENTS}?attend=1")
        status = client.call("GET", wire.STATUS, wire.StatusAnswer)
    except (NotRunningError, UnreachableError, HungUpError):
        return False
    tty.show("Attending: questions from xacctd come here (Ctrl-C ends).")
    conversation = Conversation(client, tty)
    for prompt in status["prompts"]:
        conversation.raised(prompt)
    try:
        for raw in follow(stream, tty, conversation):
            _report(raw, tty, conversation)
    except HungUpError:
        pass  # a daemon that was killed rather than stopped
    finally:
        stream.close()
    return True


def _report(raw: dict[str, Any], tty: Terminal, conversation: Conversation) -> None:
    line = _line(raw)
    if line:
        tty.ask("")
        tty.show(f"{time.strftime('%H:%M:%S')} {line}", "dim")
        conversation.refresh()


def _line(raw: dict[str, Any]) -> str:
    """Return what an event says, "" if it is not one to show."""
    line = ""
    match raw.get("event"):
        case "held" | "renewed" as what:
            held = event(raw, wire.HeldEvent)
            line = f"{held['role']}: {what}, expires in {until(held['expires_at'], held['now'])}"
        case "failed":
            failed = event(raw, wire.FailedEvent)
            line = f"{failed['role']}: {failed['error']['sentence']}"
        case "expired":
            line = f"{event(raw, wire.ExpiredEvent)['role']}: expired"
        case "mfa-ends":
            end = event(raw, wire.MfaEndsEvent)
            what = "a code" if end["serial"] else "a sign-in"
            line = f"{', '.join(end['roles'])}: {what} is needed in {duration(end['seconds'])}"
        case "locked":
            line = "locked: nothing is handed out until xacctctl unlock"
        case "cut-off":
            line = event(raw, wire.CutOffEvent)["sentence"]
        case "unlocked":
            line = "unlocked"
    return line


def _declare(parser: ArgumentParser) -> None:
    parser.set_defaults(pause=_PAUSE)
    parser.add_argument(
        "--pinentry",
        action="store_true",
        help="have your pinentry ask on this terminal, as gpg does: for codes, and for yes or no (docs/settings.md)",
    )


VERBS = {
    "attend": Verb(
        "Make this terminal the place where MFA codes are asked for, and whether a program may use"
        " a guarded role, whichever program it is; and show what the daemon does. Ctrl-C ends.",
        ("xacctctl attend", "xacctctl attend --pinentry"),
        attend,
        _declare,
    ),
}
