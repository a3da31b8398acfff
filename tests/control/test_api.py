"""Each route, over the socket, in virtual time."""

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from control_shapes import CONTAINERS
from small_keeper import ROLES
from virtual_time import in_virtual_time

from xacct import __version__, errors, wire
from xacct.asker import Asker
from xacct.control import api, serializers
from xacct.control.containers import Containers
from xacct.model import Grant
from xacct.prompts.approved import LOGOUT, ONCE, Key, Lasting
from xacct.scope import Scope


def serving(test):
    """Run a test while `control` serves."""

    @in_virtual_time
    async def within(clock, control):
        async with control.serving():
            await test(control)

    within.__name__ = test.__name__
    return within


@serving
async def test_version(control):
    assert await control.get("/v1/version") == {
        "api": wire.API,
        "version": __version__,
        "pid": os.getpid(),
        "endpoint": "http://127.0.0.1:9477",
        "config_problem": None,
    }
    control.problems.append(errors.ConfigError("config.toml line 3: no such setting.", "Remove it."))
    problem = (await control.get("/v1/version"))["config_problem"]
    assert problem == {
        "code": "bad-config",
        "category": "usage",
        "sentence": "config.toml line 3: no such setting.",
        "hint": "Remove it.",
    }


@serving
async def test_roles_have_their_accounts_names_groups_and_mark(control):
    words = SimpleNamespace(
        aliases={}, groups={"all": ("dev", "prod"), "odd": ("nowhere",)}, accounts={"444455556666": "pay\x1bments"}
    )
    control.daemon.known_words = lambda: words
    control.keeper.nodes["prod"] = replace(
        control.keeper.nodes["prod"], role=replace(control.keeper.nodes["prod"].role, production=True)
    )
    answer = await control.get("/v1/status?groups=1")
    rows = {row["name"]: row for row in answer["roles"]}
    assert (rows["prod"]["groups"], rows["prod"]["production"]) == (["all"], True)
    assert rows["prod"]["account_name"] == "pay ments"
    assert "groups" not in rows["plain"]
    assert any("The group @odd names it." in note for note in answer["notes"])
    assert "groups" not in (await control.get("/v1/status"))["roles"][0]
    listed = {row["name"]: row for row in (await control.get("/v1/roles"))["roles"]}
    assert (listed["prod"]["account_name"], listed["prod"]["production"]) == ("pay ments", True)


@serving
async def test_status_before_and_after_a_login(control):
    before = await control.get("/v1/status")
    assert {role["name"]: role["state"] for role in before["roles"]} == {
        "dev": "needs-code",
        "prod": "needs-code",
        "elsewhere": "needs-code",
        "plain": "idle",
        "team/ops": "needs-code",
    }
    assert before["prompts"] == []
    assert before["attended"] == 0
    await control.login("dev")
    after = await control.get("/v1/status")
    roles = {role["name"]: role for role in after["roles"]}
    dev, session = roles["dev"], next(s for s in after["sessions"] if s["source"] == "main")
    assert dev["state"] == "held"
    assert dev["expires_at"] == pytest.approx(after["now"] + 3600, abs=1)
    assert dev["mfa_expires_at"] == session["expires_at"] == pytest.approx(after["now"] + 12 * 3600, abs=1)
    assert dev["expires_at"] - dev["issued_at"] == pytest.approx(3600, abs=1)
    assert session["expires_at"] - session["issued_at"] == pytest.approx(12 * 3600, abs=1)
    assert "issued_at" not in roles["prod"]
    assert (dev["last_used"], dev["next_renewal"]) == (None, None)  # nobody fetches it
    assert dev["error"] is None
    assert roles["prod"]["state"] == "idle"  # the MFA session is there: no code needed
    async with control.stream("/v1/credentials", role="dev") as events:
        await events.rest()
    status = await control.get("/v1/status")
    dev = next(role for role in status["roles"] if role["name"] == "dev")
    assert dev["last_used"] == pytest.approx(status["now"], abs=1)
    assert status["now"] < dev["next_renewal"] < dev["expires_at"]


