"""Stand-ins for services of AWS: they note who signed each request, and answer what they are told to.

with Service(lambda request: (200, {}, b"...")) as service:
    environment |= {"AWS_ENDPOINT_URL": service.url}
    service.seen    # the requests, in order
"""

import re
import ssl
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

from serving import Serving


class Request(NamedTuple):
    """`target` is what X-Amz-Target says, `token` the session token of whoever signed it; None: nobody did."""

    method: str
    path: str
    target: str
    key: str | None
    token: str | None
    headers: dict
    body: bytes


class Service(Serving):
    """`certificate`: a file with one and its key, for a service that is asked over TLS."""

    def __init__(self, answer, certificate=None):
        self.seen = []
        super().__init__(_Handler, seen=self.seen, answer=staticmethod(answer))
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'' if certificate is None else 's'}://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        signed = re.search(r"Credential=([A-Z0-9]+)/", self.headers.get("Authorization", ""))
        headers = {name.lower(): value for name, value in self.headers.items()}
        target, token = headers.get("x-amz-target", ""), headers.get("x-amz-security-token")
        request = Request(self.command, self.path, target, signed and signed[1], token, headers, body)
        self.seen.append(request)
        status, more, content = self.answer(request)
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.handle_any
        raise AttributeError(name)

    def log_message(self, *_):
        pass
