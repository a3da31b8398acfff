"""The hand-made reading of headings and options, held against the regular expressions that say what it means."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from xacct.copies import lines

HEADING = r"\s*\[\s*(?:profile\s+)?[\"']?([^\]\"']*?)[\"']?\s*\]"
OPTION = r"(\s*)([^\s=:#;\[][^=:]*?)\s*[=:]"

LINES = st.lists(
    st.sampled_from(
        ["[", "]", "profile", "profil", "default", " ", "\t", "'", '"', "=", ":", "#", ";", "a", "\u00a0", "\x1c", "É"]
    ),
    max_size=12,
).map("".join)


@given(LINES)
@example("[profile]")
@example("[profile ]")
@example('[ "profile a" ]')
@example('[profile "]')
@example("[default")
@example("[a]b]")
def test_a_heading_is_what_the_expression_takes_for_one(line):
    found = re.match(HEADING, line)
    assert lines.heading(line) == (found[1] if found else None)


@given(LINES)
@example("=a")
@example("a:b=c")
@example(" a b = c")
def test_an_option_is_what_the_expression_takes_for_one(line):
    [found] = lines.parsed([line]) if line else [lines.Line("", None, 0, "")]
    option = None if re.match(HEADING, line) else re.match(OPTION, line)
    assert found.option == (option[2].lower() if option else None)


@given(st.text(alphabet="a\n\r\x0b\u2028", max_size=8))
def test_only_a_line_feed_ends_a_line(text):
    assert lines.cut(text) == re.findall(r"[^\n]*\n|[^\n]+", text)


def fields(line):
    return line.section, line.option, line.indent, line.text


@given(st.lists(LINES | st.sampled_from(["[default]", " [ profile default ]x", "[default] [other]", "a = b"])))
@example(["\ufeff[default]", "role_arn = x"])
@example(["[default]", "[default", "region = x", "[profile a]", "region = y"])
def test_the_lines_of_one_section_are_those_among_all(content):
    of_all = [fields(line) for line in lines.parsed(content) if line.section == "default"]
    assert [fields(line) for line in lines.parsed(content, "default")] == of_all