@in_virtual_time
async def test_others_have_their_turn_while_a_long_status_is_worked_out(clock, control, monkeypatch):
    """What the configuration loses meanwhile is left out, what it has anew stays in."""
    monkeypatch.setattr(api, "SLICE", 2)
    worked_out, real = [], serializers.role_status

    def slowly(standing, node, accounts):
        worked_out.append(node.role.name)
        if len(worked_out) == 2:
            kept = {name: role for name, role in ROLES.items() if name != "team/ops"}
            asyncio.get_running_loop().call_soon(control.keeper.configure, kept)
        return real(standing, node, accounts)

    monkeypatch.setattr(serializers, "role_status", slowly)
    async with control.serving():
        status = await control.get("/v1/status")
    assert [role["name"] for role in status["roles"]] == worked_out == ["dev", "prod", "elsewhere", "plain"]


@serving
async def test_status_of_some_roles_is_of_those_alone(control):
    await control.login("elsewhere")
    asked = await control.get("/v1/status?role=dev&role=team%2Fops&role=dev")
    assert [role["name"] for role in asked["roles"]] == ["dev", "team/ops"]
    assert [session["source"] for session in asked["sessions"]] == ["main"], "and not that of another"
    status, error = await control.refused("GET", "/v1/status?role=typo")
    assert (status, error["code"]) == (404, "unknown-role")


@serving
async def test_status_shows_a_refused_role_and_a_waiting_one(control):
    control.sts.failures.append(errors.AccessDenied("AWS refuses plain.", "Ask."))
    await control.login("plain")
    async with control.stream("/v1/login", roles=["dev"]) as events:
        asked = (await events.next("prompt"))["prompt"]
        status = await control.get("/v1/status")
    roles = {role["name"]: role for role in status["roles"]}
    assert roles["plain"]["state"] == "failed"
    assert roles["plain"]["error"] == {
        "code": "access-denied",
        "category": "refused",
        "sentence": "AWS refuses plain.",
        "hint": "Ask.",
    }
    assert roles["dev"]["state"] == "waiting"
    assert [prompt["id"] for prompt in status["prompts"]] == [asked["id"]]
    assert (await control.get("/v1/prompts"))["prompts"][0]["serial"] == asked["serial"]


@serving
async def test_status_lists_the_imds_ports(control):
    assert (await control.get("/v1/status"))["imds"] == []
    control.imds = {9478: "dev", 9479: "gone"}
    assert (await control.get("/v1/status"))["imds"] == [
        {"port": 9478, "role": "dev", "url": "http://127.0.0.1:9478/", "region": "eu-central-1"},
        {"port": 9479, "role": "gone", "url": "http://127.0.0.1:9479/", "region": None},
    ]


@serving
async def test_status_notes_problems_and_a_wrong_clock(control):
    assert (await control.get("/v1/status"))["notes"] == []
    control.problems.append(errors.ConfigError("config.toml is broken.", "Mend it."))
    control.aws_clock.shift(-600)
    assert "10 min ahead of AWS's." in (await control.get("/v1/status"))["notes"][1]
    control.aws_clock.shift(600)
    notes = (await control.get("/v1/status"))["notes"]
    assert notes == ["config.toml is broken. Mend it.", "This machine's clock is about 10 min behind AWS's."]


@serving
async def test_roles(control):
    control.problems.append(errors.ConfigError("profile x: no source.", "Add one."))
    answer = await control.get("/v1/roles")
    roles = {role["name"]: role for role in answer["roles"]}
    assert roles["dev"] == {
        "name": "dev",
        "role_arn": "arn:aws:iam::111122223333:role/dev",
        "account": "111122223333",
        "source": "main",
        "mfa_serial": "arn:aws:iam::111122223333:mfa/alice",
        "region": "eu-central-1",
        "url": "http://127.0.0.1:9477/v1/credentials/dev",
    }
    assert "/" not in roles["team/ops"]["url"].removeprefix("http://127.0.0.1:9477/v1/credentials/")
    assert [problem["code"] for problem in answer["problems"]] == ["bad-config"]


