"""Making sure that roles are held, asking the human if that is what it takes."""

from __future__ import annotations

import os

from xacct import wire
from xacct.ctl import agents, shape, terminal
from xacct.ctl.client import event, foreign
from xacct.ctl.failure import HUMAN, CtlError, DaemonError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Final

    from xacct.ctl.client import Client, Stream

NOBODY_HINT: Final = "Log in at a terminal (xacctctl login ROLE), or give it a code: login --code -"
DECLINED_HINT: Final = "To allow it, say it again and answer y: Enter alone is a no."


class Held:
    """What came of it: roles that are held, roles that are not and why, roles that are had at their first use."""

    def __init__(self) -> None:
        self.held: list[wire.HeldEvent] = []
        self.failed: list[wire.FailedEvent] = []
        self.logged_in: list[wire.LoggedInEvent] = []


def hold(
    client: Client,
    roles: Sequence[str],
    *,
    code: str | None = None,
    until: float | None = None,
    grant: str | None = None,
    again: bool = False,
    lazy: bool = False,
    browser: bool | None = None,
    serial: str | None = None,
    heard: Callable[[wire.HeldEvent | wire.FailedEvent], None] = lambda _event: None,
) -> Held:
    """Log in to roles.

    Args:
        client: of the daemon.
        roles: their names.
        code: answers the first prompt, the terminal (if any) the others.
        until: how long the MFA session must last (Unix seconds).
        grant: the id of a grant that a human must let use them, where they are guarded.
        again: whether a code is spent on what AWS has refused.
        lazy: whether roles are had at their first use only.
        browser: whether this terminal opens a sign-in in a browser on this machine; False: it is to be one in any
            browser. None: as it comes.
        serial: the MFA device whose code it is to be, if it takes one; None: as configured.
        heard: is told as each role succeeds or fails.

    Raises:
        CtlError: the daemon refuses the request as a whole.
    """
    asked = {
        "roles": list(roles),
        "code": code,
        "until": until,
        "grant": grant,
        "again": again or None,
        "browser": browser,
        "lazy": lazy or None,
        "serial": serial,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    outcome = Held()
    for raw in converse(client, wire.LOGIN, body):
        match raw.get("event"):
            case "held":
                outcome.held.append(event(raw, shape.HELD))
                heard(outcome.held[-1])
            case "logged-in":
                outcome.logged_in.append(event(raw, wire.LoggedInEvent))
            case "failed":
                outcome.failed.append(event(raw, shape.FAILED))
                heard(outcome.failed[-1])
    return outcome


def credentials(client: Client, role: str, lifetime: int | None) -> wire.CredentialsEvent:
    """Return the secrets of `role`, good for `lifetime` seconds at least; asks like `hold`."""
    body = {"role": role, **({} if lifetime is None else {"lifetime": lifetime}), **agents.said(os.environ)}
    found: wire.CredentialsEvent | None = None
    for raw in converse(client, wire.CREDENTIALS, body):
        match raw.get("event"):
            case "credentials":
                found = event(raw, shape.CREDENTIALS)
            case "failed":
                raise refusal(event(raw, shape.FAILED)["error"])
    if found is None:
        raise foreign("no credentials and no reason")
    return found


def refusal(error: wire.ErrorBody) -> CtlError:
    """Return a role's failure as ours, with a hint that helps where nobody could be asked, or said no."""
    failure = DaemonError(error)
    if failure.status == HUMAN and not failure.hint:
        failure.hint = DECLINED_HINT if failure.code == "declined" else NOBODY_HINT
    return failure


def converse(client: Client, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Post `body`, answer the prompts of the stream, yield its other events up to `done`.

    Raises:
        CtlError: the stream breaks off before that: what is missing is then unknown.
    """
    _refuse_circle(os.environ.get("XACCT_SOURCE"))
    tty = terminal.find()
    asked = {**body, "attend": tty is not None}
    if tty is None:
        asked.pop("browser", None)  # nobody here opens one, or could type or paste anything
    stream = client.stream("POST", path, asked)
    try:
        for raw in stream if tty is None else _talking(client, stream, tty, opens=body.get("browser") is True):
            if raw.get("event") == "done":
                return
            yield raw
    finally:
        stream.close()
    raise CtlError(
        "xacctd went away in the middle of the answer.",
        "Say it again; xacctctl status shows what is held.",
    )


def _talking(client: Client, stream: Stream, tty: terminal.Terminal, *, opens: bool) -> Iterator[dict[str, Any]]:
    """Yield a stream's events; from its first prompt on, talk with whoever sits at the terminal as well."""
    while (events := stream.read()) is not None:
        for number, raw in enumerate(events):
            if raw.get("event") in {"prompt", "prompt-closed"}:
                from xacct.ctl.ask import Conversation  # noqa: PLC0415 - of use where somebody is asked
                from xacct.ctl.follow import follow  # noqa: PLC0415

                yield from follow(stream, tty, Conversation(client, tty, opens=opens), events[number:])
                return
            yield raw


def _refuse_circle(source: str | None) -> None:
    """What xacctd runs to get its first keys must not ask xacctd for others: both would wait."""
    if source:  # guard: sources-program-cannot-ask-back
        raise CtlError(
            f"xacctd is waiting for the keys of {source}, and their credential_process asks xacctd.",
            "Look into the program that credential_process names.",
        )
