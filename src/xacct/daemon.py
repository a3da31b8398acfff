"""xacctd: builds the rooms, connects them, and runs until told to stop. Composition and nothing else.

Exit statuses: 0 stopped as asked, 1 could not start (one sentence and a hint on stderr), 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from xacct import __version__, errors, logs, places, settings
from xacct.audit.file import AuditFile
from xacct.audit.trail import Trail
from xacct.clock import AwsClock
from xacct.configuration import Configuration
from xacct.endpoint.container import Container
from xacct.endpoint.door import Door
from xacct.endpoint.grants import Grants
from xacct.endpoint.server import ADDRESS, Endpoint
from xacct.host import callers, hardening, instance, names, process, processes, steps
from xacct.host import clock as host_clock
from xacct.host.network import NetworkWatch
from xacct.host.watches import Watches
from xacct.host.ways import ON_SCREEN_LOCK, ON_SUSPEND, ways
from xacct.keeper.acquire import Terms
from xacct.keeper.desk import Desk
from xacct.keeper.events import Events
from xacct.keeper.keeper import Keeper
from xacct.keeper.ledger import Ledger
from xacct.keeper.scheduler import Scheduler
from xacct.prompts import dialogs, notices
from xacct.prompts.prompter import Prompter

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from xacct.control.server import ControlServer
    from xacct.settings import Settings

log = structlog.get_logger("xacct")

DIALOG_DELAY = 1.0
"""Seconds a terminal's login gets to answer by itself (with --code) before a dialog appears."""

ANNOUNCED = 60.0
"""Seconds (awake) from the announcement of a suspend to the scheduler's noticing it, at most."""

MIB = 1024 * 1024

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


class Places:
    """The daemon's files, fixed at its start."""

    def __init__(self) -> None:
        self.runtime = Path(places.runtime_dir())
        self.state = Path(places.state_dir())
        self.config = Path(places.config_file())
        self.control = Path(places.socket_path())
        self.lock = self.runtime / "xacctd.lock"
        self.tokens = self.runtime / "grants"


