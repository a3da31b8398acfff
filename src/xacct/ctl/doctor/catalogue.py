"""Every check there is, in the order of the report."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from xacct.ctl.doctor import (
    clock,
    daemon,
    files,
    people,
    port,
    project,
    proxies,
    roles,
    shell,
    sign_ins,
    surroundings,
    units,
)
from xacct.ctl.doctor.finding import Checks, Finding, broken
from xacct.ctl.doctor.scene import Scene

GROUPS: Final[Mapping[str, Checks]] = {
    "daemon": daemon.CHECKS,
    "files": files.CHECKS,
    "endpoint": port.CHECKS,
    "units": units.CHECKS,
    "clock": clock.CHECKS,
    "this shell": shell.CHECKS,
    "this directory": project.CHECKS,
    "proxies": proxies.CHECKS,
    "roles": roles.CHECKS,
    "sign-ins": sign_ins.CHECKS,
    "people": people.CHECKS,
    "surroundings": surroundings.CHECKS,
}

ITSELF: Final = "doctor-itself"
"""The id of a check that broke."""


class Row(NamedTuple):
    """A finding with its group and its id."""

    group: str
    id: str
    finding: Finding


def examine(scene: Scene) -> list[Row]:
    """Run all checks."""
    return [row for group, checks in GROUPS.items() for row in run(group, checks, scene)]


def run(group: str, checks: Checks, scene: Scene) -> list[Row]:
    """Run the checks of one group. One that breaks is a finding too, and takes no other group down with it."""
    rows = []
    try:
        for name, check in checks.items():
            found = check(scene)
            rows += [Row(group, name, each) for each in ([found] if isinstance(found, Finding) else found)]
    except Exception as bug:  # noqa: BLE001 - its type only: a message may quote what it choked on
        said = broken(
            f"The check of {group} broke ({type(bug).__name__}).", "Please report it, with: xacctctl --version"
        )
        return [Row(group, ITSELF, said)]
    return rows
