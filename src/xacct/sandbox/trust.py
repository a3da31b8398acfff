"""Trust policies: who may assume a role, under which conditions. Pure.

The subset of IAM's policy language that role trust policies need. Source: "IAM JSON policy
elements: Condition operators" and "AWS global condition context keys" in the IAM User Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ASSUME_ROLE: Final = "sts:AssumeRole"
TAG_SESSION: Final = "sts:TagSession"
SET_SOURCE_IDENTITY: Final = "sts:SetSourceIdentity"
ALL_ACTIONS: Final = (ASSUME_ROLE, TAG_SESSION, SET_SOURCE_IDENTITY)

_IF_EXISTS: Final = "IfExists"


def _less(actual: str, wanted: str) -> bool:
    try:
        return float(actual) < float(wanted)
    except ValueError:
        return False


_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "Bool": lambda actual, wanted: actual.lower() == wanted.lower(),
    "StringEquals": lambda actual, wanted: actual == wanted,
    "NumericLessThan": _less,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a statement's Condition block, as in `Bool: {aws:MultiFactorAuthPresent: true}`.

    Attributes:
        operator: Bool, StringEquals or NumericLessThan, each also with IfExists at its end.
        key: The context key; its letter case doesn't matter.
        values: Any one of them suffices.

    Raises:
        ValueError: For an operator this STS doesn't know, so that no policy is silently ignored.
    """

    operator: str
    key: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.operator.removesuffix(_IF_EXISTS) not in _OPERATORS:
            known = ", ".join(sorted(_OPERATORS))
            raise ValueError(
                f"Condition operator {self.operator!r} is unknown here. Use one of {known}, each also with IfExists."
            )

    def holds(self, context: Mapping[str, str]) -> bool:
        """Return whether the request context (lower-case keys) satisfies this condition.

        A key missing from the context fails a plain operator and passes an IfExists one: the
        reason why BoolIfExists on aws:MultiFactorAuthPresent lets long-term keys through.
        """
        actual = context.get(self.key.lower())
        if actual is None:
            return self.operator.endswith(_IF_EXISTS)
        compare = _OPERATORS[self.operator.removesuffix(_IF_EXISTS)]
        return any(compare(actual, wanted) for wanted in self.values)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a trust policy.

    Attributes:
        principals: Account root ARNs, account ids, user, role or assumed-role ARNs, or "*".
        conditions: All of them must hold.
        actions: Names like sts:AssumeRole.
        effect: Allow or Deny.
    """

    principals: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    actions: tuple[str, ...] = ALL_ACTIONS
    effect: str = "Allow"

    def matches(self, names: frozenset[str], action: str, context: Mapping[str, str]) -> bool:
        """Return whether this statement speaks about this caller, action and context."""
        return (
            action in self.actions
            and not names.isdisjoint(self.principals)
            and all(condition.holds(context) for condition in self.conditions)
        )


def names_of(arn: str, account: str, role_arn: str | None) -> frozenset[str]:
    """Return every spelling under which a trust policy can mean this caller.

    Args:
        arn: The caller's own ARN (user, or assumed-role session).
        account: The caller's account id; its root ARN means everyone in the account.
        role_arn: The role an assumed-role session belongs to, else None.
    """
    names = {"*", account, f"arn:aws:iam::{account}:root", arn}
    if role_arn is not None:
        names.add(role_arn)
    return frozenset(names)


def allows(
    policy: tuple[Statement, ...],
    names: frozenset[str],
    action: str,
    context: Mapping[str, str],
) -> bool:
    """Return whether a trust policy lets the caller perform the action; a Deny always wins."""
    lowered = {key.lower(): value for key, value in context.items()}
    effects = {s.effect for s in policy if s.matches(names, action, lowered)}
    return effects == {"Allow"}
