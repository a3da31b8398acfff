"""The live view's loop: what the daemon tells and what is typed, each as it comes."""

from __future__ import annotations

import os
import threading
import time

from xacct import wire
from xacct.ctl import approve, shape, terminal
from xacct.ctl.client import Anything, Client, event
from xacct.ctl.failure import HUMAN, OK, CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.render import clean
from xacct.ctl.screen.raw import Screen
from xacct.ctl.watch.board import Board
from xacct.ctl.watch.view import frame, grants_shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from xacct.ctl.client import Stream

_TICK: Final = 1.0
"""Seconds between two frames where nothing happens: what is left is counted down."""

_LOOK: Final = 5.0
"""Seconds after which the daemon is asked anew though it has told nothing: a use is no event."""

_OFTEN: Final = 0.2
"""Seconds between two looks at least, however much happens."""

_VERIFYING: Final = 90.0
"""Seconds an answer may take: the daemon may have to ask AWS more than once."""

_MOVES: Final = {"up": -1, "down": 1, "page-up": -10, "page-down": 10, "home": -100_000, "end": 100_000}


def watch(client: Client) -> int:
    """Show how roles stand until `q`.

    Raises:
        CtlError: there is no terminal that can be drawn on.
    """
    tty = terminal.find()
    if tty is None or os.environ.get("TERM", "dumb") == "dumb":
        raise CtlError("There is no terminal here to draw on.", "xacctctl status; xacctctl attend", HUMAN)
    client.call("GET", wire.STATUS, shape.status())  # starts the daemon, and says what is wrong while one can read it
    with Screen(tty.fileno(), tty.output) as screen:
        view = _Watch(client.without_start(), screen)
        try:
            view.run()
        finally:
            view.close()
    return OK


