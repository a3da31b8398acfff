"""The trust policy that a role's account should have, and what its callers need, by what is configured. Pure.

Sources: IAM User Guide, "IAM and AWS STS condition context keys", "Pass session tags in AWS STS", "Monitor and control
actions taken with assumed roles", "Referencing permission sets in resource policies" (IAM Identity Center User Guide).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xacct import errors, policy
from xacct.model import Source, account_of, partition_of
from xacct.policy import Hop

if TYPE_CHECKING:
    from xacct.model import Role

Conditions = dict[str, dict[str, Any]]

_VERSION = "2012-10-17"
_PRINCIPAL = re.compile(r"arn:(?P<partition>aws[a-z-]*):(iam|sts)::(?P<account>[0-9]{12}):(root|(user|role)/[!-~]+)")
_WITH_MFA = (Hop.FROM_SESSION, Hop.WITH_CODE)
_ASSUMED = (*_WITH_MFA, Hop.FROM_KEYS, Hop.FROM_ROLE)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is trusted.

    Attributes:
        arn: as Principal names it.
        like: a pattern of the ARN that aws:PrincipalArn has to be; for what has no ARN that is known beforehand.
    """

    arn: str
    like: str = ""


@dataclass(frozen=True, slots=True)
class Policies:
    """What `xacctctl policy` prints.

    Attributes:
        trust: the role's trust policy.
        caller: the identity policy that whoever assumes it needs.
        max_session: seconds that the role's MaxSessionDuration has to be.
    """

    principal: Principal
    trust: dict[str, Any]
    caller: dict[str, Any]
    max_session: int


def policies(role: Role, above: Role | None, named: str | None = None) -> Policies:
    """What the target account and its callers should have for a role.

    Args:
        role: as configured.
        above: the role that it hangs from; None: it is assumed with a source's keys or MFA session.
        named: the ARN of whom to trust, instead of what the configuration tells.

    Raises:
        BadInput: no trust policy is told for such a role, or nothing says whom to trust.
    """
    hop = policy.path_to(role).hop
    if role.role_arn is None or hop not in _ASSUMED:
        raise errors.BadInput(
            f"{role.name} is not assumed by AssumeRole: there is no trust policy of yours behind it.",
            "xacctctl explain shows its path.",
        )
    if account_of(role.role_arn) is None:
        raise errors.BadInput(
            f"The role_arn of {role.name} is no ARN of a role: nobody can tell whose trust policy it would be.",
            "Look at the profile, or at config.toml.",
        )
    principal = _named(named) if named is not None else _principal(role, above)
    if partition_of(principal.arn) != partition_of(role.role_arn):  # guard: policy-is-of-one-partition
        raise errors.BadInput(
            f"{principal.arn} can't be trusted by {role.role_arn}: no role is assumed across partitions.",
            "Look at the profile's mfa_serial and role_arn.",
        )
    return Policies(
        principal,
        {"Version": _VERSION, "Statement": _trust(role, principal, mfa=hop in _WITH_MFA)},
        {"Version": _VERSION, "Statement": [_caller(role)]},
        max(policy.ROLE_DURATION, role.duration or 0),
    )


def _named(arn: str) -> Principal:
    if not _PRINCIPAL.fullmatch(arn) or ":sts:" in arn:
        raise errors.BadInput(
            "No account, user or role can be trusted by that name.", "--principal arn:aws:iam::123456789012:user/alice"
        )
    return Principal(arn)


def _principal(role: Role, above: Role | None) -> Principal:
    """Whom the configuration says to trust: the role above, or the account of the MFA device."""
    if above is not None:
        return _role_above(above, role.role_arn or "")
    account = account_of(role.mfa_serial)  # of a device that is named by its number alone: none
    if account is None:
        raise errors.BadInput(
            f"Nothing says which account the keys are of that {role.name} is assumed with.",
            "Name who is to be trusted: --principal arn:aws:iam::123456789012:root",
        )
    return Principal(f"arn:{partition_of(role.mfa_serial or '')}:iam::{account}:root")


def _role_above(above: Role, target: str) -> Principal:
    source = above.parent
    if isinstance(source, Source) and source.console is not None:
        return _named(source.console.session)
    if isinstance(source, Source) and source.permission_set:
        # Its role's name has a suffix that changes when the permission set is assigned anew.
        account = f"arn:{partition_of(target)}:iam::{source.account}"
        pattern = f"{account}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{source.permission_set}_*"
        return Principal(f"{account}:root", pattern)
    if above.role_arn is None:
        raise errors.BadInput(f"Nothing says who {above.name} is.", "Name who is to be trusted: --principal ARN")
    return Principal(above.role_arn)


def _trust(role: Role, principal: Principal, *, mfa: bool) -> list[dict[str, Any]]:
    """One statement for each action: what goes along with the call is an action of its own."""
    always = _merged(
        _mfa(role) if mfa else {}, {"ArnLike": {"aws:PrincipalArn": principal.like}} if principal.like else {}
    )
    wanted = {
        "AssumeRole": _merged(always, _external_id(role), _source_identity(role), _tags(role)),
        "TagSession": _merged(always, _tags(role), _no_other_tags(role)) if role.tags else None,
        "SetSourceIdentity": _merged(always, _source_identity(role)) if role.source_identity is not None else None,
    }
    return [
        {
            "Sid": action,
            "Effect": "Allow",
            "Principal": {"AWS": principal.arn},
            "Action": f"sts:{action}",
            **({"Condition": conditions} if conditions else {}),
        }
        for action, conditions in wanted.items()
        if conditions is not None
    ]


def _mfa(role: Role) -> Conditions:
    # Bool, never BoolIfExists: long-term keys have no such key, and would be let through.
    found: Conditions = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}  # guard: policy-lets-no-plain-keys-through
    if role.mfa_max_age is not None:
        found["NumericLessThan"] = {"aws:MultiFactorAuthAge": str(int(role.mfa_max_age))}
    return found


def _external_id(role: Role) -> Conditions:
    return {} if role.external_id is None else {"StringEquals": {"sts:ExternalId": role.external_id}}


def _source_identity(role: Role) -> Conditions:
    return {} if role.source_identity is None else {"StringEquals": {"sts:SourceIdentity": role.source_identity}}


def _tags(role: Role) -> Conditions:
    return {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in role.tags}} if role.tags else {}


def _no_other_tags(role: Role) -> Conditions:
    keys: dict[str, Any] = {"aws:TagKeys": [key for key, _ in role.tags]}
    if role.transitive_tag_keys:
        keys["sts:TransitiveTagKeys"] = list(role.transitive_tag_keys)
    return {"ForAllValues:StringEquals": keys}


def _merged(*conditions: Conditions) -> Conditions:
    found: Conditions = {}
    for each in conditions:
        for operator, keys in each.items():
            found.setdefault(operator, {}).update(keys)
    return found


def _caller(role: Role) -> dict[str, Any]:
    """No condition: where the caller's own policy demands MFA too, nobody can tell whether the target account does."""
    actions = ["sts:AssumeRole"]
    actions += ["sts:TagSession"] if role.tags else []
    actions += ["sts:SetSourceIdentity"] if role.source_identity is not None else []
    return {"Sid": "AssumeRole", "Effect": "Allow", "Action": actions, "Resource": role.role_arn}
