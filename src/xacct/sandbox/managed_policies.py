"""Policies that AWS manages, as far as this sandbox's few calls go. An ARN that is not here allows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.sandbox.permissions import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xacct.sandbox.permissions import Policy

_READING: Final = ("dynamodb:Get*", "dynamodb:Query", "dynamodb:Scan", "iam:Get*", "iam:List*", "sts:Get*")

_POLICIES: Final[Mapping[str, Policy]] = {
    "AdministratorAccess": (Statement("Allow", ("*",), ("*",)),),
    "ReadOnlyAccess": (Statement("Allow", _READING, ("*",)),),
}


def of(arns: Iterable[str]) -> Policy:
    """Return what the policies of these ARNs say together."""
    names = [arn.partition(":iam::aws:policy/")[2].rpartition("/")[2] for arn in arns]
    return tuple(statement for name in names for statement in _POLICIES.get(name, ()))
