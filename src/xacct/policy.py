"""Every decision about credentials over time, as pure functions of values and an instant. No clock, no I/O.

Fresh or stale, when to renew, how long to back off, which path leads to a role: the keeper asks here and acts.
Instants are Unix seconds on AWS's clock, durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from xacct import text
from xacct.model import Source, StsTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from xacct.model import Confirm, Credentials, Role

HOUR = 3600.0
MINUTE = 60.0

SDK_REFETCH = 15 * MINUTE
"""botocore, Java and .NET fetch again below this (botocore/credentials.py: _advisory_refresh_timeout)."""

IMDS_LEAST = 25 * MINUTE
"""Never less than this by EC2's protocol: botocore takes what has less than up to 20 min for EC2's bad moment, and uses
it for up to 20 min more, expired or not (botocore/utils.py: _evaluate_expiration)."""

RENEW_MARGIN = 20 * MINUTE
"""Left over when a renewal starts, so that a bad quarter of an hour at STS shows nobody less than SDK_REFETCH."""

CHAIN_LIMIT = 3600
"""AWS: "Role chaining limits your session to a maximum of one hour" (IAM User Guide, Roles terms and concepts).
A GetSessionToken session as the caller counts as chaining."""

ROLE_DURATION = 3600
ROLE_DURATION_MIN = 900
ROLE_DURATION_MAX = 43200
"""AssumeRole's DurationSeconds (AWS STS API Reference, AssumeRole)."""

SESSION_DURATION = 12 * 3600
SESSION_DURATION_MIN = 900
SESSION_DURATION_MAX = 129600
"""GetSessionToken's DurationSeconds for an IAM user (AWS STS API Reference, GetSessionToken)."""

TOTP_STEP = 30.0
"""RFC 6238's time step, the one AWS's virtual MFA devices use."""

BACKOFF_FIRST = 1.0
BACKOFF_MAX = 2 * MINUTE

RENEW_WITHIN = HOUR
"""A role is renewed ahead of its end if it was fetched within this; else it lapses until its next fetch."""

IDLE = 12 * HOUR
"""A role that is known by its ARN alone is forgotten once nobody has used it for so long."""

RECENT = HOUR
"""A human is asked ahead of the end of the MFA session only for roles used within this."""

WARNINGS = (30 * MINUTE, 10 * MINUTE)
"""How long before the end of the MFA session the human is warned."""

ASK_AHEAD = 10 * MINUTE
"""How long before its end the human is asked for a code, where somebody is there to ask; less in a short
session, lest the next question follow the first answer."""


class Freshness(Enum):
    """What credentials are good for at an instant."""

    FRESH = "serve at once"
    STALE = "try to renew first, but serve"
    EXPIRED = "never serve"


def freshness(held: Credentials | None, now: float) -> Freshness:
    """Whether held credentials can be served, and whether a renewal should come first."""
    if held is None or held.remaining(now) <= 0:
        return Freshness.EXPIRED
    return Freshness.STALE if held.remaining(now) <= stale_below(held.lifetime) else Freshness.FRESH


def stale_below(lifetime: float) -> float:
    """Seconds left below which an SDK would come straight back: a quarter of a short life, else 15 minutes."""
    return SDK_REFETCH if lifetime >= RENEW_MARGIN + SDK_REFETCH / 3 else lifetime / 4


def renew_at(held: Credentials, jitter: float) -> float:
    """When to renew: about half-life, earlier if that would leave less than RENEW_MARGIN.

    Args:
        held: what is to be renewed.
        jitter: in [-1, 1]; spreads renewals over a tenth of the lifetime.
    """
    lifetime = held.lifetime
    if lifetime == float("inf"):
        return lifetime
    age = lifetime * (0.5 + 0.05 * jitter)
    if lifetime > RENEW_MARGIN + 5 * MINUTE:
        age = min(age, lifetime - RENEW_MARGIN)
    return held.issued_at + age


