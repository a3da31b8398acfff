"""`service` with a stand-in for systemctl; start and stop where units are installed; nobody woken by accident."""

import fcntl
import os
import plistlib
import socket
import stat
import subprocess
import sys

import pytest

from xacct.ctl import launchd, service_files, unit
from xacct.ctl.main import main

SYSTEMCTL = """\
#!/bin/sh
# systemctl --user WORD...: notes it, and answers from files in $FAKE.
shift
echo "$*" >>"$FAKE/calls"
[ -e "$FAKE/no-manager" ] && { echo "Failed to connect to bus: No medium found" >&2; exit 1; }
[ -e "$FAKE/fails-$1" ] && { cat "$FAKE/fails-$1" >&2; exit 1; }
case $1 in
    show-environment) cat "$FAKE/environment" 2>/dev/null ;;
    show) cat "$FAKE/$5.$3" 2>/dev/null ;;
    is-enabled) cat "$FAKE/enabled" 2>/dev/null ;;
    enable) echo enabled >"$FAKE/enabled"; echo active >"$FAKE/xacctd.socket.ActiveState" ;;
    start | restart) echo active >"$FAKE/xacctd.service.ActiveState" ;;
    stop | disable) echo inactive >"$FAKE/xacctd.service.ActiveState" ;;
esac
exit 0
"""
JOURNALCTL = '#!/bin/sh\ncat "$FAKE/journal" 2>/dev/null\n'


class Systemd:
    """What the stand-in heard, and what it is to answer."""

    def __init__(self, place):
        self.root = place / "fake"
        self.units = place / "c/systemd/user"

    def calls(self):
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def did(self):
        """The calls that change something; the list begins anew."""
        found = [call for call in self.calls() if not call.startswith(("show", "is-"))]
        (self.root / "calls").unlink(missing_ok=True)
        return found

    def says(self, name, text):
        (self.root / name).write_text(text + "\n")

    def text(self, name):
        return (self.units / name).read_text()


@pytest.fixture
def systemd(place, monkeypatch):
    """A user manager, and an installed xacctd beside a Python of its own."""
    programs = place / "bin with 100% $PATH"
    programs.mkdir()
    for name, text in (
        ("systemctl", SYSTEMCTL),
        ("journalctl", JOURNALCTL),
        ("xacctd", '#!/bin/sh\n[ -z "$PYTHONPATH" ] && echo 1\n'),
    ):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    fake = Systemd(place)
    fake.root.mkdir()
    monkeypatch.setenv("FAKE", str(fake.root))
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    (place / "r/systemd").mkdir()
    (place / "r/systemd/private").touch()
    return fake


@pytest.fixture
def installed(systemd, capsys):
    assert main(["service", "install"]) == 0
    systemd.did()
    capsys.readouterr()
    return systemd


@pytest.fixture
def running(place):
    """The daemon's lock is held, as by a running daemon."""
    (place / "r/xacct").mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(place / "r/xacct/xacctd.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


@pytest.fixture
def listening(place):
    """The socket as systemd holds it; `accept` would be what starts the daemon."""
    (place / "r/xacct").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "r/xacct/control.sock"))
        listener.listen()
        listener.setblocking(False)
        yield listener


def nobody_came(listener):
    with pytest.raises(BlockingIOError):
        listener.accept()
    return True


# Installing.


def test_install_writes_the_units_and_listens(systemd, place, capsys):
    assert main(["service", "install"]) == 0
    assert systemd.did() == ["daemon-reload", "enable --now xacctd.socket"]
    for name in ("xacctd.service", "xacctd.socket"):
        assert systemd.text(name).startswith("# Written by `xacctctl service install`.")
        assert "@" not in systemd.text(name).replace("@system-service", "").replace("@debug", "")
    # %, but not the first word's $, means something to systemd.
    assert f'\nExecStart="{place}/bin with 100%% $PATH/xacctd"\n' in systemd.text("xacctd.service")
    assert "\nListenStream=127.0.0.1:9477\n" in systemd.text("xacctd.socket")
    assert stat.S_IMODE((place / "s/xacct").stat().st_mode) == 0o700
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"wrote    {systemd.units}/xacctd.service"
    assert said[1] == f"wrote    {systemd.units}/xacctd.socket"
    assert said[2].startswith("enabled  xacctd.socket")
    assert "loginctl enable-linger" in said[-1]


