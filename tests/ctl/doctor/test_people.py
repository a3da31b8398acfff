"""Whether anybody would see a prompt."""

from xacct.ctl.doctor.people import CHECKS


def test_a_daemon_that_asks(stage):
    stage.running(daemon={"asks": ["dialog", "notice"]})
    assert stage.sentences(CHECKS, "questions") == ["xacctd asks by dialog."]


def test_a_terminal_attends(stage):
    stage.running(daemon={"asks": []}, status={"attended": 1})
    assert stage.found(CHECKS)["questions"] == "ok"


def test_nobody_would_see_it(stage):
    stage.running(daemon={"asks": ["notice", "device-command", "mfa-process"]})
    assert stage.found(CHECKS)["questions"] == "warning"
    assert "xacctctl attend" in stage.fix(CHECKS, "questions")


def test_a_daemon_started_before_the_desktop(stage):
    stage.running(daemon={"asks": []})
    stage.environ["WAYLAND_DISPLAY"] = "wayland-0"
    stage.program("kdialog")
    assert stage.found(CHECKS)["questions"] == "warning"
    assert "kdialog could ask" in stage.sentences(CHECKS, "questions")[0]


def test_without_a_daemon_what_one_started_here_would_do(stage):
    assert stage.found(CHECKS)["questions"] == "warning"
    stage.program("zenity")
    assert stage.found(CHECKS)["questions"] == "warning"
    stage.environ["DISPLAY"] = ":0"
    assert stage.sentences(CHECKS, "questions") == ["An xacctd started here would ask by zenity."]
    stage.environ.pop("DISPLAY")
    stage.more["platform"] = "darwin"
    assert stage.found(CHECKS)["questions"] == "ok"


def test_notices(stage):
    assert "no notify-send" in stage.sentences(CHECKS, "notices")[0]
    stage.program("notify-send")
    assert "no session bus" in stage.sentences(CHECKS, "notices")[0]
    stage.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/x"
    assert stage.sentences(CHECKS, "notices") == ["Notices are shown by notify-send."]
    stage.more["platform"] = "darwin"
    assert stage.sentences(CHECKS, "notices") == ["Notices are shown by osascript."]
