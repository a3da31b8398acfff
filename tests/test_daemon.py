"""How the daemon connects its rooms, where no other test would notice a wire missing."""

import asyncio

import pytest

from xacct.legacy import Places
from xacct.model import Caller
from xacct.rooms import Rooms
from xacct.settings import ImdsSettings, Settings


@pytest.fixture
def where(tmp_path, monkeypatch):
    for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    where = Places()
    where.config.parent.mkdir(parents=True)
    return where


@pytest.mark.parametrize("wanted", [True, False])
def test_a_suspend_locks_where_the_settings_say_so_by_now(where, wanted):
    rooms = Rooms(Settings(), Settings(), where)
    rooms.scheduler._slept()
    assert not rooms.keeper.latch.locked
    where.config.write_text(f"[lock]\non_suspend = {str(wanted).lower()}\n")
    rooms.refresh()
    rooms.scheduler._slept()
    assert rooms.keeper.latch.locked is wanted
    asyncio.run(rooms.sts.close())


def test_what_a_human_allowed_an_imds_port_outlives_a_look(where):
    rooms = Rooms(Settings(imds=ImdsSettings({"9478": "prod"})), Settings(), where)
    rooms.keeper.guard._allowed = {("prod", "imds:9478"), ("prod", "a grant that is over")}
    rooms.each_look()
    assert rooms.keeper.guard._allowed == {("prod", "imds:9478")}
    asyncio.run(rooms.sts.close())


def test_at_imds_ports_whoever_is_unknown_is_refused_whatever_the_endpoints_own_setting(where):
    rooms = Rooms(Settings(imds=ImdsSettings({"9478": "prod"})), Settings(), where)
    unknown = Caller(why="its address was translated")
    assert rooms.endpoint.door.turns_away(unknown) is None
    [port] = rooms.imds._endpoints.values()
    assert port.door.turns_away(unknown)
    assert port.recorder is rooms.audit
    asyncio.run(rooms.sts.close())
