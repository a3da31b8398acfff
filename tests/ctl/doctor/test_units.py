"""Units: a made-up systemctl and launchctl, and unit files in a home of the test's own."""

import plistlib

import pytest

from xacct.ctl.doctor import units
from xacct.ctl.doctor.scene import Daemon
from xacct.ctl.doctor.units import CHECKS
from xacct.ctl.failure import NotRunningError

SERVICE = "[Service]\nExecStart={program}\n"
NOTHING = {"systemd-units": "ok", "systemd-state": "skipped", "systemd-conflict": "skipped"}
HEALTHY = {"systemd-units": "ok", "systemd-state": "ok", "systemd-conflict": "ok"}


@pytest.fixture(autouse=True)
def _only_ours(monkeypatch):
    monkeypatch.setattr(units, "ELSEWHERE", ())


def systemctl(stage, *, socket=("enabled", "active"), service=("disabled", "active"), pid=4711, reload="no"):
    told = {"socket": (*socket, 0), "service": (*service, pid)}
    cases = "\n".join(
        f"*xacctd.{unit}) echo UnitFileState={file}; echo ActiveState={active}; echo MainPID={main};"
        f" echo NeedDaemonReload={reload};;"
        for unit, (file, active, main) in told.items()
    )
    stage.program("systemctl", f'case "$*" in\n{cases}\nesac')


@pytest.fixture
def installed(stage):
    """Both units, leading to a program that exists, and a daemon that is theirs."""
    directory = stage.home / ".config/systemd/user"
    directory.mkdir(parents=True)
    (directory / "xacctd.socket").write_text("[Socket]\n")
    (directory / "xacctd.service").write_text(SERVICE.format(program=stage.program("xacctd")))
    systemctl(stage)
    stage.running()
    return stage


def unit(stage, name):
    return stage.home / ".config/systemd/user" / name


def test_none_is_installed(stage):
    assert stage.found(CHECKS) == NOTHING


def test_all_is_well(installed):
    assert installed.found(CHECKS) == HEALTHY


def test_units_lie_where_the_settings_do(installed):
    (installed.home / ".config").rename(installed.root / "elsewhere")
    assert installed.found(CHECKS) == NOTHING
    installed.environ["XDG_CONFIG_HOME"] = str(installed.root / "elsewhere")
    assert installed.found(CHECKS) == HEALTHY


def test_quoted_prefixed_and_relative_to_home(installed):
    (installed.home / "xacctd").symlink_to(installed.bin / "xacctd")
    (installed.home / "100%home").symlink_to(installed.bin / "xacctd")
    for program in (
        '"%h/100%%home" --port 1',
        f'"{installed.bin}/xacctd" --port 1',
        f"-{installed.bin}/xacctd",
        "xacctd",
        "%h/xacctd",
    ):
        unit(installed, "xacctd.service").write_text(SERVICE.format(program=program))
        assert installed.found(CHECKS) == HEALTHY, program
    unit(installed, "xacctd.service").write_text(SERVICE.format(program="%h/gone"))
    assert installed.found(CHECKS)["systemd-units"] == "broken"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[Service]\nExecStart=/opt/old/bin/xacctd\n", "/opt/old/bin/xacctd, which can't be run"),
        ("[Service]\n", "no ExecStart"),
        ("[Service]\nExecStart='x\n", "can't be read"),
    ],
)
def test_a_service_that_starts_nothing(installed, text, sentence):
    unit(installed, "xacctd.service").write_text(text)
    assert installed.found(CHECKS) == {**HEALTHY, "systemd-units": "broken"}
    assert sentence in installed.sentences(CHECKS, "systemd-units")[0]


def test_a_socket_without_its_service(installed):
    unit(installed, "xacctd.service").unlink()
    assert installed.found(CHECKS)["systemd-units"] == "broken"


@pytest.mark.parametrize(
    ("states", "state", "fix"),
    [
        ({"socket": ("enabled", "failed")}, "broken", "reset-failed xacctd.socket &&"),
        ({"service": ("disabled", "failed")}, "broken", "reset-failed xacctd.service &&"),
        ({"socket": ("disabled", "inactive")}, "warning", "enable --now xacctd.socket"),
        ({"socket": ("enabled", "inactive")}, "warning", "start xacctd.socket"),
        ({"reload": "yes"}, "warning", "daemon-reload"),
    ],
)
def test_what_systemd_says(installed, states, state, fix):
    systemctl(installed, **states)
    assert installed.found(CHECKS)["systemd-state"] == state
    assert fix in installed.fix(CHECKS, "systemd-state")


def test_a_daemon_beside_the_units(installed):
    systemctl(installed, service=("disabled", "inactive"), pid=0)
    assert installed.found(CHECKS) == {**HEALTHY, "systemd-conflict": "warning"}
    assert installed.fix(CHECKS, "systemd-conflict") == "xacctctl stop && systemctl --user restart xacctd.socket"
    systemctl(installed, socket=("disabled", "inactive"), service=("disabled", "inactive"), pid=0)
    assert installed.found(CHECKS)["systemd-conflict"] == "ok"


def test_a_daemon_beside_a_service_that_is_enabled_without_its_socket(installed):
    systemctl(installed, socket=("disabled", "inactive"), service=("enabled", "inactive"), pid=0)
    assert installed.found(CHECKS)["systemd-conflict"] == "warning"


def test_units_without_a_daemon_are_in_nobodys_way(installed):
    installed.daemon = Daemon(trouble=NotRunningError())
    assert installed.found(CHECKS) == HEALTHY


@pytest.mark.parametrize("script", ["exit 1", "sleep 30"])
def test_no_user_manager(installed, script, monkeypatch):
    monkeypatch.setattr("xacct.ctl.doctor.scene.PATIENCE", 0.1)
    installed.environ["PATH"] += ":/usr/bin:/bin"
    installed.program("systemctl", f"exec {script}" if "sleep" in script else script)
    assert installed.found(CHECKS) == {**HEALTHY, "systemd-state": "skipped", "systemd-conflict": "skipped"}


def test_launchd(stage):
    stage.more["platform"] = "darwin"
    assert stage.found(CHECKS) == {"launchd-agent": "ok"}
    plist = stage.home / "Library/LaunchAgents/dev.xacct.xacctd.plist"
    plist.parent.mkdir(parents=True)
    for content in (b"no plist", plistlib.dumps({}), plistlib.dumps({"ProgramArguments": ["/gone"]})):
        plist.write_bytes(content)
        assert stage.found(CHECKS) == {"launchd-agent": "broken"}, content
    plist.write_bytes(plistlib.dumps({"ProgramArguments": [str(stage.program("xacctd"))]}))
    assert stage.found(CHECKS) == {"launchd-agent": "warning"}
    stage.program("launchctl", "exit 113")
    assert stage.found(CHECKS) == {"launchd-agent": "warning"}
    stage.program("launchctl")
    assert stage.found(CHECKS) == {"launchd-agent": "ok"}
