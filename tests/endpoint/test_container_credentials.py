"""Container credentials from a real keeper. Holds take virtual time: test_server.py has the sockets."""

import asyncio
import contextlib
import itertools
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from small_keeper import SERIAL, FakeSts, small_keeper
from virtual_time import in_virtual_time

from xacct import errors
from xacct.clock import AwsClock
from xacct.credentials.service import REFUSE_FOR, STALE_WAIT, CredentialService
from xacct.endpoint import answers
from xacct.endpoint.handlers.container_credentials import (
    ONE_ROLE,
    RUST_PATIENCE,
    SILENCE,
    TRICKLE,
    ContainerCredentials,
)
from xacct.endpoint.head import ROLE_ARN_PATH, ROLE_PATH, Request
from xacct.grants.grants import Grants
from xacct.model import Caller
from xacct.prompts.broker import GRACE
from xacct.scope_policies import Wanted, made_of

PATIENCE = 60.0
NOBODY = Caller()


class Room:
    """A container in front of a small keeper, with one grant for dev and prod."""

    def __init__(self, clock, directory):
        self.clock = clock
        aws_clock = AwsClock(clock.read)
        self.sts = FakeSts(aws_clock)
        self.keeper = small_keeper(self.sts)
        self.broker = self.keeper.broker
        self.grants = Grants(directory, None, aws_clock.now, lambda _: "started")
        self.container = ContainerCredentials(CredentialService(self.keeper), self.grants, PATIENCE)
        self.grant, self.token = self.new_grant("dev", "prod")

    def new_grant(self, *roles, ttl=None, **more):
        grant, token, _ = self.grants.create(roles, "test", ttl, None, **more)
        return grant, token

    def ask(self, role="dev", token=None, target=None, agent=b"", caller=NOBODY):
        """What is answered: bytes, or the pieces of a hold."""
        token = self.token if token is None else token
        return self.container.answer(
            Request(target or ROLE_PATH + role, token.encode(), agent, keep_alive=True, caller=caller)
        )

    async def all_of(self, answer):
        """A held answer's pieces, each with the seconds after which it came."""
        began = self.clock.time
        return [(round(self.clock.time - began, 6), piece) async for piece in answer]

    async def login(self, *roles):
        """Have these roles, by one code."""
        with self.broker.subscribe():
            logins = [asyncio.ensure_future(self.keeper.login(role, ask=True)) for role in roles]
            await self.give_code()
            await asyncio.gather(*logins)

    def guard(self, role, confirm):
        """From now on a yes is needed before a consumer gets this role."""
        configured = {name: node.role for name, node in self.keeper.nodes.items()}
        self.keeper.configure(configured | {role: replace(configured[role], confirm=confirm)})

    async def confirm(self):
        self.broker.confirm((await self.prompt()).id)

    def end_mfa_sessions(self):
        for session in self.keeper.sessions.values():
            session.drop()

    async def prompt(self):
        async with asyncio.timeout(60):
            while not self.broker.open_prompts:
                await asyncio.sleep(0.01)
        return self.broker.open_prompts[0]

    async def give_code(self, code="123456"):
        prompt = await self.prompt()
        self.broker.answer(prompt.id, code)


@pytest.fixture
def room(clock, tmp_path):
    return Room(clock, tmp_path)


def json_of(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].split(b" ")[1], json.loads(body)


def body_of(pieces):
    """The body of a chunked answer, checked for its proper end."""
    assert pieces[0][1] == answers.CHUNKED
    raw, body = b"".join(piece for _, piece in pieces[1:]), b""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        body, end, raw = body + raw[: int(size, 16)], raw[int(size, 16) :][:2], raw[int(size, 16) + 2 :]
        assert end == b"\r\n"
        if size == b"0":
            assert raw == b""
            return body
    raise AssertionError("the body has no end")


def code_of(answer):
    assert isinstance(answer, bytes), "it is held"
    status, body = json_of(answer)
    assert status == b"403"
    return body["code"]


