"""Logins, credentials and events, line by line, in virtual time."""

import asyncio
import contextlib
import json
import os
import sys
from dataclasses import replace
from datetime import datetime

import aiohttp
import pytest
from control_shapes import wrong_event
from small_keeper import OTHER_SERIAL, SERIAL
from virtual_time import in_virtual_time

from xacct import errors
from xacct.control import streams
from xacct.control.streams import HEARTBEAT
from xacct.credentials import events as ev
from xacct.model import Grant
from xacct.policy import TOTP_STEP
from xacct.prompts.broker import ATTEMPTS, GRACE
from xacct.prompts.subscribers import Tty

OURSELVES = f"pid {os.getpid()}, {os.path.realpath(sys.executable)}" if sys.platform == "linux" else ""


def serving(test):
    """Run a test while `control` serves."""

    @in_virtual_time
    async def within(clock, control):
        async with control.serving():
            await test(control)

    within.__name__ = test.__name__
    return within


def kinds(events):
    return [event["event"] for event in events]


async def answer(control, prompt, code="123456"):
    return await control.call("POST", f"/v1/prompts/{prompt['id']}", {"code": code})


async def next_step(control):
    """Until the device shows another code."""
    now = control.aws_clock.now()
    await asyncio.sleep(TOTP_STEP - now % TOTP_STEP + 0.1)


# A login with its code given along.


@serving
async def test_one_right_code_is_all_it_takes_for_every_role_of_a_device(control):
    events = await control.login("dev", "prod", "dev")
    assert sorted(kinds(events)) == ["done", "held", "held"]
    assert events[-1] == {"event": "done", "failed": 0}
    assert sorted(event["role"] for event in events[:-1]) == ["dev", "prod"]
    for event in events[:-1]:
        assert event["expires_at"] == pytest.approx(event["now"] + 3600, abs=1)
        assert event["mfa_expires_at"] == pytest.approx(event["now"] + 12 * 3600, abs=1)
    assert [code for action, code in control.sts.calls if code] == ["123456"]


@serving
async def test_no_secret_is_in_a_login(control):
    events = await control.login("dev")
    assert not any(secret in str(events) for secret in ("secret", "token", "ASIA", "123456"))


@serving
async def test_a_wrong_code_given_along_fails_the_login(control):
    *failed, done = await control.login("dev", "prod", code="654321")
    assert done == {"event": "done", "failed": 2}
    assert {event["error"]["code"] for event in failed} == {"wrong-code"}
    assert [code for _, code in control.sts.calls] == ["654321"]
    await asyncio.sleep(GRACE + 1)
    assert control.broker.open_prompts == []


@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", ""])
@in_virtual_time
async def test_a_code_given_along_that_is_none_is_never_sent(clock, control, code):
    async with control.serving():
        [failed, done] = await control.login("dev", code=code)
        assert done == {"event": "done", "failed": 1}
        assert failed["error"]["code"] == "bad-request"
        assert control.sts.calls == []


@pytest.mark.parametrize("code", ["123 456", "123-456", " 12 34 56 ", "123\u2013456"])
@in_virtual_time
async def test_a_code_may_have_spaces_and_hyphens(clock, control, code):
    async with control.serving():
        assert kinds(await control.login("dev", code=code)) == ["held", "done"]
        assert control.sts.calls[0] == ("GetSessionToken", "123456")


@serving
async def test_one_code_is_for_one_device(control):
    status, error = await control.refused("POST", "/v1/login", {"roles": ["dev", "elsewhere"], "code": "123456"})
    assert (status, error["code"]) == (400, "bad-request")
    assert f"{SERIAL}, {OTHER_SERIAL}" in error["sentence"]
    assert control.sts.calls == []


@serving
async def test_a_used_code_given_along_fails_without_being_sent(control):
    await control.login("dev")
    await control.post("/v1/logout", all=True)
    sent = len(control.sts.calls)
    [failed, done] = await control.login("dev")
    assert done["failed"] == 1
    assert failed["error"]["code"] == "code-used"
    assert len(control.sts.calls) == sent


@serving
async def test_a_role_that_needs_no_code_ignores_the_one_given(control):
    assert kinds(await control.login("plain")) == ["held", "done"]
    assert control.sts.calls == [("AssumeRole", None)]


