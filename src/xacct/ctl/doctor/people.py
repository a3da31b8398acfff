"""How a human is asked: terminals that attend, dialogs, notices. A question that nobody sees holds everything up."""

from collections.abc import Iterator
from typing import Final

from xacct.ctl.doctor.finding import Finding, count, ok, warning
from xacct.ctl.doctor.scene import Scene

_ATTEND: Final = "xacctctl attend, in a spare terminal; or set prompts.command in config.toml"


def check(scene: Scene) -> Iterator[Finding]:
    """Examine who would see a question, and who a notice."""
    yield _questions(scene)
    yield _notices(scene)


def _questions(scene: Scene) -> Finding:
    name: Final = "questions"
    status = scene.daemon.status
    daemon = status.get("daemon") if status else None
    if status and status["attended"]:
        return ok(name, f"{count(status['attended'], 'terminal')} would show a question (xacctctl attend).")
    dialog = _dialog(scene)
    if daemon is None:
        if dialog:
            return ok(name, f"An xacctd started here would ask by {dialog}.")
        return warning(name, "Nobody would see a question that xacctd started here has.", _ATTEND)
    ways = [way for way in daemon["asks"] if way != "notice"]
    if ways:
        return ok(name, f"xacctd asks by {' and '.join(ways)}.")
    if dialog:
        return warning(
            name,
            f"Nobody would see a question: {dialog} could ask, but xacctd was started without this desktop.",
            "xacctctl stop && xacctctl start, here",
        )
    return warning(name, "Nobody would see a question: no terminal attends, and there is no dialog.", _ATTEND)


def _dialog(scene: Scene) -> str | None:
    if scene.platform == "darwin":
        return "osascript"
    if not (scene.environ.get("WAYLAND_DISPLAY") or scene.environ.get("DISPLAY")):
        return None
    return next((program for program in ("zenity", "kdialog") if scene.which(program)), None)


def _notices(scene: Scene) -> Finding:
    name: Final = "notices"
    if scene.platform == "darwin":
        return ok(name, "Notices are shown by osascript.")
    if scene.which("notify-send") is None:
        return ok(name, "There is no notify-send: no notice is shown before an MFA session ends.")
    if not scene.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return ok(name, "There is no session bus (DBUS_SESSION_BUS_ADDRESS): no notice is shown.")
    return ok(name, "Notices are shown by notify-send.")
