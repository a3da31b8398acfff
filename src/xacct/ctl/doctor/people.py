"""How people are asked: terminals that show prompts, dialogs, notices. A question nobody sees delays everything."""

from typing import Final

from xacct.ctl.doctor.finding import Checks, Finding, ok, warning
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.doctor.ways import ways
from xacct.ctl.render import count

_NOT_FOR_ALL: Final = ("notice", "device-command", "mfa-process", "stored-seed")
"""What only tells, and what answers for some devices alone."""

_ATTEND: Final = "xacctctl attend, in a spare terminal; or set prompts.command in config.toml"


def _questions(scene: Scene) -> Finding:
    status, daemon = scene.daemon.status, scene.daemon.about
    if status and status["attended"]:
        return ok(f"{count(status['attended'], 'terminal')} would show a question (xacctctl attend).")
    dialog = _dialog(scene)
    if daemon is None:
        if dialog:
            return ok(f"An xacctd started here would ask by {dialog}.")
        return warning("Nobody would see a question that xacctd started here has.", _ATTEND)
    ways = [way for way in daemon["asks"] if way not in _NOT_FOR_ALL]
    if ways:
        return ok(f"xacctd asks by {' and '.join(ways)}.")
    if dialog:
        return warning(
            f"Nobody would see a question: {dialog} could ask, but xacctd was started without this desktop.",
            "xacctctl stop && xacctctl start, here",
        )
    return warning("Nobody would see a question: no terminal attends, and there is no dialog.", _ATTEND)


def _dialog(scene: Scene) -> str | None:
    if scene.platform == "darwin":
        return "osascript"
    if not (scene.environ.get("WAYLAND_DISPLAY") or scene.environ.get("DISPLAY")):
        return None
    return next((program for program in ("zenity", "kdialog") if scene.which(program)), None)


def _notices(scene: Scene) -> Finding:
    if scene.platform == "darwin":
        return ok("Notices are shown by osascript.")
    if scene.which("notify-send") is None:
        return ok("There is no notify-send: no notice is shown before an MFA session ends.")
    if not scene.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return ok("There is no session bus (DBUS_SESSION_BUS_ADDRESS): no notice is shown.")
    return ok("Notices are shown by notify-send.")


CHECKS: Final[Checks] = {"questions": _questions, "ways-to-ask": ways, "notices": _notices}
