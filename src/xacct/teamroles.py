"""[catalogues] of config.toml: roles of a team's catalogues, as their files were when the user trusted them.

They start from a profile of the user's own, which config.toml names, and come after all that the user has: a role whose
name is taken is left out, with a sentence. A catalogue that can't be taken takes nothing else with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from xacct import errors, fileio, settings, teamfiles, templates
from xacct.settings import RoleSettings, TeamRole, TemplateRole

if TYPE_CHECKING:
    from xacct.settings import Settings, TeamCatalogue
    from xacct.teamfiles import Kept

_WORDS = frozenset("*?[:")
"""Signs of patterns, of ACCOUNT:ROLE and of ARNs."""

_MOST = 256 * 1024
"""Bytes of a manifest."""


def files(said: Settings, kept: Path) -> list[Path]:
    """The files whose change is a change of the configuration.

    Args:
        said: config.toml.
        kept: the directory of what was trusted.
    """
    return [
        file
        for name, catalogue in said.catalogues.items()
        for file in (kept / name, Path(catalogue.path).expanduser() / teamfiles.MANIFEST)
    ]


def added(said: Settings, kept: Path) -> tuple[Settings, list[errors.XacctError]]:
    """The settings with the catalogues' roles, and what people should know of these.

    Args:
        said: config.toml, with the roles that its own templates make.
        kept: the directory of what was trusted.
    """
    problems: list[errors.XacctError] = []
    for name, catalogue in said.catalogues.items():
        found = teamfiles.kept(kept / name)
        path = str(Path(catalogue.path).expanduser())
        if found is None or found.path != path:  # guard: team-catalogue-is-trusted
            problems.append(_untrusted(name, "is not trusted"))
            continue
        if _has_changed(found):
            problems.append(_untrusted(name, "has changed since you trusted it; what it said then holds"))
        try:
            roles, accounts = _of(name, catalogue, found)
        except (errors.ConfigError, teamfiles.RefusedError) as error:
            sentence = f"The catalogue {name} gives no role: {error.sentence}"
            problems.append(errors.ConfigError(sentence, f"xacctctl untrust --catalogue {name}"))
            continue
        said, left = _beside(said, roles, accounts)
        problems += left
    return said, problems


def _untrusted(name: str, why: str) -> errors.ConfigError:
    return errors.ConfigError(f"The catalogue {name} {why}.", f"xacctctl trust --catalogue {name}")


def _has_changed(found: Kept) -> bool:
    """Whether its directory has another manifest by now; one that can't be read (an unmounted disk) tells nothing."""
    try:
        return teamfiles.digest(fileio.read(Path(found.path) / teamfiles.MANIFEST, _MOST)) != found.manifest
    except OSError:
        return False


def _of(name: str, catalogue: TeamCatalogue, found: Kept) -> tuple[dict[str, TeamRole], dict[str, str]]:
    """The roles of a catalogue, and the names of accounts.

    Raises:
        ConfigError: something in it is wrong; which.
        RefusedError: it says what a catalogue may not.
    """
    roles: dict[str, TemplateRole] = {}
    accounts: dict[str, str] = {}
    for file in (file for file in found.files if file.endswith(".toml")):
        said = teamfiles.said(file, found.files[file])
        where = f"{file} of the catalogue {name}"
        source = {"source_profile": catalogue.source_profile}  # guard: team-catalogue-starts-from-the-users-profile
        tables = {title: raw | source for title, raw in said.get("templates", {}).items()}
        made, named = templates.made(tables, where, lambda csv: _csv(csv, found))
        plain = {title: _role(title, raw | source, where) for title, raw in said.get("roles", {}).items()}
        for title, role in (*made.items(), *plain.items()):
            _demand_plain(title, role.origin)
            templates.demand_new(title, roles, role.origin)
            roles[title] = role
        accounts |= named | _accounts(said.get("accounts", {}), where)
    return {title: TeamRole(**msgspec.structs.asdict(role)) for title, role in roles.items()}, accounts


def _demand_plain(name: str, origin: str) -> None:
    """Refuse a name that is a word for other roles: a role's name comes before all else that a word may mean.

    Raises:
        ConfigError: it is one.
    """
    if name[0] in "@-" or _WORDS & set(name):  # guard: team-catalogue-takes-no-word
        raise templates.wrong(origin, f"{name!r} is a word for other roles")


def _csv(name: str, found: Kept) -> str:
    if name not in found.files:
        raise errors.ConfigError(f"{name!r} is no file of the catalogue.", "")
    return found.files[name]


def _role(title: str, raw: dict[str, Any], where: str) -> TemplateRole:
    origin = f"[roles.{title}] in {where}"
    try:
        role = msgspec.convert(raw | {"origin": origin}, TemplateRole)
        templates.demand_whole(title, role.role_arn)
        settings.check_role(title, role)
    except (ValueError, msgspec.ValidationError) as error:
        raise templates.wrong(origin, str(error)) from None
    return role


def _accounts(raw: Any, where: str) -> dict[str, str]:
    try:
        found = msgspec.convert(raw, dict[str, str])
        settings.check_accounts(found)
    except (ValueError, msgspec.ValidationError) as error:
        raise templates.wrong(f"[accounts] in {where}", str(error)) from None
    return found


def _beside(
    said: Settings, roles: dict[str, TeamRole], accounts: dict[str, str]
) -> tuple[Settings, list[errors.XacctError]]:
    """What the user has, and behind it what a catalogue adds."""
    problems: list[errors.XacctError] = []
    beside: dict[str, RoleSettings] = {}
    for name, role in roles.items():
        own = said.roles.get(name)
        # guard: team-catalogue-replaces-no-role-or-alias
        if name in said.aliases or isinstance(own, TemplateRole) or (own is not None and own.role_arn is not None):
            problems.append(_left_out(name, role, "config.toml has a role or an alias of that name"))
        else:
            beside[name] = msgspec.structs.replace(templates.under(role, own), own=own)
    named = {number: name for number, name in accounts.items() if name not in said.accounts.values()}
    both = msgspec.structs.replace(said, roles={**said.roles, **beside}, accounts={**named, **said.accounts})
    return both, problems


def _left_out(name: str, role: TeamRole, why: str) -> errors.ConfigError:
    """The sentence for a role of a catalogue whose name is taken."""
    return errors.ConfigError(
        f"{name!r} of {role.origin} is left out: {why}.", "Have it renamed there, or rename yours."
    )