@serving
async def test_explain(control):
    answer = await control.get("/v1/roles/dev/explain")
    assert answer["role"] == "dev"
    assert "with one code" in answer["steps"][1]
    assert answer["remarks"]


@serving
async def test_explain_of_a_role_whose_name_holds_a_slash(control):
    assert (await control.get("/v1/roles/team%2Fops/explain"))["role"] == "team/ops"


@serving
async def test_an_unknown_role_gets_a_hint_wherever_it_is_named(control):
    for method, path, body in (
        ("GET", "/v1/roles/prd/explain", None),
        ("POST", "/v1/login", {"roles": ["dev", "prd"]}),
        ("POST", "/v1/credentials", {"role": "prd"}),
        ("POST", "/v1/logout", {"roles": ["prd"]}),
        ("POST", "/v1/grants", {"roles": ["prd"], "label": ""}),
    ):
        status, error = await control.refused(method, path, body)
        assert (status, error["code"]) == (404, "unknown-role")
        assert error["hint"] == "Did you mean 'prod'?"
    _, error = await control.refused("POST", "/v1/login", {"roles": ["zzzzzz"]})
    assert error["hint"] == "xacctctl roles lists what there is."


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/v1/login", "{"),
        ("/v1/login", "[]"),
        ("/v1/login", "null"),
        ("/v1/login", ""),
        ("/v1/login", "\xff"),
        ("/v1/login", "{}"),
        ("/v1/login", '{"roles": "dev"}'),
        ("/v1/login", '{"roles": [1]}'),
        ("/v1/login", '{"roles": []}'),
        ("/v1/login", '{"roles": ["dev"], "code": 123456}'),
        ("/v1/login", '{"roles": ["dev"], "attend": "no"}'),
        ("/v1/login", '{"roles": ["dev"], "until": NaN}'),
        ("/v1/credentials", "{}"),
        ("/v1/credentials", '{"role": ["dev"]}'),
        ("/v1/credentials", '{"role": "dev", "lifetime": "1h"}'),
        ("/v1/logout", '{"roles": "dev"}'),
        ("/v1/grants", '{"roles": ["dev"]}'),
        ("/v1/grants", '{"roles": [], "label": ""}'),
        ("/v1/grants", '{"roles": ["dev"], "label": "", "ttl": 0}'),
        ("/v1/grants", '{"roles": ["dev"], "label": "", "ttl": -1}'),
        ("/v1/grants", '{"roles": ["dev"], "label": "", "ttl": 1e12}'),
        ("/v1/grants", '{"roles": ["dev"], "label": "", "pid": "x"}'),
        ("/v1/prompts/1", '{"code": 5}'),
        ("/v1/login", "[" * 50_000),
        ("/v1/login", '{"roles": ["dev"], "unknown": ' + "[" * 50_000),
        ("/v1/logout", '{"all": ' + '{"a":' * 10_000),
    ],
)
@in_virtual_time
async def test_a_body_that_is_not_meant_is_a_bad_request(clock, control, path, raw):
    async with control.serving():
        status, error = await control.refused("POST", path, raw=raw.encode("latin-1"))
        assert (status, error["code"]) == (400, "bad-request")
        assert control.sts.calls == []


@serving
async def test_a_body_too_large_and_a_path_or_method_there_is_not(control):
    assert (await control.refused("POST", "/v1/login", raw=b" " * 100_000))[0] == 413
    assert (await control.refused("GET", "/v1/nothing"))[0] == 404
    assert (await control.refused("GET", "/"))[0] == 404
    assert (await control.refused("PUT", "/v1/login"))[0] == 405
    assert (await control.refused("GET", "/v1/stop"))[0] == 405


