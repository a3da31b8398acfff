"""One grant's story in words: what is in it, in which order, whoever wrote its lines."""

import time

import pytest

from xacct.ctl.audit import fold, words
from xacct.ctl.audit.story import story
from xacct.text import clean

GRANT = {"id": "3f9a12bc", "label": "ci"}
HUMAN = {"uid": 1000, "pid": 6, "exe": "/usr/bin/python3.11"}
YES = "prod: a human said yes, for 60 min, by terminal, asked for by pid 7, /bin/aws"
NARROW = {**GRANT, "scope": "6742ea98e7f1b967: reading only"}


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def line(minute, event, what="", **more):
    made = {"time": f"2026-11-22T12:{minute:02}:00Z", "event": event, "role": None, "grant": GRANT, "what": what}
    return {**made, "uid": None, "pid": None, "exe": None, "count": 1, **more}


def fetch(minute, count=1, what="served", **more):
    return line(minute, "fetch", what, **{"role": "prod", "uid": 1000, "count": count, **more})


CLOUDTRAIL = (
    '            in CloudTrail: GetScopedCredentials, its description "xacct grant 3f9a12bc scope 6742ea98e7f1b967",'
    " or of another grant with the same scope, where that wanted it first"
)

LIFE = [
    line(0, "grant-created", "prod", uid=1000, pid=4711, exe="/usr/bin/python3.11", grant=NARROW),
    line(1, "approved", "for 60 min, by terminal, asked for by pid 7, /bin/aws", role="prod", grant=NARROW, **HUMAN),
    fetch(1, pid=7, exe="/bin/aws", grant=NARROW),
    fetch(2, 30, grant=NARROW),
    fetch(3, what="access-denied", grant=NARROW),
    fetch(4, 20, pid=8, exe="/bin/aws", grant=NARROW),
    fetch(30, pid=9, exe="/bin/rclone", grant=NARROW),
    line(40, "grant-revoked", "prod", uid=1000, pid=5, exe="/usr/bin/python3.11", grant=NARROW),
]


def test_a_whole_life():
    assert story(LIFE, in_force=False) == [
        "Grant 3f9a12bc (ci)",
        "  made      2026-11-22 12:00:00",
        "  for       prod",
        "  asked by  /usr/bin/python3.11 (pid 4711)",
        "  scope     reading only",
        CLOUDTRAIL,
        f"  human     2026-11-22 12:01:00 {YES}; answered from /usr/bin/python3.11 (pid 6)",
        "  fetched   52 times, 1 not given, the last at 2026-11-22 12:30:00",
        "  by        /bin/aws",
        "            /bin/rclone",
        "  end       2026-11-22 12:40:00, revoked by /usr/bin/python3.11 (pid 5)",
        "",
        "2026-11-22 12:00:00             the grant was made, for prod  /usr/bin/python3.11 (pid 4711)",
        f"2026-11-22 12:01:00             {YES}  /usr/bin/python3.11 (pid 6)",
        "2026-11-22 12:01:00 - 12:04:00  prod: fetched  51 times  /bin/aws (pids 7, 8)",
        "2026-11-22 12:03:00             prod: not given: access-denied  a process of uid 1000",
        "2026-11-22 12:30:00             prod: fetched  /bin/rclone (pid 9)",
        "2026-11-22 12:40:00             the grant was revoked  /usr/bin/python3.11 (pid 5)",
    ]


@pytest.mark.parametrize(
    ("lines", "in_force", "fact"),
    [
        ([fetch(1)], True, "  end       it is in force"),
        ([fetch(1)], False, "it is in force no more; the audit does not have how it ended"),
        (LIFE, True, "and yet it is in force"),
        ([line(1, "grant-ended", "expired")], False, "  end       2026-11-22 12:01:00, expired"),
        ([line(1, "grant-ended", "expired")], False, "  fetched   never"),
        ([fetch(1)], True, "  made      before 2026-11-22 12:01:00, of which the audit has no line"),
        ([fetch(1)], True, "  scope     none: it has what the role may do"),
        (
            [line(1, "declined", "by dialog", role="prod")],
            True,
            "  human     2026-11-22 12:01:00 prod: a human said no, by",
        ),
        ([line(1, "declined", role="prod")], True, "prod: a human said no"),
        ([line(1, "approved", later_seconds=3600)], True, "a human said yes, later 1h 00m"),
        (
            [line(1, "grant-created", "prod", uid=1, pid=9, exe="/bin/x", parents=[{"pid": 8, "exe": "/bin/zsh"}])],
            True,
            "asked by  /bin/x (pid 9), started by /bin/zsh (pid 8)",
        ),
        ([line(1, "approved", processes=[{"pid": 8, "name": "zsh"}])], True, "processes zsh (pid 8)"),
        ([line(1, "left-out", "too many kinds", count=9)], True, "9 fetches were counted without their grants"),
        (
            [line(1, "new-thing", "as it is", size=5, deep={"a": [1]})],
            True,
            'new-thing as it is, size 5, deep {"a": [1]}',
        ),
        ([line(1, "fetch", "too many kinds", uid=1, count=3)], True, "not given: too many kinds"),
    ],
)
def test_what_a_story_says(lines, in_force, fact):
    assert any(fact in said for said in story(lines, in_force=in_force)), story(lines, in_force=in_force)


def test_somebody_elses_words_are_words():
    hostile = "\x1b[2J<b>\u202e\n"
    lines = [
        line(
            1,
            hostile,
            hostile,
            role=hostile,
            exe=hostile,
            pid=1,
            uid=1,
            more=hostile,
            parents=[{"pid": 1, "exe": hostile}],
            **{hostile: 1},
        ),
        line(2, "grant-created", hostile, grant={"id": hostile, "label": hostile, "scope": f"{hostile}: {hostile}"}),
        {**line(3, "fetch"), "time": hostile, "files": {"config": hostile, "credentials": hostile, "home": hostile}},
    ]
    for said in [*story(lines, in_force=True)[1:], *map(words.said, fold.folded(lines))]:
        assert said == clean(said)


def test_what_is_not_alike_or_far_apart_is_not_one():
    lines = [
        fetch(0),
        fetch(1),
        fetch(1, grant=NARROW | {"id": "x"}),
        fetch(2, uid=5),
        fetch(9),
        fetch(8),
        line(9, "new"),
    ]
    rows = fold.folded([*lines, line(9, "new")])
    assert [(row.line["event"], row.count) for row in rows] == [
        ("fetch", 2),
        ("fetch", 1),
        ("fetch", 1),
        ("fetch", 1),
        ("fetch", 1),
        ("new", 1),
        ("new", 1),
    ]
