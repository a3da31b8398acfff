"""An HTTP server on 127.0.0.1 for as long as a `with` lasts: what stand-ins for services have in common."""

import threading
from http.server import ThreadingHTTPServer


class Serving:
    """`handler`: a BaseHTTPRequestHandler, and what its instances share as attributes of the class. `server`: it."""

    def __init__(self, handler, **shared):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), shared))
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    @property
    def port(self):
        return self.server.server_port

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