@pytest.mark.parametrize("where", ["host", "container"])
async def test_a_grant_is_for_one_kind_of_listener(room, where):
    await room.login("dev")
    other = {"host": "container", "container": "host"}[where]
    _, token = room.new_grant("dev", where=where)
    request = Request(ROLE_PATH + "dev", token.encode(), b"", keep_alive=True)
    assert json_of(room.container.answer(request, where))[0] == b"200"
    assert room.container.answer(request, other) == answers.NO_GRANT


async def test_the_path_without_a_role_is_for_grants_of_one(room):
    await room.login("dev", "prod")
    _, token = room.new_grant("prod")
    assert json_of(room.ask(target=ONE_ROLE, token=token)) == json_of(room.ask("prod", token=token))
    assert code_of(room.ask(target=ONE_ROLE)) == "unknown-role", "this one has two"


async def test_the_path_without_a_role_opens_none_that_is_gone(room):
    _, token = room.new_grant("gone")
    assert code_of(room.ask(target=ONE_ROLE, token=token)) == "unknown-role"


def test_the_times_are_those_that_sdks_were_measured_to_bear():
    assert SILENCE <= 0.5
    assert TRICKLE <= 0.25
    assert REFUSE_FOR >= 15
    assert RUST_PATIENCE <= 25


# What is there is served at once.


@in_virtual_time
async def test_held_credentials_are_served_at_once(clock, room):
    await room.login("dev")
    held = room.keeper.node("dev").entry.held
    assert room.ask() == answers.whole(answers.OK, answers.credentials(held, room.keeper.node("dev").role.role_arn))
    assert room.ask(token="Bearer " + room.token) == room.ask()


@in_virtual_time
async def test_each_fetch_has_what_has_changed_read(clock, room, monkeypatch):
    await room.login("dev")
    looked = []
    monkeypatch.setattr(room.container._service, "_refresh", lambda: looked.append(room.clock.time))
    for times in (1, 2):
        assert json_of(room.ask())[0] == b"200"
        assert len(looked) == times


@in_virtual_time
async def test_the_bytes_are_built_once_and_anew_for_new_credentials(clock, room):
    await room.login("dev")
    room.ask()
    built = room.container._bodies["dev", ""][1]
    room.ask()
    assert room.container._bodies["dev", ""][1] is built
    await room.keeper.node("dev").entry.renew(ask=False)
    _, body = json_of(room.ask())
    assert body["AccessKeyId"] == room.keeper.node("dev").entry.held.access_key_id
    assert body != json.loads(built)


@in_virtual_time
async def test_each_grant_gets_the_bytes_of_its_own_scope(clock, room):
    await room.login("dev")
    scopes = [made_of(Wanted(allow=("s3:Get*",))), made_of(Wanted(read_only=True)), None]
    tokens = [room.new_grant("dev", scope=scope)[1] for scope in scopes]
    got = []
    for token in [*tokens, *reversed(tokens), *tokens]:
        answer = room.ask(token=token)
        pieces = [answer] if isinstance(answer, bytes) else [piece for _, piece in await room.all_of(answer)]
        got.append(json_of(pieces[-1])[1]["AccessKeyId"])
    assert got == [*got[:3], *reversed(got[:3]), *got[:3]]
    assert len(set(got)) == 3
    assert got[2] == room.keeper.node("dev").entry.held.access_key_id
    assert [action for action, _ in room.sts.calls].count("GetScopedCredentials") == 2
    room.container.forget()
    assert len(room.container._bodies) == 3
    room.keeper.scoped.abandon(["dev"], lambda _: errors.Temporary(""))
    room.container.forget()
    assert list(room.container._bodies) == [("dev", "")]


@in_virtual_time
async def test_locked_no_bytes_of_narrower_credentials_are_kept(clock, room):
    await room.login("dev")
    _, token = room.new_grant("dev", scope=made_of(Wanted(read_only=True)))
    await room.all_of(room.ask(token=token))
    assert isinstance(room.ask(token=token), bytes)
    for take_back in (lambda: room.keeper.agent_lock.lock("test"), lambda: room.keeper.logout(["dev"])):
        room.keeper.agent_lock.unlock()
        take_back()
        room.container.forget()
        assert room.container._bodies == {}


