"""What a process below a narrowed grant may not ask for, by every route; the test's own process is the one bound."""

import asyncio
import os
import re
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from virtual_time import in_virtual_time

from xacct import wire
from xacct.control import boundary
from xacct.model import ProcessMark

SCOPE = {"read_only": True}
QUERIES = {("GET", wire.EVENTS): "?attend=1"}
FILLED = {"role": "dev", "id": "nope", "profile": "work", "serial": "x"}
DENIED = (403, "below-narrowed-grant")


@asynccontextmanager
async def bound(control):
    """A server at which we are bound to a narrowed grant."""
    async with control.serving():
        made = await control.post("/v1/grants", roles=["dev"], label="an agent", ttl=120, scope=SCOPE)
        told = await control.post(f"/v1/grants/{made['id']}", pid=7, root=os.getpid())
        assert told["root"] == os.getpid()
        yield made["id"]


async def outcome(control, method, path):
    """What comes of a request, as status and error code; what begins to stream has been let through."""
    async with asyncio.timeout(600), control.client.request(method, path) as answer:
        if answer.content_type != "application/json":
            return answer.status, None
        body = await answer.json()
        return answer.status, body.get("error", {}).get("code") if isinstance(body, dict) else None


def routes(control):
    return {
        (route.method, route.resource.canonical)
        for route in control.api.application().router.routes()
        if route.method != "HEAD"
    }


@in_virtual_time
async def test_each_route_has_a_line_and_no_other_has(clock, control):
    async with control.serving():
        assert routes(control) == set(boundary.WIDENS)


def test_the_docs_say_the_same_of_each():
    page = (Path(__file__).parents[2] / "docs/control-api.md").read_text("utf-8")
    rows = re.findall(r"^\| `([A-Z]+) (/v1/[^`]+)` \| (.+) \|$", page, re.MULTILINE)
    said = {(method, path): words for method, path, words in rows}
    assert len(said) == len(rows)
    assert said.keys() == boundary.WIDENS.keys()
    for route, widens in boundary.WIDENS.items():
        words = f"open; refused with `{widens}`" if isinstance(widens, str) else ("open", "refused")[widens]
        assert said[route].startswith(words), route


@pytest.mark.parametrize("route", [route for route, widens in boundary.WIDENS.items() if widens])
@in_virtual_time
async def test_what_widens_is_refused(clock, control, route):
    method, path = route
    async with bound(control):
        called = list(control.called)
        path = path.format(**FILLED) + QUERIES.get(route, "")
        status, error = await control.refused(method, path)
        assert (status, error["code"]) == DENIED
        assert (error["category"], error["hint"]) == ("refused", "Ask in another terminal.")
        assert control.called == called, "it had begun"


@pytest.mark.parametrize("route", [route for route, widens in boundary.WIDENS.items() if widens is not True])
@in_virtual_time
async def test_what_only_tells_or_takes_away_is_open(clock, control, route):
    async with bound(control):
        assert await outcome(control, route[0], route[1].format(**FILLED)) != DENIED


@in_virtual_time
async def test_what_there_is_no_line_for_is_refused(clock, control, monkeypatch):
    monkeypatch.delitem(boundary.WIDENS, ("GET", wire.STATUS))
    async with bound(control):
        assert await outcome(control, "GET", "/v1/status") == DENIED
        assert await outcome(control, "GET", "/v1/nothing") == DENIED
        assert (await outcome(control, "HEAD", "/v1/version"))[0] == 200


@in_virtual_time
async def test_it_may_revoke_its_grant_and_then_ask_for_no_more(clock, control):
    async with bound(control) as grant:
        assert await outcome(control, "DELETE", f"/v1/grants/{grant}") == (200, None)
        assert control.grants.all() == []
        assert await outcome(control, "POST", "/v1/login") == DENIED


@in_virtual_time
async def test_when_the_grant_is_over_it_may_ask_for_no_more(clock, control):
    async with bound(control):
        clock.advance(3600)
        control.grants.sweep()
        assert control.grants.all() == []
        assert await outcome(control, "POST", "/v1/login") == DENIED


@in_virtual_time
async def test_others_may_ask(clock, control):
    async with control.serving():
        made = await control.post("/v1/grants", roles=["dev"], label="an agent", scope=SCOPE)
        control.grants.bind(made["id"], 7, ProcessMark(7, "now"))
        await control.post("/v1/grants", roles=["dev"], label="a shell")


@in_virtual_time
async def test_once_the_process_has_ended_nobody_is_refused_for_it(clock, control, monkeypatch):
    async with bound(control):
        monkeypatch.setattr(control.grants.roots, "_lives", lambda _root: False)
        control.grants.sweep()
        await control.post("/v1/grants", roles=["dev"], label="a shell")


@pytest.mark.parametrize("lives", [True, False])
@in_virtual_time
async def test_who_cannot_be_told_is_refused_while_a_bound_process_lives(clock, control, monkeypatch, lives):
    async with bound(control):
        monkeypatch.setattr(control.api._middleware._boundary, "_ancestors", lambda _mark: None)
        monkeypatch.setattr(control.grants.roots, "_lives", lambda _root: lives)
        status, code = await outcome(control, "POST", "/v1/reload")
        assert (status, code) == (DENIED if lives else (200, None))


@in_virtual_time
async def test_a_connection_without_a_known_process_is_refused(clock, control, monkeypatch):
    monkeypatch.setattr("xacct.control.server.peer.mark", lambda _connection: None)
    async with control.serving():
        made = await control.post("/v1/grants", roles=["dev"], label="an agent", scope=SCOPE)
        _, error = await control.refused("POST", f"/v1/grants/{made['id']}", {"pid": 7, "root": os.getpid()})
        assert "binds itself" in error["sentence"]
        control.grants.bind(made["id"], 7, ProcessMark(7, "now"))
        assert await outcome(control, "POST", "/v1/login") == DENIED


@pytest.mark.parametrize("root", [os.getppid(), 1, 7], ids=["its parent", "the first of all", "any"])
@in_virtual_time
async def test_a_process_binds_itself_alone(clock, control, root):
    async with control.serving():
        made = await control.post("/v1/grants", roles=["dev"], label="an agent", scope=SCOPE)
        status, error = await control.refused("POST", f"/v1/grants/{made['id']}", {"pid": 7, "root": root})
        assert (status, error["code"]) == (400, "bad-request")
        assert control.grants.all()[0].root is None
        await control.post("/v1/grants", roles=["dev"], label="a shell")


@in_virtual_time
async def test_a_process_is_bound_to_what_is_narrowed(clock, control):
    async with control.serving():
        made = await control.post("/v1/grants", roles=["dev"], label="a shell")
        _, error = await control.refused("POST", f"/v1/grants/{made['id']}", {"pid": 7, "root": os.getpid()})
        assert "a grant with a scope" in error["sentence"]
        await control.post("/v1/grants", roles=["dev"], label="a shell")
