"""Roles that no configuration names: known by their ARN, reached the way a configured role is reached.

A grant says which ARNs it may name and via which role; that role's source, MFA device and region are used, and with
them its MFA session. They come on demand, are bounded in number, and go when nobody has used them for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct.model import Role

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

MOST = 200
"""Dynamic roles held at once: whoever may name a pattern's ARNs must not fill the memory with them."""

Key = tuple[str, str]
"""The role's ARN, and the name of the role it is reached via."""


@dataclass(slots=True)
class _Known:
    name: str
    asked: float


class DynamicRoles:
    """Which there are, under which names, and when each was last asked for (AWS's time)."""

    def __init__(self) -> None:
        self._known: dict[Key, _Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return any(known.name == name for known in self._known.values())

    def find(self, arn: str, via: str, now: float) -> str | None:
        """The name of one that is there, which counts as asked for; else None."""
        known = self._known.get((arn, via))
        if known is None:
            return None
        known.asked = now
        return known.name

    def add(self, arn: str, via: str, now: float, taken: Container[str]) -> str:
        """Take one up. Returns its name: the ARN, unless another way to the same ARN has it."""
        name = arn if arn not in taken else f"{arn} via {via}"
        self._known[arn, via] = _Known(name, now)
        return name

    def forget(self, name: str) -> None:
        """Let one go."""
        for key in [key for key, known in self._known.items() if known.name == name]:
            del self._known[key]

    def roles(self, configured: Mapping[str, Role]) -> dict[str, Role]:
        """All of them as roles, by this configuration; those whose way is gone, or whose name is taken, go."""
        for (_, via), known in list(self._known.items()):
            if via not in configured or known.name in configured:
                self.forget(known.name)
        return {known.name: made_of(known.name, arn, configured[via]) for (arn, via), known in self._known.items()}

    def oldest(self) -> list[str]:
        """Their names, those nobody has asked for longest first."""
        return [known.name for known in sorted(self._known.values(), key=lambda known: known.asked)]

    def unused_since(self, instant: float) -> list[str]:
        """The names of those nobody has asked for since (AWS's time)."""
        return [known.name for known in self._known.values() if known.asked < instant]


def made_of(name: str, arn: str, via: Role) -> Role:
    """The role of an ARN, reached as `via` is."""
    return Role(name, via.parent, arn, via.mfa_serial, session_name=via.session_name, region=via.region)
