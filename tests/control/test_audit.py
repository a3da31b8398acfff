"""What the control API writes into the audit, and how it reads it out."""

import json
import os
import sys
from contextlib import asynccontextmanager

import pytest
from virtual_time import in_virtual_time

from xacct import errors
from xacct.audit.counter import FOLDED
from xacct.audit.file import AuditFile
from xacct.audit.trail import Trail
from xacct.control.streams import HEARTBEAT
from xacct.ctl.audit import timeline
from xacct.ctl.audit.fold import folded
from xacct.ctl.audit.story import story
from xacct.grants.events import GrantEnded
from xacct.model import Caller, ProcessMark

EXECUTABLE = os.path.realpath(sys.executable)


@asynccontextmanager
async def kept(control, directory):
    """The control API with an audit."""
    control.audit_file = directory / "audit.jsonl"
    control.trail = control.daemon.audit = Trail(
        AuditFile(control.audit_file, 10**6, 1), control.aws_clock, lambda c: c
    )
    control.grants.events.call(GrantEnded, lambda event: control.trail.grant_ended(event.grant, event.why))
    control.trail.start(control.keeper.events)
    try:
        async with control.serving():
            yield control
    finally:
        await control.trail.close()


def refuse_for_the_disk(_):
    raise OSError(28, "No space left on device")


async def lines(control, query="", **only):
    async with control.stream(f"/v1/audit{query}", "GET") as stream:
        found = await stream.rest()
    return [line for line in found if all(line[key] == value for key, value in only.items())]


def short(found):
    return [(line["event"], line["role"], line["what"]) for line in found]


@in_virtual_time
async def test_what_is_done_here_is_written_with_the_process_that_did_it(clock, control, short_path):
    async with kept(control, short_path):
        await control.login("dev")
        grant = await control.post("/v1/grants", roles=["dev", "prod"], label="a shell")
        await control.call("DELETE", f"/v1/grants/{grant['id']}")
        await control.post("/v1/logout", roles=["dev"])
        found = await lines(control)
    assert short(found) == [
        ("renewed", "dev", ""),
        ("login", "dev", "held"),
        ("grant-created", None, "dev prod"),
        ("grant-revoked", None, "dev prod"),
        ("logout", "dev", ""),
    ]
    assert [line["grant"] for line in found[2:4]] == [{"id": grant["id"], "label": "a shell"}] * 2
    for line in found[1:]:
        assert line["uid"] == os.geteuid()
        if sys.platform == "linux":
            assert line["pid"] == os.getpid()
            assert line["exe"] == EXECUTABLE
            of_grant = line["event"].startswith("grant-")
            assert [each["pid"] for each in line.get("parents", [])][:1] == [os.getppid()] * of_grant
    assert found[0]["uid"] is None


@in_virtual_time
async def test_credentials_that_leave_by_this_door_are_a_fetch_and_never_written(clock, control, short_path):
    async with kept(control, short_path):
        await control.login("dev")
        async with control.stream("/v1/credentials", role="dev", attend=False) as stream:
            secrets, done = await stream.rest()
        grant = await control.post("/v1/grants", roles=["dev"], label="x")
        found = await lines(control, event="fetch")
    assert done["failed"] == 0
    assert short(found) == [("fetch", "dev", "served")]
    written = control.audit_file.read_text()
    for secret in (secrets["secret_access_key"], secrets["session_token"], grant["token"], "123456"):
        assert secret not in written
    assert secrets["access_key_id"] not in written


@in_virtual_time
async def test_a_lazy_login_is_written_as_what_it_is(clock, control, short_path):
    async with kept(control, short_path):
        async with control.stream("/v1/login", roles=["dev"], code="123456", lazy=True) as stream:
            await stream.rest()
        assert short(await lines(control, event="login")) == [("login", "dev", "logged-in")]