def test_again_changes_nothing_and_says_so(installed, capsys):
    before = {path: path.stat().st_ino for path in installed.units.iterdir()}
    assert main(["service", "install"]) == 0
    assert {path: path.stat().st_ino for path in installed.units.iterdir()} == before
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[:2]] == ["kept", "kept"]


@pytest.mark.parametrize(
    ("settings", "port"), [("[daemon]\nport = 9500", 9500), ("[session]\nduration = 1", 9477), ("", 9477)]
)
def test_the_port_is_the_one_of_the_settings(systemd, place, settings, port):
    (place / "c/xacct").mkdir()
    (place / "c/xacct/config.toml").write_text(settings)
    assert main(["service", "install"]) == 0
    assert f"\nListenStream=127.0.0.1:{port}\n" in systemd.text("xacctd.socket")


@pytest.mark.parametrize(
    "settings", ["[daemon", "[daemon]\nport = 0", "[daemon]\nport = 65536", "[daemon]\nport = '1'", "daemon = 3"]
)
def test_settings_that_are_wrong_install_nothing(systemd, place, settings, capsys):
    (place / "c/xacct").mkdir()
    (place / "c/xacct/config.toml").write_text(settings)
    assert main(["service", "install"]) == 1
    assert "config.toml" in capsys.readouterr().err
    assert not systemd.units.exists()


