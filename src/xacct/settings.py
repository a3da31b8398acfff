"""config.toml: what AWS's own file has no word for. Typed, strict, and helpful about typing errors.

Durations are numbers of seconds or words such as "90s", "45m", "12h". docs/settings.md is checked against this file.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from xacct import errors, policy, rolekeys, scope_policies, tomlfile
from xacct.scope_policies import Wanted

if TYPE_CHECKING:
    from pathlib import Path

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Duration = int | str
MOST_IMDS_PORTS = 100
"""A listener each, all of which a successor gets in one message."""

MINUTE, DAY = _UNITS["m"], _UNITS["d"]

MAX_PORT = 65535
Port = Annotated[int, msgspec.Meta(ge=1, le=MAX_PORT)]

Devices = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1, max_length=8)]
"""Serial numbers of MFA devices of one user: AWS allows eight."""

REMEMBERED = ("once", "grant", "logout")
"""Words of `remember` under [prompts]; beside them it takes a duration."""

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


WayName = Literal["terminal", "command", "pinentry", "dialog", "notification"]
"""The ways to ask: xacct.desktop has a file for each."""

AtOnce = Annotated[tuple[WayName, ...], msgspec.Meta(min_length=1)]


class Prompts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[prompts]: how long an SDK is held while a human types a code, and how they are asked.

    Attributes:
        order: the ways to ask, one after the other; those of an inner list at once.
        next_after: how long one way is asked before the next is as well.
        command: prints a code (a password manager, `ykman oath ...`).
        devices: by the serial of an MFA device, the command for that one alone.
        desktop: whether dialogs and notices are shown.
        remember: what a plain yes to the use of a guarded role means: "once", "grant", "logout", or a duration.
        remember_at_most: how long a yes for a time may hold.
    """

    patience: Duration = "120s"
    order: tuple[WayName | AtOnce, ...] = (("terminal", "command"), "dialog")
    next_after: Duration = "1s"
    command: tuple[str, ...] = ()
    devices: dict[str, Command] = {}
    desktop: bool = True
    remember: str = "logout"
    remember_at_most: Duration = "12h"

    @property
    def remember_for(self) -> int:
        """Seconds of a `remember` that is a duration; 0 where it is a word."""
        return 0 if self.remember in REMEMBERED else seconds(self.remember)

    @property
    def stages(self) -> list[tuple[WayName, ...]]:
        """The order, each step as a list."""
        return [(step,) if isinstance(step, str) else step for step in self.order]


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


class IdentityCenterSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[identity_center]: how sign-ins are shared with the AWS CLI, and how `xacctctl accounts sync` makes profiles.

    xacctctl reads the last two itself, each time.

    Attributes:
        share_cache: whether the CLI's token cache (~/.aws/sso/cache) has our sign-ins, too.
        profile_template: may use {account_name}, {account_id}, {role} and {session}.
        region: of such profiles; empty: none.
    """

    share_cache: bool = False
    profile_template: str = "{account_name}.{role}"
    region: str = ""


class ConsoleSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[console]: where the console is of roles whose STS is not AWS's (the sandbox, say).

    Attributes:
        url: the sign-in is at url/PARTITION/federation, the console at url/PARTITION/console; empty: there is none.
    """

    url: Annotated[str, msgspec.Meta(pattern=r"\A(https?://[!-~]+)?\Z", max_length=500)] = ""


class AgentsSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[agents]: whether a shell that says it is a coding agent's may ask for all that a role may do.

    A help against accidents: an agent can unset the variable that says so.
    """

    unscoped: Literal["allow", "refuse"] = "allow"


class Lock(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[lock]: whether a suspend, or a screen that locks, locks the agent, as `xacctctl lock` does."""

    on_suspend: bool = False
    on_screen_lock: bool = False


class RoleSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """[roles.NAME]: adds to the AWS profile of that name, or makes a role of its own (role_arn, source_profile).

    Attributes:
        mfa_serial: a device, or several any of which will do.
        session_name: may use {user} and {host}.
        source_identity: likewise.
        production: shown in a colour of its own wherever people see it; it decides nothing.
    """

    role_arn: str | None = None
    source_profile: str | None = None
    mfa_serial: str | Devices | None = None
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
    confirm: Literal["first-use", "each-grant", "each-use"] | None = None
    read_only: bool | None = None
    production: bool | None = None


class TemplateRole(RoleSettings, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What a row of a template makes.

    Attributes:
        origin: the row, in words.
    """

    origin: str = ""

    @property
    def words(self) -> str:
        """What it is called in sentences."""
        return self.origin


class TeamRole(TemplateRole, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What a team's catalogue makes: it comes after all that is the user's own.

    Attributes:
        own: what config.toml says of a role of that name, which is in this already.
    """

    own: RoleSettings | None = None


class TeamCatalogue(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[catalogues.NAME]: a team's roles, in signed files that count as they were when `xacctctl trust` was told so.

    Attributes:
        path: the directory of the files.
        source_profile: where all its roles start from: a profile of the user's own.
        signers: the keys that may have signed it, as ssh-keygen's allowed_signers; from config.toml's directory on.
    """

    path: str = ""
    source_profile: str = ""
    signers: str = "allowed_signers"


class Template(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[templates.NAME]: roles of rows; beside what is here it has what a [roles.NAME] may have, with {column} in it.

    Attributes:
        csv: a file beside config.toml, whose first line names the columns.
        rows: the same in the file itself.
        name: of each role.
        account_name: of its account.
    """

    csv: str = ""
    rows: tuple[dict[str, str | int], ...] = ()
    name: str = "{name}"
    account_name: str = ""


class ScopeSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[scopes.NAME]: what a grant's credentials are narrowed to, by a name. scope_policies.py says what each is.

    Attributes:
        policy: an IAM policy in JSON.
        on: resources of the actions that `allow` has.
        ttl: "0s": as long as the role's own.
    """

    read_only: bool = False
    policy: str = ""
    allow: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    ttl: Duration = "0s"

    @property
    def wanted(self) -> Wanted:
        """The same as scope_policies.py takes it."""
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        return Wanted(**{**said, "policy": self.policy or None, "ttl": float(seconds(self.ttl)) or None})


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file."""

    daemon: Daemon = Daemon()
    session: Session = Session()
    prompts: Prompts = Prompts()
    endpoint: EndpointSettings = EndpointSettings()
    containers: ContainersSettings = ContainersSettings()
    audit: AuditSettings = AuditSettings()
    imds: ImdsSettings = ImdsSettings()
    identity_center: IdentityCenterSettings = IdentityCenterSettings()
    console: ConsoleSettings = ConsoleSettings()
    lock: Lock = Lock()
    roles: dict[str, RoleSettings] = {}
    templates: dict[str, dict[str, Any]] = {}
    catalogues: dict[str, TeamCatalogue] = {}
    agents: AgentsSettings = AgentsSettings()
    scopes: dict[str, ScopeSettings] = {}
    aliases: dict[str, str] = {}
    groups: dict[str, tuple[str, ...]] = {}
    accounts: dict[str, str] = {}

    @property
    def wanted_scopes(self) -> dict[str, Wanted]:
        """What the scopes are to be."""
        return {name: scope.wanted for name, scope in self.scopes.items()}

    @property
    def agents_need_scope(self) -> bool:
        """Whether what an agent's shell asks for has to have a scope."""
        return self.agents.unscoped == "refuse"


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
        raise errors.ConfigError(f"{path}: {unquoted(str(error))}.", _did_you_mean(str(error))) from None
    return settings


def unquoted(problem: str) -> str:
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


def _check(settings: Settings) -> None:
    seconds(settings.session.renew_if_used_within)
    session = seconds(settings.session.duration)
    if not policy.SESSION_DURATION_MIN <= session <= policy.SESSION_DURATION_MAX:
        raise ValueError('session.duration must be between "15m" and "36h"')
    seconds(settings.prompts.patience)
    _check_order(settings.prompts)
    _check_remember(settings.prompts)
    _check_imds(settings)
    check_accounts(settings.accounts)
    for name, catalogue in settings.catalogues.items():
        _check_catalogue(name, catalogue)
    _check_scopes(settings)
    for name, role in settings.roles.items():
        if rolekeys.is_key(name):
            raise ValueError(f"roles.{name} is called as xacct calls roles of other files")
        check_role(name, role)


def _check_catalogue(name: str, catalogue: TeamCatalogue) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name):
        raise ValueError("the name of a catalogue is of letters, digits, _ and -")
    if not catalogue.path.startswith(("/", "~/")):
        raise ValueError(f"catalogues.{name}.path is a whole path, from / or ~/ on")
    if not catalogue.source_profile:
        raise ValueError(f"catalogues.{name}.source_profile names the profile that its roles start from")


def _check_scopes(settings: Settings) -> None:
    for name, scope in settings.scopes.items():
        if not re.fullmatch(scope_policies.NAME, name):
            raise ValueError("the name of a scope is letters, digits, dots and dashes")
        try:
            scope_policies.made_of(scope.wanted)
        except errors.BadInput as error:
            raise ValueError(f"scopes.{name}: {error.sentence.rstrip('.')}") from None


def check_role(name: str, role: RoleSettings) -> None:
    """Refuse what no role can have.

    Raises:
        ValueError: it has such.
    """
    if isinstance(role.mfa_serial, tuple) and len({*role.mfa_serial}) < len(role.mfa_serial):
        raise ValueError(f"roles.{name}.mfa_serial names a device twice")
    for duration in (role.duration, role.mfa_max_age):
        if duration is not None and seconds(duration) <= 0:
            raise ValueError(f"a duration of roles.{name} must be more than nothing")


def _check_order(prompts: Prompts) -> None:
    if seconds(prompts.next_after) < 0:
        raise ValueError("prompts.next_after is a time to wait, and can't be negative")
    named = [name for names in prompts.stages for name in names]
    twice = {name for name in named if named.count(name) > 1}
    if twice:
        raise ValueError(f"prompts.order names {min(twice)!r} twice")


def _check_remember(prompts: Prompts) -> None:
    if not MINUTE <= (most := seconds(prompts.remember_at_most)) <= DAY:
        raise ValueError('prompts.remember_at_most is a duration from "1m" to "24h"')
    if prompts.remember in REMEMBERED:
        return
    try:
        wanted = prompts.remember_for
    except ValueError:
        raise ValueError('prompts.remember is "once", "grant", "logout", or a duration such as "15m"') from None
    if not MINUTE <= wanted <= most:  # guard: remember-is-within-its-bound
        raise ValueError('prompts.remember is from "1m" to prompts.remember_at_most, where it is a duration')


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


def check_accounts(accounts: dict[str, str]) -> None:
    """Refuse names of accounts that could be read otherwise: they stand before the colon of ACCOUNT:ROLE.

    Raises:
        ValueError: one could.
    """
    for number, name in accounts.items():
        if not re.fullmatch("[0-9]{12}", number):
            raise ValueError('accounts goes from numbers of accounts to names: "123456789012" = "payments"')
        if not name.strip() or ":" in name or name.isdigit():
            raise ValueError(f"the name of account {number} must be more than digits, and have no colon")


def _did_you_mean(problem: str) -> str:
    unknown = re.search(r"unknown field `([^`]+)`(?: - at `\$\.?([^`]*)`)?", problem)
    if not unknown:
        return "docs/settings.md lists every setting."
    known = _fields_at(unknown.group(2) or "")
    close = get_close_matches(unknown.group(1), known, 1)
    return f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(known)}."


def _fields_at(path: str) -> list[str]:
    """What a table may have; `[...]` in its path stands for a name."""
    named = {"roles[...]": RoleSettings, "scopes[...]": ScopeSettings, "catalogues[...]": TeamCatalogue}
    tables = {field.name: field.type for field in msgspec.structs.fields(Settings)} | named
    return list(getattr(tables.get(path), "__struct_fields__", Settings.__struct_fields__))


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
