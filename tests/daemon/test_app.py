"""How the daemon connects its rooms, where no other test would notice a wire missing."""

import asyncio
import gc
import json
import os
import signal
from pathlib import Path

import pytest
from small_keeper import ROLES, SERIAL

from xacct.daemon import __main__ as entry_point
from xacct.daemon import app as composition
from xacct.daemon import run
from xacct.daemon.app import App
from xacct.daemon.inherited import DaemonPaths, Inherited
from xacct.daemon.reading import Wanted
from xacct.endpoint.peer_check import SocketPeerCheck
from xacct.host import bridges, processes
from xacct.host.lock_watchers import ON_SUSPEND
from xacct.model import Caller
from xacct.prompts.approved import GRANT, Key
from xacct.prompts.events import PromptOpened
from xacct.prompts.prompt import Prompt
from xacct.settings import AuditSettings, EndpointSettings, ImdsSettings, Settings


@pytest.fixture
def where(tmp_path, monkeypatch):
    for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    where = DaemonPaths()
    where.config.parent.mkdir(parents=True)
    where.state.mkdir(parents=True)
    return where


def audit_of(where):
    file = where.state / "audit.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize("wanted", [True, False])
def test_a_suspend_locks_where_the_settings_say_so_by_now(where, wanted):
    app = App(Settings(), Settings(), where)
    app.scheduler._slept()
    assert not app.keeper.agent_lock.locked
    where.config.write_text(f"[lock]\non_suspend = {str(wanted).lower()}\n")
    app.read_changed()
    app.scheduler._slept()
    assert app.keeper.agent_lock.locked is wanted
    asyncio.run(app.audit.flush())
    written = [(line["event"], line["what"], line["uid"]) for line in audit_of(where)]
    assert written == ([("locked", "suspend", None)] if wanted else [])
    asyncio.run(app.sts.close())


