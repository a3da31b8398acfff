"""A proxy for plain HTTP on 127.0.0.1 that passes everything on and remembers it: who would have let a token out?

with Proxy() as proxy:
    environment |= proxy.variables
    proxy.saw(token)
"""

import http.client
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from serving import Serving

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Proxy(Serving):
    """`heads`: the request line and the header of each request that has come."""

    def __init__(self):
        self.heads = []
        super().__init__(_Handler, heads=self.heads)

    @property
    def variables(self):
        """The variables that lead here, in both spellings."""
        address = f"http://127.0.0.1:{self.port}"
        return dict.fromkeys((*NAMES, *map(str.lower, NAMES)), address)

    def saw(self, secret):
        """Whether any request carried `secret`."""
        return any(secret in head for head in self.heads)


class _Handler(BaseHTTPRequestHandler):
    heads: list

    def do_GET(self):
        self._pass_on()

    def do_POST(self):
        self._pass_on()

    def _pass_on(self):
        self.heads.append(f"{self.requestline}\n{self.headers}")
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kept = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
        onward = http.client.HTTPConnection(target.hostname, target.port or 80, timeout=60)
        try:
            onward.request(self.command, self.path.removeprefix(f"http://{target.netloc}"), body, kept)
            answer = onward.getresponse()
            data = answer.read()
        finally:
            onward.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass
