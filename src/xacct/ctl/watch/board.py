"""What a live view knows: the last status, who fetched last, the open questions, and where the human is. No screen."""

from __future__ import annotations

from xacct.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from xacct import wire

_QUIET: Final = frozenset({"idle", "needs-code", "logged-out"})
_DIGITS: Final = 6
_LONGEST: Final = 60
_KEYS: Final = 9
"""Grants that have a key of their own."""


class Board:
    """The state of the view.

    Attributes:
        status: the daemon's last answer; None: there is none yet.
        answered: when that came (our own monotonic clock).
        last: of each role, who fetched it last, in words.
        prompts: the open questions, the oldest first.
        filter: what roles are looked for by.
        filtering: whether keys go into the filter.
        typed: the digits of a code so far.
        message: what was said last.
        cursor: the name of the role that keys are about.
        revocable: the grants of which one is to be revoked, while that is asked; None: it is not.
        revoking: the role that these are for; the cursor may be elsewhere by now.
        locked: whether nothing is handed out.
    """

    def __init__(self) -> None:
        self.status: wire.StatusAnswer | None = None
        self.answered = 0.0
        self.last: dict[str, str] = {}
        self.prompts: dict[str, wire.Prompt] = {}
        self.filter = ""
        self.filtering = False
        self.typed = ""
        self._typed_for = ""
        self.message = ""
        self.cursor = ""
        self.revocable: list[wire.GrantInfo] | None = None
        self.revoking = ""

    @property
    def locked(self) -> bool:
        """Whether nothing is handed out."""
        return self.status is not None and self.status.get("locked", False)

    def take(self, status: wire.StatusAnswer, monotonic: float) -> None:
        """Take a new status."""
        self.status, self.answered = status, monotonic
        self.prompts = {prompt["id"]: prompt for prompt in status["prompts"]}
        self._keep_digits()
        rows = self.rows()
        if self.cursor not in {row["name"] for row in rows} and rows:
            self.cursor = rows[0]["name"]

    def now(self, monotonic: float) -> float:
        """Return AWS's time as the daemon reads it."""
        return 0.0 if self.status is None else self.status["now"] + monotonic - self.answered

    def rows(self) -> list[wire.RoleStatus]:
        """Return the roles that pass the filter, those with which something is first."""
        roles = [] if self.status is None else self.status["roles"]
        wanted = self.filter.lower()
        found = [row for row in roles if wanted in f"{row['name']} {row.get('account_name', '')}".lower()]
        return sorted(found, key=lambda row: row["state"] in _QUIET and not row["error"])

    def prompt(self) -> wire.Prompt | None:
        """Return the question that keys answer."""
        return next(iter(self.prompts.values()), None)

    def happened(self, raw: Mapping[str, object]) -> bool:
        """Take an event of the daemon's. Returns whether the status is worth another look."""
        match raw.get("event"):
            case "prompt":
                prompt: wire.Prompt = raw["prompt"]  # type: ignore[assignment]  # checked by who read it
                self.prompts[prompt["id"]] = prompt
                self.typed = ""
                self._keep_digits()
            case "prompt-closed":
                self.prompts.pop(str(raw["id"]), None)
                self._keep_digits()
                self.message = clean(str(raw["sentence"]))
            case "fetch" if raw.get("role"):
                self.last[str(raw["role"])] = _who(raw)
                return False
            case "failed":
                error: wire.ErrorBody = raw["error"]  # type: ignore[assignment]
                self.message = clean(f"{raw['role']}: {error['sentence']}")
        return True

    def _keep_digits(self) -> None:
        """Keep what was typed as long as the same question is asked: it is a code of that one's device."""
        prompt = self.prompt()
        asked = "" if prompt is None else prompt["id"]
        if asked != self._typed_for:  # guard: digits-are-for-the-question-that-was-asked
            self._typed_for, self.typed = asked, ""

    def move(self, by: int) -> None:
        """Move the cursor among the rows that are shown."""
        names = [row["name"] for row in self.rows()]
        if names:
            place = names.index(self.cursor) if self.cursor in names else 0
            self.cursor = names[max(0, min(place + by, len(names) - 1))]

    def look_for(self, text: str) -> None:
        """Filter by a text."""
        self.filter = text[:_LONGEST]
        self.move(0)

    def offer(self, role: str, grants: list[wire.GrantInfo]) -> None:
        """Ask which of the grants for a role is to be revoked, those used last first."""
        found = [grant for grant in grants if role in grant["roles"]]
        found.sort(key=lambda grant: grant["last_used"] or grant["created"], reverse=True)
        self.revocable, self.revoking = found[:_KEYS] or None, role
        self.message = "" if found else clean(f"No grant is for {role}.")

    def chosen(self, key: str, shown: int) -> wire.GrantInfo | None:
        """Return the grant that a key means, of those that are shown; the question is over, whichever key it was."""
        asked, self.revocable = self.revocable or [], None
        number = int(key) if key.isascii() and key.isdigit() else 0
        # guard: only-a-grants-number-revokes-it
        return asked[number - 1] if 0 < number <= min(shown, len(asked)) else None

    def digit(self, key: str) -> str:
        """Take a digit of a code. Returns the code once it is whole and entered, else nothing."""
        if key == "enter" and len(self.typed) == _DIGITS:
            code, self.typed = self.typed, ""
            return code
        if key == "backspace":
            self.typed = self.typed[:-1]
        elif key.isascii() and key.isdigit() and len(self.typed) < _DIGITS:
            self.typed += key
        return ""


def _who(line: Mapping[str, object]) -> str:
    """Return who fetched, as a line of the audit says: the program and its process, else the grant."""
    exe, pid, grant = line.get("exe"), line.get("pid"), line.get("grant")
    if isinstance(exe, str) and exe:
        return clean(f"{exe.rpartition('/')[2]} {pid or ''}").rstrip()
    return clean(str(grant.get("label", ""))) if isinstance(grant, dict) else ""
