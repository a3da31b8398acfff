"""What humans have allowed: how long a yes holds, what it may mean for a role, and who may use which role by it.

Times are on the boot-time clock, which nobody can step and which counts through a suspend.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from xacct import errors
from xacct.policy import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from xacct.model import Confirm, Role

Length = Literal["once", "minutes", "grant", "logout"]
"""How long a yes holds: for one use, for some minutes, for the life of a grant, until the role is logged out of."""

BURST = 5.0
"""Seconds from the first fetch of a yes that is for once in which more by the same consumer are the same use: an SDK
fetches for each of its clients when it starts, and again where an answer came late. Our choice."""

UNUSED_FOR = 60.0
"""Seconds that a yes for once waits for its first fetch: a command that asked ahead still has to start. Our choice."""

OFFERED = 15 * MINUTE
"""Seconds that are offered, where nobody has said how many minutes."""

AT_MOST = 12 * 60 * MINUTE
"""Seconds that a yes for minutes may hold, where the settings say nothing: a working day."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a yes holds.

    Attributes:
        seconds: of `minutes`; else 0.
        for_all: whether for all consumers of the role; else for the one that was asked about.
    """

    length: Length
    seconds: float = 0.0
    for_all: bool = False

    @property
    def words(self) -> str:
        """The same for people."""
        minutes = f"for {self.seconds / MINUTE:.0f} min"
        words = {"once": "once", "minutes": minutes, "grant": "for this grant", "logout": "until logout"}[self.length]
        return f"{words} (for all)" if self.for_all else words


ONCE, GRANT, LOGOUT = Lasting("once"), Lasting("grant"), Lasting("logout", for_all=True)

_WITHOUT_TIME: dict[str, Lasting] = {each.length: each for each in (ONCE, GRANT, LOGOUT)}


@dataclass(frozen=True, slots=True)
class Remember:
    """What [prompts] says of yeses.

    Attributes:
        default: what a yes means that says no more.
        at_most: seconds that one for minutes may hold.
    """

    default: Lasting = LOGOUT
    at_most: float = AT_MOST


UNTIL_LOGOUT = Remember()


def remembered(word: str, seconds: float, at_most: float) -> Remember:
    """What [prompts] says of yeses.

    Args:
        word: its `remember`.
        seconds: the same, where it is a duration.
        at_most: seconds of its `remember_at_most`.
    """
    return Remember(_WITHOUT_TIME.get(word) or Lasting("minutes", seconds), at_most)


_PERMITTED: dict[Confirm, tuple[Length, ...]] = {
    "first-use": ("once", "minutes", "grant", "logout"),
    "each-grant": ("once", "minutes", "grant"),
    "each-use": ("once", "minutes", "grant"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a yes may mean at one prompt.

    Attributes:
        permitted: the lengths it may have, the shortest first.
        default: what it means where whoever says it says no more.
        offered: seconds of `minutes` that are offered.
        at_most: seconds that those may be.
        for_all: whether a yes for minutes is for all consumers, as one until logout is.
    """

    permitted: tuple[Length, ...] = ("once", "minutes", "grant", "logout")
    default: Lasting = LOGOUT
    offered: float = OFFERED
    at_most: float = AT_MOST
    for_all: bool = False

    @property
    def choices(self) -> list[Lasting]:
        """What is offered, the default first."""
        return [self.default, *(self.taken(each) for each in self.permitted if each != self.default.length)]

    def taken(self, length: str | None, seconds: float | None = None) -> Lasting:
        """What a yes means.

        Args:
            length: what was said of how long it holds; None: nothing.
            seconds: of `minutes`; None: those that are offered.

        Raises:
            BadInput: it can't mean that here.
        """
        if length is None:
            return self.default
        if length not in self.permitted:  # guard: yes-within-what-confirm-permits
            offered = ", ".join(each.words for each in self.choices)
            raise errors.BadInput(f"A yes can't hold for that here; it can: {offered}.", "")
        if length != "minutes":
            return _WITHOUT_TIME[length]
        seconds = self.offered if seconds is None else seconds
        if not MINUTE <= seconds <= self.at_most:  # guard: minutes-have-bounds
            bound = f"A yes holds for 1 to {self.at_most / MINUTE:.0f} min."
            raise errors.BadInput(bound, "remember_at_most of [prompts] in config.toml says so.")
        return Lasting("minutes", seconds, self.for_all)


ANY = Terms()


