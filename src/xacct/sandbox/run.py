"""`xacct-sandbox run`: a sandbox in the foreground, with its files, until a signal ends it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from xacct.sandbox import files
from xacct.sandbox.default_world import default_world
from xacct.sandbox.problem import Problem
from xacct.sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xacct.sandbox.sessions import Caps


def run(
    directory: Path,
    port: int,
    caps: Caps,
    *,
    identity_center: bool = False,
    accounts: int = 0,
    console_login: bool = False,
    scoped_credentials: bool = True,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        directory: Where the sandbox keeps its files.
        port: Port on 127.0.0.1; 0 for any free one.
        caps: Limits on the life of what is issued.
        identity_center: Whether the AWS files have profiles of Identity Center.
        accounts: How many accounts more its instance has.
        console_login: Whether they have profiles of console logins.
        scoped_credentials: Whether the STS knows GetScopedCredentials.

    Raises:
        Problem: For a port or a directory that can't be used.
    """
    try:
        files.prepare(directory)
        with _lock(directory):
            # One that was killed couldn't take its word back.
            (directory / "ready").unlink(missing_ok=True)
            identity = files.load_or_make_identity(directory)
            world = default_world(
                identity, identity_center=identity_center, accounts=accounts, console_login=console_login
            )
            sandbox = Sandbox(replace(world, scoped_credentials=scoped_credentials), caps=caps)
            asyncio.run(_serve(sandbox, directory, port))
    except files.NotASandboxError as error:
        raise Problem(str(error), "Remove that file, or choose another --dir.") from None
    except OSError as error:
        raise Problem(
            f"The directory {directory} can't be used: {error.strerror}.",
            "Choose a --dir that you can write to.",
        ) from None


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, so that two sandboxes don't share one set of files."""
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                f"A sandbox is running in {directory} already.",
                "Use that one, end it, or choose another --dir.",
            ) from None
        yield
    finally:
        os.close(descriptor)


async def _serve(sandbox: Sandbox, directory: Path, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = sandbox.serve(port)
    try:
        url = await serving.__aenter__()
    except OSError as error:
        raise Problem(
            f"Port {port} on 127.0.0.1 can't be had: {os.strerror(error.errno or 0)}.",
            "Choose another --port, or leave it out for a free one.",
        ) from None
    try:
        with _ready(directory, sandbox, url):
            await stop.wait()
    finally:
        await serving.__aexit__(None, None, None)


@contextmanager
def _ready(directory: Path, sandbox: Sandbox, url: str) -> Iterator[None]:
    """Write the files, say that all is ready, and take that back at the end."""
    files.write_files(directory, sandbox.world, url)
    ready = directory / "ready"
    files.write_private(ready, f"{url}\n")
    sys.stderr.write(f"xacct-sandbox listens at {url}. Source {directory / 'env'} to use it.\n")
    sys.stderr.flush()
    try:
        yield
    finally:
        ready.unlink(missing_ok=True)
