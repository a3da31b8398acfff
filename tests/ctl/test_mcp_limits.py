"""What a call of request_access may ask for, and what the verb does before there is a server."""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import threading

import pytest
from waiting import PATIENCE, until

from xacct.ctl.failure import CtlError
from xacct.ctl.main import main
from xacct.ctl.mcp.access import Session
from xacct.ctl.mcp.limits import Limits, wanted
from xacct.ctl.mcp.tools import tools

ASKED = {"role": "prod", "reason": "look at the notes"}


def refused(limits, **said):
    with pytest.raises(CtlError) as failure:
        wanted({**ASKED, **said}, limits)
    return failure.value


@pytest.mark.parametrize(
    ("said", "scope"),
    [
        ({"read_only": True}, {"read_only": True}),
        (
            {"allow": ["s3:GetObject"], "on": ["arn:aws:s3:::a/*"]},
            {"allow": ["s3:GetObject"], "on": ["arn:aws:s3:::a/*"]},
        ),
        ({"scope": "notes"}, {"name": "notes"}),
        ({"policy": {"Version": "2012-10-17"}}, {"policy": '{"Version": "2012-10-17"}'}),
        ({"read_only": True, "regions": ["eu-west-1"]}, {"read_only": True, "regions": ["eu-west-1"]}),
    ],
)
def test_a_scope_and_an_end_are_asked_for(said, scope):
    found = wanted({**ASKED, **said}, Limits())
    assert found.scope == {**scope, "ttl": 3600}
    assert (found.ttl, found.wait) == (3600, 20)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"regions": ["eu-west-1"]},
        {"on": ["arn:aws:s3:::a"]},
        {"read_only": False},
        {"allow": ["s3:GetObject", "*"]},
        {"policy": {"Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}, "regions": ["eu-west-1"]},
    ],
)
def test_without_a_scope_nothing_is_given_unless_a_human_said_so(said):
    assert refused(Limits(), **said).sentence == "Access needs a scope here: say what may be done."
    assert wanted({**ASKED}, Limits(unscoped=True)).scope == {}


def test_no_call_is_for_another_role_or_for_longer():
    limits = Limits(roles=("dev", "staging"), ttl=600)
    assert "no access to 'prod'" in refused(limits, read_only=True).sentence
    found = wanted({**ASKED, "role": "dev", "read_only": True}, limits)
    assert found.ttl == found.scope["ttl"] == 600
    assert "600 seconds" in refused(limits, role="dev", read_only=True, ttl_seconds=601).sentence


def test_scopes_that_the_human_named_are_the_only_ones():
    limits = Limits(scopes=("notes",))
    assert wanted(ASKED, limits).scope == {"name": "notes", "ttl": 3600}
    assert wanted({**ASKED, "scope": "notes"}, limits).scope == {"name": "notes", "ttl": 3600}
    for said in ({"scope": "others"}, {"read_only": True}, {"allow": ["*"]}, {"regions": ["eu-west-1"]}):
        assert "in no other" in refused(limits, **said).sentence
    assert "in no other" in refused(Limits(scopes=("notes", "reports"))).sentence


@pytest.mark.parametrize(
    "said",
    [
        {"role": ""},
        {"role": 7},
        {"reason": " \x1b\n"},
        {"reason": "x" * 5000},
        {"ttl_seconds": 0},
        {"ttl_seconds": True},
        {"ttl_seconds": "1h"},
        {"wait_seconds": 51},
        {"allow": "s3:*"},
        {"allow": [7]},
        {"allow": ["x"] * 101},
        {"policy": "x" * 20000},
        {"policy": 7},
        {"read_only": "yes"},
    ],
)
def test_what_is_not_understood_is_refused(said):
    assert refused(Limits(), **{"read_only": True, **said}).sentence.endswith(".")


def test_an_argument_that_nobody_knows_may_be_a_limit():
    failure = refused(Limits(), read_only=True, source_ip="10.0.0.1")
    assert failure.sentence == "There is no argument 'source_ip'."


def test_a_reason_is_one_short_line():
    key = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab"
    found = wanted({**ASKED, "reason": f"\x1b[31mred\n {key} " + "x " * 200, "read_only": True}, Limits())
    assert found.reason.startswith("[31mred … x x")
    assert len(found.reason) == 120
    assert found.reason.isprintable()


def test_the_tools_say_what_the_server_may():
    request = {tool.name: tool for tool in tools(Limits(("dev",), ("notes",), 600))}["request_access"].input_schema
    assert request["properties"]["role"]["enum"] == ["dev"]
    assert request["properties"]["scope"]["enum"] == ["notes"]
    assert request["properties"]["ttl_seconds"]["maximum"] == 600
    assert not {"read_only", "allow", "policy"} & set(request["properties"])
    assert request["additionalProperties"] is False


