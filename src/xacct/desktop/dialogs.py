"""Which dialog the desktop has, and how it is asked for a code: zenity, kdialog, or osascript on macOS.

The text is an argument of the program and holds nothing secret; the code comes back on its standard output. What comes
from others in it (labels, names, programs, AWS's words) is made plain first: no markup, one line.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from xacct.desktop.program import Dialog
from xacct.desktop.ways import Unusable
from xacct.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.desktop.parts import Parts
    from xacct.desktop.ways import Way
    from xacct.prompts.prompt import Prompt

TITLE = "xacct"

OURS = "xacctctl login"
"""What a login is called; who types it needs not be told."""


def command(env: Mapping[str, str], platform: str = sys.platform) -> Callable[[Prompt], list[str]] | None:
    """How to ask on this desktop, or None where there is no desktop or no dialog program."""
    if platform == "darwin":
        return _osascript
    if not (env.get("WAYLAND_DISPLAY") or env.get("DISPLAY")):
        return None
    import shutil  # noqa: PLC0415 - late: of use on a desktop

    if shutil.which("zenity", path=env.get("PATH")):
        return _zenity
    if shutil.which("kdialog", path=env.get("PATH")):
        return _kdialog
    return None


def way(given: Parts) -> Way | Unusable:
    """What asks in dialogs."""
    if not given.chosen.desktop:
        return Unusable("prompts.desktop is false")
    dialog = command(given.env)
    return Unusable("there is no display, or neither zenity nor kdialog") if dialog is None else Dialog(dialog)


def takes_text(prompt: Prompt) -> bool:
    """Whether the answer is typed, or pasted; else it is a yes or a no."""
    return prompt.kind == "mfa" or prompt.take is not None


def text(prompt: Prompt, *, problem: bool = True) -> str:
    """What a dialog says: who asks, for what, and (with `problem`) what was wrong with the last answer."""
    if prompt.kind == "confirm":
        # A line each, the role first: no label can stand where the role is looked for, or push it away.
        process = f"\nProcess: {plain(prompt.process)}" if prompt.process else ""  # guard: dialog-process-is-words
        asks = (
            # guard: dialog-label-is-words, dialog-role-has-line-of-its-own-first
            f"Let a program use the role {plain(prompt.roles[0])}?\nIt calls itself: {plain(prompt.label)}{process}"
        )
        return "\n".join([asks, *_details(prompt)])
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
    if prompt.problem and problem:
        lines.insert(0, plain(prompt.problem))  # guard: dialog-mistake-is-words
    return "\n".join(lines)


def _details(prompt: Prompt) -> list[str]:
    """What would be allowed, and what the process is that asks."""
    if (permission := prompt.permission) is None:
        return []
    asker = permission.asker
    where = f" in account {permission.account}" if permission.account else ""
    said = {
        "Allows": permission.allows and permission.allows + where,
        "Started by": ", ".join(f"{name} {pid}" for pid, name in asker.tree[1:]),
        "Directory": asker.directory,
        "Command": asker.command,
    }
    return [f"{name}: {plain(words)}" for name, words in said.items() if words]  # guard: dialog-details-are-words


def means(prompt: Prompt) -> str:
    """What a plain yes means, where a dialog has no place for the other lengths; empty: nothing more than a yes."""
    if not prompt.choices:
        return ""
    others = "; for another length: xacctctl attend" if len(prompt.choices) > 1 else ""
    return f"Yes means: {prompt.choices[0].words}{others}"


def _listed(prompt: Prompt) -> list[str]:
    """The words of the lengths that are to be chosen from; none where there are not several."""
    return [each.words for each in prompt.choices] if len(prompt.choices) > 1 else []


def _asked(prompt: Prompt) -> str:
    """The text of a dialog that lists the lengths, or has a plain yes."""
    listed = "" if takes_text(prompt) else "For how long?" if _listed(prompt) else means(prompt)
    return text(prompt) + (f"\n{listed}" if listed else "")


def _kdialog(prompt: Prompt) -> list[str]:
    if words := _listed(prompt):
        # Each row has a tag, which is printed, and what is shown.
        rows = [word for each in words for word in (each, each)]
        return ["kdialog", "--title", TITLE, "--menu", _asked(prompt), *rows]
    return ["kdialog", "--title", TITLE, "--inputbox" if takes_text(prompt) else "--yesno", _asked(prompt)]


def _zenity(prompt: Prompt) -> list[str]:
    """A label that asks for an entry takes an underscore for the mark of a key, and two for an underscore."""
    if words := _listed(prompt):
        how = ["--column=A yes holds", "--hide-header", "--width=480", "--height=360"]
        return ["zenity", "--list", f"--title={TITLE}", *how, f"--text={_asked(prompt)}", *words]
    asks_for_code = takes_text(prompt)
    said = text(prompt).replace("_", "__") if asks_for_code else _asked(prompt)  # guard: dialog-underscore-is-no-key
    return ["zenity", "--entry" if asks_for_code else "--question", f"--title={TITLE}", f"--text={said}"]


def _osascript(prompt: Prompt) -> list[str]:
    if words := _listed(prompt):
        script = (
            "on run argv\n"
            f'set chosen to choose from list (items 2 thru -1 of argv) with title "{TITLE}" '
            "with prompt (item 1 of argv)\n"
            "if chosen is false then error number -128\n"
            "return item 1 of chosen\n"
            "end run"
        )
        return ["osascript", "-e", script, _asked(prompt), *words]
    if not takes_text(prompt):
        script = (
            "on run argv\n"
            f'display dialog (item 1 of argv) with title "{TITLE}" buttons {{"No", "Yes"}} cancel button "No"\n'
            "end run"
        )
        return ["osascript", "-e", script, _asked(prompt)]
    script = (
        "on run argv\n"
        f'set answer to display dialog (item 1 of argv) default answer "" with title "{TITLE}"\n'
        "return text returned of answer\n"
        "end run"
    )
    return ["osascript", "-e", script, text(prompt)]
