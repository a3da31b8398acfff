"""What `verify` tries of a role: the configured call with one thing left out at a time; what the answers mean. Pure.

A role's profile shows what its owner takes for granted: an MFA device, an external id, another role to go through.
Only the target account can enforce that, and it tells by refusing whoever comes without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from xacct import errors
from xacct.model import Source
from xacct.policy import Hop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xacct.credentials.node import Node

Way = Literal["as-configured", "without-mfa", "without-external-id", "without-mfa-or-external-id", "shorter-path"]
Outcome = Literal["refused", "given", "unknown"]
Verdict = Literal["enforced", "hole", "unknown", "nothing"]

DENY_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
"""The session policy of each try: what a forgetful account gives may do nothing."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a try is signed with: the source's keys, its MFA session, or the credentials of a role."""

    kind: Literal["keys", "session", "role"]
    role: str = ""


KEYS, SESSION = Start("keys"), Start("session")


@dataclass(frozen=True, slots=True)
class Probe:
    """One try.

    Attributes:
        way: what is left out.
        start: what it is signed with.
        external_id: whether the configured external id goes along.
    """

    way: Way
    start: Start
    external_id: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """A probe and what came of it.

    Attributes:
        error: why it was refused, or can't be told.
    """

    probe: Probe
    outcome: Outcome
    error: errors.XacctError | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of a role."""

    verdict: Verdict
    attempts: tuple[Attempt, ...] = ()


def as_configured(node: Node) -> Probe:
    """The try that has to succeed: else the others' refusals show nothing."""
    return Probe("as-configured", _STARTS[node.path.hop](node))


def planned(line: Sequence[Node]) -> list[Probe]:
    """What to try of a role; nothing where its profile takes nothing for granted.

    Args:
        line: its node, and those that it hangs from, up to the one that starts from a source.
    """
    node = line[0]
    hop, role = node.path.hop, node.role
    if role.role_arn is None or hop not in _STARTS:
        return []
    own = _STARTS[hop](node)
    found = [Probe("without-mfa", KEYS)] if own is SESSION else []
    if role.external_id is not None:
        found.append(Probe("without-external-id", own, external_id=False))
    if role.external_id is not None and own is SESSION:
        found.append(Probe("without-mfa-or-external-id", KEYS, external_id=False))
    return found + [Probe("shorter-path", start) for start in _shorter(line)]


def _shorter(line: Sequence[Node]) -> list[Start]:
    """What a role that hangs from another could be assumed with, if its account trusted more than that one."""
    if isinstance(line[0].role.parent, Source):
        return []
    root = line[-1].role
    above = [Start("role", node.role.name) for node in line[2:] if node.role.role_arn or _is_role(node.role.parent)]
    if _is_role(root.parent):
        return above
    return [*above, *([SESSION] if root.mfa_serial else []), KEYS]


def _is_role(parent: Source | str) -> bool:
    return isinstance(parent, Source) and parent.is_role


_STARTS: Mapping[Hop, Callable[[Node], Start]] = {
    Hop.FROM_SESSION: lambda _node: SESSION,
    Hop.WITH_CODE: lambda _node: SESSION,
    Hop.FROM_KEYS: lambda _node: KEYS,
    Hop.FROM_ROLE: lambda node: Start("role", str(node.role.parent)),
}
"""What each kind of AssumeRole is signed with. A code of its own would be spent on each try of a role that takes one
(WITH_CODE): for its trust policy an MFA session says the same."""


def judged(attempts: Sequence[Attempt]) -> Verified:
    """What these answers mean together."""
    tried = [attempt for attempt in attempts if attempt.probe.way != "as-configured"]
    verdict: Verdict
    if not tried:
        verdict = "nothing"
    elif any(attempt.outcome == "given" for attempt in tried):
        verdict = "hole"
    elif all(attempt.outcome == ("refused" if attempt in tried else "given") for attempt in attempts):
        verdict = "enforced"
    else:
        verdict = "unknown"
    return Verified(verdict, tuple(attempts))


def refusal(error: errors.XacctError) -> Outcome:
    """What an error says: a refusal of the trust policy's, or nothing that helps.

    A policy of the caller's own side that refuses says nothing of the target account.
    """
    if isinstance(error, errors.PolicyDenied):  # guard: verify-own-policys-refusal-shows-nothing
        return "unknown"
    return "refused" if isinstance(error, errors.AccessDenied | errors.CodeMissing) else "unknown"
