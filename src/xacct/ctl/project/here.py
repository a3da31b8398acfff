"""A command line without a role: what the working directory's file says, once it is trusted."""

from __future__ import annotations

from xacct.ctl.failure import REFUSED, CtlError
from xacct.ctl.project import file, trust
from xacct.ctl.render import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from xacct.ctl.project.file import Project


def take(args: Namespace) -> bool:
    """Put the directory's role and region into a command line that names no role.

    Args:
        args: the command line; a region that it has comes before the file's.

    Returns:
        Whether there is such a file.

    Raises:
        CtlError: it can't be used, or is not trusted.
    """
    path = file.nearest()
    if path is None:
        return False
    found = file.read(path)
    if not trust.is_trusted(path, found.content):  # guard: untrusted-project-file-is-not-taken
        raise untrusted(found)
    args.role, args.region = found.role, args.region or found.region
    args.project = trust.mark(path, found.content)
    say(f"xacctctl: {found.says}, as {file.shown(path)} says.")
    return True


def is_of(mark: str, path: str) -> bool:
    """Say whether a shell's mark is that of a file as it is now."""
    try:
        return trust.mark(path, file.read(path).content) == mark
    except CtlError:
        return False


def untrusted(found: Project) -> CtlError:
    """Return the refusal of a file that nobody has said yes to."""
    return CtlError(
        f"{file.shown(found.path)} says {found.says}, and you have not trusted it as it is now.",
        "xacctctl trust",
        REFUSED,
    )
