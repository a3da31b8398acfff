"""What profiles of accounts are called: names that every AWS tool reads alike, and no two that are the same."""

import re

import pytest
from botocore.configloader import load_config
from hypothesis import given
from hypothesis import strategies as st

from xacct.ctl import profile_names
from xacct.ctl.failure import CtlError
from xacct.ctl.profile_names import PermissionSet

ONE = PermissionSet("111122223333", "Team A", "Developer")


def name(template, one=ONE, session="corp"):
    profile_names.check(template)
    return profile_names.name_of(template, session, one)


@pytest.mark.parametrize(
    ("template", "made"),
    [
        (profile_names.TEMPLATE, "team-a.developer"),
        ("{account_name}.{account_id}.{role}", "team-a.111122223333.developer"),
        ("{session}/{role}@{account_name}", "corp/developer@team-a"),
        ("x-{account_id}", "x-111122223333"),
    ],
)
def test_a_template_is_filled_in(template, made):
    assert name(template) == made


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("Team  A", "team-a"),
        ("R&D (old)", "r-d-old"),
        ("Zürich", "zurich"),
        ("a]\n[default", "a-default"),
        ("..", ""),
        ("東京", ""),
        ("--x--", "x"),
        ("prod#b-12345678", "prod-b-12345678"),
    ],
)
def test_what_can_not_stand_in_a_heading_becomes_a_dash(said, made):
    assert profile_names.slug(said) == made


def test_an_account_whose_name_leaves_nothing_goes_by_its_number():
    assert name(profile_names.TEMPLATE, ONE._replace(account_name="東京")) == "111122223333.developer"


def test_a_start_url_is_a_session_too():
    assert name("{session}.{role}", session="https://d-1.awsapps.com/start") == "d-1.awsapps.com/start.developer"


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{nope}.{role}", "no field {nope}"),
        ("{}", "no field {}"),
        ("{role!r}", "no field {role}"),
        ("{role:>99999999}", "no field {role}"),
        ("{role.__class__}", "no field {role.__class__}"),
        ("{role", "brace"),
        ("role}", "brace"),
        ("{role} x", "' '"),
        ("{role}]", "']'"),
        ("[{role}", "'['"),
        ("Prod.{role}", "'P'"),
        ("prod", "all profiles would have one name"),
        ("", "all profiles would have one name"),
    ],
)
def test_a_template_that_can_not_be_meant_is_refused_in_a_sentence(template, says):
    with pytest.raises(CtlError) as caught:
        profile_names.check(template)
    assert says in caught.value.sentence
    assert "{account_name}" in caught.value.hint
    assert caught.value.status == 2


def test_nothing_is_called_default_which_is_everybodys_profile():
    with pytest.raises(CtlError, match="'default'"):
        name("{account_name}", ONE._replace(account_name="Default"))


def test_two_of_one_name_are_refused_and_both_are_named():
    with pytest.raises(CtlError) as caught:
        profile_names.of_all("{account_name}", "corp", [ONE, ONE._replace(role="Admin")])
    assert "Developer in 111122223333 (Team A), and Admin in 111122223333" in caught.value.sentence
    assert "{account_id}" in caught.value.hint


TEXT = st.text(max_size=20)


@given(TEXT, st.from_regex(r"[\w+=,.@-]{1,32}", fullmatch=True), TEXT)
def test_whatever_accounts_are_called_every_tool_reads_the_same_name(tmp_path_factory, account, role, session):
    try:
        made = name("{session}/{account_name}.{role}", ONE._replace(account_name=account, role=role), session)
    except CtlError:
        return
    assert re.fullmatch(r"[a-z0-9_.@+=,/-]+", made)
    file = tmp_path_factory.getbasetemp() / "config"
    file.write_text(f"[profile {made}]\nregion = x\n")
    assert list(load_config(str(file))["profiles"]) == [made]
