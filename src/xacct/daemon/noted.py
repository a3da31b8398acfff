"""What was taken back, noted at each change (state/taken_back.py), and whether it would outlive us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct import __version__, errors
from xacct.credentials.events import Changed
from xacct.host import clock as host_clock
from xacct.state import codec
from xacct.state.fdstore import FdStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.keeper import Keeper
    from xacct.state.persister import StatePersister
    from xacct.state.taken_back import TakenBack


@dataclass
class Noted:
    """Begins once what an earlier daemon noted has been read.

    Attributes:
        files: whose roles there are.
        persister: the rest of what is kept.
        on_disk: whether a sealed state lies there.
    """

    keeper: Keeper
    taken_back: TakenBack
    files: Callable[[], codec.FilesSnapshot]
    persister: StatePersister
    on_disk: Callable[[], bool]
    _begun: bool = False

    def begin(self) -> None:
        """Note it from now on."""
        if not self._begun:
            self._begun = True
            self.keeper.events.call(Changed, lambda _: self.note())
            self.note()

    def note(self) -> None:
        """Note it as it is now, in a file that no keychain closes."""
        if self._begun:
            what = (self.keeper.agent_lock.locked, frozenset(self.keeper.consents.logged_out))
            content = codec.of_what_was_taken_back(self.keeper, host_clock.boot_id(), __version__, self.files())
            self.taken_back.keep(what, content)

    async def kept(self) -> errors.XacctError | None:
        """Wait until it is kept over a restart. Returns why it may come back after one."""
        if not self._begun:
            return errors.StateNotKept(
                "That holds only until xacctd ends, or can read its configuration.",
                "xacctctl doctor says what is wrong.",
            )
        self.note()
        await self.taken_back.settled()
        problem, lost = self.taken_back.problem, self.taken_back.lost
        # guard: what-is-not-kept-is-said
        return problem if problem is not None and (self.on_disk() or (lost and not self.by_manager())) else None

    def by_manager(self) -> bool:
        """Whether the service manager keeps all that is held, and what was taken back with it."""
        stores = [backend for backend in self.persister.backends if isinstance(backend, FdStore)]
        return any(store.kept is not None and store.problem is None for store in stores)
