"""How the use of a guarded role is asked about: what a human is shown of it, and which words are which answer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xacct import wire

KEYS: Final = {"once": "j", "minutes": "m", "grant": "g", "logout": "a"}  # guard: no-digit-and-no-key-of-view-allows
"""What is typed for a yes of each length. No digit, which may be the rest of a code, and no key of the live view."""

_SHOWN: Final = {"once": "just once", "logout": "always until logout (for all)"}
"""Words that say what their key stands for, where it is not the default."""

_YES: Final = ("y", "yes")
_NO: Final = ("", "n", "no")  # guard: enter-alone-is-no


def details(prompt: wire.Prompt) -> list[str]:
    """Return lines about what would be allowed, and to whom; none where an older daemon says nothing of it."""
    allows, account = prompt.get("allows", ""), prompt.get("account", "")
    where = f" in account {account}" if account else ""
    tree = " < ".join(f"{process['name']} {process['pid']}" for process in prompt.get("processes", []))
    said = {
        "Allows": f"{allows}{where}" if allows else "",
        "Process": tree,
        "Directory": prompt.get("directory", ""),
        "Command": prompt.get("command", ""),
    }
    return [f"  {name}: {value}" for name, value in said.items() if value]


def offer(prompt: wire.Prompt) -> str:
    """Return what can be typed, in words."""
    choices = prompt.get("choices", [])
    if not choices:
        return "[y/N]"
    first, *others = choices
    keyed = [f"{KEYS[each['lasts']]} {_SHOWN.get(each['lasts'], each['words'])}" for each in others if _known(each)]
    return "[" + ", ".join([f"y {first['words']}", *keyed, "N no"]) + "]"


def answer(prompt: wire.Prompt, word: str) -> wire.PromptAnswer | None:
    """Return what a typed word means; None: nothing, for it may be meant for something else.

    Args:
        prompt: the question.
        word: what was typed; nothing is a no. "m 30" are thirty minutes.
    """
    word = word.lower().strip()
    choices = prompt.get("choices", [])
    if word in _NO:
        return {"decline": True}
    if word in _YES:
        return _said(choices[0]) if choices else {"confirm": True}  # guard: plain-yes-is-what-was-shown
    for choice in choices:
        if not _known(choice):
            continue
        key = KEYS[choice["lasts"]]
        if word == key:
            return _said(choice)
        number = word.removeprefix(key).strip()
        if choice["lasts"] == "minutes" and word.startswith(key) and number.isascii() and number.isdigit():
            return {"confirm": True, "lasts": "minutes", "minutes": int(number[:6])}
    return None


def _said(choice: wire.Choice) -> wire.PromptAnswer:
    """Return a yes of the length that was shown: whatever the daemon holds for the default by now."""
    if not _known(choice):
        return {"confirm": True}
    said: wire.PromptAnswer = {"confirm": True, "lasts": choice["lasts"]}  # type: ignore[typeddict-item]  # it is known
    if "minutes" in choice:
        said["minutes"] = choice["minutes"]
    return said


def _known(choice: wire.Choice) -> bool:
    """Say whether it is a length that this xacctctl knows a key for."""
    return choice["lasts"] in KEYS