class Refusing:
    """An xacctd of which a human says no; it counts the grants that it makes."""

    made = 0

    def call(self, method, _path, _shape, body=None, **_how):
        if method == "POST":
            Refusing.made += 1
            return {"id": "6f1f9c42", "token": "t", "token_file": "/t", "urls": {"prod": "http://e"}, "regions": {}} | {
                "scope": {"id": "1", "words": "reading only", "policy": "", "policy_arns": [], "ttl": body["ttl"]}
            }
        return {}

    def without_start(self):
        return self

    def stream(self, *_request):
        return Lines([{"event": "failed", "role": "prod", "error": DECLINED}, {"event": "done", "failed": 1}])


DECLINED = {"code": "declined", "category": "human", "sentence": "You said no.", "hint": ""}


class Lines:
    """A stream that has come as a whole."""

    def __init__(self, events):
        self._events = events

    def ready(self):
        return True

    def read(self):
        return self._events

    def close(self):
        pass


def test_a_no_rests_for_five_minutes():
    clock = [1000.0]

    async def story():
        session = Session(Refusing(), lambda: clock[0])
        asked = wanted({**ASKED, "read_only": True}, Limits())
        access = await session.request(asked, "a tester")
        assert access.state == "refused"
        clock[0] += 299
        with pytest.raises(CtlError, match="nobody is asked again for 1 seconds"):
            await session.request(asked, "a tester")
        by_its_files = wanted({**ASKED, "role": "prod#aws-0a1b2c3d", "read_only": True}, Limits())
        with pytest.raises(CtlError, match="nobody is asked again for 1 seconds"):
            await session.request(by_its_files, "a tester")
        assert Refusing.made == 1
        clock[0] += 2
        await session.request(asked, "a tester")
        assert Refusing.made == 2

    asyncio.run(story())


class Granting(Refusing):
    """An xacctd that grants at once; it notes what is taken back."""

    def __init__(self):
        self.taken_back = []

    def call(self, method, path, shape, body=None, **how):
        if method == "DELETE":
            self.taken_back.append(path.rpartition("/")[2])
        return super().call(method, path, shape, body, **how)

    def stream(self, *_request):
        return Lines([{"event": "done", "failed": 0}])


def test_the_end_takes_back_what_is_in_force():
    xacctd = Granting()

    async def story():
        session = Session(xacctd, lambda: 0.0)
        access = await session.request(wanted({**ASKED, "read_only": True}, Limits()), "a tester")
        assert (access.state, xacctd.taken_back) == ("granted", [])
        session.close()

    asyncio.run(story())
    assert xacctd.taken_back == ["6f1f9c42"]


def test_what_is_granted_to_a_call_that_was_cancelled_is_known_and_taken_back():
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Granting):
        def call(self, method, *request, **how):
            if method == "POST":
                begun.set()
                assert go_on.wait(PATIENCE)
            return super().call(method, *request, **how)

    xacctd = Slow()

    async def story():
        session = Session(xacctd, lambda: 0.0)
        call = asyncio.create_task(session.request(wanted({**ASKED, "read_only": True}, Limits()), "a tester"))
        await asyncio.to_thread(begun.wait, PATIENCE)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go_on.set()
        await until(lambda: [access.state for access in session.accesses.values()] == ["granted"])
        session.close()

    asyncio.run(story())
    assert xacctd.taken_back == ["6f1f9c42"]


def test_what_breaks_while_a_role_is_logged_in_leaves_nobody_waiting():
    class Broken(Granting):
        def stream(self, *_request):
            raise LookupError("hunter2")

    xacctd = Broken()

    async def story():
        session = Session(xacctd, lambda: 0.0)
        access = await session.request(wanted({**ASKED, "read_only": True}, Limits()), "a tester")
        told = await session.told(access)
        assert (told["state"], "hunter2" in str(told)) == ("failed", False)

    asyncio.run(story())
    assert xacctd.taken_back == ["6f1f9c42"]


class Many(Granting):
    """An xacctd that makes one grant after the other; of those there are the last `there`."""

    def __init__(self, there):
        super().__init__()
        self.ids, self._there = [], there

    def call(self, method, path, shape, body=None, **how):
        if method == "GET":
            return {"grants": [{"id": each, "expires_at": None} for each in self.ids[-self._there :]]}
        answer = super().call(method, path, shape, body, **how)
        if method == "POST":
            self.ids.append(f"{len(self.ids):08x}")
            answer["id"] = self.ids[-1]
        return answer


