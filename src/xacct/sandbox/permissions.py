"""Policies that limit what a session may do: a documented subset of IAM's language, evaluated. Pure.

Understood are Version, Id and Statement; of a statement Sid, Effect, Action or NotAction, Resource or NotResource, and
Condition with the operators of `_OPERATORS`, each also with IfExists at its end. Whatever else a policy has is an
error: nothing of a policy is silently ignored. Source: "IAM JSON policy elements" and "Policy evaluation logic" in the
IAM User Guide.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_IF_EXISTS: Final = "IfExists"
_ACTION: Final = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+")
_VERSIONS: Final = ("2012-10-17", "2008-10-17")


def _like(actual: str, wanted: str) -> bool:
    """Compare with `*` and `?` as wildcards; a bracket is none in IAM's language."""
    return fnmatchcase(actual, wanted.replace("[", "[[]"))


def _address(actual: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_OPERATORS: Final[Mapping[str, tuple[Callable[[str, str], bool], bool]]] = {
    "ArnLike": (_like, False),
    "Bool": (lambda actual, wanted: actual.lower() == wanted.lower(), False),
    "IpAddress": (_address, False),
    "NotIpAddress": (_address, True),
    "StringEquals": (lambda actual, wanted: actual == wanted, False),
    "StringLike": (_like, False),
    "StringNotEquals": (lambda actual, wanted: actual == wanted, True),
    "StringNotLike": (_like, True),
}
"""What compares one value of the request with one of the policy, and whether the opposite is meant."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants to do.

    Attributes:
        action: As `service:Name`.
        resource: An ARN, or `*` for an action on nothing in particular.
        context: Context keys in lower case, such as `aws:requestedregion`.
    """

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a Condition block; a negated operator holds where the key is missing, as IAM's do."""

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, context: Mapping[str, str]) -> bool:
        """Return whether the request's context satisfies it."""
        compare, negated = _OPERATORS[self.operator.removesuffix(_IF_EXISTS)]
        actual = context.get(self.key.lower())
        if actual is None:
            return negated or self.operator.endswith(_IF_EXISTS)
        return negated != any(compare(actual, wanted) for wanted in self.values)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `but_actions` says whether `actions` are a NotAction's, likewise `but_resources`."""

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    but_actions: bool = False
    but_resources: bool = False

    def speaks_of(self, asked: Asked) -> bool:
        """Return whether it is about this request."""
        action = any(_like(asked.action.lower(), each.lower()) for each in self.actions)
        resource = any(_like(asked.resource, each) for each in self.resources)
        return (
            action != self.but_actions
            and resource != self.but_resources
            and all(condition.holds(asked.context) for condition in self.conditions)
        )


Policy = tuple[Statement, ...]
"""One layer: what several policies of one call say together is one such."""

Denial = Literal["explicit", "implicit"]


def denied(policy: Policy, asked: Asked) -> Denial | None:
    """Return how a policy denies a request; None: it allows it. A Deny always wins."""
    effects = {statement.effect for statement in policy if statement.speaks_of(asked)}
    if "Deny" in effects:
        return "explicit"
    return None if "Allow" in effects else "implicit"


def denied_by_any(layers: tuple[Policy, ...], asked: Asked) -> Denial | None:
    """Return how the first of some layers denies a request: what is left is what each of them allows."""
    return next(filter(None, (denied(layer, asked) for layer in layers)), None)


def read(text: str) -> Policy:
    """Return the statements of a policy document.

    Raises:
        ValueError: It is no policy, or has what is not understood here; the sentence says which.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("This policy contains invalid Json") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise ValueError("Syntax errors in policy.")
    if (strange := set(document) - {"Version", "Id", "Statement"}) or document.get(
        "Version", "2012-10-17"
    ) not in _VERSIONS:
        raise ValueError(f"Syntax errors in policy. ({sorted(strange) or document['Version']})")
    return tuple(_statement(said) for said in _several(document["Statement"]))


def _statement(said: Any) -> Statement:
    if not isinstance(said, dict) or said.get("Effect") not in {"Allow", "Deny"}:
        raise ValueError("Syntax errors in policy. (a statement's Effect)")
    known = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    if strange := set(said) - known:
        raise ValueError(f"Policy has what is not understood here: {sorted(strange)}")
    actions, resources = _either(said, "Action"), _either(said, "Resource")
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise ValueError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    for resource in resources:
        if resource != "*" and not resource.startswith("arn:"):
            raise ValueError(f'Resource {resource} must be in ARN format or "*".')
    return Statement(said["Effect"], actions, resources, _conditions(said), "NotAction" in said, "NotResource" in said)


def _either(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return what is listed under a name, or under the same with Not before it; one of them has to be there."""
    found = [each for each in (name, f"Not{name}") if each in said]
    if len(found) != 1 or not (listed := _several(said[found[0]])) or not all(isinstance(each, str) for each in listed):
        raise ValueError(f"Policy statement must contain one of {name} and Not{name}.")
    return tuple(listed)


def _conditions(said: Mapping[str, Any]) -> tuple[Condition, ...]:
    found = []
    for operator, keys in said.get("Condition", {}).items():
        if operator.removesuffix(_IF_EXISTS) not in _OPERATORS:
            raise ValueError(f"Condition operator {operator!r} is not understood here. Known: {sorted(_OPERATORS)}")
        found += [Condition(operator, key, tuple(map(str, _several(values)))) for key, values in keys.items()]
    return tuple(found)


def _several(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]
