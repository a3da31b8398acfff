"""Trust policies: who may assume a role, under which conditions. Pure.

The subset of IAM's policy language that role trust policies need. Source: "IAM JSON policy
elements: Condition operators" and "AWS global condition context keys" in the IAM User Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Context = Mapping[str, str | tuple[str, ...]]

ASSUME_ROLE: Final = "sts:AssumeRole"
TAG_SESSION: Final = "sts:TagSession"
SET_SOURCE_IDENTITY: Final = "sts:SetSourceIdentity"
ALL_ACTIONS: Final = (ASSUME_ROLE, TAG_SESSION, SET_SOURCE_IDENTITY)

_IF_EXISTS: Final = "IfExists"
_FOR_ALL: Final = "ForAllValues:"


def _less(actual: str, wanted: str) -> bool:
    try:
        return float(actual) < float(wanted)
    except ValueError:
        return False


def _like(actual: str, wanted: str) -> bool:
    """Compare with `*` and `?` as wildcards; a bracket is none in IAM's language."""
    return fnmatchcase(actual, wanted.replace("[", "[[]"))


_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "ArnLike": _like,
    "Bool": lambda actual, wanted: actual.lower() == wanted.lower(),
    "StringEquals": lambda actual, wanted: actual == wanted,
    "StringLike": _like,
    "NumericLessThan": _less,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a statement's Condition block, as in `Bool: {aws:MultiFactorAuthPresent: true}`.

    Attributes:
        operator: ArnLike, Bool, StringEquals, StringLike or NumericLessThan, each also with IfExists at its end, or
            with ForAllValues: before it.
        key: The context key; its letter case doesn't matter.
        values: Any one of them suffices.

    Raises:
        ValueError: For an operator this STS doesn't know, so that no policy is silently ignored.
    """

    operator: str
    key: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if self._plain not in _OPERATORS:
            known = ", ".join(sorted(_OPERATORS))
            raise ValueError(
                f"Condition operator {self.operator!r} is unknown here. Use one of {known}, each also with IfExists,"
                f" or with {_FOR_ALL} before it."
            )

    @property
    def _plain(self) -> str:
        return self.operator.removeprefix(_FOR_ALL).removesuffix(_IF_EXISTS)

    def holds(self, context: Context) -> bool:
        """Return whether the request context (lower-case keys) satisfies this condition.

        A key missing from the context fails a plain operator and passes an IfExists one: the
        reason why BoolIfExists on aws:MultiFactorAuthPresent lets long-term keys through.
        A ForAllValues: is true of no values at all.
        """
        found = context.get(self.key.lower(), ())
        actual = (found,) if isinstance(found, str) else found
        if self.operator.startswith(_FOR_ALL):
            return all(map(self._fits, actual))
        return any(map(self._fits, actual)) if actual else self.operator.endswith(_IF_EXISTS)

    def _fits(self, actual: str) -> bool:
        compare = _OPERATORS[self._plain]
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

    def matches(self, names: frozenset[str], action: str, context: Context) -> bool:
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
    names = {"*", account, f"arn:{arn.split(':')[1]}:iam::{account}:root", arn}
    if role_arn is not None:
        names.add(role_arn)
    return frozenset(names)


def allows(
    policy: tuple[Statement, ...],
    names: frozenset[str],
    action: str,
    context: Context,
) -> bool:
    """Return whether a trust policy lets the caller perform the action; a Deny always wins."""
    lowered = {key.lower(): value for key, value in context.items()}
    effects = {s.effect for s in policy if s.matches(names, action, lowered)}
    return effects == {"Allow"}


def read(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """Return the statements of a trust policy as JSON has it.

    Raises:
        ValueError: For what this STS does not understand: nothing of a policy is silently ignored.
    """
    if set(document) != {"Version", "Statement"} or document["Version"] != "2012-10-17":
        raise ValueError("A trust policy has a Version, 2012-10-17, and a Statement.")
    return tuple(_statement(said) for said in document["Statement"])


def _statement(said: Mapping[str, Any]) -> Statement:
    if (strange := set(said) - {"Sid", "Effect", "Principal", "Action", "Condition"}) or set(said["Principal"]) != {
        "AWS"
    }:
        raise ValueError(f"A statement has what is not understood here: {sorted(strange) or said['Principal']}.")
    conditions = [
        Condition(operator, key, _several(values))
        for operator, keys in said.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    actions = _several(said["Action"])
    if not set(actions) <= set(ALL_ACTIONS) or said["Effect"] not in {"Allow", "Deny"}:
        raise ValueError(f"An action or effect is not understood here: {actions}, {said['Effect']}.")
    return Statement(_several(said["Principal"]["AWS"]), tuple(conditions), actions, said["Effect"])


def _several(said: str | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)
