"""Which ways to ask can't be used."""

from xacct.ctl.doctor.people import CHECKS

WHY = "the desktop's notifications have no actions"


def test_a_way_that_is_passed_over_is_said_with_why(stage):
    stage.running(daemon={"asks": ["dialog"], "cannot_ask": {"notification": WHY}})
    assert stage.found(CHECKS)["ways-to-ask"] == "warning"
    assert stage.sentences(CHECKS, "ways-to-ask") == [f"xacctd passes over notification: {WHY}."]
    assert "prompts.order" in stage.fix(CHECKS, "ways-to-ask")


def test_what_nobody_has_chosen_is_nothing_amiss(stage):
    stage.running(daemon={"asks": ["command"], "cannot_ask": {"dialog": "there is no display"}})
    assert stage.found(CHECKS)["ways-to-ask"] == "ok"


def test_pinentry_is_proposed_where_nothing_asks(stage):
    stage.running(daemon={"asks": []})
    assert "ways-to-ask" not in stage.found(CHECKS)
    stage.program("pinentry")
    assert "pinentry is here" in stage.sentences(CHECKS, "ways-to-ask")[0]
    stage.running(daemon={"asks": ["dialog"]})
    assert "ways-to-ask" not in stage.found(CHECKS)


def test_an_older_daemon_says_nothing_of_it(stage):
    assert "ways-to-ask" not in stage.found(CHECKS)
    stage.running()
    assert "ways-to-ask" not in stage.found(CHECKS)
