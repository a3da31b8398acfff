"""What config.toml says of roles, put on those of AWS's files: added to the daemon's own, narrowing everybody's."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from xacct import errors, policy
from xacct.model import Role, Source
from xacct.settings import TeamRole, TemplateRole, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from xacct.aws.profiles import Profiles
    from xacct.settings import RoleSettings, Settings


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
        # guard: team-catalogue-replaces-no-profile
        if isinstance(extra, TeamRole) and (name in found.roles or name in found.raw):
            found.problems.append(_taken(name, extra))
            if extra.own is None:
                continue
            extra = extra.own  # guard: team-catalogue-takes-no-limit-away
        complete = extra.role_arn is not None and extra.source_profile is not None
        refused = _refused(name, extra, settings, roles, found)
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
                f"{_called(name, extra)} is neither an AWS profile nor complete (role_arn, source_profile).",
                f"Did you mean {close[0]!r}?" if close else "Add role_arn and source_profile, or the profile.",
            )
        roles[name] = _with(role, extra, fill)
        _check_limits(roles[name], extra)
    return _with_devices_of_sources(settings, roles)


def _with_devices_of_sources(settings: Settings, roles: dict[str, Role]) -> dict[str, Role]:
    """The roles, where those that take codes of a device that their source's list has take any of that list."""
    lists = {
        role.parent: role.devices
        for name, role in roles.items()
        if isinstance(role.parent, Source) and role.parent.name == name and role.other_devices
    }
    for name, role in roles.items() if lists else ():
        devices = lists.get(role.parent, ()) if isinstance(role.parent, Source) else ()
        said = name in settings.roles and settings.roles[name].mfa_serial is not None
        if role.mfa_serial in devices and not said:  # guard: list-is-for-devices-that-it-has
            roles[name] = replace(role, mfa_serial=devices[0], other_devices=devices[1:])
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


def _refused(
    name: str, extra: RoleSettings, said: Settings, roles: Mapping[str, Role], found: Profiles
) -> errors.ConfigError | None:
    """Why a role of config.toml can't be made of its source_profile; None: it can, or names none."""
    via = extra.source_profile
    if via is None:
        return None
    if name in found.roles or (name in found.raw and not isinstance(found.unusable.get(name), errors.UnknownRole)):
        return errors.ConfigError(
            f"{_called(name, extra)} names a source_profile, but {name!r} is an AWS profile with its own.",
            "Change it in ~/.aws/config, or give the role another name.",
        )
    if not extra.role_arn or via in roles:
        return None
    why = found.unusable.get(via)
    what = "comes back to itself." if via in said.roles else "does not exist."
    what, hint = (what, "Check the spelling.") if why is None else (f"can't be used: {why.sentence}", why.hint)
    return errors.ConfigError(f"source_profile {via!r} of {_called(name, extra)} {what}", hint)


def _taken(name: str, extra: TeamRole) -> errors.ConfigError:
    sentence = f"{_called(name, extra)} is left out: an AWS profile of yours has that name."
    return errors.ConfigError(sentence, "Have it renamed there, or rename yours.")


def _called(name: str, extra: RoleSettings) -> str:
    """What a role of config.toml is called in a sentence; of one that a template makes, its row."""
    return f"{name!r} of {extra.origin}" if isinstance(extra, TemplateRole) else f"[roles.{name}] in config.toml"


def limited(settings: Settings, found: Profiles, own: Mapping[str, Role]) -> dict[str, Role]:
    """The roles of files that are not the daemon's own, with what config.toml says to narrow them.

    A [roles.NAME] belongs to the daemon's own files, and adds nothing to other files' roles. But a limit must not be
    got round by naming other files: what it says to narrow a role holds for roles of its name, of its ARN, and of its
    permission set in its account, in all files. A role with two limits that can't both hold is taken out, and becomes a
    problem.

    Args:
        settings: the file.
        found: the profiles.
        own: the roles of the daemon's own files.
    """
    roles, refused, limits = {}, {}, _Limits(settings.roles, own)
    for name, role in found.roles.items():
        try:
            narrow = role
            for extra in limits.of(role):
                narrow = _narrowed(narrow, extra)
            _check_limits(narrow)
        except errors.ConfigError as problem:
            refused[name] = problem
        else:
            roles[name] = narrow
    for name, why in refused.items():
        found.refuse(name, why)
    return roles


