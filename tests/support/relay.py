"""A wire tap on 127.0.0.1: passes every byte on, keeps a copy, and counts requests.

with Relay(stack.port) as relay:
    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = relay.instead_of(url)
    relay.requests     # request lines, in the order they came
    relay.longest_pause  # seconds that a client has waited for the next piece of an answer: SDKs give up after two
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time

_REQUEST = re.compile(rb"^(?:GET|POST|PUT|DELETE) \S+ HTTP/1\.[01]\r$", re.MULTILINE)


class Relay:
    """Listens on a free port and passes everything to `port`.

    `host`: put the target's port into the Host header, for a target that insists on its own name.
    """

    def __init__(self, port, *, host=True):
        self._target = port
        self._host = host
        self._copies = []
        self._sockets = []
        self._threads = []
        self._guard = threading.Lock()
        self.longest_pause = 0.0

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for each in self._sockets:
            each.close()

    def instead_of(self, url):
        return url.replace(f":{self._target}", f":{self.port}")

    @property
    def sent(self):
        """What clients have sent, a connection each."""
        return [bytes(up) for up, _ in self._copies]

    @property
    def answered(self):
        """What they were answered, a connection each."""
        return [bytes(down) for _, down in self._copies]

    @property
    def requests(self):
        return [line.decode() for sent in self.sent for line in _REQUEST.findall(sent)]

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            up, down = bytearray(), bytearray()
            with self._guard:
                self._sockets += [client, server]
                self._copies.append((up, down))
            self._start(self._pass, client, server, up)
            self._start(self._pass, server, client, down)

    def _pass(self, source, target, copy):
        ours, theirs = b"127.0.0.1:%d" % self.port, b"127.0.0.1:%d" % self._target
        before = time.monotonic()
        try:
            while data := source.recv(65536):
                copy += data
                target.sendall(data.replace(ours, theirs) if self._host else data)
                before, pause = time.monotonic(), time.monotonic() - before
                self.longest_pause = max(self.longest_pause, pause)
        except OSError:
            pass  # one side has hung up: so do we
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _start(self, what, *arguments):
        thread = threading.Thread(target=what, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
