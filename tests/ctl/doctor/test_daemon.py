"""The daemon: running, of which release, upgraded underneath, locked, and its roles."""

from pathlib import Path

import pytest

import xacct
from xacct import __version__, wire
from xacct.ctl.doctor.daemon import CHECKS
from xacct.ctl.doctor.scene import Daemon
from xacct.ctl.failure import CtlError

HEALTHY = dict.fromkeys(
    ("daemon-running", "daemon-api", "daemon-version", "daemon-code", "daemon-locked", "role-failed"), "ok"
)


def test_all_is_well(stage):
    stage.running(roles=[{"name": "prod"}])
    assert stage.found(CHECKS) == HEALTHY
    assert stage.sentences(CHECKS, "role-failed") == ["Nothing went wrong last with 1 role."]


def test_no_daemon_is_a_warning_since_verbs_start_it(stage):
    assert stage.found(CHECKS) == {"daemon-running": "warning"}
    assert stage.fix(CHECKS, "daemon-running") == "xacctctl start"


def test_one_that_does_not_answer_is_broken(stage):
    stage.daemon = Daemon(trouble=CtlError("xacctd does not answer.", "xacctctl stop && xacctctl start"))
    assert stage.found(CHECKS) == {"daemon-running": "broken"}


@pytest.mark.parametrize(("api", "older"), [(wire.API - 1, "running xacctd"), (wire.API + 1, "This xacctctl")])
def test_another_api_is_broken_and_names_the_older_end(stage, api, older):
    stage.running(version={"api": api, "version": "7.7"})
    stage.daemon = Daemon(stage.daemon.version)
    assert stage.found(CHECKS) == {"daemon-running": "ok", "daemon-api": "broken"}
    assert older in stage.sentences(CHECKS, "daemon-api")[0]
    assert "7.7" in stage.sentences(CHECKS, "daemon-api")[0]


def test_another_release_of_the_same_api_is_a_warning(stage):
    stage.running(roles=[{"name": "prod"}], daemon={"version": "0.0.1", "code": "/old"})
    assert stage.found(CHECKS) == {**HEALTHY, "daemon-version": "warning"}
    (said,) = stage.sentences(CHECKS, "daemon-version")
    assert said.startswith(f"xacctd is 0.0.1 and this xacctctl {__version__}, from /old and ")
    assert stage.fix(CHECKS, "daemon-version") == "xacctctl stop && xacctctl start"
    stage.running(daemon={"version": "0.0.1", "code": str(Path(xacct.__file__).parent)})
    assert stage.fix(CHECKS, "daemon-version") == "xacctctl restart"


def test_an_upgrade_that_waits_for_a_restart(stage, tmp_path):
    (tmp_path / "__init__.py").write_text('"""x"""\n\n__version__ = "9.9"\n')
    stage.running(roles=[{"name": "prod"}], daemon={"code_changed": True, "code": str(tmp_path)})
    assert stage.found(CHECKS) == {**HEALTHY, "daemon-code": "warning"}
    assert stage.fix(CHECKS, "daemon-code") == "xacctctl restart"
    assert "9.9 is installed now" in stage.sentences(CHECKS, "daemon-code")[0]
    (tmp_path / "__init__.py").unlink()
    assert stage.sentences(CHECKS, "daemon-code") == [
        f"The code of xacctd in {tmp_path} has been replaced since it started."
    ]


def test_a_daemon_from_before_all_this(stage):
    stage.running(roles=[{"name": "prod"}])
    del stage.daemon.status["daemon"]
    assert stage.found(CHECKS) == {**HEALTHY, "daemon-version": "warning", "daemon-code": "skipped"}


def test_the_lock(stage):
    stage.running(roles=[{"name": "prod"}], status={"locked": True})
    assert stage.found(CHECKS)["daemon-locked"] == "warning"
    assert stage.fix(CHECKS, "daemon-locked") == "xacctctl unlock"


def test_a_role_that_failed_and_one_that_can_t_be_renewed(stage):
    stage.running(roles=[{"name": "prod", "error": "access-denied"}, {"name": "dev"}])
    assert stage.found(CHECKS)["role-failed"] == "broken"
    assert stage.sentences(CHECKS, "role-failed") == ["prod: AWS says no."]
    assert stage.fix(CHECKS, "role-failed") == "Ask Bob."
    stage.running(roles=[{"name": "prod", "error": "access-denied", "hint": ""}])
    assert stage.fix(CHECKS, "role-failed") == "xacctctl explain prod"
    stage.running(roles=[{"name": "prod", "error": "access-denied", "state": "held"}])
    assert stage.found(CHECKS)["role-failed"] == "warning"


def test_only_the_role_that_is_asked_for(stage):
    stage.running(roles=[{"name": "prod", "error": "access-denied"}, {"name": "dev"}])
    stage.more["role"] = "dev"
    assert stage.sentences(CHECKS, "role-failed") == ["Nothing went wrong last with dev."]
    assert stage.found(CHECKS) == {**HEALTHY, "role-known": "ok"}
    stage.more["role"] = "prod"
    assert stage.found(CHECKS)["role-failed"] == "broken"
    stage.more["role"] = "prdo"
    assert stage.found(CHECKS)["role-known"] == "broken"
    assert stage.fix(CHECKS, "role-known") == "xacctctl roles (did you mean prod?)"


def test_no_roles_at_all(stage):
    stage.running()
    assert stage.found(CHECKS)["role-known"] == "warning"
