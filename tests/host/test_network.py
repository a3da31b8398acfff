"""A real address comes and goes; the watch tells once."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

from xacct.host import network

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="rtnetlink is Linux's")


@LINUX
async def test_a_change_of_addresses_is_told_once(monkeypatch):
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("adding an address takes root and iproute2")
    monkeypatch.setattr(network, "SETTLE", 0.2)
    told = []
    watch = network.NetworkWatch(asyncio.get_running_loop(), lambda: told.append(1))
    assert watch.start()
    for verb in ("add", "del"):
        subprocess.run(["ip", "addr", verb, "127.77.77.77/32", "dev", "lo"], check=True)
    async with asyncio.timeout(PATIENCE):
        while not told:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    assert told == [1]
    watch.close()


def descriptors():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@LINUX
async def test_closing_leaves_nothing_behind():
    before = descriptors()
    watch = network.NetworkWatch(asyncio.get_running_loop(), lambda: None)
    watch.start()
    assert descriptors() != before
    watch.close()
    assert descriptors() == before


async def test_elsewhere_there_is_nothing_to_listen_to(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not network.NetworkWatch(asyncio.get_running_loop(), lambda: None).start()
