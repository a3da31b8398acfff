"""Which dialog the desktop has, and how it is asked for a code: zenity, kdialog, or osascript on macOS.

The text is an argument of the program and holds nothing secret; the code comes back on its standard output.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.keeper.question import Question

TITLE = "xacct"


def command(env: Mapping[str, str], platform: str = sys.platform) -> Callable[[Question], list[str]] | None:
    """How to ask on this desktop, or None where there is no desktop or no dialog program."""
    if platform == "darwin":
        return _osascript
    if not (env.get("WAYLAND_DISPLAY") or env.get("DISPLAY")):
        return None
    if shutil.which("zenity", path=env.get("PATH")):
        return lambda question: [
            "zenity",
            "--entry" if question.kind == "mfa" else "--question",
            f"--title={TITLE}",
            f"--text={text(question)}",
        ]
    if shutil.which("kdialog", path=env.get("PATH")):
        return lambda question: [
            "kdialog",
            "--title",
            TITLE,
            "--inputbox" if question.kind == "mfa" else "--yesno",
            text(question),
        ]
    return None


def text(question: Question) -> str:
    """What a dialog says: who asks, for what, and what was wrong with the last answer."""
    if question.kind == "confirm":
        return f"Let {question.who} use {question.roles[0]}?"
    roles = ", ".join(question.roles[:5]) + ("…" if len(question.roles) > 5 else "")  # noqa: PLR2004
    lines = [f"MFA code for {roles}", f"Device: {question.serial}"]
    if question.problem:
        lines.insert(0, question.problem)
    return "\n".join(lines)


def _osascript(question: Question) -> list[str]:
    if question.kind == "confirm":
        script = (
            "on run argv\n"
            f'display dialog (item 1 of argv) with title "{TITLE}" buttons {{"No", "Yes"}} cancel button "No"\n'
            "end run"
        )
        return ["osascript", "-e", script, text(question)]
    script = (
        "on run argv\n"
        f'set answer to display dialog (item 1 of argv) default answer "" with title "{TITLE}"\n'
        "return text returned of answer\n"
        "end run"
    )
    return ["osascript", "-e", script, text(question)]