@serving
async def test_what_breaks_inside_is_an_error_that_quotes_nothing(control):
    def broken():
        raise RuntimeError("a secret")

    control.daemon.problems = broken
    status, error = await control.refused("GET", "/v1/version")
    assert (status, error["code"]) == (500, "internal")
    assert "secret" not in str(error)
    control.daemon.problems = list
    control.daemon.read_changed = broken
    assert (await control.refused("GET", "/v1/version"))[0] == 500


@serving
async def test_configuration_is_fresh_at_every_request(control):
    await control.get("/v1/roles")
    await control.get("/v1/status")
    assert control.called == ["refresh", "refresh"]


@serving
async def test_where_it_can_not_be_read_in_time_nothing_is_given_by_what_was_so_before(control):
    control.in_time = False
    for path, body in (("/v1/login", {"roles": ["prod"]}), ("/v1/grants", {"roles": ["prod"], "label": "x"})):
        status, error = await control.refused("POST", path, body)
        assert (status, "can't be read in time" in error["sentence"]) == (503, True)
    assert (await control.get("/v1/status"))["roles"]
    await control.post("/v1/logout", roles=["prod"])
    control.called.clear()
    await control.post("/v1/lock")
    assert control.called == []
    assert control.keeper.agent_lock.locked


@serving
async def test_reload_and_stop(control):
    control.problems.append(errors.ConfigError("profile x: no source.", "Add one."))
    answer = await control.post("/v1/reload")
    assert answer["roles"] == 5
    assert [problem["sentence"] for problem in answer["problems"]] == ["profile x: no source."]
    assert await control.post("/v1/succeed") == {"pid": 4712}
    assert await control.post("/v1/stop") == {}
    assert [what for what in control.called if what != "refresh"] == ["reload", "succeed", "stop"]


@serving
async def test_logout_of_some_roles_and_of_all(control):
    await control.login("dev", "prod", "plain")
    assert await control.post("/v1/logout", roles=["dev"]) == {"roles": ["dev"]}
    assert await control.post("/v1/logout", roles=["dev"]) == {"roles": []}
    states = {role["name"]: role["state"] for role in (await control.get("/v1/status"))["roles"]}
    assert (states["dev"], states["prod"]) == ("logged-out", "held")
    assert sorted((await control.post("/v1/logout", all=True))["roles"]) == ["plain", "prod"]
    status = await control.get("/v1/status")
    assert {session["expires_at"] for session in status["sessions"]} == {None}
    assert not any("issued_at" in each for each in (*status["sessions"], *status["roles"]))
    assert "held" not in {role["state"] for role in status["roles"]}
    assert await control.post("/v1/logout") == {"roles": []}


def token_file(made):
    file = Path(made["token_file"])
    return file.read_text(), stat.S_IMODE(file.stat().st_mode)


class SlowDisk:
    """A saver whose disk takes its time."""

    def __init__(self):
        self.asked, self.goes = asyncio.Event(), asyncio.Event()

    def put(self, work):
        work()

    async def settled(self):
        self.asked.set()
        await self.goes.wait()


@serving
async def test_a_grant_whose_asker_has_gone_before_it_had_the_token_is_none(control):
    control.grants.saver = disk = SlowDisk()
    asking = asyncio.ensure_future(control.post("/v1/grants", roles=["dev"], label="a shell"))
    await disk.asked.wait()
    [grant] = control.grants.all()
    assert control.grants.by_id(grant.id) is not None
    asking.cancel()
    await asyncio.wait([asking])
    await asyncio.sleep(1)
    assert list(control.grants.all()) == []
    disk.goes.set()
    assert (await control.get("/v1/grants"))["grants"] == []


