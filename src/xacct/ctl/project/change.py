"""What a shell does when its directory has changed: into its role, out of another's, or a word of it.

A role that somebody chose by name stays: a directory may say which role a shell is in only where nobody else has. No
code is asked for on the way; what is missing is asked for when it is used.
"""

from __future__ import annotations

import os
from types import SimpleNamespace

from xacct import paths, wire
from xacct.ctl import agents, names, shells, variables
from xacct.ctl.complain import complain
from xacct.ctl.env import emit, end_former, in_region, reaching
from xacct.ctl.failure import CtlError, DaemonError
from xacct.ctl.granting import granted
from xacct.ctl.parent import calling_shell
from xacct.ctl.project import file, trust
from xacct.ctl.render import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
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
    chosen, where = os.environ.get(variables.ROLE), file.shown(project.path)
    if chosen and not os.environ.get(variables.PROJECT):  # guard: chosen-role-stays-on-cd
        if chosen != project.role:
            say(f"xacctctl: this shell stays in {chosen}; {where} says {project.says}.")
        return
    args = SimpleNamespace(role=project.role)
    mark = trust.mark(project.path, project.content)
    try:
        change = _entered(args, project, language, client)
    except (CtlError, paths.UnusableError) as error:
        complain(error.sentence, error.hint)
        change = variables.nobody(os.environ)
    else:
        say(f"xacctctl: this shell is in {args.role}, as {where} says.")
    change.set[variables.PROJECT] = mark
    _tell(change, language)
    end_former(client, None)


def _entered(args: Any, project: Project, language: str, client: Client) -> variables.Change:
    """Return the change that puts the shell into a role; `args.role` is its name afterwards."""
    pid = calling_shell()
    label = f"shell {pid} {file.shown(project.path)}"
    try:
        grant = _granted(args.role, label, pid, client)
    except DaemonError as error:
        if not names.replaced("env", args, client, error):
            raise
        grant = _granted(args.role, label, pid, client)
    universal = _universal() if language == "fish" else ()
    change = reaching(args.role, grant, os.environ, "" if universal else None, universal)
    in_region(change, project.region)
    return variables.settled(change, os.environ)


def _granted(role: str, label: str, pid: int, client: Client) -> wire.GrantAnswer:
    """Return a grant as granting.mint does, but no human is asked for anything: that is left to the first use."""
    return granted(client, role, {"roles": [role], "label": label, "pid": pid, **agents.said(os.environ)})


def _universal() -> Sequence[str]:
    from xacct.ctl import universal  # noqa: PLC0415 - of use to one shell

    return universal.profiles(paths.home())


def _leave(language: str, client: Client) -> None:
    if role := os.environ.get(variables.ROLE):
        say(f"xacctctl: this shell has left {role}.")
    _tell(variables.settled(variables.Change({}, ()), os.environ), language)
    end_former(client.without_start(), None)


def _tell(change: variables.Change, language: str) -> None:
    """Print a change; of one that the shell can't be told it keeps nothing, for the role before is another's."""
    try:
        text = shells.FORMATS[language](change)
    except CtlError as error:
        complain(error.sentence, error.hint)
        nobody = variables.nobody(os.environ)
        nobody.set |= {name: mark for name, mark in change.set.items() if name == variables.PROJECT}
        text = shells.FAILURES[language](nobody)  # guard: untold-change-leaves-no-former-role
    emit(text)
