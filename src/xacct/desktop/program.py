"""A way to ask by a program that prints the answer: a dialog, which a human sees, or one that knows the code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from xacct.desktop.ways import PassOn
from xacct.host.child import output_of
from xacct.prompts.prompt import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.desktop.ways import Asked
    from xacct.prompts.prompt import Kind, Prompt


class Dialog:
    """Asks a human. A program that ends badly, or prints nothing where something is typed or chosen, means "no".

    Args:
        command: Gives the program and its arguments for a prompt. Where a yes may hold for several times, it prints
            the words of the one that was chosen.
    """

    def __init__(self, command: Callable[[Prompt], list[str]]) -> None:
        self._command = command

    def takes(self, topic: str, kind: Kind) -> bool:  # noqa: ARG002 - a Way's
        """Every prompt."""
        return kind in KINDS

    async def ask(self, asked: Asked) -> None:
        """Ask until something is said that makes sense."""
        prompt = asked.prompt
        while asked.open:
            await asked.fresh()
            said = await output_of(self._command(prompt), told(prompt))
            if prompt.kind == "confirm":
                _decide(asked, said)
            elif prompt.kind == "sign-in" and prompt.take is None and said is not None:
                return  # the human goes to the browser; that ends the prompt
            elif not said:
                asked.decline()
            elif not asked.answer(said):
                continue
            return


def _decide(asked: Asked, said: str | None) -> None:
    """Hand in a yes or a no to the use of a role."""
    choices = asked.prompt.choices
    if said is not None and len(choices) <= 1:
        asked.allow()
        return
    # zenity prints a row twice that was clicked twice. Nothing that was chosen, or no row of ours, is no yes.
    chosen = next((each for each in choices if each.words == (said or "").partition("|")[0]), None)
    if chosen is None:  # guard: dialog-nothing-chosen-is-no
        asked.decline()
    else:
        asked.allow(chosen)  # guard: dialog-yes-holds-as-long-as-was-chosen


class CodeProgram:
    """Asks a program that prints codes.

    Args:
        command: Gives the program and its arguments for a prompt.
        takes: Says whether it is for an MFA device.
        device: Chooses the one that it is asked for, where several will do; without it, the first.
    """

    def __init__(
        self,
        command: Callable[[Prompt], list[str]],
        takes: Callable[[str], bool] = lambda _serial: True,
        device: Callable[[Prompt], str] = lambda prompt: prompt.serial,
    ) -> None:
        self._command = command
        self._takes = takes
        self._device = device

    def takes(self, topic: str, kind: Kind) -> bool:
        """Codes of its devices."""
        return kind == "mfa" and self._takes(topic)

    async def ask(self, asked: Asked) -> None:
        """Ask it once: it would say the same again."""
        await asked.fresh()
        serial = self._device(asked.prompt)
        said = await output_of(self._command(asked.prompt), told(asked.prompt, serial))
        if not said or not asked.answer(said, serial):
            raise PassOn


def told(prompt: Prompt, serial: str | None = None) -> dict[str, str]:
    """The environment in which a program is asked: ours, and which device and role it is asked for."""
    role = next(iter(prompt.roles), "")
    return {**os.environ, "XACCT_MFA_SERIAL": serial or prompt.serial, "XACCT_ROLE": role}