@in_virtual_time
async def test_bytes_of_credentials_let_go_are_forgotten(clock, room):
    await room.login("dev", "prod")
    room.ask("dev")
    room.ask("prod")
    room.keeper.logout(["dev"])
    room.container.forget()
    assert set(room.container._bodies) == {("prod", "")}
    await room.keeper.node("prod").entry.renew(ask=False)
    room.container.forget()
    assert room.container._bodies == {}, "other credentials are held by now"
    room.ask("prod")
    room.keeper.configure({})
    room.container.forget()
    assert room.container._bodies == {}


@in_virtual_time
async def test_locked_no_bytes_are_kept_that_can_not_be_served(clock, room):
    await room.login("dev")
    before = room.ask("dev")
    room.keeper.agent_lock.lock("test")
    room.container.forget()
    room.ask("dev")
    assert room.container._bodies == {}
    room.keeper.agent_lock.unlock()
    assert room.ask("dev") == before


@in_virtual_time
async def test_a_role_whose_name_no_path_could_hold_has_a_slug(clock, room):
    await room.login("team/ops")
    _, token = room.new_grant("team/ops")
    slug = room.keeper.node("team/ops").role.slug
    assert "/" not in slug
    assert json_of(room.ask(slug, token))[0] == b"200"
    assert code_of(room.ask("team/ops", token)) == "unknown-role"


# Who gets nothing.

PATHS = ["dev", "prod", "elsewhere", "nothing", "", "dev/", "../dev", "dev/../dev"]


@in_virtual_time
async def test_without_a_grant_every_path_answers_the_same(clock, room):
    await room.login("dev")
    revoked, revoked_token = room.new_grant("dev")
    room.grants.revoke(revoked.id)
    _, short = room.new_grant("dev", ttl=1.0)
    await asyncio.sleep(1)
    for token in ("", "Bearer ", "xacct_wrong", room.token[:-1], revoked_token, short):
        for target in (
            *(ROLE_PATH + path for path in PATHS),
            "/",
            "/v1/credentials",
            "/v2/credentials/dev",
            "/healthz",
            "/healthz/",
        ):
            assert room.ask(target=target, token=token) is answers.NO_GRANT


@in_virtual_time
async def test_a_grant_does_not_tell_what_lies_beyond_it(clock, room):
    await room.login("elsewhere")
    said = {room.ask(path) for path in PATHS if path not in {"dev", "prod"}}
    room.keeper.logout(["elsewhere"])
    said.add(room.ask("elsewhere"))
    assert len(said) == 1
    assert code_of(said.pop()) == "unknown-role"


@in_virtual_time
async def test_a_role_logged_out_of_is_a_refusal_at_once(clock, room):
    await room.login("dev")
    room.keeper.logout(["dev"])
    assert code_of(room.ask()) == "login-required"


@in_virtual_time
async def test_with_nobody_to_ask_the_refusal_comes_at_once_and_says_what_to_type(clock, room):
    [(at, piece)] = await room.all_of(room.ask())
    assert at < SILENCE
    assert code_of(piece) == "nobody-to-ask"
    assert "xacctctl login dev" in json_of(piece)[1]["message"]


# Holding.


@in_virtual_time
async def test_what_comes_soon_comes_whole(clock, room):
    _, token = room.new_grant("plain")
    room.sts.delay = SILENCE - 0.1
    [(at, piece)] = await room.all_of(room.ask("plain", token))
    assert at < SILENCE
    assert json_of(piece)[0] == b"200"


