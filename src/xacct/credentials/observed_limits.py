"""What AWS's answers have taught of roles, so that a refusal is met once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct.model import Role


@dataclass(slots=True)
class ObservedLimits:
    """All by role and in seconds.

    Attributes:
        longest: the longest duration AWS gives.
        max_age: the age of an MFA past which it refuses.
        worked_at_age: the greatest age at which it did not.
    """

    longest: dict[str, int] = field(default_factory=dict)
    max_age: dict[str, float] = field(default_factory=dict)
    worked_at_age: dict[str, float] = field(default_factory=dict)

    def forget(self, name: str) -> None:
        """A role is gone for good."""
        for observed in (self.longest, self.max_age, self.worked_at_age):
            observed.pop(name, None)

    def oldest_mfa(self, role: Role) -> float | None:
        """The age in seconds from which on an MFA is too old for the role, as far as that is known."""
        return self.max_age.get(role.name, role.mfa_max_age)

    def of(self, role: Role) -> list[str]:
        """What refusals have taught of a role, in sentences: its longest duration, and the oldest MFA that works."""
        said = []
        if (longest := self.longest.get(role.name)) is not None:
            said.append(f"learned: AWS gives this role {longest / 60:.0f} min at most")
        if role.mfa_max_age is None and (oldest := self.max_age.get(role.name)) is not None:
            said.append(f"learned: its trust policy wants an MFA younger than about {oldest / 60:.0f} min")
        return said
