"""MFA devices: IAM is asked where the role's own profile says, which may be another one by the time that was read."""

from dataclasses import replace

import pytest
from small_keeper import ROLES, FakeSts, small_keeper
from virtual_time import clock, in_virtual_time

from xacct import errors
from xacct.clock import AwsClock
from xacct.daemon import mfa_devices
from xacct.model import Credentials, Source, StsTarget

__all__ = ["clock"]


@in_virtual_time
@pytest.mark.parametrize(("now", "error"), [("elsewhere", errors.Temporary), ("gone", errors.UnknownRole)])
async def test_iam_is_not_asked_where_a_former_profile_said(clock, monkeypatch, tmp_path, now, error):
    keeper = small_keeper(FakeSts(AwsClock(clock.read)))
    asked = []

    async def of(*which):
        asked.append(which)

    async def reading(work):
        roles = {name: role for name, role in ROLES.items() if name != "dev"}
        if now == "elsewhere":
            roles["dev"] = replace(ROLES["dev"], parent=Source("another", "profile"))
        keeper.configure(roles)
        return work()

    monkeypatch.setattr(keeper.user_devices, "of", of)
    monkeypatch.setattr(mfa_devices, "run_in_daemon_thread", reading)
    devices = mfa_devices.MfaDevices(keeper, None, {"HOME": str(tmp_path)})
    with pytest.raises(error):
        await devices.of(None, "dev")
    assert asked == []


@in_virtual_time
@pytest.mark.parametrize(("now", "error"), [("elsewhere", errors.Temporary), ("gone", errors.UnknownRole)])
async def test_keys_that_took_a_while_do_not_go_where_a_former_profile_said(clock, now, error):
    keeper = small_keeper(FakeSts(AwsClock(clock.read)))
    asked = []

    class Iam:
        async def mfa_devices(self, _keys, role, _url):
            asked.append(role)
            return ()

    async def load(_source):
        roles = {name: role for name, role in ROLES.items() if name != "dev"}
        if now == "elsewhere":
            roles["dev"] = replace(ROLES["dev"], target=StsTarget(endpoint_url="https://another.example"))
        keeper.configure(roles)
        return Credentials("AKIAIOSFODNN7EXAMPLE", "long-term")

    keeper.sources.load = load
    keeper.user_devices._iam = Iam()
    with pytest.raises(error):
        await keeper.user_devices.of("dev", None)
    assert asked == []