@serving
async def test_what_aws_refuses_fails_that_role_alone(control):
    await control.login("dev")
    control.sts.failures = [errors.AccessDenied("AWS refuses prod.", "Ask its owner.")]
    *events, done = await control.login("prod", "dev")
    assert done["failed"] == 1
    assert {event["event"]: event["role"] for event in events} == {"failed": "prod", "held": "dev"}


@serving
async def test_a_code_given_along_answers_no_prompt_of_another_device(control):
    async with control.stream("/v1/login", roles=["elsewhere"]) as other:
        prompt = (await other.next("prompt"))["prompt"]
        assert (await control.login("dev"))[-1]["failed"] == 0
        assert [prompt.id for prompt in control.broker.open_prompts] == [prompt["id"]]


@serving
async def test_a_code_given_along_opens_the_session_that_must_last_longer(control):
    """Though another role of that session was waited for a moment ago: the prompt is for this one, too."""
    await control.login("prod")
    await next_step(control)
    control.keeper.node("prod").entry.drop()
    await control.login("prod")  # from the session: without a code
    control.sts.code = "234567"
    began = control.aws_clock.now()
    until = began + 20 * 3600
    [held, _] = await control.login("dev", code="234567", until=until)
    assert held["mfa_expires_at"] >= until
    assert control.aws_clock.now() - began < 5


@serving
async def test_a_code_given_along_waits_behind_no_prompt_of_another_role(control):
    async with control.stream("/v1/credentials", role="dev", lifetime=7200) as other:
        await other.next("prompt")
        began = control.aws_clock.now()
        [failed, done] = await control.login("prod")
        assert (failed["role"], failed["error"]["code"], done["failed"]) == ("prod", "nobody-to-ask", 1)
        assert "for dev" in failed["error"]["sentence"]
        assert control.aws_clock.now() - began < 5
        assert [prompt.roles for prompt in control.broker.open_prompts] == [("dev",)]


@serving
async def test_what_needs_no_code_waits_behind_nobody(control):
    await control.login("prod")
    await next_step(control)
    async with control.stream("/v1/credentials", role="dev", lifetime=7200) as other:
        await other.next("prompt")
        events = await control.login("prod", "team/ops", code="234567")
        assert sorted(kinds(events)) == ["done", "held", "held"]


@serving
async def test_a_code_that_somebody_else_was_faster_with_is_no_failure(control):
    async with control.stream("/v1/login", roles=["prod"]) as other:
        prompt = (await other.next("prompt"))["prompt"]
        control.broker.answer(prompt["id"], "123456")  # and AWS's verdict is not there yet
        [held, done] = await control.login("dev", code="234567")
        assert (held["event"], done["failed"]) == ("held", 0)


# A login that asks.


@serving
async def test_without_attending_and_without_a_code_it_fails_at_once(control):
    async with control.stream("/v1/login", roles=["dev"], attend=False) as events:
        [failed, done] = await events.rest()
    assert (failed["role"], failed["error"]["code"]) == ("dev", "login-required")
    assert failed["error"]["hint"] == "xacctctl login dev"
    assert done["failed"] == 1


@serving
async def test_a_prompt_is_answered_in_a_second_request(control):
    async with control.stream("/v1/login", roles=["dev", "prod"]) as events:
        prompt = (await events.next())["prompt"]
        assert prompt["kind"] == "mfa"
        assert prompt["serial"].endswith(":mfa/alice")
        assert set(prompt["roles"]) <= {"dev", "prod"}
        assert (prompt["attempt"], prompt["attempts"]) == (1, ATTEMPTS)
        assert prompt["problem"] is None
        assert prompt["not_before"] is None
        assert prompt["deadline"] > prompt["now"]
        assert await answer(control, prompt) == (200, {})
        rest = await events.rest()
    closed, *held, done = rest
    assert closed["event"] == "prompt-closed"
    assert (closed["id"], closed["outcome"]) == (prompt["id"], "answered")
    assert kinds(held) == ["held", "held"]
    assert done["failed"] == 0


