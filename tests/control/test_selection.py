"""Which roles words mean."""

import pytest

from xacct import errors
from xacct.control.selection import Selection
from xacct.model import Role, Source
from xacct.signin import SignIn

MAIN = Source("main", "profile")
SIGN_IN = SignIn("corp", "https://corp.awsapps.com/start", "eu-central-1")


def arn(account, name):
    return f"arn:aws:iam::{account}:role/{name}"


def permission_set(account, name):
    return Source("x", "identity-center", sign_in=SIGN_IN, account=account, permission_set=name)


ROLES = {
    role.name: role
    for role in (
        Role("prod", MAIN, arn("111111111111", "admin/Deploy")),
        Role("cust-b", MAIN, arn("222222222222", "Admin")),
        Role("cust-a", MAIN, arn("333333333333", "Admin")),
        Role("cust-a-ro", MAIN, arn("333333333333", "ReadOnly")),
        Role("again", MAIN, arn("333333333333", "ReadOnly")),
        Role("sso", permission_set("444444444444", "Admin")),
        Role("keys", MAIN),
        Role("odd[1]", MAIN),
        Role("@odd", MAIN),
    )
}
ALIASES = {"p": "prod", "keys": "prod", "gone": "nowhere"}
ACCOUNTS = {"111111111111": "payments", "333333333333": "cust a"}
GROUPS = {
    "customers": ("cust-?", "prod"),
    "all": ("@customers", "sso", "cust-a"),
    "circle": ("prod", "@round"),
    "round": ("@circle",),
    "stale": ("prod", "nowhere"),
    "odd": ("prod",),
}


def of(*words):
    return Selection(ROLES, ALIASES, GROUPS, accounts=ACCOUNTS).of(words)


@pytest.mark.parametrize(
    ("word", "roles"),
    [
        ("prod", ["prod"]),
        ("p", ["prod"]),
        ("cust-*", ["cust-b", "cust-a", "cust-a-ro"]),
        ("cust-[ab]", ["cust-b", "cust-a"]),
        ("@customers", ["cust-b", "cust-a", "prod"]),
        ("@all", ["cust-b", "cust-a", "prod", "sso"]),
        (arn("222222222222", "Admin"), ["cust-b"]),
        (arn("*", "Admin"), ["cust-b", "cust-a"]),
        ("111111111111:Deploy", ["prod"]),
        ("111111111111:admin/Deploy", ["prod"]),
        ("444444444444:Admin", ["sso"]),
        ("payments:Deploy", ["prod"]),
        ("cust a:Admin", ["cust-a"]),
        ("pay*:*", ["prod"]),
        ("*:Admin", ["cust-b", "cust-a", "sso"]),
        ("333333333333:*", ["cust-a", "cust-a-ro", "again"]),
        ("keys", ["keys"]),
        ("odd[1]", ["odd[1]"]),
        ("@odd", ["@odd"]),
    ],
)
def test_a_word_means(word, roles):
    assert of(word) == roles


def test_a_roles_name_means_that_role_whatever_is_called_so_besides():
    assert of("keys", "@odd") == ["keys", "@odd"]


def test_words_mean_each_role_once_in_their_own_order():
    assert of("sso", "cust-*", "prod", "sso", "@customers") == ["sso", "cust-b", "cust-a", "cust-a-ro", "prod"]


@pytest.mark.parametrize(
    ("word", "sentence", "hint"),
    [
        ("prdo", "There is no role 'prdo'.", "Did you mean 'prod'?"),
        ("CUST-*", "There is no role 'CUST-*'.", "xacctctl roles"),
        ("@custommers", "There is no group @custommers.", "@customers"),
        ("@stale", "There is no role 'nowhere'. The group @stale names it.", ""),
        ("gone", "There is no role 'nowhere'. 'gone' of [aliases] in config.toml stands for 'nowhere'.", ""),
        ("555555555555:Admin", "There is no role '555555555555:Admin'.", ""),
        ("", "There is no role ''.", ""),
    ],
)
def test_a_word_that_means_nothing_is_refused(word, sentence, hint):
    with pytest.raises(errors.UnknownRole) as refused:
        of("prod", word)
    assert refused.value.sentence == sentence
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize("word", ["333333333333:ReadOnly", arn("333333333333", "ReadOnly")])
def test_a_word_without_a_wildcard_means_one_role_or_is_refused(word):
    with pytest.raises(errors.BadInput, match="may mean any of 2 roles: cust-a-ro, again"):
        of(word)


def test_a_group_that_leads_back_to_itself_is_refused():
    with pytest.raises(errors.BadInput, match="@circle leads back to itself"):
        of("@circle")