def renewed_until(fetched: float, lifetime: float, within: float, late: float = 0.0) -> float:
    """Until when a role is renewed before its end, for whoever fetches it; long ago: it is not.

    Args:
        fetched: when it was last fetched (AWS's time; long ago: never).
        lifetime: seconds its credentials live: whoever has fetched such comes back once in that time.
        within: the setting; 0: never.
        late: seconds this machine's clock is behind AWS's: by so much later do SDKs come back, which go by that.
    """
    return fetched + max(within, lifetime) + max(0.0, late) if within > 0 else float("-inf")


def backoff(failures: int, jitter: float) -> float:
    """Seconds to wait after the n-th failure in a row (n >= 1); `jitter` in [-1, 1]."""
    full = min(BACKOFF_MAX, BACKOFF_FIRST * 2.0 ** min(failures - 1, 10))
    return full * (0.75 + 0.25 * jitter)


def session_duration(wanted: float | None, configured: int) -> int:
    """Seconds to ask an MFA session for: what is configured, or enough to cover `wanted` more seconds."""
    covering = max(configured, int(wanted) + 60 if wanted else 0)
    return max(SESSION_DURATION_MIN, min(SESSION_DURATION_MAX, covering))


def final_renewal_lead(roles: int) -> float:
    """Seconds before the end of the MFA session at which active roles are renewed once more.

    Enough for `roles` renewals at a fifth of the rate limit, and two tries of each.
    """
    return 2 * MINUTE + roles / 2


def ask_ahead(lifetime: float) -> float:
    """Seconds before the end of an MFA session of that lifetime at which a human is asked for the next code."""
    return min(ASK_AHEAD, lifetime / 4)