class Rooms:
    """The rooms of one daemon, connected."""

    def __init__(self, chosen: Settings, in_file: Settings, where: Places) -> None:
        from xacct.aws.sources import FileSources  # noqa: PLC0415
        from xacct.aws.sts import Sts  # noqa: PLC0415

        self.clock = AwsClock(host_clock.read)
        events = Events()
        kept = where.state / "used-steps.json"
        desk = Desk(self.clock, events, Ledger(steps.load(kept), lambda all_steps: steps.save(kept, all_steps)))
        self.sts = Sts(self.clock, os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
        self.keeper = Keeper(
            sts=self.sts,
            sources=FileSources(os.environ),
            desk=desk,
            clock=self.clock,
            events=events,
            terms=Terms(settings.seconds(chosen.session.duration), names.fill(chosen.session.name)),
        )
        scout = processes.Scout(processes.Processes().find, self.clock.boot)
        self.audit = _audit(chosen, where, self.clock, scout)
        self.grants = Grants(where.tokens, where.state / "grants.json", self.clock.now, process.started)
        if self.audit is not None:
            self.grants.ended = self.audit.grant_ended
        self.configuration = Configuration(dict(os.environ), where.config, in_file, self.clock.boot, names.fill)
        self.container = Container(
            self.keeper, self.grants, settings.seconds(chosen.prompts.patience), self.audit, scout.find
        )
        self.keeper.latch.on_lock = self.container.forget
        door = Door(
            callers.choose(),
            os.geteuid(),
            require_known=chosen.endpoint.require_known_caller,
            notice=scout.notice if self.audit else lambda _caller: None,
            owners=processes.owners,
        )
        self.endpoint = Endpoint(self.container.answer, self.clock.boot, door, self.audit)
        self.scheduler = Scheduler(self.keeper, self.each_look, self.slept)
        self.humans = _ways_to_humans(chosen, desk, events, self.clock)
        self.watches = Watches(ways(os.environ), self.happened)
        self._announced = float("-inf")

    def refresh(self) -> None:
        """Read configuration files that have changed."""
        self.configuration.refresh(self.keeper)

    def each_look(self) -> None:
        """What is looked after at every look of the scheduler."""
        self.refresh()
        self.grants.sweep()
        self.keeper.guard.keep({grant.id for grant in self.grants.all()})
        self.container.forget()
        lock = self.configuration.settings.lock
        self.watches.want({name for name in (ON_SCREEN_LOCK, ON_SUSPEND) if getattr(lock, name)})

    async def close(self) -> None:
        """End what is under way, the keeper first: whoever is held hears why before the endpoint closes."""
        await self.watches.close()
        await self.keeper.close()
        await self.endpoint.close()
        await self.sts.close()
        if self.audit is not None:
            await self.audit.close()

    @property
    def problems(self) -> list[errors.XacctError]:
        """What is wrong with the configuration, and what of it can't be kept here."""
        return [*self.configuration.problems, *self.watches.problems]

    def reload(self) -> list[errors.XacctError]:
        """Read the configuration now. Returns the problems there are."""
        self.configuration.reload(self.keeper)
        return self.problems

    def happened(self, setting: str) -> None:
        """Something has happened to the machine that a setting of [lock] is about."""
        if setting == ON_SUSPEND:
            self._announced = time.monotonic()
        self.lock({ON_SUSPEND: "suspend", ON_SCREEN_LOCK: "screen"}[setting])

    def slept(self) -> None:
        """What follows a suspend. If it was announced it has locked already, and somebody may have unlocked since."""
        announced = time.monotonic() - self._announced < ANNOUNCED
        if self.configuration.settings.lock.on_suspend and not announced:
            self.lock("suspend")

    def lock(self, why: str) -> None:
        """Lock, because of something that has happened to the machine."""
        if self.keeper.latch.lock(why) and self.audit is not None:
            self.audit.record("locked", what=why)


def _ways_to_humans(
    chosen: Settings, desk: Desk, events: Events, clock: AwsClock
) -> list[Callable[[], Coroutine[None, None, None]]]:
    """What asks and tells people beside the terminals that attend."""
    ways: list[Callable[[], Coroutine[None, None, None]]] = []
    if chosen.prompts.command:
        command = list(chosen.prompts.command)
        ways.append(Prompter(desk, events, lambda _: command, dialog=False).run)
    dialog = dialogs.command(os.environ) if chosen.prompts.desktop else None
    if dialog is not None:
        ways.append(Prompter(desk, events, dialog, dialog=True, delay=DIALOG_DELAY).run)
    notice = notices.command(os.environ) if chosen.prompts.desktop else None
    if notice is not None:
        ways.append(notices.Notices(events, notice, clock.boot).run)
    return ways


def _audit(chosen: Settings, where: Places, clock: AwsClock, scout: processes.Scout) -> Trail | None:
    """The audit, unless it is switched off."""
    if not chosen.audit.enabled:
        return None
    file = AuditFile(where.state / "audit.jsonl", chosen.audit.max_mib * MIB, chosen.audit.keep)
    return Trail(file, clock, scout.find)


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
    port = await rooms.endpoint.listen(chosen.daemon.port)
    url = f"http://{ADDRESS}:{port}"
    control = await _open_control(rooms, url, where, stop)
    workers = [loop.create_task(run()) for run in (rooms.scheduler.run, rooms.endpoint.run, *rooms.humans)]
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
    from xacct.control.api import Api, Daemon  # noqa: PLC0415
    from xacct.control.server import ControlServer, bind  # noqa: PLC0415

    daemon = Daemon(
        endpoint_url=url,
        problems=lambda: rooms.problems,
        refresh=rooms.refresh,
        reload=rooms.reload,
        stop=stop.set,
        audit=rooms.audit,
    )
    application = Api(rooms.keeper, rooms.grants, daemon).application()
    control = ControlServer(application, bind(where.control), where.control)
    await control.start()
    return control


if __name__ == "__main__":
    sys.exit(main())
