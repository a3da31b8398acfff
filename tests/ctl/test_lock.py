"""lock and unlock, with a daemon and without."""

import pytest

from xacct.ctl.main import main


@pytest.mark.parametrize(("verb", "says"), [("lock", "Locked: nothing is handed out"), ("unlock", "Unlocked.")])
def test_the_daemon_is_told(daemon, capsys, verb, says):
    assert main([verb]) == 0
    assert daemon.called("POST", f"/v1/{verb}") == [None]
    assert says in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["lock", "unlock"])
def test_without_a_daemon_nothing_is_handed_out_and_none_is_started(spawned, place, capsys, verb):
    assert main([verb]) == 0
    assert "xacctd is not running" in capsys.readouterr().out
    assert not (place / "starts").exists()


def test_status_says_so_first(daemon, capsys):
    status = daemon._get_status("/v1/status", None)
    daemon.answers["/v1/status"] = {**status, "locked": True}
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith("Locked: nothing is handed out until xacctctl unlock.\n")
    daemon.answers["/v1/status"] = status
    main(["status"])
    assert "ocked" not in capsys.readouterr().out


def test_a_refusal_for_being_locked_is_a_humans_to_mend(daemon, capsys):
    error = {"code": "locked", "category": "human", "sentence": "xacct is locked: xacctctl unlock", "hint": ""}
    daemon.answers["/v1/login"] = lambda body: iter(
        [{"event": "failed", "role": "prod", "error": error}, {"event": "done", "failed": 1}]
    )
    assert main(["login", "prod"]) == 4
    assert "xacct is locked: xacctctl unlock" in capsys.readouterr().err