def next_step(now: float) -> float:
    """When the next TOTP time step begins."""
    return (now // TOTP_STEP + 1) * TOTP_STEP


class Hop(Enum):
    """How one role's credentials come from its parent's."""

    SESSION = "the MFA session itself"
    KEYS = "the source's keys themselves"
    FROM_SESSION = "AssumeRole from the MFA session"
    WITH_CODE = "AssumeRole with the code itself"
    FROM_KEYS = "AssumeRole from the source's keys, without MFA"
    FROM_ROLE = "AssumeRole from another role"
    WEB_IDENTITY = "AssumeRoleWithWebIdentity"
    SIGN_IN = "GetRoleCredentials with the sign-in to IAM Identity Center"
    CONSOLE = "the console login itself"


@dataclass(frozen=True, slots=True)
class Path:
    """How a role is reached: the hop from its parent, and the longest it may be asked for (seconds)."""

    hop: Hop
    duration: int

    @property
    def needs_session(self) -> bool:
        """Whether an MFA session of (source, serial), or a sign-in, has to exist."""
        hop = self.hop
        return hop is Hop.SESSION or hop is Hop.FROM_SESSION or hop is Hop.SIGN_IN or hop is Hop.CONSOLE


def path_to(role: Role, *, lifetime: float | None = None, learned_max: int | None = None) -> Path:
    """The path to a role.

    Args:
        role: what the configuration says.
        lifetime: seconds somebody asked to have at once; more than an hour takes the direct path.
        learned_max: the role's MaxSessionDuration, where STS has refused more.
    """
    hop = _hop(role, lifetime)
    asked = int(max(role.duration or ROLE_DURATION, lifetime or 0))
    # Not `in {...}`: Enum's hash is Python's, and thousands of roles are looked at in a row.
    longest = CHAIN_LIMIT if hop is Hop.FROM_SESSION or hop is Hop.FROM_ROLE else ROLE_DURATION_MAX
    duration = max(ROLE_DURATION_MIN, min(asked, longest, learned_max or longest))
    return Path(hop, duration)


_ROLES_THEMSELVES = {
    "web-identity": Hop.WEB_IDENTITY,
    "identity-center": Hop.SIGN_IN,
    "console-login": Hop.CONSOLE,
}


def _hop(role: Role, lifetime: float | None) -> Hop:
    if not isinstance(role.parent, Source):
        return Hop.FROM_ROLE
    if role.parent.is_role:
        return _ROLES_THEMSELVES[role.parent.kind]
    if role.role_arn is None:
        return Hop.SESSION if role.mfa_serial else Hop.KEYS
    if not role.mfa_serial:
        return Hop.FROM_KEYS
    if role.mfa == "direct" or role.parent.temporary or (lifetime or 0) > CHAIN_LIMIT:
        return Hop.WITH_CODE
    return Hop.FROM_SESSION


def explain(
    role: Role,
    roles: Mapping[str, Role],
    session_seconds: int,
    session_name: str = "xacct",
    describe: Callable[[Source], str] = lambda source: source.kind,
) -> tuple[list[str], list[str]]:
    """The plan for a role in words: the steps, then remarks about what goes along and what limits it.

    Args:
        role: whose plan.
        roles: all there are, by name.
        session_seconds: how long an MFA session lasts by the settings.
        session_name: what the settings say for roles that say nothing.
        describe: what a source's credentials come from, in words.
    """
    path = path_to(role)
    steps, remarks = _steps_before(role, path, roles, session_seconds, session_name, describe)
    if role.role_arn:
        how = {Hop.WITH_CODE: "assume it with that code itself", Hop.WEB_IDENTITY: "assume it with that token"}
        steps.append(f"{how.get(path.hop, 'assume')}: {role.role_arn}, {_span(path.duration)} at a time")
        remarks += _passed(role, session_name)
    remarks += [f"region of {role.name}: {role.region}"] if role.region else []
    remarks += [_INCLUDED.format(role.included)] if role.included else []
    above = None if isinstance(role.parent, Source) else roles.get(role.parent)
    remarks += _remarks(role, path, above)
    return steps, remarks


def _passed(role: Role, session_name: str) -> list[str]:
    """What goes along with AssumeRole."""
    transitive = f"; of them go on along a chain: {', '.join(role.transitive_tag_keys)}"
    passed = {
        "session name": role.session_name or session_name,
        "external id": role.external_id,
        "configured duration": _span(role.duration) if role.duration else None,
        "source identity": role.source_identity,
        "tags": ", ".join(f"{key}={value}" for key, value in role.tags) + transitive * bool(role.transitive_tag_keys),
        "session policies": ", ".join([*role.policy_arns, *(["one of its own"] if role.policy else [])]),
    }
    return [f"{name} of {role.name}: {text.without_keys(value)}" for name, value in passed.items() if value]


def _steps_before(
    role: Role,
    path: Path,
    roles: Mapping[str, Role],
    session_seconds: int,
    session_name: str,
    describe: Callable[[Source], str],
) -> tuple[list[str], list[str]]:
    if not isinstance(role.parent, Source):
        parent = roles.get(role.parent)
        if parent is None:
            return [f"the role {role.parent}, which is not configured"], []
        steps, remarks = explain(parent, roles, session_seconds, session_name, describe)
        return steps, remarks
    source = role.parent
    steps = [f"start from {source.name}: {describe(source)}"]
    if path.hop is Hop.SIGN_IN:
        steps.append(
            f"get {source.permission_set} in {source.account} from the access portal; a sign-in takes a browser, and "
            "every profile of the same one shares it"
        )
    elif path.hop is Hop.CONSOLE:
        steps.append("use it as it is; every profile of the same login_session and region shares it")
    elif path.needs_session:
        steps.append(
            f"open an MFA session with one code of {' or '.join(role.devices)}, for {_span(session_seconds)}; "
            f"every role of {source.name} with this device shares it"
        )
    elif path.hop is Hop.KEYS:
        steps.append(f"open a session without MFA (GetSessionToken), for {_span(session_seconds)}")
    elif path.hop is Hop.WITH_CODE:
        steps.append(f"ask for a code of {' or '.join(role.devices)}, at every renewal")
    return steps, []


_INCLUDED = (
    "its profile has settings from {} by include_profile, which AWS's own tools don't read: they refuse this profile"
)

_CONFIRM: dict[Confirm, str] = {
    "first-use": "guarded: a human is asked before anything first gets it, and again after a logout",
    "each-grant": "guarded: a human is asked for each grant before it first gets it",
    "each-use": "guarded: a human is asked at each use, unless a yes was given for some minutes or for the grant",
}
"""What is said of each, from the weakest to the strictest."""


def strictest(guards: Iterable[Confirm | None]) -> Confirm | None:
    """The strictest of several guards that one role has by several ways; None: it has none."""
    said = set(guards)
    return next((confirm for confirm in reversed(_CONFIRM) if confirm in said), None)


def agreed_to(role: Role) -> tuple[object, ...]:
    """What a human agrees to who lets somebody use a role: whose it is, and what limits it. Equal: the same."""
    return role.role_arn or role.parent, role.policy, role.policy_arns, role.read_only


def allowed_by(role: Role) -> str:
    """What somebody is allowed who is let use a role, in words: what limits it that is known here."""
    if role.read_only:
        return "what the role may do, limited to reading (AWS's ReadOnlyAccess)"
    if role.policy or role.policy_arns:
        return "what the role may do, limited by its session policy"
    return "all that the role may do"


_RENEWED: dict[Hop, str] = {
    Hop.FROM_SESSION: "renewed without a code until the MFA session ends",
    Hop.CONSOLE: (
        "its credentials live for 15 minutes and are renewed without a human until the sign-in ends, after 12 hours at "
        "most; the AWS CLI's own sign-in is not used: its refresh token would be used up"
    ),
    Hop.SIGN_IN: "renewed without a human until the sign-in ends; a sign-in of the AWS CLI's is used while it lasts",
}


def _remarks(role: Role, path: Path, above: Role | None) -> list[str]:
    remarks = []
    if path.hop in _RENEWED:
        remarks.append(_RENEWED[path.hop])
    if path.hop is Hop.FROM_SESSION and (role.duration or 0) > CHAIN_LIMIT:
        remarks.append(
            f"the profile asks for {_span(role.duration or 0)}, but AWS counts an MFA session as role chaining and "
            'gives an hour at most: xacct renews it for you (for longer credentials set mfa = "direct")'
        )
    if path.hop is Hop.FROM_ROLE:
        remarks.append(_chained(role, above))
    if role.mfa_max_age is not None:
        remarks.append(
            f"its trust policy wants an MFA younger than {_span(role.mfa_max_age)}: past that a new code is asked for"
        )
    if role.read_only:
        remarks.append(f"limited to reading, by the session policy {role.session_policies[-1]}")
    if role.confirm is not None:
        remarks.append(_CONFIRM[role.confirm])
    if path.hop is Hop.KEYS:
        remarks.append(
            "what is handed out is that session and not the access key: AWS lets it call neither IAM nor, of STS, more "
            "than AssumeRole and GetCallerIdentity (keys that are temporary already are handed on as they are)"
        )
    if role.region is not None or role.target != StsTarget():
        remarks.append(_where(role))
    if path.hop is Hop.FROM_KEYS:
        remarks.append("no mfa_serial in the profile or its source: assumed without MFA, renewed without a code")
    return remarks


def _chained(role: Role, above: Role | None) -> str:
    """What limits a role that is assumed from another."""
    if above is not None and path_to(above).hop is Hop.CONSOLE:
        return (
            "assumed from a console login: AWS does not say whether that counts as MFA in a trust policy; an hour at a "
            "time is asked for, as for any role that is assumed from another session"
        )
    return (
        f"a second hop carries no MFA: {role.name}'s trust policy must not demand "
        "aws:MultiFactorAuthPresent, and AWS limits it to an hour at a time"
    )


def _where(role: Role) -> str:
    """Which STS is asked, in words; what is not said is AWS's own."""
    target = role.target
    kinds = [word for word, said in (("FIPS", target.fips), ("dual-stack", target.dualstack)) if said]
    address = target.address or " ".join(["AWS's", *kinds, "endpoint"])
    said = f"STS is asked at {address}" + (f", in {role.region}" if role.region else "")
    origins = ", ".join(origin for _, origin in target.origins)
    return f"{said} ({origins})" if origins else said


def _span(seconds: float) -> str:
    hours, minutes = divmod(int(seconds) // 60, 60)
    return (
        " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
        or "0 min"
    )
