"""The list of accounts and permission sets, as the daemon gives it; somebody at a terminal signs in for it."""

import sys
from collections.abc import Iterator
from typing import Final

from xacct import wire
from xacct.ctl import shape
from xacct.ctl.client import Client, event, foreign
from xacct.ctl.hold import converse, refusal
from xacct.ctl.render import clean

_MANY: Final = 20
"""Accounts from which on a line says how far it is."""

_NAMED: Final = 5
"""Accounts that are named where something is wrong with many."""


def listed(client: Client, session: str | None, *, refresh: bool) -> wire.AccountsEvent:
    """Return the list, asking to sign in if need be.

    Args:
        client: of the daemon.
        session: the name of an sso-session, or a start URL; None: the only one.
        refresh: whether what the daemon has kept is not good enough.

    Raises:
        CtlError: it can't be had.
    """
    body = {**({} if session is None else {"session": session}), "refresh": refresh}
    found: wire.AccountsEvent | None = None
    progress = _Progress()
    try:
        for raw in converse(client, wire.ACCOUNTS, body):
            match raw.get("event"):
                case "listing":
                    progress.show(event(raw, wire.ListingEvent))
                case "accounts":
                    found = event(raw, wire.AccountsEvent)
                case "failed":
                    raise refusal(event(raw, shape.FAILED)["error"])
    finally:
        progress.end()
    if found is None:
        raise foreign("no accounts and no reason")
    return found


class _Progress:
    """How far a list of many accounts is, in one line of a terminal that is written over again."""

    def __init__(self) -> None:
        self._drawn = False

    def show(self, how_far: wire.ListingEvent) -> None:
        if how_far["total"] >= _MANY and sys.stderr is not None and sys.stderr.isatty():
            self._drawn = True
            self._write(f"{how_far['listed']} of {how_far['total']} accounts listed ...")

    def end(self) -> None:
        if self._drawn:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def label(found: wire.AccountsEvent) -> str:
    """Return what was signed in to, as people call it."""
    return found["sign_in"]["session"] or found["sign_in"]["start_url"]


def troubles(found: wire.AccountsEvent) -> Iterator[str]:
    """Yield a sentence for each account whose permission sets could not be listed."""
    failed = [account for account in found["accounts"] if account["error"] is not None]
    for account in failed[:_NAMED]:
        error = account["error"]
        assert error is not None  # noqa: S101 - that is what was looked for
        yield clean(f"{account['account_id']} ({account['account_name']}): {error['sentence']}")
    if failed[_NAMED:]:
        yield f"... and {len(failed) - _NAMED} accounts more that could not be listed"
