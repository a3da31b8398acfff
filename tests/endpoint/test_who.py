"""From a caller's socket to its line in the audit: with a real kernel, keeper, and children of two users."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys

import pytest
from small_keeper import FakeSts, small_keeper
from virtual_time import Clock
from waiting import PATIENCE, until

from xacct.audit.file import AuditFile
from xacct.audit.trail import Trail
from xacct.clock import AwsClock
from xacct.credentials.service import CredentialService
from xacct.endpoint import answers
from xacct.endpoint.handlers.container_credentials import ContainerCredentials
from xacct.endpoint.head import ROLE_ARN_PATH, ROLE_PATH
from xacct.endpoint.peer_check import PeerCheck
from xacct.grants.grants import Grants
from xacct.host import callers
from xacct.host.processes import Processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's kernel")

EXECUTABLE = os.path.realpath(sys.executable)

ASK = """
import os, socket, sys
if sys.argv[2] == "other": os.setgroups([]); os.setgid(65534); os.setuid(65534)
client = socket.socket()
client.connect(("127.0.0.1", int(sys.argv[1])))
client.sendall(bytes.fromhex(sys.argv[3]))
os.write(1, client.recv(65536))
os.read(0, 1)
"""


class Room:
    """Everything from the door to the audit, dev's credentials held, and a grant for it."""

    def __init__(self, directory):
        from xacct.host.sock_diag import SockDiag  # noqa: PLC0415 - Linux only

        clock = self.clock = AwsClock(Clock().read)
        self.keeper = small_keeper(FakeSts(clock))
        (directory / "tokens").mkdir()
        self.grants = Grants(directory / "tokens", None, clock.now, lambda _: "started")
        self.grant, self.token, _ = self.grants.create(["dev"], "test", None, None)
        self.file = directory / "audit.jsonl"
        self.trail = Trail(AuditFile(self.file, 10**6, 1), clock, Processes().find)
        self.service = CredentialService(self.keeper)
        self.container = ContainerCredentials(self.service, self.grants, 60.0, self.trail)
        self.diag = SockDiag()
        self.peer_check = PeerCheck(callers.on_loopback(self.diag.caller), os.geteuid())

    async def login(self):
        with self.keeper.broker.subscribe():
            login = asyncio.ensure_future(self.keeper.login("dev", ask=True))
            while not self.keeper.broker.open_prompts:
                await asyncio.sleep(0)
            self.keeper.broker.answer(self.keeper.broker.open_prompts[0].id, "123456")
            await login
            return self.keeper.node("dev").entry.held

    @contextlib.asynccontextmanager
    async def serving(self, serve):
        async with serve(self.container.answer, peer_check=self.peer_check, recorder=self.trail) as served:
            self.held = await self.login()
            self.trail.start(self.keeper.events)
            yield served
        await self.trail.close()
        await self.keeper.close()
        self.diag.close()

    @contextlib.asynccontextmanager
    async def caller(self, served, as_whom, target=ROLE_PATH + "dev"):
        """A child that fetches with the valid token: what it was told, and the child, its connection open."""
        raw = served.head(b"Authorization: " + self.token.encode(), target=target)
        command = [sys.executable, "-c", ASK, str(served.port), as_whom, raw.hex()]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            yield await asyncio.to_thread(os.read, child.stdout.fileno(), 65536), child
            child.stdin.close()

    async def line(self, event):
        """The first line of this event, once it is written."""

        def written():
            lines = self.file.read_text().splitlines() if self.file.exists() else []
            return next((line for line in map(json.loads, lines) if line["event"] == event), None)

        return await until(written, event)


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path)


async def test_a_process_of_ours_is_served_and_named(serve, room):
    async with room.serving(serve) as served, room.caller(served, "us") as (said, child):
        assert room.held.secret_access_key.encode() in said
        line = await room.line("fetch")
        assert (line["role"], line["what"], line["grant"]["id"]) == ("dev", "served", room.grant.id)
        assert (line["uid"], line["pid"]) == (os.geteuid(), child.pid)
        assert line["exe"] == EXECUTABLE
    written = room.file.read_text()
    for secret in (room.token, room.grant.digest, room.held.secret_access_key, room.held.session_token):
        assert secret not in written


async def test_who_closes_its_half_behind_the_request_is_answered_all_the_same(serve, room):
    """As busybox's nc does, whose answer waits for the audit's line."""
    async with room.serving(serve) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(served.head(b"Authorization: " + room.token.encode(), target=ROLE_PATH + "dev"))
        writer.write_eof()
        assert room.held.secret_access_key.encode() in await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()


async def test_a_role_fetched_by_its_arn_is_named_by_it(serve, room):
    arn = "arn:aws:iam::345678901234:role/dev-db"
    room.grant, room.token, _ = room.grants.create(
        [], "test", None, None, role_arns=["arn:aws:iam::*:role/*"], via="dev"
    )
    async with room.serving(serve) as served, room.caller(served, "us", ROLE_ARN_PATH + arn):
        line = await room.line("fetch")
        assert (line["role"], line["what"], line["grant"]["id"]) == (arn, "served", room.grant.id)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become another user")
async def test_another_user_with_a_valid_token_is_refused_before_it_is_looked_at(serve, room, monkeypatch):
    looked_at = []
    find = Grants.find
    monkeypatch.setattr(Grants, "find", lambda self, token: looked_at.append(token) or find(self, token))
    async with room.serving(serve) as served:
        async with room.caller(served, "other") as (said, _):
            assert said == answers.NO_GRANT
            assert looked_at == []
            line = await room.line("refused")
            assert (line["what"], line["uid"], line["pid"], line["grant"]) == ("another user", 65534, None, None)
        async with room.caller(served, "us") as (said, _):
            assert room.held.secret_access_key.encode() in said, "the token was not valid after all"
        assert len(looked_at) == 1


async def test_what_is_served_is_in_the_file_before_it_leaves(serve, room):
    async with room.serving(serve) as served, room.caller(served, "us") as (said, _):
        at_once = room.file.read_text() if room.file.exists() else ""  # whoever is killed now has not lost it
        assert room.held.secret_access_key.encode() in said
        [line] = [line for line in map(json.loads, at_once.splitlines()) if line["event"] == "fetch"]
        assert (line["role"], line["what"]) == ("dev", "served")


@pytest.mark.parametrize("required", [True, False])
async def test_without_a_disk_for_the_audit_nothing_is_served_where_it_is_required(serve, room, required, tmp_path):
    room.trail = Trail(AuditFile(tmp_path / "no" / "such" / "audit.jsonl", 1, 1), room.clock, Processes().find)
    room.trail._required = required
    room.container = ContainerCredentials(room.service, room.grants, 60.0, room.trail)
    async with room.serving(serve) as served:
        for _ in range(2):
            async with room.caller(served, "us") as (said, _):
                assert (room.held.secret_access_key.encode() in said) != required
                assert (b"403 Forbidden" in said and b"audit can't be written" in said) == required
        assert [problem.code for problem in room.trail.problems()] == ["audit-not-written"]
