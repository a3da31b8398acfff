"""The outer half of the way to the endpoint of a sandbox without a network: a process that ends with xacctctl."""
# ruff: noqa: PTH106, PTH108 - see paths.py

from __future__ import annotations

import contextlib
import os
import threading

from xacct import paths
from xacct.ctl import child
from xacct.ctl import signals as signal
from xacct.ctl.failure import OK
from xacct.ctl.sandboxed import relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


@contextlib.contextmanager
def way_to(url: str) -> Iterator[tuple[int, str]]:
    """Lead a Unix socket to the endpoint for as long as the context lasts.

    Args:
        url: one of the endpoint's, on 127.0.0.1.

    Yields:
        The endpoint's port, and the socket's path.
    """
    port = int(url.split("/")[2].rpartition(":")[2])
    directory = f"{paths.runtime_dir()}/sandboxed-{os.getpid()}"
    paths.make_private(directory)
    path = f"{directory}/endpoint.sock"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # of a process that had our number and was killed
    listener = relay.listener_on(path)
    alive, ours = os.pipe()
    pid = child.forked(lambda: _serve(listener, port, alive, ours))
    listener.close()
    os.close(alive)
    try:
        yield port, path
    finally:
        os.close(ours)
        os.waitpid(pid, 0)
        with contextlib.suppress(OSError):
            os.unlink(path)
            os.rmdir(directory)


def _serve(listener: socket.socket, port: int, alive: int, ours: int) -> int:
    """Serve until xacctctl ends, however it does."""
    os.close(ours)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the command may go on after them, and with it this
    threading.Thread(target=relay.serve, args=(listener, relay.to_endpoint(port)), daemon=True).start()
    os.read(alive, 1)
    return OK
