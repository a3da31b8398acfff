"""What is shown of a guarded role's use, and which words are which answer."""

import pytest

from xacct.ctl import approve
from xacct.ctl.watch.run import _ACTIONS, _MOVES

ONCE = {"lasts": "once", "words": "once"}
MINUTES = {"lasts": "minutes", "words": "for 15 min", "minutes": 15}
GRANT = {"lasts": "grant", "words": "for this grant"}
LOGOUT = {"lasts": "logout", "words": "until logout"}
LATER = {"lasts": "this-week", "words": "this week"}

EACH_USE = {"choices": [ONCE, MINUTES, GRANT]}
FIRST_USE = {"choices": [LOGOUT, ONCE, MINUTES, GRANT]}
OLD = {}
NO = {"decline": True}


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        (OLD, "[y/N]"),
        (EACH_USE, "[y once, m for 15 min, g for this grant, N no]"),
        (FIRST_USE, "[y until logout, j just once, m for 15 min, g for this grant, N no]"),
        ({"choices": [ONCE, LOGOUT, LATER]}, "[y once, a always until logout (for all), N no]"),
    ],
)
def test_what_can_be_typed_is_shown_in_words(prompt, shown):
    assert approve.offer(prompt) == shown


@pytest.mark.parametrize(
    ("prompt", "word", "answer"),
    [
        (OLD, "y", {"confirm": True}),
        (OLD, "m", None),
        (OLD, "", NO),
        (EACH_USE, "Y", {"confirm": True, "lasts": "once"}),
        (FIRST_USE, "yes", {"confirm": True, "lasts": "logout"}),
        (FIRST_USE, "j", {"confirm": True, "lasts": "once"}),
        (FIRST_USE, " g ", {"confirm": True, "lasts": "grant"}),
        (EACH_USE, "m", {"confirm": True, "lasts": "minutes", "minutes": 15}),
        (EACH_USE, "m 30", {"confirm": True, "lasts": "minutes", "minutes": 30}),
        (EACH_USE, "M5", {"confirm": True, "lasts": "minutes", "minutes": 5}),
        (EACH_USE, "m" + "9" * 5000, {"confirm": True, "lasts": "minutes", "minutes": 999999}),
        (EACH_USE, "a", None),
        (EACH_USE, "mx", None),
        (EACH_USE, "m \u00b2", None),
        (EACH_USE, "123456", None),
        (EACH_USE, "1", None),
        (EACH_USE, "", NO),
        (EACH_USE, "No", NO),
        ({"choices": [LATER, ONCE]}, "y", {"confirm": True}),
    ],
)
def test_a_word_is_what_was_shown_for_it_or_nothing(prompt, word, answer):
    assert approve.answer(prompt, word) == answer


def test_no_key_is_one_of_the_live_views_or_could_be_part_of_a_code():
    keys = {*approve.KEYS.values(), "y", "n"}
    assert len(keys) == len(approve.KEYS) + 2
    assert not keys & {*_ACTIONS, *_MOVES}
    assert not any(map(str.isdigit, keys))


def test_only_what_is_known_has_a_line():
    assert approve.details({}) == []
    assert approve.details({"allows": "", "account": "1" * 12, "processes": [], "directory": "", "command": ""}) == []
    processes = [{"pid": 7, "name": "aws"}, {"pid": 3, "name": "bash"}]
    said = {
        "allows": "reading",
        "account": "1" * 12,
        "processes": processes,
        "directory": "/home",
        "command": "aws s3 ls",
    }
    assert approve.details(said) == [
        "  Allows: reading in account 111111111111",
        "  Process: aws 7 < bash 3",
        "  Directory: /home",
        "  Command: aws s3 ls",
    ]
