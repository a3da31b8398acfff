"""This directory's .xacct.toml: whether it may say which role commands are in, and whether there is such a role."""

from typing import Final

from xacct.ctl.doctor.finding import Checks, Finding, broken, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.failure import CtlError
from xacct.ctl.project import file, here, trust


def _file(_scene: Scene) -> Finding:
    path = file.nearest()
    if path is None:
        return skipped(f"Neither this directory nor one above it has a {file.NAME}.")
    try:
        found = file.read(path)
    except CtlError as error:
        return broken(error.sentence, error.hint)
    if not trust.is_trusted(path, found.content):
        refusal = here.untrusted(found)
        return warning(refusal.sentence, refusal.hint)
    return ok(f"{file.shown(path)} says {found.says}, and is trusted.")


CHECKS: Final[Checks] = {"project-file": _file}