@serving
async def test_a_grant_from_its_making_to_its_end(control):
    made = await control.post("/v1/grants", roles=["dev", "plain"], label="a shell", ttl=60, pid=7)
    assert made["urls"]["dev"] == "http://127.0.0.1:9477/v1/credentials/dev"
    assert made["regions"] == {"dev": "eu-central-1", "plain": None}
    assert token_file(made) == (made["token"], 0o600)
    [shown] = (await control.get("/v1/grants"))["grants"]
    assert shown["id"] == made["id"]
    assert (shown["label"], shown["roles"], shown["pid"]) == ("a shell", ["dev", "plain"], 7)
    assert shown["expires_at"] == shown["created"] + 60
    assert made["token"] not in str(shown)
    assert await control.call("DELETE", f"/v1/grants/{made['id']}") == (200, {})
    assert (await control.refused("DELETE", f"/v1/grants/{made['id']}"))[0] == 400
    assert (await control.get("/v1/grants"))["grants"] == []
    assert token_file(made) == ("ended", 0o600)


@serving
async def test_a_forwarded_grant_is_told_the_urls_of_its_own_machine(control):
    body = {"roles": ["dev"], "role_arn_patterns": [PATTERN], "via": "dev", "label": "ssh far"}
    made = await control.post("/v1/grants", **body, forwarded_port=40123)
    assert made["urls"]["dev"] == "http://127.0.0.1:40123/v1/credentials/dev"
    assert made["role_arn_url"] == "http://127.0.0.1:40123/v1/role-arn/"
    assert [grant["forwarded_port"] for grant in (await control.get("/v1/grants"))["grants"]] == [40123]
    for wrong in ({"forwarded_port": 0}, {"forwarded_port": 65536}, {"forwarded_port": 1, "where": "container"}):
        status, _ = await control.refused("POST", "/v1/grants", {**body, **wrong})
        assert status == 400


@serving
async def test_grants_that_are_over_are_not_listed(control):
    await control.post("/v1/grants", roles=["dev"], label="short", ttl=60)
    control.grants.create(["dev"], "of a process that is gone", None, 8)
    status, error = await control.refused("POST", "/v1/grants", {"roles": ["dev"], "label": "", "pid": 8})
    assert (status, error["sentence"]) == (400, "There is no process 8.")
    await control.post("/v1/grants", roles=["dev"], label="x" * 1000)
    await asyncio.sleep(60)
    [left] = (await control.get("/v1/grants"))["grants"]
    assert left["label"] == "x" * 200


@serving
async def test_an_answer_to_no_prompt_is_a_conflict(control):
    for body in ({"code": "123456"}, {"decline": True}, {}):
        status, error = await control.refused("POST", "/v1/prompts/17", body)
        assert (status, error["code"]) == (409, "prompt-closed")


@serving
async def test_no_answer_is_to_be_cached(control):
    async with control.client.get("/v1/status") as response:
        assert response.headers["Cache-Control"] == "no-store"


PATTERN = "arn:aws:iam::*:role/dev-*"


@serving
async def test_a_grant_for_a_pattern_of_arns(control):
    grant = await control.post("/v1/grants", roles=[], label="ci", role_arn_patterns=[PATTERN], via="dev")
    assert grant["role_arn_url"] == "http://127.0.0.1:9477/v1/role-arn/"
    assert grant["urls"] == {}
    [listed] = (await control.get("/v1/grants"))["grants"]
    assert (listed["role_arn_patterns"], listed["via"]) == ([PATTERN], "dev")
    assert control.grants.find(grant["token"].encode()).allows_arn("arn:aws:iam::123456789012:role/dev-a")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"role_arn_patterns": [PATTERN]}, "bad-request"),
        ({"via": "dev"}, "bad-request"),
        ({"role_arn_patterns": ["*"], "via": "dev"}, "bad-request"),
        ({"role_arn_patterns": ["arn:aws:iam::*:user/x"], "via": "dev"}, "bad-request"),
        ({"role_arn_patterns": ["arn:aws:iam::*:role/"], "via": "dev"}, "bad-request"),
        ({"role_arn_patterns": [PATTERN] * 21, "via": "dev"}, "bad-request"),
        ({"role_arn_patterns": [PATTERN], "via": "nobody"}, "unknown-role"),
        ({}, "bad-request"),
    ],
)
def test_patterns_that_cannot_be_meant_make_no_grant(clock, control, more, code):
    @serving
    async def refused(control):
        _, error = await control.refused("POST", "/v1/grants", {"roles": [], "label": "x", **more})
        assert error["code"] == code
        assert control.grants.all() == []

    refused(clock=clock, control=control)