def test_garbage_is_not_looked_for_while_the_configuration_is_read_and_taken(where, monkeypatch):
    """A pass over thousands of roles holds up every client. What was read stays; what breaks leaves all as it was."""
    app, seen = App(Settings(), Settings(), where), []
    monkeypatch.setattr(app.keeper, "configure", lambda *_: seen.append(gc.isenabled()))
    frozen = gc.get_freeze_count()
    take = app.catalogues.read(Wanted())
    assert not gc.isenabled()
    take()
    assert gc.isenabled()
    assert seen == [False]
    assert gc.get_freeze_count() > frozen
    monkeypatch.setattr(app.configuration, "changed", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        app.catalogues.read(Wanted())
    assert gc.isenabled()


def test_a_suspend_that_was_announced_locks_once(where, monkeypatch):
    where.config.write_text("[lock]\non_suspend = true\n")
    app = App(Settings(), Settings(), where)
    app.read_changed()
    awake = 1000.0
    monkeypatch.setattr(composition.time, "monotonic", lambda: awake)
    app.happened(ON_SUSPEND)
    assert app.keeper.agent_lock.locked
    app.keeper.agent_lock.unlock()  # somebody has opened the lid
    awake += 31
    app.scheduler._slept()
    assert not app.keeper.agent_lock.locked
    awake += 3600
    app.scheduler._slept()  # nobody announced this one
    assert app.keeper.agent_lock.locked
    asyncio.run(app.sts.close())


def test_the_lock_of_a_directory_that_has_vanished_is_let_go_of(where):
    app = App(Settings(), Settings(), where)
    app._lock = where.claim()
    where.lock.unlink()
    descriptors = len(os.listdir("/dev/fd"))  # noqa: PTH208 - one for each, and one for the look
    app.claim_again()
    assert not app.lock_is_lost()
    assert len(os.listdir("/dev/fd")) == descriptors  # noqa: PTH208 - as above
    os.close(app._lock)
    asyncio.run(app.sts.close())


def test_locking_lets_go_of_prebuilt_bodies_at_once(where):
    app = App(Settings(), Settings(), where)
    app.container_credentials._bodies["prod", ""] = (None, b"secret")
    app.keeper.agent_lock.lock("test")
    assert app.container_credentials._bodies == {}
    asyncio.run(app.sts.close())


def test_processes_are_looked_for_where_a_prompt_or_many_connections_want_them(where):
    app = App(Settings(), Settings(), where)
    assert isinstance(app.container_credentials._find.__self__, processes.ProcessResolver)
    assert app.endpoint.peer_check.owners is processes.owners
    assert app.container_credentials._asker == app.askers.of
    asyncio.run(app.sts.close())


async def test_what_a_human_allowed_an_imds_port_outlives_a_look(where):
    app = App(Settings(imds=ImdsSettings({"9478": "prod"})), Settings(), where)
    for consumer in ("imds:9478", "a grant that is over"):
        app.keeper.approvals.approved.add(Key("prod", consumer), GRANT)
    app.each_look()
    assert [yes.key for yes in app.keeper.approvals.approved.all] == [Key("prod", "imds:9478")]
    await app.close()


def test_at_imds_ports_whoever_is_unknown_is_refused_whatever_the_endpoints_own_setting(where):
    app = App(Settings(imds=ImdsSettings({"9478": "prod"})), Settings(), where)
    unknown = Caller(why="its address was translated")
    assert app.endpoint.peer_check.turns_away(unknown) is None
    [port] = app.imds._endpoints.values()
    assert port.peer_check.turns_away(unknown)
    assert port.recorder is app.audit


@pytest.mark.parametrize(("kind", "prepared"), [("mfa", ["prod"]), ("confirm", [])])
async def test_while_a_human_types_a_code_what_takes_it_to_sts_is_loaded(where, monkeypatch, kind, prepared):
    app = App(Settings(), Settings(), where)
    app.keeper.configure(ROLES)
    seen = []
    monkeypatch.setattr(app.sts, "prepare", lambda role: seen.append(role.name))
    answer = asyncio.get_running_loop().create_future()
    prompt = Prompt("1", SERIAL, lambda: ("gone", "prod", "dev"), 1, None, None, 60.0, SERIAL, answer, kind)
    app.keeper.events.publish(PromptOpened(prompt))
    assert seen == prepared
    await app.close()


def test_the_guard_knows_the_hosts_that_grants_bring_along(where):
    app = App(Settings(), Settings(), where)
    where.tokens.mkdir(parents=True)
    _, token, _ = app.grants.create(["dev"], "ssh far", None, None, forwarded_port=40123)
    sent = b"GET /v1/credentials/dev HTTP/1.1\r\nHost: 127.0.0.1:40123\r\nAuthorization: " + token.encode()
    assert app.endpoint.parse(sent, frozenset()).authorization == token.encode()
    asyncio.run(app.sts.close())


def test_a_hang_up_while_it_is_loading_is_no_end(monkeypatch):
    before = signal.getsignal(signal.SIGHUP)
    seen = []
    monkeypatch.setattr(entry_point, "_origin", lambda arguments: arguments)
    monkeypatch.setattr(run, "main", lambda *_: seen.append(signal.getsignal(signal.SIGHUP)) or 0)
    try:
        assert entry_point.main(["--port", "0"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert seen == [signal.SIG_IGN]


@pytest.mark.parametrize("strict", [True, False])
async def test_whom_the_kernel_does_not_know_is_refused_at_every_listener_where_that_is_wanted(
    where, strict, monkeypatch
):
    chosen = Settings(endpoint=EndpointSettings(require_known_caller=strict))
    app = App(chosen, Settings(), where)
    unknown = Caller(why="its address was translated")
    monkeypatch.setattr(bridges, "is_here", lambda address: address == app._places.chosen.address)
    monkeypatch.setattr(bridges, "of_containers", lambda: {"docker0": 5})
    checks = [app.endpoint.peer_check, *(place.make().peer_check for place in app._places())]
    assert len(checks) == 4
    refused = [bool(check.turns_away(unknown)) for check in checks if not isinstance(check, SocketPeerCheck)]
    assert refused == [strict] * len(refused)
    assert app.about_containers()["require_known_caller"] == strict
    await app.close()


async def test_the_audits_files_and_its_choice_reach_it(where):
    app = App(Settings(audit=AuditSettings(required=True)), Settings(), where)
    assert app.audit._required
    assert app.audit._noise is not None
    app.audit._why = "No space left on device"
    assert [problem.code for problem in app.problems()] == ["audit-not-written"]
    await app.close()


def test_keys_that_came_into_the_keychain_while_a_successor_began_are_its_own(where, monkeypatch):
    """It reads the files before the one before it has ended, and that one may have kept a key since."""
    home = Path(os.environ["HOME"]) / ".aws"
    home.mkdir(parents=True)
    (home / "config").write_text("[profile work]\nregion = eu-west-1\n")
    app = App(Settings(), Settings(), where)
    app.read_changed()
    assert "work" not in app.keeper.nodes
    row = {
        "profile": "work", "config": str(home / "config"), "credentials": str(home / "credentials"), "ends": "MPLE",
        "digest": "0" * 16, "added": 1.8e9,
    }  # fmt: skip
    where.keychain_keys.write_text(json.dumps([row]))
    monkeypatch.setattr(app.restorer, "take_over", _nothing)
    asyncio.run(app.take_over(Inherited(), None))
    assert "work" in app.keeper.nodes
    asyncio.run(app.sts.close())


async def _nothing(*_):
    pass
