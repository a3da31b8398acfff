"""One prompt to the human: for an MFA code, a sign-in in a browser, or whether somebody may use a role.

And the sentences it ends with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from xacct import errors
from xacct.asker import UNKNOWN, Asker
from xacct.prompts.approved import ANY

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from xacct.model import Caller
    from xacct.prompts.approved import Lasting, Terms
    from xacct.signin import Mode

Kind = Literal["mfa", "confirm", "sign-in"]
KINDS: tuple[Kind, ...] = ("mfa", "confirm", "sign-in")


@dataclass(frozen=True, slots=True)
class Cause:
    """Who has brought it about that a human is asked (label, process), and why it takes a code; empty: not known."""

    label: str = ""
    process: str = ""
    reason: str = ""


NO_CAUSE = Cause()


@dataclass(frozen=True, slots=True)
class Permission:
    """The use of a guarded role, for which a human's yes is wanted.

    Attributes:
        role: its name.
        label: what people call whoever would use it.
        consumer: whose yes it is: a grant's id, or the like.
        terms: what the yes may mean.
        asker: which process it is.
        account: the role's AWS account; empty: not known.
        scope: what its credentials are narrowed to, in words; empty: nothing.
        allows: what a yes allows, in words; empty: nobody has said.
    """

    role: str
    label: str
    consumer: str = ""
    terms: Terms = ANY
    asker: Asker = UNKNOWN
    account: str = ""
    scope: str = ""
    allows: str = ""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who has answered a prompt.

    Attributes:
        way: where: "terminal" (a client of the control API), or the name of a way to ask.
        caller: whose process it was, where it came over the control API.
    """

    way: str = ""
    caller: Caller | None = None


NOBODY = Answerer()


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
        sign_in: what is signed in to, as people call it; empty: it is another kind of prompt.
        url: where in a browser that is done. Of a redirect it is for a browser on this machine alone.
        user_code: what is typed there; empty: nothing.
        mode: which of the ways to sign in it is.
        service: what it is that is signed in to, and `whereto` the same with its name, in a sentence.
        others: devices that do as well as that of `serial`.
        chosen: the one of which a code was given.
        attempts: how many there are.
        take: takes what the browser shows at the end; None: nothing has to be pasted.
        permission: of a "confirm": what is to be allowed.
        lasting: how long the yes that was given to it holds.
        answered_by: who has answered a "confirm".
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
    sign_in: str = ""
    url: str = field(default="", repr=False)
    user_code: str = ""
    mode: Mode | None = None
    service: str = ""
    whereto: str = ""
    take: Callable[[str], None] | None = field(default=None, repr=False)
    others: tuple[str, ...] = ()
    chosen: str = ""
    attempts: int = 1
    permission: Permission | None = None
    lasting: Lasting | None = None
    answered_by: Answerer = NOBODY

    @property
    def roles(self) -> tuple[str, ...]:
        """Whom it is for, now: others may have joined since it was asked."""
        return self._roles()

    @property
    def serials(self) -> tuple[str, ...]:
        """The devices of which a code is an answer; none where no code is."""
        return (self.serial, *self.others) if self.serial else ()

    @property
    def open(self) -> bool:
        """Whether an answer can still be given."""
        return not self.answer.done()

    @property
    def who(self) -> str:
        """Who would use the role, with its process where that is known."""
        return f"{self.label} ({self.process})" if self.process else self.label

    @property
    def choices(self) -> list[Lasting]:
        """How long a yes may hold, the plain one first; none where no yes is wanted."""
        return [] if self.permission is None else self.permission.terms.choices

    @property
    def topic(self) -> str:
        """What somebody has to subscribe to, to be asked it: the device, the role, or the sign-in."""
        return {"mfa": self.serial, "confirm": self.roles[0], "sign-in": self.about}[self.kind]

    @property
    def topics(self) -> tuple[str, ...]:
        """The same of several devices: whoever is asked for one of them is asked it."""
        return self.serials or (self.topic,)

    def unattended(self) -> errors.HumanNeeded:
        """Nobody is there to ask."""
        if self.kind == "confirm":
            return errors.NobodyToAsk(f"{self._use()} has to be confirmed, and nobody is there to ask.", _HINT)
        if self.kind == "sign-in":
            return errors.NobodyToAsk(f"{self._sign_in()} is needed, and nobody is there to ask.", self._login())
        return errors.NobodyToAsk(
            f"An MFA code is needed for {self._names()}, and nobody is there to ask.", self._login()
        )

    def unanswered(self) -> errors.HumanNeeded:
        """Nobody has answered."""
        if self.kind == "confirm":
            return errors.TimedOut(f"Nobody has confirmed {_lower(self._use())}.", _HINT)
        if self.kind == "sign-in":
            return errors.TimedOut(f"Nobody has signed in to {self.whereto} for {self._names()}.", self._login())
        return errors.TimedOut(f"Nobody gave an MFA code for {self._names()}.", self._login())

    def declined(self) -> errors.HumanNeeded:
        """The human has said no."""
        if self.kind == "confirm":
            return errors.Declined(f"{self._use()} was declined.", "")
        if self.kind == "sign-in":
            return errors.Declined(f"{self._sign_in()} was declined.", self._login())
        return errors.Declined(f"The MFA code for {self._names()} was declined.", self._login())

    def answered(self) -> str:
        """What other terminals show once it is answered."""
        said = {"mfa": "A code was given.", "sign-in": f"You are signed in to {self.whereto}."}
        held = f" {self.lasting.words}" if self.lasting is not None else ""
        return said.get(self.kind) or f"{self._use()} was allowed{held}."

    def _names(self) -> str:
        return names(self.roles)

    def _sign_in(self) -> str:
        return f"A sign-in to {self.service} ({self.sign_in}) for {self._names()}"

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
