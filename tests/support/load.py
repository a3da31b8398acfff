"""One part of the load on an endpoint: asks again and again until its stdin closes, then prints what it saw.

    python load.py raw   --rate 200 --kept 5       requests on new connections, and five that are kept open
    python load.py boto3 --loops 5 --pause 1.5     a new Session each time, credentials, GetCallerIdentity
    python load.py cli   --loops 2 --pause 4       `aws sts get-caller-identity`

in the environment that `xacctctl env` prints. Each line is one request: [kind, start, seconds, outcome], start by
CLOCK_MONOTONIC. The outcome is "ok" or says what failed; nothing is tried twice here, but SDKs do so by themselves.
Requests of `raw` start at their time, however slow the answers before them are: a wait shows in all who waited.
Standard library alone, and boto3 for its loops: it runs in machines that have nothing else. load_report.py starts it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

PATIENCE = 20.0
"""Seconds after which a request counts as failed."""

LONGEST = 300.0
"""Seconds after which a load ends by itself, whatever its stdin does."""


class Record:
    """What was seen; times are rounded to 10 µs."""

    def __init__(self):
        self.lines = []

    def add(self, kind, start, outcome, end=None):
        self.lines.append([kind, round(start, 5), round((end or time.monotonic()) - start, 5), outcome])


# Raw requests.


def outcome_of(head, body):
    """What an answer says: ok, or what is wrong with it."""
    if not head.startswith(b"HTTP/1.1 "):
        return "no HTTP"
    if head[9:12] != b"200":
        return f"status {head[9:12].decode('ascii', 'replace')}"
    return "ok" if b'"SecretAccessKey"' in body else "no credentials"


async def exchange(reader, writer, request):
    """Send a request and read its answer; (outcome, whether the connection is still good)."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.partition(b":")[::2] for line in head.lower().split(b"\r\n")[1:])
    if b"content-length" not in fields:  # chunked: the endpoint lets us wait for a human
        return "held", False
    body = await reader.readexactly(int(fields[b"content-length"]))
    return outcome_of(head, body), fields.get(b"connection", b"").strip() != b"close"


def named(error):
    """A failure's name: who could not connect was refused, who had no whole answer was reset."""
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, asyncio.IncompleteReadError | ConnectionError):
        return "reset"
    return f"{type(error).__name__}: {error}"


class Raw:
    """Requests as bytes, to one path of one endpoint."""

    def __init__(self, url, token, record):
        parts = urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.request = (
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: {token}\r\n"
            "Accept: application/json\r\nUser-Agent: raw\r\n\r\n"
        ).encode()
        self.record = record

    async def ask(self, connection):
        """One request, on a new connection or a kept one."""
        start = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                outcome = await connection.ask(self.request)
        except (OSError, EOFError, ValueError) as error:
            outcome = named(error)
            connection.close()
        self.record.add(connection.kind, start, outcome)

    async def fresh(self):
        """One request on a new connection."""
        connection = Connection("raw", self.address)
        await self.ask(connection)
        connection.close()

    async def kept(self, stop, pause):
        """Requests on one connection, `pause` seconds or so apart."""
        connection = Connection("kept", self.address)
        while not stop.is_set():
            await self.ask(connection)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
        connection.close()


class Connection:
    """A connection that is opened when needed.

    A server may close an idle one at the very moment a request is sent, so clients repeat a GET whose *reused*
    connection ended without a byte. So does this one, once, and calls it "ok again".
    """

    def __init__(self, kind, address):
        self.kind = kind
        self._address = address
        self._reader = self._writer = None

    async def ask(self, request):
        reused = self._writer is not None
        try:
            return await self._exchange(request)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            if not reused or getattr(error, "partial", b""):
                raise
        self.close()
        return await self._exchange(request) + " again"

    async def _exchange(self, request):
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(*self._address)
        outcome, good = await exchange(self._reader, self._writer, request)
        if not good:
            self.close()
        return outcome

    def close(self):
        if self._writer is not None:
            self._writer.close()
        self._writer = None


async def raw(arguments, record, stop):
    """`rate` new connections a second, one at least, and `kept` kept ones with ten requests a second each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))
    client = Raw(
        os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"], record
    )
    tasks = {asyncio.create_task(client.kept(stop, 0.1)) for _ in range(arguments.kept)}
    due = time.monotonic()
    while True:
        task = asyncio.create_task(client.fresh())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        due += 1 / arguments.rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if stop.is_set():
            break
    await asyncio.gather(*tasks)


# SDKs.


def boto3_loop(record):
    """A function that makes a new Session, has it fetch credentials, and asks STS who it is."""
    import boto3  # noqa: PLC0415 - only this part has it
    import botocore.loaders  # noqa: PLC0415
    import botocore.session  # noqa: PLC0415

    # Reading AWS's models takes 90 ms of CPU for each client; the sessions share what has been read.
    models = botocore.loaders.create_loader()

    def once():
        start, fetched = time.monotonic(), None
        try:
            session = botocore.session.Session()
            session.register_component("data_loader", models)
            client = boto3.Session(botocore_session=session).client("sts")  # this fetches
            fetched = time.monotonic()
            client.get_caller_identity()
            outcome = "ok"
        except Exception as error:  # noqa: BLE001 - whatever it is, this loop was not served
            outcome = f"{type(error).__name__}: {error}"
        record.add("boto3", start, outcome, fetched)

    return once


def cli_loop(record):
    """A function that runs the AWS CLI of this interpreter's venv."""
    command = [os.path.join(os.path.dirname(sys.executable), "aws"), "sts", "get-caller-identity"]  # noqa: PTH118, PTH120

    def once():
        start = time.monotonic()
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            outcome = "ok" if done.returncode == 0 else f"status {done.returncode}: {done.stderr.strip()[-300:]}"
        except subprocess.TimeoutExpired:
            outcome = "timeout"
        record.add("cli", start, outcome)

    return once


def loops(once, arguments, stop):
    """`loops` threads that do it over and over, `pause` seconds or so apart; once at least, however slow the start."""

    def loop():
        stop.wait(random.uniform(0, arguments.pause))
        once()
        while not stop.wait(arguments.pause * random.uniform(0.7, 1.3)):
            once()

    threads = [threading.Thread(target=loop) for _ in range(arguments.loops)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["raw", "boto3", "cli"])
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--kept", type=int, default=5)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--pause", type=float, default=1.5)
    arguments = parser.parse_args()
    record, stop = Record(), threading.Event()
    for end in (lambda: time.sleep(LONGEST), lambda: os.read(0, 1)):
        threading.Thread(target=lambda end=end: (end(), stop.set()), daemon=True).start()
    if arguments.part == "raw":
        asyncio.run(raw(arguments, record, stop))
    else:
        once = {"boto3": boto3_loop, "cli": cli_loop}[arguments.part](record)
        loops(once, arguments, stop)
    json.dump(record.lines, sys.stdout)


if __name__ == "__main__":
    main()
