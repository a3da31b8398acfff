"""An ordinary boto3 program: who am I, for SECONDS (0: once; else twice at least), with one client all the time."""

import itertools
import sys
import time

import boto3

sts = boto3.client("sts")
seconds = float(sys.argv[1])
end = time.monotonic() + seconds
for calls in itertools.count(1):
    print(sts.get_caller_identity()["Arn"], flush=True)
    if time.monotonic() >= end and (calls > 1 or not seconds):
        break
    time.sleep(0.2)
