"""What `accounts sync` makes of a list: which profiles come, go, stay, and are left alone."""

import pytest

from xacct.ctl import accounts_plan, block
from xacct.ctl.accounts_plan import Entry, Listed, Plan, SignIn, Wishes
from xacct.ctl.failure import CtlError
from xacct.ctl.profile_names import PermissionSet

CORP = SignIn("corp", "https://corp.awsapps.com/start", "eu-central-1")
OTHER = SignIn("other", "https://other.awsapps.com/start", "eu-central-1")
OLD = SignIn("", "https://old.awsapps.com/start", "us-east-1")
A, B, C = "111122223333", "444455556666", "777788889999"


def listed(*pairs, failed=()):
    names = {A: "Team A", B: "Team B", C: "Team C"}
    return Listed(tuple(PermissionSet(account, names[account], role) for account, role in pairs), frozenset(failed))


def entry(name, account=A, role="Developer", sign_in=CORP, **more):
    return Entry(name, sign_in, account, role, **more)


def plan(before, there, *, outside=(), sign_in=CORP, prune=False, template=None, region=None, wanted=None, services=""):
    wishes = Wishes(template, region, wanted or (lambda _: True), prune, services)
    return accounts_plan.plan(before, set(outside), sign_in, there, wishes)


def names(made):
    return [one.profile for one in made.entries]


def test_each_permission_set_gets_a_profile_in_the_order_of_their_names():
    made = plan([], listed((B, "Developer"), (A, "Developer"), (A, "Admin")), region="eu-west-1")
    assert names(made) == ["team-a.admin", "team-a.developer", "team-b.developer"]
    assert {one.region for one in made.entries} == {"eu-west-1"}


def test_a_second_run_changes_nothing():
    first = plan([], listed((B, "Developer"), (A, "Developer")), region="eu-west-1", services="local")
    assert plan(first.entries, listed((A, "Developer"), (B, "Developer"))) == first


def test_what_is_listed_no_more_stays_and_goes_only_if_asked_for():
    before = [entry("a"), entry("b", B)]
    assert plan(before, listed((A, "Developer"))) == Plan(tuple(before), stale=("b",))
    assert plan(before, listed((A, "Developer")), prune=True) == Plan((before[0],), gone=("b",))


def test_nothing_of_an_account_goes_that_could_not_be_listed():
    before = [entry("a"), entry("a2", A, "Admin"), entry("b", B)]
    made = plan(before, listed(failed=[A]), prune=True)
    assert made == Plan((before[0], before[1]), gone=("b",), unknown=("a", "a2"))


def test_profiles_of_other_sessions_are_nobodys_business():
    before = [entry("x", C, sign_in=OTHER), entry("y", C, sign_in=OLD), entry("b", B)]
    made = plan(before, listed((A, "Developer")), prune=True)
    assert names(made) == ["x", "y", "team-a.developer"]
    assert made.gone == ("b",)


def test_patterns_say_what_is_added_and_not_what_goes():
    before = [entry("b", B), entry("c", C)]
    there = listed((A, "Developer"), (A, "Admin"), (B, "Developer"))
    made = plan(before, there, prune=True, wanted=lambda one: one.role == "Admin", region="eu-west-1")
    assert made.entries == (before[0], entry("team-a.admin", A, "Admin", region="eu-west-1"))
    assert made.gone == ("c",)


def test_a_name_that_somebody_elses_profile_has_is_left_alone():
    made = plan([], listed((A, "Developer"), (B, "Developer")), outside=["team-a.developer"])
    assert (names(made), made.foreign) == (["team-b.developer"], ("team-a.developer",))


def test_one_of_ours_goes_where_somebody_has_made_their_own_of_that_name():
    """AWS's tools read no file that has one twice."""
    made = plan([entry("a"), entry("x", sign_in=OTHER)], listed((A, "Developer")), outside=["a", "x"])
    assert names(made) == ["team-a.developer"]
    assert made.foreign == ("a", "x")


def test_names_stay_until_a_template_is_said():
    before = [entry("mine", region="eu-west-1")]
    there = listed((A, "Developer"))
    assert plan(before, there).entries == tuple(before)
    assert plan(before, there, template="{account_id}").entries == (entry(A, region="eu-west-1"),)
    made = plan(before, there, template="{account_id}", outside=[A])
    assert (made.entries, made.foreign) == (tuple(before), (A,))


def test_a_region_stays_until_another_is_said():
    before = [entry("a", region="eu-west-1")]
    assert plan(before, listed((A, "Developer")), region="us-east-1").entries == (entry("a", region="us-east-1"),)


@pytest.mark.parametrize("other", [entry("team-a.developer", B, sign_in=OTHER), entry("team-a.developer", B)])
def test_a_name_that_another_of_ours_has_is_refused_and_both_are_named(other):
    with pytest.raises(CtlError) as caught:
        plan([other], listed((A, "Developer")))
    assert A in caught.value.sentence
    assert B in caught.value.sentence
    assert "{account_id}" in caught.value.hint


@pytest.mark.parametrize(
    "one",
    [
        entry("a"),
        entry("a/b.c@d", region="eu-west-1", services="local"),
        entry("old", sign_in=OLD),
        entry("old", sign_in=OLD, region="eu-west-1"),
    ],
)
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_what_is_written_is_read_again(one, eol):
    content = block.with_block(block.cut(f"[default]{eol}".encode(), block.ACCOUNTS), block.ACCOUNTS, [one.lines()] * 2)
    [first, second] = accounts_plan.entries(block.cut(content, block.ACCOUNTS).body)
    read = one if one.sign_in.session == "" else one._replace(sign_in=SignIn("corp", "", ""))
    assert first == second == read
    assert first.of(one.sign_in)


def test_what_is_no_profile_of_ours_in_the_block_is_none():
    assert list(accounts_plan.entries("[profile x]\nregion = y\n\n[other]\nsso_session = corp\n")) == []


def test_a_start_url_is_the_same_with_what_people_copy_along():
    one = entry("old", sign_in=OLD._replace(start_url="https://OLD.awsapps.com/start/#/"))
    assert one.of(OLD)
    assert not one.of(CORP)
    assert not entry("a").of(OLD)
