import copy
import pickle

import pytest

from xacct.model import Caller, Credentials, Grant, Role, Source, account_of, iso

SECRET = Credentials("AKIAEXAMPLEKEYABCD", "wJalrXUtnFEMI", "IQoJsession", 10.0, 4.0)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, ""),
        ({"uid": 1, "inode": 5}, ""),
        ({"pid": 7}, "pid 7"),
        ({"pid": 7, "exe": "/bin/ls"}, "pid 7, /bin/ls"),
        ({"pid": 7, "exe": "/tmp/a\nb\x1b[2J"}, "pid 7, /tmp/a b [2J"),
    ],
)
def test_a_callers_process_in_words_is_one_line_of_print(known, words):
    assert Caller(**known).process == words


def test_a_repr_shows_the_last_four_of_the_key_id_and_nothing_else():
    shown = f"{SECRET!r} {SECRET}"
    assert "ABCD" in shown
    for secret in ("wJalr", "IQoJ", "AKIAEXAMPLE"):
        assert secret not in shown


def test_credentials_are_not_pickled_or_copied_by_accident():
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)
    with pytest.raises(TypeError):
        copy.deepcopy(SECRET)


def test_remaining_and_lifetime():
    assert (SECRET.remaining(7.0), SECRET.lifetime) == (3.0, 6.0)
    assert Credentials("a", "b").remaining(1e12) == float("inf")


@pytest.mark.parametrize(
    ("name", "slug"),
    [("prod", "prod"), ("a.b_c-d", "a.b_c-d"), ("my prod", "my-prod-"), ("é/x", "x-"), ("..", "role-")],
)
def test_a_slug_is_plain(name, slug):
    got = Role(name, Source("s", "profile")).slug
    assert got.startswith(slug)
    assert all(c.isascii() and (c.isalnum() or c in "._-") for c in got)


def test_slugs_of_different_names_differ():
    assert Role("a b", Source("s", "profile")).slug != Role("a-b", Source("s", "profile")).slug


def test_accounts_and_instants():
    assert account_of("arn:aws-cn:iam::123456789012:role/x") == "123456789012"
    assert account_of("nonsense") is None
    assert iso(0.9) == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("pattern", "arn", "allowed"),
    [
        ("arn:aws:iam::*:role/dev-*", "arn:aws:iam::123456789012:role/dev-db", True),
        ("arn:aws:iam::*:role/dev-*", "arn:aws:iam::123456789012:role/DEV-db", False),
        ("arn:aws:iam::*:role/dev-*", "arn:aws:iam::123456789012:role/prod", False),
        ("arn:aws:iam::*:role/dev-*", "arn:aws:iam::123456789012:role/x:role/dev-db", False),
        ("arn:aws:iam::*:role/dev-*", "arn:aws-cn:iam::123456789012:role/dev-db", False),
        ("arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/a", True),
        ("arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/ab", False),
        ("*", "arn:aws:iam::123456789012:user/a", False),
        ("*", "arn:aws:iam::123456789012:role/a\n", False),
    ],
)
def test_a_grant_allows_the_arns_its_patterns_match(pattern, arn, allowed):
    grant = Grant("g", "d", "", (), 0.0, role_arns=(pattern,), via="prod")
    assert grant.allows_arn(arn) is allowed


@pytest.mark.parametrize(
    ("arn", "policy"),
    [
        ("arn:aws:iam::123456789012:role/a", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("arn:aws-us-gov:iam::123456789012:role/a", "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"),
        ("arn:aws-cn:iam::123456789012:role/a", "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"),
    ],
)
def test_read_only_is_aws_s_own_policy_of_the_role_s_partition(arn, policy):
    assert Role("a", "b", arn, read_only=True).session_policies == (policy,)
    assert Role("a", "b", arn, policy_arns=("x",)).session_policies == ("x",)


@pytest.mark.parametrize(
    "pattern", ["arn:aws:iam::*:role/d?v", "arn:aws:iam::*:role/[a-z]ev", "arn:aws:iam::*:role/d[!x]v"]
)
def test_in_a_grants_patterns_only_a_star_is_a_wildcard(pattern):
    grant = Grant(id="1", digest="", label="", roles=(), created=0.0, role_arns=(pattern,), via="dev")
    assert not grant.allows_arn("arn:aws:iam::123456789012:role/dev")


def test_reading_only_is_a_policy_of_the_roles_partition():
    cn = Role("cn", Source("main", "profile"), "arn:aws-cn:iam::123456789012:role/r", read_only=True)
    assert cn.session_policies == ("arn:aws-cn:iam::aws:policy/ReadOnlyAccess",)
    odd = Role("odd", Source("main", "profile"), "admin", read_only=True)  # AWS refuses the role itself
    assert odd.session_policies == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
