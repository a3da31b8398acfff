"""The text of a copy: put together and taken apart again, and two sides' changes joined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.copies import lines, overlay
from xacct.userfiles import merge

NAME = "xacct"
BODY = ["region = x\n", "s3 =\n", "    max = 1\n"]
FILES = [
    "",
    "[default]\nregion = x\n",
    "[default]\r\nregion = x\r\n[profile a]\r\n",
    "# nothing ends\n[profile a]\nrole_arn = y",
    "\ufeff[default]\nregion = x\n\n\n",
    "[profile a]\nx = \x0b\u2028y\n; end",
]


@pytest.mark.parametrize("text", FILES)
@pytest.mark.parametrize("name", [NAME, ""])
def test_put_together_and_taken_apart_it_is_what_it_was(text, name):
    users = lines.cut(text)
    copy = overlay.composed(users, name, BODY, "/x")
    parts = overlay.apart(copy, name)
    assert parts.users == overlay.ended(users)
    assert [line.rstrip("\r\n") for line in parts.profile] == [line.rstrip("\n") for line in BODY]


def test_what_a_tool_appends_is_the_users():
    copy = overlay.composed(["[default]\n"], NAME, BODY, "/x")
    parts = overlay.apart([*copy, "\n", "# new\n", "[profile new]\n", "region = y\n"], NAME)
    assert parts.users == ["[default]\n", "\n", "# new\n", "[profile new]\n", "region = y\n"]
    assert parts.profile == BODY


def test_a_tool_that_writes_the_file_anew_keeps_the_profile_known():
    text = "[default]\nregion = x\n\n[profile xacct]\nregion = x\n\n[profile z]\nregion = z\n"
    parts = overlay.apart(lines.cut(text), NAME)
    assert parts.users == ["[default]\n", "region = x\n", "\n", "\n", "[profile z]\n", "region = z\n"]
    assert parts.profile == ["region = x\n"]


def test_what_is_set_without_a_profile_was_meant_for_default():
    changed = overlay.changed_options(BODY, ["region = y\n", "output = text\n", *BODY[1:]])
    assert changed == {"region": ["region = y\n"], "output": ["output = text\n"]}
    users = ["[default] # mine\n", "Region = x\n", "\n", "[profile a]\n"]
    for option, value in changed.items():
        users = lines.with_option(users, option, value, "\n")
    assert users == ["[default] # mine\n", "region = y\n", "output = text\n", "\n", "[profile a]\n"]
    assert lines.with_option(["[profile a]\n"], "output", ["output = x\n"], "\n")[1:] == ["[default]\n", "output = x\n"]


@pytest.mark.parametrize(
    ("base", "copy", "now", "expected"),
    [
        ("abc", "abXc", "Yabc", "YabXc"),
        ("abc", "abc", "abd", "abd"),
        ("abc", "aXc", "abcY", "aXcY"),
        ("abc", "aXc", "aYc", None),
        ("abc", "aXc", "aXc", "aXc"),
        ("abc", "abcX", "abcY", "abcXY"),
        ("abc", "ac", "abcd", "acd"),
        ("abc", "abcX", "", None),
        ("", "X", "a", "aX"),
    ],
)
def test_two_sides_changes(base, copy, now, expected):
    assert merge.merged(list(base), list(copy), list(now)) == (None if expected is None else list(expected))


@given(st.lists(st.sampled_from("abcdef"), max_size=8), st.lists(st.sampled_from("abcdef"), max_size=8))
def test_a_change_of_one_side_alone_is_taken_whole(base, other):
    assert merge.merged(base, other, base) == other
    assert merge.merged(base, base, other) == other
