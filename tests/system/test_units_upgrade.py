"""An upgrade in place, on a Debian with a real user manager: installed over the version before, nothing is lost."""

import os
import tempfile
from pathlib import Path

import layers
import pytest
from resident import UNIT, Resident

pytestmark = pytest.mark.system

BEFORE = os.environ.get("UPGRADE_FROM", "HEAD~1").split()
"""Commits that people may come from."""

UNITS = "src/xacct/units"


@pytest.fixture(scope="module", params=BEFORE)
def before(request, workshop):
    """The layers of a machine with that commit installed."""
    if not layers.has(f"{request.param}^{{commit}}"):
        pytest.skip(f"no {request.param} in this clone")
    if not layers.has(f"{request.param}:{UNITS}"):
        pytest.skip(f"{request.param} has no units yet")
    return layers.installed(Path(tempfile.mkdtemp(dir=workshop)), request.param)


@pytest.fixture
def upgraded(before, workshop):
    """A machine where dev has logged in to the daemon of before, and installed what is tested over it."""
    place = Path(tempfile.mkdtemp(dir=workshop))
    layers.clone(place / "now")
    with Resident(place / "machine", before, {layers.wheels(): "/wheels", place / "now": "/mnt"}) as resident:
        resident.login("prod")
        resident.held = resident.fetch()
        layers.install(resident.machine)
        resident.ctl("service", "install")
        assert resident.fetch() == resident.held
        yield resident


@pytest.mark.parametrize("way", ["restart", "reload"])
def test_nothing_is_lost(upgraded, way):
    asked = upgraded.asked_of_aws()
    with upgraded.restarted():
        if way == "restart":
            upgraded.machine.systemctl("restart", UNIT)
        else:
            upgraded.ctl("restart")
    assert upgraded.held[0] == 200
    assert upgraded.fetch() == upgraded.held
    assert upgraded.asked_of_aws() == asked
    assert upgraded.state("prod") == "held"
