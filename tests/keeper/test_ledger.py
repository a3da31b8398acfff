"""Which codes were sent: for as long as each could be the same code, whatever is done to the wall clock."""

import asyncio

import pytest
from fake_aws import SERIAL, World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.keeper.lease import EAGER
from xacct.keeper.ledger import KEPT, Ledger
from xacct.policy import TOTP_STEP

NOW = 1_800_000_000.0
OTHER = "arn:aws:iam::123456789012:mfa/other"


def test_a_code_is_used_from_its_burning_until_it_cannot_be_the_same_code():
    ledger = Ledger()
    assert not ledger.used(SERIAL, "123456", NOW, 5.0)
    ledger.burn(SERIAL, "123456", 5.0)
    assert ledger.used(SERIAL, "123456", NOW, 5.0)
    assert ledger.used(SERIAL, "123456", NOW, 5.0 + KEPT)
    assert not ledger.used(SERIAL, "123456", NOW, 5.1 + KEPT)
    assert not ledger.used(SERIAL, "654321", NOW, 5.0)
    assert not ledger.used(OTHER, "123456", NOW, 5.0)


def test_old_codes_are_not_kept_for_ever():
    ledger = Ledger()
    for number in range(100):
        ledger.burn(SERIAL, f"{number:06d}", number * TOTP_STEP)
    assert len(ledger.codes[SERIAL]) <= KEPT / TOTP_STEP + 1


def test_a_restart_forgets_codes_and_waits_out_the_step_instead():
    saved = []
    Ledger(save=saved.append).accept(SERIAL, NOW)
    ledger = Ledger()
    ledger.resume(saved[-1])
    assert ledger.used(SERIAL, "any one", NOW, 0.0)
    assert ledger.fresh_at(SERIAL, NOW) == NOW + TOTP_STEP
    assert not ledger.used(SERIAL, "any one", NOW + TOTP_STEP, 0.0)
    assert not ledger.used(OTHER, "any one", NOW, 0.0)


def test_after_a_login_of_its_own_a_code_of_the_same_step_is_judged_by_itself():
    ledger = Ledger()
    ledger.resume({SERIAL: int(NOW // TOTP_STEP)})
    ledger.accept(SERIAL, NOW)
    assert not ledger.used(SERIAL, "000001", NOW, 0.0)


@pytest.mark.parametrize("step", [3600.0, -3600.0])
@in_virtual_time
async def test_setting_the_clock_brings_no_code_back(clock, step):
    """Found by test_rules.py: STS may have seen the code, answered nothing, and AWS's time was the wall clock's."""
    async with World(clock, [role()]) as world:
        world.aws.down = lambda now: errors.NetworkLost("away")
        with world.desk.attend():
            code = world.aws.code()
            asked = asyncio.ensure_future(world.login("prod", ask=True))
            await asyncio.sleep(0.01)
            world.desk.answer(world.desk.questions[0].id, code)
            with pytest.raises(errors.NetworkLost):
                await asked
            clock.step_wall(step)
            await asyncio.sleep(EAGER + 1)
            asked = asyncio.ensure_future(world.login("prod", ask=True))
            await asyncio.sleep(0.01)
            with pytest.raises(errors.CodeUsed):
                world.desk.answer(world.desk.questions[0].id, code)
            asked.cancel()
        assert [call.code for call in world.aws.calls] == [code]
