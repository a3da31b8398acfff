"""What a shell does when its directory has changed (the hidden `__project`): into its role, out of it, or a word of it.

A role that somebody chose by name stays: a directory may say which role a shell is in only where nobody else has. No
code is asked for on the way; what is missing is asked for when it is used.
"""

from __future__ import annotations

import os
from types import SimpleNamespace

from xacct import paths
from xacct.ctl import names, shells, variables
from xacct.ctl.complain import complain
from xacct.ctl.env import emit, end_former, entered
from xacct.ctl.failure import OK, CtlError, DaemonError
from xacct.ctl.project import file, trust
from xacct.ctl.project.here import untrusted
from xacct.ctl.render import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from xacct.ctl.client import Client
    from xacct.ctl.project.file import Project

SEEN: Final = {"sh": "__xacct_seen={}\n", "fish": "set -g __xacct_seen {}\n"}
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


def changed(words: Sequence[str], client: Client) -> int:
    """Print what the shell is to do: nothing where its directory has the file that it had before.

    Args:
        words: the shell's language, and the word that it has seen last.
        client: the daemon's.
    """
    language, before = words[0], words[1] if len(words) > 1 else ""
    here = _looked()
    if here.word == before:
        return OK
    emit(SEEN[language].format(here.word))
    if here.refusal is not None:
        complain(here.refusal.sentence, here.refusal.hint)
    current = os.environ.get(variables.PROJECT)
    if here.project is None:
        if current:
            _leave(language, client)
    elif current != here.word:  # else a shell that was started from one that is there already
        _enter(here.project, language, client)
    return OK


def _looked() -> _Here:
    path = file.nearest()
    if path is None:
        return _Here("none")
    try:
        found = file.read(path)
    except CtlError as error:
        return _Here(trust.mark(path, error.sentence.encode()), refusal=error)
    word = trust.mark(path, found.content)
    if trust.is_trusted(path, found.content):  # guard: untrusted-project-file-moves-no-shell
        return _Here(word, found)
    return _Here(f"untrusted{word}", refusal=untrusted(found))


def _enter(project: Project, language: str, client: Client) -> None:
    """Print what puts the shell into the directory's role; where that fails it is in none."""
    chosen = os.environ.get(variables.ROLE)
    if chosen and not os.environ.get(variables.PROJECT):  # guard: chosen-role-stays-on-cd
        if chosen != project.role:
            say(f"xacctctl: this shell stays in {chosen}; {file.shown(project.path)} says {project.says}.")
        return
    args: Any = SimpleNamespace(role=project.role, region=project.region, format=language, static=False, imds=False)
    args.project = trust.mark(project.path, project.content)
    try:
        change = _entered(args, client)
    except (CtlError, paths.UnusableError) as error:
        complain(error.sentence, error.hint)
        change = variables.nobody(os.environ)
        change.set[variables.PROJECT] = args.project
    else:
        say(f"xacctctl: this shell is in {args.role}, as {file.shown(project.path)} says.")
    emit(shells.FORMATS[language](change))
    end_former(client, None)


def _entered(args: Any, client: Client) -> variables.Change:
    try:
        return entered(args, client)
    except DaemonError as error:
        if not names.replaced("env", args, client, error):
            raise
    return entered(args, client)


def _leave(language: str, client: Client) -> None:
    if role := os.environ.get(variables.ROLE):
        say(f"xacctctl: this shell has left {role}.")
    emit(shells.FORMATS[language](variables.settled(variables.Change({}, ()), os.environ)))
    end_former(client.without_start(), None)
