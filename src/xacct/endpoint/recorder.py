"""What the endpoint tells the audit. Telling costs a microsecond and never fails; what must be written first, says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from xacct.model import Caller, Grant

    Written = Callable[[], Awaitable[None]]
    """Returns once it is written down. Raises AuditNotWritten where nothing may be served that is not."""

SERVED = "served"
"""The outcome of a fetch that gave credentials; any other is an error's code."""


class Recorder(Protocol):
    """Whoever keeps the audit."""

    def fetched(self, grant: Grant, role: str | None, outcome: str, caller: Caller) -> Written | None:
        """A grant's holder asked for a role (None: for none that the grant reaches).

        Returns:
            What to wait for before credentials leave, None where there is nothing to wait for.
        """

    def refused(self, why: str, caller: Caller) -> None:
        """Somebody without a grant, or with no request of an SDK's, got nothing."""


class NullAudit:
    """Keeps nothing."""

    def fetched(self, grant: Grant, role: str | None, outcome: str, caller: Caller) -> Written | None:
        """Forget it."""

    def refused(self, why: str, caller: Caller) -> None:
        """Forget it."""
