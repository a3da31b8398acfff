"""bubblewrap: where it is, whether it may do what it is for here, and its command line."""
# ruff: noqa: PTH113, PTH123 - see paths.py

from __future__ import annotations

import os

from xacct.ctl import child
from xacct.ctl.failure import CtlError
from xacct.ctl.sandboxed.view import is_in
from xacct.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from subprocess import CompletedProcess
    from typing import Final

_SYSTEMS: Final = ("/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin", "/run/current-system/sw/bin")
_PATIENCE: Final = 10.0
_LIMITS: Final = {
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "Ubuntu's AppArmor wants a profile for bwrap: docs/sandboxed-commands.md has one.",
    ),
    "/proc/sys/kernel/unprivileged_userns_clone": ("0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    "/proc/sys/user/max_user_namespaces": ("0", "sudo sysctl user.max_user_namespaces=10000"),
}
"""Files that say why user namespaces may be forbidden: what they say then, and what to do."""

_CONTAINERS: Final = ("/.dockerenv", "/run/.containerenv")


class Manner:
    """How a sandbox is made, besides what it sees of the file system.

    Attributes:
        network: whether it shares this machine's network.
        session: whether it gets a terminal session of its own, without job control: where there is no seccomp filter.
    """

    def __init__(self, *, network: bool, session: bool) -> None:
        self.network = network
        self.session = session


def argv(program: str, manner: Manner, view: Sequence[str], descriptors: Mapping[str, int | None]) -> list[str]:
    """Return bubblewrap's command line up to the two dashes.

    Args:
        program: its path.
        manner: how the sandbox is made.
        view: its arguments for the file system.
        descriptors: those that it reads and writes, by option (`--seccomp`, `--info-fd`); None: without that option.
    """
    given = [word for option, number in descriptors.items() if number is not None for word in (option, str(number))]
    # guard: sandbox-ends-with-xacctctl
    return [program, *_alone(manner), "--die-with-parent", "--as-pid-1", *view, *given, "--"]


def _alone(manner: Manner) -> list[str]:
    return [
        "--unshare-user",
        "--unshare-pid",  # guard: sandbox-sees-no-process-of-others
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        *([] if manner.network else ["--unshare-net"]),  # guard: network-that-is-cut-is-cut
        *(["--new-session"] if manner.session else []),
        *("--cap-drop", "ALL"),  # guard: root-has-no-powers-in-sandbox
    ]


def find(path: str, writable: Collection[str]) -> str:
    """Return bubblewrap's program: never one that a sandboxed command could have put there.

    Args:
        path: the variable PATH.
        writable: what such a command may write.

    Raises:
        CtlError: it is not installed.
    """
    for directory in (*_SYSTEMS, *path.split(":")):
        found = os.path.realpath(f"{directory}/bwrap")
        planted = not directory.startswith("/") or any(is_in(found, each) for each in writable)
        if not planted and os.access(found, os.X_OK) and os.path.isfile(found):  # guard: planted-bubblewrap-is-not-run
            return found
    raise CtlError(
        "--sandbox needs bubblewrap, which is not installed; nothing was run.",
        "apt install bubblewrap (dnf, pacman, zypper and apk call it so, too)",
    )


def demand_allowed(program: str, manner: Manner) -> None:
    """Try it with nothing to run.

    Raises:
        CtlError: it can't make a sandbox here.
    """
    view = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--perms", "0700", "--tmpfs", "/dev"]
    try:
        tried = child.told([program, *_alone(manner), *view, "--", program, "--version"], patience=_PATIENCE)
    except OSError as error:
        raise CtlError(f"{program} can't be run ({error.strerror}); nothing was run.") from None
    if tried.returncode:  # guard: no-sandbox-no-command
        raise _forbidden(tried)


def _forbidden(tried: CompletedProcess[str]) -> CtlError:
    said = clean((tried.stderr.strip() or "it says nothing").splitlines()[-1].removeprefix("bwrap: "))
    hint = next((hint for file, (bad, hint) in _LIMITS.items() if _read(file) == bad), "")
    if not hint and any(map(os.path.exists, _CONTAINERS)):
        hint = "This is a container: it has to be one that may make user namespaces and mount a /proc of its own."
    return CtlError(
        f"bubblewrap can't make a sandbox here ({said}); nothing was run.",
        hint or "docs/sandboxed-commands.md says what it needs.",
    )


def _read(file: str) -> str:
    try:
        with open(file, encoding="ascii") as opened:
            return opened.read().strip()
    except (OSError, ValueError):
        return ""
