"""An ordinary aiobotocore program: who am I, for SECONDS (0: once; else twice at least), with one client."""

import asyncio
import itertools
import sys
import time

from aiobotocore.session import get_session


async def main(seconds):
    async with get_session().create_client("sts") as sts:
        end = time.monotonic() + seconds
        for calls in itertools.count(1):
            print((await sts.get_caller_identity())["Arn"], flush=True)
            if time.monotonic() >= end and (calls > 1 or not seconds):
                break
            await asyncio.sleep(0.2)


asyncio.run(main(float(sys.argv[1])))
