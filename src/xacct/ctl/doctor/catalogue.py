"""Every check there is, in the order of the report, and the names of what each may find."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from xacct.ctl.doctor import (
    clock,
    daemon,
    files,
    people,
    port,
    proxies,
    roles,
    shell,
    surroundings,
    units,
)
from xacct.ctl.doctor.finding import Finding, broken
from xacct.ctl.doctor.scene import Scene


class Group(NamedTuple):
    """One subject."""

    name: str
    check: Callable[[Scene], Iterator[Finding]]


GROUPS: Final = (
    Group("daemon", daemon.check),
    Group("files", files.check),
    Group("endpoint", port.check),
    Group("units", units.check),
    Group("clock", clock.check),
    Group("this shell", shell.check),
    Group("proxies", proxies.check),
    Group("roles", roles.check),
    Group("people", people.check),
    Group("surroundings", surroundings.check),
)


def examine(scene: Scene) -> list[tuple[str, Finding]]:
    """Run all checks; each finding comes with its group's name."""
    return [(group.name, finding) for group in GROUPS for finding in _found(group, scene)]


def _found(group: Group, scene: Scene) -> list[Finding]:
    """Run one check. One that breaks is a finding too, and takes no other down with it."""
    try:
        return list(group.check(scene))
    except Exception as bug:  # noqa: BLE001 - its type only: a message may quote what it choked on
        return [
            broken(
                "doctor-itself",
                f"The check of {group.name} broke ({type(bug).__name__}).",
                "Please report it, with: xacctctl --version",
            )
        ]