@in_virtual_time
async def test_a_failed_login_is_written_by_its_code(clock, control, short_path):
    async with kept(control, short_path):
        control.sts.failures = [errors.BadKey("The key is gone: canary.", "canary")]
        await control.login("dev")
        found = await lines(control)
    assert short(found) == [("not-renewed", "dev", "bad-key"), ("login", "dev", "bad-key")]
    assert "canary" not in control.audit_file.read_text()


@in_virtual_time
async def test_a_grant_that_ends_by_itself_is_written(clock, control, short_path):
    async with kept(control, short_path):
        await control.post("/v1/grants", roles=["dev"], label="x", ttl=10)
        control.grants.create(["dev"], "y", None, 8)
        clock.advance(11)
        await control.get("/v1/grants")
        found = await lines(control, event="grant-ended")
    assert sorted((line["grant"]["label"], line["what"]) for line in found) == [
        ("x", "expired"),
        ("y", "its process has ended"),
    ]


@in_virtual_time
async def test_one_role_and_a_time_can_be_asked_for(clock, control, short_path):
    async with kept(control, short_path):
        for role in ("dev", "prod", "dev"):
            control.trail.record("login", role=role)
            await control.trail.flush()
            clock.advance(100)
        assert len(await lines(control, "?role=dev")) == 2
        assert [line["role"] for line in await lines(control, f"?since={clock.wall - 200}")] == ["prod", "dev"]
        assert await lines(control, f"?role=prod&since={clock.wall - 100}") == []


@in_virtual_time
async def test_what_the_boundary_refuses_is_written_with_its_grant_and_process(clock, control, short_path):
    async with kept(control, short_path):
        made = await control.post("/v1/grants", roles=["dev"], label="an agent", scope={"read_only": True})
        await control.post(f"/v1/grants/{made['id']}", pid=7, root=os.getpid())
        for _ in range(3):
            await control.refused("POST", "/v1/login", {"roles": ["canary"]})
        await control.refused("POST", "/v1/canary")
        await control.refused("GET", "/v1/events?attend=1")
        await control.call("DELETE", f"/v1/grants/{made['id']}")
        await control.refused("POST", "/v1/prompts/canary", {"confirm": True})
        found = await lines(control)
        told = await lines(control, f"?grant={made['id']}")
    denials = [(line["what"], line["count"], line["grant"] and line["grant"]["id"]) for line in found[1:]]
    assert denials == [
        ("POST /v1/login", 1, made["id"]),
        ("a route that there is not", 1, made["id"]),
        ("GET /v1/events", 1, made["id"]),
        ("POST /v1/login", 2, made["id"]),
        ("dev", 1, made["id"]),
        ("POST /v1/prompts/{id}", 1, None),
    ]
    assert {line["event"] for line in (*found[1:5], found[6])} == {"denied"}
    assert {(line["uid"], line["pid"], line["exe"]) for line in found} == {(os.geteuid(), os.getpid(), EXECUTABLE)}
    assert "canary" not in json.dumps(found)
    story_ = [line.partition("  ")[2].strip() for line in story(told, in_force=False)]
    assert any(line.startswith("asked for more: refused (POST /v1/login)  3 times  ") for line in story_)
    assert any(line.startswith("refused   asked xacctd for more than it has 5 times, the last at") for line in story_)
    assert {timeline.kind_of(row) for row in folded(told) if row.line["event"] == "denied"} == {"refused"}


@in_virtual_time
async def test_who_cannot_be_told_is_written_as_that(clock, control, short_path, monkeypatch):
    async with kept(control, short_path):
        made = await control.post("/v1/grants", roles=["dev"], label="an agent", scope={"read_only": True})
        control.grants.bind(made["id"], 7, ProcessMark(7, "now"))
        monkeypatch.setattr(control.api._middleware._boundary, "_ancestors", lambda _mark: None)
        await control.refused("POST", "/v1/unlock")
        [line] = await lines(control, event="denied")
    assert (line["what"], line["grant"]) == ("POST /v1/unlock, by a process whose parents are not known", None)


