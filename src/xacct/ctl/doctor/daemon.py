"""The daemon: whether it runs, which release, whether an upgrade waits, and how its roles stand."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from xacct import __version__, wire
from xacct.ctl.doctor.finding import Check, Checks, Finding, Found, broken, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.failure import NotRunningError
from xacct.ctl.render import count
from xacct.ctl.status import troubles

RESTART: Final = "xacctctl restart"
STOP_AND_START: Final = "xacctctl stop && xacctctl start"
"""Where a restart won't do: it starts the same installation's code again. What is held is lost."""


def _running(scene: Scene) -> Finding:
    version, trouble = scene.daemon.version, scene.daemon.trouble
    if isinstance(trouble, NotRunningError):
        return warning("xacctd is not running; most verbs start it.", "xacctctl start")
    if trouble is not None:
        return broken(trouble.sentence, trouble.hint)
    assert version is not None  # noqa: S101 - else there is trouble
    return ok(f"xacctd {version['version']} runs (pid {version['pid']}).")


def _api(scene: Scene) -> Found:
    version = scene.daemon.version
    if version is None:
        return ()
    if version["api"] == wire.API:
        return ok(f"Both ends speak control API {wire.API}.")
    said = wire.older("daemon" if version["api"] < wire.API else "command", version["version"], __version__)
    return broken(said["sentence"], said["hint"])


def _told(check: Callable[[Scene, wire.StatusAnswer], Found]) -> Check:
    """Return a check of what the daemon says of its state; without that it finds nothing."""
    return lambda scene: () if scene.daemon.status is None else check(scene, scene.daemon.status)


def _release(_scene: Scene, status: wire.StatusAnswer) -> Finding:
    daemon = status.get("daemon")
    if daemon is None:
        return warning("The running xacctd is so old that it does not say its release.", STOP_AND_START)
    if daemon["version"] == __version__:
        return ok(f"xacctd and xacctctl are both {__version__}.")
    said = f"xacctd is {daemon['version']} and this xacctctl {__version__}"
    ours = Path(__file__).parents[2]
    if daemon["code"] == str(ours):
        return warning(f"{said}; both work.", RESTART)
    return warning(f"{said}, from {daemon['code']} and {ours}; both work.", STOP_AND_START)


def _code(_scene: Scene, status: wire.StatusAnswer) -> Finding:
    daemon = status.get("daemon")
    if daemon is None:
        return skipped("The running xacctd does not say where its code is.")
    if not daemon["code_changed"]:
        return ok("The code it was started from is still what is installed.")
    now = _installed(Path(daemon["code"]))
    which = f"; {now} is installed now" if now not in (None, daemon["version"]) else ""
    return warning(f"The code of xacctd in {daemon['code']} has been replaced since it started{which}.", RESTART)


def _installed(code: Path) -> str | None:
    try:
        text = (code / "__init__.py").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.search(r'^__version__ = "([0-9A-Za-z.+-]{1,32})"$', text, re.MULTILINE)
    return found[1] if found else None


def _locked(_scene: Scene, status: wire.StatusAnswer) -> Finding:
    if status.get("locked"):
        return warning("Locked: nothing is handed out.", "xacctctl unlock")
    return ok("It hands out credentials: it is not locked.")


def _known(scene: Scene, status: wire.StatusAnswer) -> Found:
    names, wanted = [role["name"] for role in status["roles"]], scene.role
    if wanted is None and names:
        return ()
    if wanted is None:
        return warning("No role is configured.", "Give a profile in ~/.aws/config a role_arn, then: xacctctl reload")
    if wanted in names:
        return ok(f"xacctd knows the role {wanted}.")
    near = get_close_matches(wanted, names, n=1)
    return broken(
        f"xacctd knows no role {wanted}.", "xacctctl roles" + "".join(f" (did you mean {it}?)" for it in near)
    )


def _failed(scene: Scene, status: wire.StatusAnswer) -> Found:
    wanted = scene.role
    roles = [role for role in status["roles"] if wanted in (None, role["name"])]
    if wanted and not roles:
        return ()
    return [_trouble(*each) for each in troubles(roles)] or ok(
        f"Nothing went wrong last with {wanted or count(len(roles), 'role')}."
    )


def _trouble(whose: str, error: wire.ErrorBody, state: wire.RoleState) -> Finding:
    fix = error["hint"] or f"xacctctl explain {whose.partition(',')[0]}"
    if state == "failed":
        return broken(f"{whose}: {error['sentence']}", fix)
    return warning(f"{whose} ({state}): {error['sentence']}", fix)


CHECKS: Final[Checks] = {
    "daemon-running": _running,
    "daemon-api": _api,
    "daemon-version": _told(_release),
    "daemon-code": _told(_code),
    "daemon-locked": _told(_locked),
    "role-known": _told(_known),
    "role-failed": _told(_failed),
}
