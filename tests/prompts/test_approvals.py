"""Guarded roles: who is asked what, how often, and what a yes and a no are worth."""

import asyncio
from dataclasses import replace

import pytest
from fake_aws import SOURCE, World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.asker import Asker
from xacct.desktop import dialogs
from xacct.model import Grant
from xacct.prompts.approvals import AT_ONCE
from xacct.prompts.broker import DECLINED_FOR, GRACE

FIRST = role("first", confirm="first-use")
EACH = role("each", confirm="each-grant")
ROLES = [role(), FIRST, EACH]


async def admit(world, name, consumer, label, process=""):
    grant = Grant(consumer, "", label, ("prod", "first", "each"), 0.0)
    await world.service.allow(name, grant, lambda: process)


def ask(world, name, consumer="g1", label="a shell"):
    return asyncio.ensure_future(admit(world, name, consumer, label))


async def prompt(world):
    await asyncio.sleep(0.1)
    [only] = world.broker.open_prompts
    return only


async def allow(world, name, consumer="g1"):
    waiting = ask(world, name, consumer)
    world.broker.confirm((await prompt(world)).id)
    await waiting


@in_virtual_time
async def test_the_prompt_says_who_wants_what(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = ask(world, "first", label="exec terraform 7")
            asked = await prompt(world)
            assert (asked.kind, asked.roles, asked.label) == ("confirm", ("first",), "exec terraform 7")
            world.broker.confirm(asked.id)
            await waiting
            assert world.broker.open_prompts == []


@in_virtual_time
@pytest.mark.parametrize(("process", "who"), [("", "ls"), ("pid 7, /bin/ls", "ls (pid 7, /bin/ls)")])
async def test_the_prompt_names_the_process_where_it_is_known(clock, process, who):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = asyncio.ensure_future(admit(world, "first", "g1", "ls", process))
            asked = await prompt(world)
            assert asked.who == who
            first, *rest = dialogs.text(asked).splitlines()
            assert first == "Let a program use the role first?"
            allows = "Allows: all that the role may do in account 234567890123"
            assert rest == [*["It calls itself: ls", "Process: pid 7, /bin/ls"][: 1 + bool(process)], allows]
            waiting.cancel()


@in_virtual_time
async def test_first_use_takes_one_yes_for_all_until_the_logout(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            await allow(world, "first")
            await admit(world, "first", "g2", "another")
            assert world.broker.open_prompts == []
            world.keeper.logout(["first"])
            world.keeper.consents.give("first")
            waiting = ask(world, "first")
            world.broker.confirm((await prompt(world)).id)
            await waiting


@in_virtual_time
async def test_each_grant_takes_a_yes_of_its_own_which_a_logout_leaves(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            await allow(world, "each", "g1")
            await allow(world, "each", "g2")
            world.keeper.logout_all()
            world.keeper.consents.give("each")
            await admit(world, "each", "g1", "a shell")
            world.keeper.approvals.keep({"g2"})
            await admit(world, "each", "g2", "another")
            assert not world.keeper.approvals.admits(EACH, "g1")  # the grant is gone, and so is what was said of it


@in_virtual_time
async def test_what_is_not_guarded_asks_nobody(clock):
    async with World(clock, ROLES) as world:
        await admit(world, "prod", "g1", "a shell")
        assert not world.broker.open_prompts


@in_virtual_time
async def test_however_many_wait_there_is_one_prompt(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = [ask(world, "each", "g1") for _ in range(50)]
            world.broker.confirm((await prompt(world)).id)
            await asyncio.gather(*waiting)
            both = [ask(world, "each", "g2"), ask(world, "each", "g3"), ask(world, "first", "g2")]
            await asyncio.sleep(0.1)
            assert len(world.broker.open_prompts) == 3
            for asked in world.broker.open_prompts:
                world.broker.confirm(asked.id)
            await asyncio.gather(*both)


@in_virtual_time
async def test_a_crowd_is_asked_about_in_turn(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            opened = []
            # who asks is looked up in a thread first: only those of one batch are surely before those of the next
            waiting = []
            for batch in range(3):
                waiting += [ask(world, "each", f"g{batch * AT_ONCE + number}") for number in range(AT_ONCE)]
                await asyncio.sleep(0.1)
                assert len(world.broker.open_prompts) == AT_ONCE
            for gone in waiting[AT_ONCE : 2 * AT_ONCE]:
                gone.cancel()
            await asyncio.sleep(GRACE + 1)
            while prompts := world.broker.open_prompts:
                opened += [asked.permission.consumer for asked in prompts]
                for asked in prompts:
                    world.broker.confirm(asked.id)
                await asyncio.sleep(0.1)
            await asyncio.gather(*waiting, return_exceptions=True)
            first, then = set(opened[:AT_ONCE]), set(opened[AT_ONCE:])
            assert first == {f"g{number}" for number in range(AT_ONCE)}
            assert then == {f"g{number}" for number in range(2 * AT_ONCE, 3 * AT_ONCE)}
            assert len(opened) == 2 * AT_ONCE


@in_virtual_time
async def test_who_waits_for_a_turn_is_told_that_nobody_said_yes(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            crowd = [ask(world, "each", f"g{number}") for number in range(AT_ONCE)]
            await asyncio.sleep(0.1)
            with pytest.raises(errors.TimedOut, match="Nobody confirmed"):
                await world.fetch("first", ask=True, patience=5.0)
            for each in crowd:
                each.cancel()


@in_virtual_time
async def test_no_is_a_refusal_and_holds_for_a_moment(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = [ask(world, "each"), ask(world, "each")]
            world.broker.decline((await prompt(world)).id)
            for outcome in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(outcome, errors.Declined)
                assert "'a shell'" in outcome.sentence
            with pytest.raises(errors.Declined):
                await admit(world, "each", "g1", "a shell")
            await allow(world, "each", "g2")  # another grant is another prompt
            await asyncio.sleep(DECLINED_FOR)
            await allow(world, "each", "g1")


@in_virtual_time
async def test_who_logs_in_after_a_no_is_asked_again(clock):
    async with World(clock, ROLES) as world:
        world_person = world.broker.subscribe()
        with world_person:
            waiting = ask(world, "first")
            world.broker.decline((await prompt(world)).id)
            await asyncio.gather(waiting, return_exceptions=True)
            world.person(think=lambda: 1.0)
            await world.login("prod", ask=True)
            with pytest.raises(errors.Declined):
                await admit(world, "first", "g1", "a shell")
            await world.login("first", ask=True)
            await allow(world, "first")


@in_virtual_time
async def test_with_nobody_to_ask_that_is_said_at_once(clock):
    async with World(clock, ROLES) as world:
        before = clock.boot
        with pytest.raises(errors.NobodyToAsk):
            await admit(world, "first", "g1", "a shell")
        with world.broker.subscribe(frozenset({FIRST.mfa_serial})), pytest.raises(errors.NobodyToAsk):
            await admit(world, "first", "g1", "a shell")  # a login that minds its device only
        assert clock.boot == before
        with world.broker.subscribe(frozenset({"first"})):
            await allow(world, "first")


@in_virtual_time
async def test_the_prompt_goes_when_nobody_waits_any_more(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = ask(world, "each")
            await prompt(world)
            waiting.cancel()
            await asyncio.sleep(GRACE - 0.5)
            assert world.broker.open_prompts
            again = ask(world, "each")  # an SDK's next try finds the same prompt
            await asyncio.sleep(GRACE)
            world.broker.confirm((await prompt(world)).id)
            await again
            other = ask(world, "each", "g2")
            await prompt(world)
            other.cancel()
            await asyncio.sleep(GRACE + 1)
            assert world.broker.open_prompts == []


@in_virtual_time
async def test_a_logout_ends_the_prompt_and_tells_who_waits(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = ask(world, "each")
            await prompt(world)
            world.keeper.logout(["each"])
            with pytest.raises(errors.HumanNeeded, match="logged out"):
                await waiting
            assert world.broker.open_prompts == []


@in_virtual_time
async def test_a_logout_as_a_question_begins_leaves_nothing_behind(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = asyncio.ensure_future(world.fetch("first", ask=True))
            while not world.keeper.approvals.asks("first"):
                await asyncio.sleep(0)
            world.keeper.logout(["first"])
            with pytest.raises(errors.HumanNeeded, match="logged out"):
                await waiting
            assert not world.keeper.approvals.asks("first")
            world.person(think=lambda: 1.0)
            login = asyncio.ensure_future(world.login("first", ask=True))
            await asyncio.sleep(10)
            await login
            again = asyncio.ensure_future(world.fetch("first", ask=True))
            world.broker.confirm((await prompt(world)).id)
            await again


@in_virtual_time
async def test_locking_turns_away_who_waits_for_a_yes(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = ask(world, "each")
            await prompt(world)
            world.keeper.agent_lock.lock("test")
            with pytest.raises(errors.Locked):
                await waiting
            with pytest.raises(errors.Locked):
                await admit(world, "prod", "g1", "a shell")


@in_virtual_time
async def test_a_prompt_wants_its_own_kind_of_answer(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = ask(world, "each")
            asked = await prompt(world)
            with pytest.raises(errors.BadInput, match="yes or no"):
                world.broker.answer(asked.id, "123456")
            world.broker.confirm(asked.id)
            with pytest.raises(errors.PromptNotOpen):
                world.broker.confirm(asked.id)
            await waiting
            fetching = asyncio.ensure_future(world.fetch("prod", ask=True))
            with pytest.raises(errors.BadInput, match="MFA code"):
                world.broker.confirm((await prompt(world)).id)
            fetching.cancel()


@in_virtual_time
async def test_a_role_that_left_the_configuration_takes_its_yes_along(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            await allow(world, "first")
            world.keeper.configure({"prod": role()})
            world.keeper.configure({r.name: r for r in ROLES})
            assert not world.keeper.approvals.admits(FIRST, "g1")


ARN = "arn:aws:iam::345678901234:role/x"


@pytest.mark.parametrize("first", [{}, {"read_only": True}, {"policy": "{}"}], ids=str)
@in_virtual_time
async def test_a_yes_is_to_what_the_role_was_when_it_was_said(clock, first):
    def roles(**more):
        return {each.name: replace(each, **more) for each in ROLES}

    async with World(clock, [*roles(**first).values()]) as world:
        with world.broker.subscribe():
            await allow(world, "first")
            await allow(world, "each")
            admits = world.keeper.approvals.admits
            world.keeper.configure(roles(**first, region="eu-west-1"))
            assert admits(FIRST, "g1")
            assert admits(EACH, "g1")
            waiting = ask(world, "each", "g2")
            await prompt(world)
            world.keeper.configure(roles() if first else roles(role_arn=ARN))
            assert not admits(FIRST, "g1")
            assert not admits(EACH, "g1")
            with pytest.raises(errors.Temporary, match="configured anew"):
                await waiting


@in_virtual_time
async def test_nobody_is_asked_about_what_a_role_was_while_it_was_looked_up_who_asks(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():

            async def slow():
                world.keeper.configure({each.name: replace(each, role_arn=ARN) for each in ROLES})
                return Asker("pid 7, /bin/ls")

            grant = Grant("g1", "", "a shell", ("first",), 0.0)
            waiting = asyncio.ensure_future(world.service.allow("first", grant, asker=slow))
            await asyncio.sleep(0.1)
            assert world.broker.open_prompts == []
            with pytest.raises(errors.Temporary, match="configured anew"):
                await waiting


INLINE = '{"Version": "2012-10-17", "Statement": []}'


@pytest.mark.parametrize(
    ("via", "named", "confirm", "read_only", "policy"),
    [
        ({}, [], None, False, None),
        ({"confirm": "first-use"}, [], "first-use", False, None),
        ({"confirm": "first-use"}, [{"confirm": "each-grant"}], "each-grant", False, None),
        ({}, [{"confirm": "each-grant"}, {}], "each-grant", False, None),
        ({"confirm": "each-grant"}, [{"confirm": "each-use"}], "each-use", False, None),
        ({"confirm": "each-use"}, [{"confirm": "first-use"}], "each-use", False, None),
        ({"read_only": True}, [], None, True, None),
        ({}, [{}, {"read_only": True}], None, True, None),
        ({}, [{"policy": INLINE}], None, False, INLINE),
        ({"policy": INLINE}, [], None, False, None),  # made for the other role
        ({"read_only": True}, [{"read_only": True}], None, True, None),
    ],
)
def test_naming_a_role_by_its_arn_is_no_way_around_its_guard(clock, via, named, confirm, read_only, policy):
    @in_virtual_time
    async def test(clock):
        others = [role(f"named{n}", role_arn=ARN, **more) for n, more in enumerate(named)]
        async with World(clock, [role(**via), *others]) as world:
            made = world.keeper.node(world.keeper.by_arn(ARN, "prod")).role
            assert (made.confirm, made.read_only, made.policy) == (confirm, read_only, policy)
            assert made.parent == SOURCE

    test(clock=clock)


@in_virtual_time
async def test_two_limits_that_aws_would_add_up_are_refused(clock):
    limited = role("limited", role_arn=ARN, policy=INLINE)
    async with World(clock, [role(read_only=True), limited]) as world:
        with pytest.raises(errors.ConfigError):
            world.keeper.by_arn(ARN, "prod")
        assert len(world.keeper.dynamic) == 0
        world.keeper.configure({"prod": role()})
        name = world.keeper.by_arn(ARN, "prod")
        world.keeper.configure({"prod": role(read_only=True), "limited": limited})
        assert name not in world.keeper.nodes


HOW = {
    "source_identity": "alice",
    "tags": (("team", "x"),),
    "transitive_tag_keys": ("team",),
    "external_id": "theirs",
    "duration": 1800,
    "mfa": "direct",
    "mfa_max_age": 900.0,
    "session_name": "me",
}


def how(made):
    return {key: getattr(made, key) for key in HOW}


@in_virtual_time
async def test_naming_a_role_by_its_arn_drops_nothing_that_was_said_of_it(clock):
    named, via = role("named", role_arn=ARN, **HOW), role(external_id="ours", source_identity="bob", mfa_max_age=60.0)
    async with World(clock, [via, named]) as world:
        for way in ("named", "prod"):
            assert how(world.keeper.node(world.keeper.by_arn(ARN, way)).role) == HOW
        other = world.keeper.node(world.keeper.by_arn(ARN.replace("role/x", "role/y"), "prod")).role
        assert (other.source_identity, other.mfa_max_age) == ("bob", 60.0), "what narrows the way stays"
        assert other.external_id is None, "that is for another role's owner"


@in_virtual_time
async def test_an_arn_that_is_configured_in_several_ways_is_refused(clock):
    roles = [role(), role("one", role_arn=ARN), role("two", role_arn=ARN, external_id="x")]
    async with World(clock, roles) as world:
        with pytest.raises(errors.ConfigError, match="as one and two"):
            world.keeper.by_arn(ARN, "prod")
        assert world.keeper.node(world.keeper.by_arn(ARN, "two")).role.external_id == "x"


@in_virtual_time
async def test_a_question_that_is_withdrawn_before_it_began_is_asked_anew(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = ask(world, "first")
            while not world.keeper.approvals.asks("first"):
                await asyncio.sleep(0)
            world.keeper.approvals.log_out("first", errors.Declined("You have logged out.", ""))
            with pytest.raises(errors.Declined):
                await waiting
            await allow(world, "first")
