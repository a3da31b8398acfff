"""What goes on by itself goes on, whatever breaks."""

import asyncio

from virtual_time import in_virtual_time

from xacct.daemon.workers import PATIENCE, Workers


@in_virtual_time
async def test_one_that_breaks_is_begun_again_and_the_others_go_on(clock):
    begun, beats = [], []

    async def breaks():
        begun.append(clock.boot)
        if len(begun) < 3:
            raise RuntimeError("a secret")
        await asyncio.Event().wait()

    async def beats_on():
        while True:
            beats.append(clock.boot)
            await asyncio.sleep(1)

    workers = Workers({"breaks": breaks, "beats": beats_on})
    workers.begin()
    await asyncio.sleep(10)
    await workers.end()
    assert len(begun) == 3
    assert len(beats) >= 10


@in_virtual_time
async def test_all_end_together_and_may_be_begun_again(clock):
    going = []

    async def goes():
        going.append("on")
        try:
            await asyncio.Event().wait()
        finally:
            going.remove("on")

    async def has_nothing_to_do():
        pass

    workers = Workers({"first": goes, "second": goes, "third": has_nothing_to_do})
    for _ in range(2):
        workers.begin()
        await asyncio.sleep(1)
        assert going == ["on", "on"]
        await workers.end()
        assert going == []


@in_virtual_time
async def test_one_that_does_not_end_holds_nobody_up(clock):
    async def stubborn():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(60)

    workers = Workers({"stubborn": stubborn})
    workers.begin()
    await asyncio.sleep(1)
    began = clock.boot
    await workers.end()
    assert clock.boot - began <= PATIENCE + 1
    await asyncio.sleep(60)
