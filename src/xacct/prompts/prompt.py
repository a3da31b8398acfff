"""One prompt to the human: for an MFA code, or whether somebody may use a role. And the sentences it ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from xacct import errors

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

Kind = Literal["mfa", "confirm"]
KINDS: tuple[Kind, ...] = ("mfa", "confirm")


@dataclass(frozen=True, slots=True)
class Cause:
    """Who has brought it about that a human is asked (label, process), and why it takes a code; empty: not known."""

    label: str = ""
    process: str = ""
    reason: str = ""


NO_CAUSE = Cause()


@dataclass(eq=False)
class Prompt:
    """One open prompt.

    Attributes:
        not_before: no code can be accepted until then (AWS's time).
        deadline: when it is withdrawn (boot-time clock).
        about: what a "no" holds for; of an MFA prompt the serial.
        label: what whoever would use the role calls itself.
        process: which process that is ("pid 4711, /usr/bin/aws"); empty where it is not known.
        reason: why it takes a code, where that is not plain.
    """

    id: str
    serial: str
    _roles: Callable[[], tuple[str, ...]] = field(repr=False)
    attempt: int
    problem: str | None
    not_before: float | None
    deadline: float
    about: str
    answer: asyncio.Future[str] = field(repr=False)
    kind: Kind = "mfa"
    label: str = ""
    process: str = ""
    reason: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """Whom it is for, now: others may have joined since it was asked."""
        return self._roles()

    @property
    def open(self) -> bool:
        """Whether an answer can still be given."""
        return not self.answer.done()

    @property
    def who(self) -> str:
        """Who would use the role, with its process where that is known."""
        return f"{self.label} ({self.process})" if self.process else self.label

    @property
    def topic(self) -> str:
        """What somebody has to subscribe to, to be asked it: the device, or the role."""
        return self.serial if self.kind == "mfa" else self.roles[0]

    def unattended(self) -> errors.HumanNeeded:
        """Nobody is there to ask."""
        if self.kind == "confirm":
            return errors.NobodyToAsk(f"{self._use()} has to be confirmed, and nobody is there to ask.", _HINT)
        return errors.NobodyToAsk(
            f"An MFA code is needed for {self._names()}, and nobody is there to ask.", self._login()
        )

    def unanswered(self) -> errors.HumanNeeded:
        """Nobody has answered."""
        if self.kind == "confirm":
            return errors.TimedOut(f"Nobody has confirmed {_lower(self._use())}.", _HINT)
        return errors.TimedOut(f"Nobody gave an MFA code for {self._names()}.", self._login())

    def declined(self) -> errors.HumanNeeded:
        """The human has said no."""
        if self.kind == "confirm":
            return errors.Declined(f"{self._use()} was declined.", "")
        return errors.Declined(f"The MFA code for {self._names()} was declined.", self._login())

    def answered(self) -> str:
        """What other terminals show once it is answered."""
        return "A code was given." if self.kind == "mfa" else f"{self._use()} was allowed."

    def _names(self) -> str:
        return names(self.roles)

    def _login(self) -> str:
        return f"xacctctl login {self.roles[0]}"

    def _use(self) -> str:
        return f"The use of {self.roles[0]} by {self.label!r}"


_HINT = "xacctctl attend, in another terminal"


def names(roles: tuple[str, ...]) -> str:
    """Roles in a sentence."""
    return ", ".join(roles[:3]) + (f" and {len(roles) - 3} more" if len(roles) > 3 else "")  # noqa: PLR2004


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
