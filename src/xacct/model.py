"""Credentials, sources, roles, grants and instants as frozen values. Imports next to nothing of ours.

Instants here are Unix seconds on AWS's clock (see clock.py for how it is known), because an
expiration means what AWS means by it, whatever the laptop's clock says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NoReturn

import msgspec

from xacct.scope import Scope  # noqa: TC001 - as below
from xacct.signin import AnySignIn, ConsoleLogin, Renewal, SignIn  # noqa: TC001 - msgspec reads the annotations
from xacct.text import clean, without_password

_ACCOUNT_IN_ARN = re.compile(r"arn:[^:]+:[^:]*:[^:]*:(\d{12}):")

ROLE_ARN = r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}"
"""A role's ARN: path of up to 512 characters and name of up to 64 (IAM User Guide, IAM and STS quotas). A path may
hold other characters; those are left out, because no SDK could send them unencoded."""

_ROLE_ARN = re.compile(ROLE_ARN)
_SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


class Instant(msgspec.Struct, frozen=True, gc=False):
    """One reading of the machine's clocks, in seconds. A Struct, for each request makes some: a tenth of the time.

    Attributes:
        wall: Unix time.
        boot: counts through suspends.
    """

    wall: float
    boot: float


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What a request to AWS is signed with.

    Attributes:
        expires_at: Unix seconds, AWS's time; None for long-term access keys.
        issued_at: lets lifetimes be halved.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    expires_at: float | None = None
    issued_at: float = 0.0
    account_id: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(…{self.access_key_id[-4:]})"  # guard: credentials-show-four-characters

    def __reduce__(self) -> NoReturn:
        # guard: credentials-are-not-pickled
        raise TypeError("credentials are not pickled: they never leave this process by accident")

    def remaining(self, now: float) -> float:
        """Seconds left at `now` (infinite for long-term keys, negative once expired)."""
        return float("inf") if self.expires_at is None else self.expires_at - now

    @property
    def lifetime(self) -> float:
        """Seconds from issue to expiration (infinite for long-term keys)."""
        return float("inf") if self.expires_at is None else self.expires_at - self.issued_at


@dataclass(frozen=True, slots=True)
class ConsoleTokens:
    """What a console login brings: credentials of its identity, a quarter of an hour each.

    Attributes:
        renewal: what brings the next ones, by a client that is one until the sign-in ends.
    """

    credentials: Credentials
    renewal: Renewal


DeviceKind = Literal["virtual", "hardware", "security-key"]


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """An MFA device of an IAM user, as IAM lists it.

    Attributes:
        enabled_at: when it was assigned to the user (Unix seconds); None: IAM does not list it.
    """

    serial: str
    enabled_at: float | None = None

    @property
    def kind(self) -> DeviceKind:
        """What it is: that of a virtual one is an ARN, of a hardware one a number (IAM API Reference, MFADevice)."""
        if ":u2f/" in self.serial:
            return "security-key"
        return "virtual" if self.serial.startswith("arn:") else "hardware"

    @property
    def gives_codes(self) -> bool:
        """Whether STS can use it: AWS has no call that takes a security key."""
        return self.kind != "security-key"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the first credentials come from: a profile's keys, its credential_process, the environment, a keychain.

    Attributes:
        files: the config and the credentials file that have the profile, and the HOME they belong to (awsfiles.Files);
            empty: the daemon's own. The same name in other files is another source.
        temporary: its keys are known to have a session token: AWS opens no MFA session with such.
        key: a digest of the id of its long-term access key, or of where its token lies, which tells that another one
            was put in its place; empty: not known.
        sign_in: the sign-in to IAM Identity Center that it takes; then it is one permission set in one account.
        console: the sign-in to AWS itself (`aws login`) that it is.
    """

    name: str
    kind: Literal[
        "profile",
        "process",
        "environment",
        "web-identity",
        "identity-center",
        "console-login",
        "keychain",
        "ecs-container",
        "ec2-metadata",
    ]
    region: str | None = None
    command: str = field(default="", repr=False)
    temporary: bool = False
    files: tuple[str, ...] = ()
    key: str = field(default="", compare=False, repr=False)
    sign_in: SignIn | None = None
    account: str | None = None
    permission_set: str = ""
    console: ConsoleLogin | None = None

    @property
    def signs_in(self) -> AnySignIn | None:
        """The sign-in in a browser that it takes, of whichever kind."""
        return self.sign_in or self.console

    @property
    def identity_center(self) -> SignIn:
        """Its sign-in to IAM Identity Center; for sources that have one."""
        assert self.sign_in is not None  # noqa: S101 - who asks knows that
        return self.sign_in

    @property
    def is_role(self) -> bool:
        """Whether roles hang from its profile as from a role: there are no keys of its own to read."""
        return self.gives_token or self.console is not None

    @property
    def gives_token(self) -> bool:
        """Whether it gives no keys, but a token that AWS changes for the credentials of a role."""
        return self.kind in {"web-identity", "identity-center"}