class _Watch:
    def __init__(self, client: Client, screen: Screen) -> None:
        self._client = client
        self._screen = screen
        self.board = Board()
        self._streams: list[Stream] = []
        self._looked = float("-inf")
        self._stale = True
        self._left = False

    def run(self) -> None:
        """Go on until somebody leaves."""
        while not self._left:
            self._keep_up()
            self._screen.draw(frame(self.board, time.monotonic(), self._screen.size))
            waiting = any(stream.ready() for stream in self._streams)
            keys, ready = self._screen.wait(self._streams, 0.0 if waiting else _OFTEN if self._stale else _TICK)
            for key in keys:  # guard: keys-are-for-what-was-on-the-screen
                self._typed(key)
            for stream in [each for each in self._streams if each in ready or each.ready()]:
                self._read(stream)

    def close(self) -> None:
        """Hang up."""
        for stream in self._streams:
            stream.close()
        self._streams = []

    def _keep_up(self) -> None:
        """Have the streams open, and a status that is new enough; where the daemon is gone, say so and try again."""
        now = time.monotonic()
        if now - self._looked < (_OFTEN if self._stale else _TICK if self.board.status is None else _LOOK):
            return
        self._looked = now
        try:
            if not self._streams:
                self._streams.append(self._client.stream("GET", f"{wire.EVENTS}?attend=1"))
                self._follow_audit()
                self.board.message = ""
            self.board.take(self._client.call("GET", wire.STATUS, shape.status()), now)
            self._stale = False
        except CtlError as error:
            self.close()
            self._stale = False
            self.board.status, self.board.message = None, error.sentence

    def _follow_audit(self) -> None:
        """Hear who fetches; a daemon that keeps no audit says so, and the column stays empty."""
        try:
            self._streams.append(self._client.stream("GET", f"{wire.AUDIT}?follow=1"))
        except CtlError:
            return

    def _read(self, stream: Stream) -> None:
        try:
            events = stream.read()
        except CtlError:
            events = None
        if events is None:
            self._streams.remove(stream)
            stream.close()
            self._stale = True
            return
        for raw in events:
            if raw.get("event") == "prompt":
                event(raw, wire.PromptEvent)
            self._stale |= self.board.happened(raw)

    def _typed(self, key: str) -> None:
        if self.board.filtering:
            self._filter(key)
        elif self.board.revocable is not None:
            if grant := self.board.chosen(key, grants_shown(self._screen.size[1])):
                self._revoke(grant)
        elif key in _MOVES:
            self.board.move(_MOVES[key])
        elif (prompt := self.board.prompt()) is not None and self._answers(prompt, key):
            return
        elif action := _ACTIONS.get(key):
            action(self)

    def _filter(self, key: str) -> None:
        if key in ("enter", "escape"):
            self.board.filtering = False
        elif key == "backspace":
            self.board.look_for(self.board.filter[:-1])
        elif key == "ctrl-u":
            self.board.look_for("")
        elif len(key) == 1:
            self.board.look_for(self.board.filter + key)

    def _answers(self, prompt: wire.Prompt, key: str) -> bool:
        """Whether a key is part of an answer to the question."""
        if key == "n":
            self._answer(prompt, {"decline": True})
        elif prompt["kind"] == "confirm" and len(key) == 1 and (said := approve.answer(prompt, key)) is not None:
            self._answer(prompt, said)
        elif prompt["kind"] == "mfa" and (key.isdigit() or key in ("enter", "backspace")):
            if code := self.board.digit(key):
                self._answer(prompt, {"code": code})
        else:
            return False
        return True

    def _answer(self, prompt: wire.Prompt, body: Mapping[str, Any]) -> None:
        path = wire.PROMPT.format(id=quote(prompt["id"]))
        self.board.message = "..."
        self._meanwhile(lambda: self._client.call("POST", path, Anything, body, timeout=_VERIFYING))

    def _meanwhile(self, call: Callable[[], object], done: str = "") -> None:
        """Do what may take its time, and go on drawing; say so once it is done."""

        def work() -> None:
            self.board.message = ""
            try:
                call()
                self.board.message = done or self.board.message
            except CtlError as error:
                self.board.message = error.sentence
            self._stale = True
            self._screen.wake()

        threading.Thread(target=work, daemon=True).start()

    def log_in(self) -> None:
        """Log in to the role at the cursor; what is asked meanwhile is asked here."""
        role = self.board.cursor
        if not role:
            return

        def call() -> None:
            stream = self._client.stream("POST", wire.LOGIN, {"roles": [role], "attend": True})
            try:
                for raw in stream:
                    if raw.get("event") == "failed":
                        raise CtlError(f"{role}: {event(raw, shape.FAILED)['error']['sentence']}")
            finally:
                stream.close()

        self._meanwhile(call)

    def log_out(self) -> None:
        """Log out of the role at the cursor."""
        if role := self.board.cursor:
            self._meanwhile(lambda: self._client.call("POST", wire.LOGOUT, wire.LogoutAnswer, {"roles": [role]}))

    def revoke(self) -> None:
        """Ask which grant for the role at the cursor is to be revoked."""
        if role := self.board.cursor:
            self._meanwhile(
                lambda: self.board.offer(role, self._client.call("GET", wire.GRANTS, wire.GrantsAnswer)["grants"])
            )

    def _revoke(self, grant: wire.GrantInfo) -> None:
        path = wire.GRANT.format(id=quote(grant["id"]))
        self._meanwhile(lambda: self._client.call("DELETE", path, Anything), f"Revoked: {clean(grant['label'])}")

    def lock(self) -> None:
        """Hand out nothing."""
        self._meanwhile(lambda: self._client.call("POST", wire.LOCK, wire.LockAnswer, {}))

    def unlock(self) -> None:
        """Hand out again."""
        self._meanwhile(lambda: self._client.call("POST", wire.UNLOCK, wire.LockAnswer, {}))

    def filter(self) -> None:
        """Have keys go into the filter."""
        self.board.filtering = True

    def leave(self) -> None:
        """End it."""
        self._left = True


_ACTIONS: Final[Mapping[str, Callable[[_Watch], None]]] = {
    "l": _Watch.log_in,
    "o": _Watch.log_out,
    "r": _Watch.revoke,
    "k": _Watch.lock,
    "u": _Watch.unlock,
    "/": _Watch.filter,
    "q": _Watch.leave,
    "escape": _Watch.leave,
}
