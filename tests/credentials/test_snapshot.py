"""What a keeper remembers, and what the next one makes of it: restarts in virtual time."""

import asyncio
from dataclasses import replace

import pytest
from fake_aws import SOURCE, World, role
from msgspec import structs
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials import snapshot
from xacct.model import Credentials, Source, StsTarget
from xacct.prompts.approved import GRANT, Key

HOUR = 3600.0


@in_virtual_time
async def test_a_restart_calls_nobody_and_asks_nobody(clock):
    roles = [role("prod"), role("staging"), role("second", parent="prod", mfa_serial=None)]
    async with World(clock, roles) as world:
        world.person()
        before = {r.name: await world.login(r.name, ask=True) for r in roles}
        calls = len(world.aws.calls)
        await world.restart()
        for name, held in before.items():
            assert await world.fetch(name, ask=False) == held
        assert len(world.aws.calls) == calls


@in_virtual_time
async def test_renewals_come_when_they_would_have_come(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.hold("prod")
        due = world.keeper.node("prod").entry.renew_at
        for _ in range(10):
            await asyncio.sleep(60)
            await world.restart()
            assert world.keeper.node("prod").entry.renew_at == due
        await asyncio.sleep(due - world.aws.now() + 35)
        assert world.count("AssumeRole") == 2
        assert world.count("GetSessionToken") == 1


@in_virtual_time
async def test_ten_hours_of_restarts_ask_for_one_code(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        for _ in range(100):
            await asyncio.sleep(360)
            await world.restart()
            held = await world.fetch("prod", ask=False)
            assert world.aws.expires(held.access_key_id) - world.aws.now() > 900
        assert world.count("GetSessionToken") == 1
        assert world.count("AssumeRole") <= 24


@in_virtual_time
async def test_a_role_that_is_configured_otherwise_gets_nothing_of_the_old_one(clock):
    before = [role("prod"), role("staging"), role("second", parent="prod", mfa_serial=None)]
    async with World(clock, before) as world:
        world.person()
        for r in before:
            await world.login(r.name, ask=True)
        await world.restart([replace(before[0], external_id="new"), before[1], before[2]])
        held = {name: node.entry.held is not None for name, node in world.keeper.nodes.items()}
        assert held == {"prod": False, "staging": True, "second": False}, "the chain below a changed role goes with it"
        assert world.keeper.sessions[SOURCE, before[0].mfa_serial, StsTarget()].held is not None


@in_virtual_time
async def test_what_is_kept_of_a_role_that_was_changed_is_of_the_changed_one(clock):
    """The digest of a role's configuration is made once, and anew where that changes."""
    before = [role("prod"), role("second", parent="prod", mfa_serial=None)]
    async with World(clock, before) as world:
        for name in ("prod", "second"):
            world.keeper.node(name).entry.error = errors.Temporary("kept for that")
        old = {kept.name: kept.plan for kept in snapshot.export(world.keeper).roles}
        changed = {"prod": replace(before[0], external_id="new"), "second": before[1]}
        world.keeper.configure(changed)
        for name in ("prod", "second"):
            world.keeper.node(name).entry.error = errors.Temporary("kept for that")
        new = {kept.name: kept.plan for kept in snapshot.export(world.keeper).roles}
        assert new == {name: snapshot.plan(node.role, world.keeper.nodes) for name, node in world.keeper.nodes.items()}
        assert not set(old.values()) & set(new.values())


@in_virtual_time
async def test_what_nobody_would_miss_is_not_kept(clock):
    async with World(clock, [role("prod"), role("staging")]) as world:
        world.person()
        await world.login("prod", ask=True)
        kept = snapshot.export(world.keeper)
        assert [each.name for each in kept.roles] == ["prod"]
        assert len(kept.sessions) == 1


@in_virtual_time
async def test_another_source_is_another_session(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        await world.restart([role(parent=Source("central", "process", command="keys"))])
        assert all(session.held is None for session in world.keeper.sessions.values())
        assert world.keeper.node("prod").entry.held is None


@in_virtual_time
async def test_what_has_expired_meanwhile_is_left_behind(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        memory_of_then = snapshot.export(world.keeper)
        clock.suspend(2 * HOUR)
        world.keeper.node("prod").entry.drop()
        snapshot.restore(world.keeper, memory_of_then, same_boot=True)
        assert world.keeper.node("prod").entry.held is None
        assert world.keeper.sessions[SOURCE, role().mfa_serial, StsTarget()].held is not None


@in_virtual_time
async def test_who_had_logged_out_is_logged_out(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        world.keeper.logout(["prod"])
        await world.restart()
        with pytest.raises(errors.HumanNeeded, match="logged out"):
            await world.fetch("prod", ask=True)


@in_virtual_time
async def test_locked_stays_locked(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        world.keeper.agent_lock.lock("test")
        await world.restart()
        with pytest.raises(errors.Locked):
            await world.fetch("prod", ask=False)
        world.keeper.agent_lock.unlock()
        assert await world.fetch("prod", ask=False)


@in_virtual_time
async def test_a_yes_is_not_asked_for_again(clock):
    guarded = role(confirm="each-grant")
    async with World(clock, [guarded]) as world:
        world.keeper.approvals.approved.add(Key("prod", "a grant"), GRANT)
        await world.restart()
        assert world.keeper.approvals.admits(guarded, "a grant")
        assert not world.keeper.approvals.admits(guarded, "another")


@in_virtual_time
async def test_a_yes_to_what_the_role_was_is_asked_for_again(clock):
    guarded = role(confirm="each-grant")
    async with World(clock, [guarded]) as world:
        world.person()
        await world.login("prod", ask=True)
        world.keeper.approvals.approved.add(Key("prod", "a grant"), GRANT)
        await world.restart([role(confirm="each-grant", role_arn="arn:aws:iam::345678901234:role/another")])
        assert not world.keeper.approvals.admits(guarded, "a grant")


@in_virtual_time
async def test_what_an_older_daemon_kept_of_yeses_holds(clock):
    first, each = role("first", confirm="first-use"), role("each", confirm="each-grant")
    async with World(clock, [first, each]) as world:
        memory = snapshot.export(world.keeper)
        older = structs.replace(memory, allowed=(("first", None), ("each", "a grant"), ("each", None)))
        snapshot.restore(world.keeper, older, same_boot=False)
        admits = world.keeper.approvals.admits
        assert (admits(first, "any"), admits(each, "a grant"), admits(each, "any")) == (True, True, False)


@in_virtual_time
async def test_a_yes_is_of_the_role_as_it_is_called_in_other_files(clock):
    guarded = role(confirm="each-grant")
    async with World(clock, [guarded]) as world:
        world.keeper.approvals.approved.add(Key("prod", "a grant", "narrow"), GRANT)
        memory = snapshot.renamed(snapshot.export(world.keeper), lambda name: f"{name}#other", lambda source: source)
        assert [(yes.role, yes.consumer, yes.scope) for yes in memory.approved] == [("prod#other", "a grant", "narrow")]
        snapshot.restore(world.keeper, memory, same_boot=True)
        assert len(world.keeper.approvals.approved.all) == 1, "there is no such role here"


@in_virtual_time
async def test_a_refusal_is_of_the_role_as_it_is_called_in_other_files(clock):
    prod = role()
    async with World(clock, [prod, replace(prod, name="prod#other-1c2d3e4f")]) as world:
        world.keeper.refused.note(prod, errors.AccessDenied("not authorized"))
        memory = snapshot.renamed(
            snapshot.export(world.keeper), lambda name: f"{name}#other-1c2d3e4f", lambda source: source
        )
        world.keeper.refused.forget("prod")
        snapshot.restore(world.keeper, memory, same_boot=True)
        refusals = {name: world.keeper.refusal(node) is not None for name, node in world.keeper.nodes.items()}
        assert refusals == {"prod": False, "prod#other-1c2d3e4f": True}


@in_virtual_time
async def test_a_code_that_aws_has_answered_is_not_sent_again(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 1.0)
        await world.login("prod", ask=True)
        await world.restart()
        code = world.aws.code()
        assert world.used_codes.used(role().mfa_serial, code, world.aws.now(), clock.boot)
        await world.restart(boot_id="another boot")
        assert not world.used_codes.codes, "instants of another boot mean nothing"


@in_virtual_time
async def test_a_refusal_keeps_its_back_off(clock):
    async with World(clock, [role()]) as world:
        world.person()
        world.aws.denied.add("prod")
        with pytest.raises(errors.AccessDenied):
            await world.login("prod", ask=True)
        calls = len(world.aws.calls)
        for _ in range(5):
            await world.restart()
            with pytest.raises(errors.AccessDenied, match="not authorized"):
                await world.fetch("prod", ask=False)
            await asyncio.sleep(5)
        assert len(world.aws.calls) == calls


@in_virtual_time
async def test_observed_limits_are_not_observed_twice(clock):
    long = role("long", mfa="direct", duration=4 * 3600)
    async with World(clock, [long]) as world:
        world.person()
        await world.login("long", ask=True)
        learned = world.keeper.learned("long")
        assert learned
        await world.restart()
        assert world.keeper.learned("long") == learned


@in_virtual_time
async def test_a_role_known_by_its_arn_is_known_again(clock):
    arn = "arn:aws:iam::345678901234:role/other"
    async with World(clock, [role()]) as world:
        world.person()
        name = world.keeper.by_arn(arn, "prod")
        held = await world.fetch(name, ask=True)
        await world.restart()
        assert await world.fetch(world.keeper.by_arn(arn, "prod"), ask=False) == held
        await world.restart([role("unrelated")])
        assert set(world.keeper.nodes) == {"unrelated"}, "there is no way to it any more"


@in_virtual_time
async def test_no_part_of_a_memory_says_what_it_holds(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        remembered = snapshot.export(world.keeper)
        secrets = Credentials("ASIA000000000000", "secret", "token")
        for part in (remembered, *remembered.sessions, *remembered.roles, remembered.roles[0].entry):
            assert secrets.secret_access_key not in repr(part)
            assert "…" in repr(part)
