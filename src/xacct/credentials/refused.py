"""Roles that AWS has refused though a human had just given a code: another code would be spent for nothing.

None is asked for such a role until its configuration changes or the human insists (`xacctctl login --again`). It is
tried without a code wherever that is possible, and is refused no longer once that succeeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors

if TYPE_CHECKING:
    from xacct.model import Role

OTHERWISE = (
    errors.ParentExpired,
    errors.BadKey,
    errors.BadSignature,
    errors.SourceUnusable,
    errors.WrongCode,
    errors.DurationTooLong,
)
"""Refusals that are of a key, a code or a duration, not of the role."""


class Refused:
    """Each such role as it was configured then, and what AWS said."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[Role, errors.XacctError]] = {}

    def note(self, role: Role, error: errors.XacctError) -> None:
        """AWS has refused the role though the MFA was as young as it can be."""
        if isinstance(error, errors.Refusal) and not isinstance(error, OTHERWISE):
            self.known[role.name] = (role, error)

    def forget(self, name: str) -> None:
        """AWS has given the role, or the human insists."""
        self.known.pop(name, None)

    def of(self, role: Role) -> errors.XacctError | None:
        """What to tell whoever would have a human asked for this role; None where it was not refused as it is now."""
        then, error = self.known.get(role.name, (None, None))
        if error is None or then != role:
            return None
        again = f"hen that is mended: xacctctl login {role.name} --again"
        hint = f"{error.hint.removesuffix('.')}; w{again}" if error.hint else f"W{again}"
        return type(error)(f"{error.sentence} That was with a fresh MFA code; no other is asked for.", hint)
