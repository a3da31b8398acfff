"""Profiles that `xacctctl configure` wrote, used by unmodified clients against a real daemon."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import toolchains
from stack import Stack, wait_until

BOTO3 = (
    "import boto3, sys; s = boto3.Session(profile_name=sys.argv[1]);"
    "print(s.client('sts').get_caller_identity()['Arn'], s.region_name)"
)
PROD = "arn:aws:sts::234567890123:assumed-role/cross-account-role-name/"
XACCTCTL = [sys.executable, "-m", "xacct.ctl"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("c") / "s") as stack:
        stack.login("prod", "staging")
        yield stack


def environment(stack, **more):
    """A shell's, in which nothing but the files leads to credentials."""
    kept = {name: value for name, value in stack.env.items() if name != "PYTHONPATH"}  # v2 has a Python of its own
    return {**kept, **more}


def run(stack, *command, **more):
    done = subprocess.run(
        command, env=environment(stack, **more), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module", params=["plain", "with a space"])
def xacctctl(request, stack):
    """An executable `xacctctl`, and the config file in which it has written every role."""
    program = stack.dir / request.param / "xacctctl"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {sys.path!r}\n"
        "from xacct.ctl.main import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)
    before = Path(stack.env["AWS_CONFIG_FILE"]).read_bytes()
    run(stack, str(program), "configure", "--all")
    yield program
    run(stack, str(program), "configure", "--remove")
    assert Path(stack.env["AWS_CONFIG_FILE"]).read_bytes() == before


def test_boto3(stack, xacctctl):
    arn, region = run(stack, sys.executable, "-c", BOTO3, "prod-agent").split()
    assert arn.startswith(PROD)
    assert region == stack.grant("prod")["regions"]["prod"]


@pytest.mark.parametrize("aws", [str(Path(sys.executable).with_name("aws")), "/usr/bin/aws"], ids=["v1", "v2"])
def test_aws_cli(stack, xacctctl, aws):
    if shutil.which(aws) is None:
        pytest.skip(f"no {aws} here")
    options = ["--profile", "prod-agent", "--endpoint-url", stack.env["AWS_ENDPOINT_URL_STS"]]
    answer = json.loads(run(stack, aws, "sts", "get-caller-identity", "--output", "json", *options))
    assert answer["Arn"].startswith(PROD)


NODE = """
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
new STSClient({}).send(new GetCallerIdentityCommand({})).then((it) => console.log(it.Arn));
"""


def test_javascript(stack, xacctctl):
    if toolchains.JS.missing:
        pytest.skip(toolchains.JS.missing)
    modules = toolchains.CLIENTS / "js" / "node_modules"
    arn = run(stack, "node", "-e", NODE, NODE_PATH=str(modules), AWS_PROFILE="prod-agent", AWS_REGION="eu-west-1")
    assert arn.startswith(PROD)


def test_the_daemon_takes_none_of_them_for_a_role(stack, xacctctl):
    answer = stack.api("GET", "/v1/roles")
    assert not [role["name"] for role in answer["roles"] if role["name"].endswith("-agent")]
    assert not [problem for problem in answer["problems"] if "agent" in problem["sentence"]]


def test_a_program_that_asks_us_back_for_its_own_keys_fails_at_once(tmp_path):
    """A credential_process, not ours by its name, that comes back to the role it is the source of."""
    with Stack(tmp_path / "s") as stack:
        wrapper = tmp_path / "keys"
        wrapper.write_text(f'#!/bin/sh\nexec {" ".join(XACCTCTL)} process circle 2>"$0.err"\n')
        wrapper.chmod(0o755)
        config = Path(stack.env["AWS_CONFIG_FILE"])
        with config.open("a") as file:
            file.write(f"\n[profile work]\ncredential_process = {wrapper}\n")
            file.write("[profile circle]\nrole_arn = arn:aws:iam::234567890123:role/x\nsource_profile = work\n")
        stack.stop()
        stack.env["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
        stack.start()
        events = stack.api("POST", "/v1/login", {"roles": ["circle"], "attend": False}, timeout=20)
        assert "must not ask xacct itself" in events[0]["error"]["hint"]
        said = Path(f"{wrapper}.err")
        assert "waiting for the keys of work" in wait_until(said.exists and said.read_text)
