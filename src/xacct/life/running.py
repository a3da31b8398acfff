"""The daemon's life: arguments and settings, the order in which the rooms open and close, signals, its successor."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import structlog

from xacct import __version__, errors, logs, settings
from xacct.endpoint.server import ADDRESS, bind
from xacct.host import hardening, notify, process_groups
from xacct.host.network import NetworkWatch
from xacct.life.copies import Copies
from xacct.life.rooms import Rooms
from xacct.life.succession import Heir

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from xacct.host.notify import Manager
    from xacct.life.legacy import Legacy
    from xacct.life.start import Start
    from xacct.life.succession import Succession
    from xacct.settings import Settings

log = structlog.get_logger("xacct")

SHADOWING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""Variables of the shell that started us which must not steer our own STS clients, nor stay where children see them."""

QUIET_PATIENCE = 30.0
"""Seconds a successor waits for a moment in which no call to AWS is under way and no question open."""

QUIET_POLL = 0.02

ANSWER = 0.2
"""Seconds that the answer to whoever asked for a successor gets to be sent."""


def main(arguments: Sequence[str], origin: Start | Succession) -> int:
    """Run the daemon in the foreground, from what `origin` has of an earlier one. Returns the exit status."""
    try:
        return _start(arguments, origin)
    except errors.XacctError as error:
        sys.stderr.write(f"xacctd: {error.sentence}\n" + (f"  hint: {error.hint}\n" if error.hint else ""))
        origin.failed(error.sentence, error.hint)
        return 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="xacctd",
        description="Hold role credentials in memory, renew them, and serve them to AWS SDKs on 127.0.0.1. "
        "Runs in the foreground; `xacctctl` starts it in the background by itself.",
        epilog="Settings: $XDG_CONFIG_HOME/xacct/config.toml (docs/settings.md). Roles come from ~/.aws/config.",
    )
    parser.add_argument("--version", action="version", version=f"xacctd {__version__}")
    parser.add_argument("--port", type=int, help="the endpoint's port on 127.0.0.1 (default: config.toml's, or 9477)")
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", choices=["logfmt", "json"])
    return parser.parse_args(arguments)


def _start(arguments: Sequence[str], origin: Start | Succession) -> int:
    wanted = _parse(arguments)
    origin.claim()
    in_file = settings.read(origin.where.config)
    chosen = _overridden(in_file, wanted)
    logs.configure(chosen.daemon.log_level, chosen.daemon.log_format)
    for refused in origin.refused:
        log.warning("not as wished", why=refused)
    hardening.room_for_sockets()
    log.debug("memory", kept_out_of_swap=hardening.keep_out_of_swap())
    manager = notify.Manager.from_environment(os.environ)
    for name in SHADOWING:
        os.environ.pop(name, None)
    rooms = Rooms(chosen, in_file, origin.where)
    rooms.refresh()
    if origin.strict and not rooms.configuration.read:
        raise rooms.configuration.problems[0]
    _runner()(Life(rooms, arguments, manager, origin).run(chosen.daemon.port))
    if manager.present:
        _leave()
    return 0


def _leave() -> NoReturn:
    """End at once: all is closed, and tearing down the interpreter takes longer than a client should have to wait."""
    sys.stderr.flush()
    os._exit(0)


def _overridden(in_file: Settings, arguments: argparse.Namespace) -> Settings:
    """The file's settings with what the command line and the environment say instead."""
    given = {
        "port": arguments.port if arguments.port is not None else _port_from_environment(),
        "log_level": arguments.log_level,
        "log_format": arguments.log_format,
    }
    daemon = in_file.daemon
    for name, value in given.items():
        if value is not None:
            daemon = settings.with_value(daemon, name, value)
    return settings.with_value(in_file, "daemon", daemon)


def _port_from_environment() -> int | None:
    value = os.environ.get("XACCT_PORT")
    if value is None:
        return None
    if not value.isdigit():
        raise errors.ConfigError(f"XACCT_PORT is {value!r}, which is no port.", "A number from 1 to 65535.")
    return int(value)


def _runner() -> Callable[..., None]:
    try:
        import uvloop  # noqa: PLC0415 - where it does not install, asyncio's own loop serves as well, if slower
    except ImportError:
        return asyncio.run
    return uvloop.run


