"""Unmodified SDKs and command lines at an IMDS port, in the environment that `xacctctl env --imds` prints."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bucket import Bucket
from consumers import ALL, BOTO3, GO2, JAVA1, JS3, OBSTORE, side_by_side
from human import Human
from relay import Relay
from stack import Stack, wait_until
from toolchains import CLIENTS

from xacct.sandbox.files import free_port

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
PROD = "arn:aws:sts::234567890123:assumed-role/cross-account-role-name/"
ROLES = "/latest/meta-data/iam/security-credentials/"


@pytest.fixture(params=[each for each in ALL if each is not OBSTORE], ids=lambda client: client.name)
def client(request):
    """Each that speaks to STS; object_store has a test of its own."""
    if request.param.missing:
        pytest.skip(request.param.missing)
    return request.param


class Port:
    """A free port for prod, and the settings that serve it."""

    def __init__(self):
        self.number = free_port()
        self.settings = f'[imds]\nroles = {{ {self.number} = "prod" }}\n'

    def environment(self, stack):
        """What a consumer's shell has after `eval "$(xacctctl env --imds prod)"`."""
        command = [sys.executable, "-m", "xacct.ctl", "env", "--imds", "prod", "--format", "json"]
        done = subprocess.run(command, env=stack.env, capture_output=True, text=True, check=True)
        change = json.loads(done.stdout)
        keep = {name: value for name, value in stack.env.items() if name not in change and not name.startswith("AWS_")}
        keep["AWS_ENDPOINT_URL_STS"] = stack.env["AWS_ENDPOINT_URL_STS"]
        # botocore's second is our daemon's affair (tests/endpoint/test_imds.py), not a busy machine's.
        keep |= {"AWS_METADATA_SERVICE_TIMEOUT": "20"}
        return keep | {name: value for name, value in change.items() if value is not None}


def in_the_end(client, environment):
    """The first outcome that is good, of five: JavaScript's second can't be changed, and a busy machine may take it."""
    for _ in range(5):
        outcome = client.run(environment)
        if outcome.status == 0:
            break
    return outcome


@pytest.fixture(scope="module")
def port():
    return Port()


@pytest.fixture(scope="module")
def stack(tmp_path_factory, port):
    with Stack(tmp_path_factory.mktemp("day") / "s", settings=port.settings) as stack:
        stack.login("prod")
        yield stack


def test_gets_the_role(stack, port, client):
    with Relay(port.number) as relay:
        environment = {name: relay.instead_of(value) for name, value in port.environment(stack).items()}
        assert in_the_end(client, environment).arn.startswith(PROD)
    asked = [line.split()[:2] for line in relay.requests]
    asked = [[method, target.replace("//", "/")] for method, target in asked]  # Java's
    if client is JAVA1:  # it asks for a token before each
        asked = asked[:-2] + asked[-1:]
    assert asked[-3:] == [["PUT", "/latest/api/token"], ["GET", ROLES], ["GET", ROLES + "prod"]]


def test_is_refused_while_locked_and_served_once_unlocked(stack, port, client):
    environment = port.environment(stack)
    stack.api("POST", "/v1/lock")
    try:
        outcome = client.run(environment)
    finally:
        stack.api("POST", "/v1/unlock")
    assert outcome.status != 0
    assert outcome.seconds < 10
    assert in_the_end(client, environment).arn.startswith(PROD)
    fetches = [line for line in stack.api("GET", "/v1/audit") if line["grant"]]
    assert {line["grant"]["label"] for line in fetches} == {f"imds:{port.number}"}
    assert {line["what"] for line in fetches} == {"served", "locked"}


@pytest.fixture(scope="module")
def early(tmp_path_factory):
    """Each client at a daemon of its own that nobody has logged in to, with a human who takes five seconds."""

    def work(client):
        port = Port()
        directory = tmp_path_factory.mktemp(client.name)
        with (
            Stack(directory / "s", settings=port.settings) as stack,
            Relay(port.number) as relay,
        ):
            environment = {name: relay.instead_of(value) for name, value in port.environment(stack).items()}
            with Human(stack, after=5.0) as human:
                first = client.run(environment)
                wait_until(lambda: stack.status("prod")["state"] == "held", what="the code")
                return first, in_the_end(client, environment), human.asked, stack.calls("AssumeRole")

    return side_by_side(work, [client for client in ALL if client is not OBSTORE])


def test_comes_too_early_and_finds_it_answered_at_the_next_try(early, client):
    first, second, asked, calls = early[client.name]
    # Go tries for long enough to see the answer by itself.
    assert (first.status == 0) == (client is GO2)
    assert second.arn.startswith(PROD)
    assert len(asked) == 1
    assert len(calls) == 1


