"""Keys out of the bytes of a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.ctl.screen.keys import Keys


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"ab", ["a", "b"]),
        (b" \r\n\t", ["space", "enter", "enter", "tab"]),
        (b"\x7f\x08\x01\x03\x15", ["backspace", "backspace", "ctrl-a", "ctrl-c", "ctrl-u"]),
        (b"\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H", ["up", "down", "page-up", "page-down", "home"]),
        (b"\x1b[1;5C\x1b[200~x\x1b[201~", ["x"]),
        ("é漢".encode(), ["é", "漢"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
        (b"\x00\xff", ["ctrl-@", "\ufffd"]),
    ],
)
def test_bytes_are_keys(data, keys):
    assert list(Keys().typed(data)) == keys


def test_a_key_may_come_in_pieces():
    keys = Keys()
    assert list(keys.typed(b"\x1b")) == []
    assert keys.unfinished
    assert list(keys.typed(b"[")) == []
    assert list(keys.typed(b"A\xc3")) == ["up"]
    assert list(keys.typed(b"\xa9")) == ["é"]


def test_an_escape_by_itself_is_the_key():
    keys = Keys()
    assert list(keys.typed(b"\x1b")) == []
    assert list(keys.typed(b"", more=False)) == ["escape"]
    assert not keys.unfinished


@given(st.lists(st.binary(max_size=6), max_size=6))
def test_whatever_comes_is_keys_that_can_be_shown(pieces):
    keys = Keys()
    found = [key for piece in pieces for key in keys.typed(piece)] + list(keys.typed(b"", more=False))
    assert all(key.isprintable() and key for key in found)
    assert not keys.unfinished