@serving
async def test_a_role_by_its_arn_is_in_the_status_but_not_offered(control):
    arn = control.keeper.by_arn("arn:aws:iam::444455556666:role/dev-a", "dev")
    assert arn in {role["name"] for role in (await control.get("/v1/status"))["roles"]}
    assert arn not in {role["name"] for role in (await control.get("/v1/roles"))["roles"]}
    for body in ({"roles": [arn]}, {"roles": [], "role_arn_patterns": [PATTERN], "via": arn}):
        _, error = await control.refused("POST", "/v1/grants", {"label": "x", **body})
        assert error["code"] == "unknown-role"


@serving
async def test_lock_and_unlock(control):
    await control.login("dev")
    assert (await control.get("/v1/status"))["locked"] is False
    assert await control.post("/v1/lock") == {"locked": True}
    assert await control.post("/v1/lock") == {"locked": True}
    assert (await control.get("/v1/status"))["locked"] is True
    for path, body in (
        ("/v1/credentials", {"role": "dev"}),
        ("/v1/grants", {"roles": ["dev"], "label": "x"}),
    ):
        status, error = await control.refused("POST", path, body)
        assert (status, error["code"]) == (403, "locked")
    assert control.grants.all() == []
    assert (await control.login("prod"))[-1] == {"event": "done", "failed": 0}
    assert await control.post("/v1/unlock") == {"locked": False}
    await control.post("/v1/grants", roles=["dev"], label="x")


def guard(control, role, confirm="each-grant"):
    configured = {name: node.role for name, node in control.keeper.nodes.items()}
    control.keeper.configure(configured | {role: replace(configured[role], confirm=confirm)})


@serving
async def test_a_grant_says_which_of_its_roles_wait_for_a_yes(control):
    guard(control, "dev")
    grant = await control.post("/v1/grants", roles=["dev", "prod"], label="x")
    assert grant["confirm"] == ["dev"]


@serving
async def test_a_confirmation_is_a_prompt_and_answered_by_true_or_false(control):
    guard(control, "dev")
    with control.broker.subscribe():
        for answer, outcome in (({"confirm": True}, None), ({"confirm": False}, errors.Declined)):
            consumer = f"g{answer}"
            waiting = asyncio.ensure_future(
                control.api.service.allow("dev", Grant(consumer, "", "a shell", ("dev",), 0.0))
            )
            await asyncio.sleep(1)
            [prompt] = (await control.get("/v1/prompts"))["prompts"]
            assert (prompt["kind"], prompt["label"], prompt["roles"]) == ("confirm", "a shell", ["dev"])
            assert (prompt["serial"], prompt["attempts"]) == ("", 1)
            _, error = await control.refused("POST", f"/v1/prompts/{prompt['id']}", {"code": "123456"})
            assert error["code"] == "bad-request"
            await control.post(f"/v1/prompts/{prompt['id']}", **answer)
            [got] = await asyncio.gather(waiting, return_exceptions=True)
            assert got is None if outcome is None else isinstance(got, outcome)


def wanted(control, name="g1", **more):
    """A grant's demand for the role dev."""
    grant = Grant(name, "", "a shell", ("dev",), 0.0, **more)
    return asyncio.ensure_future(control.api.service.allow("dev", grant, asker=looked))