@in_virtual_time
async def test_a_hold_is_silent_then_trickles_then_ends_with_the_credentials(clock, room):
    with room.broker.subscribe():
        hold = asyncio.ensure_future(room.all_of(room.ask()))
        await asyncio.sleep(10)
        await room.give_code()
        pieces = await hold
    times = [at for at, _ in pieces]
    assert times[0] == SILENCE
    assert all(0 <= later - sooner <= TRICKLE + 0.001 for sooner, later in itertools.pairwise(times))
    assert 10 <= times[-1] <= 10 + 2 * TRICKLE
    assert {piece for _, piece in pieces[1:-1]} == {answers.chunk(b" ")}
    body = body_of(pieces)
    assert json.loads(body)["AccessKeyId"] == room.keeper.node("dev").entry.held.access_key_id
    assert room.ask() == answers.whole(answers.OK, body.strip())


@in_virtual_time
async def test_many_held_clients_are_one_question_and_one_call(clock, room):
    with room.broker.subscribe():
        holds = [asyncio.ensure_future(room.all_of(room.ask(role))) for role in ["dev", "prod"] * 10]
        await asyncio.sleep(5)
        assert len(room.broker.open_prompts) == 1
        await room.give_code()
        for pieces in await asyncio.gather(*holds):
            assert json.loads(body_of(pieces))["Code"] == "Success"
    assert sorted(action for action, _ in room.sts.calls) == ["AssumeRole", "AssumeRole", "GetSessionToken"]


async def decline(room):
    await asyncio.sleep(3)
    room.broker.decline((await room.prompt()).id)


async def let_it_pass(room):
    """Nobody answers."""


async def give_wrong_codes(room):
    for code in ("000001", "000002", "000003"):
        await asyncio.sleep(1)
        await room.give_code(code)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(decline, "declined"), (let_it_pass, "timed-out"), (give_wrong_codes, "too-many-wrong-codes")],
)
@in_virtual_time
async def test_a_refusal_while_trickling_ends_the_body_completely_and_counts_for_a_while(clock, room, trouble, code):
    with room.broker.subscribe():
        hold = asyncio.ensure_future(room.all_of(room.ask()))
        await trouble(room)
        body = body_of(await hold)
        assert "dev" in body.decode()
        assert body.strip().startswith(b"xacct: ")  # whatever the sentence, no JSON begins so
        raised = len(room.sts.calls)
        for _ in range(4):  # an SDK's tries
            assert code_of(room.ask()) == code
            await asyncio.sleep(REFUSE_FOR / 4 - 0.01)
        assert code_of(room.ask()) == code
        await asyncio.sleep(0.1)
        assert not isinstance(room.ask(), bytes)
        assert len(room.sts.calls) == raised


@in_virtual_time
async def test_a_refusal_counts_for_its_grant_and_role_alone(clock, room):
    _, other = room.new_grant("dev")
    with room.broker.subscribe():
        await room.all_of(room.ask())
        assert code_of(room.ask()) == "timed-out"
        assert not isinstance(room.ask("prod"), bytes)
        assert not isinstance(room.ask("dev", other), bytes)


@in_virtual_time
async def test_a_login_ends_a_refusal(clock, room):
    with room.broker.subscribe():
        await room.all_of(room.ask())
    await room.login("dev")
    assert json_of(room.ask())[0] == b"200"


@in_virtual_time
async def test_a_refusal_by_aws_while_trickling_is_a_sentence_too(clock, room):
    _, token = room.new_grant("plain")
    room.sts.delay = 2.0
    room.sts.failures = [errors.AccessDenied("AWS refuses plain.", "Ask its owner.")]
    body = body_of(await room.all_of(room.ask("plain", token)))
    assert body.strip() == b"xacct: AWS refuses plain. Ask its owner."
    [(_, piece)] = await room.all_of(room.ask("plain", token))
    assert code_of(piece) == "access-denied"


@pytest.mark.parametrize(
    ("agent", "seconds"),
    [
        (b"", PATIENCE),
        (b"Boto3/1.43 Botocore/1.43", PATIENCE),
        (b"aws-sdk-rust/1.3", PATIENCE),
        (b"my object_store/1", PATIENCE),
        (b"object_store/0.14.2", RUST_PATIENCE),
        (b"polars/2.1.0", RUST_PATIENCE),
    ],
)
@in_virtual_time
async def test_each_client_is_held_as_long_as_it_has_patience(clock, room, agent, seconds):
    with room.broker.subscribe():
        pieces = await room.all_of(room.ask(agent=agent))
    assert seconds <= pieces[-1][0] <= seconds + 2 * TRICKLE
    assert b"Nobody gave an MFA code for dev" in body_of(pieces)


