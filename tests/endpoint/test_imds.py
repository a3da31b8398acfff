"""EC2's metadata from a real keeper, in virtual time. test_imds_guard.py has the sockets and what is refused there."""

import asyncio
import json
from dataclasses import replace

import pytest
from msgspec import structs
from small_keeper import FakeSts, small_keeper
from virtual_time import in_virtual_time

from xacct import errors
from xacct.clock import AwsClock
from xacct.credentials.ask import Ask
from xacct.credentials.entry import EAGER
from xacct.credentials.service import REFUSE_FOR, CredentialService
from xacct.endpoint import answers
from xacct.endpoint.handlers import imds
from xacct.endpoint.handlers.imds import REGION, ROLES, TOKEN, WAIT, ZONE, Imds
from xacct.endpoint.head import Request
from xacct.endpoint.metadata_tokens import LONGEST, MOST, MetadataTokens
from xacct.model import Caller
from xacct.policy import HOUR, IMDS_LEAST, MINUTE
from xacct.prompts.approved import BURST, UNUSED_FOR

PATIENCE = 60.0
CALLER = Caller(uid=1000, pid=7)


class Records:
    """What the audit is told."""

    def __init__(self):
        self.lines = []

    def fetched(self, grant, role, outcome, caller):
        assert caller is CALLER
        self.lines.append((grant.label, role, outcome))

    def refused(self, why, caller):
        assert caller is CALLER
        self.lines.append(why)


