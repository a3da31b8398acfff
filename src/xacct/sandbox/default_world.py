"""The world of the demo and the tests: one user with an MFA device, roles in other accounts.

The names are those of the documentation; keys and seed come from an `Identity` made at random.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pyotp

from xacct.sandbox import keys
from xacct.sandbox.console_login.default import login_profiles
from xacct.sandbox.identity_center.default import enlarged, instance, sso_profiles, sso_session
from xacct.sandbox.trust import Condition, Statement
from xacct.sandbox.world import AccessKey, MfaDevice, Profile, Role, User, World

CENTRAL: Final = "123456789012"
PROD: Final = "234567890123"
STAGING: Final = "345678901234"
FLEET: Final = "456789012345"
VENDOR: Final = "567890123456"
SECOND: Final = "678901234567"

USER_NAME: Final = "MyIAMUsername"
OTHER_USER_NAME: Final = "MyColleague"
MFA_SERIAL: Final = f"arn:aws:iam::{CENTRAL}:mfa/{USER_NAME}"
SECURITY_KEY: Final = f"arn:aws:iam::{CENTRAL}:u2f/user/{USER_NAME}/yubikey-TJ4ZAMGXH6PNQ3RB7LKV2CEDYA"
EXTERNAL_ID: Final = "vendor-7Qx2"
FLEET_SIZE: Final = 20

_MFA: Final = Condition("Bool", "aws:MultiFactorAuthPresent", ("true",))
_YOUNG_MFA: Final = Condition("NumericLessThan", "aws:MultiFactorAuthAge", ("900",))
_EXTERNAL: Final = Condition("StringEquals", "sts:ExternalId", (EXTERNAL_ID,))
_ROOT: Final = (f"arn:aws:iam::{CENTRAL}:root",)
_TWELVE_HOURS: Final = 43200


@dataclass(frozen=True, slots=True)
class Identity:
    """The random part of a world: the user's access key and the MFA device's seed."""

    key_id: str
    secret: str = field(repr=False)
    seed: str = field(repr=False)


def new_identity() -> Identity:
    """Return keys and a seed nobody has seen before."""
    return Identity(
        key_id=keys.access_key_id("AKIA", CENTRAL),
        secret=keys.secret_access_key(),
        seed=pyotp.random_base32(),
    )


def _trusting(*conditions: Condition) -> tuple[Statement, ...]:
    return (Statement(_ROOT, conditions),)


_ROLES: Final[dict[str, Role]] = {
    "prod": Role("cross-account-role-name", PROD, _trusting(_MFA)),
    "staging": Role("staging-role", STAGING, _trusting(_MFA)),
    "thirdparty": Role("thirdparty-role", VENDOR, _trusting(_MFA, _EXTERNAL)),
    "strict": Role("strict-role", PROD, _trusting(_MFA, _YOUNG_MFA)),
    "open": Role("open-role", PROD, _trusting()),
    "second": Role("second-role", SECOND, (Statement((f"arn:aws:iam::{PROD}:role/cross-account-role-name",)),)),
    "long": Role("long-role", PROD, _trusting(_MFA), max_session=_TWELVE_HOURS),
} | {f"fleet-{n:02d}": Role(f"fleet-{n:02d}", FLEET, _trusting(_MFA)) for n in range(1, FLEET_SIZE + 1)}

# What a profile says beside role_arn, source_profile = central, mfa_serial and region.
_EXTRAS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "thirdparty": (("external_id", EXTERNAL_ID),),
    "long": (("duration_seconds", str(_TWELVE_HOURS)),),
}
# `open` can be had without a code, and `second` inherits what `prod` needs.
_WITHOUT_SERIAL: Final = frozenset({"open", "second"})


def _profile(name: str, role: Role, region: str) -> Profile:
    settings = [
        ("role_arn", role.arn),
        ("source_profile", "prod" if name == "second" else "central"),
        ("region", region),
    ]
    if name not in _WITHOUT_SERIAL:
        settings.append(("mfa_serial", MFA_SERIAL))
    settings.extend(_EXTRAS.get(name, ()))
    return Profile(name, tuple(settings))


def default_world(
    identity: Identity | None = None,
    region: str = "eu-central-1",
    *,
    identity_center: bool = False,
    accounts: int = 0,
    console_login: bool = False,
) -> World:
    """Return the world of the documentation.

    Args:
        identity: Keys and seed of its user; None makes new ones.
        region: What profiles and environment name as region; the STS accepts every region.
        identity_center: Whether the client's files have profiles of the instance of Identity Center, which is there
            in any case.
        accounts: How many accounts more that instance has.
        console_login: Whether they have profiles of console logins, and the world another user to sign in as.
    """
    mine = identity or new_identity()
    key = AccessKey(mine.key_id, mine.secret)
    devices = MfaDevice(MFA_SERIAL, mine.seed), MfaDevice(SECURITY_KEY, "")
    user = User(USER_NAME, CENTRAL, (key,), devices[0], more_devices=devices[1:])
    central = Profile("central", (("mfa_serial", MFA_SERIAL), ("region", region)), key)
    profiles = [_profile(name, role, region) for name, role in _ROLES.items()]
    forgetful = _profile("noexternalid", _ROLES["thirdparty"], region)
    idc = enlarged(instance(region, CENTRAL, PROD, STAGING), accounts)
    other = User(OTHER_USER_NAME, CENTRAL)
    signed_in = sso_profiles(idc, _ROLES["open"].arn) if identity_center else ()
    logged_in = login_profiles(user.arn, other.arn, _ROLES["open"].arn, region) if console_login else ()
    return World(
        users=(user, *((other,) if console_login else ())),
        roles=tuple(_ROLES.values()),
        profiles=(central, *profiles, forgetful, *signed_in, *logged_in),
        instances=(idc,),
        sso_sessions=(sso_session(idc),) if identity_center else (),
        region=region,
    )
