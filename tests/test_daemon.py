"""How the daemon connects its rooms, where no other test would notice a wire missing."""

import asyncio

import pytest

from xacct.rooms import Places, Rooms
from xacct.settings import Settings


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


def test_the_guard_knows_the_hosts_that_grants_bring_along(where):
    rooms = Rooms(Settings(), Settings(), where)
    where.tokens.mkdir(parents=True)
    _, token, _ = rooms.grants.create(["dev"], "ssh far", None, None, forwarded_port=40123)
    sent = b"GET /v1/credentials/dev HTTP/1.1\r\nHost: 127.0.0.1:40123\r\nAuthorization: " + token.encode()
    assert rooms.endpoint.parse(sent, frozenset()).authorization == token.encode()
    asyncio.run(rooms.sts.close())
