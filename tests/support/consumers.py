"""Unmodified SDKs and command lines that ask AWS who they are, with whatever credentials they find."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import toolchains

_HERE = Path(__file__).parent
_DEAD = "http://127.0.0.1:9"

PROXIES = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), _DEAD)
"""A proxy that nobody runs: port 9 is `discard`, which has been off for decades."""

PAUSE = 1.5
"""Seconds between two runs of a command line, each of which is a second's work for the machine."""


@dataclass(frozen=True)
class Outcome:
    """How a client's process ended; `arns` are those it was told it is (of object_store: its access key ids)."""

    status: int
    arns: list[str]
    stderr: str
    seconds: float

    @property
    def arn(self):
        assert self.status == 0, self.stderr
        assert len(set(self.arns)) == 1, self.arns
        return self.arns[0]


@dataclass(frozen=True)
class Client:
    """One client. `loops`: it is a program that goes on calling; a command line is started anew for each call."""

    name: str
    title: str
    command: tuple[str, ...]
    loops: bool = True
    toolchain: toolchains.Toolchain | None = None

    @property
    def missing(self):
        """Why it can't run here, or None."""
        if self.toolchain is not None:
            return self.toolchain.missing
        return None if shutil.which(self.command[0]) else f"no {self.command[0]} here"

    @contextmanager
    def running(self, env, seconds=0.0):
        """The client at work, for `seconds` or one call; yields a function that waits for its outcome."""
        began = time.monotonic()
        # Debian's v2 does not know AWS_ENDPOINT_URL_STS yet.
        words = (str(seconds),) if self.loops else ("--endpoint-url", env["AWS_ENDPOINT_URL_STS"])
        process = subprocess.Popen(
            [*self.command, *words],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

        def outcome(patience=60.0):
            out, err = process.communicate(timeout=seconds + patience)
            return Outcome(process.returncode, out.split(), err, time.monotonic() - began)

        try:
            yield outcome
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def run(self, env, seconds=0.0, patience=60.0):
        """The outcome of `seconds` of calls, two at least, or of one; command lines are started anew for each."""
        if self.loops:
            with self.running(env, seconds) as outcome:
                return outcome(patience)
        began, arns = time.monotonic(), []
        while True:
            with self.running(env) as outcome:
                last = outcome(patience)
            arns += last.arns
            if last.status or (time.monotonic() - began >= seconds and len(arns) > bool(seconds)):
                return Outcome(last.status, arns, last.stderr, time.monotonic() - began)
            time.sleep(PAUSE)


def _python(name):
    return (sys.executable, str(_HERE / "callers" / f"{name}_caller.py"))


def _java(jar):
    # A caller of seconds is not worth optimizing.
    classes = f"{jar}:{jar.parent / 'dependency'}/*"
    return ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes, "Caller")


def _at_home(command):
    # Java asks the password file where home is; Java v2's SDK asks HOME before, v1's does not.
    return ("sh", "-c", 'exec "$0" -Duser.home="$HOME" "$@"', *command)


def _aws(path):
    return (path, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")


BOTO3 = Client("boto3", "boto3", _python("boto3"))
AIOBOTOCORE = Client("aiobotocore", "aiobotocore", _python("aiobotocore"))
AWSCLI1 = Client("awscli1", "AWS CLI v1", _aws(str(Path(sys.executable).parent / "aws")), loops=False)
AWSCLI2 = Client("awscli2", "AWS CLI v2", _aws("/usr/bin/aws"), loops=False)
JS3 = Client("js3", "JavaScript v3", ("node", str(toolchains.CLIENTS / "js/caller.mjs")), toolchain=toolchains.JS)
JS2 = Client("js2", "JavaScript v2", ("node", str(toolchains.CLIENTS / "js2/caller.js")), toolchain=toolchains.JS2)
GO2 = Client("go2", "Go v2", (str(toolchains.GO.made),), toolchain=toolchains.GO)
JAVA2 = Client("java2", "Java v2", _java(toolchains.JAVA.made), toolchain=toolchains.JAVA)
JAVA1 = Client("java1", "Java v1", _at_home(_java(toolchains.JAVA1.made)), toolchain=toolchains.JAVA1)
RUST = Client("rust", "Rust", (str(toolchains.RUST.made),), toolchain=toolchains.RUST)
OBSTORE = Client("obstore", "object_store", _python("obstore"))

FROM_PYPI = (BOTO3, AIOBOTOCORE, AWSCLI1)
ALL = (*FROM_PYPI, AWSCLI2, JS3, JS2, GO2, JAVA2, JAVA1, RUST, OBSTORE)


def side_by_side(work, clients=ALL):
    """What `work` returns for each client that can run here, all at once: name -> result."""
    present = [client for client in clients if not client.missing]
    with ThreadPoolExecutor(len(present)) as threads:
        return dict(zip([client.name for client in present], threads.map(work, present), strict=True))
