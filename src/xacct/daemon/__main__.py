"""xacctd: where it comes from, then the daemon itself.

Exit statuses: 0 stopped as asked, 1 could not start (one sentence and a hint on stderr), 2 wrong arguments.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from xacct.daemon import collecting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xacct.daemon.start import Start
    from xacct.daemon.takeover import Takeover


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon in the foreground. Returns the exit status."""
    collecting.seldom()
    # Loading takes a fifth of a second, in which a hang-up must not end us: what it asks for is about to be done.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Who starts us may have blocked signals for itself: TERM and INT must end us, and children must be heard of.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # guard: daemon-starts-with-no-signal-blocked
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    arguments = list(sys.argv[1:] if argv is None else argv)
    origin = _origin(arguments)
    from xacct.daemon import run  # noqa: PLC0415 - see above

    return run.main(arguments, origin)


def _origin(arguments: list[str]) -> Start | Takeover:
    """Where it comes from; an argument that is not for people is taken out."""
    from xacct.daemon.inherited import SUCCEED  # noqa: PLC0415 - with the origin, whichever it is

    if SUCCEED in arguments[-2:-1]:
        from xacct.daemon.takeover import Takeover  # noqa: PLC0415 - one of the two is needed

        channel = int(arguments.pop())
        arguments.pop()
        return Takeover(channel)
    from xacct.daemon.start import Start  # noqa: PLC0415

    return Start()


if __name__ == "__main__":
    sys.exit(main())
