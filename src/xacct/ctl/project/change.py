"""What a shell does when its directory has changed: into its role, out of another's, or a word of it.

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
from xacct.ctl.failure import CtlError, DaemonError
from xacct.ctl.project import file, trust
from xacct.ctl.render import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xacct.ctl.client import Client
    from xacct.ctl.project.file import Project


def made(project: Project | None, language: str, client: Client) -> None:
    """Print what puts the shell into the role of its directory, or out of that of another.

    Args:
        project: the directory's file, which is trusted; None: there is none that may be taken.
        language: the shell's.
        client: the daemon's.
    """
    if project is not None:
        _enter(project, language, client)
    else:
        _leave(language, client)


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
