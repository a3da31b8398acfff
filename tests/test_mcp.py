"""`xacctctl mcp` from end to end: the protocol's own client, a real process, a real daemon, the sandbox's STS."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import urllib.request
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from human import Human
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from stack import Stack
from waiting import PATIENCE, wait_until

SETTINGS = """
[roles.staging]
confirm = "each-grant"

[scopes.notes]
allow = ["dynamodb:GetItem"]
"""
READ = {"role": "prod", "reason": "look at the notes", "read_only": True}


class Guard(Human):
    """Says yes or no to what a guarded role asks."""

    def __init__(self, stack, *, yes, when=None):
        super().__init__(stack)
        self._yes, self._when = yes, when or threading.Event()
        if when is None:
            self._when.set()

    def _be_asked(self, prompt):
        self.asked.append(prompt)
        self._when.wait(PATIENCE)
        body = {"confirm": True} if self._yes else {"decline": True}
        self.told.append(self._stack.api("POST", f"/v1/prompts/{prompt['id']}", body))


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("mcp") / "s", settings=SETTINGS) as stack:
        stack.login("prod", "staging")
        yield stack


@asynccontextmanager
async def client_of(stack, *words):
    """A client, and the server as a process; what that writes to stderr is in a file."""
    with (stack.dir / "mcp.err").open("a") as errors:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "xacct.ctl", "mcp", *words], env=stack.env, cwd=str(stack.dir)
        )
        async with Client(stdio_client(command, errors)) as client:
            yield client


async def call(client, tool, **said):
    """What a tool answers, and whether it says that it has failed."""
    answer = await client.call_tool(tool, said)
    assert json.loads(answer.content[0].text) == answer.structured_content
    return answer.structured_content, answer.is_error


def grants(stack):
    return {grant["id"]: grant for grant in stack.api("GET", "/v1/grants")["grants"]}


def fetched(environment):
    """What the endpoint gives for a granted environment, as an SDK fetches it."""
    token = Path(environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text()
    headers = {"Authorization": token}
    request = urllib.request.Request(environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers=headers)
    with urllib.request.urlopen(request) as answer:
        return token, json.load(answer)


async def test_an_agent_asks_is_granted_and_lets_go(stack):
    async with client_of(stack) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == ["whoami", "list_roles", "request_access", "access_status", "release"]
        roles, failed = await call(client, "list_roles", contains="PRO")
        assert not failed
        assert [row["role"] for row in roles["roles"]] == ["prod"]
        got, failed = await call(client, "request_access", **READ, ttl_seconds=1800)
        assert (got["state"], failed) == ("granted", False)
        assert got["scope"] == "reading only, for 30 min at most"
        assert got["expires_at"].endswith("Z")
        assert "AWS_CONTAINER_AUTHORIZATION_TOKEN" in got["unset"]
        _, held = fetched(got["environment"])
        assert held["AccessKeyId"].startswith("ASIA")
        assert grants(stack)[got["id"]]["label"] == "mcp: look at the notes (mcp)"
        standing, _ = await call(client, "whoami")
        assert standing["requests"] == [
            {"id": got["id"], "role": "prod", "state": "granted", "scope": "reading only, for 30 min at most"}
        ]
        ended, failed = await call(client, "release", id=got["id"])
        assert (ended["state"], failed) == ("ended", False)
        assert got["id"] not in grants(stack)


async def test_no_keys_of_a_shells_files_win_over_what_is_granted(stack):
    """The agent's shell has files that the server does not know, and [default] in them is somebody else."""
    for name in ("config", "credentials"):
        path = stack.dir / f"shells-{name}"
        path.write_text("[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = another\n")
    home = stack.dir / "shells-home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws/credentials").write_text(path.read_text())
    shell = {
        **stack.env,
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(stack.dir / "shells-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(path),
        "AWS_PROFILE": "default",
    }
    async with client_of(stack) as client:
        got, _ = await call(client, "request_access", **READ)
        granted = {name: value for name, value in shell.items() if name not in got["unset"]} | got["environment"]
        script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
        words = [sys.executable, "-c", script]
        done = await asyncio.to_thread(subprocess.run, words, env=granted, capture_output=True, text=True)
    assert ":assumed-role/cross-account-role-name/" in done.stdout, done.stderr


async def test_what_a_human_revokes_has_ended(stack):
    async with client_of(stack) as client:
        got, _ = await call(client, "request_access", **READ)
        assert stack.xacctctl("grants", "revoke", got["id"]).returncode == 0
        ended, _ = await call(client, "access_status", id=got["id"])
        assert ended["state"] == "ended"
        assert "environment" not in ended


async def test_a_guarded_role_waits_for_a_human_who_sees_the_reason(stack):
    when = threading.Event()
    with Guard(stack, yes=True, when=when) as human:
        async with client_of(stack) as client:
            said = {**READ, "role": "staging", "reason": "deploy\x1b[31m\nnow"}
            got, failed = await call(client, "request_access", **said, wait_seconds=0)
            assert (got["state"], failed) == ("waiting", False)
            assert "environment" not in got
            wait_until(lambda: human.asked, what="the question")
            assert human.asked[0]["label"].startswith("mcp: deploy [31m now (mcp) (narrowed to: reading only")
            when.set()
            got, _ = await call(client, "access_status", id=got["id"], wait_seconds=50)
            assert got["state"] == "granted"
            fetched(got["environment"])


async def test_a_no_is_final_and_nobody_is_asked_again(stack):
    with Guard(stack, yes=False) as human:
        async with client_of(stack) as client:
            got, failed = await call(client, "request_access", **{**READ, "role": "staging"}, wait_seconds=50)
            assert (got["state"], failed) == ("refused", True)
            assert "Don't ask again" in got["meaning"]
            assert got["hint"] == ""
            assert "environment" not in got
            assert got["id"] not in grants(stack)
            again, failed = await call(client, "request_access", **{**READ, "role": "staging"})
            assert failed
            assert again["sentence"].startswith("A human has said no to your use of 'staging'")
            assert len(human.asked) == 1


async def test_where_nobody_can_be_asked_it_fails_with_a_hint(stack):
    async with client_of(stack) as client:
        got, failed = await call(client, "request_access", **{**READ, "role": "staging"})
        assert (got["state"], failed) == ("failed", True)
        assert got["hint"]
        assert got["id"] not in grants(stack)
        got, failed = await call(client, "request_access", **{**READ, "role": "nowhere"})
        assert failed
        assert "nowhere" in got["sentence"]


async def test_the_servers_limits_hold_for_each_call(stack):
    async with client_of(stack, "--role", "prod", "--scope", "notes", "--ttl", "20m") as client:
        roles, _ = await call(client, "list_roles")
        assert [row["role"] for row in roles["roles"]] == ["prod"]
        asked = {"role": "prod", "reason": "look"}
        for wrong in ({"role": "staging"}, {"ttl_seconds": 1201}, {"read_only": True}, {"scope": "others"}):
            _, failed = await call(client, "request_access", **{**asked, **wrong})
            assert failed, wrong
        assert not [grant for grant in grants(stack).values() if grant["label"].startswith("mcp:")]
        got, _ = await call(client, "request_access", **asked)
        assert got["scope"] == "allow dynamodb:GetItem, for 20 min at most"


async def test_all_of_a_role_takes_a_human_who_said_so_at_the_start(stack):
    asked = {"role": "prod", "reason": "look"}
    async with client_of(stack) as client:
        got, failed = await call(client, "request_access", **asked)
        assert failed
        assert got["sentence"] == "Access needs a scope here: say what may be done."
    async with client_of(stack, "--allow-unscoped") as client:
        got, _ = await call(client, "request_access", **asked)
        assert (got["state"], got["scope"]) == ("granted", None)


def test_a_command_of_an_agents_shell_has_its_name_wherever_people_see_it(stack):
    environ = {**stack.env, "CLAUDECODE": "1"}
    grants = [sys.executable, "-m", "xacct.ctl", "grants"]
    done = stack.xacctctl("exec", "prod", "--read-only", "--", *grants, env=environ)
    assert done.returncode == 0, done.stderr
    assert "(Claude Code)" in done.stdout
    assert "(Claude Code)" in stack.xacctctl("audit").stdout


async def test_the_end_of_the_server_ends_what_it_gave(stack):
    async with client_of(stack) as client:
        got, _ = await call(client, "request_access", **READ)
        assert got["id"] in grants(stack)
    wait_until(lambda: got["id"] not in grants(stack), what="the end of the grant")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it_and_what_it_gave(stack, number):
    words = [sys.executable, "-m", "xacct.ctl", "mcp"]
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=stack.env, **pipe) as server:
        for message in (
            {"id": 1, "method": "initialize", "params": INITIALIZE},
            {"method": "notifications/initialized"},
            {"id": 2, "method": "tools/call", "params": {"name": "request_access", "arguments": READ}},
        ):
            server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            server.stdin.flush()
        answers = [json.loads(server.stdout.readline()) for _ in range(2)]
        got = answers[1]["result"]["structuredContent"]
        assert grants(stack)[got["id"]]["label"] == "mcp: look at the notes (a-tester)"
        server.send_signal(number)
        assert server.wait(PATIENCE) in (128 + number, -number)
    wait_until(lambda: got["id"] not in grants(stack), what="the end of the grant")


INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "a tester", "version": "1"},
}


async def test_nothing_that_it_says_or_logs_holds_a_secret(stack):
    """Its answers and its stderr, xacctd's log and the audit: no key, no token, and no key that a reason holds."""
    pasted = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab"
    heard = []
    async with client_of(stack) as client:
        got, _ = await call(client, "request_access", **{**READ, "reason": f"with {pasted}"})
        heard.append(got)
        token, held = fetched(got["environment"])
        for tool, more in (("whoami", {}), ("list_roles", {}), ("access_status", {"id": got["id"]})):
            answer, _ = await call(client, tool, **more)
            heard.append(answer)
        listed = json.dumps(grants(stack))
    audit = stack.xacctctl("audit", "--json").stdout
    said = json.dumps(heard) + listed + audit + (stack.dir / "mcp.err").read_text() + stack.log()
    assert got["id"] in said
    for secret in (token, held["AccessKeyId"], held["SecretAccessKey"], held["Token"], pasted):
        assert secret not in said
    assert "Traceback" not in (stack.dir / "mcp.err").read_text()