@in_virtual_time
async def test_who_locks_and_unlocks_is_written_once_each(clock, control, short_path):
    async with kept(control, short_path):
        for path in ("lock", "lock", "unlock", "unlock"):
            await control.post(f"/v1/{path}")
        found = await lines(control)
    assert short(found) == [("locked", None, "asked to"), ("unlocked", None, "asked to")]
    for line in found:
        assert line["uid"] == os.geteuid()
        if sys.platform == "linux":
            assert (line["pid"], line["exe"]) == (os.getpid(), EXECUTABLE)


@in_virtual_time
async def test_a_grant_for_arns_says_which(clock, control, short_path):
    async with kept(control, short_path):
        pattern = "arn:aws:iam::*:role/dev-*"
        await control.post("/v1/grants", roles=["prod"], label="ci", role_arn_patterns=[pattern], via="dev")
        found = await lines(control)
    assert short(found) == [("grant-created", None, f"prod {pattern}")]


@pytest.mark.parametrize("since", ["yesterday", "-1", "nan", "inf", "1e30", ""])
@in_virtual_time
async def test_what_is_no_instant_is_said(clock, control, short_path, since):
    async with kept(control, short_path):
        status, error = await control.refused("GET", f"/v1/audit?since={since}")
    assert (status, error["code"]) == (400, "bad-request")


@in_virtual_time
async def test_following_goes_on_with_what_happens(clock, control, short_path):
    async with kept(control, short_path):
        control.trail.record("login", role="dev", what="held")
        async with control.stream("/v1/audit?follow=1&role=dev", "GET") as stream:
            assert (await stream.next())["what"] == "held"
            await control.login("prod")
            control.trail.record("logout", role="dev")
            assert (await stream.next())["event"] == "logout"
            assert await stream.response.content.readline() == b"\n", "no heart beat on a quiet stream"
            assert clock.time >= HEARTBEAT
        assert json.loads(control.audit_file.read_text().splitlines()[0])["role"] == "dev"


# Of one grant.


async def two_grants(control):
    """Two grants with the same label, of which the first has ended; a fetch of each, and one of none."""
    ids = [(await control.post("/v1/grants", roles=["dev"], label="ci"))["id"] for _ in range(2)]
    for grant in map(control.grants.by_id, ids):
        control.trail.fetched(grant, "dev", "served", Caller(uid=1))
    control.trail.fetched(None, "dev", "served", Caller(uid=1))
    control.trail.refused("no grant", Caller(uid=2))
    await control.call("DELETE", f"/v1/grants/{ids[0]}")
    return ids


@in_virtual_time
async def test_of_one_grant_there_are_its_lines_and_no_others(clock, control, short_path):
    async with kept(control, short_path):
        ended, living = await two_grants(control)
        events = {grant: short(await lines(control, f"?grant={grant}")) for grant in (ended, living)}
        begins = await lines(control, f"?grant={ended[:7]}&role=dev")
        found = [*await lines(control, f"?grant={ended}"), *await lines(control, f"?grant={living}")]
    assert events[ended] == [("grant-created", None, "dev"), ("fetch", "dev", "served"), ("grant-revoked", None, "dev")]
    assert events[living] == events[ended][:2]
    assert {line["grant"]["id"] for line in found} == {ended, living}
    assert short(begins) == [("fetch", "dev", "served")]


@pytest.mark.parametrize("word", ["", "nosuch", "%1b%5b2J", "ci"])
@in_virtual_time
async def test_a_word_that_is_no_grant_or_several_is_refused(clock, control, short_path, word):
    async with kept(control, short_path):
        ids = await two_grants(control)
        status, error = await control.refused("GET", f"/v1/audit?grant={word}")
    assert (status, error["code"]) == (400, "bad-request")
    assert "\x1b" not in error["sentence"]
    assert all((grant in error["sentence"]) == (word == "ci") for grant in ids), error


