"""Rust's object_store through obstore: lists a bucket, for SECONDS (0: once), and prints what it found in it."""

import sys
import time

from obstore.store import S3Store

store = S3Store("bucket")
end = time.monotonic() + float(sys.argv[1])
while True:
    print(*(entry["path"] for entry in store.list().collect()), flush=True)
    if time.monotonic() >= end:
        break
    time.sleep(0.2)
