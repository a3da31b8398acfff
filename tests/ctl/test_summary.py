"""What is told of a login of several roles: in the order they were named in, and what Ctrl-C has left undone."""

import pytest

from xacct.ctl.summary import Summary


def held(role, lasts=3600.0, session=28800.0):
    return {"event": "held", "role": role, "expires_at": lasts, "mfa_expires_at": session, "now": 0.0}


def failed(role, sentence="AWS says no."):
    error = {"code": "access-denied", "category": "refused", "sentence": sentence, "hint": ""}
    return {"event": "failed", "role": role, "error": error}


def heard(summary, *events):
    for event in events:
        summary.heard(event)
    return summary


def test_roles_are_told_of_in_the_order_they_were_named_in(capsys):
    summary = heard(Summary(["a", "b", "c", "a"], at_end=False), held("c"), held("b"))
    assert capsys.readouterr().out == ""
    summary.heard(held("a"))
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["a", "b", "c"]
    summary.ended()
    assert capsys.readouterr().out == ""


def test_a_role_that_goes_by_another_name_is_told_of_at_the_end(capsys):
    heard(Summary(["prod#own"], at_end=False), held("prod")).ended()
    assert capsys.readouterr().out == "prod: held for 1h 00m, renewed without a code for 8h 00m\n"


def test_very_many_are_summed_up_once(capsys):
    names = [f"r{number}" for number in range(50)]
    summary = Summary(names, at_end=True)
    heard(summary, *(failed(name) for name in reversed(names[:4])), failed("r4", "It is locked."))
    heard(summary, *(held(name, session=3600.0 * (1 + (name == "r7"))) for name in names[5:]))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    summary.ended()
    said = capsys.readouterr()
    assert said.out == "45 of 50 roles: held for 1h 00m, renewed without a code for 1h 00m\n"
    assert said.err == "xacctctl: r0, r1, r2 and 1 more: AWS says no.\nxacctctl: r4: It is locked.\n"


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], "Left off: 0 of 3 roles held; not asked for: a, b, c.\n"),
        ([held("b")], "Left off: 1 of 3 roles held; fetched at their first use: a, c.\n"),
        ([held("a"), failed("c")], "Left off: 1 of 3 roles held, 1 failed; fetched at their first use: b.\n"),
    ],
)
@pytest.mark.parametrize("at_end", [True, False])
def test_a_login_that_is_left_off_says_what_was_done_and_what_was_not(capsys, events, said, at_end):
    heard(Summary(["a", "b", "c"], at_end=at_end), *events).left_off()
    told = capsys.readouterr()
    assert told.err.endswith(said)
    assert ("b: held" in told.out) is (not at_end and held("b") in events)


def test_of_a_single_role_nothing_more_is_said(capsys):
    Summary(["a"], at_end=False).left_off()
    assert tuple(capsys.readouterr()) == ("", "")
