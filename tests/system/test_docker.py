"""boto3 in containers of a real Docker engine, whose user and daemon are nobody in particular."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from containers import IMAGE, Engine, Machine, forwarded, missing
from stack import wait_until
from unprivileged import OWNER, PATH, python, reachable_directory, unprivileged_stack

pytestmark = [pytest.mark.system, pytest.mark.skipif(missing() is not None, reason=str(missing()))]

ADDRESS = "169.254.170.2"
PORT = 9479
LIFE = 25
"""Seconds that credentials live in these tests."""

FETCH = f"""
import http.client, os, sys
connection = http.client.HTTPConnection({ADDRESS!r}, {PORT}, timeout=5)
connection.request("GET", sys.argv[1], headers={{"Authorization": os.environ.get("TOKEN", "")}})
answer = connection.getresponse()
print(answer.status, answer.read().decode()[:60])
"""


@pytest.fixture(scope="module")
def machine():
    with Machine() as machine:
        yield machine


@pytest.fixture(scope="module")
def engine(machine):
    with reachable_directory() as directory, Engine(directory / "e") as engine:
        engine.load_image()
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "docker0"], check=True)
        yield engine


@pytest.fixture(scope="module")
def stack(machine, engine):
    with unprivileged_stack(max_lifetime=LIFE, settings=f"[containers]\nport = {PORT}\n") as stack:
        stack.login("prod")
        yield stack


@pytest.fixture(scope="module")
def sts(stack):
    """The sandbox, as containers reach it."""
    with forwarded(stack.env["AWS_ENDPOINT_URL_STS"].rpartition(":")[2]) as port:
        yield f"http://172.17.0.1:{port}"


class Ctl:
    """xacctctl, run by the daemon's user."""

    def __init__(self, stack, engine, sts):
        self.stack, self.engine = stack, engine
        self.env = stack.env | {"DOCKER_HOST": engine.host, "PYTHONPATH": PATH, "DOCKER_CONFIG": str(stack.dir)}
        self.sts = ["-e", f"AWS_ENDPOINT_URL_STS={sts}"]

    def start(self, *words):
        return subprocess.Popen(
            [python(), "-m", "xacct.ctl", *words],
            env=self.env,
            cwd=self.stack.dir,
            user=OWNER,
            group=OWNER,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words, status=0):
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        assert process.returncode == status, out + err
        return out if status == 0 else err

    def run(self, *words, seconds=0, options=(), before=()):
        """A container that asks STS who it is."""
        command = ["python3", "/caller.py", str(seconds)]
        return ["docker", "run", *before, "prod", "--", "--rm", *self.sts, *options, IMAGE, *command, *words]


@pytest.fixture(scope="module")
def ctl(stack, engine, sts):
    return Ctl(stack, engine, sts)


def grants(stack):
    return stack.api("GET", "/v1/grants")["grants"]


@pytest.fixture
def grant(stack):
    """One that keeps the listeners open."""
    grant = stack.grant("prod", where="container")
    yield grant
    stack.api("DELETE", f"/v1/grants/{grant['id']}")


def is_prod(arn):
    return ":assumed-role/" in arn and "234567890123" in arn


def test_on_the_default_bridge(ctl, stack):
    assert is_prod(ctl(*ctl.run()))
    assert grants(stack) == [], "the grant should have gone with the container"


def test_on_the_hosts_network(ctl, stack):
    options = ("--network", "host", "--user", str(OWNER))
    words = ctl.run(options=options)
    words = [word.replace("172.17.0.1", "127.0.0.1") for word in words]
    assert is_prod(ctl(*words))
    assert grants(stack) == []


def test_on_the_hosts_network_another_user_is_told_before_it_fails(ctl):
    assert f"--user {OWNER}" in ctl(*ctl.run(options=("--network", "host")), status=1)
