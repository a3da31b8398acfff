"""Lists a bucket over and over through one Python client, a new session each time, and says how each call went.

    python s3_caller.py boto3|aiobotocore|obstore PAUSE

One line a call: "ok KEY", KEY being the access key id that signed it, or "failed" and the error in one line. Ends when
its standard input does.
"""

import asyncio
import os
import sys
import threading
import time


def with_boto3():
    import boto3

    listed = boto3.session.Session().client("s3").list_objects_v2(Bucket="bucket")
    return listed["Contents"][0]["Key"]


def with_aiobotocore():
    from aiobotocore.session import get_session

    async def ask():
        async with get_session().create_client("s3") as client:
            return (await client.list_objects_v2(Bucket="bucket"))["Contents"][0]["Key"]

    return asyncio.run(ask())


def with_obstore():
    from obstore.store import S3Store

    return S3Store("bucket").list().collect()[0]["path"]


def main():
    once = {"boto3": with_boto3, "aiobotocore": with_aiobotocore, "obstore": with_obstore}[sys.argv[1]]
    threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start()
    while True:
        try:
            print("ok", once(), flush=True)
        except Exception as error:
            print("failed", " ".join(f"{type(error).__name__}: {error}".split())[:1500], flush=True)
        time.sleep(float(sys.argv[2]))


if __name__ == "__main__":
    main()
