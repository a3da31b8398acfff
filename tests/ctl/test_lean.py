"""What daily verbs have instead of modules that take long to load, held against those modules."""

import json
import typing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xacct import wire
from xacct.ctl import jsontext, shape, verb
from xacct.ctl.arguments import parser
from xacct.ctl.shape_of import shape_of
from xacct.ctl.verb import load

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(), each, max_size=4),
    max_leaves=8,
)


def same(a, b):
    """Equal, and NaN is equal to itself."""
    return repr(a) == repr(b)


@given(VALUES)
def test_json_is_written_as_json_writes_it(value):
    if "nan" not in repr(value) and "inf" not in repr(value):
        assert jsontext.dumps(value) == json.dumps(value)


@given(VALUES, st.booleans(), st.sampled_from(["", " ", "\n\t\r "]))
def test_json_is_read_as_json_reads_it(value, ascii_only, blank):
    text = f"{blank}{json.dumps(value, ensure_ascii=ascii_only)}{blank}".encode("utf-8", "surrogatepass")
    try:
        text.decode()
    except UnicodeDecodeError:
        return  # a daemon writes UTF-8
    assert same(jsontext.loads(text), json.loads(text))


@given(st.text(alphabet='[]{}":,0.eE+-tTrulfasn\\u \n', max_size=12))
@example("[1] 2")
@example("")
@example(" ")
@example("Infinity")
@example('"\n"')
@example("\ufeff{}")
def test_what_is_no_json_is_none_here_either(text):
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - its words are not the same in both
            jsontext.loads(text.encode())
    else:
        assert same(jsontext.loads(text.encode()), expected)


def test_json_is_read_without_its_c_part_too(monkeypatch):
    monkeypatch.setattr(jsontext, "_scanner", lambda: None)
    assert jsontext.loads(b' {"a": [1, 2.5, null]} ') == {"a": [1, 2.5, None]}
    with pytest.raises(ValueError, match="Expecting"):
        jsontext.loads(b"{")


def told(kind):
    """A shape as plain data."""
    if isinstance(kind, shape.Fields):
        return {name: told(each) for name, each in kind.needed.items()}, {
            name: told(each) for name, each in kind.others.items()
        }
    if isinstance(kind, shape.ListOf | shape.DictOf):
        return type(kind).__name__, told(kind.each)
    if isinstance(kind, shape.Either):
        return "Either", sorted(map(str, map(told, kind.shapes)))
    return kind.__name__


@pytest.mark.parametrize(
    ("ours", "kind"),
    [
        (shape.ERROR_ANSWER, wire.ErrorAnswer),
        (shape.HELD, wire.HeldEvent),
        (shape.FAILED, wire.FailedEvent),
        (shape.CREDENTIALS, wire.CredentialsEvent),
        (shape.GRANT, wire.GrantAnswer),
        (shape.status(), wire.StatusAnswer),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_shapes_that_are_written_down_are_those_of_the_types(ours, kind):
    assert told(ours) == told(shape_of(kind))


def test_the_wire_has_the_payloads_types():
    assert typing.is_typeddict(wire.StatusAnswer)
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        wire.Nonsense  # noqa: B018


PLAIN = [
    ("status", []),
    ("status", ["--prompt"]),
    *(("status", ["--prompt", "--colour", shell]) for shell in ("ansi", "bash", "zsh")),
    ("whoami", []),
    *((name, ["prod"]) for name in ("process", "env", "exec")),
    ("env", ["a b"]),
    ("env", [""]),
]


@pytest.mark.parametrize(("name", "words"), PLAIN, ids=str)
def test_a_plain_line_is_taken_as_argparse_takes_it(name, words):
    args = verb.plain(name, words)
    assert args is not None
    assert {**vars(args), "no_start": False} == vars(parser(name, load(name)).parse_args(words))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("status", ["--json"]),
        ("whoami", ["prod"]),
        ("status", ["prod"]),
        ("env", []),
        ("env", ["-x"]),
        ("env", ["a", "b"]),
        ("env", ["--"]),
        ("roles", []),
    ],
    ids=str,
)
def test_any_other_line_is_left_to_argparse(name, words):
    assert verb.plain(name, words) is None


def test_a_plain_line_does_not_change_the_next():
    vars(verb.plain("env", ["prod"]))["format"] = "fish"
    assert vars(verb.plain("env", ["prod"]))["format"] == "sh"


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 1.0, 1e12, -1e13, 10**400, float("nan"), float("inf"), "", "a\0b", "\ud800", "é", "prod"]),
    st.just({"code": "c", "sentence": "s", "hint": "h"}),
    st.just([]),
)
SHAPES = [
    shape.text,
    shape.text_or_null,
    shape.number,
    shape.number_or_null,
    shape.whole,
    shape.flag,
    shape.null,
    shape.ERROR,
    shape.Either(shape.ERROR, shape.null),
    shape.Either(shape.text, shape.number),
    shape.ListOf(shape.text),
]


@given(st.sampled_from(SHAPES), st.lists(CELLS, max_size=5))
@example(shape.number_or_null, [1, True])
@example(shape.number_or_null, [1.0, float("nan")])
@example(shape.text, ["a", None])
@example(shape.text_or_null, [None, 1])
@example(shape.Either(shape.ERROR, shape.null), [None, {}])
def test_many_have_a_shape_where_each_has(each, values):
    assert shape.all_of(each, values) == all(map(each, values))


ROW = shape.Fields({"name": shape.text, "ends": shape.number_or_null}, {"error": shape.Either(shape.ERROR, shape.null)})


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["name", "ends", "error", "other"]), CELLS) | CELLS,
        max_size=4,
    )
)
@example([{"name": "a", "ends": 1}, {"name": "b", "ends": True}])
@example([{"name": "a", "ends": 1}, {"name": "b"}])
@example([{"name": "a", "ends": None, "error": 1}])
@example([{"name": "a", "ends": None}, []])
def test_many_objects_are_of_their_fields_where_each_is(values):
    assert shape.ListOf(ROW)(values) == all(map(ROW, values))