@in_virtual_time
async def test_a_short_patience_is_short_for_rust_too(clock, room):
    container = ContainerCredentials(CredentialService(room.keeper), room.grants, 5.0)
    with room.broker.subscribe():
        request = Request(ROLE_PATH + "dev", room.token.encode(), b"polars/2", keep_alive=True)
        pieces = await room.all_of(container.answer(request))
    assert 5 <= pieces[-1][0] <= 5 + 2 * TRICKLE


# Unexpired credentials are served whatever happens; expired ones never.


@in_virtual_time
async def test_stale_credentials_are_renewed_first_where_that_is_quick(clock, room):
    await room.login("dev")
    before = room.keeper.node("dev").entry.held
    await asyncio.sleep(3000)
    [(_, piece)] = await room.all_of(room.ask())
    assert json_of(piece)[0] == b"200"
    assert room.keeper.node("dev").entry.held is not before


@in_virtual_time
async def test_stale_credentials_are_served_while_sts_is_slow(clock, room):
    await room.login("dev")
    held = room.keeper.node("dev").entry.held
    await asyncio.sleep(3000)
    room.sts.delay = 30.0
    pieces = await room.all_of(room.ask())
    assert pieces[-1][0] <= STALE_WAIT + TRICKLE
    assert json.loads(body_of(pieces))["AccessKeyId"] == held.access_key_id


@in_virtual_time
async def test_stale_credentials_are_served_while_sts_is_down(clock, room):
    await room.login("dev")
    held = room.keeper.node("dev").entry.held
    await asyncio.sleep(3000)
    room.sts.failures = [errors.NetworkDown("STS is away.") for _ in range(50)]
    for _ in range(5):
        pieces = await room.all_of(room.ask())
        raw = body_of(pieces) if len(pieces) > 1 else pieces[0][1].partition(b"\r\n\r\n")[2]
        assert json.loads(raw)["AccessKeyId"] == held.access_key_id
        await asyncio.sleep(60)


@in_virtual_time
async def test_past_the_mfa_session_ends_unexpired_credentials_are_served_without_a_question(clock, room):
    await room.login("dev")
    room.end_mfa_sessions()
    await asyncio.sleep(3000)
    with room.broker.subscribe():
        [(at, piece)] = await room.all_of(room.ask())
    assert at < 0.1
    assert json_of(piece)[0] == b"200"
    assert room.broker.open_prompts == []


@pytest.mark.parametrize("gone", ["sleep", "suspend", "step"])
@in_virtual_time
async def test_expired_credentials_are_never_served(clock, room, gone):
    await room.login("dev")
    room.end_mfa_sessions()
    if gone == "sleep":
        await asyncio.sleep(3600)
    else:
        (clock.suspend if gone == "suspend" else clock.step_wall)(3600)
    [(_, piece)] = await room.all_of(room.ask())
    assert code_of(piece) == "nobody-to-ask"


# Clients and daemons that go away.


@in_virtual_time
async def test_credentials_that_end_on_their_way_are_not_served(clock, room, monkeypatch):
    await room.login("dev")
    held = room.keeper.node("dev").entry.held

    async def late(*_):
        clock.suspend(7200)
        return held

    monkeypatch.setattr(room.container._service, "_get", late)
    [(_, only)] = await room.all_of(room.ask("prod"))
    status, body = json_of(only)
    assert status == b"403"
    assert "ended on their way" in body["message"]