def terms(confirm: Confirm, remember: Remember, *, narrowed: bool, single: bool) -> Terms:
    """What a yes may mean.

    Args:
        confirm: the role's.
        remember: what the settings say.
        narrowed: whether it is for narrower credentials than the role's: then it is for one grant.
        single: whether the consumer is one request, and comes never again.
    """
    permitted = _PERMITTED[confirm]
    if narrowed:
        permitted = tuple(each for each in permitted if each != "logout")  # guard: narrowed-yes-ends-with-its-grant
    for_all = confirm == "first-use" and not narrowed  # guard: yes-to-a-narrowed-grant-is-its-own
    if single:
        # Whatever is for this consumer alone is of no use to it again.
        permitted = tuple(each for each in permitted if each == "once" or (for_all and each != "grant"))
    offered = min(remember.default.seconds or OFFERED, remember.at_most)
    default = _default(confirm, remember.default, permitted)
    if default.length == "minutes":
        default = replace(default, for_all=for_all)
    return Terms(permitted, default, offered, remember.at_most, for_all)


def _default(confirm: Confirm, wanted: Lasting, permitted: tuple[Length, ...]) -> Lasting:
    """What a plain yes means: what the settings say, or the longest that is no longer; at each use, once."""
    if confirm == "each-use":  # guard: plain-yes-at-each-use-is-for-once
        return ONCE
    if wanted.length in permitted:
        return wanted
    return GRANT if wanted.length == "logout" and "grant" in permitted else ONCE


class Key(NamedTuple):
    """What a yes is for.

    Attributes:
        role: the role's name.
        consumer: a grant's id, or the like; None: all consumers.
        scope: the id of what its credentials are narrowed to; empty: they are the role's own.
    """

    role: str
    consumer: str | None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Yes:
    """One yes.

    Attributes:
        until: when it ends, on the boot-time clock; None: not by itself.
        used: of one for once, whether its use has begun.
    """

    key: Key
    length: Length
    until: float | None = None
    used: bool = False


class Approved:
    """Who may use which guarded role.

    Args:
        boot: reads the boot-time clock.
    """

    def __init__(self, boot: Callable[[], float]) -> None:
        self._boot = boot
        self._said: dict[Key, Yes] = {}

    def add(self, key: Key, lasting: Lasting) -> None:
        """A human has said yes."""
        seconds = {"once": UNUSED_FOR, "minutes": lasting.seconds}.get(lasting.length)
        self._said[key] = Yes(key, lasting.length, None if seconds is None else self._boot() + seconds)

    def admits(self, role: Role, consumer: str, scope: str = "") -> bool:
        """Whether a yes holds for that; who may have all of a role may have less of it."""
        return any(self._holds(key) for key in _covering(role, consumer, scope))

    def use(self, role: Role, consumer: str, scope: str = "") -> bool:
        """Credentials leave by a yes: one for once is used up soon. Returns whether that has changed anything."""
        keys = [key for key in _covering(role, consumer, scope) if self._holds(key)]
        if not keys or any(self._said[key].length != "once" for key in keys):
            return False
        fresh = [key for key in keys if not self._said[key].used]
        for key in fresh:
            until = min(self._said[key].until or 0.0, self._boot() + BURST)
            self._said[key] = replace(self._said[key], until=until, used=True)  # guard: once-is-once
        return bool(fresh)

    def _holds(self, key: Key) -> bool:
        said = self._said.get(key)
        return said is not None and (said.until is None or self._boot() < said.until)  # guard: yes-has-its-end

    def log_out(self, role: str) -> None:
        """A login session of the role ends, and with it every yes but those for a grant's life."""
        # guard: logout-ends-yeses
        self._said = {key: said for key, said in self._said.items() if key.role != role or said.length == "grant"}

    def forget(self, role: str) -> None:
        """The role is gone, or its name means another: every yes to it ends."""
        self._said = {key: said for key, said in self._said.items() if key.role != role}

    def keep(self, consumers: Collection[str]) -> None:
        """These are the consumers there are: forget what was allowed to others, and what has ended."""
        there = {key for key in self._said if key.consumer is None or key.consumer in consumers}
        self._said = {key: said for key, said in self._said.items() if key in there and self._holds(key)}

    @property
    def roles(self) -> set[str]:
        """The names of the roles that a yes is to, whether it holds or not."""
        return {key.role for key in self._said}

    @property
    def all(self) -> list[Yes]:
        """Each yes that holds."""
        return [said for key, said in self._said.items() if self._holds(key)]

    def restore(self, said: Iterable[Yes], *, same_boot: bool) -> None:
        """Take what an earlier process was told; what this one was told is newer.

        Args:
            said: it.
            same_boot: whether instants of then mean anything now; else what ends by one is dropped.
        """
        for yes in said:
            if yes.until is None or same_boot:  # guard: times-of-another-boot-mean-nothing
                self._said.setdefault(yes.key, yes)


def _covering(role: Role, consumer: str, scope: str) -> tuple[Key, ...]:
    """All that a yes may be for that allows this."""
    own = (
        (Key(role.name, consumer, scope),) if not scope else (Key(role.name, consumer, scope), Key(role.name, consumer))
    )
    # guard: yes-for-all-is-of-first-use
    return (*own, Key(role.name, None)) if role.confirm == "first-use" else own
