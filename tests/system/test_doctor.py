"""xacctctl doctor in a machine with a real user manager: what it says of the units is what systemd says."""

import json

import pytest
from resident import SOCKET, UNIT

pytestmark = pytest.mark.system

WELL = {"systemd-units": "ok", "systemd-state": "ok", "systemd-conflict": "ok"}


def told(fresh, *ids):
    rows = json.loads(fresh.ctl("doctor", "--json", check=False))
    return {row["id"]: row["state"] for row in rows if row["id"] in ids}


def test_what_it_says_of_the_units(fresh):
    fresh.login("prod")
    assert told(fresh, *WELL, "daemon-running", "endpoint-port") == {
        **WELL,
        "daemon-running": "ok",
        "endpoint-port": "ok",
    }
    fresh.machine.systemctl("disable", SOCKET)
    assert told(fresh, *WELL) == {**WELL, "systemd-state": "warning"}
    fresh.machine.systemctl("enable", SOCKET)
    fresh.machine.run(f"sed -i 's|^ExecStart=.*|ExecStart=/gone/xacctd|' ~/.config/systemd/user/{UNIT}")
    assert told(fresh, *WELL) == {**WELL, "systemd-units": "broken", "systemd-state": "warning"}  # not read again yet
    fresh.ctl("service", "install")
    assert told(fresh, *WELL) == WELL


def test_a_daemon_beside_the_units(fresh):
    fresh.machine.systemctl("stop", SOCKET, UNIT)
    fresh.machine.run("systemd-run --user --quiet --unit=beside -- ~/.local/bin/xacctd")
    fresh.machine.run("until xacctctl --no-start status >/dev/null 2>&1; do sleep 0.1; done")
    assert told(fresh, *WELL) == {**WELL, "systemd-state": "warning", "systemd-conflict": "warning"}
