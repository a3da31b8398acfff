"""docs/consumers.md with the programs themselves: each has the role, by what the service that it asks sees."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from services import Service
from stack import Stack

pytestmark = pytest.mark.contract

PAGE = (Path(__file__).parents[2] / "docs/consumers.md").read_text("utf-8")
PATIENCE = 120
"""Seconds: some of them are large programs."""

REGION = "eu-central-1"
BIN = str(Path(sys.executable).parent)
SYSTEM = f"{BIN}:/usr/local/bin:/usr/bin:/bin"
AWS = shutil.which("aws", path="/usr/bin:/usr/local/bin")


def needs(program, how, path=None):
    found = shutil.which(program, path=path)
    return pytest.mark.skipif(found is None, reason=f"no {program} here: {how}")


NEEDS_AWS = pytest.mark.skipif(AWS is None, reason="no AWS CLI 2 here: apt install awscli")


def block(heading, number=0):
    """A block of code below a heading of the page."""
    text = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert text, heading
    return re.findall(r"^```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[number]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("consumers") / "s") as stack:
        stack.login("prod", "staging")
        yield stack


@pytest.fixture
def env(stack):
    """A shell of the user's: `xacctctl` is on its PATH, and no role is in it."""
    path = f"{stack.dir / 'bin'}:{SYSTEM}:{os.environ['PATH']}"
    (stack.dir / "bin").mkdir(exist_ok=True)
    return {**stack.env, "PATH": path, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}


def stand_in(stack, name, script):
    program = stack.dir / "bin" / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def run(env, *words, **how):
    given = {"env": env, "capture_output": True, "text": True, "timeout": PATIENCE, "stdin": subprocess.DEVNULL} | how
    return subprocess.run(words, check=False, start_new_session=True, **given)


def role_of(stack, token):
    """Whose session a token is, as STS knows it: a role's ARN, without the session's name."""
    session = stack.sandbox.inner.sts.state.sessions.by_token(token)
    assert session is not None, "nobody's token"
    return session


def is_prod(stack, token):
    return "234567890123" in repr(role_of(stack, token).principal)


# --- kubectl ---


