"""Headless Chromium, driven by its own DevTools protocol; it reaches this machine's loopback and nothing else."""

import asyncio
import os
import shutil
import signal
import subprocess
from contextlib import asynccontextmanager

import aiohttp
import pytest
from waiting import PATIENCE, PAUSE, until

CHROMIUM = shutil.which("chromium")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0",
)  # fmt: skip


class Tab:
    """One page of the browser."""

    def __init__(self, socket):
        self._socket = socket
        self._number = 0

    async def _call(self, method, **given):
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": given})
        while True:
            answer = await self._socket.receive_json(timeout=PATIENCE)
            if answer.get("id") == self._number:
                return answer.get("result", {})  # none where the page went elsewhere meanwhile

    async def open(self, url):
        await self._call("Page.navigate", url=url)

    async def script(self, text):
        return (await self._call("Runtime.evaluate", expression=text)).get("result", {}).get("value")

    async def click(self, name):
        """Click on what has this id, once it is there."""
        await self.shows(f"document.readyState == 'complete' && !!document.getElementById('{name}')")
        await self.script(f"document.getElementById('{name}').click()")

    async def shows(self, text):
        """Wait until an expression is true on the page."""
        async with asyncio.timeout(PATIENCE):
            while not await self.script(text):
                await asyncio.sleep(PAUSE)


@asynccontextmanager
async def chromium(folder):
    """Yield a tab of a browser of the test's own, whose profile lies in a folder."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    told = folder / "DevToolsActivePort"
    process = subprocess.Popen(
        [CHROMIUM, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        port, _ = await until(lambda: told.exists() and told.read_text().split(), what="the browser")
        async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE):
            pages = []
            while not pages:
                async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [each for each in await answer.json() if each["type"] == "page"]
        async with aiohttp.ClientSession() as http, http.ws_connect(pages[0]["webSocketDebuggerUrl"]) as socket:
            yield Tab(socket)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the session it leads, and nobody else's
        process.wait()
