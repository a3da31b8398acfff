"""Every value comes out of every shell as it went in."""

import json
import os
import shutil
import subprocess

import pytest
from dotenv_readers import READERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xacct.ctl import shells
from xacct.ctl.failure import CtlError
from xacct.ctl.variables import Change

HOSTILE = [
    "",
    "plain",
    "two words",
    "'",
    "''\\''",
    "\\",
    "\\'",
    '"$HOME" `id` $(id) ${x} !!',
    "#no comment",
    "*?[a]~{a,b}",
    "line\nbreak\r\ttab",
    "ü€😀",
    "; rm -rf / &",
    "-n",
    "\u2019; id; \u2018",
    "\x1b[31m\x01",
    "a=b",
    "%PATH%",
]
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


def sourced(shell, text, name="XA"):
    """Evaluate `text` in a real shell and return the bytes of the variable in its child."""
    done = subprocess.run(
        [shell, "-c", f"{text}\nenv -0"],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "GONE": "still here", "HOME": "/nonexistent"},
    )
    found = dict(entry.split(b"=", 1) for entry in done.stdout.split(b"\0") if b"=" in entry)
    assert b"GONE" not in found
    return found[name.encode()].decode()


def available(shell):
    return pytest.param(
        shell,
        marks=pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not installed"),
    )


@pytest.mark.parametrize("shell", [available(s) for s in ("sh", "bash", "zsh", "dash")])
def test_hostile_values_survive_a_real_shell(shell):
    change = Change({f"XA{n}": value for n, value in enumerate(HOSTILE)}, ("GONE", "NEVER_WAS"))
    for number, value in enumerate(HOSTILE):
        assert sourced(shell, shells.sh.written(change), f"XA{number}") == value


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_hostile_values_survive_fish_at_once():
    text = shells.fish.written(Change({f"XA{n}": value for n, value in enumerate(HOSTILE)}, ("GONE",)))
    done = subprocess.run(["fish", "-c", f"{text}\nenv -0"], capture_output=True, check=True)
    found = dict(entry.split(b"=", 1) for entry in done.stdout.split(b"\0") if b"=" in entry)
    assert [found[b"XA%d" % n].decode() for n in range(len(HOSTILE))] == HOSTILE


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_any_value_survives_sh(value):
    assert sourced("sh", shells.sh.written(Change({"XA": value}, ("GONE",)))) == value


@given(VALUES | st.text("'\u2018\u2019\u201a\u201b;x", max_size=8))
def test_powershell_never_ends_the_string_early(value):
    """No PowerShell here: in its grammar each of the five quotes ends a string unless doubled."""
    (line,) = shells.powershell.written(Change({"XA": value}, ())).removesuffix("\n").split("$env:XA = ")[1:]
    assert line[0] == line[-1] == "'"
    body, found = line[1:-1], []
    while body:
        if body[0] in "'\u2018\u2019\u201a\u201b":
            assert body[1] == body[0]
            body = body[1:]
        found.append(body[0])
        body = body[1:]
    assert "".join(found) == value


@given(VALUES)
def test_json_round_trips(value):
    written = shells.as_json(Change({"XA": value}, ("GONE",)))
    assert json.loads(written) == {"XA": value, "GONE": None}


WRITABLE = [
    "",
    "plain",
    "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVz==",
    "=",
    "two words",
    "it's",
    'a "quoted" word',
    "a`b`",
    "*,127.0.0.1,localhost",
    "http://127.0.0.1:9477/v1/roles/a%20b?x=y&z=~",
    "ü€😀",
    "; rm -rf / &",
    "{a} [b] (c) !d @e ^f |g <h>",
    "export X=1",
    "-n",
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", WRITABLE)
def test_everyone_reads_a_dotenv_line_alike(reader, value):
    text = shells.dotenv(Change({"XA": value, "XB": "next"}, ("GONE",)))
    assert text == f"XA={value}\nXB=next\n"
    assert READERS[reader](text.encode()) == {"XA": value, "XB": "next"}


UNWRITABLE = [
    "'quoted'",
    '"quoted"',
    "`quoted`",
    "'",
    " ends",
    "ends ",
    "back\\slash",
    "a#b",
    "a # b",
    "${HOME}",
    "$HOME",
    "line\nXC=added",
    "carriage\rXC=added",
    "tab\t",
    "form\x0cfeed",
    "nel\x85XC=added",
    "separator\u2028XC=added",
    "nbsp\xa0",
    "\ufeffbom",
    "\x1b[31m",
    "not utf-8: \udcff",
]


@pytest.mark.parametrize("value", UNWRITABLE)
def test_what_has_no_dotenv_line_is_an_error(value):
    with pytest.raises(CtlError) as caught:
        shells.dotenv(Change({"XA": value}, ()))
    assert "XA" in caught.value.sentence
    assert value not in caught.value.sentence  # it may be a secret


@pytest.mark.parametrize("name", ["", "A B", "A\nXC=added", "A=B", "1A", "A\n", "#A", "export A"])
def test_a_name_adds_no_dotenv_line(name):
    with pytest.raises(CtlError):
        shells.dotenv(Change({name: "x"}, ()))


@given(VALUES | st.text("ab =#$'\"`\\{};:\t\r\n\xa0\u2028\ufeff", max_size=8))
def test_any_dotenv_value_is_an_error_or_read_alike(value):
    try:
        text = shells.dotenv(Change({"XA": value, "XB": "next"}, ()))
    except CtlError:
        return
    read = {name: reader(text.encode()) for name, reader in READERS.items()}
    assert read == {reader: {"XA": value, "XB": "next"} for reader in READERS}
