"""Restarts and reloads under load, on a Debian with a real user manager: nobody is refused and nothing is lost."""

import random
import sys
import time

import pytest
from load_report import Load
from resident import UNIT

pytestmark = pytest.mark.system

TIMES = 10
CALM = 6.0
"""Seconds without any restart: the baseline."""

AIM_RESTART, AIM_RELOAD = 0.500, 0.050
"""Seconds that nobody should wait longer. Printed beside what was measured: a busy machine's figures are its own."""

PATIENCE = 5.0
"""Seconds that nobody may wait longer."""


def kill(resident, pid):
    resident.machine.run(f"kill -KILL {pid}")


def restart(resident, _pid):
    resident.machine.systemctl("restart", UNIT)


def reload(resident, _pid):
    resident.ctl("restart")


def happen(resident, accidents, aim):
    """The report of a load during which accidents happen at random moments."""
    moments = random.Random(7)
    with Load(resident.spawn_load, target=aim) as load:
        load.ramp()
        time.sleep(CALM)
        for accident in accidents:
            with resident.restarted() as pid, load.event(accident.__name__):
                accident(resident, pid)
            time.sleep(moments.uniform(1.0, 2.0))
    return load.report


@pytest.fixture
def tell(capsys):
    """Show a report, whether the test passes or not."""

    def show(report):
        with capsys.disabled():
            sys.stdout.write(f"{report}\n")

    return show


def outcomes(report, *kinds):
    return {request.outcome for request in report.requests if request.kind in kinds}


def test_ten_restarts_fail_nobody_but_those_in_flight_at_a_kill(resident, tell):
    held, asked = resident.fetch(), resident.asked_of_aws()
    report = happen(resident, [kill, restart] * (TIMES // 2), AIM_RESTART)
    died = report.died_at("kill")
    tell(report)
    assert outcomes(report, "boto3", "cli") == {"ok"}
    assert [request for request in report.failed if request not in died] == []
    assert resident.asked_of_aws() == asked
    assert resident.fetch() == held
    assert max(report.longest(event, "raw", "kept") for event in report.events) < PATIENCE


def test_ten_reloads_fail_nobody(resident, tell):
    held, asked = resident.fetch(), resident.asked_of_aws()
    report = happen(resident, [reload] * TIMES, AIM_RELOAD)
    tell(report)
    assert report.failed == []
    assert resident.asked_of_aws() == asked
    assert resident.fetch() == held
    assert max(report.longest(event, "raw", "kept") for event in report.events) < PATIENCE
