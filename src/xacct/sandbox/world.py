"""The things a sandbox's world is made of: users, MFA devices, roles, profiles, instances. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xacct.sandbox import keys

if TYPE_CHECKING:
    from xacct.sandbox.identity_center.instance import Instance
    from xacct.sandbox.trust import Statement


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's long-term access key; an inactive one acts as a deleted one does."""

    key_id: str
    secret: str = field(repr=False)
    active: bool = True


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
    """An IAM user with its keys and, perhaps, an MFA device.

    Attributes:
        name: Its name.
        account: Whose it is.
        keys: Its access keys.
        mfa: The device that `xacct-sandbox code` plays.
        more_devices: Others.
        denied: What IAM can do and this user may not ("iam:ListMFADevices").
    """

    name: str
    account: str
    keys: tuple[AccessKey, ...] = ()
    mfa: MfaDevice | None = None
    more_devices: tuple[MfaDevice, ...] = ()
    denied: frozenset[str] = frozenset()

    @property
    def devices(self) -> tuple[MfaDevice, ...]:
        """All its MFA devices, security keys among them."""
        return (*(() if self.mfa is None else (self.mfa,)), *self.more_devices)

    @property
    def arn(self) -> str:
        """The user's ARN."""
        return f"arn:aws:iam::{self.account}:user/{self.name}"

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

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return f"arn:aws:iam::{self.account}:role/{self.name}"

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

    Identity policies are left out: every principal may try to assume every role, and the role's
    trust policy alone decides.
    """

    users: tuple[User, ...] = ()
    roles: tuple[Role, ...] = ()
    profiles: tuple[Profile, ...] = ()
    providers: tuple[IdentityProvider, ...] = ()
    instances: tuple[Instance, ...] = ()
    sso_sessions: tuple[SsoSession, ...] = ()
    region: str = "eu-central-1"

    def owner_of(self, key_id: str) -> tuple[User, AccessKey] | None:
        """Return the user who has this active long-term key, and the key; None if nobody has."""
        for user in self.users:
            for key in user.keys:
                if key.key_id == key_id and key.active:
                    return user, key
        return None

    def user(self, arn: str) -> User | None:
        """Return the user of this ARN, or None."""
        return next((user for user in self.users if user.arn == arn), None)

    def role(self, arn: str) -> Role | None:
        """Return the role of this ARN, or None."""
        return next((role for role in self.roles if role.arn == arn), None)