async def looked():
    tree = ((7, "a\x1b[2Jws"), (3, "bash"))
    return Asker("pid 7, /bin/a\x1b[2Jws", tree, "/tmp/\x1b[31m", "aws\x1b[2J s3 ls")


@serving
async def test_status_has_the_yeses_by_which_somebody_may_use_a_role(control):
    guard(control, "dev", "first-use")
    guard(control, "prod", "each-use")
    control.imds = {9478: "prod"}
    grant, _, _ = control.grants.create(["prod"], "a\x1b[2J shell", None, None)
    said = control.keeper.approvals.approved
    said.add(Key("dev", None), LOGOUT)
    said.add(Key("prod", grant.id), Lasting("minutes", 600.0))
    said.add(Key("prod", "imds:9478"), ONCE)
    said.add(Key("prod", None), LOGOUT)  # of when it was "first-use"
    said.add(Key("prod", "console 1"), Lasting("grant"))  # a request that is over
    status = await control.get("/v1/status")
    found = [[each["role"], each["consumer"], each["label"], each["lasts"]] for each in status["approvals"]]
    assert found == [
        ["dev", None, "", "logout"],
        ["prod", grant.id, "a [2J shell", "minutes"],
        ["prod", "imds:9478", "imds:9478", "once"],
    ]
    ends = [each["until"] for each in status["approvals"]]
    assert ends == [None, pytest.approx(status["now"] + 600, abs=5), pytest.approx(status["now"] + 60, abs=5)]
    assert [each["role"] for each in (await control.get("/v1/status?role=dev"))["approvals"]] == ["dev"]
    guard(control, "dev", None)
    await control.call("DELETE", f"/v1/grants/{grant.id}")
    assert [each["consumer"] for each in (await control.get("/v1/status"))["approvals"]] == ["imds:9478"]


@serving
async def test_a_confirmation_says_what_would_be_allowed_and_who_asks_in_words(control):
    guard(control, "dev")
    with control.broker.subscribe():
        waiting = wanted(control, scope=Scope("{}", words="allow s3:Get*"))
        await asyncio.sleep(1)
        [prompt] = (await control.get("/v1/prompts"))["prompts"]
        assert (prompt["scope"], prompt["allows"]) == ("allow s3:Get*", "allow s3:Get*")
        assert prompt["account"] == control.keeper.node("dev").role.account
        assert prompt["processes"] == [{"pid": 7, "name": "a [2Jws"}, {"pid": 3, "name": "bash"}]
        assert (prompt["directory"], prompt["command"]) == ("/tmp/ [31m", "aws [2J s3 ls")
        waiting.cancel()


@serving
async def test_an_answer_says_how_long_it_holds_and_a_plain_yes_is_the_first_choice(control):
    guard(control, "dev", "each-use")
    admits, role = control.keeper.approvals.admits, control.keeper.node("dev").role
    with control.broker.subscribe():
        waiting = wanted(control)
        await asyncio.sleep(1)
        [prompt] = (await control.get("/v1/prompts"))["prompts"]
        assert prompt["allows"] == "all that the role may do"
        assert [choice["lasts"] for choice in prompt["choices"]] == ["once", "minutes", "grant"]
        assert prompt["choices"][1] == {"lasts": "minutes", "words": "for 15 min", "minutes": 15}
        path = f"/v1/prompts/{prompt['id']}"
        for wrong in ({"lasts": "logout"}, {"lasts": "minutes", "minutes": 100_000}, {"lasts": "for ever"}):
            assert (await control.refused("POST", path, {"confirm": True, **wrong}))[0] == 400
        assert not waiting.done()
        await control.post(path, confirm=True, lasts="minutes", minutes=5)
        await waiting
        [yes] = control.keeper.approvals.approved.all
        assert (yes.length, yes.until) == ("minutes", pytest.approx(control.clock.boot + 300, abs=5))
        assert admits(role, "g1")
        other = wanted(control, "g2")
        await asyncio.sleep(1)
        [prompt] = (await control.get("/v1/prompts"))["prompts"]
        await control.post(f"/v1/prompts/{prompt['id']}", confirm=True)
        await other
        assert [yes.length for yes in control.keeper.approvals.approved.all] == ["minutes", "once"]


