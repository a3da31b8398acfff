"""Who is there to answer: terminals that attend, terminals that are lent, and ways to ask beside them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from xacct.prompts.prompt import KINDS
from xacct.signin import is_sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xacct.prompts.prompt import Kind

Takes = Callable[[str, "Kind"], bool]
"""Whether somebody could answer for a topic (device, sign-in, guarded role), asked for a prompt of this kind."""


class Tty(NamedTuple):
    """A terminal that is lent, for a program that asks on it.

    Attributes:
        name: Its device.
        kind: Its TERM; empty: not known.
        ctype: The locale in which it shows characters; empty: not known.
    """

    name: str
    kind: str = ""
    ctype: str = ""


LENT_FOR: tuple[Kind, ...] = ("mfa", "confirm")
"""What pinentry can ask; a sign-in is an address to be copied, which no pinentry lets one do."""


class _Subscriber(NamedTuple):
    """Somebody who could answer: a terminal, which may be lent, or a way to ask beside them."""

    takes: Takes
    terminal: bool
    all_topics: bool
    lent: Tty | None = None


class Subscribers:
    """Those who could answer."""

    def __init__(self) -> None:
        self._subscribers: dict[object, _Subscriber] = {}

    @contextmanager
    def subscribe(
        self, topics: frozenset[str] | None = None, kinds: tuple[Kind, ...] = KINDS, *, lent: Tty | None = None
    ) -> Iterator[None]:
        """Be a terminal that answers prompts of some kinds, for some devices and guarded roles or (None) for all.

        With `lent` it shows none itself: a program of the daemon's may ask there.
        """

        def takes(topic: str, kind: Kind) -> bool:
            if lent is not None and kind not in LENT_FOR:
                return False
            return kind in kinds and (topics is None or topic in topics)

        with self._there(_Subscriber(takes, terminal=True, all_topics=topics is None, lent=lent)):
            yield

    @contextmanager
    def subscribe_way(self, takes: Takes) -> Iterator[None]:
        """Be a way to ask beside terminals, for what it takes at the time."""
        with self._there(_Subscriber(takes, terminal=False, all_topics=False)):
            yield

    @contextmanager
    def _there(self, subscriber: _Subscriber) -> Iterator[None]:
        me = object()
        self._subscribers[me] = subscriber
        try:
            yield
        finally:
            del self._subscribers[me]

    def has_subscriber(self, topic: str, kind: Kind | None = None) -> bool:
        """Whether somebody could answer for this device, sign-in or guarded role; of which kind, a role has to say."""
        kind = kind or _kind_of(topic)
        return any(subscriber.takes(topic, kind) for subscriber in self._subscribers.values())

    def has_terminal(self, topic: str, kind: Kind) -> bool:
        """Whether a terminal attends that shows such a prompt itself."""
        return any(there.lent is None for there in self._terminals(topic, kind))

    def lent(self, topic: str, kind: Kind) -> list[Tty]:
        """The terminals that are lent for such a prompt."""
        return [there.lent for there in self._terminals(topic, kind) if there.lent is not None]

    def _terminals(self, topic: str, kind: Kind) -> Iterator[_Subscriber]:
        return (there for there in self._subscribers.values() if there.terminal and there.takes(topic, kind))

    @property
    def terminals(self) -> int:
        """How many terminals answer for everything."""
        return sum(subscriber.terminal and subscriber.all_topics for subscriber in self._subscribers.values())


def _kind_of(topic: str) -> Kind:
    """The kind of prompt that a device or a sign-in has."""
    return "sign-in" if is_sign_in(topic) else "mfa"
