"""Peers beside us: any command that starts a container-credentials server and prints where it is.

`--peer NAME=COMMAND` runs COMMAND in a shell until the end of the run, with the sandbox's AWS variables. It has to
print the line AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:PORT/... and, if it wants one, the line
AWS_CONTAINER_AUTHORIZATION_TOKEN=..., as `env` does in the shell that such tools start. For instance:

    .venv/bin/python scripts/bench --peer "other=other-tool exec --server prod -- sh -c 'env; exec sleep 999'"
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from race import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - a variable's name
PATIENCE = 30.0
"""Seconds until it has said where it is."""


GO_SERVER = Path(__file__).with_name("go_server.go")


def compiled(scratch: Path) -> list[str]:
    """The server in Go as a peer, NAME=COMMAND, compiled here; none where there is no Go.

    Args:
        scratch: where it is made.
    """
    if (go := shutil.which("go")) is None:
        return []
    made = scratch / "go_server"
    done = subprocess.run([go, "build", "-o", made, GO_SERVER], check=False)
    return [f"Go's net/http={shlex.quote(str(made))}"] if done.returncode == 0 else []


@contextmanager
def peer(said: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """One peer, started and ended.

    Args:
        said: NAME=COMMAND.
        environment: what it runs in.
    """
    name, _, command = said.partition("=")
    child = subprocess.Popen(
        ["sh", "-c", command], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    late = threading.Timer(PATIENCE, os.killpg, (child.pid, signal.SIGKILL))
    late.start()
    try:
        told = _where(child)
        late.cancel()
        url = urlsplit(told[URI])
        port = url.port or 80
        token = f"Authorization: {told[TOKEN]}\r\n" if TOKEN in told else ""
        request = (
            f"GET {url.path or '/'} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: application/json\r\n{token}"
            "User-Agent: bench/1.0\r\n\r\n"
        )
        yield Server(name, port, _listener(port) or child.pid, request.encode())
    finally:
        late.cancel()
        os.killpg(child.pid, signal.SIGTERM)
        child.wait()


def _where(child: subprocess.Popen[str]) -> dict[str, str]:
    """What it prints, up to the last of the lines that are wanted, or its end."""
    told: dict[str, str] = {}
    assert child.stdout is not None  # noqa: S101
    for line in child.stdout:
        variable, _, value = line.rstrip("\n").partition("=")
        if variable in {URI, TOKEN}:
            told[variable] = value
        if len(told) == 2 or (told and line == "\n"):  # noqa: PLR2004 - both
            return told
    if URI not in told:
        raise SystemExit(f"The peer has not said its {URI}.")
    return told


def _listener(port: int) -> int | None:
    """The process that listens on a port, as far as we may see (proc_net_tcp)."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    inodes = {f"socket:[{line[9]}]" for line in lines if line[3] == "0A" and line[1].endswith(f":{port:04X}")}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(descriptor.readlink()) in inodes:
                return int(descriptor.parts[2])
        except OSError:
            continue
    return None
