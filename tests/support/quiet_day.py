"""A simulated day in which 80 roles are logged in to and eight are used: how often AWS is called for each.

    python tests/support/quiet_day.py     # prints the line that docs/benchmarks.md quotes

A used role is fetched as botocore does it: anew with less than 15 minutes left.
"""

# ruff: noqa: T201
import asyncio
from collections import Counter

from fake_aws import World, role
from virtual_time import Clock, run

ROLES = 80
USED = 8
DAY = 86400.0
REFETCH = 900.0


async def consumer(world, name, end):
    """Fetch as botocore does, until the day is over."""
    while world.aws.now() < end:
        held = await world.fetch(name, ask=True)
        await asyncio.sleep(max(60.0, held.expires_at - world.aws.now() - REFETCH))


async def day(clock):
    """AssumeRole calls in a day: of each used role and of each unused one, by name."""
    names = [f"r{n}" for n in range(ROLES)]
    async with World(clock, [role(name) for name in names]) as world:
        world.person(think=lambda: 5.0)
        await asyncio.gather(*(world.login(name, ask=True) for name in names))
        end = world.aws.now() + DAY
        await asyncio.gather(*(consumer(world, name, end) for name in names[:USED]))
        calls = Counter(call.role for call in world.aws.calls if call.action == "AssumeRole")
        return [calls[name] for name in names[:USED]], [calls[name] for name in names[USED:]]


def quiet_day():
    """The same, in virtual time."""
    return run(day, Clock())


if __name__ == "__main__":
    used, unused = quiet_day()
    each = f"{sum(used) / USED:.1f} a used role, {sum(unused) / len(unused):.1f} an unused"
    print(f"{sum(used) + sum(unused)} calls: {each}")
