"""Gives back what an earlier daemon held, as soon as there is a configuration that says what each role is.

It may come at three times: with the process (the service manager's store, a hand-over), once a keychain that was locked
at our start is opened, and once AWS files that could not be read, a network's for example, can be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import structlog

from xacct import errors, fileio
from xacct.credentials.snapshot import export
from xacct.host import clock as host_clock
from xacct.state import codec, keychain, keys
from xacct.state.fdstore import FdStore
from xacct.state.ondisk import OnDisk

if TYPE_CHECKING:
    from xacct.clock import AwsClock
    from xacct.configuration import Configuration
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.snapshot_values import Snapshot
    from xacct.daemon.catalogues import Catalogues
    from xacct.daemon.inherited import DaemonPaths, Inherited
    from xacct.daemon.noted import Noted
    from xacct.host.notify import Manager
    from xacct.settings import Daemon as DaemonSettings
    from xacct.state.persister import StatePersister
    from xacct.state.taken_back import TakenBack

log = structlog.get_logger("xacct")


@dataclass(kw_only=True)
class Restorer:
    """Restores once, and begins to keep the state afterwards.

    Attributes:
        problem: why what an earlier daemon held is not held again, where people should know.
    """

    keeper: Keeper
    clock: AwsClock
    configuration: Configuration
    catalogues: Catalogues
    persister: StatePersister
    noted: Noted
    taken_back: TakenBack
    where: DaemonPaths
    chosen: DaemonSettings
    problem: errors.XacctError | None = None
    _sealed: keychain.KeychainStore | None = None
    _to_restore: bytes | None = field(default=None, repr=False)
    _late: codec.State | None = None
    _restored: bool = False

    async def take_over(self, inherited: Inherited, manager: Manager) -> None:
        """Hold again what an earlier daemon held, and keep it for the next one."""
        self._to_restore = inherited.state
        for name in inherited.spoilt:
            manager.forget(name)  # before a new one is stored: a full store drops what is new
        if manager.present and self.chosen.survive_restart:
            self.persister.backends.append(FdStore(manager, inherited.kept))
        elif inherited.kept is not None:
            manager.forget(inherited.kept[0])
        if inherited.state is None:
            for noted in self.taken_back.read():  # guard: lock-and-logouts-outlive-a-kill
                self._give_back(noted, all_of_it=False)
            self.noted.begin()
        elif not self.configuration.read:  # guard: restart-locked-before-configuration-is-read
            self._give_back(inherited.state, all_of_it=False)
        await self._open_sealed()
        self.restore()

    async def _open_sealed(self) -> None:
        """The state on disk, if the settings want one. What a process before us has handed on is newer than that."""
        own = keys.of_this_system(self.where.sealed)
        if self.chosen.persistence == "none":
            await keychain.switch_off(self.where.sealed, own)
            return
        handed_on = self._to_restore is not None
        late = self._not_needed if handed_on else self._come_late
        self._sealed = keychain.KeychainStore(self.where.sealed, own, late=late)
        if handed_on:
            self._sealed.look()  # it needs what lies there to write over it; nobody waits for that
        else:
            self._to_restore = self._proven(await self._sealed.load())
        self.persister.backends.append(OnDisk(self._sealed, holds=self._to_restore is not None))

    @property
    def lies_on_disk(self) -> bool:
        """Whether a sealed state is there, whatever is in it."""
        return self._sealed is not None and self._sealed.is_there()

    def _proven(self, sealed: bytes | None) -> bytes | None:
        """What lay on disk, unless nobody knows what it lacks: what can't be written could not be when it was to be."""
        # guard: sealed-state-that-may-lack-a-logout-is-not-used
        if sealed is None or fileio.takes_files(self.where.state):
            return sealed
        self.problem = errors.StateNotKept(
            f"The kept state {self.where.sealed} is not used: its directory can't be written, so it may not say what "
            "was locked or logged out of.",
            "Mend the disk; xacctctl login ROLE",
        )
        log.warning("state dropped", why=self.problem.sentence)
        return None

    def _not_needed(self, _state: bytes) -> None:
        """What lies on disk is older than what was handed on."""
        self.persister.save()

    def _come_late(self, state: bytes) -> None:
        """The keychain was locked at our start, and is open now. What has been logged in to since is newer."""
        if self._proven(state) is not None:  # guard: sealed-state-that-comes-late-is-held-to-the-same
            self._give_back(state, all_of_it=export(self.keeper).empty)
        self.persister.save()

    @property
    def late(self) -> Snapshot | None:
        """What is kept for roles whose AWS files can't be read yet."""
        return None if self._late is None else self._late.memory

    def restore(self) -> None:
        """Give the keeper back what was held, once there is a configuration that says what each role is."""
        self._restore_late()
        if self._restored or not self.configuration.read:
            return
        self._restored = True
        self.catalogues.settle()
        if self._to_restore is not None:
            self._give_back(self._to_restore)
            self._to_restore = None
        self._begin_to_keep()

    def _begin_to_keep(self) -> None:
        """From now on; not before what an earlier daemon kept has been read."""
        self.keeper.let_go_logged_out()
        self.noted.begin()
        self.persister.start()

    def took_back(self, *, everything: bool) -> None:
        """Let nothing that is kept bring back what the human has logged out of.

        Args:
            everything: whether that is all.
        """
        if everything:
            self._to_restore = self._late = None
            if not self._restored:
                self._restored = True
                self.catalogues.settle()
                self._begin_to_keep()
        self.persister.take_back(everything=everything)

    def _give_back(self, data: bytes, *, all_of_it: bool = True) -> None:
        try:
            state = codec.read(data)
            self.catalogues.adopt(state.files.others)
            state = msgspec.structs.replace(state, memory=self.catalogues.as_here(state.memory, state.files.own))
            codec.take_back(state, self.keeper)
            if not all_of_it:
                return
            if not self.clock.told:
                codec.resume_clock(state, self.clock, host_clock.boot_id())
        except codec.Unusable as why:
            log.warning("state dropped", why=why.sentence)
            self.problem = errors.ConfigError(f"{why.sentence} Nothing of it is held.", "xacctctl login ROLE")
        else:
            log.info("recalled", roles=codec.give_back(state, self.keeper, host_clock.boot_id()))
            self._wait_for_files(state)

    def _wait_for_files(self, state: codec.State) -> None:
        """Keep what is held of roles whose files can't be read now, a network's for example, until they can."""
        late = self.catalogues.unread(state.memory)  # guard: roles-of-files-that-are-away-wait-for-them
        self._late = msgspec.structs.replace(state, memory=late) if late is not None else None

    def _restore_late(self) -> None:
        if self._late is None or self.catalogues.unread(self._late.memory) == self._late.memory:
            return
        log.info("recalled", roles=codec.give_back(self._late, self.keeper, host_clock.boot_id()))
        self._wait_for_files(self._late)

    def look(self) -> None:
        """See whether a keychain that was locked is open by now."""
        if self._sealed is not None:
            self._sealed.look()

    async def close(self) -> None:
        """Let go of the state on disk."""
        if self._sealed is not None:
            await self._sealed.close()
