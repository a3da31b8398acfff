"""The talk with the human at one terminal: what is asked, what is typed, what came of it."""

import time
from typing import Final

from xacct import wire
from xacct.ctl import approve, browser
from xacct.ctl.client import Anything, Client
from xacct.ctl.failure import DaemonError
from xacct.ctl.http10 import quote
from xacct.ctl.render import duration
from xacct.ctl.terminal import Terminal
from xacct.text import digits

_DIGITS: Final = 6
_ENDED_HERE: Final = {"mfa": ("answered", "declined"), "confirm": ("answered",), "sign-in": ("declined",)}
"""How a question ends by what was typed here, where what comes of it says more."""

_OURS: Final = ("xacctctl login", "xacctctl accounts")
"""What the daemon calls a login; who types it needs not be told."""

_VERIFYING: Final = 90.0
"""Seconds an answer may take: the daemon may have to ask AWS more than once."""


class Conversation:
    """Shows the prompts of one event stream, the oldest first, and answers them with what is typed.

    The daemon counts the attempts and decides when a question is over; here is only what is on
    the screen.

    Args:
        client: of the daemon.
        terminal: where a human sits.
        opens: whether a sign-in that waits for a browser on this machine is opened without more: the human has just
            asked for it here, by a login.
    """

    def __init__(self, client: Client, terminal: Terminal, *, opens: bool = False) -> None:
        self._opens = opens
        self._client = client
        self._terminal = terminal
        self._prompts: dict[str, wire.Prompt] = {}
        self._not_before: dict[str, float] = {}
        self._answered: set[str] = set()
        self._introduced: set[str] = set()
        self._introduction: list[str] = []
        self._said = ""
        self._device = ""  # the one that was chosen, where several will do

    @property
    def listening(self) -> bool:
        """Whether a typed line would be an answer."""
        prompt = self._current()
        return prompt is not None and self._wait(prompt) <= 0

    def patience(self) -> float | None:
        """Return the seconds until the screen changes by itself (a countdown), None for never."""
        prompt = self._current()
        if prompt is None or prompt["id"] not in self._not_before:
            return None
        wait = self._wait(prompt)
        return max(0.0, wait - int(wait)) or min(wait, 1.0)

    def raised(self, prompt: wire.Prompt) -> None:
        """Take a new question, or the next attempt at an open one."""
        known = self._prompts.get(prompt["id"])
        if known and prompt["id"] not in self._answered and {**known, "now": 0} == {**prompt, "now": 0}:
            return
        self._prompts[prompt["id"]] = prompt
        self._answered.discard(prompt["id"])
        if prompt["not_before"] is not None:
            self._not_before[prompt["id"]] = time.monotonic() + prompt["not_before"] - prompt["now"]
        self.refresh()

    def closed(self, event: wire.PromptClosedEvent) -> None:
        """Drop a question; say how it ended unless it was our own answer that ended it."""
        prompt = self._prompts.pop(event["id"], None)
        if prompt is None:
            return
        ours = event["id"] in self._answered
        self._not_before.pop(event["id"], None)
        self._answered.discard(event["id"])
        if event["id"] in self._introduced and not (ours and event["outcome"] in _ENDED_HERE.get(prompt["kind"], ())):
            self._terminal.forget()
            self._terminal.ask("")
            self._tell(event["sentence"])
        self.refresh()

    def refresh(self) -> None:
        """Bring the screen up to date: the question that is due, or the countdown to it."""
        prompt = self._current()
        if prompt is None:
            return
        if prompt["kind"] == "confirm":
            if prompt["id"] not in self._introduced:
                self._introduced.add(prompt["id"])
                self._terminal.forget()  # what was typed before the question is no answer to it
                self._show_details(prompt)
            self._terminal.ask(f"Let {_who(prompt)} use {', '.join(prompt['roles'])}? {approve.offer(prompt)} ")
            return
        if prompt["kind"] == "sign-in":
            if prompt["id"] not in self._introduced:
                self._show_sign_in(prompt)
            self._terminal.ask(self._waits_for(prompt))
            return
        if prompt["id"] not in self._introduced:
            self._introduce(prompt)
        if prompt["problem"]:
            self._tell(prompt["problem"])
        wait = self._wait(prompt)
        if wait > 0:
            self._terminal.ask(f"The next code can be used in {duration(wait + 1)} ... ")
            return
        if self._not_before.pop(prompt["id"], None) is not None:
            self._terminal.forget()  # what was typed during the countdown is the old code
        self._terminal.ask(self._wants(prompt))

    def typed(self) -> None:
        """Read the line that was typed and send it as the answer to the current question."""
        prompt = self._current()
        line = self._terminal.line()
        if prompt is not None and prompt["kind"] == "confirm":
            self._decide(prompt, line)
        elif prompt is not None and line == "" and self._can_open(prompt):
            self._open(prompt)
            self.refresh()
        elif prompt is not None and line and prompt.get("mode") == "paste":
            self._send(prompt, {"shown": line})
        elif prompt is None or line == "" or (prompt["kind"] == "sign-in" and line is not None):
            self.refresh()  # to a sign-in the browser is the answer, whatever is typed here
        elif line is None:
            self._terminal.show("")
            self._send(prompt, {"decline": True})
        elif (place := digits(line)) in map(str, range(1, len(_devices(prompt)) + 1)):
            self._choose(prompt, int(place) - 1)
        else:
            self._send_code(prompt, digits(line))

    def hush(self) -> None:
        """Leave the terminal clean behind an interrupted question."""
        if self._current() is not None:
            self._terminal.forget()
            self._terminal.show("")

    def _decide(self, prompt: wire.Prompt, line: str | None) -> None:
        """Yes takes a letter; Enter alone is a no, as the capital N says; anything else may be meant otherwise."""
        if line is None:
            self._terminal.show("")
        if (answer := approve.answer(prompt, line or "")) is not None:
            self._send(prompt, answer)
        else:
            letters = "y or n" if not prompt.get("choices") else "one of these letters"
            self._terminal.show(f"Type {letters}; nothing was sent.")
            self.refresh()

    def _show_details(self, prompt: wire.Prompt) -> None:
        """Say what would be allowed, and which process asks."""
        if lines := approve.details(prompt):
            self._terminal.ask("")
            self._terminal.show(f"{prompt.get('label', '')} asks to use {', '.join(prompt['roles'])}:")
            for line in lines:
                self._terminal.show(line)

    def _send_code(self, prompt: wire.Prompt, code: str) -> None:
        if len(code) == _DIGITS and code.isascii() and code.isdigit():
            self._said = ""
            several = len(_devices(prompt)) > 1
            # guard: code-is-of-the-chosen-device
            self._send(prompt, {"code": code, "serial": self._chosen(prompt)} if several else {"code": code})
        else:
            self._terminal.show("A code has six digits; nothing was sent.")
            self.refresh()

    def _send(self, prompt: wire.Prompt, answer: wire.PromptAnswer) -> None:
        path = wire.PROMPT.format(id=quote(prompt["id"]))
        self._answered.add(prompt["id"])
        try:
            self._client.call("POST", path, Anything, {**answer}, timeout=_VERIFYING)
        except DaemonError as error:
            self._refused(prompt, error)
        else:
            self.refresh()  # what is typed from now on answers the next question: it has to be seen

    def _refused(self, prompt: wire.Prompt, error: DaemonError) -> None:
        """Say why. A used code brings a new prompt event, a closed question its closing one."""
        self._tell(error.sentence)
        if error.code == "bad-request":
            self._answered.discard(prompt["id"])
            self.refresh()

    def _introduce(self, prompt: wire.Prompt) -> None:
        """Say whom the code is for; not once more for the next attempt, which is a question of its own."""
        self._introduced.add(prompt["id"])
        devices = _devices(prompt)
        which = devices[0] if len(devices) == 1 else "one of these devices"
        lines = [f"{', '.join(prompt['roles'])}: the MFA code of {which} is needed (Ctrl-D: no)."]
        if len(devices) > 1:
            lines += [f"  {number}  {serial}" for number, serial in enumerate(devices, 1)]
        if prompt["attempt"] > 1 and lines == self._introduction:
            return
        self._introduction = lines
        self._terminal.ask("")
        for line in lines:
            self._terminal.show(line)
        if prompt.get("reason"):
            self._terminal.show(prompt["reason"])
        if prompt.get("process") and prompt.get("label") not in _OURS:
            self._terminal.show(f"Asked for by {_who(prompt)}.")

    def _wants(self, prompt: wire.Prompt) -> str:
        """Say of which device the next code is taken, where several will do, and how to choose another."""
        attempt, devices = f"attempt {prompt['attempt']} of {prompt['attempts']}", _devices(prompt)
        if len(devices) == 1:
            return f"MFA code ({attempt}): "
        return f"MFA code of {devices.index(self._chosen(prompt)) + 1} ({attempt}; another device: its number): "

    def _chosen(self, prompt: wire.Prompt) -> str:
        devices = _devices(prompt)
        return self._device if self._device in devices else devices[0]

    def _choose(self, prompt: wire.Prompt, place: int) -> None:
        self._device = _devices(prompt)[place]
        self._said = ""
        self.refresh()

    def _show_sign_in(self, prompt: wire.Prompt) -> None:
        """Say whom it is for, where it is done, and with which code: by that the human knows the right window."""
        self._introduced.add(prompt["id"])
        self._terminal.ask("")
        service = prompt.get("service") or "IAM Identity Center"  # all that an older daemon has
        self._terminal.show(f"{', '.join(prompt['roles'])}: sign in to {service} ({prompt['sign_in']}).")
        if prompt.get("process") and prompt.get("label") not in _OURS:
            self._terminal.show(f"Asked for by {_who(prompt)}: decline it (Ctrl-D) if you don't expect that.")
        if prompt.get("mode") == "redirect":
            self._show_redirect(prompt)
            return
        self._terminal.show(f"Open this in a browser:  {prompt['url']}")
        if prompt.get("mode") == "paste":
            self._terminal.show("and paste here what it shows at the end.")
        else:
            self._terminal.show(f"and type this code there: {prompt['user_code']}")

    def _show_redirect(self, prompt: wire.Prompt) -> None:
        """Say what is opened, and what else there is."""
        if self._opens and self._open(prompt):
            self._terminal.show("A browser on this machine opens this:")
        else:
            self._terminal.show("Open this in a browser on this machine:")
        self._terminal.show(prompt["url"])
        other = f"xacctctl login {prompt['roles'][0]} --device-code"
        self._terminal.show(f"In any browser instead: {other}")

    def _waits_for(self, prompt: wire.Prompt) -> str:
        """Say what ends a sign-in: what is pasted here, or what is done in the browser."""
        if prompt.get("mode") == "paste":
            return "What the page shows (Ctrl-D: no): "
        enter = "Enter: open it, " if self._can_open(prompt) else ""
        return f"Waiting for the browser ({enter}Ctrl-D: no) ... "

    def _can_open(self, prompt: wire.Prompt) -> bool:
        """Say whether Enter opens a browser: the page is for one on the human's machine, and not everybody is there."""
        return prompt.get("mode") == "redirect" and browser.expected()

    def _open(self, prompt: wire.Prompt) -> bool:
        if browser.open_page(prompt["url"]):
            return True
        self._terminal.show("No browser could be opened.")
        return False

    def _tell(self, sentence: str) -> None:
        """Show a sentence once: a refusal may come as an answer and as a prompt's problem."""
        if sentence != self._said:
            self._said = sentence
            self._terminal.show(sentence)

    def _current(self) -> wire.Prompt | None:
        """Return the oldest question that nobody here has answered yet."""
        waiting = (prompt for key, prompt in self._prompts.items() if key not in self._answered)
        return next(waiting, None)

    def _wait(self, prompt: wire.Prompt) -> float:
        until = self._not_before.get(prompt["id"])
        return 0.0 if until is None else until - time.monotonic()


def _devices(prompt: wire.Prompt) -> list[str]:
    """Return the MFA devices any of which will do."""
    return prompt.get("devices") or [prompt["serial"]]


def _who(prompt: wire.Prompt) -> str:
    """Return who would use a role: what it is called, and its process where that is known."""
    process = prompt.get("process")
    return prompt.get("label", "") + (f" ({process})" if process else "")
