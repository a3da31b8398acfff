"""The configuration in force: config.toml and every catalogue of AWS's files, read again when one has changed.

A change that can't be read leaves what was in force in force, and is a problem that every status shows.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog
from msgspec import structs

from xacct import awsfiles, errors, role_settings, rolekeys, settings, surroundings, teamroles, templates
from xacct.catalogue import EMPTY_FOR, Catalogue, Watched, no_keychain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from xacct.aws.profiles import Profiles
    from xacct.awsfiles import Files
    from xacct.catalogue import InKeychain
    from xacct.catalogue import Loaded as LoadedCatalogue
    from xacct.credentials.keeper import Keeper
    from xacct.model import Role
    from xacct.settings import Settings

__all__ = ["EMPTY_FOR", "MOST", "Configuration"]

log = structlog.get_logger("xacct.config")

NOTHING_TRUSTED = Path(os.devnull)
"""The directory of no catalogue."""

MOST = 20
"""Catalogues beside the daemon's own at once: each costs two looks at the disk with every request."""


@dataclass(slots=True)
class Loaded:
    """What was read: config.toml (`said`, or `trouble`), what of it is to be in force, notes of it, and catalogues."""

    said: Settings
    trouble: errors.ConfigError | None
    settings: Settings
    notes: list[errors.XacctError] = field(default_factory=list)
    of: dict[Catalogue, LoadedCatalogue] = field(default_factory=dict)


class Foreseen(NamedTuple):
    """A catalogue that is not open yet, and what was read of it.

    Attributes:
        basis: tells by which limits it was read.
    """

    catalogue: Catalogue
    basis: tuple[int, ...]
    loaded: Loaded