@in_virtual_time
async def test_a_client_that_goes_stops_being_a_waiter(clock, room):
    with room.broker.subscribe():
        hold = asyncio.ensure_future(room.all_of(room.ask()))
        prompt = await room.prompt()
        await asyncio.sleep(5)
        hold.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await hold
        assert prompt.open  # it may come back: SDKs pause between their tries
        await asyncio.sleep(GRACE + 0.5)
        assert not prompt.open
        assert room.broker.open_prompts == []


@in_virtual_time
async def test_a_client_that_goes_takes_nobody_elses_question_along(clock, room):
    with room.broker.subscribe():
        goes, stays = (asyncio.ensure_future(room.all_of(room.ask())) for _ in range(2))
        await asyncio.sleep(2)
        goes.cancel()
        await asyncio.sleep(20)
        await room.give_code()
        assert json.loads(body_of(await stays))["Code"] == "Success"


@in_virtual_time
async def test_a_socket_that_breaks_withdraws_the_question(clock, room, serve):
    with room.broker.subscribe():
        async with serve(room.container.answer, lambda: clock.boot) as served:
            client = await served.connect()
            client.send(served.head(b"Authorization: " + room.token.encode(), target=ROLE_PATH + "dev"))
            await client.head()
            [prompt] = room.broker.open_prompts
            assert prompt.serial == SERIAL
            client.vanish()
            await asyncio.sleep(GRACE + 0.5)
            assert room.broker.open_prompts == []


@in_virtual_time
async def test_over_a_socket_a_hold_is_one_json_with_white_space_before_it(clock, room, serve):
    with room.broker.subscribe():
        async with serve(room.container.answer, lambda: clock.boot) as served:
            client = await served.connect()
            raw = served.head(b"Authorization: Bearer " + room.token.encode(), target=ROLE_PATH + "dev")
            client.send(raw)
            assert b"200 OK" in await client.head()
            await room.give_code()
            body = b"".join([piece async for piece in client.chunks()])
            assert body.startswith(b" ")
            assert json.loads(body)["Token"] == room.keeper.node("dev").entry.held.session_token
            client.send(raw)  # the connection is still good
            assert json_of(await client.one())[1] == json.loads(body)


@in_virtual_time
async def test_a_daemon_that_stops_tells_those_it_holds(clock, room, serve):
    with room.broker.subscribe():
        async with serve(room.container.answer, lambda: clock.boot) as served:
            client = await served.connect()
            client.send(served.head(b"Authorization: " + room.token.encode(), target=ROLE_PATH + "dev"))
            await client.head()
            await room.keeper.close()
            await served.endpoint.close()
            body = b"".join([piece async for piece in client.chunks()])
            assert body.strip() == b"xacct: xacctd is stopping. Try again in a moment."
            assert await client.rest() == b""


DEV_DB = "arn:aws:iam::444455556666:role/dev-db"


@in_virtual_time
async def test_a_role_by_its_arn_is_served_within_the_pattern(clock, room):
    await room.login("dev")
    _, token = room.new_grant(role_arns=["arn:aws:iam::*:role/dev-*"], via="dev")
    target = ROLE_ARN_PATH + DEV_DB
    cold = await room.all_of(room.ask(target=target, token=token))
    body = json_of(cold[-1][1])[1]
    assert body["RoleArn"] == DEV_DB
    assert body["AccountId"] == "444455556666"
    assert json_of(room.ask(target=target, token=token))[1] == body  # from then on at once
    assert [action for action, _ in room.sts.calls].count("GetSessionToken") == 1


@in_virtual_time
async def test_an_arn_outside_the_pattern_gets_the_answer_of_an_unknown_role(clock, room):
    await room.login("dev")
    _, token = room.new_grant("dev", role_arns=["arn:aws:iam::*:role/dev-*"], via="dev")
    unknown = room.ask("no-such-role", token=token)
    assert code_of(unknown) == "unknown-role"
    prod = "arn:aws:iam::444455556666:role/prod"
    for target in (ROLE_ARN_PATH + prod, ROLE_ARN_PATH + "x", ROLE_ARN_PATH, ROLE_PATH + DEV_DB):
        assert room.ask(target=target, token=token) == unknown
    assert room.ask(target=ROLE_ARN_PATH + DEV_DB) == unknown  # a grant without patterns
    assert len(room.keeper.dynamic) == 0


