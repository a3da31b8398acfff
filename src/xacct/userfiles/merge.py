"""Two people's changes of one text: whether one is in the other, and both in one. Pure; lines of text or of bytes."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

Line = TypeVar("Line", bound=Hashable)


def merged(base: Sequence[Line], copy: Sequence[Line], now: Sequence[Line]) -> list[Line] | None:
    """Return `now` with what was changed from `base` to `copy`; None where both changed the same lines."""
    if list(now) in (list(base), list(copy)):
        return list(copy)
    from difflib import SequenceMatcher  # noqa: PLC0415 - only where two have written at once

    moved_to: dict[int, int] = {}
    for there in SequenceMatcher(None, base, now, autojunk=False).get_matching_blocks():
        moved_to |= {there.a + step: there.b + step for step in range(there.size)}
    result = list(now)
    changes = SequenceMatcher(None, base, copy, autojunk=False).get_opcodes()
    for tag, start, end, first, last in reversed(changes):
        if tag == "equal":
            continue
        spot = _spot(moved_to, start, end, len(base), len(now))
        if spot is None:
            return None
        result[spot[0] : spot[1]] = copy[first:last]
    return result


def has(now: Sequence[Line], base: Sequence[Line], copy: Sequence[Line]) -> bool:
    """Say whether `now` has the changes from `base` to `copy`, the lines that came, and not those that went."""
    count, was, became = Counter(now), Counter(base), Counter(copy)
    came, went = became - was, was - became
    if not came and not went:
        return list(now) == list(copy)  # lines changed places, or nothing did
    return all(count[line] >= became[line] for line in came) and all(count[line] <= became[line] for line in went)


def _spot(moved_to: dict[int, int], start: int, end: int, length: int, now: int) -> tuple[int, int] | None:
    """Return where lines `start` to `end` of the base stand now, if all of them and a neighbour still do."""
    if start < end:
        spots = [moved_to.get(line) for line in range(start, end)]
        first = spots[0]
        return (
            None if first is None or spots != list(range(first, first + end - start)) else (first, first + end - start)
        )
    if start > 0 and start - 1 in moved_to:
        return moved_to[start - 1] + 1, moved_to[start - 1] + 1
    if start in moved_to:
        return moved_to[start], moved_to[start]
    return (now, now) if start == length == 0 else None
