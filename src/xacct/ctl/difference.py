"""A unified diff of a user's file, in which what is not ours is shown only where it is certainly no secret."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from xacct.ctl import block

_AROUND: Final = 3
"""Lines shown around a change."""


def unified(path: str, old: bytes, new: bytes, showable: Callable[[str], str] = block.showable) -> Iterator[str]:
    """Yield the lines of a diff; none where nothing changes.

    Args:
        path: what the file is called.
        old: its content.
        new: what it would be.
        showable: makes a line fit to be shown; without one it is one of the AWS config file.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 - only here

    before, after = (content.decode("utf-8", "backslashreplace").splitlines(keepends=True) for content in (old, new))
    if old == new:
        return
    yield f"--- {path}"
    yield f"+++ {path} (as it would be)"
    matcher = SequenceMatcher(None, _placed(before), _placed(after), autojunk=False)
    for group in matcher.get_grouped_opcodes(_AROUND):
        (_, first, _, then, _), (_, _, last, _, end) = group[0], group[-1]
        yield f"@@ -{first + 1},{last - first} +{then + 1},{end - then} @@"
        for kind, was, until, now, to in group:
            if kind == "equal":
                yield from _marked(" ", before[was:until], showable)
            else:
                yield from _marked("-", before[was:until], showable)
                yield from _marked("+", after[now:to], showable)


def _placed(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return each line with the heading it is below.

    A line that hundreds of profiles have is then another in each: comparing them would take seconds.
    """
    heading, found = "", []
    for line in lines:
        heading = line if line.startswith("[") else heading
        found.append((heading, line))
    return found


def _marked(mark: str, lines: Sequence[str], showable: Callable[[str], str]) -> Iterator[str]:
    for line in lines:
        yield mark + showable(line)  # guard: diff-without-secrets
        if not line.endswith(("\n", "\r")):
            yield "\\ No newline at end of file"