@in_virtual_time
async def test_refusals_are_forgotten_once_they_have_had_their_time(clock, room):
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask()))
        room.broker.decline((await room.prompt()).id)
        await pieces
    assert code_of(room.ask()) == "declined"
    await asyncio.sleep(REFUSE_FOR)
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask()))
        room.broker.decline((await room.prompt()).id)
        await pieces
    assert len(room.container._service._refused) == 1


@in_virtual_time
async def test_locked_every_grant_holder_hears_how_to_unlock(clock, room):
    await room.login("dev")
    served = room.ask()
    room.keeper.agent_lock.lock("test")
    for answer in (room.ask(), room.ask("prod"), room.ask("no-such-role")):
        assert code_of(answer) == "locked"
        assert json_of(answer)[1]["message"] == "xacct is locked: xacctctl unlock"
    assert room.ask(token="xacct_guess") == answers.NO_GRANT  # who has no grant learns nothing
    room.keeper.agent_lock.unlock()
    assert room.ask() == served


@in_virtual_time
async def test_locked_while_held_an_answer_ends_at_once(clock, room):
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask()))
        await asyncio.sleep(10)
        room.keeper.agent_lock.lock("test")
        pieces = await pieces
    assert pieces[-1][0] <= 10 + TRICKLE
    assert body_of(pieces).strip() == b"xacct: xacct is locked: xacctctl unlock"


@in_virtual_time
async def test_locked_before_the_first_byte_the_answer_is_a_refusal(clock, room):
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask()))
        await asyncio.sleep(SILENCE / 2)
        room.keeper.agent_lock.lock("test")
        [(_, only)] = await pieces
    assert code_of(only) == "locked"


@in_virtual_time
@pytest.mark.parametrize(
    ("take_back", "code"),
    [
        (lambda room: room.keeper.agent_lock.lock("test"), "locked"),
        (lambda room: room.keeper.logout(["prod"]), "login-required"),
    ],
)
async def test_taken_back_between_the_fetch_and_the_answer_nothing_is_written(
    clock, room, monkeypatch, take_back, code
):
    await room.login("dev")
    held = room.keeper.node("dev").entry.held

    async def waited():
        take_back(room)
        return held

    monkeypatch.setattr(room.container._service, "serve", lambda *_: waited)
    [(_, only)] = await room.all_of(room.ask("prod"))
    assert code_of(only) == code


async def answered_after(room, monkeypatch, written, *, at_once):
    """The code of an answer to a fetch of `dev`, where `written` happens while the audit writes it down."""
    monkeypatch.setattr(room.container, "_recorder", SimpleNamespace(fetched=lambda *_: written))
    if at_once:
        await room.login("dev")
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask("dev")))
        if not at_once:
            await room.give_code()
        [(_, only)] = await pieces
    return code_of(only)


@in_virtual_time
@pytest.mark.parametrize("at_once", [True, False])
async def test_taken_back_while_it_is_written_down_nothing_leaves(clock, room, monkeypatch, at_once):
    async def written():
        room.keeper.agent_lock.lock("test")

    assert await answered_after(room, monkeypatch, written, at_once=at_once) == "locked"


@in_virtual_time
async def test_who_is_held_hears_at_once_that_its_grant_was_revoked(clock, room):
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask()))
        await asyncio.sleep(10)
        room.grants.revoke(room.grant.id)
        pieces = await pieces
    assert pieces[-1][0] <= 10 + TRICKLE
    assert body_of(pieces).strip() == b"xacct: This grant has ended. Make another one, where it should go on."


