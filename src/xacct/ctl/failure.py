"""How a verb fails: one sentence, one hint, one exit status."""

from __future__ import annotations

from xacct import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NO_DAEMON: Final = 3
HUMAN: Final = 4
REFUSED: Final = 5
HOLE: Final = 6
"""`verify` has found a role that is given without what its profile says."""
NOT_TOLD: Final = 7
"""`verify` has found none, and could not tell of each role."""
CANNOT_RUN: Final = 126
NOT_FOUND: Final = 127
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141


class CtlError(Exception):
    """A failure for a person to read: what happened, what to do, and the process's exit status."""

    def __init__(self, sentence: str, hint: str = "", status: int = FAILED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.status = status


class NotRunningError(CtlError):
    """Nobody listens on the control socket."""

    def __init__(self) -> None:
        super().__init__("xacctd is not running.", "xacctctl start", NO_DAEMON)


class UnreachableError(CtlError):
    """The daemon runs, as the lock says that it holds, but nobody listens on its control socket.

    Attributes:
        pid: its process.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(
            f"xacctd runs (pid {pid}), but does not listen on its control socket.",
            "It makes its socket anew within seconds. To end it: xacctctl stop",
            NO_DAEMON,
        )
        self.pid = pid


class HungUpError(CtlError):
    """The daemon ended the connection before its answer; its log (a path) may say why."""

    def __init__(self, log: str) -> None:
        super().__init__(
            "xacctd hung up before it had answered.",
            f"Its log may say why: {log}",
        )


class DaemonError(CtlError):
    """The daemon said no.

    Attributes:
        code: its word for programs.
    """

    def __init__(self, error: wire.ErrorBody) -> None:
        super().__init__(error["sentence"], error["hint"], status_of(error))
        self.code = error["code"]


def status_of(error: wire.ErrorBody) -> int:
    """Return the exit status for a daemon's error; without a category that is known here it is a plain failure."""
    if error["code"] == wire.OTHER_VERSION:
        return NO_DAEMON
    match error.get("category"):
        case "human":
            return HUMAN
        case "refused":
            return REFUSED
    return FAILED