@serving
async def test_a_wrong_code_brings_a_second_prompt_that_says_so(control):
    async with control.stream("/v1/login", roles=["dev"]) as events:
        first = (await events.next("prompt"))["prompt"]
        await answer(control, first, "654321")
        second = (await events.next("prompt"))["prompt"]
        assert second["id"] != first["id"]
        assert second["attempt"] == 2
        assert second["problem"] == "AWS did not accept the code."
        await answer(control, second)
        assert kinds(await events.rest()) == ["prompt-closed", "held", "done"]


@serving
async def test_a_wrong_code_given_along_is_followed_by_a_prompt_where_somebody_attends(control):
    async with control.stream("/v1/login", roles=["dev"], code="654321", attend=True) as events:
        prompt = (await events.next("prompt"))["prompt"]
        while prompt["attempt"] == 1:  # the prompt the given code has answered
            prompt = (await events.next("prompt"))["prompt"]
        assert prompt["attempt"] == 2
        assert prompt["problem"]
        await answer(control, prompt)
        assert (await events.rest())[-1] == {"event": "done", "failed": 0}


@serving
async def test_three_wrong_codes_are_the_end(control):
    async with control.stream("/v1/login", roles=["dev"]) as events:
        for code in ("000001", "000002", "000003"):
            await answer(control, (await events.next("prompt"))["prompt"], code)
        failed = await events.next("failed")
        assert failed["error"]["code"] == "too-many-wrong-codes"
        assert await events.rest() == [{"event": "done", "failed": 1}]
    assert len(control.sts.calls) == 3


@serving
async def test_a_used_code_is_a_conflict_and_a_prompt_with_a_countdown(control):
    await control.login("dev")
    await control.post("/v1/logout", all=True)
    async with control.stream("/v1/login", roles=["dev"]) as events:
        first = (await events.next("prompt"))["prompt"]
        sent = len(control.sts.calls)
        status, refusal = await answer(control, first)
        assert (status, refusal["error"]["code"]) == (409, "code-used")
        again = (await events.next("prompt"))["prompt"]
        assert again["id"] == first["id"]
        assert 0 < again["not_before"] - again["now"] <= TOTP_STEP
        assert again["not_before"] % TOTP_STEP == 0
        assert again["problem"]
        assert len(control.sts.calls) == sent
        control.sts.code = "234567"
        await next_step(control)
        await answer(control, again, "234567")
        assert (await events.rest())[-1]["failed"] == 0


@serving
async def test_an_answer_that_is_no_code_leaves_the_prompt_open(control):
    async with control.stream("/v1/login", roles=["dev"]) as events:
        prompt = (await events.next("prompt"))["prompt"]
        for nothing in ("12345", "", "12345a", "1 2 3"):
            status, refusal = await answer(control, prompt, nothing)
            assert (status, refusal["error"]["code"]) == (400, "bad-request")
        assert await answer(control, prompt, "123 456") == (200, {})
        assert (await events.rest())[-1]["failed"] == 0


@serving
async def test_a_declined_prompt_fails_what_waited_for_it(control):
    async with control.stream("/v1/login", roles=["dev", "prod"]) as events:
        prompt = (await events.next("prompt"))["prompt"]
        await control.post(f"/v1/prompts/{prompt['id']}", decline=True)
        rest = await events.rest()
    assert kinds(rest) == ["prompt-closed", "failed", "failed", "done"]
    assert rest[0]["outcome"] == "declined"
    assert {event["error"]["code"] for event in rest[1:3]} == {"declined"}
    async with control.stream("/v1/login", roles=["dev"]) as events:  # a new login is a new prompt
        assert await events.next("prompt")


@serving
async def test_two_clients_share_one_prompt_and_the_first_answer_wins(control):
    async with (
        control.stream("/v1/login", roles=["dev"]) as one,
        control.stream("/v1/login", roles=["prod"]) as other,
    ):
        prompt = (await one.next("prompt"))["prompt"]
        assert (await other.next("prompt"))["prompt"]["id"] == prompt["id"]
        assert await answer(control, prompt) == (200, {})
        status, refusal = await answer(control, prompt)
        assert (status, refusal["error"]["code"]) == (409, "prompt-closed")
        for events in (one, other):
            closed, held, done = await events.rest()
            assert (closed["id"], closed["outcome"]) == (prompt["id"], "answered")
            assert held["event"] == "held"
            assert done["failed"] == 0
    assert [code for _, code in control.sts.calls if code] == ["123456"]