class Life:
    """From the first request served to the last.

    Args:
        rooms: built, and configured. arguments: the command line, for a successor. manager: the service manager.
        origin: what there is of an earlier daemon.
    """

    def __init__(self, rooms: Rooms, arguments: Sequence[str], manager: Manager, origin: Start | Succession) -> None:
        self._rooms = rooms
        self._arguments = arguments
        self._manager = manager
        self._origin = origin
        self._stop = asyncio.Event()
        self._succeeding = False
        self._paused = False
        self._listeners: dict[str, socket.socket] = {}
        self._workers: list[asyncio.Task[None]] = []

    async def run(self, port: int) -> None:
        """Serve until told to stop, or until a successor does."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(logs.complain)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._rooms.configuration.reload(self._rooms.keeper))
        legacy = self._origin.legacy()
        await self._rooms.take_over(legacy, self._manager)
        await self._serve(legacy, port)
        await self._open_control(legacy)
        self._origin.serving()
        self._work()
        network = NetworkWatch(loop, self._rooms.network_changed)
        network.start()
        self._manager.ready()
        log.info(
            "ready", version=__version__, endpoint=self._url, control=str(self._rooms.where.control), pid=os.getpid()
        )
        try:
            await self._stop.wait()
        finally:
            if not self._succeeding:
                self._manager.stopping()
            log.info("stopping", handed_over=self._succeeding)
            network.close()
            try:
                await self._rest()
                await self._control.close(unlink=not (self._manager.present or self._succeeding))
                await self._rooms.close()
            finally:
                process_groups.end_all(left_behind=not self._succeeding)

    async def _serve(self, legacy: Legacy, port: int) -> None:
        """SDKs first."""
        listener = self._listener(legacy, port)
        actual = await self._rooms.endpoint.serve(listener)
        self._url = f"http://{ADDRESS}:{actual}"
        await self._rooms.containers.settle()
        self._listeners["endpoint"] = listener.dup()
        await self._rooms.imds.open(legacy.imds)

    def _listener(self, legacy: Legacy, port: int) -> socket.socket:
        """The endpoint's: the one there is, unless the settings want another port now and no manager holds it."""
        there = legacy.endpoint
        if there is not None and (self._manager.present or port in (0, there.getsockname()[1])):
            return there
        if there is not None:
            there.close()
        return bind(port)

    async def _open_control(self, legacy: Legacy) -> None:
        """Serve the control channel. aiohttp costs a sixth of a second: SDKs are served meanwhile."""
        await asyncio.to_thread(importlib.import_module, "xacct.control.server")
        from xacct.control.about import About  # noqa: PLC0415 - see above
        from xacct.control.api import Api, Daemon  # noqa: PLC0415
        from xacct.control.containers import Containers  # noqa: PLC0415
        from xacct.control.server import ControlServer, bind  # noqa: PLC0415

        rooms = self._rooms
        daemon = Daemon(
            endpoint_url=self._url,
            problems=rooms.problems,
            refresh=rooms.refresh,
            reload=rooms.reload,
            stop=self._stop.set,
            succeed=self._succeed,
            paused=lambda: self._paused,
            about=About(
                sys.executable, str(rooms.code.directory), rooms.code.changed, rooms.clock.now(), tuple(rooms.humans)
            ),
            audit=rooms.audit,
            imds=lambda: rooms.imds.open_ports,
            containers=Containers(rooms.about_containers, rooms.containers.settle),
        )
        application = Api(rooms.keeper, rooms.grants, daemon).application()
        listener = legacy.control or bind(rooms.where.control)
        self._listeners["control"] = listener.dup()
        self._control = ControlServer(application, listener, rooms.where.control)
        await self._control.start()

    def _work(self) -> None:
        """Begin what goes on by itself."""
        rooms = self._rooms
        runs = [
            rooms.scheduler.run,
            rooms.endpoint.run,
            rooms.imds.run,
            rooms.containers.run,
            Copies(rooms.where.runtime, rooms.where.tokens, lambda: {grant.id for grant in rooms.grants.all()}).run,
            self._show_life,
            *rooms.humans.values(),
        ]
        self._workers = [asyncio.get_running_loop().create_task(run()) for run in runs]

    async def _rest(self) -> None:
        """End what goes on by itself."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _show_life(self) -> None:
        """Tell the service manager's watchdog that the loop turns."""
        while self._manager.alive_every is not None:
            await asyncio.sleep(self._manager.alive_every)
            self._manager.alive()

    # The successor.

    async def _succeed(self) -> int:
        """Have a new process take over. Returns its pid; this one ends.

        Raises:
            XacctError: it could not; this one goes on.
        """
        if self._succeeding:
            raise errors.Temporary("A new xacctd is being started already.")
        self._succeeding = True
        heir: Heir | None = None
        try:
            heir = await asyncio.to_thread(Heir, self._arguments, self._manager.environment())
            pid = await asyncio.to_thread(heir.ready)
            await self._quiet()
            await self._hand_over(heir)
        except BaseException:
            self._succeeding = False
            raise
        finally:
            if heir is not None:
                heir.close()
        self._manager.alive()  # the last time; the successor's turn comes in a third of the watchdog's patience
        self._manager.main_pid(pid)
        asyncio.get_running_loop().call_later(ANSWER, self._stop.set)
        return pid

    async def _quiet(self) -> None:
        """Wait for a moment in which nothing is under way that only this process knows of.

        Raises:
            Temporary: there is none.
        """
        deadline = self._rooms.clock.boot() + QUIET_PATIENCE
        while not self._rooms.keeper.quiet:
            if self._rooms.clock.boot() > deadline:
                raise errors.Temporary(
                    "xacctd is waiting for AWS, or for an answer to a question.", "Answer it, then try again."
                )
            await asyncio.sleep(QUIET_POLL)

    async def _hand_over(self, heir: Heir) -> None:
        """Let it take over; if it does not, go on as before. What comes meanwhile waits in the listeners' queues.

        Nothing is awaited between the quiet moment and the state's sending: so nothing begins that is not in it.
        """
        rooms = self._rooms
        self._pause()
        try:
            descriptors = {name: listener.fileno() for name, listener in self._listeners.items()}
            with rooms.keeping.taken() as (state, _):
                heir.hand(descriptors | rooms.handed_over(), state)
            await asyncio.to_thread(heir.serving)
        except BaseException:
            await self._go_on()
            raise
        rooms.keeping.close()

    def _pause(self) -> None:
        """Begin nothing by ourselves, take in nobody, let nothing be changed, and keep nothing: the successor does."""
        self._paused = True
        for worker in self._workers:
            worker.cancel()
        self._rooms.keeping.freeze()
        self._rooms.endpoint.stop_accepting()
        self._rooms.imds.stop_accepting()
        self._rooms.containers.stop_accepting()
        self._control.stop_accepting()

    async def _go_on(self) -> None:
        """The successor has failed: all is as before."""
        await self._rest()
        await self._rooms.endpoint.serve(self._listeners["endpoint"].dup())
        await self._rooms.imds.accept_again()
        await self._control.start(self._listeners["control"].dup())
        await self._rooms.containers.settle()
        self._rooms.keeping.thaw()
        self._work()
        self._paused = False
