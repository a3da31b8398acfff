"""JSON with comments: what comes in goes out again to the byte, and what else there is stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.ctl.agent import jsonc

WANTED = {"env": {"AWS_PROFILE": "x", "AWS_KEY": ""}}

REAL = {
    "two spaces": '{\n  "model": "opus",\n  "env": {\n    "A": "1"\n  }\n}\n',
    "tabs, no final newline": '{\n\t"model": "opus",\n\t"permissions": {\n\t\t"allow": ["Bash(ls:*)"]\n\t}\n}',
    "comments": '// mine\n{\n  // the first\n  "a": 1, // one\n  /* two */ "b": [1, 2], // two\n  // "env": {}\n}\n',
    "trailing comma": '{\n    "a": 1,\n    "env": {\n        "A": "1", // why\n    },\n}\n',
    "CRLF": '{\r\n  "a": 1,\r\n  "env": {\r\n    "A": "1"\r\n  }\r\n}\r\n',
    "one line": '{"a": 1, "env": {"A": "1"}}',
    "one line, comma": '{"a": 1,}',
    "empty": "",
    "empty object": "{}\n",
    "spaced object": "{ }",
    "object over lines": "{\n}\n",
    "object with a comment": "{ // nothing yet\n}\n",
    "comment alone": "// nothing yet",
    "byte order mark": '\ufeff{\n  "a": "\\u00e9\u00e9"\n}\n',
    "empty env": '{\n  "env": {},\n  "b": {"c": "}"}\n}\n',
    "value in the next line": '{\n  "a":\n    1\n  , "b": 2\n}\n',
    "closed in its last line": '{\n  "a": 1 }',
    "a key that looks like one": '{\n  "a\\"b": "// no comment", "c": "/* nor this */"\n}\n',
}


def said(text):
    """What the text says, by another reader than ours where that reads it."""
    return (jsonc.parse(text) or jsonc.Node(0, 0, {}, ())).value


def merged(old, new):
    return {**old, "env": {**old.get("env", {}), **new["env"]}}


@pytest.mark.parametrize("name", REAL)
def test_what_comes_in_goes_out_to_the_byte(name):
    text = REAL[name]
    found = jsonc.insertions(text, jsonc.parse(text), WANTED)
    new = jsonc.applied(text, found)
    assert said(new) == merged(said(text), WANTED)
    assert jsonc.said(new, WANTED)
    assert not jsonc.said(text, WANTED)
    assert jsonc.reverted(new, found) == text


@pytest.mark.parametrize("name", REAL)
def test_what_others_changed_since_stays(name):
    text = REAL[name]
    root = jsonc.parse(text)
    new = jsonc.applied(text, jsonc.insertions(text, root, WANTED))
    made = {tuple(path) for path in jsonc.made_by(root, WANTED)}
    later = jsonc.applied(new, jsonc.insertions(new, jsonc.parse(new), {"later": {"x": [1]}, "env": {"THEIRS": "y"}}))
    left = said(jsonc.without(later, WANTED, made))
    assert left == {**merged(said(text), {"env": {"THEIRS": "y"}}), "later": {"x": [1]}}
    assert said(jsonc.without(new, WANTED, made)) == said(text)
    comments = [line for line in text.splitlines() if "//" in line]
    assert all(line.rstrip(",") in jsonc.without(new, WANTED, made) for line in comments)


def test_a_member_looks_like_its_neighbours():
    text = REAL["two spaces"]
    new = jsonc.applied(text, jsonc.insertions(text, jsonc.parse(text), WANTED))
    assert new == (
        '{\n  "model": "opus",\n  "env": {\n    "A": "1",\n    "AWS_PROFILE": "x",\n    "AWS_KEY": ""\n  }\n}\n'
    )


def test_what_somebody_else_has_set_is_no_ones_to_change():
    text = '{"env": {"AWS_PROFILE": "mine"}}'
    with pytest.raises(KeyError, match=r"env\.AWS_PROFILE"):
        jsonc.insertions(text, jsonc.parse(text), WANTED)
    with pytest.raises(KeyError, match="env"):
        jsonc.insertions('{"env": 1}', jsonc.parse('{"env": 1}'), WANTED)
    with pytest.raises(ValueError, match="no object"):
        jsonc.insertions("[]", jsonc.parse("[]"), WANTED)


def test_a_comment_ends_at_each_end_of_a_line():
    """As VS Code's own reader has it (jsonc-parser, scanner.ts, isLineBreak); else a member would be there twice."""
    text = '{"a": 1, // old\r"env": {"AWS_PROFILE": "mine"}\n}'
    assert said(text) == {"a": 1, "env": {"AWS_PROFILE": "mine"}}
    with pytest.raises(KeyError, match=r"env\.AWS_PROFILE"):
        jsonc.insertions(text, jsonc.parse(text), WANTED)


