"""What is asked for: who wants credentials, and how far to go for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from xacct import policy
from xacct.asker import UNKNOWN, Asker
from xacct.model import Caller, Credentials

if TYPE_CHECKING:
    from xacct.scope import Scope

AWS_PATIENCE = 25.0
"""Seconds a request waits where no human may be asked: below object_store's 30 s for a whole request."""

Waiting = Callable[[], Coroutine[Any, Any, Credentials]]
"""Has the credentials when it is called and awaited."""

FindAsker = Callable[[Caller], Awaitable[Asker]]
"""Says who a caller is, for the human who is asked whether it may have a guarded role."""


class Consumer(Protocol):
    """Who wants credentials, and how far it reaches. A grant is one."""

    @property
    def id(self) -> str:
        """What a human's yes is kept for."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def via(self) -> str | None:
        """The role by which it reaches roles that it names by their ARN."""

    @property
    def scope(self) -> Scope | None:
        """What its credentials are narrowed to; None: they are the roles' own."""

    @property
    def expires_at(self) -> float | None:
        """When it ends (AWS's time); None: not by itself."""

    def allows(self, role: str) -> bool:
        """Whether it may have the role of this name."""

    def allows_arn(self, arn: str) -> bool:
        """Whether it may have the role of this ARN."""


def no_process() -> str:
    """Nobody looks which process asks."""
    return ""


async def no_asker() -> Asker:
    """Nobody looks who asks."""
    return UNKNOWN


@dataclass(slots=True)
class Ask:
    """How far to go for credentials. Not frozen: each fetch makes one, and a frozen one takes three times as long.

    Attributes:
        human: whether a human may be asked.
        patience: seconds to wait at most (None: as long as the caller stays); with none no human is asked.
        lasting: seconds that must be left.
        lifetime: seconds wanted in one piece, by the direct path if that takes it.
        process: says which process asks; slow, so called in a thread.
        asker: says more of it, for the human who is asked whether it may.
        single: whether the consumer is this request alone, and comes never again.
        ahead: whether it is only got ready: that is no use of a yes for once; `CredentialService.use` tells of one.
    """

    human: bool = True
    patience: float | None = None
    lasting: float = 0.0
    lifetime: int | None = None
    process: Callable[[], str] = no_process
    asker: Callable[[], Awaitable[Asker]] = no_asker
    single: bool = False
    ahead: bool = False

    @property
    def whose(self) -> str:
        """What wants credentials that last, in words."""
        if self.lifetime is not None:
            return f"the {self.lifetime / policy.MINUTE:.0f} min that were asked for"
        return f"EC2's protocol, which takes {self.lasting / policy.MINUTE:.0f}"

    @property
    def asks(self) -> bool:
        """Whether a human may really be asked."""
        return self.human and (self.patience is None or self.patience > 0)

    @property
    def limit(self) -> float | None:
        """Seconds to wait in all."""
        return self.patience if self.asks or self.patience is None else AWS_PATIENCE
