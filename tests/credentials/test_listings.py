"""Lists of accounts and permission sets, in virtual time: how many calls, at which pace, and whose sign-in."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from fake_aws import World
from fake_identity_center import CORP, LEGACY, permission_set
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials import instances, listing
from xacct.model import Role, Source
from xacct.prompts.events import PromptOpened
from xacct.signin import LISTING

BARE = Role(LISTING, Source("corp", "identity-center", sign_in=CORP))
"""What stands for an sso-session that no profile uses."""

SETS = ("Developer", "ReadOnly", "Admin")


def accounts(count, names=SETS):
    return {f"{number:012d}": names for number in range(1, count + 1)}


async def told(_listed, _total):
    """Nobody looks on."""


async def lists(world, role=BARE, *, ask=True, again=False, hears=told):
    return await world.keeper.listings.of(role, ask=ask, again=again, told=hears)


def of(world, role=None):
    """The world's own role, as one that lists are had by."""
    return replace(role or world.keeper.node("dev").role, name=LISTING)


@in_virtual_time
async def test_a_large_list_takes_a_call_for_each_page_and_each_account_and_a_few_at_once(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        portal.assigned = accounts(300)
        await world.hold("dev")
        began, heard = clock.read().boot, []

        async def hears(listed, total):
            heard.append((listed, total))

        found = await lists(world, of(world), hears=hears)
        assert [each.account.account_id for each in found.accounts] == list(portal.assigned)
        assert {each.permission_sets for each in found.accounts} == {SETS}
        assert (portal.count("ListAccounts"), portal.count("ListAccountRoles")) == (3, 300)
        assert portal.most_at_once == listing.AT_ONCE
        assert clock.read().boot - began == pytest.approx(0.1 * (3 + 300 / listing.AT_ONCE), abs=0.2)
        assert (heard[0], heard[-1], len(heard)) == ((0, 300), (300, 300), 301)


@in_virtual_time
async def test_many_permission_sets_of_an_account_are_read_to_the_last_page(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        names = tuple(f"Set{number}" for number in range(250))
        world.aws.portal.assigned = {"000000000001": names}
        [found] = (await lists(world, of(world))).accounts
        assert found.permission_sets == names
        assert world.aws.portal.count("ListAccountRoles") == 3


@in_virtual_time
async def test_a_list_without_an_end_is_given_up(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        portal.assigned, portal.page = accounts(2 * listing.MOST_PAGES), 1
        with pytest.raises(errors.AwsUnavailable, match="has no end"):
            await lists(world, of(world))
        assert portal.count("ListAccounts") == listing.MOST_PAGES


@in_virtual_time
async def test_throttling_holds_back_all_calls_for_as_long_as_it_says(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        portal.assigned = accounts(60)
        await world.hold("dev")
        throttled = errors.Throttled("slower", "")
        throttled.retry_after = 20.0
        portal.failures = [None, None, throttled]
        began = clock.read().boot
        asked = []
        call = portal._list

        async def noting(what, token):
            asked.append(clock.read().boot - began)
            await call(what, token)

        portal._list = noting
        found = await lists(world, of(world))
        assert all(each.problem is None for each in found.accounts)
        assert portal.count("ListAccountRoles") == 61, "the one that was refused once more"
        assert [at for at in asked if 1 < at < 20] == [], "nobody asked meanwhile"
        after = [at for at in asked if at >= 20]
        assert [later - sooner > 0.02 for sooner, later in pairwise(after[:4])] == [True] * 3, "and not all at once"


@in_virtual_time
async def test_throttling_that_does_not_end_is_told(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        portal.assigned = accounts(30)
        await world.hold("dev")
        portal.failures = [errors.Throttled("slower", "")] * 1000
        with pytest.raises(errors.Throttled):
            await lists(world, of(world))
        assert portal.count("ListAccounts") == listing.TRIES


@in_virtual_time
async def test_nobody_waits_for_an_hour_because_a_header_says_so(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await world.hold("dev")
        world.aws.portal.assigned = accounts(1)
        throttled = errors.Throttled("slower", "")
        throttled.retry_after = 3600.0
        world.aws.portal.failures = [throttled]
        began = clock.read().boot
        with pytest.raises(errors.Throttled):
            await lists(world, of(world))
        assert clock.read().boot - began < 2


@in_virtual_time
async def test_accounts_that_can_not_be_listed_are_said_and_the_others_listed(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        denied = errors.AccessDenied("No.", "")
        world.aws.portal.assigned = {**accounts(9), "000000000004": denied}
        found = await lists(world, of(world))
        problems = {each.account.account_id: each.problem for each in found.accounts if each.problem}
        assert problems == {"000000000004": denied}
        assert sum(len(each.permission_sets) for each in found.accounts) == 8 * len(SETS)


@in_virtual_time
async def test_a_token_that_ends_in_the_middle_costs_nothing_that_is_known(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        portal.assigned = accounts(60)
        await world.hold("dev")
        portal.failures = [None] * 40 + [errors.ParentExpired("ended", None)]
        found = await lists(world, of(world))
        assert len(found.accounts) == 60
        assert portal.count("Refresh") == 1
        assert portal.count("ListAccountRoles") <= 60 + listing.AT_ONCE


@in_virtual_time
async def test_a_list_is_kept_for_minutes_and_had_anew_on_demand(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        portal.assigned = accounts(3)
        first = await lists(world, of(world))
        assert await lists(world, of(world)) is first
        assert portal.count("ListAccounts") == 1
        assert await lists(world, of(world), again=True) is not first
        await asyncio.sleep(301)
        await lists(world, of(world))
        assert portal.count("ListAccounts") == 3


@in_virtual_time
async def test_two_that_ask_at_once_make_one_list(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.assigned = accounts(30)
        one, other = await asyncio.gather(lists(world, of(world)), lists(world, of(world)))
        assert one is other
        assert world.aws.portal.count("ListAccounts") == 1


@in_virtual_time
async def test_a_list_is_of_whoever_was_signed_in_and_goes_with_that(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        portal.assigned = accounts(1)
        await lists(world, of(world))
        world.keeper.logout_all()
        portal.assigned = accounts(2)  # somebody else's
        await world.login("dev", ask=True)
        assert len((await lists(world, of(world))).accounts) == 2


@in_virtual_time
async def test_what_was_kept_is_nobodys_after_a_logout(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.assigned = accounts(1)
        await lists(world, of(world))
        world.keeper.logout_all()
        with pytest.raises(errors.HumanNeeded, match="needs a sign-in"):
            await lists(world, of(world), ask=False)


@pytest.mark.parametrize("again", [False, True], ids=["nobody", "another"])
@in_virtual_time
async def test_what_is_listed_while_somebody_logs_out_is_nobodys(clock, again):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        portal.assigned = accounts(1)
        await world.login("dev", ask=True)
        portal.latency = 60.0
        listing = asyncio.ensure_future(lists(world, of(world)))
        await asyncio.sleep(1)
        world.keeper.logout_all()
        if again:
            await world.login("dev", ask=True)
        await asyncio.wait([listing])
        portal.latency, portal.assigned = 0.1, accounts(2)
        if again:
            assert len((await lists(world, of(world))).accounts) == 2
        else:
            with pytest.raises(errors.HumanNeeded, match="needs a sign-in"):
                await lists(world, of(world), ask=False)


@in_virtual_time
async def test_an_instance_that_no_profile_uses_can_be_signed_in_to_and_its_first_profile_needs_no_other(clock):
    async with World(clock, [permission_set("old", LEGACY)]) as world:
        roles = {"old": permission_set("old", LEGACY)}
        world.keeper.configure(roles, None, [BARE])
        world.person()
        portal = world.aws.portal
        portal.assigned = accounts(2)
        seen = []
        world.events.call(PromptOpened, lambda event: seen.append((event.prompt.sign_in, event.prompt.roles)))
        await lists(world)
        assert seen == [("corp", (LISTING,))]
        world.keeper.configure(roles, None, [BARE])  # something else in the files has changed
        world.keeper.configure({**roles, "dev": permission_set()}, None, [BARE])
        await world.login("dev", ask=False)
        assert portal.count("StartDeviceAuthorization") == 1
        world.keeper.configure(roles, None, [])  # the session is gone, too
        world.keeper.configure({**roles, "dev": permission_set()}, None, [BARE])
        with pytest.raises(errors.HumanNeeded):
            await world.login("dev", ask=False)


@in_virtual_time
async def test_a_prompt_for_a_list_names_no_role_that_nobody_asked_for(clock):
    async with World(clock, [permission_set(f"r{number}") for number in range(5)]) as world:
        world.person()
        world.aws.portal.assigned = accounts(1)
        seen = []
        world.events.call(PromptOpened, lambda event: seen.append(event.prompt.roles))
        role = world.keeper.node("r0").role
        await lists(world, of(world, role))
        world.keeper.logout_all()
        await asyncio.gather(lists(world, of(world, role)), world.login("r3", ask=True))
        assert seen == [(LISTING,), ("r3", LISTING)]


@in_virtual_time
async def test_where_nobody_may_be_asked_it_says_how_to_sign_in(clock):
    async with World(clock, [permission_set()]) as world:
        with pytest.raises(errors.HumanNeeded) as caught:
            await lists(world, of(world), ask=False)
        assert "aws sso login --sso-session corp" in caught.value.hint


@in_virtual_time
async def test_nothing_is_listed_while_the_agent_is_locked(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.assigned = accounts(1)
        await lists(world, of(world))
        world.keeper.agent_lock.lock("asked to")
        with pytest.raises(errors.Locked):
            await lists(world, of(world))


# Which instance is meant.


def bare(name, url="https://corp.awsapps.com/start"):
    sign_in = replace(CORP, name=name, start_url=url)
    return Role(LISTING, Source(name, "identity-center", sign_in=sign_in))


def label(named, roles, sessions=()):
    return instances.chosen(named, instances.candidates(roles, sessions)).parent.sign_in.label


def test_the_only_instance_needs_no_name():
    assert label(None, [permission_set()]) == "corp"
    assert label(None, [permission_set()], [bare("corp")]) == "corp"
    assert label(None, [permission_set("old", LEGACY)]) == LEGACY.start_url


def test_a_session_goes_before_profiles_that_name_its_start_url_themselves():
    old = permission_set("old", replace(LEGACY, start_url="https://CORP.awsapps.com/start/#/"))
    assert label(None, [old, permission_set()]) == "corp"
    assert label("https://corp.awsapps.com/start/", [old, permission_set()]) == "corp"


def test_it_is_found_by_its_name_and_by_its_start_url():
    roles = [permission_set(), permission_set("old", LEGACY)]
    assert label("corp", roles) == "corp"
    assert label("https://old.awsapps.com/start", roles) == LEGACY.start_url
    assert label("new", roles, [bare("new", "https://new.awsapps.com/start")]) == "new"


@pytest.mark.parametrize(
    ("named", "roles", "says", "hint"),
    [
        (None, [], "leads to IAM Identity Center", "aws configure sso"),
        (None, [permission_set(), permission_set("old", LEGACY)], "several instances", "corp, https://old"),
        ("nope", [permission_set()], "no sso-session 'nope'", "There is: corp"),
        ("", [permission_set()], "no sso-session ''", "There is: corp"),
    ],
)
def test_what_can_not_be_told_is_said_with_what_there_is(named, roles, says, hint):
    with pytest.raises(errors.BadInput) as caught:
        label(named, roles)
    assert says in caught.value.sentence
    assert hint in caught.value.hint


@pytest.mark.parametrize("named", [None, "https://corp.awsapps.com/start"])
def test_two_sessions_of_one_start_url_are_told_apart_by_name_alone(named):
    sessions = [bare("one"), bare("two")]
    assert label("two", [], sessions) == "two"
    with pytest.raises(errors.BadInput, match="several"):
        label(named, [], sessions)