def test_without_a_manager_one_sentence(systemd, capsys):
    systemd.says("no-manager", "")
    assert main(["service", "install"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("xacctctl: There is no systemd user manager here.\n  hint: ")
    assert said.out == ""
    assert not systemd.units.exists()


def test_without_systemctl_the_same(systemd, place, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(place))
    assert main(["service", "install"]) == 1
    assert "There is no systemd user manager here." in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["file", "link", "mask"])
def test_somebody_elses_unit_is_refused_before_the_first_change(systemd, place, kind, capsys):
    systemd.units.mkdir(parents=True)
    path = systemd.units / "xacctd.socket"
    (place / "mine").write_text("# Written by `xacctctl service install`.\n")
    if kind == "file":
        path.write_text("[Socket]\n")
    else:
        path.symlink_to(place / "mine" if kind == "link" else "/dev/null")
    assert main(["service", "install"]) == 1
    assert f"{path} is there and was not written by xacctctl." in capsys.readouterr().err
    assert list(systemd.units.iterdir()) == [path]
    assert systemd.did() == []


def test_a_daemon_that_runs_only_in_this_shell_is_not_installed(systemd, place, capsys):
    (place / "bin with 100% $PATH/xacctd").write_text("#!/bin/sh\nexit 1\n")
    assert main(["service", "install"]) == 1
    assert "does not run on its own" in capsys.readouterr().err
    assert not systemd.units.exists()


@pytest.mark.parametrize("name", ['a"b', "a'b", "a\\b", "a\nb"])
def test_a_path_that_no_unit_can_hold_is_refused(name):
    with pytest.raises(Exception, match="systemd can't start a program at"):
        service_files.for_systemd([f"/{name}/xacctd"], 9477, "default")


def test_arguments_are_quoted_for_systemd(systemd):
    files = service_files.for_systemd(["/a b/python", "-c", "100% $x"], 9477, "default")
    assert '\nExecStart="/a b/python" "-c" "100%% $$x"\n' in files["xacctd.service"]


def test_a_port_that_is_taken_is_systemds_to_say(systemd, capsys):
    systemd.says("fails-enable", "Job for xacctd.socket failed.\nSee more.")
    assert main(["service", "install"]) == 1
    assert "enable --now xacctd.socket failed: Job for xacctd.socket failed." in capsys.readouterr().err


def test_what_only_the_shell_has_is_named_without_its_value(systemd, place, monkeypatch, capsys):
    (place / "c/xacct").mkdir()
    (place / "c/xacct/environment").write_text("AWS_CA_BUNDLE=/kept\n")
    systemd.says("environment", "HOME=/h\nXDG_STATE_HOME=/s")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/kept")
    assert main(["service", "install"]) == 0
    said = capsys.readouterr().out
    assert "set in this shell, not for the service: HTTPS_PROXY, XDG_CONFIG_HOME." in said
    assert "secret" not in said


# The sandbox.


def test_the_sandbox_that_was_chosen_stays_until_another_is(installed, capsys):
    drop_in = installed.units / "xacctd.service.d/sandbox.conf"
    assert main(["service", "install", "--sandbox", "none"]) == 0
    assert "\nNoNewPrivileges=no\n" in drop_in.read_text()
    assert main(["service", "install"]) == 0
    assert "\nNoNewPrivileges=no\n" in drop_in.read_text()
    assert main(["service", "status"]) == 0
    assert main(["service", "install", "--sandbox", "strict"]) == 0
    assert "\nPrivateUsers=yes\n" in drop_in.read_text()
    assert main(["service", "install", "--sandbox", "default"]) == 0
    assert not drop_in.parent.exists()
    assert f"removed  {drop_in}" in capsys.readouterr().out


def test_none_takes_back_all_of_the_sandbox():
    """Whatever the default unit filters is switched off by name: without that a setuid child still gains nothing."""
    lines = (service_files.UNITS / "systemd/xacctd.service").read_text().partition("NoNewPrivileges")[2]
    options = {line.partition("=")[0] for line in f"NoNewPrivileges{lines}".splitlines() if line[:1].isalpha()} - {
        "Also"
    }
    undone = (service_files.UNITS / "systemd/none.conf").read_text().splitlines()
    assert options == {line.partition("=")[0] for line in undone if line[:1].isalpha()}
    assert all(line.endswith(("=", "=no")) for line in undone if line[:1].isalpha())


# What runs already.


def test_what_runs_is_told_how_to_take_changes_up(installed, place, capsys):
    installed.says("xacctd.service.ActiveState", "active")
    (place / "c/xacct").mkdir()
    (place / "c/xacct/config.toml").write_text("[daemon]\nport = 9500")
    assert main(["service", "install"]) == 0
    assert installed.did() == ["daemon-reload", "enable --now xacctd.socket"]
    assert "to take it up: systemctl --user restart xacctd.socket" in capsys.readouterr().out
    assert main(["service", "install", "--now"]) == 0
    assert installed.did()[-1] == "try-restart xacctd.socket"


def test_what_does_not_run_takes_changes_up_by_itself(installed, place, capsys):
    assert main(["service", "install", "--sandbox", "none"]) == 0
    assert installed.did() == ["daemon-reload", "enable --now xacctd.socket"]
    (place / "c/xacct").mkdir()
    (place / "c/xacct/config.toml").write_text("[daemon]\nport = 9500")
    assert main(["service", "install"]) == 0
    assert installed.did()[-1] == "try-restart xacctd.socket"
    assert "to take it up" not in capsys.readouterr().out


def test_a_daemon_that_holds_something_is_not_stopped_unasked(systemd, daemon, running, capsys):
    assert main(["service", "install"]) == 1
    said = capsys.readouterr().err
    assert "holds an MFA session of work, prod. It has to stop first" in said
    assert "xacctctl service install --now" in said
    assert daemon.called("POST", "/v1/stop") == []
    assert systemd.did() == []
    assert not systemd.units.exists()


def test_now_stops_it_and_says_what_it_held(systemd, daemon, running, monkeypatch, capsys):
    monkeypatch.setattr("xacct.ctl.unmanaged_daemon.wait_for_end", lambda _pid: None)
    assert main(["service", "install", "--now"]) == 0
    assert len(daemon.called("POST", "/v1/stop")) == 1
    assert "which held an MFA session of work, prod" in capsys.readouterr().out


def test_a_daemon_that_holds_nothing_is_stopped(systemd, daemon, running, monkeypatch, capsys):
    monkeypatch.setattr("xacct.ctl.unmanaged_daemon.wait_for_end", lambda _pid: None)
    daemon.answers["/v1/status"] = daemon.respond("GET", "/v1/status", None) | {"roles": [], "sessions": []}
    assert main(["service", "install"]) == 0
    assert len(daemon.called("POST", "/v1/stop")) == 1
    assert f"stopped  xacctd (pid {os.getpid()}), which held nothing" in capsys.readouterr().out


def test_systemds_own_daemon_is_left_alone(systemd, daemon, running):
    systemd.says("xacctd.service.MainPID", str(os.getpid()))
    assert main(["service", "install"]) == 0
    assert daemon.called("POST", "/v1/stop") == []


# Status, uninstall.


def test_status_compares_with_what_install_would_write(systemd, place, capsys):
    assert main(["service"]) == 1
    assert capsys.readouterr().out.count("not installed") == 2
    assert main(["service", "install"]) == 0
    assert main(["service", "status"]) == 0
    assert capsys.readouterr().out.count("up to date") == 2
    with (systemd.units / "xacctd.service").open("a") as file:
        file.write("# more\n")
    (systemd.units / "xacctd.socket").write_text("[Socket]\n")
    assert main(["service", "status"]) == 1
    said = capsys.readouterr().out
    assert "out of date" in said
    assert "not ours" in said


@pytest.mark.parametrize(("name", "value"), [("enabled", "disabled"), ("xacctd.socket.ActiveState", "failed")])
def test_status_is_1_where_nothing_listens(installed, name, value):
    installed.says(name, value)
    assert main(["service", "status"]) == 1


def test_uninstall_stops_and_removes_what_is_ours_alone(installed, capsys):
    assert main(["service", "install", "--sandbox", "strict"]) == 0
    override = installed.units / "xacctd.service.d/override.conf"
    override.write_text("[Service]\n")
    (installed.units / "other.service").write_text("[Service]\n")
    installed.says("xacctd.service.ActiveState", "active")
    installed.did()
    capsys.readouterr()
    assert main(["service", "uninstall"]) == 0
    assert installed.did() == ["disable --now xacctd.socket xacctd.service", "daemon-reload"]
    assert sorted(path.name for path in installed.units.iterdir()) == ["other.service", "xacctd.service.d"]
    said = capsys.readouterr().out
    assert "what it held is gone" in said
    assert f"kept     {override}, which is yours" in said
    assert main(["service", "uninstall"]) == 0
    assert "nothing of ours" in capsys.readouterr().out
    assert installed.did() == []


def test_uninstall_without_a_manager_leaves_no_link_behind(installed):
    link = installed.units / "sockets.target.wants/xacctd.socket"
    link.parent.mkdir()
    link.symlink_to(installed.units / "xacctd.socket")
    installed.says("no-manager", "")
    assert main(["service", "uninstall"]) == 0
    assert not link.is_symlink()
    assert [path.name for path in installed.units.iterdir()] == ["sockets.target.wants"]


def test_a_unit_of_somebody_else_is_neither_stopped_nor_removed(installed):
    (installed.units / "xacctd.service").write_text("[Service]\n")
    assert main(["service", "uninstall"]) == 0
    assert installed.did() == ["disable --now xacctd.socket", "daemon-reload"]
    assert main(["service", "uninstall"]) == 0
    assert installed.did() == []
    assert [path.name for path in installed.units.iterdir()] == ["xacctd.service"]
    assert installed.text("xacctd.service") == "[Service]\n"


# Daily verbs, where the units are installed.


def test_a_daemon_that_runs_is_not_started_again(installed, daemon, running, capsys):
    assert main(["start"]) == 0
    assert installed.did() == []
    assert capsys.readouterr().out.startswith("Already running")


def test_a_verb_has_systemd_start_the_daemon_and_no_other(installed, daemon, place, capsys):
    assert main(["roles"]) == 0
    assert installed.did() == ["start xacctd.socket xacctd.service"]
    assert not (place / "s/xacct/xacctd.log").exists()


def test_what_the_daemon_said_is_told_when_systemd_cannot_start_it(installed, listening, capsys):
    installed.says("fails-start", "Job for xacctd.service failed.")
    assert main(["status"]) == 3
    said = capsys.readouterr().err
    assert said.startswith("xacctctl: systemd can't start xacctd: Job for xacctd.service failed.\n  hint: systemctl")
    installed.says("journal", "Started.\nxacctd: An older one.\nxacctd: Port 1 can't be used.\n  hint: Free it.")
    assert main(["status"]) == 3
    assert capsys.readouterr().err == "xacctctl: Port 1 can't be used.\n  hint: Free it.\n"
    assert nobody_came(listening)


def test_a_service_that_fails_again_and_again_is_not_waited_for(installed, listening, capsys):
    """A connection would wait half a minute; systemd knows within two seconds."""
    installed.says("xacctd.service.ActiveState", "activating")
    installed.says("fails-start", "Job for xacctd.service failed.")
    assert main(["status"]) == 3
    assert installed.did() == ["start xacctd.socket xacctd.service"]
    assert nobody_came(listening)


@pytest.mark.parametrize(
    "words", [["--no-start", "status"], ["reload"], ["restart"], ["lock"], ["__complete", "login", ""]]
)
def test_who_must_not_start_the_daemon_does_not_connect(installed, listening, words):
    main(words)
    assert nobody_came(listening)
    assert installed.did() == []


def test_a_service_that_is_about_to_run_is_waited_for(installed, daemon):
    """Between a crash and the restart nobody holds the lock, but what was held comes back: `lock` must reach it."""
    installed.says("xacctd.service.ActiveState", "activating")
    assert main(["lock"]) == 0
    assert len(daemon.called("POST", "/v1/lock")) == 1


def test_stop_goes_through_systemd_which_would_start_it_again(installed, daemon, running, capsys):
    installed.says("xacctd.service.ActiveState", "active")
    assert main(["stop"]) == 0
    assert installed.did() == ["stop xacctd.service"]
    assert daemon.requests == []
    assert "the next use starts it again" in capsys.readouterr().out


def test_stop_wakes_nobody(installed, listening, capsys):
    assert main(["stop"]) == 0
    assert capsys.readouterr().out == "xacctd is not running.\n"
    assert nobody_came(listening)


def test_a_daemon_beside_the_units_is_stopped_as_ever(installed, daemon, running, monkeypatch, capsys):
    monkeypatch.setattr("xacct.ctl.lifecycle.wait_for_end", lambda _pid: None)
    assert main(["stop"]) == 0
    assert len(daemon.called("POST", "/v1/stop")) == 1


@pytest.mark.parametrize("name", ["XACCT_SOCKET", "XACCT_DAEMON"])
def test_another_daemon_than_the_units_is_none_of_systemds_business(installed, monkeypatch, name):
    assert unit.managed()
    monkeypatch.setenv(name, "/elsewhere")
    assert not unit.managed()


def test_units_without_a_manager_manage_nothing(installed, place):
    (place / "r/systemd/private").unlink()
    assert not unit.managed()
    assert unit.log().endswith("xacctd.log")


def test_whether_it_runs_is_read_off_the_lock_without_touching_it(place, running):
    assert unit.runs()
    lock = place / "r/xacct/xacctd.lock"
    with (place / "r/xacct/other.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        lock.unlink()
        lock.touch()
        assert not unit.runs()
    lock.unlink()
    assert not unit.runs()


# launchd: files and order of calls; no Mac was there to run it.

KEYS = {
    "Label": str, "ProgramArguments": list, "RunAtLoad": bool, "KeepAlive": {"Crashed": bool}, "ThrottleInterval": int,
    "ExitTimeOut": int, "ProcessType": str, "Umask": int, "SoftResourceLimits": {"Core": int},
    "HardResourceLimits": {"Core": int}, "EnvironmentVariables": None, "StandardErrorPath": str, "StandardOutPath": str,
    "Sockets": {
        "control": {"SockPathName": str, "SockPathMode": int},
        "endpoint": {"SockNodeName": str, "SockServiceName": str, "SockFamily": str, "SockType": str},
    },
}  # fmt: skip
"""Keys, nested ones too, and their types as launchd.plist(5) has them; None: any names of strings."""

LAUNCHCTL = """\
#!/bin/sh
echo "$*" >>"$FAKE/calls"
[ -e "$FAKE/fails-$1" ] && { cat "$FAKE/fails-$1" >&2; exit 1; }
case $1 in
    print) [ -e "$FAKE/loaded" ] || exit 113; cat "$FAKE/loaded" ;;
    bootstrap) echo >"$FAKE/loaded" ;;
    bootout) rm "$FAKE/loaded" ;;
esac
"""


@pytest.fixture
def mac(systemd, place, monkeypatch):
    program = place / "bin with 100% $PATH/launchctl"
    program.write_text(LAUNCHCTL)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    return systemd


def strays(found, known, at=""):
    """Keys that are not on the list, and values of another type."""
    for name, value in found.items():
        want = known.get(name) if known is not None else str
        if isinstance(want, dict) or (want is None and known is not None and name in known):
            yield from strays(value, want, f"{at}{name}.")
        elif want is None or type(value) is not want:
            yield f"{at}{name}"


def test_the_agents_keys_are_launchds():
    agent = plistlib.loads((service_files.UNITS / "launchd" / service_files.PLIST).read_bytes())
    assert list(strays(agent, KEYS)) == []
    assert agent["Sockets"]["control"]["SockPathMode"] == 0o600
    assert agent["Umask"] == 0o077
    assert agent["Label"] == launchd.LABEL == service_files.PLIST.removesuffix(".plist")


def test_a_key_that_launchd_does_not_know_is_found():
    assert list(strays({"Lable": "x", "Umask": "63", "Sockets": {"control": {"Mode": 1}}}, KEYS)) == [
        "Lable",
        "Umask",
        "Sockets.control.Mode",
    ]


def test_on_macos_an_agent_is_written_and_loaded_once(mac, place, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", "/s & <t>")
    monkeypatch.setattr("xacct.paths.make_private", lambda _path: None)
    path = place / "h/Library/LaunchAgents/dev.xacct.xacctd.plist"
    domain = f"gui/{os.getuid()}"
    assert main(["service", "install"]) == 0
    agent = plistlib.loads(path.read_bytes())
    assert agent["ProgramArguments"] == [f"{place}/bin with 100% $PATH/xacctd"]
    assert agent["Sockets"]["control"]["SockPathName"] == f"{place}/r/xacct/control.sock"
    assert agent["Sockets"]["endpoint"]["SockServiceName"] == "9477"
    assert agent["EnvironmentVariables"] == {
        "PATH": os.environ["PATH"],
        "XDG_RUNTIME_DIR": str(place / "r"),
        "XDG_STATE_HOME": "/s & <t>",
    }
    assert agent["StandardErrorPath"] == "/s & <t>/xacct/xacctd.log"
    assert list(strays(agent, KEYS)) == []
    assert [call for call in mac.did() if not call.startswith("print")] == [f"bootstrap {domain} {path}"]
    assert main(["service", "install"]) == 0
    assert [call for call in mac.did() if not call.startswith("print")] == []
    assert main(["service", "status"]) == 0
    assert "up to date" in capsys.readouterr().out
    assert main(["service", "uninstall"]) == 0
    assert f"bootout {domain}/dev.xacct.xacctd" in mac.did()
    assert not path.exists()


def test_a_running_agent_takes_changes_up_when_it_is_told(mac, place, monkeypatch, capsys):
    assert main(["service", "install"]) == 0
    mac.says("loaded", "dev.xacct.xacctd = {\n\tstate = running\n\tpid = 321\n}")
    monkeypatch.setenv("PATH", os.environ["PATH"] + ":/more")
    mac.did()
    assert main(["service", "install"]) == 0
    assert [call.split()[0] for call in mac.did() if not call.startswith("print")] == []
    assert "xacctctl service install --now" in capsys.readouterr().out
    assert main(["service", "install", "--now"]) == 0
    assert [call.split()[0] for call in mac.did() if not call.startswith("print")] == ["bootout", "bootstrap"]


def test_launchd_that_refuses_is_quoted(mac, capsys):
    mac.says("fails-bootstrap", "Bootstrap failed: 5: Input/output error")
    assert main(["service", "install"]) == 1
    assert "launchctl bootstrap failed: Bootstrap failed: 5" in capsys.readouterr().err


def test_launchd_has_no_sandbox_of_ours(mac, capsys):
    assert main(["service", "install", "--sandbox", "strict"]) == 2


# Small parts.


def test_a_written_file_is_whole_and_readable(tmp_path):
    path = tmp_path / "a/b.service"
    assert service_files.write(path, "x")
    assert not service_files.write(path, "x")
    assert service_files.write(path, "y")
    assert path.read_text() == "y"
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_systemctl_that_hangs_is_given_up(systemd, monkeypatch, capsys):
    def hang(*_args, **_more):
        raise subprocess.TimeoutExpired("systemctl", 45)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(Exception, match="did not end within 45 seconds"):
        unit.systemctl("start")
