"""How a live view looks: its lines, of a width and a height."""

from __future__ import annotations

from xacct.ctl import approve
from xacct.ctl.render import clean, paint, since, until
from xacct.ctl.screen.text import fit, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xacct import wire
    from xacct.ctl.watch.board import Board

_HOUR: Final = 3600.0
_SESSION: Final = 12 * _HOUR
_TONES: Final = {"held": "good", "waiting": "warn", "needs-code": "warn", "failed": "bad"}
_HELP: Final = (
    "Up Down move  l log in  o log out  r revoke  k lock  u unlock  / filter  q leave",
    "l in  o out  r revoke  k lock  u unlock  / filter  q",
)
_BAR, _STATE, _LEFT, _USED = 8, 10, 7, 7
_NAME: Final = 30
"""Columns of the cells."""

_LOW: Final = 10
"""Lines below which headings make room for roles."""

_TALL: Final = 16
"""Lines from which a question says all that there is to say of it."""

_HEADING: Final = "  {name}  {state}  {bar}  {left}  {mfa}  {used}  BY"


def frame(board: Board, monotonic: float, size: tuple[int, int]) -> list[str]:
    """Return the lines of the view."""
    columns, height = size
    if board.status is None:
        return [fit(board.message or "Waiting for xacctd ...", columns)]
    now = board.now(monotonic)
    roomy = height >= _LOW
    head = [_summary(board, columns), *_sessions(board, now, columns)[: height // 4 if roomy else 0]]
    grants = _grants(board, now, columns, grants_shown(height))
    foot = [*(grants or _question(board, columns, height)), fit(board.message, columns)]
    foot += [_keys(board, columns)] if roomy or board.filtering else []
    rows = board.rows()
    room = max(1, height - len(head) - len(foot) - roomy)
    names = [row["name"] for row in rows]
    place = names.index(board.cursor) if board.cursor in names else 0
    first = min(max(0, place - room // 2), max(0, len(rows) - room))
    wide = min(_NAME, max([4, *map(width, names)]), max(8, columns - 50))
    lines = [_row(board, row, now, wide, columns) for row in rows[first : first + room]]
    return [*head, *([_heading(wide, columns)] if roomy else []), *lines, *[""] * (room - len(lines)), *foot]


def _summary(board: Board, columns: int) -> str:
    roles = board.status["roles"] if board.status else []
    counts = [f"{sum(row['state'] == state for row in roles)} {state}" for state in ("held", "failed", "waiting")]
    said = ", ".join(count for count in counts if not count.startswith("0 ")) or "nothing held"
    line = f"{len(roles)} roles: {said}" + (f"   filter: {board.filter}" if board.filter else "")
    if board.locked:
        return paint(fit(f"LOCKED: nothing is handed out.   {line}", columns), "warn", tty=True)
    return fit(line, columns)


def _sessions(board: Board, now: float, columns: int) -> list[str]:
    found = []
    for session in board.status["sessions"] if board.status else []:
        if session["expires_at"] is not None:
            ends = until(session["expires_at"], now)
            line = f"MFA session of {session['source']}  {_life(session, now, _SESSION)}  {ends}  {session['serial']}"
            found.append(fit(line, columns) if width(line) <= columns else _cut(line, columns))
    return found


def _cut(line: str, columns: int) -> str:
    return fit(clean(line)[:columns], columns)


def bar(left: float, whole: float) -> str:
    """Return how much of a life is left, as a bar."""
    full = max(0, min(_BAR, round(_BAR * left / whole)))
    if left > 0:
        full = max(1, full)
    return "[" + "#" * full + "." * (_BAR - full) + "]"


def _heading(wide: int, columns: int) -> str:
    cells = {"name": fit("ROLE", wide), "state": fit("STATE", _STATE), "bar": fit("LIFE", _BAR + 2)}
    cells |= {"left": fit("ENDS IN", _LEFT), "mfa": fit("MFA", _LEFT), "used": fit("USED", _USED)}
    return paint(_cut(_HEADING.format(**cells), columns), "dim", tty=True)


def _row(board: Board, row: wire.RoleStatus, now: float, wide: int, columns: int) -> str:
    left = _life(row, now, _HOUR)
    cells = [
        fit(row["state"], _STATE),
        fit(left, _BAR + 2),
        fit(until(row["expires_at"], now), _LEFT),
        fit(until(row["mfa_expires_at"], now), _LEFT),
        fit(since(row["last_used"], now).removesuffix(" ago"), _USED),
        board.last.get(row["name"], ""),
    ]
    cursor = "> " if row["name"] == board.cursor else "  "
    name = paint(fit(row["name"], wide), "production" if row.get("production") else "", tty=True)
    rest = _cut("  " + "  ".join(cells), max(1, columns - wide - 2)).rstrip()
    return cursor + name + paint(rest, _TONES.get(row["state"], "dim"), tty=True)


def _life(held: wire.RoleStatus | wire.SessionStatus, now: float, usual: float) -> str:
    """Return the bar of what is held, of the life that AWS gave it; where that is not told, of the usual one."""
    ends = held["expires_at"]
    if ends is None:
        return ""
    whole = ends - held["issued_at"] if "issued_at" in held else max(usual, ends - now)
    return bar(ends - now, max(whole, 1.0))


def grants_shown(height: int) -> int:
    """Return how many grants a screen has room for, where one is to be revoked."""
    return max(1, height // 3)


def _grants(board: Board, now: float, columns: int, most: int) -> list[str]:
    """Return the question which grant is to be revoked."""
    if board.revocable is None:
        return []
    lines = [f"Revoke a grant for {board.revoking}? (its number; any other key: no)"]
    for number, grant in enumerate(board.revocable[:most], 1):
        process = f"  pid {grant['pid']}" if grant["pid"] else ""
        used = f"used {since(grant['last_used'], now)}" if grant["last_used"] else "never used"
        lines.append(f"  {number}  {grant['label']}{process}  {used}")
    return [paint(_cut(line, columns), "warn", tty=True) for line in lines]


def _question(board: Board, columns: int, height: int) -> list[str]:
    prompt = board.prompt()
    if prompt is None:
        return []
    roles = ", ".join(prompt["roles"])
    more: list[str] = []
    if prompt["kind"] == "confirm":
        # The role comes first, so that no label pushes it off the line, and the keys have a line of their own.
        more = [f"Use of {roles} by {prompt.get('label', '')}?", *(approve.details(prompt) if height >= _TALL else [])]
        said = approve.offer(prompt)
    elif prompt["kind"] == "sign-in":
        said = f"Sign in for {roles}: {prompt.get('url', '')} {prompt.get('user_code', '')} (n: no)"
    else:
        said = f"MFA code of {prompt['serial'].rpartition('/')[2]} for {roles}: {board.typed:_<6} (Enter, n: no)"
    lines = [line for line in (prompt["problem"] or "", *more, said) if line]
    return [paint(_cut(line, columns), "warn", tty=True) for line in lines[-max(1, height - 3) :]]


def _keys(board: Board, columns: int) -> str:
    if board.filtering:
        return fit(f"Filter: {board.filter}_   (Enter or Esc)", columns)
    line = next((line for line in _HELP if len(line) <= columns), "")
    return paint(fit(line, columns), "dim", tty=True)
