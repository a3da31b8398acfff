"""config.toml: what AWS's own file has no word for. Typed, strict, and helpful about typing errors.

Durations are numbers of seconds or words such as "90s", "45m", "12h". docs/settings.md is checked against this file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from xacct import errors, policy, rolekeys, tomlfile
from xacct.model import Role, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from xacct.aws.profiles import Profiles

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Duration = int | str
MOST_IMDS_PORTS = 100
"""A listener each, all of which a successor gets in one message."""

MAX_PORT = 65535
Port = Annotated[int, msgspec.Meta(ge=1, le=MAX_PORT)]

Command = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
"""A program and its arguments."""


class Daemon(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[daemon]: the endpoint's port on 127.0.0.1, how much is logged, and whether state outlives the process.

    Attributes:
        survive_restart: in the memory of the service manager.
        persistence: on disk, over a reboot.
    """

    port: Port = 9477
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["logfmt", "json"] = "logfmt"
    persistence: Literal["none", "keychain"] = "none"
    survive_restart: bool = True


class Session(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[session]: how long an MFA session is asked for (15 min to 36 h), and the name CloudTrail shows for roles.

    Attributes:
        name: may use {user} and {host}.
        renew_if_used_within: what was not fetched for so long lapses ("0s": all does).
    """

    duration: Duration = "12h"
    name: str = "{user}@{host}"
    renew_if_used_within: Duration = "1h"


class Prompts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[prompts]: how long an SDK is held while a human types a code, and how they are asked beside terminals.

    Attributes:
        command: prints a code (a password manager, `ykman oath ...`).
        devices: by the serial of an MFA device, the command for that one alone.
        desktop: whether dialogs and notices are shown.
    """

    patience: Duration = "120s"
    command: tuple[str, ...] = ()
    devices: dict[str, Command] = {}
    desktop: bool = True


class EndpointSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[endpoint]: whether a caller that the kernel can't name is refused, as another user always is."""

    require_known_caller: bool = False


class ContainersSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[containers]: whether containers are served, on bridges too, and where they believe us to be.

    Both addresses are of those that SDKs accept; JavaScript's v2 knows only the second.
    """

    enabled: bool = True
    bridge: bool = True
    address: Literal["169.254.170.2", "169.254.170.23"] = "169.254.170.2"
    port: Port = 9479


class AuditSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[audit]: whether audit.jsonl is kept, the MiB at which a new one is begun, and how many old ones stay.

    Attributes:
        required: nothing is served that can't be written down.
    """

    enabled: bool = True
    required: bool = False
    max_mib: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 10
    keep: Annotated[int, msgspec.Meta(ge=0, le=100)] = 5


class ImdsSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[imds]: ports of 127.0.0.1 that speak EC2's metadata protocol (IMDSv2), each with the role it serves."""

    roles: dict[str, str] = {}

    @property
    def ports(self) -> dict[int, str]:
        """The same, with numbers: TOML's keys are text."""
        return {int(port): role for port, role in self.roles.items()}


class Lock(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[lock]: whether a suspend, or a screen that locks, locks the agent, as `xacctctl lock` does."""

    on_suspend: bool = False
    on_screen_lock: bool = False


class RoleSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """[roles.NAME]: adds to the AWS profile of that name, or makes a role of its own (role_arn, source_profile).

    Attributes:
        session_name: may use {user} and {host}.
        source_identity: likewise.
    """

    role_arn: str | None = None
    source_profile: str | None = None
    mfa_serial: str | None = None
    external_id: str | None = None
    region: str | None = None
    duration: Duration | None = None
    mfa: Literal["session", "direct"] | None = None
    mfa_max_age: Duration | None = None
    session_name: str | None = None
    source_identity: str | None = None
    tags: dict[str, str] | None = None
    transitive_tag_keys: tuple[str, ...] | None = None
    policy: str | None = None
    policy_arns: tuple[str, ...] | None = None
    confirm: Literal["first-use", "each-grant"] | None = None
    read_only: bool | None = None


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file."""

    daemon: Daemon = Daemon()
    session: Session = Session()
    prompts: Prompts = Prompts()
    endpoint: EndpointSettings = EndpointSettings()
    containers: ContainersSettings = ContainersSettings()
    audit: AuditSettings = AuditSettings()
    imds: ImdsSettings = ImdsSettings()
    lock: Lock = Lock()
    roles: dict[str, RoleSettings] = {}


def read(path: Path) -> Settings:
    """The settings of a file; the defaults where there is none.

    Raises:
        ConfigError: it can't be read, parsed or meant; where, and what may have been meant.
    """
    try:
        raw = tomlfile.read(str(path))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise errors.ConfigError(f"{path} can't be read ({error.strerror}).", f"ls -l {path}") from None
    except tomlfile.TomlError as error:
        raise errors.ConfigError(f"{path} {error.why}.", "Strings need quotes, tables are [in brackets].") from None
    try:
        settings = msgspec.convert(raw, Settings)
        _check(settings)
    except RecursionError:
        raise errors.ConfigError(f"{path} is nested too deeply.", "docs/settings.md lists every setting.") from None
    except (msgspec.ValidationError, ValueError) as error:
        raise errors.ConfigError(f"{path}: {_unquoted(str(error))}.", _did_you_mean(str(error))) from None
    return settings


def _unquoted(problem: str) -> str:
    """The problem without the value, which may be a key that was pasted into the wrong place."""
    problem = re.sub(r"Invalid enum value '.*?'", "Invalid value", problem)
    return re.sub(r"`(?![a-z_]+`)[^`]{21,}`", "`…`", problem)


def seconds(duration: Duration) -> int:
    """A duration as whole seconds.

    Raises:
        ValueError: it is no duration.
    """
    if isinstance(duration, int):
        found = duration
    else:
        match = re.fullmatch(r"\s*([0-9]{1,9})\s*([smhd])\s*", duration)
        if not match:
            raise ValueError('that is no duration (write 3600, "45m" or "12h")')
        found = int(match.group(1)) * _UNITS[match.group(2)]
    if abs(found) > LONGEST:
        raise ValueError("a duration is 366 days at most")
    return found


def apply(settings: Settings, found: Profiles, fill: Callable[[str], str] = str) -> dict[str, Role]:
    """The profiles' roles with the settings' additions.

    Args:
        settings: the file.
        found: the profiles.
        fill: makes a name of a template such as "{user}@{host}".

    A role whose source_profile can't be used, or whose own profile can't, is taken out, and becomes a problem.

    Raises:
        ConfigError: a [roles.NAME] that is no profile and lacks role_arn or source_profile, or whose read_only would
            not hold.
    """
    roles = dict(found.roles)
    for name in _in_order(settings.roles):
        extra = settings.roles[name]
        complete = extra.role_arn is not None and extra.source_profile is not None
        refused = _refused(name, settings, roles, found)
        if refused is not None:
            found.refuse(name, refused)
            roles.pop(name, None)
            continue
        if name in found.unusable and not complete:
            continue
        role = roles.get(name) or _new_role(name, extra, roles)
        if role is None:
            close = get_close_matches(name, list(roles), 1)
            raise errors.ConfigError(
                f"[roles.{name}] in config.toml is neither an AWS profile nor complete (role_arn, source_profile).",
                f"Did you mean {close[0]!r}?" if close else "Add role_arn and source_profile, or the profile.",
            )
        roles[name] = _with(role, extra, fill)
        _check_limits(roles[name])
    return roles


def _in_order(said: Mapping[str, RoleSettings]) -> list[str]:
    """The roles' names, each behind that of its source_profile, whichever config.toml has first."""
    order: dict[str, None] = {}
    for name in said:
        chain: dict[str, None] = {}
        above = name
        while above in said and above not in order and above not in chain:
            chain[above] = None
            above = said[above].source_profile or ""
        order |= dict.fromkeys(reversed(chain))
    return list(order)


def _refused(name: str, said: Settings, roles: Mapping[str, Role], found: Profiles) -> errors.ConfigError | None:
    """Why a role of config.toml can't be made of its source_profile; None: it can, or names none."""
    via = said.roles[name].source_profile
    if via is None:
        return None
    if name in found.roles or (name in found.raw and not isinstance(found.unusable.get(name), errors.UnknownRole)):
        return errors.ConfigError(
            f"[roles.{name}] in config.toml names a source_profile, but {name!r} is an AWS profile with its own.",
            "Change it in ~/.aws/config, or give the role another name.",
        )
    if not said.roles[name].role_arn or via in roles:
        return None
    why = found.unusable.get(via)
    what = "comes back to itself." if via in said.roles else "does not exist."
    what, hint = (what, "Check the spelling.") if why is None else (f"can't be used: {why.sentence}", why.hint)
    return errors.ConfigError(f"source_profile {via!r} of [roles.{name}] in config.toml {what}", hint)


def limited(settings: Settings, found: Profiles, own: Mapping[str, Role]) -> dict[str, Role]:
    """The roles of files that are not the daemon's own, with what config.toml says to narrow them.

    A [roles.NAME] belongs to the daemon's own files, and adds nothing to other files' roles. But a limit must not be
    got round by naming other files: what it says to narrow a role holds for roles of its name, and of its ARN, in all
    files. A role with two limits that can't both hold is taken out, and becomes a problem.

    Args:
        settings: the file.
        found: the profiles.
        own: the roles of the daemon's own files.
    """
    roles, refused = {}, {}
    for name, role in found.roles.items():
        try:
            narrow = role
            for other, extra in settings.roles.items():
                mine = own.get(other)
                arns = {extra.role_arn, mine.role_arn if mine else None} - {None}
                # guard: limit-of-permission-set-holds-in-all-files
                if other == name or role.role_arn in arns or (mine and _same_permission_set(mine, role)):
                    narrow = _narrowed(narrow, extra)
            _check_limits(narrow)
        except errors.ConfigError as problem:
            refused[name] = problem
        else:
            roles[name] = narrow
    for name, why in refused.items():
        found.refuse(name, why)
    return roles


def _same_permission_set(one: Role, other: Role) -> bool:
    """Whether both are one permission set of IAM Identity Center in one account, which have no ARN to tell by."""
    sources = [role.parent for role in (one, other) if isinstance(role.parent, Source) and role.parent.sign_in]
    keys = {(each.sign_in.instance, each.account, each.permission_set) for each in sources if each.sign_in}
    return len(sources) == 2 and len(keys) == 1  # noqa: PLR2004 - both are such, and the same


def _narrowed(role: Role, extra: RoleSettings) -> Role:
    """A role with the narrower of two sayings in all that config.toml can narrow."""
    policies = (extra.policy, extra.policy_arns or ())
    if any(policies) and any((role.policy, role.policy_arns)) and policies != (role.policy, role.policy_arns):
        raise errors.ConfigError(
            f"{role.name!r} is limited in two ways in config.toml, and can't be limited in both.",
            "Give the roles of its name and its ARN the same policy there.",
        )
    oldest = None if extra.mfa_max_age is None else float(seconds(extra.mfa_max_age))
    ages = [age for age in (role.mfa_max_age, oldest) if age is not None]
    lasts = seconds(extra.duration) if extra.duration is not None else None
    shorter = lasts is not None and lasts < (role.duration or policy.ROLE_DURATION)
    return replace(
        role,
        policy=role.policy or extra.policy,
        policy_arns=role.policy_arns or extra.policy_arns or (),
        mfa_max_age=min(ages, default=None),
        mfa="direct" if extra.mfa == "direct" else role.mfa,
        confirm="each-grant" if "each-grant" in (role.confirm, extra.confirm) else role.confirm or extra.confirm,
        read_only=role.read_only or bool(extra.read_only),
        duration=lasts if shorter else role.duration,
    )


def _check_limits(role: Role) -> None:
    """Refuse a limit that would not hold."""
    limits = {"read_only": role.read_only, "policy": role.policy, "policy_arns": role.policy_arns}
    limit = next((name for name, said in limits.items() if said), None)
    if limit is not None and role.role_arn is None:
        raise errors.ConfigError(
            f"{limit} of [roles.{role.name}] can't be kept: an MFA session takes no session policy.",
            "Use it on a profile with a role_arn.",
        )
    if isinstance(role.parent, Source) and role.parent.gives_token:
        extras: dict[str, object] = {
            "external_id": role.external_id,
            "source_identity": role.source_identity,
            "tags": role.tags,
        }
        if role.parent.sign_in is not None:  # the portal takes no duration, and tells no age of an MFA
            extras |= {"duration": role.duration, "mfa_max_age": role.mfa_max_age}
        if (extra := next((name for name, said in extras.items() if said), None)) is not None:
            what = "of IAM Identity Center" if role.parent.sign_in else "a web identity"
            raise errors.ConfigError(
                f"{extra} of [roles.{role.name}] can't go along: its profile is {what}.", "Remove that line."
            )
    if role.read_only and (role.policy or role.policy_arns):
        raise errors.ConfigError(
            f"[roles.{role.name}] has read_only beside policy or policy_arns.",
            "AWS allows what any one of a session's policies allows. Use one or the other.",
        )


def _new_role(name: str, extra: RoleSettings, roles: dict[str, Role]) -> Role | None:
    if not extra.role_arn or not extra.source_profile:
        return None
    via = roles[extra.source_profile]
    parent: Source | str = via.name if via.role_arn else via.parent
    serial = None if via.role_arn else via.mfa_serial
    return Role(name, parent, extra.role_arn, mfa_serial=serial, region=via.region, target=via.target)


def _with(role: Role, extra: RoleSettings, fill: Callable[[str], str]) -> Role:
    given: dict[str, Any] = {
        key: value
        for key, value in msgspec.structs.asdict(extra).items()
        if value is not None and key != "source_profile"
    }
    for key in ("duration", "mfa_max_age"):
        if key in given:
            given[key] = seconds(given[key])
    for key in ("session_name", "source_identity"):
        if key in given:
            given[key] = fill(given[key])
    if "tags" in given:
        given["tags"] = tuple(given["tags"].items())
    return replace(role, **given)


def _check(settings: Settings) -> None:
    seconds(settings.session.renew_if_used_within)
    session = seconds(settings.session.duration)
    if not policy.SESSION_DURATION_MIN <= session <= policy.SESSION_DURATION_MAX:
        raise ValueError('session.duration must be between "15m" and "36h"')
    seconds(settings.prompts.patience)
    _check_imds(settings)
    for name, role in settings.roles.items():
        if rolekeys.is_key(name):
            raise ValueError(f"roles.{name} is called as xacct calls roles of other files")
        for duration in (role.duration, role.mfa_max_age):
            if duration is not None and seconds(duration) <= 0:
                raise ValueError(f"a duration of roles.{name} must be more than nothing")


def _check_imds(settings: Settings) -> None:
    roles = settings.imds.roles
    if not all(re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) <= MAX_PORT for port in roles):
        raise ValueError('imds.roles goes from ports, 1 to 65535, to roles: { 9478 = "prod" }')
    if len(roles) > MOST_IMDS_PORTS:
        raise ValueError(f"imds.roles has {MOST_IMDS_PORTS} ports at most")
    if settings.daemon.port in settings.imds.ports:
        raise ValueError("a port of imds.roles is the endpoint's own, daemon.port")
    if len(set(roles.values())) < len(roles):
        raise ValueError("imds.roles has one port for a role, and one role for a port")


def _did_you_mean(problem: str) -> str:
    unknown = re.search(r"unknown field `([^`]+)`(?: - at `\$\.?([^`]*)`)?", problem)
    if not unknown:
        return "docs/settings.md lists every setting."
    known = _fields_at(unknown.group(2) or "")
    close = get_close_matches(unknown.group(1), known, 1)
    return f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(known)}."


def _fields_at(path: str) -> list[str]:
    tables = {field.name: field.type for field in msgspec.structs.fields(Settings) if field.name != "roles"}
    table = tables.get(path, RoleSettings if path.startswith("roles") else Settings)
    return list(table.__struct_fields__)


LONGEST = 366 * 86400
"""Seconds of a duration: timers and dates don't go on for ever."""

S = TypeVar("S", bound=msgspec.Struct)


def with_value(struct: S, name: str, value: Any) -> S:
    """The same settings with one value changed.

    Raises:
        ConfigError: the value is not of its kind.
    """
    try:
        return msgspec.convert({**msgspec.to_builtins(struct), name: msgspec.to_builtins(value)}, type(struct))
    except msgspec.ValidationError as error:
        raise errors.ConfigError(f"{name}: {error}.", "docs/settings.md lists every setting.") from None
