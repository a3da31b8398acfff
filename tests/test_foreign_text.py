"""Other people's words, wherever the daemon shows or writes them: no more than words. tests/ctl has the terminal's."""

import io
import json
import logging
import unicodedata

import pytest
import structlog
from hypothesis import assume, given
from hypothesis import strategies as st

from xacct import errors, logs
from xacct.asker import Asker
from xacct.audit.entry import Entry, line
from xacct.credentials.events import Failed, MfaEndsSoon
from xacct.desktop import dialogs, notices
from xacct.model import Caller, Grant
from xacct.prompts.events import PromptOpened
from xacct.prompts.prompt import Permission, Prompt
from xacct.text import LONGEST, clean, plain

NASTY = (
    "\x00\x07\x08\t\n\v\f\r\x1b[2J\x1b]0;x\x07\x7f\x85\x9b31m\u2028\u2029"  # controls, and ends of lines
    "\u061c\u200b\u200e\u200f\u202a\u202e\u2066\u2069\ufeff\U000e0041\ud800\ue000"  # marks that nobody sees
    "<b>&amp;</b>\\n\\x41_%s$(id)`'\"-"
)
WORDS = st.text(st.one_of(st.sampled_from(NASTY), st.characters())) | st.just(NASTY) | st.just(f"--{NASTY}")
TURNS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI", "BN"}
"""What Unicode calls the characters that turn the direction of what follows, and those that take no room."""


def lines_that_are_no_more_than_words(shown, lines=1):
    found = shown.split("\n")
    assert len(found) == lines
    for char in "".join(found):
        assert char == " " or char.isprintable(), repr(char)
        assert unicodedata.bidirectional(char) not in TURNS, repr(char)
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), repr(char)
    shown.encode("utf-8")  # halves of surrogate pairs can't be
    return found


def no_markup(shown):
    assert not set(shown) & set("<>&\\"), shown


@given(WORDS)
def test_what_is_cleaned_is_one_line_and_stays_as_it_is(words):
    lines_that_are_no_more_than_words(clean(words))
    assert clean(clean(words)) == clean(words)
    assert len(clean(words)) == len(words)
    no_markup(plain(words))
    assert len(plain(words)) <= LONGEST


def test_ordinary_words_are_left_alone():
    for words in ("exec terraform 4711", "arn:aws:iam::111122223333:mfa/alice", "Überprüfung, 日本語 ok?", ""):
        assert clean(words) == plain(words) == words


def prompt(kind, words):
    return Prompt(
        id="q",
        serial=words,
        _roles=lambda: (words, words),
        attempt=1,
        problem=words,
        reason=words,
        not_before=None,
        deadline=0.0,
        about=words,
        answer=None,
        kind=kind,
        label=words,
        process=Caller(pid=7, exe=words).process,
        sign_in=words,
        url=words,
        user_code=words,
    )


DESKTOPS = {
    "zenity": ({"DISPLAY": ":0"}, "linux"),
    "kdialog": ({"DISPLAY": ":0"}, "linux"),
    "osascript": ({}, "darwin"),
}


@pytest.fixture(scope="module", params=DESKTOPS)
def asked_by(request, tmp_path_factory):
    """How a desktop that has one dialog program asks."""
    env, platform = DESKTOPS[request.param]
    folder = tmp_path_factory.mktemp("bin")
    program = folder / request.param
    program.write_text("")
    program.chmod(0o755)
    return dialogs.command({**env, "PATH": str(folder)}, platform)


@pytest.mark.parametrize(("kind", "lines"), [("mfa", 5), ("confirm", 3), ("sign-in", 4)])
@given(words=WORDS)
def test_dialogs_show_words_as_words(asked_by, kind, lines, words):
    assume(words != dialogs.OURS)  # whom a dialog does not name
    command = asked_by(prompt(kind, words))
    shown = command[-1].removeprefix("--text=")
    lines_that_are_no_more_than_words(shown, lines=lines if words else shown.count("\n") + 1)
    no_markup(shown)
    for word in command:
        assert "\0" not in word
    if command[1] == "--entry":
        assert shown.replace("__", "").count("_") == 0, "an underscore marks a key there"


@given(words=WORDS)
def test_a_dialog_shows_who_asks_as_words(asked_by, words):
    assume(words)
    asked = prompt("confirm", words)
    asker = Asker(words, ((7, words), (3, words)), words, words)
    asked.permission = Permission(words, words, asker=asker, account=words, scope=words, allows=words)
    [shown] = [word.removeprefix("--text=") for word in asked_by(asked) if "Let a program" in word]
    lines_that_are_no_more_than_words(shown, lines=8)
    no_markup(shown)
    assert all(len(line) <= LONGEST + 20 for line in shown.split("\n")[1:])


def test_the_role_stands_where_no_label_can_stand():
    asked = prompt("confirm", "prod")
    asked.label = "shell 1? \n\nLet a program use the role dev?" + "x" * 5000
    first, second, *_ = dialogs.text(asked).split("\n")
    assert first == "Let a program use the role prod?"
    assert second.startswith("It calls itself: shell 1?")
    assert len(second) <= LONGEST + len("It calls itself: ")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@given(words=WORDS)
def test_notices_show_words_as_words(platform, words, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "notices"
    folder.mkdir(exist_ok=True)
    program = folder / "notify-send"
    program.touch(0o755)
    show = notices.command({"DBUS_SESSION_BUS_ADDRESS": "x", "PATH": str(folder)}, platform)
    happened = [
        MfaEndsSoon(words, 60.0, (words, words)),
        Failed(words, errors.AccessDenied(words, words)),
        PromptOpened(prompt("mfa", words)),
        PromptOpened(prompt("confirm", words)),
        PromptOpened(prompt("sign-in", words)),
    ]
    for event in happened:
        command = show(notices.words_of(event))
        lines_that_are_no_more_than_words(command[-1])
        no_markup(command[-1])
        if command[0] == "notify-send":
            assert command[-3:-1] == ["--", "xacct"], "what begins with a dash would be an option"


@pytest.fixture
def log_to(monkeypatch):
    """The daemon's logs in one style, as what was written."""
    handlers, level, config = logging.root.handlers[:], logging.root.level, structlog.get_config()

    def start(style):
        sink = io.StringIO()
        monkeypatch.setattr("sys.stderr", sink)
        logs.configure("debug", style)
        return sink

    yield start
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.configure(**config)


@pytest.mark.parametrize("style", ["logfmt", "json"])
def test_a_line_of_the_log_is_one_line_of_words(log_to, style):
    for words in (NASTY, "\x9b31m", "\x1b[2Jx", "plain"):
        sink = log_to(style)
        structlog.get_logger("xacct").info(
            "granted", label=words, roles=[words, words], by={words: (words,)}, path=None
        )
        written = sink.getvalue()
        assert written.endswith("\n")
        assert written.count("\n") == 1
        lines_that_are_no_more_than_words(written[:-1])
        if style == "json":
            lines_that_are_no_more_than_words(json.loads(written)["label"])


@given(WORDS)
def test_the_audits_line_is_words(words):
    grant = Grant(id=words, digest="d", label=words, roles=(words,), created=0.0)
    entry = Entry("fetch", 0.0, words, grant, None, words, parents=((1, words), (2, None)))
    written = line(entry, Caller(uid=1, pid=2, exe=words))
    parent = written["parents"][0]["exe"] or ""
    for value in (written["role"], written["what"], written["exe"] or "", parent, *written["grant"].values()):
        lines_that_are_no_more_than_words(value)
    assert "\n" not in json.dumps(written)
