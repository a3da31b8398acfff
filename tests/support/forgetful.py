"""A sandbox's world in which some owners forgot something in their roles' trust policies.

with Stack(tmp_path, change=forgetful) as stack: ...
HOLES: the roles that `verify` has to find, and by which tries.
"""

from dataclasses import replace

from xacct.sandbox.default_world import CENTRAL, EXTERNAL_ID, MFA_SERIAL, PROD
from xacct.sandbox.trust import Condition, Statement
from xacct.sandbox.world import Profile, Role

TARGET = "789012345678"
ROOT = (f"arn:aws:iam::{CENTRAL}:root",)
MFA = Condition("Bool", "aws:MultiFactorAuthPresent", ("true",))
EXTERNAL = Condition("StringEquals", "sts:ExternalId", (EXTERNAL_ID,))
WITH_MFA = (("source_profile", "central"), ("mfa_serial", MFA_SERIAL))
WITH_BOTH = (*WITH_MFA, ("external_id", EXTERNAL_ID))
BY_PROD = (("source_profile", "prod"),)

FORGOTTEN = {
    "no-mfa": (WITH_MFA, ()),
    "mfa-if-exists": (WITH_MFA, (Condition("BoolIfExists", "aws:MultiFactorAuthPresent", ("true",)),)),
    "no-external-id": (WITH_BOTH, (MFA,)),
    "external-id-alone": (WITH_BOTH, (EXTERNAL,)),
    "neither": (WITH_BOTH, ()),
    "path-by-session": (BY_PROD, (MFA,)),
    "path-by-keys": (BY_PROD, ()),
}
"""By name: what the profile says, and the conditions of the trust policy, which trusts the central account."""

HOLES = {
    "open": {"without-mfa"},  # of the default world: its source has an MFA device, and nobody asks for it
    "no-mfa": {"without-mfa"},
    "mfa-if-exists": {"without-mfa"},
    "no-external-id": {"without-external-id"},
    "external-id-alone": {"without-mfa"},
    "neither": {"without-mfa", "without-external-id", "without-mfa-or-external-id"},
    "path-by-session": {"shorter-path"},
    "path-by-keys": {"shorter-path"},
}


def forgetful(world):
    """The default world with these roles, and one that is reached by another and forgets nothing."""
    kept = Role("path-kept", TARGET, (Statement((f"arn:aws:iam::{PROD}:role/cross-account-role-name",), (EXTERNAL,)),))
    roles = [Role(name, TARGET, (Statement(ROOT, conditions),)) for name, (_, conditions) in FORGOTTEN.items()]
    says = {name: lines for name, (lines, _) in FORGOTTEN.items()} | {
        "path-kept": (*BY_PROD, ("external_id", EXTERNAL_ID))
    }
    profiles = [
        Profile(role.name, (("role_arn", role.arn), *says[role.name], ("region", world.region)))
        for role in (*roles, kept)
    ]
    return replace(world, roles=(*world.roles, *roles, kept), profiles=(*world.profiles, *profiles))
