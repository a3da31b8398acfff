"""The sandbox in a thread of the test's own process: the same files and answers as `xacct-sandbox run`, at once.

What that command adds (signals, its lock, its words) is tested in tests/sandbox/test_cli.py.
"""

import asyncio
import threading

from xacct.sandbox import files
from xacct.sandbox.default_world import default_world
from xacct.sandbox.server import Sandbox
from xacct.sandbox.sessions import Caps


class SandboxHere:
    """Listens from here on until `end`. Its directory is as `xacct-sandbox run --dir` leaves it. `inner`: what it is.

    `change`: makes another world of the default one.
    """

    def __init__(
        self,
        directory,
        *,
        max_lifetime=None,
        max_session=None,
        max_token=None,
        max_sign_in=None,
        identity_center=False,
        accounts=0,
        console_login=False,
        change=lambda world: world,
    ):
        self._shape = {"identity_center": identity_center, "accounts": accounts, "console_login": console_login}
        self._directory = directory
        self._change = change
        self._caps = Caps(max_lifetime, max_session, max_token, max_sign_in)
        self._listens = threading.Event()
        self._problem = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        self._listens.wait()
        if self._problem is not None:
            raise self._problem

    def end(self):
        """Be out of reach; calls under way are cut off."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _work(self):
        try:
            asyncio.run(self._serve())
        except BaseException as problem:  # noqa: BLE001 - told where it was asked for
            self._problem = problem
        finally:
            self._listens.set()

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        files.prepare(self._directory)
        world = self._change(default_world(files.load_or_make_identity(self._directory), **self._shape))
        sandbox = self.inner = Sandbox(world, caps=self._caps)
        async with sandbox.serve() as url:
            files.write_files(self._directory, sandbox.world, url)
            files.write_private(self._directory / "ready", f"{url}\n")
            self._listens.set()
            await self._stop.wait()
