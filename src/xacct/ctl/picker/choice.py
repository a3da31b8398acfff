"""What is chosen of a list that is filtered as one types: the state of a picker, without a screen."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Final

    from xacct import wire

    Row = wire.RoleStatus

_LONGEST: Final = 60
"""Characters of a filter: more is something that was pasted in error."""


class Choice:
    """Some roles, the filter that has been typed, where the cursor is, and which are chosen.

    Attributes:
        shown: the roles that pass the filter.
        cursor: the place in them.
        chosen: the names of those that are chosen, in their order.
        filter: what was typed.
        page: how many roles are seen at once.

    Args:
        rows: the roles, in the order in which they are shown.
        title: what they are picked for.
        single: whether it is to be one.
    """

    def __init__(self, rows: Sequence[Row], title: str = "Log in to", *, single: bool = False) -> None:
        self.title = title
        self.single = single
        self._rows = [(_words(row), row) for row in rows]
        self.shown: list[Row] = list(rows)
        self.cursor = 0
        self.chosen: dict[str, None] = {}
        self.filter = ""
        self.page = 1

    @property
    def total(self) -> int:
        """How many roles there are."""
        return len(self._rows)

    def window(self, height: int) -> range:
        """Return the places that are seen, with the cursor in them."""
        self.page = max(1, height)
        first = min(max(0, self.cursor - self.page // 2), max(0, len(self.shown) - self.page))
        return range(first, min(first + self.page, len(self.shown)))

    def type(self, key: str) -> list[str] | None:
        """Take a key. Returns the names that are decided for, once they are; none at all where it was left."""
        if key == "enter":
            return self._decided()
        if key in ("escape", "ctrl-d"):
            return []
        if key in _MOVES:
            self._move(_MOVES[key](self))
        elif key in _EDITS:
            if not (self.single and key in _MARKS):
                _EDITS[key](self)
        elif len(key) == 1 and len(self.filter) < _LONGEST:
            self._look_for(self.filter + key)
        return None

    def _decided(self) -> list[str] | None:
        if self.chosen:
            return list(self.chosen)
        return [self.shown[self.cursor]["name"]] if self.shown else None

    def _move(self, by: int) -> None:
        self.cursor = max(0, min(self.cursor + by, len(self.shown) - 1))

    def mark(self) -> None:
        """Choose what the cursor is on, or choose it no more, and go on to the next."""
        if self.shown:
            name = self.shown[self.cursor]["name"]
            if name in self.chosen:
                del self.chosen[name]
            else:
                self.chosen[name] = None
            self._move(1)

    def mark_all(self) -> None:
        """Choose all that are shown; where all are chosen, none of them."""
        names = dict.fromkeys(row["name"] for row in self.shown)
        if names.keys() <= self.chosen.keys():
            self.chosen = {name: None for name in self.chosen if name not in names}
        else:
            self.chosen |= names

    def shorten(self) -> None:
        """Take the last character of the filter away."""
        self._look_for(self.filter[:-1])

    def clear(self) -> None:
        """Take the filter away."""
        self._look_for("")

    def _look_for(self, text: str) -> None:
        if text == self.filter:
            return
        self.filter, wanted = text, text.lower()
        self.shown = [row for words, row in self._rows if wanted in words]
        self.cursor = 0


_MOVES: Final[Mapping[str, Callable[[Choice], int]]] = {
    "up": lambda _: -1,
    "ctrl-p": lambda _: -1,
    "down": lambda _: 1,
    "ctrl-n": lambda _: 1,
    "page-up": lambda choice: -choice.page,
    "page-down": lambda choice: choice.page,
    "home": lambda choice: -choice.total,
    "end": lambda choice: choice.total,
}
_MARKS: Final = ("space", "tab", "ctrl-a")
_EDITS: Final[Mapping[str, Callable[[Choice], None]]] = {
    "space": Choice.mark,
    "tab": Choice.mark,
    "ctrl-a": Choice.mark_all,
    "backspace": Choice.shorten,
    "ctrl-h": Choice.shorten,
    "ctrl-u": Choice.clear,
}


def _words(row: Row) -> str:
    """Return what a filter is looked for in."""
    parts = (row["name"], row.get("account_name", ""), row["account"] or "", (row["role_arn"] or "").rpartition("/")[2])
    return " ".join([*parts, row.get("permission_set", "")]).lower()
