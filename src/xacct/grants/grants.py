"""Grants: who may fetch what from the endpoint. Only the SHA-256 of a token is kept, in memory and on disk.

The token itself exists twice: in the consumer's environment, and in a file of mode 0600 in the runtime directory
(without a newline: JS v3, Go and Rust refuse one), because some SDKs read the one and some the other.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from xacct import errors, rolekeys
from xacct.event_bus import EventBus
from xacct.grants import grant_file
from xacct.grants.events import GrantEnded, GrantsChanged
from xacct.grants.roots import Roots
from xacct.grants.token_files import TokenFiles
from xacct.model import Grant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from xacct.model import ProcessMark, Where
    from xacct.scope import Scope

    class Saver(Protocol):
        """host.saver.Saver."""

        def put(self, work: Callable[[], None]) -> None:
            """Do this soon, instead of what has not begun yet."""

        async def settled(self) -> None:
            """Wait until all is done that was put."""

        def flush(self) -> None:
            """Do here and now what was put and is not done."""


log = structlog.get_logger("xacct.endpoint")

PREFIX = "xacct_"
"""So that secret scanners and people know a token when they see one."""


MOST = 1000
"""Grants in force at once: each look at their processes costs, and nobody reads a longer list."""

PROCESS_LOOK = 1.0
"""Seconds for which a grant's process, once seen, counts as alive: a busy consumer must not cost a look per fetch."""


