"""Text that takes just so many columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.ctl.screen.text import fit, width


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("prod", 6, "prod  "),
        ("production-eu", 9, "prod..-eu"),
        ("prod", 2, "pr"),
        ("漢字漢字", 6, "漢..字"),
        ("a\x1b[2J", 5, "a [2J"),
    ],
)
def test_a_text_fits(text, columns, shown):
    assert fit(text, columns) == shown


@given(st.text(max_size=30), st.integers(1, 20))
def test_it_takes_just_its_columns_whatever_it_is(text, columns):
    assert width(fit(text, columns)) == columns
