"""The configuration in force: config.toml and every catalogue of AWS's files, read again when one has changed.

A change that can't be read leaves what was in force in force, and is a problem that every status shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from xacct import awsfiles, errors, rolekeys, settings, surroundings
from xacct.catalogue import EMPTY_FOR, Catalogue, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from xacct.aws.profiles import Profiles
    from xacct.awsfiles import Files
    from xacct.keeper.keeper import Keeper
    from xacct.model import Role
    from xacct.settings import Settings

__all__ = ["EMPTY_FOR", "MOST", "Configuration"]

log = structlog.get_logger("xacct.config")

MOST = 20
"""Catalogues beside the daemon's own at once: each costs two looks at the disk with every request."""


class Configuration:
    """Reads the files and hands their roles to a keeper.

    Args:
        env: where the daemon's own AWS files are. path: config.toml. at_start: what it said when the daemon started.
        boot: reads the boot-time clock. fill: makes a name of a template such as "{user}@{host}".

    `settings` is what config.toml says now, for what needs no restart. `read`: whether anything whole was there to read
    yet. `own`: the catalogue of the daemon's own files. `surroundings`: what else its environment says.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        path: Path,
        at_start: Settings,
        boot: Callable[[], float],
        fill: Callable[[str], str] = str,
    ) -> None:
        self._boot = boot
        self._fill = fill
        self._at_start = at_start
        self._said = at_start
        self.settings = at_start
        self._env = env
        self._path = path
        self._toml = Watched((str(path),), boot)
        self._trouble: errors.ConfigError | None = None
        self.surroundings = surroundings.of(env)
        self.own = Catalogue(awsfiles.named(env, awsfiles.directory()), rolekeys.OWN, env, boot)
        self._others: dict[str, Catalogue] = {}

    # What is read when.

    def refresh(self, keeper: Keeper) -> None:
        """Read what has changed since it was last read (catalogue.Watched)."""
        changed = self._toml.changed()
        stale = [catalogue for catalogue in self.catalogues() if catalogue.watched.changed()]
        if changed or self.own in stale:
            self._read(self.catalogues(), keeper, toml=changed)
        elif stale:
            self._read(stale, keeper, toml=False)

    def reload(self, keeper: Keeper) -> list[errors.XacctError]:
        """Read the files now. Returns the problems there are."""
        self._read(self.catalogues(), keeper, toml=True)
        return self.problems

    def _read(self, which: Iterable[Catalogue], keeper: Keeper, *, toml: bool) -> None:
        if toml:
            self._read_toml()
        before = self.own.read
        done = []
        for catalogue in which:  # the daemon's own comes first: whether it takes config.toml is taken for all
            if catalogue.reload(self._rules_of(catalogue)):
                done.append(catalogue)
                if catalogue is self.own and self._trouble is None:
                    self.settings = self._said
            else:
                log.warning("configuration kept as it was", catalogue=catalogue.id, why=catalogue.problems[0].sentence)
        if done:
            roles = self._roles()
            keeper.configure(roles, {name: why for each in self.catalogues() for name, why in each.unusable.items()})
            log.info("configuration read", roles=len(roles), problems=len(self.problems), again=before)
        keeper.unread = self.own.unread or self._trouble

    def _read_toml(self) -> None:
        self._toml.read_now()
        try:
            self._said, self._trouble = settings.read(self._path), None
        except errors.ConfigError as problem:
            log.warning("configuration kept as it was", why=problem.sentence)
            self._trouble = problem

    def _rules_of(self, catalogue: Catalogue) -> Callable[[Profiles], dict[str, Role]]:
        """What config.toml says of a catalogue's roles: its own things of the daemon's own, its limits of all."""
        if catalogue.files[:3] == awsfiles.resolved(self.own.files)[:3] or catalogue is self.own:  # maybe another STS
            return lambda found: settings.apply(self._said, found, self._fill)
        # guard: broken-config-loses-no-limit
        in_force = self.settings if self.own.read else self._said  # a typing error there must not lose a limit here
        return lambda found: settings.limited(in_force, found, self.own.roles)  # guard: limits-hold-in-all-files

    def _roles(self) -> dict[str, Role]:
        return {name: role for catalogue in self.catalogues() for name, role in catalogue.roles.items()}

    @property
    def read(self) -> bool:
        """Whether the daemon's own files have been read whole yet."""
        return self.own.read

    @property
    def problems(self) -> list[errors.XacctError]:
        """What people should know of config.toml and of the daemon's own files."""
        found = [*([self._trouble] if self._trouble is not None else []), *self.own.problems]
        if self.outdated:
            found.append(
                errors.ConfigError(
                    "config.toml has changed; all but [roles] and [lock] takes a new process.",
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
        """The catalogue of these files (None: the daemon's own), read now if it was not open yet.

        Args:
            in_use: whether a catalogue's roles are held, or granted: such a one is not let go to make room.

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
            self._make_room(in_use)
            there = self._others[catalogue_id] = Catalogue(real, catalogue_id, self._env, self._boot)
            self._read([there], keeper, toml=False)
        elif there.files != real:
            raise errors.ConfigError(f"{real.config} can't be told from {there.files.config}.", "Rename one of them.")
        there.asked = self._boot()
        return there

    def _make_room(self, in_use: Callable[[str], bool]) -> None:
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
    """What is taken at the start only: all but the roles and the lock."""
    return settings.with_value(settings.with_value(chosen, "roles", {}), "lock", settings.Lock())
