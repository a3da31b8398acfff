"""MFA sessions: opened with one code, shared by all roles of a source, a device and an STS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors, policy
from xacct.credentials.fetchers.calls import needs_code, parent_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.entry import Entry, Need
    from xacct.credentials.fetchers.calls import Calls
    from xacct.model import Credentials, Role, StsTarget

    Key = tuple[str, str | None, StsTarget]
    """A session as AWS sees it: access key, serial number, and which STS was asked."""


class MfaSessions:
    """What is known of all of them together."""

    def __init__(self) -> None:
        self._opened: dict[Key, Entry] = {}
        self._dead: set[str] = set()
        self._reasons: dict[Entry, str] = {}

    def opened(self, key: Key, entry: Entry) -> None:
        """A code has opened it."""
        self._opened[key] = entry

    def died(self, access_key_id: str) -> None:
        """AWS says that it has ended, whatever our clock says."""
        self._dead.add(access_key_id)

    def opened_elsewhere(self, key: Key, entry: Entry, until: float | None) -> Credentials | None:
        """The same session, opened for another profile with the same key and device: its code is this one's too.

        Args:
            key: the session as AWS sees it.
            entry: whose session is wanted.
            until: when it must live still.
        """
        other = self._opened.get(key)
        if other is None or other is entry or entry.valid() or not other.servable() or other.held is None:
            return None
        short = until is not None and (other.held.expires_at or 0.0) < until
        # guard: dead-mfa-session-is-not-shared
        return None if short or other.held.access_key_id in self._dead else other.held

    def wanted_younger(self, entry: Entry, why: str) -> None:
        """The next prompt says why the session is opened anew though it lives."""
        self._reasons[entry] = why

    def reason(self, entry: Entry) -> str:
        """Why the session is opened anew, once; empty where that is plain."""
        return self._reasons.pop(entry, "")


class MfaSession:
    """Opens one.

    Args:
        role: one that hangs from it.
        roles: the names of those it is opened for, now.
        cover_until: when it must live still, for roles that were logged in to until some hour; None: as long as the
            settings say.
    """

    def __init__(
        self,
        role: Callable[[], Role],
        roles: Callable[[], tuple[str, ...]],
        cover_until: Callable[[], float | None],
        *,
        calls: Calls,
        sessions: MfaSessions,
    ) -> None:
        self._role = role
        self._roles = roles
        self._cover_until = cover_until
        self._calls = calls
        self._sessions = sessions

    def needs_human(self) -> bool:
        """Each time."""
        return True

    def needed(self, role: str) -> errors.HumanNeeded:
        """As Fetcher says."""
        return needs_code(role)

    async def fetch(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        if not need.human:
            raise needs_code(self._roles()[0])
        role, until = self._role(), self._cover_until()
        keys = await self._calls.keys(role)
        if keys.session_token:
            raise errors.SourceUnusable(
                f"The keys of {parent_name(role)!r} are temporary: AWS opens an MFA session only with long-term ones.",
                f'Take mfa_serial out of its profile, or set mfa = "direct" for {role.name} in config.toml.',
            )

        async def call(role: Role, code: str) -> Credentials:
            cover = None if until is None else max(0.0, until - self._calls.clock.now())
            seconds = policy.session_duration(cover, self._calls.defaults.session_duration)
            return await self._calls.open_session(role, keys, code, seconds)

        key = (keys.access_key_id, role.mfa_serial, role.target)
        got = await self._calls.with_code(
            role,
            self._roles,
            need.wanted,
            call,
            reason=self._sessions.reason(need.entry),
            already=lambda: self._sessions.opened_elsewhere(key, need.entry, until),
        )
        self._sessions.opened(key, need.entry)
        return got
