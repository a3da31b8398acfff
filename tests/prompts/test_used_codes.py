"""Which codes were sent: for as long as each could be the same code, whatever is done to the wall clock."""

import asyncio

import pytest
from fake_aws import SERIAL, World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials.entry import EAGER
from xacct.policy import TOTP_STEP
from xacct.prompts.used_codes import KEPT, UsedCodes

NOW = 1_800_000_000.0
OTHER = "arn:aws:iam::123456789012:mfa/other"


def test_a_code_is_used_from_its_burning_until_it_cannot_be_the_same_code():
    used_codes = UsedCodes()
    assert not used_codes.used(SERIAL, "123456", NOW, 5.0)
    used_codes.mark_used(SERIAL, "123456", 5.0)
    assert used_codes.used(SERIAL, "123456", NOW, 5.0)
    assert used_codes.used(SERIAL, "123456", NOW, 5.0 + KEPT)
    assert not used_codes.used(SERIAL, "123456", NOW, 5.1 + KEPT)
    assert not used_codes.used(SERIAL, "654321", NOW, 5.0)
    assert not used_codes.used(OTHER, "123456", NOW, 5.0)


def test_old_codes_are_not_kept_for_ever():
    used_codes = UsedCodes()
    for number in range(100):
        used_codes.mark_used(SERIAL, f"{number:06d}", number * TOTP_STEP)
    assert len(used_codes.codes[SERIAL]) <= KEPT / TOTP_STEP + 1


def test_a_restart_forgets_codes_and_waits_out_the_step_instead():
    saved = []
    UsedCodes(save=saved.append).accept(SERIAL, NOW)
    used_codes = UsedCodes()
    used_codes.resume(saved[-1])
    assert used_codes.used(SERIAL, "any one", NOW, 0.0)
    assert used_codes.fresh_at(SERIAL, NOW) == NOW + TOTP_STEP
    assert not used_codes.used(SERIAL, "any one", NOW + TOTP_STEP, 0.0)
    assert not used_codes.used(OTHER, "any one", NOW, 0.0)


def test_after_a_login_of_its_own_a_code_of_the_same_step_is_judged_by_itself():
    used_codes = UsedCodes()
    used_codes.resume({SERIAL: int(NOW // TOTP_STEP)})
    used_codes.accept(SERIAL, NOW)
    assert not used_codes.used(SERIAL, "000001", NOW, 0.0)


@pytest.mark.parametrize("step", [3600.0, -3600.0])
@in_virtual_time
async def test_setting_the_clock_brings_no_code_back(clock, step):
    """Found by test_rules.py: STS may have seen the code, answered nothing, and AWS's time was the wall clock's."""
    async with World(clock, [role()]) as world:
        world.aws.down = lambda now: errors.NetworkLost("away")
        with world.broker.subscribe():
            code = world.aws.code()
            asked = asyncio.ensure_future(world.login("prod", ask=True))
            await asyncio.sleep(0.01)
            world.broker.answer(world.broker.open_prompts[0].id, code)
            with pytest.raises(errors.NetworkLost):
                await asked
            clock.step_wall(step)
            await asyncio.sleep(EAGER + 1)
            asked = asyncio.ensure_future(world.login("prod", ask=True))
            await asyncio.sleep(0.01)
            with pytest.raises(errors.CodeUsed):
                world.broker.answer(world.broker.open_prompts[0].id, code)
            asked.cancel()
        assert [call.code for call in world.aws.calls] == [code]
