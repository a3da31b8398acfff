"""What all kinds of changes of an agent's settings have in common: what is kept of one, and how one is refused."""

from typing import Any, NamedTuple, Protocol

from xacct.ctl.failure import CtlError

Record = dict[str, Any]
"""What has to be known to take a part out again, as JSON; no secret is in it, and nothing of the user's."""


class Taken(NamedTuple):
    """A file's content without a part of ours.

    Attributes:
        content: what is to be in it; None where the file is to go.
        stays: whether something of ours stays, because somebody has changed it since.
    """

    content: bytes | None
    stays: bool


class Part(Protocol):
    """A change of one file."""

    path: str

    def into(self, content: bytes, *, there: bool) -> tuple[bytes, Record]:
        """Return the file's content with the part in it, and the record by which it goes out again.

        Raises:
            CtlError: the file can't be read, or says something else.
        """
        ...


def taken(path: str, what: str) -> CtlError:
    """Return the refusal of a file that says something else already."""
    return CtlError(
        f"{path} says already what {what} is; it was left alone.",
        "Take that out first, or install it for one project: --project",
    )


def unreadable(path: str, error: Exception) -> CtlError:
    """Return the refusal of a file that is not what its name says."""
    return CtlError(f"{path} can't be read ({error}); it was left alone.", "Mend it, and say it again.")
