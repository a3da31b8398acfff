"""Every verb with every kind of wrong words: a sentence, a status, and a hint that is not the line just typed."""

import argparse
import itertools

import pytest

from xacct.ctl import complain
from xacct.ctl.arguments import parser
from xacct.ctl.failure import USAGE
from xacct.ctl.main import main
from xacct.ctl.verb import WHERE, load

ODD = [
    "",
    " ",
    "-",
    "x" * 5000,
    "no such thing",
    "\x1b[31m\n",
    "a\nxacctctl: b",
    "\udcff",
    "ünï",
    "--=",
    "-1",
    "%s{0}",
    "1e9",
]
"""Words that nobody means. A NUL can't stand in an argument."""

VALUES = [
    "",
    " ",
    "-1",
    "0",
    "soon",
    "99999999999999999999999h",
    "25:00",
    "\udcff",
    "\x1b[31m\n",
    "8h 8h",
    "1.5h",
    "²h",
    "٣h",
    "١٩:٣٣",
]
"""Values that no option with a bounded meaning takes."""

BOUNDED = {
    ("login", "--for"),
    ("login", "--until"),
    ("login", "--code"),
    ("env", "--format"),
    ("env", "--lifetime"),
    ("exec", "--lifetime"),
    ("process", "--lifetime"),
    ("audit", "--since"),
    ("audit", "--role"),
    ("grants", "--ttl"),
    ("grants", "--role-arn"),
    ("grants", "--via"),
    ("docker", "--ttl"),
    ("podman", "--ttl"),
    ("docker", "--way"),
    ("podman", "--way"),
    ("service", "--sandbox"),
}
"""Options whose values have a grammar."""


def options(made, before=()):
    """Every option of a parser and of those below it, with the words that lead there."""
    for action in made._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from options(below, (*before, name))
        elif action.option_strings:
            yield before, action.option_strings[-1], action


def every_option():
    return [(verb, *found) for verb in WHERE for found in options(parser(verb, load(verb)))]


@pytest.fixture
def wrong(daemon, capsys):
    def check(*words, status=USAGE):
        assert main(list(words)) == status, words
        said = capsys.readouterr()
        assert said.out == "" or "env" in words
        first, *more = said.err.splitlines()
        assert first.startswith("xacctctl: "), words
        assert first.isprintable()
        assert len(more) <= 1
        if more:
            assert more[0].startswith("  hint: ")
            assert more[0].removeprefix("  hint: ") != f"xacctctl {' '.join(words)}"
            assert complain.useful(more[0], words) == more[0], "the hint repeats the line"
        assert [path for _, path, _ in daemon.requests if "/grants" in path or "login" in path] == []
        return said.err

    return check


@pytest.mark.parametrize("word", [*ODD, "list", "Login", "prod", "login prod", "__complete_", "help me"])
def test_what_is_no_verb(wrong, word):
    wrong(word)
    wrong(word, "prod")
    wrong("--no-start", word, "--for", "8h")


@pytest.mark.parametrize("verb", WHERE)
def test_options_that_there_are_not(wrong, verb):
    for word in ("--nonsense", "--nonsense=5", "-Z", "--no-startx", "--jso"):
        if verb == "ssh":
            wrong(verb, word)
        elif verb in {"docker", "podman"}:
            wrong(verb, word, "doctor", "prod")
        else:
            wrong(verb, word)
            wrong(verb, "prod", word)


@pytest.mark.parametrize(
    "verb", [verb for verb in WHERE if verb not in {"login", "logout", "status", "configure", "verify", "ssh", "exec"}]
)
def test_words_too_many(wrong, verb):
    for word in (*ODD[1:], "prod"):
        wrong(verb, "prod", "prod", "prod", word)


@pytest.mark.parametrize(("verb", "before", "option", "action"), every_option())
def test_options_without_their_values_and_flags_with_some(wrong, verb, before, option, action):
    if action.nargs == 0:
        if option not in {"--help", "-h"}:
            wrong(verb, *before, f"{option}=5")
    else:
        wrong(verb, *before, option)


@pytest.mark.parametrize(
    ("verb", "before", "option"), [found[:3] for found in every_option() if (found[0], found[2]) in BOUNDED]
)
def test_values_that_mean_nothing(wrong, verb, before, option):
    need = {"env": ["prod"], "exec": ["prod"], "process": ["prod"], "login": ["prod"]}.get(verb, [])
    need = ["prod"] if before and before[0] in {"create", "run", "compose", "doctor"} else need
    tail = ["--", "true"] if verb == "exec" else ["image"] if before[:1] == ("run",) else []
    with_static = ["--static"] if option == "--lifetime" and verb != "process" else []
    for value in VALUES:
        wrong(verb, *before, f"{option}={value}", *with_static, *need, *tail)


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (["login", "prod", "dev", "--for", "36h1s"], "36h"),
        (["env", "prod", "--static", "--lifetime", "13h"], "12h"),
        (["process", "prod", "--lifetime", "9999d"], "12h"),
        (["grants", "create", "prod", "--ttl", "367d"], "366d"),
        (["docker", "run", "--ttl", "9999d", "prod", "image"], "366d"),
        (["podman", "compose", "--ttl", "367d", "prod"], "366d"),
    ],
)
def test_more_than_there_can_be_is_wrong_usage(wrong, words, most):
    said = wrong(*words)
    assert said.count(f"Ask for {most} or less.") == 1


