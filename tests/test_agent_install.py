"""agent install from end to end: the environment that an agent's settings give its shells, with real SDKs in it."""

import json
import shutil
import subprocess
import sys
import tomllib

import pytest
from dynamo import DYNAMO
from mcp import Client, StdioServerParameters
from mcp.client.stdio import get_default_environment, stdio_client
from stack import Stack
from waiting import PATIENCE

AWS = shutil.which("aws", path="/usr/bin:/usr/local/bin")
NARROW = ["put AccessDeniedException", "get done", "cross-account-role-name"]

READ = {"role": "prod", "reason": "look", "read_only": True}

CORE = {"HOME", "LOGNAME", "PATH", "SHELL", "USER", "TMPDIR"}
"""What Codex leaves of its own environment with `inherit = "core"`; the sandbox's addresses have to stay besides."""

# What wins over a profile in some SDK, with another identity's values: the agent was started in such a shell.
RIVALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "another",
    "AWS_PROFILE": "staging",
    "AWS_DEFAULT_PROFILE": "staging",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("agent") / "s") as stack:
        stack.login("prod")
        yield stack


@pytest.fixture(params=["claude-code", "codex"])
def shell(stack, request):
    """The environment of a shell of an agent's that was installed for, and of nobody else's."""
    done = stack.xacctctl("agent", "install", request.param, "prod", "--read-only", "--yes")
    assert done.returncode == 0, done.stderr
    home = stack.dir / "home"
    if request.param == "codex":
        policy = tomllib.loads((home / ".codex/config.toml").read_text())["shell_environment_policy"]["set"]
        core = {name: value for name, value in stack.env.items() if name in CORE or name.startswith("AWS_ENDPOINT_")}
        yield {**core, **policy}
    else:
        settings = json.loads((home / ".claude/settings.json").read_text())["env"]
        yield {**stack.env, **RIVALS, **settings}
    assert stack.xacctctl("agent", "uninstall", request.param, "--yes").returncode == 0
    assert not list((stack.dir / "home").glob(".c*/*"))


def run(shell, *words, **more):
    return subprocess.run(words, env={**shell, **more}, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_boto3_reads_and_is_refused_a_write(shell):
    done = run(shell, sys.executable, "-c", DYNAMO)
    assert done.stdout.split("\n")[:3] == NARROW, done.stderr


@pytest.mark.skipif(AWS is None, reason="no AWS CLI 2 here: apt install awscli")
def test_the_aws_cli_is_the_role(shell):
    sts = ["--endpoint-url", shell["AWS_ENDPOINT_URL_STS"]]  # Debian's 2.9 does not read that itself
    done = run(shell, AWS, *sts, "sts", "get-caller-identity", "--output", "text", "--query", "Arn")
    assert ":assumed-role/cross-account-role-name/" in done.stdout, done.stderr


def test_no_other_profile_is_there(shell):
    done = run(shell, sys.executable, "-c", "import boto3; print(boto3.Session().available_profiles)")
    assert done.stdout.strip() == "['xacct-agent']"


def test_where_nothing_answers_there_is_no_identity_at_all(stack, shell):
    stack.xacctctl("lock")
    try:
        done = run(shell, sys.executable, "-c", DYNAMO, AWS_EC2_METADATA_DISABLED="true")
    finally:
        stack.xacctctl("unlock")
    assert done.returncode != 0
    assert "CredentialRetrievalError" in done.stderr
    assert "put" not in done.stdout


def test_no_grant_of_it_stays_and_none_is_a_secret_in_a_file(stack, shell):
    assert run(shell, sys.executable, "-c", DYNAMO).returncode == 0
    assert "process" not in stack.xacctctl("grants").stdout
    token = json.loads(stack.xacctctl("process", "prod", "--read-only").stdout)["SessionToken"]
    files = [path for path in (stack.dir / "home").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if token.encode() in path.read_bytes()]


async def test_a_registered_server_answers_its_client_by_the_command_line_alone(stack):
    """The protocol's own client hands on HOME, PATH and the like: no XDG_RUNTIME_DIR, none of AWS's variables."""
    bounds = ["--role", "prod", "--ttl", "30m"]
    assert stack.xacctctl("agent", "install", "cursor", "--mcp", *bounds, "--yes").returncode == 0
    said = json.loads((stack.dir / "home/.cursor/mcp.json").read_text())["mcpServers"]["xacct"]
    bare = {**get_default_environment(), "HOME": str(stack.dir / "other"), "PATH": "/usr/bin:/bin"}
    assert not [name for name in bare if name.startswith(("XDG_", "XACCT", "AWS_"))]
    command = StdioServerParameters(command=said["command"], args=said["args"], env=bare, cwd=str(stack.dir))
    try:
        with (stack.dir / "mcp.err").open("a") as errors:
            async with Client(stdio_client(command, errors)) as client:
                assert client.server_info.name == "xacct"
                told = (await client.call_tool("whoami", {})).structured_content
                got = (await client.call_tool("request_access", READ)).structured_content
                refused = await client.call_tool("request_access", {**READ, "role": "staging"})
    finally:
        assert stack.xacctctl("agent", "uninstall", "cursor", "--yes").returncode == 0
    assert (told["roles"], told["longest_seconds"]) == (["prod"], 1800)
    assert got["state"] == "granted", "the roles are those of the shell that installed it"
    assert refused.is_error