class _Limits:
    """What config.toml says of roles, by all that a role of other files may share with one of them."""

    def __init__(self, said: Mapping[str, RoleSettings], own: Mapping[str, Role]) -> None:
        self._said: list[RoleSettings] = []
        self._by: dict[object, list[int]] = {}
        for name, extra in said.items():
            if isinstance(extra, TeamRole):  # guard: team-catalogue-limits-no-name-of-other-files
                self._take(extra, [("arn", extra.role_arn)])
                if extra.own is None:
                    continue
            self._take_own(name, extra.own if isinstance(extra, TeamRole) and extra.own else extra, own.get(name))

    def _take_own(self, name: str, extra: RoleSettings, mine: Role | None) -> None:
        arns = {extra.role_arn, mine.role_arn if mine else None} - {None}
        # guard: limit-of-permission-set-holds-in-all-files
        permission_sets = [key for key in (_permission_set(mine),) if key is not None]
        self._take(extra, [("name", name), *(("arn", arn) for arn in arns), *permission_sets])

    def _take(self, extra: RoleSettings, keys: Iterable[object]) -> None:
        for key in keys:
            self._by.setdefault(key, []).append(len(self._said))
        self._said.append(extra)

    def of(self, role: Role) -> list[RoleSettings]:
        """What is said of a role, in the order of the file."""
        keys = (("name", role.name), ("arn", role.role_arn), _permission_set(role))
        places = {place for key in keys for place in self._by.get(key, ())}
        return [self._said[place] for place in sorted(places)]


def _permission_set(role: Role | None) -> object | None:
    """What tells a permission set of IAM Identity Center in an account, which has no ARN to tell by.

    Or an identity that signs in to AWS itself. None: it is neither.
    """
    source = role.parent if role is not None else None
    if not isinstance(source, Source) or source.signs_in is None:
        return None
    return (source.sign_in.instance if source.sign_in else source.console, source.account, source.permission_set)


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
        confirm=policy.strictest((role.confirm, extra.confirm)),
        read_only=role.read_only or bool(extra.read_only),
        duration=lasts if shorter else role.duration,
    )


def _check_limits(role: Role, extra: RoleSettings | None = None) -> None:
    """Refuse a limit that would not hold."""
    called = f"[roles.{role.name}]" if not isinstance(extra, TemplateRole) else _called(role.name, extra)
    limits = {"read_only": role.read_only, "policy": role.policy, "policy_arns": role.policy_arns}
    limit = next((name for name, said in limits.items() if said), None)
    if limit is not None and role.role_arn is None:
        raise errors.ConfigError(
            f"{limit} of {called} can't be kept: an MFA session takes no session policy.",
            "Use it on a profile with a role_arn.",
        )
    if isinstance(role.parent, Source) and role.parent.is_role:
        extras: dict[str, object] = {
            "external_id": role.external_id,
            "source_identity": role.source_identity,
            "tags": role.tags,
        }
        if role.parent.signs_in is not None:  # neither takes a duration, or tells the age of an MFA
            extras |= {"duration": role.duration, "mfa_max_age": role.mfa_max_age}
        if (wrong := next((name for name, said in extras.items() if said), None)) is not None:
            kinds = {"identity-center": "of IAM Identity Center", "console-login": "of `aws login`"}
            what = kinds.get(role.parent.kind, "a web identity")
            raise errors.ConfigError(f"{wrong} of {called} can't go along: its profile is {what}.", "Remove that line.")
    if role.read_only and (role.policy or role.policy_arns):
        raise errors.ConfigError(
            f"{called} has read_only beside policy or policy_arns.",
            "AWS allows what any one of a session's policies allows. Use one or the other.",
        )


def _new_role(name: str, extra: RoleSettings, roles: dict[str, Role]) -> Role | None:
    if not extra.role_arn or not extra.source_profile:
        return None
    via = roles[extra.source_profile]
    parent: Source | str = via.name if via.role_arn else via.base
    role = Role(name, parent, extra.role_arn, region=via.region, target=via.target)
    return role if via.role_arn else replace(role, mfa_serial=via.mfa_serial, other_devices=via.other_devices)


def _with(role: Role, extra: RoleSettings, fill: Callable[[str], str]) -> Role:
    given: dict[str, Any] = {
        key: value
        for key, value in msgspec.structs.asdict(extra).items()
        if value is not None and key not in ("source_profile", "origin", "own")
    }
    if "mfa_serial" in given:
        devices = (given["mfa_serial"],) if isinstance(given["mfa_serial"], str) else given["mfa_serial"]
        given |= {"mfa_serial": devices[0], "other_devices": devices[1:]}
    for key in ("duration", "mfa_max_age"):
        if key in given:
            given[key] = seconds(given[key])
    for key in ("session_name", "source_identity"):
        if key in given:
            given[key] = fill(given[key])
    if "tags" in given:
        given["tags"] = tuple(given["tags"].items())
    return replace(role, **given)
