"""An upgrade in place, on a Debian with a real user manager: installed over the version before, nothing is lost."""

import os

import layers
import pytest
from resident import UNIT, Resident

pytestmark = pytest.mark.system

BEFORE = os.environ.get("UPGRADE_FROM", "HEAD~1").split()
"""Commits that people may come from."""

UNITS = "src/xacct/units"


@pytest.fixture(params=BEFORE)
def upgraded(request, workshop):
    """A machine with that commit installed and logged in, on which what is tested was then installed over it."""
    if not layers.has(f"{request.param}^{{commit}}"):
        pytest.skip(f"no {request.param} in this clone")
    if not layers.has(f"{request.param}:{UNITS}"):
        pytest.skip(f"{request.param} has no units yet")
    place = workshop / request.param
    before = layers.installed(place, request.param)
    layers.clone(place / "now")
    with Resident(place / "upgrade", before, {layers.wheels(): "/wheels", place / "now": "/mnt"}) as resident:
        resident.login("prod")
        resident.held = resident.fetch()
        layers.install(resident.machine)
        resident.ctl("service", "install")
        yield resident


@pytest.mark.parametrize("way", ["restart", "reload"])
def test_nothing_is_lost(upgraded, way):
    asked = upgraded.asked_of_aws()
    with upgraded.restarted():
        if way == "restart":
            upgraded.machine.systemctl("restart", UNIT)
        else:
            upgraded.ctl("reload")
    assert upgraded.held[0] == 200
    assert upgraded.fetch() == upgraded.held
    assert upgraded.asked_of_aws() == asked
    assert upgraded.state("prod") == "held"