@dataclass(frozen=True, slots=True)
class StsTarget:
    """Where AWS STS is asked for a role, and how, as its own profile says. The region is the role's. Files are paths.

    Attributes:
        endpoint_url: the address instead of AWS's own; None: AWS's for the region.
        legacy: the global endpoint for the regions that had it first (sts_regional_endpoints).
        origins: where each of these is set, for sentences: (setting, "ca_bundle of [profile x] in
            /home/u/.aws/config").
    """

    endpoint_url: str | None = None
    ca_bundle: str | None = None
    fips: bool = False
    dualstack: bool = False
    legacy: bool = False
    proxy_ca_bundle: str | None = None
    proxy_client_cert: str | None = None
    origins: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)

    @property
    def address(self) -> str | None:
        """`endpoint_url` for people: without a name and password that may stand in it, and cut."""
        return None if self.endpoint_url is None else without_password(self.endpoint_url)[:200]

    def origin(self, setting: str) -> str:
        """The setting and where it is set: "ca_bundle of [profile x] in /home/u/.aws/config"."""
        return dict(self.origins).get(setting, setting)


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who is at the other end of a connection, as far as the kernel tells. A Struct: each connection makes one.

    Attributes:
        uid: None: not known, and `why` says why.
        inode: that of the caller's socket (0: none), by which its process can be looked for while the socket is open.
        pid: its process, where that is known already.
        exe: likewise, what it runs.
        unasked: the system could tell, and could not be asked just now (no descriptor or memory is left, say).
    """

    uid: int | None = None
    inode: int = 0
    pid: int | None = None
    exe: str | None = None
    why: str = ""
    unasked: bool = False

    @property
    def process(self) -> str:
        """Its process as people are told of it: "pid 4711, /usr/bin/aws"; empty where it is not known."""
        return ", ".join(filter(None, [f"pid {self.pid}" if self.pid else "", clean(self.exe or "")]))


class ProcessMark(msgspec.Struct, frozen=True, gc=False):
    """A process that no later one of the same number is taken for.

    Attributes:
        pid: its number.
        started: when it started, as the operating system marks it (host/ancestry.py).
    """

    pid: int
    started: str


Address = tuple[str, int]
"""A TCP address: host and port."""

Callers = Callable[[Address, Address], Caller]
"""Gives the caller of a connection: its address, and the one it has reached us at."""


MfaPath = Literal["session", "direct"]
Where = Literal["host", "container"]
"""Which of the endpoint's listeners take a grant: those for this machine's processes, or those for containers."""

Confirm = Literal["first-use", "each-grant", "each-use"]
"""When a human is asked before a consumer gets a guarded role."""


@dataclass(frozen=True, slots=True)
class Role:
    """A named way to target credentials.

    Attributes:
        parent: a source, or the name of another role (role chaining).
        role_arn: None: the source's own MFA session (or its plain keys) is what is held.
        duration: seconds that the configuration asks for.
        mfa_serial: the MFA device of which codes are asked for; None: none are.
        other_devices: those that do as well, of the same user. The MFA session is the same, whichever was used.
        region: the one its profile names; None: none is named.
        target: where STS is asked for it.
        confirm: a human says yes before a consumer first gets it.
        read_only: a session policy limits it to reading.
        production: people see it in a colour of its own. It is no part of what a role is: marking one loses nothing.
        included: the profile from which its own has settings that it lacks (include_profile); empty: from none.
    """

    name: str
    parent: Source | str
    role_arn: str | None = None
    mfa_serial: str | None = None
    external_id: str | None = field(default=None, repr=False)
    session_name: str | None = None
    duration: int | None = None
    region: str | None = None
    target: StsTarget = StsTarget()
    source_identity: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    policy: str | None = field(default=None, repr=False)
    policy_arns: tuple[str, ...] = ()
    mfa: MfaPath = "session"
    mfa_max_age: float | None = None
    confirm: Confirm | None = None
    read_only: bool = False
    production: bool = field(default=False, compare=False)
    included: str = field(default="", compare=False)
    other_devices: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        """The source that it hangs from; for roles that hang from one."""
        assert isinstance(self.parent, Source)  # noqa: S101 - who asks knows that
        return self.parent

    @property
    def devices(self) -> tuple[str, ...]:
        """The MFA devices any of which will do; none where no code is asked for."""
        return () if self.mfa_serial is None else (self.mfa_serial, *self.other_devices)

    @property
    def base(self) -> Source | str:
        """What a role hangs from that is assumed as from this one's profile, if that names no role_arn itself."""
        here = isinstance(self.parent, Source) and self.parent.signs_in is not None
        return self.name if here else self.parent  # guard: role-below-sign-in-is-assumed

    @property
    def session_policies(self) -> tuple[str, ...]:
        """The ARNs of the managed policies a session is limited to: the configured ones, and AWS's for reading."""
        if not self.read_only or self.role_arn is None:
            return self.policy_arns
        return (*self.policy_arns, f"arn:{partition_of(self.role_arn)}:iam::aws:policy/ReadOnlyAccess")

    @property
    def account(self) -> str | None:
        """The twelve digits of the role ARN's account, or of the permission set's, where it has one."""
        if isinstance(self.parent, Source) and self.parent.account is not None:
            return self.parent.account
        return account_of(self.role_arn)

    @property
    def slug(self) -> str:
        """The role's name as it stands in an endpoint path.

        SDKs mangle anything but [A-Za-z0-9._-] in a path, so other names are folded, with a hash against clashes.
        """
        return slug_of(self.name)