def cluster(certificate):
    """As much of Kubernetes as `kubectl get namespaces` asks for; who asks, it has STS say, as EKS does."""
    said = []

    def answer(request):
        bearer = request.headers.get("authorization", "")
        if not bearer.startswith("Bearer k8s-aws-v1."):
            return 401, {"Content-Type": "application/json"}, b'{"kind": "Status", "status": "Failure", "code": 401}'
        encoded = bearer.removeprefix("Bearer k8s-aws-v1.")
        presigned = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(presigned).query))
        assert query["Action"] == "GetCallerIdentity"
        said.append(query["X-Amz-Security-Token"])
        listing = {"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}, "items": []}
        listing["items"] = [{"metadata": {"name": "default"}, "status": {"phase": "Active"}}]
        return 200, {"Content-Type": "application/json"}, json.dumps(listing).encode()

    return Service(answer, certificate), said


@pytest.fixture
def certificate(tmp_path):
    """kubectl has no plugin run for a cluster without TLS."""
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    parts = [tmp_path / name for name in ("key.pem", "certificate.pem")]
    done = subprocess.run(
        ["openssl", *words, "-keyout", parts[0], "-out", parts[1]], capture_output=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "both.pem").write_text("".join(part.read_text() for part in parts))
    return tmp_path / "both.pem"


@needs("openssl", "apt install openssl")
@needs("kubectl", "kubernetes.io/docs/tasks/tools")
@NEEDS_AWS
def test_kubectl(stack, env, tmp_path, certificate):
    service, said = cluster(certificate)
    with service:
        config = f"""
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{service.url}", insecure-skip-tls-verify: true}}}}]
contexts: [{{name: c, context: {{cluster: c, user: prod}}}}]
current-context: c
{block("kubectl and Amazon EKS")}"""
        (tmp_path / "config").write_text(config)
        stand_in(stack, "aws", f'exec {AWS} "$@"')
        command = [
            "kubectl",
            "--kubeconfig",
            tmp_path / "config",
            "--cache-dir",
            tmp_path,
            "get",
            "--raw",
            "/api/v1/namespaces",
        ]
        done = run(env, *command)
        assert "default" in done.stdout, done.stderr
        assert said
        assert all(is_prod(stack, token) for token in said)
        (tmp_path / "config").write_text(config.replace("exec, prod", "exec, nobody"))
        done = run(env, *command)
        assert done.returncode != 0
        assert "nobody" in done.stderr


# --- Amazon ECR ---


@NEEDS_AWS
def test_ecr(stack, env, tmp_path):
    token = base64.b64encode(b"AWS:the-password").decode()
    data = json.dumps({"authorizationData": [{"authorizationToken": token, "proxyEndpoint": "https://x"}]}).encode()
    with Service(lambda _: (200, {"Content-Type": "application/x-amz-json-1.1"}, data)) as ecr:
        stand_in(stack, "aws", f'exec {AWS} --endpoint-url {ecr.url} "$@"')
        stand_in(stack, "docker", f'echo "$@" > {tmp_path}/argv; cat > {tmp_path}/password')
        done = run(env, "sh", "-c", block("Amazon ECR"))
    assert done.returncode == 0, done.stderr
    assert [request.target.rpartition(".")[2] for request in ecr.seen] == ["GetAuthorizationToken"]
    assert is_prod(stack, ecr.seen[0].token)
    assert (tmp_path / "password").read_text().strip() == "the-password"
    assert (tmp_path / "argv").read_text().split() == [
        *("login", "--username", "AWS", "--password-stdin", "123456789012.dkr.ecr.eu-central-1.amazonaws.com"),
    ]


# --- Terraform ---


def bucket():
    """A bucket that keeps what is put into it."""
    kept = {}

    def answer(request):
        path, _, query = request.path.partition("?")
        if request.method == "PUT":
            kept[path] = request.body
            return 200, {"ETag": '"x"'}, b""
        if "list-type" in query or "prefix" in query or path.rstrip("/").count("/") < 2:
            name = b"<ListBucketResult><Name>state</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>"
            return 200, {"Content-Type": "application/xml"}, name + b"</ListBucketResult>"
        if path in kept:
            return 200, {"ETag": '"x"', "Content-Type": "application/json"}, kept[path]
        return 404, {"Content-Type": "application/xml"}, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"

    return Service(answer), kept


@needs("terraform", "developer.hashicorp.com/terraform/install")
def test_terraform(stack, env, tmp_path):
    service, kept = bucket()
    with service:
        (tmp_path / "main.tf").write_text(block("Terraform") + 'output "a" { value = "b" }\n')
        options = [
            *("skip_s3_checksum=true", "skip_requesting_account_id=true", "skip_credentials_validation=true"),
            *("use_path_style=true", f'endpoints={{s3="{service.url}"}}'),
        ]
        (tmp_path / "none.rc").write_text("")
        shell = {**env, "TF_CLI_CONFIG_FILE": str(tmp_path / "none.rc"), "CHECKPOINT_DISABLE": "1"}
        words = ["xacctctl", "exec", "prod", "--", "terraform"]
        done = run(
            shell, *words, "init", "-input=false", *(f"-backend-config={each}" for each in options), cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout + done.stderr
        done = run(shell, *words, "apply", "-auto-approve", "-input=false", "-lock=false", cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert b'"b"' in next(iter(kept.values()))
    assert service.seen
    assert all(is_prod(stack, request.token) for request in service.seen)


# --- CDK and SAM ---


def refusing():
    """Any service, which says no to whoever asks."""
    text = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not here</Message></Error></ErrorResponse>"
    return Service(lambda _: (403, {"Content-Type": "text/xml"}, text))


@needs("cdk", "npm install aws-cdk")
def test_cdk(stack, env, tmp_path):
    with refusing() as service:
        words = ["cdk", "bootstrap", f"aws://234567890123/{REGION}", "--ci", "--no-notices"]
        shell = {**env, "AWS_ENDPOINT_URL": service.url, "CDK_DISABLE_CLI_TELEMETRY": "true", "HOME": str(tmp_path)}
        done = run(shell, "xacctctl", "exec", "prod", "--", *words, cwd=tmp_path)
    assert service.seen, done.stderr
    assert all(is_prod(stack, request.token) for request in service.seen if request.token)
    assert [request for request in service.seen if request.token]


@needs("sam", "pip install aws-sam-cli")
def test_sam(stack, env, tmp_path):
    with refusing() as service:
        words = ["sam", "list", "stack-outputs", "--stack-name", "s", "--region", REGION]
        shell = {**env, "AWS_ENDPOINT_URL": service.url, "SAM_CLI_TELEMETRY": "0", "HOME": str(tmp_path)}
        done = run(shell, "xacctctl", "exec", "prod", "--", *words, cwd=tmp_path)
    assert service.seen, done.stderr
    assert all(is_prod(stack, request.token) for request in service.seen)


# --- an MCP server ---


@needs("awslabs.iam-mcp-server", "pip install awslabs.iam-mcp-server")
def test_an_mcp_server(stack, env, tmp_path):
    server = json.loads(block("AWS's MCP servers"))["mcpServers"]["iam"]
    stand_in(stack, "uvx", 'name=${1%@latest}; shift; exec "$name" "$@"')
    talk = [
        {
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-03-26",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "list_roles", "arguments": {}}},
    ]
    with refusing() as iam, (tmp_path / "log").open("w") as log:
        shell = {**env, **server["env"], "AWS_ENDPOINT_URL_IAM": iam.url}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log, "text": True, "cwd": tmp_path}
        process = subprocess.Popen([server["command"], *server["args"]], env=shell, **pipes)
        try:
            for message in talk:
                process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
                process.stdin.flush()
                while "id" in message:
                    line = process.stdout.readline()
                    assert line, (tmp_path / "log").read_text()
                    if json.loads(line).get("id") == message["id"]:
                        break
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)
    assert iam.seen
    assert all(is_prod(stack, request.token) for request in iam.seen)
    assert role_of(stack, iam.seen[0].token).limits, "it is narrowed"
    assert "iam-mcp-server" not in run(env, "xacctctl", "grants").stdout, "its grant has ended with it"


# --- agents' sandboxes, and what agent install gives ---


def model(command):
    """A stand-in for the API of Claude Code's model: it has the command run, and says what came of it."""
    results = []

    def answer(request):
        if "/messages" not in request.path:
            return 200, {"Content-Type": "application/json"}, b"{}"
        asked = json.loads(request.body)
        contents = [m["content"] for m in asked.get("messages", []) if isinstance(m.get("content"), list)]
        results.extend(part for content in contents for part in content if part.get("type") == "tool_result")
        may = any(tool["name"] == "Bash" for tool in asked.get("tools", []))
        return 200, {"Content-Type": "text/event-stream"}, _spoken("" if results or not may else command)

    return Service(answer), results


def _spoken(command):
    block_, delta, stop = (
        ({"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}},
         {"type": "input_json_delta", "partial_json": json.dumps({"command": command, "description": "x"})}, "tool_use")
        if command
        else ({"type": "text", "text": ""}, {"type": "text_delta", "text": "done"}, "end_turn")
    )  # fmt: skip
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None}
    events = [
        {"type": "message_start", "message": {**message, "usage": {"input_tokens": 1, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": block_},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events).encode()


def claude(env, directory, command, *options):
    """What a command prints that Claude Code is told to run."""
    service, results = model(command)
    with service:
        shell = {**env, "ANTHROPIC_BASE_URL": service.url, "ANTHROPIC_API_KEY": "sk-x", "IS_SANDBOX": "1"}
        shell["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1"
        done = run(shell, "claude", "-p", "go", "--allowedTools", "Bash", *options, cwd=directory)
    assert results, done.stdout + done.stderr
    return str(results[-1]["content"])


IDENTITY = (
    "import boto3; found = boto3.Session().get_credentials();"
    " print('token', found.get_frozen_credentials().token if found else None)"
)
NEEDS_CLAUDE = needs("claude", "npm install @anthropic-ai/claude-code")
NEEDS_CODEX = needs("codex", "npm install @openai/codex")


@NEEDS_CLAUDE
@pytest.mark.parametrize("more", [[], ["--project"]], ids=["user", "project"])
def test_claude_code_gives_its_shells_what_was_installed(stack, env, more):
    project = stack.dir / "home/project"
    project.mkdir(exist_ok=True)
    install = ["xacctctl", "agent", "install", "claude-code", "prod", "--read-only", "--mcp", "--yes", *more]
    assert run(env, *install, cwd=project).returncode == 0
    started = {**env, "AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "x", "AWS_PROFILE": "staging"}
    printed = claude(started, project, f'{sys.executable} -c "{IDENTITY}"')
    assert run(env, "xacctctl", "agent", "uninstall", "claude-code", "--yes", *more, cwd=project).returncode == 0
    written = json.loads((stack.dir / "home/.claude.json").read_text())  # it writes this file anew each time
    assert written
    assert not written.get("mcpServers")
    found = re.search(r"token (\S+)", printed)
    assert found, printed
    assert is_prod(stack, found[1])
    assert role_of(stack, found[1]).limits, "it is narrowed"


@NEEDS_CLAUDE
@needs("bwrap", "apt install bubblewrap")
@needs("socat", "apt install socat")
def test_claude_codes_sandbox(stack, env):
    stand_in(stack, "aws", f'exec {sys.executable} -c "{IDENTITY}"')
    settings = ["--settings", block("Claude Code's sandbox")]
    inside = ["xacctctl", "exec", "prod", "--read-only", "--"]

    def told(command):
        service, results = model(command)
        with service:
            shell = {**env, "ANTHROPIC_BASE_URL": service.url, "ANTHROPIC_API_KEY": "sk-x", "IS_SANDBOX": "1"}
            done = run(
                shell, *inside, "claude", "-p", "go", "--allowedTools", "Bash", *settings, cwd=stack.dir / "home"
            )
        assert results, done.stdout + done.stderr
        return str(results[-1]["content"])

    named = re.search(r"token (\S+)", told("aws sts get-caller-identity"))
    assert named
    assert is_prod(stack, named[1])
    assert not re.search(r"token [^N]", told(f'{sys.executable} -c "{IDENTITY}"'))
    assert "control socket can't be used" in told("xacctctl --no-start status")


@NEEDS_CODEX
def test_codex_gives_its_shells_what_was_installed(stack, env):
    home = stack.dir / "home/.codex"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text('[shell_environment_policy]\ninherit = "core"\n')
    assert run(env, "xacctctl", "agent", "install", "codex", "prod", "--read-only", "--yes").returncode == 0
    started = {**env, "AWS_PROFILE": "staging", "TMPDIR": "/var/tmp"}  # it makes no helpers of its own below that
    done = run(started, "codex", "sandbox", "--", "env", cwd=stack.dir / "home")
    assert run(env, "xacctctl", "agent", "uninstall", "codex", "--yes").returncode == 0
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert found.get("AWS_PROFILE") == "xacct-agent", done.stderr
    assert found["AWS_CONFIG_FILE"].endswith("/agents/codex/config")


@NEEDS_CODEX
def test_what_codex_writes_into_its_settings_itself_stays(stack, env):
    home = stack.dir / "home/.codex"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text("# mine\n")
    assert run(env, "xacctctl", "agent", "install", "codex", "prod", "--read-only", "--mcp", "--yes").returncode == 0
    for name in ("foo", "yes"):
        assert run(env, "codex", "mcp", "add", name, "--", "cmd").returncode == 0
    done = run(env, "codex", "mcp", "list")
    assert "xacct" in done.stdout, done.stderr
    assert run(env, "xacctctl", "agent", "uninstall", "codex", "--yes").returncode == 0
    left = (home / "config.toml").read_text()
    assert tomllib.loads(left) == {"mcp_servers": {name: {"command": "cmd"} for name in ("foo", "yes")}}
    assert left.startswith("# mine\n")
    assert "xacct" not in left
    (home / "config.toml").unlink()


@NEEDS_CODEX
def test_codexs_sandbox(stack, env):
    home = stack.dir / "home/.codex"
    home.mkdir(exist_ok=True)
    command = [
        "xacctctl",
        "exec",
        "prod",
        "--read-only",
        "--",
        "codex",
        "sandbox",
        "--",
        sys.executable,
        "-c",
        IDENTITY,
    ]
    (home / "config.toml").write_text(block("Codex's sandbox"))
    env = {**env, "TMPDIR": "/var/tmp"}  # as above
    done = run(env, *command, cwd=stack.dir / "home")
    found = re.search(r"token (\S+)", done.stdout)
    assert found, done.stderr
    assert is_prod(stack, found[1])
    (home / "config.toml").write_text("")
    assert not re.search(r"token [^N]", run(env, *command, cwd=stack.dir / "home").stdout)
    (home / "config.toml").unlink()