OURS = '"env": {"AWS_PROFILE": "x", "AWS_KEY": ""}'


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{{ // mine\n  {OURS} }}", {}),
        (f'{{ // mine\n  {OURS}, "b": 2 }}', {"b": 2}),
        (f'{{\n  "a": 1, // mine\n  {OURS}, "b": 2\n}}', {"a": 1, "b": 2}),
        (f'{{\n  "a": 1 // mine\n  , {OURS} }}', {"a": 1}),
        (f'{{\n  "a": 1, // mine\n  {OURS} /* ours? */, "b": 2\n}}', {"a": 1, "b": 2}),
        ('{"env": { // mine\n "AWS_PROFILE": "x", "B": 1, "AWS_KEY": "" } }', {"env": {"B": 1}}),
    ],
)
def test_what_stood_behind_ours_does_not_come_to_stand_in_a_comment(text, left):
    out = jsonc.without(text, WANTED, {("env",)})
    assert said(out) == left
    assert "// mine" in out


def test_what_was_changed_since_is_left():
    text = '{"env": {"AWS_PROFILE": "theirs", "AWS_KEY": ""}}'
    assert said(jsonc.without(text, WANTED, {("env",)})) == {"env": {"AWS_PROFILE": "theirs"}}
    assert said(jsonc.without("{}", WANTED, {("env",)})) == {}
    assert jsonc.without('{"env": {"AWS_PROFILE": "x" /* why */}}', WANTED, {("env",)}).count("/* why */") == 1


@pytest.mark.parametrize(
    "text",
    [
        "{", '{"a"}', '{"a": }', '{"a": 1 "b": 2}', '{"a": 1} x', "{a: 1}", '{"a": tru}', '{"a": "\n"}', '{"a": "x}',
        '{"a": NaN}', "[-Infinity]",
        "/* no end", '{"a": 1,, "b": 2}', "[1 2]", '{"a": 1, "a": 2}', "[" * 200 + "]" * 200, '{"a": 01}', "{,}", "[,]",
    ],
)  # fmt: skip
def test_what_is_no_json_is_an_error(text):
    with pytest.raises(ValueError, match=r"."):
        jsonc.parse(text)
    assert not jsonc.said(text, WANTED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.text('ab"\\\u00e9/{,', max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "env", "A"]), inner),
    max_leaves=8,
)


@given(
    value=st.dictionaries(st.sampled_from(["a", "b", "A"]), JSON),
    env=st.none() | st.dictionaries(st.sampled_from(["a", "THEIRS"]), st.text(max_size=3)),
    indent=st.sampled_from([None, 0, 2, "\t"]),
    eol=st.sampled_from(["\n", "\r\n"]),
    end=st.sampled_from(["", "\n", " // the end", "\n\n"]),
)
def test_any_file_comes_back(value, env, indent, eol, end):
    text = json.dumps(value if env is None else {**value, "env": env}, indent=indent).replace("\n", eol) + end
    root = jsonc.parse(text)
    assert said(text) == json.loads(text.removesuffix(end))
    found = jsonc.insertions(text, root, WANTED)
    new = jsonc.applied(text, found)
    assert said(new) == merged(said(text), WANTED)
    assert jsonc.reverted(new, found) == text
    assert said(jsonc.without(new, WANTED, {tuple(path) for path in jsonc.made_by(root, WANTED)})) == said(text)
