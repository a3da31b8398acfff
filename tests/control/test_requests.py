"""What comes in is checked once, for every field of every request."""

import json
import time
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct import errors, payloads
from xacct.control import requests
from xacct.model import matches

REQUESTS = {
    name: getattr(payloads, name)
    for name in dir(payloads)
    if name.endswith(("Request", "Binding")) or (name.startswith("Prompt") and name.endswith("Answer"))
}
GOOD = {
    "profile": "central",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "roles": ["dev"],
    "role": "dev",
    "label": "a shell",
    "pid": 7,
    "ttl": 60.0,
    "via": "dev",
    "role_arn_patterns": ["arn:aws:iam::*:role/dev-*"],
    "forwarded_port": 40000,
    "minutes": 15,
    "where": "host",
    "code": "123456",
    "serial": "arn:aws:iam::123456789012:mfa/alice",
    "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "shown": "c3RhdGU9eA==",
    "until": 1.9e9,
    "lifetime": 3600,
    "grant": "0a1b2c3d",
}
BAD_TEXT = ["a\0b", "a\nb", "\x1b[2J", "\x9b", "\x7f", "\u2028", "x" * 5000, 5, None, ["a"], {}]
BAD = {
    "profile": [*BAD_TEXT, ""],
    "access_key_id": [*BAD_TEXT, "", "AKIA", "akiaiosfodnn7example", "A" * 129],
    "secret_access_key": [*BAD_TEXT, "", "too-short", "with a space in the middle", "x" * 257],
    "roles": [["a\0b"], [""], ["a\nb"], "dev", [None], None, 5, ["x" * 5000]],
    "role": [*BAD_TEXT, ""],
    "label": BAD_TEXT,
    "via": [*BAD_TEXT, ""],
    "destination": [*BAD_TEXT, ""],
    "service": [*BAD_TEXT, ""],
    "region": [*BAD_TEXT, ""],
    "grant": [*BAD_TEXT, "x" * 65],
    "code": [*BAD_TEXT, "1" * 65],
    "serial": [*BAD_TEXT, "", "short", "has a space", "x" * 257],
    "secret": [*BAD_TEXT, "", "x" * 2049],
    "shown": BAD_TEXT,
    "pid": [0, -1, 2**31, 2**64, -(2**64), 1.5, "7", None, True],
    "ttl": [0, -1, 1e12, "60", None],
    "until": [-1, 1e12, "now", None],
    "lifetime": [0, -1, 2**64, 1.5, None],
    "minutes": [0, -1, 1441, "15", 1.5, None],
    "forwarded_port": [0, -1, 65536, "80", 2**64],
    "role_arn_patterns": [
        ["arn:aws:iam::*:role/d?v"],
        ["arn:aws:iam::*:role/[a-z]ev"],
        ["arn:aws:iam::*:role/a b"],
        ["arn:aws:iam::*:role/a\0"],
        ["arn:aws:iam::1?3456789012:role/dev"],
        ["*"],
        ["arn:aws:iam::*:user/x"],
        ["arn:aws:iam::*:role/"],
        ["arn:aws:iam::*:role/" + "x" * 600],
        [f"arn:aws:iam::*:role/{n}" for n in range(21)],
    ],
    "where": ["", "guest", 5],
    "scope": [
        None,
        "reading",
        [],
        {"read_only": "yes"},
        {"ips": ["10.0.0.0/8"]},
        {"allow": "s3:*"},
        {"allow": ["a\nb"]},
        {"ttl": 0},
        {"policy": "x" * 20_000},
        {"name": ""},
    ],
    "bool": [1, "true", None],
}


def hints(kind):
    return get_type_hints(kind)


def whole(kind):
    return {name: GOOD.get(name, True if hint is bool else GOOD.get(name)) for name, hint in hints(kind).items()}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_field_of_every_request_has_a_rule(name):
    kind = REQUESTS[name]
    for field, hint in hints(kind).items():
        assert requests.rule_of(field, hint) is not None
        assert (
            field in BAD or hint is bool or get_origin(hint) is Literal or get_args(hint) or field in requests.RULES
        ), f"{name}.{field}: say what is wrong for it"


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_good_comes_in_as_it_is_and_unknown_keys_stay_out_of_the_way(name):
    body = {key: value for key, value in whole(REQUESTS[name]).items() if value is not None}
    assert requests.read(json.dumps({**body, "new": [1]}).encode(), REQUESTS[name]) == body


CASES = [
    (name, field, wrong)
    for name, kind in REQUESTS.items()
    for field, hint in hints(kind).items()
    for wrong in (BAD["bool"] if hint is bool else BAD.get(field, []))
]


@pytest.mark.parametrize(("name", "field", "wrong"), CASES, ids=lambda value: repr(value)[:40])
def test_what_is_not_comes_in_nowhere(name, field, wrong):
    body = {key: value for key, value in whole(REQUESTS[name]).items() if value is not None}
    with pytest.raises(errors.BadInput) as said:
        requests.read(json.dumps({**body, field: wrong}).encode(), REQUESTS[name])
    assert f"`$.{field}" in said.value.sentence
    assert "regex" not in said.value.sentence


DEEP = b'{"x":' + b"[" * 30_000


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"roles": ["\\ud800"], "label": ""}', b"[" * 20000, DEEP])
def test_what_is_no_request_at_all(raw):
    with pytest.raises(errors.BadInput):
        requests.read(raw, payloads.GrantRequest)


def test_a_name_that_is_there_a_thousand_times_is_there_once():
    body = {"roles": ["dev", "prod"] * 4000, "label": ""}
    assert requests.read(json.dumps(body).encode(), payloads.GrantRequest)["roles"] == ["dev", "prod"]


# Patterns of ARNs.

WORDS = st.text("ab*?[]-!.", max_size=12)


def in_full(text, pattern):
    """The slow way, which tries all there is."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(in_full(text[n:], pattern[1:]) for n in range(len(text) + 1))
    return text[:1] == pattern[0] and in_full(text[1:], pattern[1:])


@given(WORDS, WORDS)
def test_a_star_is_anything_and_all_else_is_itself(text, pattern):
    assert matches(text, pattern) == in_full(text, pattern)


def test_a_pattern_of_many_stars_takes_no_time():
    began = time.thread_time()
    for _ in range(100):
        assert not matches("a" * 600, "*a" * 280 + "b")
    assert time.thread_time() - began < 2