def test_bounded_options_exist():
    there = {(verb, option) for verb, _, option, _ in every_option()}
    assert there >= BOUNDED


VERBS_WITH_A_ROLE = ("explain", "env", "exec", "ssh", "process")


@pytest.mark.parametrize("verb", VERBS_WITH_A_ROLE)
def test_no_role_at_all(wrong, verb):
    wrong(verb)


@pytest.mark.parametrize(
    "words",
    [
        *([verb, ""] for verb in (*VERBS_WITH_A_ROLE, "login", "logout", "verify", "policy", "whoami", "configure")),
        ["exec", "", "--", "true"],
        ["login", "prod", ""],
        ["ssh", "", "host"],
        ["mfa", "list", ""],
        ["docker", "run", "", "image"],
    ],
    ids=" ".join,
)
def test_the_empty_word_of_a_variable_that_is_not_set_is_called_so(daemon, capsys, monkeypatch, words):
    monkeypatch.setenv("XACCT_ROLE", "prod")
    assert main(words) == USAGE
    assert capsys.readouterr().err.startswith("xacctctl: The name of a role is empty.\n")
    assert daemon.requests == []


@pytest.mark.parametrize(("role", "verb"), list(itertools.product(["prod", "nosuch"], WHERE)))
def test_the_role_before_the_verb(wrong, role, verb):
    assert f"hint: xacctctl {verb} {role}\n" in wrong(role, verb)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("exec prod", "xacctctl exec ROLE -- COMMAND..."),
        ("prod login --for 8h", "xacctctl login prod --for 8h"),
        ("prod exec -- ls", "xacctctl exec prod -- ls"),
        ("revoke 3f9a", "xacctctl grants revoke 3f9a"),
        ("who", "xacctctl whoami"),
        ("list", "xacctctl roles"),
        ("staus", "Did you mean status? xacctctl --help lists them."),
        ("", "xacctctl --help lists them."),
    ],
)
def test_what_was_meant_is_said(wrong, words, hint):
    assert f"  hint: {hint}\n" in wrong(*(words.split() or [""]))


# Hints that repeat the line.


@pytest.mark.parametrize(
    ("words", "hint", "kept"),
    [
        ("login prod", "xacctctl login prod", False),
        ("login prod staging --for 8h", "xacctctl login prod", False),
        ("login prod", "xacctctl login prod --code -", True),
        ("login prod --code -", "xacctctl login prod", True),
        ("login prod", "xacctctl login staging", True),
        ("login prod", "Say no, then: xacctctl login prod.", False),
        ("stop", "xacctctl stop && xacctctl start; its log: /x", False),
        ("roles", "xacctctl roles lists what there is.", False),
        ("env nosuch", "xacctctl roles lists what there is.", True),
        ("reload", "Mend it, then: xacctctl reload", False),
        ("status", "xacctctl status --json", True),
        ("exec", "xacctctl exec --help", True),
        ("explain prod", "xacctctl explain prod", False),
        ("doctor", "xacctctl doctor", False),
        ("", "xacctctl --help", True),
    ],
)
def test_a_hint_is_not_the_line_that_failed(words, hint, kept):
    other = complain.useful(hint, words.split())
    assert (other == hint) is kept
    assert kept or complain.useful(other, words.split()) == other


def failing(daemon, role, **error):
    failed = {
        "event": "failed",
        "role": role,
        "error": {"code": "x", "sentence": "It can't be had.", "hint": "", **error},
    }
    daemon.answers["/v1/login"] = lambda _body: iter([failed, {"event": "done", "failed": 1}])


@pytest.mark.parametrize("code", ["nobody-to-ask", "login-required", "declined", "timed-out", "parent-expired"])
def test_a_login_that_fails_says_something_else_than_to_log_in(daemon, run, code):
    failing(daemon, "prod", code=code, hint="xacctctl login prod")
    hint = run("login", "prod").stderr.partition("hint: ")[2]
    assert "xacctctl login" not in hint
    assert hint


def test_who_did_not_log_in_is_told_to(daemon, run):
    daemon.answers["/v1/credentials"] = lambda _body: iter(
        [
            {
                "event": "failed",
                "role": "prod",
                "error": {
                    "code": "login-required",
                    "category": "human",
                    "sentence": "A.",
                    "hint": "xacctctl login prod",
                },
            }
        ]
    )
    assert "hint: xacctctl login prod" in run("process", "prod").stderr
