import asyncio
import time

import pytest
from virtual_time import NOON, Clock, LoopWithoutThreads, Stuck, clock, in_virtual_time, run

__all__ = ["clock"]


@in_virtual_time
async def test_a_day_takes_no_time(clock):
    began = time.monotonic()
    loop = asyncio.get_running_loop()
    before = loop.time(), clock.read()
    await asyncio.sleep(86400)
    assert loop.time() - before[0] == pytest.approx(86400)
    assert clock.wall - before[1].wall == pytest.approx(86400)
    assert clock.boot - before[1].boot == pytest.approx(86400)
    assert time.monotonic() - began < 3600


def test_timers_fire_in_order_at_their_instants_every_time():
    async def main(clock):
        fired = []

        async def one(name, seconds):
            await asyncio.sleep(seconds)
            fired.append((name, round(clock.time, 6)))

        await asyncio.gather(one("c", 3), one("a", 0.1), one("b", 0.2), one("d", 100_000_000))
        return fired

    first = run(main)
    assert first == [("a", 0.1), ("b", 0.2), ("c", 3), ("d", 100_000_000)]
    assert [run(main) for _ in range(3)] == [first] * 3


@in_virtual_time
async def test_wait_for_and_wait_time_out_in_virtual_time(clock):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 3600)
    done, _ = await asyncio.wait({asyncio.ensure_future(asyncio.sleep(50))}, timeout=20)
    assert not done
    assert clock.time == pytest.approx(3620)


@in_virtual_time
async def test_a_suspend_and_a_step_leave_timers_alone(clock):
    nap = asyncio.ensure_future(asyncio.sleep(30))
    await asyncio.sleep(10)
    boot = clock.boot
    clock.suspend(8 * 3600)
    clock.step_wall(-60)
    await nap
    assert clock.time == pytest.approx(30)
    assert clock.boot - boot == pytest.approx(8 * 3600 + 20)
    assert clock.wall - NOON == pytest.approx(8 * 3600 - 60 + 30)


@in_virtual_time
async def test_sockets_are_real(clock):
    async def echo(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for _ in range(20):
            await asyncio.sleep(60)
            writer.write(b"hello\n")
            assert await asyncio.wait_for(reader.readline(), 1) == b"hello\n"
        writer.close()
        await writer.wait_closed()
    assert clock.time == pytest.approx(1200)


@in_virtual_time
async def test_time_stands_still_while_a_thread_works(clock):
    late = asyncio.ensure_future(asyncio.sleep(1))
    await asyncio.to_thread(time.sleep, 0.02)
    assert clock.time == 0
    late.cancel()


def test_waiting_for_what_never_comes_fails_instead_of_hanging():
    with pytest.raises(Stuck):
        run(lambda _: asyncio.Event().wait())


def test_an_exception_nobody_handles_fails_the_run():
    async def main(_):
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)

    with pytest.raises(AssertionError, match="division by zero"):
        run(main)


def test_code_that_is_on_no_loop_can_pass_time_too():
    clock = Clock(wall=5.0, boot=7.0)
    clock.advance(3)
    assert (clock.wall, clock.boot) == (8.0, 10.0)


def test_without_threads_what_is_given_to_one_comes_in_its_turn_each_time():
    async def main(_clock):
        done = []
        given = [asyncio.ensure_future(asyncio.to_thread(done.append, number)) for number in range(5)]
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(done.append, "behind")
        await asyncio.gather(*given)
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        given_up = asyncio.ensure_future(asyncio.to_thread(done.append, "given up"))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(1)
        return done

    assert run(main, loop=LoopWithoutThreads) == [0, 1, 2, 3, 4, "behind"]
