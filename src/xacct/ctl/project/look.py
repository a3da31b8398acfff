"""What a shell asks when its directory has changed (the hidden `__project`): is there anything to do?

Mostly there is not, and somebody waits for a prompt: what does it (change.py) is loaded only then.
"""

from __future__ import annotations

import os
import sys

from xacct.ctl import variables
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.project import file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from xacct.ctl.client import Client
    from xacct.ctl.project.file import Project

SEEN: Final = {
    "sh": "__xacct_seen={}\n",
    "fish": "set -g __xacct_seen {}\n",
    "powershell": "$global:__xacct_seen = '{}'\n",
    "xonsh": "_xacct_cd.seen = '{}'\n",
    "tcsh": "set __xacct_seen = {}; ",  # its eval takes one line
}
"""How a shell keeps what it has seen last, so that it is told once: not in its environment, for that is inherited."""


class _Here:
    """What the working directory has.

    Args:
        word: tells it from what another directory has, and from what it had before: letters and digits.
        project: its file, where that may be taken.
        refusal: why it may not.
    """

    def __init__(self, word: str, project: Project | None = None, refusal: CtlError | None = None) -> None:
        self.word = word
        self.project = project
        self.refusal = refusal


def changed(words: Sequence[str], client: Callable[[], Client]) -> int:
    """Print what the shell is to do: nothing where its directory has the file that it had before.

    Args:
        words: the shell's language, and the word that it has seen last.
        client: makes the daemon's.
    """
    if not words or words[0] not in SEEN:
        return USAGE
    language, before = words[0], words[1] if len(words) > 1 else ""
    here = _looked()
    if here.word == before:
        return OK
    if sys.stdout is not None:
        sys.stdout.write(SEEN[language].format(here.word))
    current = os.environ.get(variables.PROJECT, "")
    if here.refusal is not None:
        from xacct.ctl.complain import complain  # noqa: PLC0415 - of use to failures alone

        complain(here.refusal.sentence, here.refusal.hint)
    # the same: a shell that was started from one that is there already
    if current != (here.word if here.project is not None else ""):
        from xacct.ctl.project import change  # noqa: PLC0415 - see above

        change.made(here.project, language, client())
    return OK


def _looked() -> _Here:
    path = file.nearest()
    if path is None:
        return _Here("none")
    from xacct.ctl.project import here, trust  # noqa: PLC0415 - of use where there is such a file

    try:
        found = file.read(path)
    except CtlError as error:
        return _Here(trust.mark(path, error.sentence.encode()), refusal=error)
    word = trust.mark(path, found.content)
    if trust.is_trusted(path, found.content):  # guard: untrusted-project-file-moves-no-shell
        return _Here(word, found)
    return _Here(f"untrusted{word}", refusal=here.untrusted(found))
