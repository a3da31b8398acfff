"""Roles that no configuration names: known by their ARN, reached as a configured role is.

A grant says which ARNs it may name and via which role; that role's source, MFA device and region are used, and with
them its MFA session. They come on demand, are bounded in number, and go when nobody has used them for long.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xacct import errors, rolekeys
from xacct.policy import strictest

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from xacct.model import Role

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
        return bool(self._known) and any(known.name == name for known in self._known.values())

    def find(self, arn: str, via: str, now: float) -> str | None:
        """The name of one that is there, which counts as asked for; else None."""
        known = self._known.get((arn, via))
        if known is None:
            return None
        known.asked = now
        return known.name

    def named(self) -> dict[Key, str]:
        """The name of each."""
        return {key: known.name for key, known in self._known.items()}

    def via(self, name: str) -> str | None:
        """The role that one is reached via; None where there is none of that name."""
        return next((via for (_, via), known in self._known.items() if known.name == name), None)

    def free_name(self, arn: str, via: str, taken: Container[str]) -> str:
        """What one is to be called: the ARN, or that and `via` where it is taken; of the same files as `via`."""
        name = rolekeys.key(arn, rolekeys.split(via)[1])
        return (
            name if name not in taken else rolekeys.key(f"{arn} via {rolekeys.split(via)[0]}", rolekeys.split(via)[1])
        )

    def add(self, arn: str, via: str, name: str, now: float) -> None:
        """Take one up."""
        self._known[arn, via] = _Known(name, now)

    def forget(self, name: str) -> None:
        """Let one go."""
        for key in [key for key, known in self._known.items() if known.name == name]:
            del self._known[key]

    def roles(self, configured: Mapping[str, Role]) -> dict[str, Role]:
        """All of them as roles, by this configuration; those it can no longer reach or name go."""
        for (_, via), known in list(self._known.items()):
            if via not in configured or known.name in configured:
                self.forget(known.name)
        made = {}
        for (arn, via), known in list(self._known.items()):
            try:
                made[known.name] = made_of(known.name, arn, configured[via], configured)
            except errors.ConfigError:
                self.forget(known.name)
        return made

    def oldest(self) -> list[str]:
        """Their names, those nobody has asked for longest first."""
        return [known.name for known in sorted(self._known.values(), key=lambda known: known.asked)]

    def unused_since(self, instant: float) -> list[str]:
        """The names of those nobody has asked for since (AWS's time)."""
        return [known.name for known in self._known.values() if known.asked < instant]


def made_of(name: str, arn: str, via: Role, configured: Mapping[str, Role]) -> Role:
    """The role of an ARN, reached as `via` is.

    It is assumed, guarded and limited as what is configured for that ARN: naming a role by its ARN must not get
    round what was said of it by name. Where nothing is configured for it, it is assumed as `via` is, but for what is
    said of `via`'s own ARN alone: its external id and its session policies.

    Raises:
        ConfigError: it is configured in several ways; or there are two limits, of which AWS would allow what either
            allows.
    """
    named = [role for role in configured.values() if role.role_arn == arn]
    guards = {role.confirm for role in (via, *named)}
    limits = {limit for role in (via, *named) if any(limit := (role.read_only, *_policies(role, via, arn)))}
    if len(limits) > 1:
        raise errors.ConfigError(
            f"{arn} is limited in two ways, and can't be limited in both.", "Fetch it by its role's name."
        )
    read_only, policy, policy_arns = next(iter(limits), (False, None, ()))
    return replace(
        _model(arn, via, named),
        name=name,
        parent=via.base,
        role_arn=arn,
        mfa_serial=via.mfa_serial,
        other_devices=via.other_devices,
        confirm=strictest(guards),
        read_only=read_only,
        policy=policy,
        policy_arns=policy_arns,
    )


def _model(arn: str, via: Role, named: list[Role]) -> Role:
    """The role that is assumed as this one is to be."""
    if via.role_arn == arn:
        return via
    if not named:
        return replace(via, external_id=None)
    if len({_assumed(role) for role in named}) > 1:
        names = " and ".join(sorted(role.name for role in named)[:3])
        raise errors.ConfigError(
            f"{arn} is configured in several ways, as {names}.", "Fetch it by the name of the one that is meant."
        )
    return replace(named[0], region=named[0].region or via.region)


def _assumed(role: Role) -> Role:
    """What matters of a role to AWS when it is assumed, and to how often a human is asked for it."""
    same = replace(role, name="", parent="", mfa_serial=None, other_devices=(), region=None)
    return replace(same, confirm=None, read_only=False, policy=None, policy_arns=())


def _policies(role: Role, via: Role, arn: str) -> tuple[str | None, tuple[str, ...]]:
    """A role's session policies, which say something of its own ARN only."""
    return (None, ()) if role is via and via.role_arn != arn else (role.policy, role.policy_arns)
