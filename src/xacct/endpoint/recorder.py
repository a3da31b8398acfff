"""What the endpoint tells the audit. It must cost a microsecond, never wait, never fail: an answer is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from xacct.model import Caller, Grant

SERVED = "served"
"""The outcome of a fetch that gave credentials; any other is an error's code."""


class Recorder(Protocol):
    """Whoever keeps the audit."""

    def fetched(self, grant: Grant, role: str | None, outcome: str, caller: Caller) -> None:
        """A grant's holder asked for a role (None: for none that the grant reaches)."""

    def refused(self, why: str, caller: Caller) -> None:
        """Somebody without a grant, or with no request of an SDK's, got nothing."""


class Nobody:
    """Keeps nothing."""

    def fetched(self, grant: Grant, role: str | None, outcome: str, caller: Caller) -> None:
        """Forget it."""

    def refused(self, why: str, caller: Caller) -> None:
        """Forget it."""
