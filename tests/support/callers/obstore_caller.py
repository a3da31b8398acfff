"""Rust's object_store through obstore: lists a bucket at the given address, and prints what it found."""

import sys

from obstore.store import S3Store

store = S3Store("bucket", endpoint=sys.argv[1], client_options={"allow_http": True}, virtual_hosted_style_request=False)
print(*(entry["path"] for entry in store.list().collect()))
