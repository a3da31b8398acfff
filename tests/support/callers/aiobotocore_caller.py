"""An ordinary aiobotocore program: who am I, for SECONDS (0: once), with one client for as long as it runs."""

import asyncio
import sys
import time

from aiobotocore.session import get_session


async def main(seconds):
    async with get_session().create_client("sts") as sts:
        end = time.monotonic() + seconds
        while True:
            print((await sts.get_caller_identity())["Arn"], flush=True)
            if time.monotonic() >= end:
                break
            await asyncio.sleep(0.2)


asyncio.run(main(float(sys.argv[1])))
