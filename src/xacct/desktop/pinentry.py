"""Asking by pinentry, the user's own: the one that gpg-agent.conf names, else the system's.

Here it is one that draws a window. Those that need a terminal are run on one that `xacctctl attend --pinentry` lends
(terminal.py).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from xacct import fileio
from xacct.desktop import assuan
from xacct.desktop.dialogs import TITLE, means, text
from xacct.desktop.ways import PassOn, Unusable
from xacct.host.child import ChildError
from xacct.host.conversation import talk
from xacct.prompts.subscribers import LENT_FOR
from xacct.text import cut, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.desktop.parts import Parts
    from xacct.desktop.ways import Asked, Way
    from xacct.host.conversation import Conversation
    from xacct.prompts.prompt import Kind, Prompt
    from xacct.prompts.subscribers import Tty

NAMES = ("pinentry", "pinentry-mac")
"""What it is called where gpg-agent.conf says nothing."""

LARGEST = 64 * 1024
"""Bytes of a gpg-agent.conf."""

WIDTH, MOST_LINES = 60, 12
"""Columns and lines of what is said on a terminal: of 80 and 24, pinentry-curses needs some for frame and buttons."""

PASSED_ON = frozenset(
    """
    PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES TMPDIR DISPLAY WAYLAND_DISPLAY XAUTHORITY
    XDG_RUNTIME_DIR XDG_SESSION_TYPE XDG_CURRENT_DESKTOP XDG_DATA_DIRS XDG_CONFIG_DIRS XDG_CONFIG_HOME GTK_THEME
    DBUS_SESSION_BUS_ADDRESS GNUPGHOME PINENTRY_USER_DATA QT_QPA_PLATFORM QT_QPA_PLATFORMTHEME
    """.split()  # noqa: SIM905 - one a line takes a page
)
"""What a window needs of the environment, and nothing that may be secret."""


class Pinentry:
    """Asks by one program.

    Args:
        program: Its path.
        given: The daemon's environment and its clock.
        tty: The terminal it may use; None: it has to draw a window.
    """

    def __init__(self, program: str, given: Parts, tty: Tty | None = None) -> None:
        self._program = program
        self._given = given
        self._tty = tty

    def takes(self, topic: str, kind: Kind) -> bool:  # noqa: ARG002 - a Way's
        """Codes, and yes or no."""
        return kind in LENT_FOR

    async def ask(self, asked: Asked) -> None:
        """Hold the conversation, until something is said that makes sense."""
        await asked.fresh()
        try:
            async with talk([self._program], clean(self._given.env)) as program:
                await self._greet(program)
                await self._hold(program, asked)
        except ChildError as error:
            raise PassOn(f"{self._program} {error.why}") from None
        except assuan.BadAnswer:
            raise PassOn(f"{self._program} does not speak as a pinentry does") from None

    async def _greet(self, program: Conversation) -> None:
        """Tell it where it is. What it does not know of that, it does without."""
        await assuan.greeted(program)
        for option in self._options():
            await _tell(program, "OPTION", option)
        flavour = await _tell(program, "GETINFO", "flavor")
        if self._tty is None and _needs_terminal(flavour):  # guard: pinentry-without-window-is-passed-over
            raise PassOn(f"{self._program} ({flavour}) needs a terminal here: xacctctl attend --pinentry lends it one")

    def _options(self) -> list[str]:
        # Windows that grab the keyboard keep the human from looking the code up.
        options = ["no-grab"]
        for name in ("LC_ALL", "LC_CTYPE", "LANG"):
            if self._tty is None and self._given.env.get(name):
                options.append(f"lc-ctype={self._given.env[name]}")
                break
        if self._tty is not None:
            options += [f"ttyname={self._tty.name}", f"ttytype={self._tty.kind or 'dumb'}"]
            options += [f"lc-ctype={self._tty.ctype}"] if self._tty.ctype else []
        elif self._given.env.get("DISPLAY"):
            options.append(f"display={self._given.env['DISPLAY']}")
        return options

    async def _hold(self, program: Conversation, asked: Asked) -> None:
        prompt, words = asked.prompt, _as_it_is
        await _tell(program, "SETTITLE", TITLE)
        while asked.open:
            await self._set(program, asked, words)
            try:
                said = await assuan.ask(program, "GETPIN" if prompt.kind == "mfa" else "CONFIRM")
            except assuan.Refused as refused:
                # guard: pinentry-is-asked-without-what-its-locale-has-not
                if refused.code == assuan.LOCALE_PROBLEM and words is _as_it_is:
                    words = _in_ascii
                    continue
                _refused(refused, asked, self._program)
                return
            except ChildError:
                if self._tty is None:
                    raise
                asked.decline()  # Ctrl-C ends pinentry-curses without a word
                return
            if asked.allow() if prompt.kind == "confirm" else asked.answer(said):
                return
            await asked.fresh()

    async def _set(self, program: Conversation, asked: Asked, words: Callable[[str], str]) -> None:
        """Say what it is to show; `words` makes it such as it can show."""
        prompt = asked.prompt
        await _tell(program, "SETTIMEOUT", str(max(1, int(prompt.deadline - self._given.boot()))))
        await _tell(program, "SETDESC", words(_description(prompt, terminal=self._tty is not None)))
        if prompt.kind == "mfa":
            await _tell(program, "SETPROMPT", "MFA code:")
        else:
            # pinentry-curses draws no button that is wider than a few words; the description has said it.
            held = f", {prompt.choices[0].words}" if prompt.choices and self._tty is None else ""
            await _tell(program, "SETOK", f"_Yes{held}")
            await _tell(program, "SETCANCEL", "_No")  # guard: pinentry-shows-a-no
        if asked.problem:
            await _tell(program, "SETERROR", words(plain(asked.problem)))


def _as_it_is(text: str) -> str:
    return text


def _in_ascii(text: str) -> str:
    return text.replace("…", "...").encode("ascii", "replace").decode()


def _description(prompt: Prompt, *, terminal: bool) -> str:
    """What is asked, no longer than a line of the protocol takes, and on a terminal than that does.

    What is too long loses its end line by line: a program chooses the words of some, and one that is long must not push
    the others away. The first says what is asked for, the last how long a yes holds: those are shortened last of all.
    """
    lines = "\n".join(filter(None, [text(prompt, problem=False), means(prompt)])).split("\n")
    for kept in ((0, len(lines) - 1), ()):
        most = max(map(len, lines))
        while most > 0:
            said = [line if place in kept else cut(line, most) for place, line in enumerate(lines)]
            rows = _wrapped(said) if terminal else said
            # guard: pinentry-line-takes-all-that-is-asked, pinentry-in-terminal-fits-it
            if assuan.fits("SETDESC", "\n".join(rows)) and not (terminal and len(rows) > MOST_LINES):
                return "\n".join(rows)
            most -= most // 8 + 1
    return lines[0]


def _wrapped(lines: list[str]) -> list[str]:
    """Lines for pinentry-curses, which breaks none and asks nothing where one is too long."""
    import textwrap  # noqa: PLC0415 - late: of use where a terminal was lent

    return [part for line in lines for part in textwrap.wrap(line, WIDTH)]


async def _tell(program: Conversation, command: str, argument: str) -> str:
    """Say something that old or simple programs need not know."""
    try:
        return await assuan.ask(program, command, argument)
    except assuan.Refused:
        return ""


def _refused(refused: assuan.Refused, asked: Asked, program: str) -> None:
    """A human who cancels says no; a window that has waited long enough, or can't be drawn, says nothing."""
    if refused.code in assuan.CANCELLED:  # guard: pinentry-cancelled-is-no
        asked.decline()
    elif refused.code == assuan.TIMED_OUT:
        raise PassOn
    else:
        raise PassOn(f"{program} can't ask (error {refused.code})")


