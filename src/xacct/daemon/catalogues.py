"""The catalogues of AWS's files that this daemon serves: opened as requests mean them, and told apart over restarts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import structlog

from xacct import awsfiles, errors, rolekeys
from xacct.awsfiles import Files
from xacct.credentials.snapshot import renamed
from xacct.daemon import collecting
from xacct.daemon.reading import Wanted
from xacct.state.codec import FilesSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xacct import wire
    from xacct.catalogue import Catalogue
    from xacct.configuration import Configuration, Loaded
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.snapshot_values import Snapshot
    from xacct.grants.grants import Grants
    from xacct.model import Source
    from xacct.surroundings import Surroundings

log = structlog.get_logger("xacct.config")


class Catalogues:
    """What control, audit and state need of the configuration, with the keeper and the grants it has to heed."""

    def __init__(self, configuration: Configuration, keeper: Keeper, grants: Grants) -> None:
        self._configuration = configuration
        self._keeper = keeper
        self._grants = grants
        self._own_led_to = self.own_resolved()

    # For requests.

    def identify(self, files: Files | None) -> str:
        """The id of the catalogue that these files are (None: the daemon's own)."""
        return self._configuration.identify(files)

    def open(self, files: Files | None) -> Catalogue | None:
        """It, read if it was not yet; None: the daemon's own.

        Raises:
            ConfigError: it can't be served.
        """
        found = self._configuration.open(files, self._keeper, self._in_use)
        return found if found.id else None

    def known(self, catalogue_id: str) -> Catalogue | None:
        """An open catalogue."""
        return self._configuration.known(catalogue_id)

    def own(self) -> Files:
        """The daemon's own files, as it was told to find them."""
        return self._configuration.own.files

    def surroundings(self) -> Surroundings:
        """What else the daemon's environment says."""
        return self._configuration.surroundings

    def own_resolved(self) -> Files:
        """The daemon's own files, as symbolic links lead to them now."""
        return awsfiles.resolved(self.own())

    def files_of(self, catalogue_id: str) -> wire.AwsFiles | None:
        """The files of an id, for the audit; None for the daemon's own."""
        found = self.known(catalogue_id) if catalogue_id else None
        if found is None:
            return None
        from xacct.control import views  # noqa: PLC0415 - late: aiohttp costs a tenth of a second

        return views.shape(found.files)

    def _in_use(self, catalogue_id: str) -> bool:
        granted = (role for grant in self._grants.all() for role in (*grant.roles, grant.via or ""))
        return self._keeper.tree.keeps(catalogue_id) or any(rolekeys.split(role)[1] == catalogue_id for role in granted)

    # Over time.

    def read_changed(self) -> None:
        """Read what has changed, and take it."""
        self.read(Wanted())()

    def read(self, wanted: Wanted) -> Callable[[], None]:
        """Read what has changed, or is wanted. It changes nothing in force, may take its time, and returns what does.

        Where links of the daemon's own files lead elsewhere, grants stay with their files.
        """
        collecting.pause()
        try:
            now, found = self.own_resolved(), self._found(wanted)
        except BaseException:
            collecting.go_on(stays=False)
            raise

        def take() -> None:
            try:
                if now != self._own_led_to:
                    self._own_led_to = now
                    self.settle()
                if found is not None:
                    self._configuration.take(found, self._keeper)
            finally:
                collecting.go_on(stays=found is not None)

        return take

    def _found(self, wanted: Wanted) -> Loaded | None:
        configuration = self._configuration
        found = (
            configuration.load(configuration.catalogues(), toml=True) if wanted.everything else configuration.changed()
        )
        configuration.foresee(wanted.files)
        return found

    def own_led_to(self) -> Files:
        """The daemon's own files, as symbolic links led to them when they were last looked at."""
        return self._own_led_to

    def settle(self) -> None:
        """Open what grants are of, and call their roles as they are called now."""
        self.adopt(grant.files for grant in self._grants.all() if grant.files)
        self._grants.settle(lambda files: self.identify(Files(*files)))

    def adopt(self, several: Iterable[tuple[str, ...]]) -> None:
        """Open catalogues that an earlier daemon served, or grants are of."""
        for files in dict.fromkeys(several):
            try:
                self.open(Files(*files))
            except (errors.ConfigError, TypeError) as problem:
                why = problem.sentence if isinstance(problem, errors.ConfigError) else "not three paths"
                log.warning("catalogue not opened", why=why)

    def memory(self) -> FilesSnapshot:
        """Whose roles there are, for the next daemon."""
        others = (tuple(catalogue.files) for catalogue in self._configuration.catalogues() if catalogue.id)
        return FilesSnapshot(tuple(self.own()), tuple(others))

    def unread(self, memory: Snapshot) -> Snapshot | None:
        """What a memory holds of roles whose files can't be read, or say nothing, just now; None: nothing."""
        others = [each for each in self._configuration.catalogues() if each.id]
        silent = [each for each in others if not each.roles or each.watched.says_nothing()]
        ids, files = {each.id for each in silent}, {tuple(each.files) for each in silent}
        known, open_ = self._keeper.nodes, self._keeper.sessions
        places = ((session, (session.source, session.serial, session.target)) for session in memory.sessions)
        sessions = tuple(each for each, place in places if each.source.files in files and place not in open_)
        roles = tuple(each for each in memory.roles if rolekeys.split(each.name)[1] in ids and each.name not in known)
        return msgspec.structs.replace(memory, sessions=sessions, roles=roles) if sessions or roles else None

    def as_here(self, memory: Snapshot, own: tuple[str, ...]) -> Snapshot:
        """What a daemon held, with roles called as they are here.

        Args:
            memory: what it held.
            own: the files that were its own. Where ours are others, its plain names are of those, and ours may be among
                what it called by keys.
        """
        then = Files(*own) if own else self.own()
        there = rolekeys.OWN if then == self.own() else self.identify(then)
        if there == rolekeys.OWN:
            return memory
        ours, theirs = self.own_resolved(), awsfiles.resolved(then)
        here = rolekeys.id_of(ours)
        self.adopt([theirs])

        def rename(name: str) -> str:
            plain, catalogue = rolekeys.split(name)
            return rolekeys.key(plain, {rolekeys.OWN: there, here: rolekeys.OWN}.get(catalogue, catalogue))

        def source(known: Source) -> Source:
            if not known.files:
                return replace(known, files=tuple(theirs))
            return replace(known, files=()) if known.files == tuple(ours) else known

        return renamed(memory, rename, source)
