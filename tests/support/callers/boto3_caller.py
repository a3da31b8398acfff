"""An ordinary boto3 program: who am I, for SECONDS (0: once), with one client for as long as it runs."""

import sys
import time

import boto3

sts = boto3.client("sts")
end = time.monotonic() + float(sys.argv[1])
while True:
    print(sts.get_caller_identity()["Arn"], flush=True)
    if time.monotonic() >= end:
        break
    time.sleep(0.2)
