"""The daemon: whether it runs, which release, whether an upgrade waits, and how its roles stand."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from xacct import __version__, wire
from xacct.ctl.doctor.finding import Finding, broken, count, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.failure import NotRunningError
from xacct.ctl.status import troubles

RESTART: Final = "xacctctl restart"
STOP_AND_START: Final = "xacctctl stop && xacctctl start"
"""Where a restart won't do: it starts the same installation's code again. What is held is lost."""


def check(scene: Scene) -> Iterator[Finding]:
    """Examine the daemon, and the roles it has."""
    version, status = scene.daemon.version, scene.daemon.status
    yield _running(scene)
    if version is not None:
        yield _api(version)
    if status is None:
        return
    yield _release(status.get("daemon"))
    yield _code(status.get("daemon"))
    if status.get("locked"):
        yield warning("daemon-locked", "Locked: nothing is handed out.", "xacctctl unlock")
    else:
        yield ok("daemon-locked", "It hands out credentials: it is not locked.")
    yield from _roles(status["roles"], scene.role)


def _running(scene: Scene) -> Finding:
    version, trouble = scene.daemon.version, scene.daemon.trouble
    if isinstance(trouble, NotRunningError):
        return warning("daemon-running", "xacctd is not running; most verbs start it.", "xacctctl start")
    if trouble is not None:
        return broken("daemon-running", trouble.sentence, trouble.hint)
    assert version is not None  # noqa: S101 - else there is trouble
    return ok("daemon-running", f"xacctd {version['version']} runs (pid {version['pid']}).")


def _api(version: wire.VersionAnswer) -> Finding:
    if version["api"] == wire.API:
        return ok("daemon-api", f"Both ends speak control API {wire.API}.")
    said = wire.older("daemon" if version["api"] < wire.API else "command", version["version"], __version__)
    return broken("daemon-api", said["sentence"], said["hint"])


def _release(daemon: wire.DaemonStatus | None) -> Finding:
    if daemon is None:
        return warning(
            "daemon-version", "The running xacctd is so old that it does not say its release.", STOP_AND_START
        )
    if daemon["version"] == __version__:
        return ok("daemon-version", f"xacctd and xacctctl are both {__version__}.")
    said = f"xacctd is {daemon['version']} and this xacctctl {__version__}"
    ours = Path(__file__).parents[2]
    if daemon["code"] == str(ours):
        return warning("daemon-version", f"{said}; both work.", RESTART)
    return warning("daemon-version", f"{said}, from {daemon['code']} and {ours}; both work.", STOP_AND_START)


def _code(daemon: wire.DaemonStatus | None) -> Finding:
    if daemon is None:
        return skipped("daemon-code", "The running xacctd does not say where its code is.")
    if not daemon["code_changed"]:
        return ok("daemon-code", "The code it was started from is still what is installed.")
    now = _installed(Path(daemon["code"]))
    which = f"; {now} is installed now" if now not in (None, daemon["version"]) else ""
    return warning(
        "daemon-code", f"The code of xacctd in {daemon['code']} has been replaced since it started{which}.", RESTART
    )


def _installed(code: Path) -> str | None:
    try:
        text = (code / "__init__.py").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.search(r'^__version__ = "([0-9A-Za-z.+-]{1,32})"$', text, re.MULTILINE)
    return found[1] if found else None


def _roles(roles: list[wire.RoleStatus], wanted: str | None) -> Iterator[Finding]:
    names = [role["name"] for role in roles]
    if wanted is not None:
        if wanted not in names:
            near = get_close_matches(wanted, names, n=1)
            yield broken("role-known", f"xacctd knows no role {wanted}.", f"xacctctl roles{_did_you_mean(near)}")
            return
        yield ok("role-known", f"xacctd knows the role {wanted}.")
    elif not roles:
        yield warning(
            "role-known", "No role is configured.", "Give a profile in ~/.aws/config a role_arn, then: xacctctl reload"
        )
    troubled = [_trouble(*each) for each in troubles([role for role in roles if wanted in (None, role["name"])])]
    yield from troubled or [
        ok("role-failed", f"Nothing went wrong last with {wanted or count(len(roles), 'role')}."),
    ]


def _did_you_mean(near: list[str]) -> str:
    return f" (did you mean {near[0]}?)" if near else ""


def _trouble(whose: str, error: wire.ErrorBody, state: wire.RoleState) -> Finding:
    fix = error["hint"] or f"xacctctl explain {whose.partition(',')[0]}"
    if state == "failed":
        return broken("role-failed", f"{whose}: {error['sentence']}", fix)
    return warning("role-failed", f"{whose} ({state}): {error['sentence']}", fix)
