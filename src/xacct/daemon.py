"""xacctd: what came before it first, then the rest of itself.

Nothing heavy is imported here: a daemon that is started again by the service manager answers from what was kept
(dawn.py) while running.py, and with it all the rooms, is loaded.

Exit statuses: 0 stopped as asked, 1 could not start (one sentence and a hint on stderr), 2 wrong arguments.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xacct.life.dawn import Dawn
    from xacct.life.succession import Succession


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon in the foreground. Returns the exit status."""
    # Until the loop listens for it: what it asks for, to read the configuration, is about to be done.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    arguments = list(sys.argv[1:] if argv is None else argv)
    origin = _origin(arguments)
    from xacct.life import running  # noqa: PLC0415 - see this file's first lines

    return running.main(arguments, origin)


def _origin(arguments: list[str]) -> Dawn | Succession:
    """Where it comes from; an argument that is not for people is taken out."""
    from xacct.life.legacy import SUCCEED  # noqa: PLC0415 - with the origin, whichever it is

    if SUCCEED in arguments[-2:-1]:
        from xacct.life.succession import Succession  # noqa: PLC0415 - one of the two is needed

        channel = int(arguments.pop())
        arguments.pop()
        return Succession(channel)
    from xacct.life.dawn import Dawn  # noqa: PLC0415

    return Dawn()


if __name__ == "__main__":
    sys.exit(main())