class Configuration:
    """Reads the files and hands their roles to a keeper.

    Attributes:
        settings: what config.toml says now, for what needs no restart.
        read: whether anything whole was there to read yet.
        own: the catalogue of the daemon's own files.
        surroundings: what else its environment says.

    Args:
        env: where the daemon's own AWS files are.
        path: config.toml.
        at_start: what it said when the daemon started.
        boot: reads the boot-time clock.
        fill: makes a name of a template such as "{user}@{host}".
        in_keychain: gives the profiles that have an access key in the keychain.
        trusted: the directory of what was trusted of teams' catalogues.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        path: Path,
        at_start: Settings,
        boot: Callable[[], float],
        fill: Callable[[str], str] = str,
        in_keychain: InKeychain = no_keychain,
        trusted: Path = NOTHING_TRUSTED,
    ) -> None:
        self._boot = boot
        self._trusted = trusted
        self._notes: list[errors.XacctError] = []
        self._fill = fill
        self._at_start = at_start
        self._said = at_start
        self.settings = at_start
        self._env = env
        self._path = path
        self._toml = Watched((str(path),), boot)
        self._trouble: errors.ConfigError | None = None
        self.surroundings = surroundings.of(env)
        self._in_keychain = in_keychain
        self.own = Catalogue(awsfiles.named(env, awsfiles.directory()), rolekeys.OWN, env, boot, in_keychain)
        self._others: dict[str, Catalogue] = {}
        self._foreseen: dict[str, Foreseen] = {}

    # What is read when.

    def read_changed(self, keeper: Keeper) -> None:
        """Read what has changed since it was last read (catalogue.Watched), and take it."""
        found = self.changed()
        if found is not None:
            self.take(found, keeper)

    def reload(self, keeper: Keeper) -> list[errors.XacctError]:
        """Read the files now. Returns the problems there are."""
        self.take(self.load(self.catalogues(), toml=True), keeper)
        return self.problems

    def changed(self) -> Loaded | None:
        """What has changed, read; None if nothing has. It changes nothing in force, and may take its time."""
        toml = self._toml.changed()
        stale = [catalogue for catalogue in self.catalogues() if catalogue.watched.changed()]
        if toml or self.own in stale:
            return self.load(self.catalogues(), toml=toml)
        return self.load(stale, toml=False) if stale else None

    def load(self, which: Sequence[Catalogue], *, toml: bool) -> Loaded:
        """Read these catalogues and, with `toml`, config.toml. It changes nothing in force, and may take its time."""
        found = Loaded(self._said, self._trouble, self.settings, self._notes)
        if toml:
            self._read_toml(found)
        # guard: broken-config-loses-no-limit
        own, limits = self.own.roles, self.settings if self.own.read else found.said
        ours = awsfiles.resolved(self.own.files)[:3]
        for catalogue in which:  # the daemon's own comes first: whether it takes config.toml is taken for all
            if catalogue is not self.own and catalogue.files[:3] != ours:
                # a typing error in config.toml must not lose a limit here
                found.of[catalogue] = catalogue.load(partial(self._limited, limits, own))
                continue
            read = found.of[catalogue] = catalogue.load(
                lambda there: role_settings.apply(found.said, there, self._fill)
            )
            if catalogue is self.own and read.unread is None:  # the same files may be another's: of another STS
                found.settings = found.said if found.trouble is None else found.settings
                own, limits = read.roles, found.settings
        return found

    def take(self, found: Loaded, keeper: Keeper) -> None:
        """Have in force what was read."""
        before = self.own.read
        self._said, self._trouble, self.settings = found.said, found.trouble, found.settings
        self._notes = found.notes
        done = []
        for catalogue, read in found.of.items():
            if catalogue.take(read):
                done.append(catalogue)
            else:
                log.warning("configuration kept as it was", catalogue=catalogue.id, why=catalogue.problems[0].sentence)
        came = [catalogue for catalogue in self.catalogues() if self.own in found.of and catalogue not in found.of]
        # guard: opened-while-thread-reads-has-its-limits
        for catalogue in came:  # opened meanwhile, by what config.toml said before
            catalogue.take(self.load([catalogue], toml=False).of[catalogue])
        if done:
            roles = self._roles()
            unusable = {name: why for each in self.catalogues() for name, why in each.unusable.items()}
            keeper.configure(roles, unusable, [role for each in self.catalogues() for role in each.instances])
            log.info("configuration read", roles=len(roles), problems=len(self.problems), again=before)
        keeper.unread = self.own.unread or self._trouble

    @staticmethod
    def _limited(limits: Settings, own: dict[str, Role], there: Profiles) -> dict[str, Role]:
        return role_settings.limited(limits, there, own)  # guard: limits-hold-in-all-files

    def _read_toml(self, found: Loaded) -> None:
        self._toml.read_now()
        try:
            said = settings.read(self._path)
            beside = (*templates.files(said, self._path.parent), *teamroles.files(said, self._trusted))
            self._toml.watch([self._path, *beside])
            expanded = templates.expanded(said, self._path.parent)
            (found.said, found.notes), found.trouble = teamroles.added(expanded, self._trusted), None
        except errors.ConfigError as problem:
            log.warning("configuration kept as it was", why=problem.sentence)
            found.trouble = problem

    def _roles(self) -> dict[str, Role]:
        return {name: role for catalogue in self.catalogues() for name, role in catalogue.roles.items()}

    @property
    def read(self) -> bool:
        """Whether the daemon's own files have been read whole yet."""
        return self.own.read

    @property
    def problems(self) -> list[errors.XacctError]:
        """What people should know of config.toml and of the daemon's own files."""
        found = [*([self._trouble] if self._trouble is not None else []), *self.own.problems, *self._notes]
        if self.outdated:
            found.append(
                errors.ConfigError(
                    "config.toml has changed in what only a new process takes up.",
                    "xacctctl restart, which keeps what is held",
                )
            )
        return found

    @property
    def outdated(self) -> bool:
        """Whether config.toml has changed in what only a new process takes up."""
        return _restarting(self.settings) != _restarting(self._at_start)

    # The catalogues.

    def catalogues(self) -> list[Catalogue]:
        """All of them, the daemon's own first."""
        return [self.own, *self._others.values()]

    def known(self, catalogue_id: str) -> Catalogue | None:
        """The catalogue of an id, if it is open."""
        return self.own if catalogue_id == rolekeys.OWN else self._others.get(catalogue_id)

    def identify(self, files: Files | None) -> str:
        """The id of the catalogue that these files are (None: the daemon's own), whether it is open or not.

        Symbolic links are followed, so that the same files are the same catalogue. Where the daemon's own are links,
        they are what these lead to now.
        """
        if files is None:
            return rolekeys.OWN
        real = awsfiles.resolved(files)
        return rolekeys.OWN if real == awsfiles.resolved(self.own.files) else rolekeys.id_of(real)

    def open(self, files: Files | None, keeper: Keeper, in_use: Callable[[str], bool]) -> Catalogue:
        """A catalogue, read now if it was not open yet.

        Args:
            files: its files; None: the daemon's own.
            keeper: gets its roles.
            in_use: whether a catalogue's roles are held, or granted: such a one is not closed to open another.

        Raises:
            ConfigError: there are too many, or it can't be told from another.
        """
        catalogue_id = self.identify(files)
        if files is None or catalogue_id == rolekeys.OWN:
            return self.own
        real = awsfiles.resolved(files)
        if awsfiles.named(real.within(self._env), "/") != real:
            raise errors.ConfigError(f"{real.config}, or the file of keys, has a $ in its path.", "Rename it.")
        if awsfiles.HIDDEN in real.endpoint:
            raise errors.ConfigError(
                f"{awsfiles.ENDPOINT} of this shell has a name or a password in it, which xacctd is not told.",
                "Write the address into the profile: endpoint_url = ...",
            )
        there = self._others.get(catalogue_id)
        if there is None:
            self._close_unused(in_use)
            found = self._foreseen.pop(catalogue_id, None)
            # guard: read-in-thread-by-limits-in-force
            if found is None or found.basis != self._basis() or found.catalogue.files != real:
                found = self._foresee(Catalogue(real, catalogue_id, self._env, self._boot, self._in_keychain))
            there = self._others[catalogue_id] = found.catalogue
            self.take(found.loaded, keeper)
        elif there.files != real:
            raise errors.ConfigError(f"{real.config} can't be told from {there.files.config}.", "Rename one of them.")
        there.asked = self._boot()
        return there

    def foresee(self, files: Iterable[Files]) -> None:
        """Read files that requests mean, so that `open` need not. As `changed` it may take its time."""
        self._foreseen = {}
        for one in files:
            catalogue_id = self.identify(one)
            if self.known(catalogue_id) is None:
                new = Catalogue(awsfiles.resolved(one), catalogue_id, self._env, self._boot, self._in_keychain)
                self._foreseen[catalogue_id] = self._foresee(new)

    def _foresee(self, catalogue: Catalogue) -> Foreseen:
        return Foreseen(catalogue, self._basis(), self.load([catalogue], toml=False))

    def _basis(self) -> tuple[int, ...]:
        """What tells whether the limits by which a catalogue was read are those in force."""
        return tuple(map(id, (self._said, self._trouble, self.settings, self.own.roles)))

    def _close_unused(self, in_use: Callable[[str], bool]) -> None:
        if len(self._others) < MOST:
            return
        idle = [catalogue for catalogue in self._others.values() if not in_use(catalogue.id)]
        if not idle:
            raise errors.ConfigError(
                f"xacctd serves roles of {MOST} other sets of AWS files already, and this shell's are not among them.",
                "Log out of roles of some, and revoke their grants: xacctctl status, xacctctl grants list",
            )
        del self._others[min(idle, key=lambda catalogue: catalogue.asked).id]


def _restarting(chosen: Settings) -> Settings:
    """Taken at the start only: not roles and their other names, scopes, agents, the lock, what xacctctl reads."""
    shared = settings.IdentityCenterSettings(share_cache=chosen.identity_center.share_cache)
    words: dict[str, dict[str, str]] = {
        "roles": {},
        "templates": {},
        "catalogues": {},
        "aliases": {},
        "groups": {},
        "accounts": {},
        "scopes": {},
    }
    at_once = {"lock": settings.Lock(), "agents": settings.AgentsSettings()}
    # guard: shared-sign-ins-take-a-new-process
    return structs.replace(chosen, **words, **at_once, identity_center=shared)