@serving
async def test_a_code_given_along_by_another_answers_an_open_prompt(control):
    async with control.stream("/v1/login", roles=["dev"]) as waiting:
        await waiting.next("prompt")
        assert (await control.login("prod"))[-1]["failed"] == 0
        assert kinds(await waiting.rest()) == ["prompt-closed", "held", "done"]


@serving
async def test_a_client_that_goes_withdraws_its_prompt(control):
    async with control.stream("/v1/events", method="GET") as events:
        async with control.stream("/v1/login", roles=["dev"]) as login:
            prompt = (await login.next("prompt"))["prompt"]
            login.response.close()
        await events.next("prompt")
        closed = await events.next("prompt-closed")
        assert closed["id"] == prompt["id"]
        assert closed["outcome"] in {"withdrawn", "timeout"}
        assert control.clock.time <= GRACE + 1
    assert control.broker.open_prompts == []
    assert (await control.get("/v1/status"))["attended"] == 0
    assert (await control.refused("POST", f"/v1/prompts/{prompt['id']}", {"code": "123456"}))[0] == 409


@serving
async def test_a_client_that_goes_leaves_the_prompt_to_the_others(control):
    async with control.stream("/v1/login", roles=["dev"]) as stays:
        async with control.stream("/v1/login", roles=["dev"]) as goes:
            await goes.next("prompt")
            goes.response.close()
        prompt = (await stays.next("prompt"))["prompt"]
        await asyncio.sleep(GRACE * 3)
        assert await answer(control, prompt) == (200, {})
        assert (await stays.rest())[-1]["failed"] == 0


@serving
async def test_a_login_shows_the_prompts_of_its_own_device_alone(control):
    async with (
        control.stream("/v1/login", roles=["elsewhere"]) as other,
        control.stream("/v1/login", roles=["dev"]) as events,
    ):
        theirs = (await other.next("prompt"))["prompt"]
        ours = (await events.next())["prompt"]
        assert ours["serial"] != theirs["serial"]
        await answer(control, theirs)
        assert (await other.rest())[-1]["failed"] == 0
        await answer(control, ours)
        assert kinds(await events.rest()) == ["prompt-closed", "held", "done"]


@serving
async def test_a_quiet_login_has_a_heart_beat(control):
    async with control.stream("/v1/login", roles=["dev"]) as events:
        await events.next("prompt")
        assert await events.response.content.readline() == b"\n"
        assert control.clock.time == pytest.approx(HEARTBEAT, abs=0.5)


@serving
async def test_a_login_until_later_renews_the_session_early(control):
    await control.login("dev")
    control.sts.code = "234567"
    await next_step(control)
    until = control.aws_clock.now() + 20 * 3600
    [held, _] = await control.login("dev", code="234567", until=until)
    assert held["mfa_expires_at"] >= until
    [held, _] = await control.login("dev", code="345678", until=until)  # covered: nothing is asked
    assert held["event"] == "held"
    [failed, _] = await control.login("dev", until=control.aws_clock.now() + 40 * 3600)
    assert failed["error"]["code"] == "bad-request"


# Credentials.


@serving
async def test_credentials_carry_the_secrets_for_who_asked_by_name(control):
    await control.login("dev")
    async with control.stream("/v1/credentials", role="dev", attend=False) as events:
        got, done = await events.rest()
    held = control.keeper.node("dev").entry.held
    assert got == {
        "event": "credentials",
        "role": "dev",
        "access_key_id": held.access_key_id,
        "secret_access_key": held.secret_access_key,
        "session_token": held.session_token,
        "expiration": got["expiration"],
        "account_id": "111122223333",
        "region": "eu-central-1",
    }
    assert got["expiration"].endswith("Z")
    assert done["failed"] == 0


@serving
async def test_credentials_of_a_long_life_take_a_code_of_their_own_and_are_not_kept(control):
    control.sts.lifetime = 6 * 3600.0
    async with control.stream("/v1/credentials", role="dev", lifetime=6 * 3600) as events:
        await answer(control, (await events.next("prompt"))["prompt"])
        got = await events.next("credentials")
    assert got["access_key_id"].startswith("ASIA")
    assert control.sts.calls == [("AssumeRole", "123456")]
    assert control.keeper.node("dev").entry.held is None