def test_goes_on_with_a_successor(tmp_path):
    port = Port()
    with Stack(tmp_path / "s", settings=port.settings) as stack:
        stack.login("prod")
        environment = port.environment(stack)
        assert in_the_end(BOTO3, environment).arn.startswith(PROD)
        successor = stack.api("POST", "/v1/succeed")["pid"]
        assert BOTO3.run(environment).arn.startswith(PROD)
        assert stack.daemon.wait(20) == 0
        assert BOTO3.run(environment).arn.startswith(PROD)
        assert stack.api("GET", "/v1/version")["pid"] == successor
        assert [port["role"] for port in stack.status()["imds"]] == ["prod"]
        stack.api("POST", "/v1/stop")
        wait_until(lambda: not Path(f"/proc/{successor}").exists(), what="its end")


@pytest.fixture
def two_hours(tmp_path):
    """An environment in which a file says by how much the wall clock is off, and a function that lets hours pass."""
    if FAKETIME is None or shutil.which("faketime") is None:
        pytest.skip("libfaketime is not installed")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    return {
        "LD_PRELOAD": str(FAKETIME.with_name("libfaketimeMT.so.1")),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }, lambda: offset.write_text("+2h")


TWICE = {
    "boto3": """
import boto3
sts = boto3.client("sts")
for _ in range(2):
    print(sts.get_caller_identity()["Arn"], flush=True)
    input()
""",
    "js3": """
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
const sts = new STSClient({}), lines = process.stdin[Symbol.asyncIterator]();
for (let time = 0; time < 2; time++) {
  for (let arn; !arn; ) {
    arn = await sts.send(new GetCallerIdentityCommand({})).then((answer) => answer.Arn, () => undefined);
    if (arn) console.log(arn);
  }
  await lines.next();
}
process.exit();
""",
}
"""Programs with one client each that ask who they are, and ask again when they are told to. JavaScript's tries again,
for its second is short on a busy machine."""


@pytest.mark.parametrize("client", [BOTO3, JS3], ids=lambda client: client.name, indirect=True)
def test_outlives_its_credentials(tmp_path, two_hours, client, monkeypatch):
    """Wall clocks jump, AWS's (the sandbox's) included; an hour's credentials cannot have outlived two."""
    environment, pass_time = two_hours
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    port = Port()
    start = ["node", "--input-type=module", "-e"] if client is JS3 else [sys.executable, "-c"]
    with Stack(tmp_path / "s", settings=port.settings, apart=True) as stack, Relay(port.number) as relay:
        stack.login("prod")
        variables = {name: relay.instead_of(value) for name, value in port.environment(stack).items()}
        with subprocess.Popen(
            [*start, TWICE[client.name]],
            env=variables,
            cwd=CLIENTS / "js",  # where node_modules is
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdout.readline().startswith(PROD)
            pass_time()
            # A step of the clock costs the daemon a call or two; who comes meanwhile would be too early.
            [*_, done] = stack.api("POST", "/v1/login", {"roles": ["prod"], "attend": False})
            assert done == {"event": "done", "failed": 0}
            out, _ = program.communicate("\n\n", timeout=30)
            assert out.startswith(PROD)
        assert [line.split()[1] for line in relay.requests].count(ROLES + "prod") >= 2
        calls = stack.calls("GetCallerIdentity")
        assert calls[-1]["time"] - calls[0]["time"] > 3600
        assert {call["status"] for call in calls} == {200}
        assert len(stack.calls("GetSessionToken")) == 1


def test_object_store_finds_a_port_under_the_name_it_has_for_it(tmp_path):
    """It knows another variable than everybody else, and does not speak to STS."""
    port = Port()
    caller = Path(__file__).parents[1] / "support" / "callers" / "obstore_caller.py"
    with Bucket() as bucket, Stack(tmp_path / "s", settings=port.settings) as stack, Relay(port.number) as relay:
        stack.login("prod")
        command = [sys.executable, "-m", "xacct.ctl", "env", "--imds", "prod", "--format", "json"]
        printed = subprocess.run(command, env=stack.env, capture_output=True, text=True, check=True).stdout
        change = {name: relay.instead_of(value) for name, value in json.loads(printed).items() if value is not None}
        keep = {name: value for name, value in stack.env.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            [sys.executable, str(caller), "0"],
            env=keep | bucket.variables | change,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.startswith("ASIA"), done.stderr
        assert relay.requests[0].startswith("PUT /latest/api/token ")
        assert bucket.keys[0].startswith("ASIA")