@in_virtual_time
async def test_a_label_that_one_grant_has_names_it_though_the_audit_has_lost_it(clock, control, short_path):
    async with kept(control, short_path):
        grant = await control.post("/v1/grants", roles=["dev"], label="deploy")
        await control.trail.flush()
        control.audit_file.write_text("")
        assert await lines(control, "?grant=deploy") == []
        control.trail.fetched(control.grants.by_id(grant["id"]), "dev", "served", Caller(uid=1))
        assert short(await lines(control, "?grant=deploy")) == [("fetch", "dev", "served")]


@in_virtual_time
async def test_fetches_that_were_counted_without_their_grant_are_said_to_be_left_out(clock, control, short_path):
    async with kept(control, short_path):
        for life in range(2):
            control.trail.record("fetch", role=None, what=FOLDED)
            clock.advance(1)
            if not life:
                grant = await control.post("/v1/grants", roles=["dev"], label="ci")
            else:
                await control.call("DELETE", f"/v1/grants/{grant['id']}")
                control.trail.record("fetch", role=None, what=FOLDED)
        found = await lines(control, "?grant=ci")
    assert short(found) == [
        ("grant-created", None, "dev"),
        ("left-out", None, FOLDED),
        ("grant-revoked", None, "dev"),
    ]
    assert found[1]["grant"] == {"id": grant["id"], "label": "ci"}


@in_virtual_time
async def test_what_a_newer_xacctd_has_written_is_passed_on(clock, control, short_path):
    async with kept(control, short_path):
        control.trail.record("login", role="dev")
        await control.trail.flush()
        newer = {**json.loads(control.audit_file.read_text()), "event": "new", "more": {"a": [1]}}
        control.audit_file.write_text(json.dumps(newer) + "\n")
        assert await lines(control) == [newer]


@in_virtual_time
async def test_a_cursor_goes_on_where_somebody_has_stopped(clock, control, short_path):
    async with kept(control, short_path):
        for number in range(4):
            control.trail.record("login", role="dev", what=str(number))
            control.trail.record("login", role="prod", what=str(number))
        async with control.stream("/v1/audit?follow=1&role=dev", "GET") as stream:
            first, second = await stream.next(), await stream.next()
        assert [each["what"] for each in (first, second)] == ["0", "1"]
        async with control.stream(f"/v1/audit?follow=1&role=dev&after={second['cursor']}", "GET") as stream:
            assert [(await stream.next())["what"] for _ in range(2)] == ["2", "3"]
            control.trail.record("login", role="dev", what="4")
            assert (await stream.next())["what"] == "4"
        status, error = await control.refused("GET", "/v1/audit?after=canary")
        assert (status, error["code"]) == (400, "bad-request")
        assert "cursor" not in (await lines(control))[0]


@in_virtual_time
async def test_what_a_full_disk_did_not_take_is_told_to_who_follows_and_moves_no_cursor(clock, control, short_path):
    async with kept(control, short_path):
        control.trail.record("login", role="dev", what="1")
        async with control.stream("/v1/audit?follow=1&role=dev", "GET") as stream:
            before = await stream.next()
            append, control.trail._file.append = control.trail._file.append, refuse_for_the_disk
            control.trail.record("login", role="prod")
            control.trail.record("login", role="dev", what="2")
            told = await stream.next()
            control.trail._file.append = append
    assert (told["what"], told["cursor"]) == ("2", before["cursor"])


@in_virtual_time
async def test_where_it_is_switched_off_that_is_said_and_all_else_works(clock, control):
    async with control.serving():
        await control.login("dev")
        await control.post("/v1/grants", roles=["dev"], label="x")
        await control.post("/v1/logout", roles=["dev"])
        status, error = await control.refused("GET", "/v1/audit")
    assert (status, error["code"]) == (400, "bad-request")
    assert "[audit]" in error["hint"]
