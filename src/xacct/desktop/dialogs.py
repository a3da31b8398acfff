"""Which dialog the desktop has, and how it is asked for a code: zenity, kdialog, or osascript on macOS.

The text is an argument of the program and holds nothing secret; the code comes back on its standard output. What comes
from others in it (labels, names, programs, AWS's words) is made plain first: no markup, one line.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from xacct.desktop.prompter import Prompter
from xacct.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.desktop.parts import Parts, Run
    from xacct.prompts.prompt import Prompt

TITLE = "xacct"

DELAY = 1.0
"""Seconds a terminal's login gets to answer by itself (with --code) before a dialog appears."""

OURS = "xacctctl login"
"""What a login is called; who types it needs not be told."""


def command(env: Mapping[str, str], platform: str = sys.platform) -> Callable[[Prompt], list[str]] | None:
    """How to ask on this desktop, or None where there is no desktop or no dialog program."""
    if platform == "darwin":
        return _osascript
    if not (env.get("WAYLAND_DISPLAY") or env.get("DISPLAY")):
        return None
    if shutil.which("zenity", path=env.get("PATH")):
        return _zenity
    if shutil.which("kdialog", path=env.get("PATH")):
        return lambda prompt: [
            "kdialog",
            "--title",
            TITLE,
            "--inputbox" if takes_text(prompt) else "--yesno",
            text(prompt),
        ]
    return None


def prompter(given: Parts) -> Run | None:
    """What asks in dialogs; None where that can't be done, or is switched off."""
    dialog = command(given.env) if given.chosen.desktop else None
    return None if dialog is None else Prompter(given.broker, given.events, dialog, dialog=True, delay=DELAY).run


def takes_text(prompt: Prompt) -> bool:
    """Whether the answer is typed, or pasted; else it is a yes or a no."""
    return prompt.kind == "mfa" or prompt.take is not None


def text(prompt: Prompt) -> str:
    """What a dialog says: who asks, for what, and what was wrong with the last answer."""
    if prompt.kind == "confirm":
        # A line each, the role first: no label can stand where the role is looked for, or push it away.
        process = f"\nProcess: {plain(prompt.process)}" if prompt.process else ""  # guard: dialog-process-is-words
        return (
            # guard: dialog-label-is-words, dialog-role-has-line-of-its-own-first
            f"Let a program use the role {plain(prompt.roles[0])}?\nIt calls itself: {plain(prompt.label)}{process}"
        )
    roles = ", ".join(map(plain, prompt.roles[:5])) + ("…" if len(prompt.roles) > 5 else "")  # noqa: PLR2004
    if prompt.kind == "sign-in":
        who = f"\nAsked for by {plain(prompt.who)}" if prompt.process and prompt.label != OURS else ""
        there = f"\nand type this code there: {plain(prompt.user_code)}" if prompt.user_code else ""
        there = "\nand paste here what it shows at the end." if prompt.take is not None else there
        return (
            f"Sign in to {plain(prompt.service)} ({plain(prompt.sign_in)}) for {roles}?{who}\n"
            f"Open this in a browser: {plain(prompt.url)}{there}"
        )
    if prompt.others:
        others = ", ".join(map(plain, prompt.others))  # guard: dialog-other-devices-are-words
        there = f"Of the others ({others}): xacctctl attend"
    else:
        there = ""
    lines = [f"MFA code for {roles}", f"Device: {plain(prompt.serial)}"]  # guard: dialog-device-is-words
    if there:
        lines.append(there)
    if prompt.reason:
        lines.append(plain(prompt.reason))
    if prompt.process and prompt.label != OURS:
        lines.append(f"Asked for by {plain(prompt.who)}")
    if prompt.problem:
        lines.insert(0, plain(prompt.problem))  # guard: dialog-mistake-is-words
    return "\n".join(lines)


def _zenity(prompt: Prompt) -> list[str]:
    """A label that asks for an entry takes an underscore for the mark of a key, and two for an underscore."""
    asks_for_code = takes_text(prompt)
    said = text(prompt).replace("_", "__") if asks_for_code else text(prompt)  # guard: dialog-underscore-is-no-key
    return ["zenity", "--entry" if asks_for_code else "--question", f"--title={TITLE}", f"--text={said}"]


def _osascript(prompt: Prompt) -> list[str]:
    if not takes_text(prompt):
        script = (
            "on run argv\n"
            f'display dialog (item 1 of argv) with title "{TITLE}" buttons {{"No", "Yes"}} cancel button "No"\n'
            "end run"
        )
        return ["osascript", "-e", script, text(prompt)]
    script = (
        "on run argv\n"
        f'set answer to display dialog (item 1 of argv) default answer "" with title "{TITLE}"\n'
        "return text returned of answer\n"
        "end run"
    )
    return ["osascript", "-e", script, text(prompt)]