@in_virtual_time
async def test_a_grant_that_ends_while_its_holder_waits_gets_nothing(clock, room):
    """Revoked or over in the instant in which the credentials come, for another grant's holder, say."""
    _, short = room.new_grant("dev", ttl=10.0)
    with room.broker.subscribe():
        asked = [asyncio.ensure_future(room.all_of(room.ask(token=token))) for token in (room.token, short)]
        await asyncio.sleep(9.9)
        room.sts.delay = 0.2
        await room.give_code()
        first, second = await asyncio.gather(*asked)
    assert b"AccessKeyId" in body_of(first)
    assert body_of(second).strip().startswith(b"xacct: This grant has ended.")


@in_virtual_time
@pytest.mark.parametrize("end", ["revoked", "configured anew"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_what_ends_while_a_fetch_is_written_down_is_not_served(clock, room, monkeypatch, at_once, end):
    async def written():
        if end == "revoked":
            room.grants.revoke(room.grant.id)
        else:
            configured = {name: node.role for name, node in room.keeper.nodes.items()}
            other = replace(configured["dev"], role_arn="arn:aws:iam::999999999999:role/other")
            room.keeper.configure(configured | {"dev": other})

    assert (
        await answered_after(room, monkeypatch, written, at_once=at_once)
        == {"revoked": "unknown-role", "configured anew": "temporary"}[end]
    )


@in_virtual_time
async def test_a_guarded_role_is_held_until_the_human_says_yes_and_then_served_at_once(clock, room):
    room.guard("dev", "each-grant")
    await room.login("dev")
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask()))
        await asyncio.sleep(5)
        await room.confirm()
        assert json.loads(body_of(await pieces))["AccessKeyId"]
    assert json_of(room.ask())[0] == b"200"
    _, other = room.new_grant("dev")
    [(_, refused)] = await room.all_of(room.ask(token=other))  # nobody attends any more
    assert code_of(refused) == "nobody-to-ask"
    assert "'test'" in json_of(refused)[1]["message"]


@in_virtual_time
async def test_the_question_names_the_process_and_only_then_is_it_looked_for(clock, room):
    looked_for = []
    callers = {3: Caller(uid=1, inode=3, pid=4711, exe="/usr/bin/aws"), 4: Caller(uid=1, inode=4)}
    room.container._find = lambda caller: looked_for.append(caller.inode) or callers[caller.inode]
    room.guard("dev", "each-grant")
    await room.login("dev", "prod")
    room.ask("prod", caller=Caller(uid=1, inode=3))
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask(caller=Caller(uid=1, inode=3))))
        assert (await room.prompt()).process == "pid 4711, /usr/bin/aws"
        await room.confirm()
        await pieces
        room.ask(caller=Caller(uid=1, inode=3))
        assert looked_for == [3]
        _, other = room.new_grant("dev")
        pieces = asyncio.ensure_future(room.all_of(room.ask(token=other, caller=Caller(uid=1, inode=4))))
        assert (await room.prompt()).process == ""
        await room.confirm()
        await pieces


@in_virtual_time
async def test_a_guarded_role_that_is_not_held_takes_a_yes_and_a_code(clock, room):
    room.guard("dev", "first-use")
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask()))
        await room.confirm()
        await asyncio.sleep(1)
        await room.give_code()
        assert json.loads(body_of(await pieces))["AccessKeyId"]


@in_virtual_time
async def test_a_no_is_told_and_a_retry_raises_no_new_question(clock, room):
    room.guard("dev", "each-grant")
    await room.login("dev")
    with room.broker.subscribe():
        pieces = asyncio.ensure_future(room.all_of(room.ask()))
        room.broker.decline((await room.prompt()).id)
        [(_, refused)] = await pieces
        assert code_of(refused) == "declined"
        assert code_of(room.ask()) == "declined"
        assert room.broker.open_prompts == []


@in_virtual_time
async def test_a_yes_that_does_not_come_in_time_is_named_as_what_was_missing(clock, room):
    room.guard("dev", "each-grant")
    await room.login("dev")
    with room.broker.subscribe():
        pieces = await room.all_of(room.ask())
    assert pieces[-1][0] == pytest.approx(PATIENCE, abs=1)
    assert b"Nobody confirmed the use of dev by 'test' in time." in body_of(pieces)