def mint() -> str:
    """A new token: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)  # guard: random-token


def digest_of(token: str | bytes) -> str:
    """What is kept of a token."""
    return sha256(token.encode() if isinstance(token, str) else token).hexdigest()


@dataclass(slots=True)
class Grants:
    """The grants in force.

    Attributes:
        problem: why they could not be kept, when they were last to be.
        dropped: why those of an earlier run are not used.
        roots: the processes that narrowed grants are or were bound to.

    Args:
        token_dir: where token files go.
        store: where hashes survive a restart (None: they don't).
        now: AWS's time.
        started: when a process started, None if it is gone.
        events: the bus that each change, and each end that comes by itself, is published on.
        saver: writes them down off the event loop; None: they are written on the spot.
        elsewhere: whether they outlive this process without any file.
        lives: whether a process that a grant is bound to is there still; None: by `started`.
    """

    token_dir: Path
    store: Path | None
    now: Callable[[], float]
    started: Callable[[int], str | None]
    events: EventBus[Any] = field(default_factory=EventBus)
    saver: Saver | None = None
    elsewhere: Callable[[], bool] = lambda: False
    lives: Callable[[ProcessMark], bool] | None = None
    problem: errors.XacctError | None = None
    dropped: errors.XacctError | None = None
    last_used: dict[str, float] = field(default_factory=dict)
    _seen_alive: dict[str, float] = field(default_factory=dict, repr=False)
    _by_digest: dict[str, Grant] = field(default_factory=dict, repr=False)
    _unsaid: set[str] = field(default_factory=set, repr=False)
    roots: Roots = field(init=False, repr=False)
    _files: TokenFiles = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.roots = Roots(self.lives or (lambda root: self.started(root.pid) == root.started))
        self._files = TokenFiles(self.token_dir, lambda: self.now())  # noqa: PLW0108 - it may be given another clock

    def load(self, handed_on: list[Any] | None = None) -> None:
        """Take over the grants of an earlier run; an unreadable file is as good as none (see grant_file.py).

        What that run handed on, or else the file, says which are in force, as far as the token files bear it out:
        either may be older than a revocation, whose token is gone all the same. And where the file can't be written
        now, and no token files bear it out, nobody knows what it lacks: then none is in force. Token files that open
        nothing any more are emptied of their token: a run that was killed leaves them behind.

        Args:
            handed_on: what `rows` gave in the daemon before us; None if there is only the file.
        """
        kept: list[Grant] = []
        roots: set[ProcessMark] = set()
        if self.store is not None:
            kept, roots = grant_file.load(self.store)
        if handed_on is not None:  # which may be older than the last process that was bound, and so may be the file
            kept, handed = grant_file.of_rows(handed_on)
            roots = roots | handed  # guard: bound-by-the-file-or-by-hand
        self.roots.take_over(roots)  # guard: bound-whatever-became-of-its-grant
        # What was handed on may be older, too: nothing is kept before a configuration has been read.
        # guard: revoked-by-the-token-files, handed-on-state-may-be-older-than-a-revocation
        found = [grant for grant in kept if not self._files.says_ended(grant.id)]
        if len(found) < len(kept):
            log.warning("grants dropped that had ended", count=len(kept) - len(found))
        if handed_on is None and self.store is not None:
            found = self._proven(self.store, found)
        self._by_digest = {grant.digest: grant for grant in found}
        for grant in found:
            self._files.stand_in(grant.id)
        self.sweep()
        self._save()  # the file may be older than that
        self._files.tidy({grant.id for grant in self._by_digest.values()})

    def _proven(self, store: Path, found: list[Grant]) -> list[Grant]:
        """Those of a file that nothing is known to be missing from: all, or none."""
        try:
            if found:
                grant_file.save(store, found, self.roots.known)
        except OSError as error:
            if not self._files.can_tell():  # guard: unwritable-file-is-not-believed
                log.warning("grants dropped", why=error.strerror, count=len(found))
                self.dropped = errors.StateNotKept(
                    f"The grants in {store} are not used: it can't be written ({error.strerror}), so it may not say "
                    "which were revoked.",
                    "Mend the disk, and open new shells.",
                )
                return []
        return found

    def rows(self) -> list[dict[str, Any]]:
        """All of them, for the daemon after us."""
        return grant_file.rows_of(self._by_digest.values(), self.roots.known)

    def create(
        self,
        roles: Iterable[str],
        label: str,
        ttl: float | None,
        pid: int | None,
        *,
        role_arns: Iterable[str] = (),
        via: str | None = None,
        forwarded_port: int | None = None,
        where: Where = "host",
        files: Iterable[str] = (),
        scope: Scope | None = None,
    ) -> tuple[Grant, str, Path]:
        """A new grant, its token (shown this once), and the token's file.

        Args:
            roles: names.
            label: what people call its consumer.
            ttl: seconds, None for no end.
            pid: the process it ends with.
            role_arns: as in Grant.
            via: as in Grant.
            forwarded_port: as in Grant.
            where: as in Grant.
            files: as in Grant.
            scope: as in Grant.

        Raises:
            BadInput: there are too many.
            StateNotKept: the token's file can't be written.
        """
        self._refuse_too_many()  # guard: grants-have-limit
        token = mint()
        now = self.now()
        grant = Grant(
            id=secrets.token_hex(4),
            digest=digest_of(token),  # guard: only-hashes-are-kept
            label=label,
            roles=tuple(roles),
            created=now,
            expires_at=None if ttl is None else now + ttl,
            pid=pid,
            pid_started=None if pid is None else self.started(pid),
            role_arns=tuple(role_arns),
            via=via,
            forwarded_port=forwarded_port,
            where=where,
            files=tuple(files),
            scope=scope,
        )
        file = self._files.write(grant.id, token)
        self._by_digest[grant.digest] = grant
        self._save()
        return grant, token, file

    def _refuse_too_many(self) -> None:
        if len(self._by_digest) >= MOST:
            self.sweep()
        if len(self._by_digest) >= MOST:
            raise errors.BadInput(
                f"There are {MOST} grants in force, and no more can be made.",
                "xacctctl grants list shows them, xacctctl grants revoke ID ends one.",
            )

    def find(self, authorization: bytes) -> Grant | None:
        """The grant of an Authorization header's value, as it was issued or after "Bearer "."""
        grant = self._known(authorization)
        if grant is None:
            return None
        if self._orphaned_now(grant):
            self._end(grant)
            self._save()
            return None
        self.last_used[grant.id] = self.now()
        return grant

    def forwarded_port(self, authorization: bytes) -> int | None:
        """The port on another machine that this token's grant is forwarded to; None where it is not.

        Asked before a request is trusted, so that it counts as no use.
        """
        grant = self._known(authorization)
        return None if grant is None else grant.forwarded_port  # guard: another-host-only-with-grant-that-names-it

    def revoke(self, grant_id: str) -> bool:
        """End a grant; false if there is none of that id."""
        for grant in self.all():
            if grant.id == grant_id:
                self._forget(grant)  # guard: revoked-grant-ends-at-once
                self._save()
                return True
        if grant_id in self._unsaid:
            self._save()
            return True
        return False

    def may_come_back(self, grant_id: str) -> errors.XacctError | None:
        """Why a grant that was revoked may be in force again after a restart; None where it can't. Call it settled."""
        if self.problem is None or grant_id not in self._unsaid or self.elsewhere():
            return None
        return errors.StateNotKept(
            f"The grant is revoked, but only until xacctd ends. {self.problem.sentence}",
            "Mend the disk and revoke it again.",
        )

    def bind(self, grant_id: str, pid: int, root: ProcessMark | None = None) -> Grant:
        """Let a grant end with another process than it was made for, or bind a process to it, or both.

        Args:
            grant_id: the grant's.
            pid: the process that it ends with.
            root: the one that may ask for no more from now on, and none that stems from it; None: as it was.

        Raises:
            BadInput: there is no such grant, or no such process; or the grant is not narrowed; or too many are bound.
        """
        grant, started = self.by_id(grant_id), self.started(pid)
        if grant is None or started is None:
            raise errors.BadInput("There is no such grant, or no such process.", "xacctctl grants list")
        bound = replace(grant, pid=pid, pid_started=started)
        if root is not None:
            if grant.scope is None:  # guard: process-is-bound-to-what-is-narrowed
                raise errors.BadInput("A process is bound to a grant with a scope.", "See docs/scopes.md.")
            self.roots.add(root)
            bound = replace(bound, root=root)
        self._by_digest[grant.digest] = bound
        self._save()
        return bound

    def settle(self, identify: Callable[[tuple[str, ...]], str]) -> None:
        """Call the roles of each grant as they are called now: which files are the daemon's own may have changed.

        Args:
            identify: the id of the catalogue (rolekeys.py) that some of AWS's files are now.
        """
        moved = False
        for grant in filter(lambda grant: grant.files, self.all()):
            catalogue = identify(grant.files)
            roles = tuple(rolekeys.key(rolekeys.split(role)[0], catalogue) for role in grant.roles)
            via = None if grant.via is None else rolekeys.key(rolekeys.split(grant.via)[0], catalogue)
            if (roles, via) != (grant.roles, grant.via):
                self._by_digest[grant.digest] = replace(grant, roles=roles, via=via)
                moved = True
        if moved:
            self._save()

    def sweep(self) -> None:
        """End grants that are over, or whose process is gone."""
        self.roots.living()
        over = [grant for grant in self.all() if self._over(grant) or self._orphaned(grant)]
        for grant in over:
            self._end(grant)
        if over:
            self._save()
        elif self.problem is not None:
            self._keep()

    async def settled(self) -> None:
        """Wait until what was changed has been written down, or could not be."""
        if self.saver is not None:
            await self.saver.settled()

    def flush(self) -> None:
        """Write down here and now what was changed: for whoever reads it next."""
        if self.saver is not None:
            self.saver.flush()

    def by_id(self, grant_id: str) -> Grant | None:
        """The grant of an id, if it is in force."""
        return next((grant for grant in self.all() if grant.id == grant_id and not self._over(grant)), None)

    def in_force(self, grant: Grant) -> Grant | None:
        """A grant as it is now, however its roles are called by now; None where it was revoked or is over."""
        now = self._by_digest.get(grant.digest)
        return None if now is None or self._over(now) else now

    def all(self) -> list[Grant]:
        """Every grant, oldest first."""
        return sorted(self._by_digest.values(), key=lambda grant: grant.created)

    def _known(self, authorization: bytes) -> Grant | None:
        digest = digest_of(authorization.removeprefix(b"Bearer "))
        grant = self._by_digest.get(digest)
        if grant is None or not hmac.compare_digest(grant.digest, digest) or self._over(grant):
            return None
        return grant

    def _over(self, grant: Grant) -> bool:
        return grant.expires_at is not None and grant.expires_at <= self.now()  # guard: expiry-of-grants

    def _orphaned(self, grant: Grant) -> bool:
        # guard: end-of-grants-process
        return grant.pid is not None and (grant.pid_started is None or self.started(grant.pid) != grant.pid_started)

    def _orphaned_now(self, grant: Grant) -> bool:
        """The same for a fetch, which may come a thousand times a second: looks once in PROCESS_LOOK."""
        if grant.pid is None:
            return False
        now = self.now()
        # From both sides: a clock that was set back must not keep a dead process alive.
        if abs(now - self._seen_alive.get(grant.id, float("-inf"))) < PROCESS_LOOK:
            return False
        self._seen_alive[grant.id] = now
        return self._orphaned(grant)

    def _end(self, grant: Grant) -> None:
        """End one that has come to its end by itself."""
        self._forget(grant)
        self.events.publish(GrantEnded(grant, "expired" if self._over(grant) else "its process has ended"))

    def _forget(self, grant: Grant) -> None:
        del self._by_digest[grant.digest]
        self.last_used.pop(grant.id, None)
        self._seen_alive.pop(grant.id, None)
        if not self._files.end(grant.id):
            self._unsaid.add(grant.id)

    def _save(self) -> None:
        """Keep the hashes. A full disk costs the grants a restart, not their use."""
        self.events.publish(GrantsChanged())
        self._keep()

    def _keep(self) -> None:
        if self.store is None:
            return
        grants, roots = tuple(self._by_digest.values()), frozenset(self.roots.known)
        work = partial(self._write, self.store, grants, roots, frozenset(self._unsaid))
        if self.saver is None:
            work()
        else:
            self.saver.put(work)

    def _write(
        self, store: Path, grants: tuple[Grant, ...], roots: frozenset[ProcessMark], unsaid: frozenset[str]
    ) -> None:
        """Write them, in a thread where there is a saver."""
        try:
            grant_file.save(store, grants, roots)
        except OSError as error:
            if self.problem is None:
                log.warning("grants not kept", why=error.strerror)
            self.problem = errors.StateNotKept(
                f"The grants can't be kept in {store} ({error.strerror}).",
                "What was revoked stays revoked; what is granted meanwhile ends with xacctd.",
            )
        else:
            self.problem = None
            self._unsaid -= unsaid