@serving
async def test_credentials_are_good_for_as_long_as_was_asked_or_refused(control):
    await control.login("dev")
    await asyncio.sleep(20 * 60)
    for wanted, calls in ((30 * 60, 2), (50 * 60, 3)):
        async with control.stream("/v1/credentials", role="dev", lifetime=wanted) as events:
            got = await events.next("credentials")
        left = datetime.fromisoformat(got["expiration"]).timestamp() - control.aws_clock.now()
        assert left >= wanted - 60
        assert len(control.sts.calls) == calls
    async with control.stream("/v1/credentials", role="dev", lifetime=2 * 3600) as events:
        await answer(control, (await events.next("prompt"))["prompt"])
        error = (await events.next("failed"))["error"]
    assert error["code"] == "too-short-lived"
    assert "dev is good for 60 min at a time, too short for the 120 min that were asked for." in error["sentence"]


@serving
async def test_who_can_not_answer_is_not_refused_where_the_devices_own_program_can(control):
    broker = control.keeper.broker
    serial = control.keeper.topics("dev")[0]
    with broker.subscribe(frozenset({serial})):
        async with control.stream("/v1/login", roles=["dev"], attend=False) as events:
            async with asyncio.timeout(10):
                while not broker.open_prompts:
                    await asyncio.sleep(0.01)
            broker.answer(broker.open_prompts[0].id, "123456")
            assert (await events.next("done"))["failed"] == 0


@serving
async def test_what_breaks_in_a_stream_ends_it_and_quotes_nothing(control):
    async def broken(*_, **__):
        raise RuntimeError("a secret")

    control.keeper.login = broken
    async with control.stream("/v1/login", roles=["dev"], attend=False) as events:
        [failed, done] = await events.rest()
    assert failed["error"]["code"] == "internal"
    assert "secret" not in str(failed)
    assert done == {"event": "done", "failed": 1}


@serving
async def test_a_stream_that_breaks_outside_of_a_role_is_cut(control):
    def broken(*_):
        raise RuntimeError("a secret")

    control.keeper.broker.subscribe = broken
    async with control.stream("/v1/login", roles=["dev"]) as events:
        with pytest.raises(aiohttp.ClientPayloadError):
            await events.rest()
    assert (await control.get("/v1/status"))["prompts"] == []


# Events.


@serving
async def test_events_tell_what_happens(control):
    async with control.stream("/v1/events", method="GET") as events:
        await control.login("dev")
        seen = [await events.next() for _ in range(3)]
        assert kinds(seen) == ["prompt", "prompt-closed", "renewed"]
        assert seen[2]["role"] == "dev"
        assert "secret" not in str(seen)
        control.sts.failures = [errors.AccessDenied("AWS refuses plain.", "Ask.")]
        await control.login("plain")
        failed = await events.next("failed")
        assert failed == {
            "event": "failed",
            "role": "plain",
            "error": {"code": "access-denied", "category": "refused", "sentence": "AWS refuses plain.", "hint": "Ask."},
        }
        assert (await control.get("/v1/status"))["attended"] == 0


@serving
async def test_who_lends_a_terminal_is_asked_there_for_what_pinentry_can_ask(control):
    broker, serial = control.broker, "arn:aws:iam::123456789012:mfa/U"
    async with control.stream("/v1/events?attend=1&tty=/dev/pts/3&term=xterm&ctype=C.UTF-8", method="GET"):
        await asyncio.sleep(0.1)
        assert broker.lent(serial, "mfa") == broker.lent("prod", "confirm") == [Tty("/dev/pts/3", "xterm", "C.UTF-8")]
        assert not broker.has_subscriber("corp", "sign-in")
        assert not broker.has_terminal(serial, "mfa"), "it shows no prompt itself"
    for wrong in ("tty=/etc/passwd", "tty=/dev/../etc/x", "tty=/dev/pts/3&term=%0ABYE", "tty=/dev/pts/3&ctype=%20"):
        async with asyncio.timeout(5):  # what is taken streams without an end
            status, error = await control.refused("GET", f"/v1/events?attend=1&{wrong}")
        assert (status, error["sentence"]) == (400, "That is no terminal.")