@dataclass(frozen=True, slots=True)
class Grant:
    """The right of one consumer to fetch some roles' credentials. Only the token's SHA-256 is kept.

    Attributes:
        role_arns: patterns of the ARNs it may name besides (`*` alone is a wildcard, for anything), reached as the role
            `via` is.
        forwarded_port: where, on another machine, the endpoint is forwarded to for this consumer.
        files: AWS's files that its roles are of (awsfiles.Files); empty where that was not noted.
        scope: what its credentials are narrowed to; None: they are the roles' own.
        root: the process that it is bound to: neither it nor one that stems from it may ask for more; None: none is.
    """

    id: str
    digest: str = field(repr=False)  # guard: grant-hides-its-digest
    label: str
    roles: tuple[str, ...]
    created: float
    expires_at: float | None = None
    pid: int | None = None
    pid_started: str | None = None
    role_arns: tuple[str, ...] = ()
    via: str | None = None
    forwarded_port: int | None = None
    where: Where = "host"
    files: tuple[str, ...] = ()
    scope: Scope | None = None
    root: ProcessMark | None = None

    def allows(self, role: str) -> bool:
        """Whether this grant may fetch that role."""
        return role in self.roles

    def allows_arn(self, arn: str) -> bool:
        """Whether this grant may fetch the role of that ARN, whatever it is called."""
        # guard: patterns-only-is-anything
        return bool(_ROLE_ARN.fullmatch(arn)) and any(matches(arn, pattern) for pattern in self.role_arns)


def matches(arn: str, pattern: str) -> bool:
    """Whether an ARN is one of a pattern's: `*` stands for anything, and every other character for itself."""
    first, *others = pattern.split("*")
    if not others:
        return arn == pattern
    if not arn.startswith(first):
        return False
    *middle, last = others
    place, end = len(first), len(arn) - len(last)
    for part in middle:
        place = arn.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return place <= end and arn.endswith(last)


def slug_of(name: str) -> str:
    """What a role of that name is in an endpoint path (`Role.slug`)."""
    if _SLUG.fullmatch(name):
        return name
    folded = re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip(".-") or "role"
    return f"{folded}-{sha256(name.encode()).hexdigest()[:6]}"


def account_of(arn: str | None) -> str | None:
    """The account of an ARN, or None where there is none to read."""
    match = _ACCOUNT_IN_ARN.match(arn or "")
    return match.group(1) if match else None


def partition_of(arn: str) -> str:
    """The partition of an ARN; the first of them where a file has something else in an ARN's place."""
    return arn.split(":")[1] if arn.startswith("arn:") else "aws"


def iso(instant: float) -> str:
    """An instant as every SDK accepts it: whole seconds and a Z (JS v3 and Rust refuse `+00:00`)."""
    return datetime.fromtimestamp(int(instant), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
