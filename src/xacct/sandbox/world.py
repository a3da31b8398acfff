"""The things a sandbox's world is made of: users, MFA devices, roles, profiles, instances. Frozen values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from xacct.sandbox import keys

if TYPE_CHECKING:
    from xacct.sandbox.identity_center.instance import Instance
    from xacct.sandbox.trust import Statement


KEY_ACTIONS: Final = frozenset(
    f"iam:{name}"
    for name in ("CreateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed", "ListAccessKeys", "UpdateAccessKey")
)
"""What this IAM can do with a user's own access keys."""

IAM_ACTIONS: Final = KEY_ACTIONS | {"iam:ListMFADevices"}
"""All that it can do."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's long-term access key; an inactive one acts as a deleted one does.

    Attributes:
        created: When it was made (Unix seconds).
        works_from: When STS and IAM begin to know it, which with AWS is a little after it was made (Unix seconds).
    """

    key_id: str
    secret: str = field(repr=False)
    active: bool = True
    created: float = 0.0
    works_from: float = 0.0


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """An MFA device: its serial number (of a virtual one its ARN), and its TOTP seed in base32.

    A security key has no seed, and its serial is an ARN of `u2f/`: STS takes no code of it. `enabled` is when it was
    assigned to its user, Unix seconds.
    """

    serial: str
    seed: str = field(repr=False)
    enabled: float = 1_700_000_000.0


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user with its keys and, perhaps, MFA devices.

    Attributes:
        mfa: The device that `xacct-sandbox code` plays.
        more_devices: Others.
        iam: What it may do, as IAM names it (`iam:CreateAccessKey`).
        iam_wants_mfa: Whether its policy denies all of that without MFA (BoolIfExists aws:MultiFactorAuthPresent).
    """

    name: str
    account: str
    keys: tuple[AccessKey, ...] = ()
    mfa: MfaDevice | None = None
    iam: frozenset[str] = IAM_ACTIONS
    iam_wants_mfa: bool = False
    partition: str = "aws"
    more_devices: tuple[MfaDevice, ...] = ()

    @property
    def devices(self) -> tuple[MfaDevice, ...]:
        """All its MFA devices, security keys among them."""
        return (*(() if self.mfa is None else (self.mfa,)), *self.more_devices)

    @property
    def arn(self) -> str:
        """The user's ARN."""
        return f"arn:{self.partition}:iam::{self.account}:user/{self.name}"

    @property
    def user_id(self) -> str:
        """The user's unique id, AIDA..."""
        return keys.unique_id("AIDA", self.arn)


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role: trust policy and longest session in seconds (IAM's default is one hour)."""

    name: str
    account: str
    trust: tuple[Statement, ...]
    max_session: int = 3600
    partition: str = "aws"

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.name}"

    @property
    def role_id(self) -> str:
        """The role's unique id, AROA..."""
        return keys.unique_id("AROA", self.arn)


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An OpenID Connect provider as an account knows it.

    Attributes:
        issuer: Its URL, as tokens name it.
        account: Whose it is.
        audience: Whom its tokens are for.
        key: What it signs them with.
    """

    issuer: str
    account: str
    audience: str
    key: str = field(repr=False)

    @property
    def arn(self) -> str:
        """What trust policies call it."""
        return f"arn:aws:iam::{self.account}:oidc-provider/{self.issuer.removeprefix('https://')}"


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of the generated AWS config file.

    Attributes:
        name: What follows `[profile `.
        settings: The lines below it, in order, as pairs.
        key: The access key that goes into the credentials file, if this profile holds one.
    """

    name: str
    settings: tuple[tuple[str, str], ...] = ()
    key: AccessKey | None = None


@dataclass(frozen=True, slots=True)
class SsoSession:
    """An `[sso-session NAME]` of the generated AWS config file; `settings` are its lines, in order, as pairs."""

    name: str
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Everything that exists: what the STS knows and what the client's files say about it.

    Identity policies are left out but for a user's own keys: every principal may try to assume every role, and the
    role's trust policy alone decides.

    Attributes:
        scoped_credentials: Whether the STS knows GetScopedCredentials: older partitions don't.
        key_delay: Seconds after which a new access key works: IAM is eventually consistent.
    """

    users: tuple[User, ...] = ()
    roles: tuple[Role, ...] = ()
    profiles: tuple[Profile, ...] = ()
    providers: tuple[IdentityProvider, ...] = ()
    instances: tuple[Instance, ...] = ()
    sso_sessions: tuple[SsoSession, ...] = ()
    region: str = "eu-central-1"
    key_delay: float = 0.0
    scoped_credentials: bool = True

    def owner_of(self, key_id: str, now: float = math.inf) -> tuple[User, AccessKey] | None:
        """Return the user who has this active long-term key, known by `now`, and the key; None if nobody has."""
        for user in self.users:
            for key in user.keys:
                if key.key_id == key_id and key.active and key.works_from <= now:
                    return user, key
        return None

    def user(self, arn: str) -> User | None:
        """Return the user of this ARN, or None."""
        return next((user for user in self.users if user.arn == arn), None)

    def role(self, arn: str) -> Role | None:
        """Return the role of this ARN, or None."""
        return next((role for role in self.roles if role.arn == arn), None)
