"""xacctd: starts the rooms in order, and runs until told to stop. What they are is in rooms.py.

Exit statuses: 0 stopped as asked, 1 could not start (one sentence and a hint on stderr), 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import structlog

from xacct import __version__, errors, logs, places, settings
from xacct.endpoint.server import ADDRESS, bind
from xacct.host import hardening, instance
from xacct.host.network import NetworkWatch
from xacct.rooms import Places, Rooms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xacct.control.server import ControlServer
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon in the foreground. Returns the exit status."""
    arguments = _parse(argv)
    try:
        return _start(arguments)
    except errors.XacctError as error:
        sys.stderr.write(f"xacctd: {error.sentence}\n" + (f"  hint: {error.hint}\n" if error.hint else ""))
        return 1


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
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
    return parser.parse_args(argv)


def _start(arguments: argparse.Namespace) -> int:
    os.umask(0o077)
    where = Places()
    for directory in (where.runtime, where.state, where.tokens):
        try:
            places.make_private(str(directory))
        except places.UnusableError as error:
            raise errors.StartupFailed(error.sentence, error.hint) from None
    descriptor = instance.lock(where.lock)
    try:
        in_file = settings.read(where.config)
        chosen = _overridden(in_file, arguments)
        logs.configure(chosen.daemon.log_level, chosen.daemon.log_format)
        for refused in hardening.harden():
            log.warning("not hardened", why=refused)
        hardening.room_for_sockets()
        log.debug("memory", kept_out_of_swap=hardening.keep_out_of_swap())
        for name in SHADOWING:
            os.environ.pop(name, None)
        _runner()(_run(chosen, in_file, where))
    finally:
        os.close(descriptor)
    return 0


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


async def _run(chosen: Settings, in_file: Settings, where: Places) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.complain)
    stop = asyncio.Event()
    rooms = Rooms(chosen, in_file, where)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: rooms.configuration.reload(rooms.keeper))
    if rooms.audit is not None:
        rooms.audit.start(rooms.keeper.events)
    rooms.refresh()
    rooms.grants.load()
    port = await rooms.endpoint.serve(bind(chosen.daemon.port))
    url = f"http://{ADDRESS}:{port}"
    control = await _open_control(rooms, url, where, stop)
    workers = [loop.create_task(run()) for run in (rooms.scheduler.run, rooms.endpoint.run, *rooms.humans.values())]
    network = NetworkWatch(loop, rooms.keeper.network_changed)
    network.start()
    log.info("ready", version=__version__, endpoint=url, control=str(where.control), pid=os.getpid())
    try:
        await stop.wait()
    finally:
        log.info("stopping")
        network.close()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await control.close()
        await rooms.close()


async def _open_control(rooms: Rooms, url: str, where: Places, stop: asyncio.Event) -> ControlServer:
    """Serve the control channel. aiohttp costs a sixth of a second: SDKs are served before it is loaded."""
    from xacct.control.about import About  # noqa: PLC0415
    from xacct.control.api import Api, Daemon  # noqa: PLC0415
    from xacct.control.server import ControlServer, bind  # noqa: PLC0415

    daemon = Daemon(
        endpoint_url=url,
        problems=lambda: rooms.configuration.problems,
        refresh=rooms.refresh,
        reload=lambda: rooms.configuration.reload(rooms.keeper),
        stop=stop.set,
        about=About(
            sys.executable, str(rooms.code.directory), rooms.code.changed, rooms.clock.now(), tuple(rooms.humans)
        ),
        audit=rooms.audit,
    )
    application = Api(rooms.keeper, rooms.grants, daemon).application()
    control = ControlServer(application, bind(where.control), where.control)
    await control.start()
    return control


if __name__ == "__main__":
    sys.exit(main())
