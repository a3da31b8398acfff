"""What the daemon says of itself."""

from virtual_time import in_virtual_time

import xacct


@in_virtual_time
async def test_status_tells_which_daemon_this_is(clock, control):
    async with control.serving():
        assert (await control.get("/v1/status"))["daemon"] == {
            "version": xacct.__version__,
            "executable": "/usr/bin/python3",
            "code": "/usr/lib/xacct",
            "code_changed": False,
            "started": clock.wall,
            "clock_skew": None,
            "asks": ["dialog"],
            "cannot_ask": {},
        }
        control.code_changed = True
        assert (await control.get("/v1/status"))["daemon"]["code_changed"]


@in_virtual_time
async def test_the_clock_is_judged_once_aws_has_spoken(clock, control):
    async with control.serving():
        for _ in range(2):
            control.aws_clock.heard(clock.wall + 120)
        assert 119 < (await control.get("/v1/status"))["daemon"]["clock_skew"] < 121
        control.aws_clock.shift(0)
        assert (await control.get("/v1/status"))["daemon"]["clock_skew"] == 0
