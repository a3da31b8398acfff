"""As much of S3 as tells a client who it is: a bucket whose one object is named like the key that signed the request.

with Bucket() as bucket:
    environment |= bucket.variables
    bucket.keys     # the access key ids that have asked, in order
"""

import re
from http.server import BaseHTTPRequestHandler

from serving import Serving

_LISTING = """<?xml version="1.0"?>
<ListBucketResult><Name>bucket</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>
<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"x"</ETag><Size>1</Size></Contents>
</ListBucketResult>"""


class Bucket(Serving):
    def __init__(self):
        self.keys = []
        super().__init__(_Handler, keys=self.keys)

    @property
    def variables(self):
        """What leads object_store here, for credentials of a cloud machine too: there are none."""
        address = f"http://127.0.0.1:{self.port}"
        return {"AWS_ENDPOINT_URL_S3": address, "AWS_METADATA_ENDPOINT": address, "AWS_ALLOW_HTTP": "true"}


class _Handler(BaseHTTPRequestHandler):
    keys: list

    def do_GET(self):
        signed = re.search(r"Credential=([A-Z0-9]+)/", self.headers.get("Authorization", ""))
        key = signed[1] if signed else "anonymous"
        self.keys.append(key)
        listing = _LISTING.format(key=key).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(listing)))
        self.end_headers()
        self.wfile.write(listing)

    def do_PUT(self):
        self.send_error(403)

    def log_message(self, *_):
        pass