def _needs_terminal(flavour: str) -> bool:
    """Of one that falls back to a terminal, the flavour ends so: "gnome3:curses"."""
    return flavour.rpartition(":")[2] in {"curses", "tty"}


def clean(env: Mapping[str, str]) -> dict[str, str]:
    """The environment it is run in."""
    return {name: env[name] for name in PASSED_ON if name in env}  # guard: pinentry-gets-no-secret-variable


def find(env: Mapping[str, str]) -> str | Unusable:
    """The program's path, or why there is none."""
    import shutil  # noqa: PLC0415 - late: of use where somebody is asked so

    configured = named_by_gpg(env)
    if configured is not None:
        usable = os.access(configured, os.X_OK) and Path(configured).is_file()
        return configured if usable else Unusable(f"{configured}, which gpg-agent.conf names, can't be run")
    for name in NAMES:
        if found := shutil.which(name, path=env.get("PATH")):
            return found
    return Unusable("there is no pinentry")


def named_by_gpg(env: Mapping[str, str]) -> str | None:
    """What gpg-agent.conf says; None where it says nothing, or can't be read."""
    home = env.get("GNUPGHOME") or (f"{env['HOME']}/.gnupg" if env.get("HOME") else None)
    try:
        lines = fileio.read(f"{home}/gpg-agent.conf", LARGEST).decode("utf-8", "replace").splitlines() if home else []
    except OSError:
        return None
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        if word == "pinentry-program" and rest.strip():
            return rest.strip()
    return None


def way(given: Parts, platform: str = sys.platform) -> Way | Unusable:
    """What asks by it in a window."""
    found = find(given.env)
    if isinstance(found, Unusable):
        return found
    if platform != "darwin" and not (given.env.get("WAYLAND_DISPLAY") or given.env.get("DISPLAY")):
        return Unusable("there is no display; xacctctl attend --pinentry lends it a terminal")
    return Pinentry(found, given)
