"""Whether anybody would see a question."""

from xacct.ctl.doctor.people import check


def test_a_daemon_that_asks(stage):
    stage.running(daemon={"asks": ["dialog", "notice"]})
    assert stage.sentences(check, "questions") == ["xacctd asks by dialog."]


def test_a_terminal_attends(stage):
    stage.running(daemon={"asks": []}, status={"attended": 1})
    assert stage.found(check)["questions"] == "ok"


def test_nobody_would_see_it(stage):
    stage.running(daemon={"asks": ["notice"]})
    assert stage.found(check)["questions"] == "warning"
    assert "xacctctl attend" in stage.fix(check, "questions")


def test_a_daemon_started_before_the_desktop(stage):
    stage.running(daemon={"asks": []})
    stage.environ["WAYLAND_DISPLAY"] = "wayland-0"
    stage.program("kdialog")
    assert stage.found(check)["questions"] == "warning"
    assert "kdialog could ask" in stage.sentences(check, "questions")[0]


def test_without_a_daemon_what_one_started_here_would_do(stage):
    assert stage.found(check)["questions"] == "warning"
    stage.program("zenity")
    assert stage.found(check)["questions"] == "warning"
    stage.environ["DISPLAY"] = ":0"
    assert stage.sentences(check, "questions") == ["An xacctd started here would ask by zenity."]
    stage.environ.pop("DISPLAY")
    stage.more["platform"] = "darwin"
    assert stage.found(check)["questions"] == "ok"


def test_notices(stage):
    assert "no notify-send" in stage.sentences(check, "notices")[0]
    stage.program("notify-send")
    assert "no session bus" in stage.sentences(check, "notices")[0]
    stage.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/x"
    assert stage.sentences(check, "notices") == ["Notices are shown by notify-send."]
    stage.more["platform"] = "darwin"
    assert stage.sentences(check, "notices") == ["Notices are shown by osascript."]