@serving
async def test_who_attends_events_is_there_to_ask(control):
    async with control.stream("/v1/events?attend=1", method="GET") as events:
        await asyncio.sleep(0.1)
        assert (await control.get("/v1/status"))["attended"] == 1
        async with control.stream("/v1/login", roles=["dev"], attend=False) as login:
            await answer(control, (await events.next("prompt"))["prompt"])
            assert kinds(await login.rest()) == ["held", "done"]
        events.response.close()
    await asyncio.sleep(HEARTBEAT + 1)
    assert (await control.get("/v1/status"))["attended"] == 0


@serving
async def test_open_prompts_come_first_in_events(control):
    async with control.stream("/v1/login", roles=["dev"]) as login:
        prompt = (await login.next("prompt"))["prompt"]
        async with control.stream("/v1/events", method="GET") as events:
            assert (await events.next())["prompt"]["id"] == prompt["id"]


@serving
async def test_quiet_events_have_a_heart_beat(control):
    async with control.stream("/v1/events", method="GET") as events:
        for beat in (1, 2):
            assert await events.response.content.readline() == b"\n"
            assert control.clock.time == pytest.approx(beat * HEARTBEAT, abs=0.5)


@serving
async def test_credentials_on_their_way_do_not_leave_once_it_is_locked(control):
    async with control.stream("/v1/credentials", role="dev", attend=True) as events:
        await events.next("prompt")
        await control.post("/v1/lock")
        failed = await events.next("failed")
        assert failed["error"]["code"] == "locked"
        assert await events.next() == {"event": "done", "failed": 1}


@serving
async def test_credentials_that_were_had_just_before_it_was_locked_do_not_leave(control):
    def had(role, held):
        control.keeper.agent_lock.check()
        raise AssertionError("it was not locked")

    async def get(role):
        control.keeper.agent_lock.lock("test")  # after the wait, before the line is written

    sent = []

    class Out:
        async def send(self, event):
            sent.append(event)

    await streams.Login(control.keeper, ["dev"], get, had, code=None, attend=False).run(Out())
    assert [event["event"] for event in sent] == ["failed", "done"]
    assert sent[0]["error"]["code"] == "locked"


@serving
async def test_who_hangs_up_at_once_leaves_nobody_waiting(control):
    begun, ended = [], []

    async def get(role):
        begun.append(role)
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(role)

    login = streams.Login(control.keeper, ["dev"], get, lambda *_: {}, code=None, attend=True)
    running = asyncio.ensure_future(login.run(None))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asyncio.sleep(1)
    assert ended == begun


@serving
async def test_locking_is_an_event(control):
    async with control.stream("/v1/events", method="GET") as events:
        await control.post("/v1/lock")
        assert await events.next() == {"event": "locked"}
        await control.post("/v1/unlock")
        assert await events.next() == {"event": "unlocked"}


def guard(control, role, confirm="each-grant"):
    configured = {name: node.role for name, node in control.keeper.nodes.items()}
    control.keeper.configure(configured | {role: replace(configured[role], confirm=confirm)})


@serving
async def test_a_login_for_a_grant_asks_whether_it_may(control):
    guard(control, "dev")
    grant = await control.post("/v1/grants", roles=["dev"], label="exec ls")
    await control.login("dev")
    async with control.stream("/v1/login", roles=["dev"], grant=grant["id"], attend=True) as events:
        prompt = (await events.next("prompt"))["prompt"]
        assert (prompt["kind"], prompt["label"]) == ("confirm", "exec ls")
        assert prompt["process"] == OURSELVES
        await control.post(f"/v1/prompts/{prompt['id']}", confirm=True)
        assert kinds(await events.rest()) == ["prompt-closed", "held", "done"]
    assert control.keeper.approvals.admits(control.keeper.node("dev").role, grant["id"])


@serving
async def test_a_login_for_a_grant_of_other_roles_is_refused(control):
    grant = await control.post("/v1/grants", roles=["dev"], label="x")
    for body in ({"roles": ["prod"], "grant": grant["id"]}, {"roles": ["dev"], "grant": "none"}):
        status, error = await control.refused("POST", "/v1/login", body)
        assert (status, error["code"]) == (400, "bad-request")