class Room:
    """A port for dev in front of a small keeper, and a metadata token for it."""

    def __init__(self, clock, role="dev", patience=PATIENCE):
        self.clock = clock
        aws_clock = AwsClock(clock.read)
        self.sts = FakeSts(aws_clock)
        self.keeper = small_keeper(self.sts)
        self.broker = self.keeper.broker
        self.records = Records()
        self.role = role
        self.imds = Imds(
            CredentialService(self.keeper),
            role,
            9478,
            patience,
            self.records,
            lambda caller: structs.replace(caller, exe="/bin/aws"),
        )
        self.token = self.new_token()

    def new_token(self, ttl=b"21600"):
        status, headers, body = parsed(self.imds.answer(request(TOKEN, method="PUT", ttl=ttl)))
        assert (status, headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"]) == (b"200", ttl.decode())
        return body.decode()

    def get(self, target, token=None):
        return self.imds.answer(request(target, token=self.token if token is None else token))

    def ask(self):
        """What is answered where an SDK asks for the credentials."""
        return self.get(f"{ROLES[0]}/{self.role}")

    async def answer(self):
        """The same, and after how many seconds."""
        began, got = self.clock.time, self.ask()
        if not isinstance(got, bytes):
            [got] = [piece async for piece in got]
        status, _, body = parsed(got)
        assert status == b"200"
        return json.loads(body), self.clock.time - began

    async def login(self, role=None):
        with self.broker.subscribe():
            login = asyncio.ensure_future(self.keeper.login(role or self.role, ask=True))
            await self.give_code()
            await login
            return self.held

    async def give_code(self):
        while not self.broker.open_prompts:
            await asyncio.sleep(0.01)
        self.broker.answer(self.broker.open_prompts[0].id, "123456")

    def configure(self, role, **changes):
        configured = {name: node.role for name, node in self.keeper.nodes.items()}
        self.keeper.configure(configured | {role: replace(configured[role], **changes)})

    @property
    def held(self):
        return self.keeper.node(self.role).entry.held


def request(target, *, token="", method="GET", ttl=b""):
    return Request(target, token.encode(), b"", keep_alive=True, caller=CALLER, method=method, ttl=ttl)


def parsed(raw):
    """Status, headers and body of an answer, checked against its own Content-Length."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = dict(line.decode().split(": ", 1) for line in lines)
    assert int(headers["Content-Length"]) == len(body)
    return first.split(b" ")[1], headers, body


@pytest.fixture
def room(clock):
    return Room(clock)


def test_the_times_are_those_that_sdks_were_measured_to_bear():
    assert WAIT < 1.0
    assert IMDS_LEAST >= 25 * MINUTE


# Tokens.


@in_virtual_time
async def test_nothing_is_told_without_a_token_whatever_is_asked(clock, room):
    await room.login()
    for token in ("", "wrong", room.token[:-1], room.token + "a", room.token.swapcase()):
        for target in (*ROLES, *(path + "/dev" for path in ROLES), REGION, "/", "/latest/nothing", TOKEN):
            assert room.get(target, token) is answers.UNAUTHORIZED
    assert set(room.records.lines) == {"no metadata token"}
    assert answers.UNAUTHORIZED.startswith(b"HTTP/1.1 401 ")


@in_virtual_time
async def test_a_token_lives_as_long_as_was_asked_and_a_suspend_counts(clock, room):
    short = room.new_token(b"60")
    await asyncio.sleep(59)
    assert room.get(ROLES[0], short) is not answers.UNAUTHORIZED
    clock.suspend(1)
    assert room.get(ROLES[0], short) is answers.UNAUTHORIZED
    assert room.get(ROLES[0]) is not answers.UNAUTHORIZED


@pytest.mark.parametrize("ttl", [b"", b"0", b"-1", b"21601", b"1e3", b"60 ", b"\xb2", b"999999", b"00000060"])
def test_a_token_of_another_age_than_ec2s_is_refused(room, ttl):
    assert room.imds.answer(request(TOKEN, method="PUT", ttl=ttl)) is answers.BAD_TTL
    assert answers.BAD_TTL.startswith(b"HTTP/1.1 400 ")


def test_tokens_are_random_kept_as_hashes_and_of_no_use_at_another_port(room, clock):
    tokens = {room.new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}  # 256 bits
    assert not any(token in repr(vars(room.imds._tokens)) for token in tokens)
    other = Room(clock)
    assert all(other.get(ROLES[0], token) is answers.UNAUTHORIZED for token in tokens)


def test_a_bounded_number_of_tokens_is_kept_the_expired_going_first(clock):
    tokens = MetadataTokens(lambda: clock.boot)
    old = tokens.issue(b"%d" % LONGEST).encode()
    short = [tokens.issue(b"1") for _ in range(MOST - 1)]
    clock.advance(1)
    young = [tokens.issue(b"100").encode() for _ in range(len(short))]
    assert tokens.opens(old)
    one_more = tokens.issue(b"100").encode()
    assert not tokens.opens(old)
    assert all(map(tokens.opens, [*young, one_more]))
    assert len(tokens._until) == MOST


# What there is.


@in_virtual_time
async def test_an_sdk_finds_the_role_and_its_credentials(clock, room):
    await room.login()
    for path in ROLES:
        for listing in (path, path + "/"):
            status, headers, body = parsed(room.get(listing))
            assert (status, body, headers["Content-Type"]) == (b"200", b"dev", "text/plain")
        served = room.get(f"{path}/dev")
        assert served == answers.whole(
            answers.OK, answers.credentials(room.held, room.keeper.node("dev").role.role_arn)
        )
    assert parsed(served)[1]["Cache-Control"] == "no-store"
    assert room.records.lines == [("imds:9478", "dev", "served")] * 2


@in_virtual_time
async def test_a_path_with_a_slash_more_in_front_is_the_same(clock, room):
    """As Java sends it."""
    await room.login()
    assert room.get("/" + ROLES[0] + "/") == room.get(ROLES[0] + "/")
    assert parsed(room.get("//" + ROLES[0] + "/"))[0] != b"200"


@in_virtual_time
async def test_region_and_zone_are_the_roles(clock, room):
    for end in ("", "/"):
        assert parsed(room.get(REGION + end))[::2] == (b"200", b"eu-central-1")
        assert parsed(room.get(ZONE + end))[2][:-1] == b"eu-central-1"  # as botocore and C++ make a region of it
    room.configure("dev", region=None)
    assert room.get(REGION) is answers.NOT_FOUND
    assert room.get(ZONE) is answers.NOT_FOUND


@in_virtual_time
async def test_of_anything_else_there_is_none(clock, room):
    await room.login("prod")
    others = [f"{path}/{role}" for path in ROLES for role in ("prod", "dev/x", "../dev", "nothing")]
    for target in (*others, "/", "/latest", "/latest/meta-data/", TOKEN, "/v1/credentials/dev", "/healthz"):
        assert room.get(target) is answers.NOT_FOUND
    assert answers.NOT_FOUND.startswith(b"HTTP/1.1 404 ")
    assert room.records.lines == []


@in_virtual_time
async def test_a_role_there_is_not_or_no_more_is_none(clock, room):
    await room.login()
    room.keeper.configure({})
    assert room.get(ROLES[0]) is answers.NOT_FOUND
    assert room.ask() is answers.NOT_FOUND


@in_virtual_time
async def test_a_name_that_no_path_could_hold_goes_by_its_slug(clock):
    room = Room(clock, "team/ops")
    await room.login()
    slug = parsed(room.get(ROLES[0]))[2].decode()
    assert "/" not in slug
    assert parsed(room.get(f"{ROLES[0]}/{slug}"))[0] == b"200"
    assert room.get(f"{ROLES[0]}/team/ops") is answers.NOT_FOUND


# Nobody is held.


@in_virtual_time
async def test_what_comes_soon_is_waited_for(clock):
    room = Room(clock, "plain")
    room.sts.delay = WAIT - 0.1
    body, seconds = await room.answer()
    assert (body["Code"], round(seconds, 3)) == ("Success", round(room.sts.delay, 3))


@in_virtual_time
async def test_what_comes_late_is_refused_in_time_and_there_at_the_next_try(clock):
    room = Room(clock, "plain")
    room.sts.delay = 2.0
    for _ in range(2):
        body, seconds = await room.answer()
        assert (body["Code"], round(seconds, 3)) == ("temporary", WAIT)
    await asyncio.sleep(2)
    body, seconds = await room.answer()
    assert (body["Code"], seconds) == ("Success", 0)
    assert len(room.sts.calls) == 1


@in_virtual_time
async def test_a_human_is_asked_meanwhile_once_for_all_tries(clock, room):
    with room.broker.subscribe():
        bodies = [await room.answer() for _ in range(4)]
        assert {body["Code"] for body, _ in bodies} == {"login-required"}
        assert all(seconds < 1 for _, seconds in bodies)
        assert len(room.broker.open_prompts) == 1
        assert sum(task.get_name() == "imds:9478" for task in asyncio.all_tasks()) == 1
        await asyncio.sleep(20)  # nobody asks meanwhile
        await room.give_code()
        await asyncio.sleep(1)
    assert (await room.answer())[0]["Code"] == "Success"
    assert [action for action, _ in room.sts.calls] == ["GetSessionToken", "AssumeRole"]
    assert room.records.lines == [("imds:9478", "dev", "login-required")] * 4 + [("imds:9478", "dev", "served")]


@in_virtual_time
async def test_taken_back_while_it_is_written_down_nothing_leaves(clock, room, monkeypatch):
    await room.login()

    async def written():
        room.keeper.agent_lock.lock("test")

    monkeypatch.setattr(room.records, "fetched", lambda *_: written, raising=False)
    assert (await room.answer())[0]["Code"] == "locked"


@in_virtual_time
async def test_what_is_configured_anew_while_it_is_written_down_does_not_leave_as_it_was(clock, room, monkeypatch):
    await room.login()

    async def written():
        configured = {name: node.role for name, node in room.keeper.nodes.items()}
        other = replace(configured["dev"], role_arn="arn:aws:iam::999999999999:role/other")
        room.keeper.configure(configured | {"dev": other})

    monkeypatch.setattr(room.records, "fetched", lambda *_: written, raising=False)
    assert (await room.answer())[0]["Code"] == "temporary"


@in_virtual_time
async def test_a_client_that_hangs_up_does_not_withdraw_the_question(clock, room):
    with room.broker.subscribe():
        hanging = asyncio.ensure_future(room.answer())
        await asyncio.sleep(0.1)
        hanging.cancel()
        await asyncio.sleep(10)
        await room.give_code()
        await asyncio.sleep(1)
    assert (await room.answer())[0]["Code"] == "Success"


@in_virtual_time
async def test_nobody_to_ask_is_said_at_once(clock, room):
    body, seconds = await room.answer()
    assert (body["Code"], seconds) == ("nobody-to-ask", 0)
    assert body["Message"].startswith("An MFA code is needed for dev")
    assert "xacctctl login dev" in body["Message"]
    assert "AccessKeyId" not in body


@in_virtual_time
async def test_without_patience_nobody_is_asked(clock):
    room = Room(clock, patience=0.0)
    with room.broker.subscribe():
        body, _ = await room.answer()
        assert body["Code"] == "login-required"
        assert room.broker.open_prompts == []


@pytest.mark.parametrize(("no", "code"), [(True, "declined"), (False, "timed-out")])
@in_virtual_time
async def test_a_no_counts_for_a_while_and_raises_no_new_question(clock, room, no, code):
    with room.broker.subscribe():
        await room.answer()
        if no:
            room.broker.decline(room.broker.open_prompts[0].id)
        else:
            await asyncio.sleep(PATIENCE - WAIT)
        await asyncio.sleep(0.1)
        for _ in range(3):
            assert (await room.answer())[0]["Code"] == code
            await asyncio.sleep(REFUSE_FOR / 3 - 0.1)
        assert (await room.answer())[0]["Code"] == code
        await asyncio.sleep(4)
        assert (await room.answer())[0]["Code"] == "login-required"
        assert len(room.broker.open_prompts) == 1
    await room.imds.close()


# Never less than 25 minutes.


@in_virtual_time
async def test_credentials_that_are_fresh_but_too_short_are_renewed_first(clock, room):
    first = await room.login()
    await asyncio.sleep(HOUR - IMDS_LEAST)
    assert (await room.answer())[0]["AccessKeyId"] == first.access_key_id
    await asyncio.sleep(1)
    assert (
        room.imds._service.serve("dev", room.imds.consumer, Ask()) is first
    )  # SDKs of the container protocol still get these
    body, seconds = await room.answer()
    assert (body["Code"], seconds) == ("Success", 0)
    assert body["AccessKeyId"] == room.held.access_key_id != first.access_key_id
    assert [action for action, _ in room.sts.calls] == ["GetSessionToken", "AssumeRole", "AssumeRole"]


@in_virtual_time
async def test_past_the_mfa_session_ends_they_are_refused_a_human_asked_and_the_hint_helps(clock, room):
    first = await room.login()
    for session in room.keeper.sessions.values():
        session.drop()
    await asyncio.sleep(HOUR - IMDS_LEAST + 5 * MINUTE)
    body, seconds = await room.answer()
    assert (body["Code"], seconds) == ("nobody-to-ask", 0)
    assert "20 min more" in body["Message"]
    assert "xacctctl login dev --for 1h" in body["Message"]
    with room.broker.subscribe():
        assert (await room.answer())[0]["Code"] == "login-required"
        assert room.held is first  # and other protocols are served from it meanwhile
        await room.give_code()
        await asyncio.sleep(0.1)
    assert (await room.answer())[0]["Code"] == "Success"


@in_virtual_time
async def test_while_sts_is_away_too_short_is_refused_and_sts_not_stormed(clock, room):
    await room.login()
    await asyncio.sleep(HOUR - IMDS_LEAST + MINUTE)
    before = len(room.sts.calls)
    room.sts.failures = [errors.Throttled("STS says to slow down.") for _ in range(100)]
    bodies = []
    for _ in range(20):
        bodies.append((await room.answer())[0])
        await asyncio.sleep(0.1)
    assert {body["Code"] for body in bodies} == {"temporary", "throttled"}
    assert all("AccessKeyId" not in body for body in bodies)
    assert len(room.sts.calls) - before <= 3  # one acquisition, with its two quick tries again
    room.sts.failures.clear()
    await asyncio.sleep(EAGER)
    assert (await room.answer())[0]["Code"] == "Success"


@in_virtual_time
async def test_a_role_that_never_lives_so_long_is_refused_in_words_and_sts_not_stormed(clock):
    room = Room(clock, "plain")
    room.sts.lifetime = 15 * MINUTE
    for _ in range(10):
        body, _ = await room.answer()
        assert body["Code"] == "too-short-lived"
        assert "15 min at a time" in body["Message"]
        await asyncio.sleep(20)
    assert len(room.sts.calls) == 1


# Guarded roles, the agent lock, logging out.


@pytest.mark.parametrize("confirm", ["first-use", "each-grant"])
@in_virtual_time
async def test_a_guarded_role_takes_a_yes_for_the_port(clock, room, confirm):
    await room.login()
    room.configure("dev", confirm=confirm)
    await room.keeper.login("dev", ask=False)
    assert room.held is not None
    assert (await room.answer())[0]["Code"] == "nobody-to-ask"
    with room.broker.subscribe():
        assert (await room.answer())[0]["Code"] == "login-required"
        [prompt] = room.broker.open_prompts
        assert (prompt.kind, prompt.label, prompt.roles) == ("confirm", "imds:9478", ("dev",))
        assert prompt.process == "pid 7, /bin/aws"
        room.broker.confirm(prompt.id)
        await asyncio.sleep(0.5)
    assert (await room.answer())[0]["Code"] == "Success"
    room.keeper.approvals.keep({"imds:9478"})
    assert (await room.answer())[0]["Code"] == "Success"


@in_virtual_time
async def test_at_each_use_the_try_that_finds_it_answered_is_the_use(clock, room):
    await room.login()
    room.configure("dev", confirm="each-use")
    await room.keeper.login("dev", ask=False)
    with room.broker.subscribe():
        assert (await room.answer())[0]["Code"] == "login-required"
        room.broker.confirm(room.broker.open_prompts[0].id)
        await asyncio.sleep(UNUSED_FOR / 2)
        assert (await room.answer())[0]["Code"] == "Success"
        await asyncio.sleep(BURST + 1)
        assert (await room.answer())[0]["Code"] == "login-required"
        assert len(room.broker.open_prompts) == 1


@in_virtual_time
async def test_behind_the_agent_lock_nothing_leaves(clock, room):
    await room.login()
    room.keeper.agent_lock.lock("test")
    assert (await room.answer())[0]["Code"] == "locked"
    room.keeper.agent_lock.unlock()
    assert (await room.answer())[0]["Code"] == "Success"


@in_virtual_time
async def test_a_lock_reaches_those_who_wait_and_what_comes_with_it(clock):
    room = Room(clock, "plain")
    room.sts.delay = WAIT / 2
    waiting = asyncio.ensure_future(room.answer())
    await asyncio.sleep(WAIT / 4)
    room.keeper.agent_lock.lock("test")
    assert (await waiting)[0]["Code"] == "locked"


@pytest.mark.parametrize("what", ["locked", "unknown-role"])
@in_virtual_time
async def test_what_was_had_just_before_a_lock_or_a_change_does_not_leave_after_it(clock, what):
    room = Room(clock, "plain")
    room.sts.delay = WAIT / 2
    waiting = asyncio.ensure_future(room.answer())
    await asyncio.sleep(WAIT / 4)
    change = {"locked": lambda: room.keeper.agent_lock.lock("test"), "unknown-role": lambda: room.keeper.configure({})}[
        what
    ]
    room.imds._fetching.add_done_callback(lambda _: change())
    assert (await waiting)[0]["Code"] == what
    assert len(room.sts.calls) == 1


@in_virtual_time
async def test_after_a_logout_there_is_nothing(clock, room):
    await room.login()
    room.keeper.logout(["dev"])
    body, _ = await room.answer()
    assert body["Code"] == "login-required"
    assert "xacctctl login dev" in body["Message"]


@in_virtual_time
async def test_closing_ends_what_is_under_way_and_says_so(clock):
    room = Room(clock, "plain")
    room.sts.delay = 60.0
    waiting = asyncio.ensure_future(room.answer())
    await asyncio.sleep(0.1)
    await room.keeper.close()
    await room.imds.close()
    body, _ = await waiting
    assert (body["Code"], body["Message"]) == ("temporary", "xacctd is stopping.")
    assert room.imds._fetching is None


@in_virtual_time
async def test_a_role_that_goes_while_it_is_waited_for_is_a_refusal(clock):
    room = Room(clock, "plain")
    room.sts.delay = WAIT / 2
    waiting = asyncio.ensure_future(room.answer())
    await asyncio.sleep(WAIT / 4)
    room.keeper.configure({})
    body, _ = await waiting
    assert body["Code"] == "unknown-role"


def test_a_request_shows_no_token():
    assert "abc" not in repr(imds.parse(b"GET / HTTP/1.1\r\nHost: x\r\nX-aws-ec2-metadata-token: abc", {b"x"}))
