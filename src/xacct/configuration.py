"""The configuration in force: AWS's two files and config.toml, read again when one has changed.

A change that can't be read leaves what was in force in force, and is a problem that every status shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from xacct import errors, settings
from xacct.aws import profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from xacct.keeper.keeper import Keeper
    from xacct.settings import Settings

log = structlog.get_logger("xacct.config")

FileStamp = tuple[int, int, int] | None
"""When a file was changed, its size, and which file it is; None where there is none."""

Stamp = tuple[FileStamp, ...]

EMPTY_FOR = 2.0
"""Seconds for which a file has to be empty, or gone, to be believed: an editor may have emptied it to write it anew."""


class Configuration:
    """Reads the files and hands their roles to a keeper.

    Args:
        env: where AWS's files are. path: config.toml. at_start: what it said when the daemon started.
        boot: reads the boot-time clock. fill: makes a name of a template such as "{user}@{host}".

    `settings` is what config.toml says now, for what needs no restart. `read`: whether anything whole was there to read
    yet.
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
        self._empty_since: float | None = None
        self._fill = fill
        self._at_start = at_start
        self.settings = at_start
        self.problems: list[errors.XacctError] = []
        self._env = env
        self._files = (*profiles.files(env), path)
        self._path = path
        self.read = False
        self._stamp: Stamp | None = None

    def refresh(self, keeper: Keeper) -> None:
        """Read the files if one has changed since the last time; if one has become empty, once it has been so a while.

        What an empty file no longer says may be that a role is guarded.
        """
        stamp = self._stamps()
        if stamp == self._stamp:
            self._empty_since = None
        elif self._is_believable(stamp):
            self.reload(keeper)

    def reload(self, keeper: Keeper) -> list[errors.XacctError]:
        """Read the files now. Returns the problems there are."""
        self._stamp = self._stamps()
        self._empty_since = None
        try:
            found = profiles.read(self._env)
            changed = settings.read(self._path)
            found.roles = settings.apply(changed, found, self._fill)
            profiles.without_loose_ends(found)
        except errors.ConfigError as problem:
            log.warning("configuration kept as it was", why=problem.sentence)
            self.problems = [problem]
            keeper.unread = problem
            return self.problems
        keeper.configure(found.roles, found.unusable)
        self.read = True
        self.settings = changed
        self.problems = list(found.problems)
        if _restarting(changed) != _restarting(self._at_start):
            self.problems.append(
                errors.ConfigError(
                    "config.toml has changed; all but [roles] and [lock] takes a reload.",
                    "xacctctl reload, which keeps what is held",
                )
            )
        log.info("configuration read", roles=len(found.roles), problems=len(self.problems))
        return self.problems

    def _is_believable(self, stamp: Stamp) -> bool:
        before = self._stamp or (None,) * len(stamp)
        if not any(_says_something(old) and not _says_something(new) for old, new in zip(before, stamp, strict=True)):
            return True
        if self._empty_since is None:
            self._empty_since = self._boot()
        return self._boot() - self._empty_since >= EMPTY_FOR

    def _stamps(self) -> Stamp:
        return tuple(_stamp(file) for file in self._files)


def _restarting(chosen: Settings) -> Settings:
    """What is taken at the start only: all but the roles and the lock."""
    return settings.with_value(settings.with_value(chosen, "roles", {}), "lock", settings.Lock())


def _says_something(stamp: FileStamp) -> bool:
    return stamp is not None and stamp[1] > 0


def _stamp(file: Path) -> FileStamp:
    try:
        status = file.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