@pytest.mark.parametrize(("there", "made"), [(20, 20), (19, 21)])
def test_twenty_are_open_at_once_and_what_has_ended_is_not(there, made):
    xacctd = Many(there)

    async def story():
        session = Session(xacctd, lambda: 0.0)
        asked = wanted({**ASKED, "read_only": True}, Limits())
        for _ in range(21):
            await session.request(asked, "a tester")

    if made == 21:
        asyncio.run(story())
    else:
        with pytest.raises(CtlError, match="20 requests are open"):
            asyncio.run(story())
    assert len(xacctd.ids) == made


def test_one_question_for_a_role_is_open_at_a_time(monkeypatch):
    async def never(_stream):
        await asyncio.Event().wait()

    monkeypatch.setattr("xacct.ctl.mcp.access._outcome", never)
    xacctd = Many(20)

    async def story():
        session = Session(xacctd, lambda: 0.0)
        asked = wanted({**ASKED, "read_only": True, "wait_seconds": 0}, Limits())
        first = await session.request(asked, "a tester")
        with pytest.raises(CtlError, match="is being asked") as failure:
            await session.request(asked, "a tester")
        assert first.id in failure.value.hint
        session.close()

    asyncio.run(story())
    assert len(xacctd.ids) == 1


class Asking(Many):
    """An xacctd that asks a human, who takes long; it notes which questions nobody waits for any more."""

    def __init__(self):
        super().__init__(20)
        self.hung_up = []

    def stream(self, _method, _path, body):
        ends = os.pipe()
        return Waiting(body["grant"], ends, self.hung_up)


class Waiting:
    """A stream on which nothing has come yet."""

    def __init__(self, grant, ends, hung_up):
        self._grant, self._ends, self._hung_up = grant, ends, hung_up

    def fileno(self):
        return self._ends[0]

    def ready(self):
        return False

    def close(self):
        for end in self._ends:
            os.close(end)
        self._hung_up.append(self._grant)


def test_who_is_released_while_a_human_is_asked_is_asked_about_no_more():
    xacctd, clock = Asking(), [1000.0]

    async def story():
        session = Session(xacctd, lambda: clock[0])
        asked = wanted({**ASKED, "read_only": True, "wait_seconds": 0}, Limits())
        first = await session.request(asked, "a tester")
        assert (await session.release(first.id)).state == "ended"
        await until(lambda: xacctd.hung_up == [first.id], "its hanging up")
        with pytest.raises(CtlError, match="nobody is asked again for 30 seconds"):
            await session.request(asked, "a tester")
        clock[0] += 31
        second = await session.request(asked, "a tester")
        await session.release(second.id)

    asyncio.run(story())
    assert len(xacctd.ids) == 2


@pytest.mark.parametrize("call", [lambda session: session.release("0a1b2c3d"), lambda session: session.status("x", 0)])
def test_a_grant_of_others_is_none_of_its(call):
    xacctd = Granting()
    with pytest.raises(CtlError, match="There is no request"):
        asyncio.run(call(Session(xacctd, lambda: 0.0)))
    assert xacctd.taken_back == []


def test_the_verb_refuses_what_cannot_be_meant(place, capsys, monkeypatch):
    monkeypatch.setattr(os, "isatty", lambda _descriptor: False)
    assert main(["mcp", "--allow-unscoped", "--scope", "notes"]) == 2
    assert main(["mcp", "--ttl", "13h"]) == 2
    said = capsys.readouterr().err
    assert "contradict each other" in said
    assert "12 hours at most" in said


@pytest.mark.parametrize("missing", [{"mcp", "mcp_types"}, {"mcp_types"}], ids=["none", "an older one"])
def test_without_its_sdk_it_says_what_to_install(place, capsys, monkeypatch, missing):
    monkeypatch.setattr(os, "isatty", lambda _descriptor: False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else object())
    assert main(["mcp"]) == 1
    assert "make install EXTRAS=mcp" in capsys.readouterr().err


def test_at_a_terminal_it_says_who_starts_it(place, capsys, monkeypatch):
    monkeypatch.setattr(os, "isatty", lambda _descriptor: True)
    assert main(["mcp"]) == 2
    assert "is started by a coding agent" in capsys.readouterr().err


def test_help_and_completion_load_no_sdk():
    probe = "import json, sys, xacct.ctl.mcp.verb; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"mcp", "mcp_types", "anyio", "asyncio", "pydantic"}