@serving
async def test_a_single_request_is_offered_what_is_of_use_to_it(control):
    guard(control, "dev", "each-grant")
    async with control.stream("/v1/credentials", role="dev") as events:
        prompt = (await events.next("prompt"))["prompt"]
        assert [choice["lasts"] for choice in prompt["choices"]] == ["once"]
        assert str(os.getpid()) in prompt["process"]


@serving
async def test_explain_says_what_guards_a_role(control):
    guard(control, "dev", "first-use")
    remarks = (await control.get("/v1/roles/dev/explain"))["remarks"]
    assert any(remark.startswith("guarded:") for remark in remarks)


ABOUT = CONTAINERS


@serving
async def test_a_grant_for_a_container_has_urls_that_containers_reach(control):
    opened = []

    async def open_listeners():
        opened.append([grant.where for grant in control.grants.all()])

    control.use_containers(Containers(lambda: ABOUT, open_listeners))
    assert await control.get("/v1/containers") == ABOUT
    made = await control.post("/v1/grants", roles=["dev"], label="a container", where="container")
    assert made["urls"] == {"dev": "http://169.254.170.2:9479/v1/credentials/dev"}
    assert opened == [["container"]], "once there is the grant, and before it is used"
    bound = await control.post(f"/v1/grants/{made['id']}", pid=7)
    assert (bound["pid"], bound["where"]) == (7, "container")
    assert (await control.refused("POST", f"/v1/grants/{made['id']}", {"pid": 8}))[0] == 400
    assert (await control.refused("POST", "/v1/grants", {"roles": ["dev"], "label": "x", "where": "moon"}))[0] == 400


@serving
async def test_where_containers_are_switched_off_there_is_no_grant_for_one(control):
    async def never_opened():
        raise AssertionError

    control.use_containers(Containers(lambda: ABOUT | {"enabled": False}, never_opened))
    body = {"roles": ["dev"], "label": "a container", "where": "container"}
    assert (await control.refused("POST", "/v1/grants", body))[0] == 400
    assert (await control.refused("GET", "/v1/containers"))[0] == 400
    assert control.grants.all() == []


@serving
async def test_while_a_successor_takes_over_nothing_is_changed(control):
    control.daemon.paused = lambda: True
    for path in ("/v1/lock", "/v1/login", "/v1/logout", "/v1/grants"):
        status, error = await control.refused("POST", path, {"roles": ["dev"], "label": "x"})
        assert (status, error["code"]) == (503, "temporary")
    assert not control.keeper.agent_lock.locked
    assert (await control.get("/v1/status"))["roles"]


@serving
async def test_what_others_call_themselves_leaves_as_words(control):
    control.grants.create(["dev"], "a\x00\x1b[2J\u202e\nb", None, None)
    [grant] = (await control.get("/v1/grants"))["grants"]
    assert grant["label"] == "a  [2J  b"


@in_virtual_time
async def test_rows_come_in_pieces_those_of_the_view_apart_and_what_is_gone_meanwhile_is_left_out(clock, monkeypatch):
    monkeypatch.setattr(serializers, "role_status", lambda _standing, node, _accounts: node)
    names = [name for number in range(api.SLICE) for name in (f"r{number}", f"r{number}#b-1c2d3e4f")]
    nodes = {name: name for name in names}
    standing = SimpleNamespace(keeper=SimpleNamespace(nodes=nodes))
    view = SimpleNamespace(has=lambda name: "#" not in name)
    task = asyncio.create_task(api._rows(standing, names, {}, view))
    await asyncio.sleep(0)
    del nodes[names[-2]], nodes[names[-1]]
    rows, others = await task
    assert rows == names[:-2:2]
    assert others == names[1:-2:2]