@serving
async def test_a_login_shows_who_wants_its_role_but_not_who_wants_others(control):
    guard(control, "dev")
    guard(control, "elsewhere")
    async with control.stream("/v1/login", roles=["dev"], attend=True) as events:
        await events.next("prompt")  # the code
        grant = Grant("g1", "", "a shell", ("elsewhere", "dev"), 0.0)
        waiting = [asyncio.ensure_future(control.api.service.allow(role, grant)) for role in grant.roles]
        prompt = (await events.next("prompt"))["prompt"]
        assert (prompt["kind"], prompt["roles"]) == ("confirm", ["dev"])
        for task in waiting:
            task.cancel()


@serving
async def test_a_code_given_along_is_no_yes(control):
    guard(control, "dev")
    grant = await control.post("/v1/grants", roles=["dev"], label="x")
    events = await control.login("dev", grant=grant["id"])
    [failed] = [event for event in events if event["event"] == "failed"]
    assert failed["error"]["code"] == "nobody-to-ask"


@serving
async def test_credentials_of_a_guarded_role_take_a_yes_each_time(control):
    guard(control, "dev")
    await control.login("dev")
    for _ in range(2):
        async with control.stream("/v1/credentials", role="dev", attend=True) as events:
            prompt = (await events.next("prompt"))["prompt"]
            assert (prompt["label"], prompt["process"]) == ("xacctctl", OURSELVES)
            await control.post(f"/v1/prompts/{prompt['id']}", confirm=True)
            assert "credentials" in kinds(await events.rest())
    async with control.stream("/v1/credentials", role="dev", attend=False) as events:
        assert kinds(await events.rest()) == ["failed", "done"]


@in_virtual_time
async def test_a_lazy_login_opens_the_session_and_fetches_nothing(clock, control):
    async with control.serving():
        async with control.stream("/v1/login", roles=["dev", "prod", "plain"], code="123456", lazy=True) as stream:
            events = [event for event in await stream.rest() if not event["event"].startswith("prompt")]
        ends = [event.get("mfa_expires_at") for event in events[:-1]]
        assert sorted((event["event"], event.get("role")) for event in events[:-1]) == [
            ("logged-in", "dev"),
            ("logged-in", "plain"),
            ("logged-in", "prod"),
        ]
        assert all(wrong_event(event) is None for event in events)
        assert sum(end is not None for end in ends) == 2
        assert [action for action, _ in control.sts.calls] == ["GetSessionToken"]
        roles = {role["name"]: role["state"] for role in (await control.get("/v1/status"))["roles"]}
        assert (roles["dev"], roles["prod"], roles["plain"]) == ("idle", "idle", "idle")
        await control.login("dev")
        async with control.stream("/v1/login", roles=["dev", "prod"], attend=False, lazy=True) as stream:
            events = await stream.rest()
        assert sorted(event["event"] for event in events) == ["done", "held", "logged-in"]


async def unread(control):
    """A client of the events that reads none, after so much has happened that it is cut off."""
    reader, writer = await asyncio.open_unix_connection(str(control.path), limit=1024)
    writer.write(b"GET /v1/events HTTP/1.1\r\nHost: xacct\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()
    for _ in range(100):
        for _ in range(20):
            control.keeper.events.publish(ev.Failed("dev", errors.Temporary("x" * 5000)))
        await asyncio.sleep(0.001)
        if not control.keeper.events._queues:
            return reader, writer
    raise AssertionError("not cut off")


@serving
async def test_who_does_not_read_events_is_cut_off_with_a_last_one_that_says_so(control):
    reader, writer = await unread(control)
    writer.transport.resume_reading()
    said = await reader.read()
    last = next(line for line in reversed(said.splitlines()) if line.startswith(b"{"))
    assert json.loads(last) == {"event": "cut-off", "sentence": streams.CUT_OFF}
    writer.close()


@serving
async def test_who_never_reads_keeps_no_memory_of_ours(control):
    reader, writer = await unread(control)
    await asyncio.sleep(streams.LAST_READ + 0.1)
    writer.transport.resume_reading()
    with contextlib.suppress(ConnectionResetError):
        assert b"cut-off" not in await reader.read()
    writer.close()
