"""What was issued, by the random name that the client has of it: at most so many, the oldest go first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

LIMIT: Final = 10_000
"""Of each kind. AWS forgets nothing before its time; a client that registers without end must not fill memory."""


class Kept(Generic[T]):
    """A mapping that forgets its oldest entries beyond a limit.

    What is over stays in it, so that a client is told "expired" rather than "unknown".
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._kept: dict[str, T] = {}

    def put(self, name: str, value: T) -> None:
        """Keep a value; the oldest one goes where that is one too many."""
        self._kept[name] = value
        if len(self._kept) > self._limit:
            del self._kept[next(iter(self._kept))]

    def get(self, name: str) -> T | None:
        """Return the value of a name, or None."""
        return self._kept.get(name)

    def drop(self, name: str) -> None:
        """Forget a name, if it is known."""
        self._kept.pop(name, None)

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._kept.values()))
