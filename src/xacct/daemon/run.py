"""Runs the daemon: arguments and settings, the order in which its parts open and close, signals, its successor."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import structlog

from xacct import __version__, errors, logs, settings
from xacct.daemon import collecting, handover
from xacct.daemon.app import App
from xacct.daemon.arguments import overridden, parse
from xacct.daemon.copies import Copies
from xacct.daemon.workers import Workers
from xacct.endpoint.server import ADDRESS, bind
from xacct.host import hardening, notify, process_groups, unix_sockets
from xacct.host.network import NetworkWatch
from xacct.host.threads import run_in_daemon_thread
from xacct.text import clean

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

    from xacct.control.about import About
    from xacct.daemon.handover import Successor
    from xacct.daemon.inherited import Inherited
    from xacct.daemon.start import Start
    from xacct.daemon.takeover import Takeover
    from xacct.host.notify import Manager

log = structlog.get_logger("xacct")

SHADOWING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""Variables of the shell that started us which must not steer our own STS clients, nor stay where children see them."""

LINGER = 0.1
"""Seconds that a client which has connected and not asked yet gets to do so before a successor takes over."""

SOCKET_LOOK = 2.0
"""Seconds between two looks at whether the control socket is still there."""

LOOKS_WITHOUT_LOCK = 3
"""Looks in a row that find another daemon with our lock before we end: one that finds our port taken ends by itself."""

SIGNALS = 0.002
"""Seconds in which the loop hears of signals that have come already."""

LAST = 8.0
"""Seconds in which we have ended after we were told to, whatever hangs. systemd waits ten (TimeoutStopSec)."""

SWITCH = 0.001
"""Seconds after which a thread that loads or parses lets the event loop go on. Python's own choice, five, makes a fetch
that meets such a thread wait for fifteen or twenty: it gives up the lock a few times."""

ANSWER = 0.2
"""Seconds that the answer to whoever asked for a successor gets to be sent."""


def main(arguments: Sequence[str], origin: Start | Takeover) -> int:
    """Run the daemon in the foreground, from what `origin` has of an earlier one. Returns the exit status."""
    logs.let_stderr_lose_lines()
    try:
        return _start(arguments, origin)
    except errors.XacctError as error:
        hint = f"  hint: {clean(error.hint)}\n" if error.hint else ""
        sys.stderr.write(f"xacctd: {clean(error.sentence)}\n{hint}")
        origin.failed(error.sentence, error.hint)
        return 1


def _start(arguments: Sequence[str], origin: Start | Takeover) -> int:
    wanted = parse(arguments)
    origin.claim()
    in_file = settings.read(origin.where.config)
    chosen = overridden(in_file, wanted)
    logs.configure(chosen.daemon.log_level, chosen.daemon.log_format)
    for refused in origin.refused:
        log.warning("not as wished", why=refused)
    hardening.raise_file_limit()
    sys.setswitchinterval(SWITCH)
    log.debug("memory", kept_out_of_swap=hardening.keep_out_of_swap())
    manager = notify.Manager.from_environment(os.environ)
    container = {name: value for name, value in os.environ.items() if name.startswith("AWS_CONTAINER_")}
    for name in SHADOWING:
        os.environ.pop(name, None)
    app = App(chosen, in_file, origin.where, container)
    app.read_changed()
    if origin.strict and not app.configuration.read:  # guard: successor-reads-configuration-first
        raise app.configuration.problems[0]
    # Before the loop: until we serve, a signal ends us at once.
    inherited = origin.inherited()
    _runner()(Run(app, arguments, manager, origin).run(chosen.daemon.port, inherited))
    if manager.present:
        _leave()
    return 0


def _leave() -> NoReturn:
    """End at once: all is closed, and tearing down the interpreter takes longer than a client should have to wait."""
    sys.stderr.flush()
    os._exit(0)


def _runner() -> Callable[..., None]:
    try:
        import uvloop  # noqa: PLC0415 - where it does not install, asyncio's own loop serves as well, if slower
    except ImportError:
        return asyncio.run
    return uvloop.run


class Run:
    """From the first request served to the last.

    Args:
        app: built, and configured.
        arguments: the command line, for a successor.
        manager: the service manager.
        origin: what there is of an earlier daemon.
    """

    def __init__(self, app: App, arguments: Sequence[str], manager: Manager, origin: Start | Takeover) -> None:
        self._app = app
        self._arguments = arguments
        self._manager = manager
        self._origin = origin
        self._stop = asyncio.Event()
        self._handing_over: asyncio.Task[int] | None = None
        self._successor: Successor | None = None
        self._locked_before = False
        self._paused = False
        self._listeners: dict[str, socket.socket] = {}

    async def run(self, port: int, inherited: Inherited) -> None:
        """Serve until told to stop, or until a successor does.

        Args:
            port: the endpoint's; 0: any that is free.
            inherited: what there is of an earlier daemon.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(logs.complain)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._unless_paused(lambda: self._app.reader.soon(everything=True)))
        await self._app.take_over(inherited, self._manager)
        listener = self._listener(inherited, port)
        await asyncio.sleep(SIGNALS)
        if self._stop.is_set():  # we were told to end before we have begun
            await self._app.close()
            return
        self._origin.serving()
        await self._serve(listener, inherited)
        await self._open_control(inherited)
        collecting.as_ever()
        self._origin.listen(self._app.lock)
        self._workers = self._background()
        self._workers.begin()
        network = NetworkWatch(loop, self._unless_paused(self._app.network_changed))
        network.start()
        self._manager.ready()
        log.info(
            "ready", version=__version__, endpoint=self._url, control=str(self._app.where.control), pid=os.getpid()
        )
        try:
            await self._stop.wait()
        finally:
            _end_at_last()
            network.close()
            try:
                await self._part()
                if self._successor is None:
                    self._manager.stopping()
                log.info("stopping", handed_over=self._successor is not None)
                await self._workers.end()
                await self._control.close(unlink=not (self._manager.present or self._successor is not None))
                await self._app.close()
            finally:
                process_groups.end_all(left_behind=self._successor is None)  # guard: no-child-outlives-daemon

    async def _serve(self, listener: socket.socket, inherited: Inherited) -> None:
        """SDKs first."""
        actual = await self._app.endpoint.serve(listener)
        self._url = f"http://{ADDRESS}:{actual}"
        await self._app.containers.settle()
        self._listeners["endpoint"] = listener.dup()
        await self._app.imds.open(inherited.imds)

    def _listener(self, inherited: Inherited, port: int) -> socket.socket:
        """The endpoint's: the one there is, unless the settings want another port now and no manager holds it."""
        there = inherited.endpoint
        if there is not None and (self._manager.present or port in (0, there.getsockname()[1])):
            return there
        if there is not None:
            there.close()
        return bind(port)

    async def _open_control(self, inherited: Inherited) -> None:
        """Serve the control channel. aiohttp costs a sixth of a second: SDKs are served meanwhile."""
        await run_in_daemon_thread(_load_control)
        from xacct.control.api import Api  # noqa: PLC0415 - see above
        from xacct.control.containers import Containers  # noqa: PLC0415
        from xacct.control.daemon import Daemon  # noqa: PLC0415
        from xacct.control.server import ControlServer  # noqa: PLC0415

        app = self._app
        daemon = Daemon(
            endpoint_url=self._url,
            problems=lambda: [*app.problems(), *self._control.problems()],
            read_changed=app.reader.in_time,
            reload=app.reload,
            outdated=app.outdated,
            stop=self._stop.set,
            succeed=self._succeed,
            took_back=app.restorer.took_back,
            kept=app.noted.kept,
            paused=lambda: self._paused,
            about=self._about(),
            audit=app.audit,
            imds=lambda: app.imds.open_ports,
            containers=Containers(app.about_containers, app.containers.settle),
            catalogues=app.catalogues,
            known_words=lambda: app.configuration.settings,
            identify=app.sts.get_caller_identity,
            asker=app.askers.of,  # guard: asker-reaches-control
            console=app.console,
            keys=app.keychain_keys,
            devices=app.mfa_devices,
        )
        self._api = Api(app.service, app.grants, daemon)
        listener = inherited.control or unix_sockets.bind(app.where.control)
        self._listeners["control"] = listener.dup()
        self._control = ControlServer(self._api.application(), listener, app.where.control, hardening.open_files())
        await self._control.start()

    def _about(self) -> About:
        """What doctor is told of this process; loaded with the control channel."""
        from xacct.control.about import About  # noqa: PLC0415

        app = self._app
        return About(
            sys.executable,
            str(app.code.directory),
            app.code.found_changed,
            app.code.changed,
            app.clock.now(),
            app.humans.asks,
            app.humans.unusable,
        )

    def _background(self) -> Workers:
        """What goes on by itself."""
        app = self._app
        copies = Copies(app.where.runtime, app.where.tokens, lambda: {grant.id for grant in app.grants.all()})
        return Workers(
            {
                "scheduler": app.scheduler.run,
                "endpoint": app.endpoint.run,
                "imds": app.imds.run,
                "containers": app.containers.run,
                "copies": copies.run,
                "watchdog": self._show_life,
                "control socket": self._mind_socket,
                "control": self._control.run,
                **app.humans.runs,
            }
        )

    def _unless_paused(self, then: Callable[[], object]) -> Callable[[], None]:
        """What a signal or the kernel sets off, unless a successor is taking over."""

        def set_off() -> None:
            if not self._paused:
                then()

        return set_off

    async def _mind_socket(self) -> None:
        """Make the control socket anew where it has vanished: without it nobody could lock, log out, or stop us."""
        lost = 0
        while lost < LOOKS_WITHOUT_LOCK:
            await asyncio.sleep(SOCKET_LOOK)
            # guard: control-socket-that-vanished-is-made-anew
            if self._control.is_there() and not self._app.lock_is_lost():
                lost = 0
                continue
            try:
                await self._make_socket_anew()
            except errors.XacctError as error:
                log.error("control socket not made anew", why=error.sentence)  # noqa: TRY400
                lost = lost + 1 if self._app.lock_is_lost() else 0
        self._stop.set()  # another daemon serves by now: each of two would hold half of it

    async def _make_socket_anew(self) -> None:
        app = self._app
        app.claim_again()
        listener = unix_sockets.bind(app.where.control)
        await self._control.move_to(listener)
        self._listeners.pop("control").close()
        self._listeners["control"] = listener.dup()
        log.warning("control socket had vanished; made anew", control=str(app.where.control))

    async def _show_life(self) -> None:
        """Tell the service manager's watchdog that the loop turns."""
        while self._manager.alive_every is not None:
            await asyncio.sleep(self._manager.alive_every)
            self._manager.alive()

    # The successor: what handover.py needs of us.

    async def _succeed(self) -> int:
        """Have a new process take over.

        Whoever asked may hang up: what has begun goes on.

        Returns:
            Its pid; this one ends.

        Raises:
            XacctError: it could not; this one goes on.
        """
        if self._handing_over is not None and not self._handing_over.done():
            raise errors.Temporary("A new xacctd is being started already.", "Try again in a moment.")
        if self._successor is not None or self._stop.is_set():
            raise errors.Temporary("This xacctd ends just now.", "Try again in a moment.")
        self._handing_over = asyncio.get_running_loop().create_task(self._hand_over())
        self._handing_over.add_done_callback(_say_why_not)
        return await asyncio.shield(self._handing_over)  # guard: hand-over-it-survives-whoever-asked-for-it

    async def _hand_over(self) -> int:
        successor = await handover.hand_over(
            self, self._arguments, {**self._manager.environment(), **self._app.container}
        )
        self._successor = successor
        self._app.persister.close()
        self._manager.alive()  # the last time; the successor's turn comes in a third of the watchdog's patience
        self._manager.main_pid(successor.pid)
        asyncio.get_running_loop().call_later(ANSWER, self._stop.set)
        return successor.pid

    @property
    def busy_with(self) -> str | None:
        """What is under way that only this process knows of."""
        asked = [role for prompt in self._app.keeper.broker.open_prompts for role in prompt.roles]
        if asked:
            return f"xacctd waits for an answer to its question for {', '.join(sorted(set(asked)))}."
        if not self._app.keeper.quiet:
            return "xacctd is waiting for AWS."
        if self._app.keychain_keys.rotating:  # guard: rotation-keeps-its-process
            return "An access key is being rotated."
        return "A command is under way." if self._api.changing else None

    async def pause(self) -> None:
        """Begin nothing by ourselves, serve nobody, let nothing be changed, and keep nothing: the successor does."""
        app = self._app
        self._locked_before = app.keeper.agent_lock.locked
        self._paused = True
        self._manager.alive()
        self._control.stop_accepting()
        await self._workers.end()
        # guard: hand-over-connections-close-with-it
        await asyncio.gather(app.endpoint.close(LINGER), app.imds.pause(LINGER), app.containers.pause(LINGER))
        app.persister.freeze()

    async def resume(self) -> None:
        """The successor has failed: all is as before, unless we were told to end meanwhile."""
        if self._stop.is_set():
            return
        try:
            await self._go_on()
        except OSError as error:  # no descriptor is left, say; paused we would serve nobody, and let nobody else
            log.error("can't go on", why=error.strerror)  # noqa: TRY400
            self._stop.set()  # guard: who-can-not-go-on-ends

    async def _go_on(self) -> None:
        app = self._app
        self._manager.alive()
        app.sign_lock()
        await app.endpoint.serve(self._listeners["endpoint"].dup())
        await app.imds.accept_again()
        await self._control.start(self._listeners["control"].dup())
        app.persister.thaw()
        self._paused = False
        self._workers.begin()
        await app.containers.settle()

    def descriptors(self) -> dict[str, int]:
        """What a successor gets, by name."""
        return {name: there.fileno() for name, there in self._listeners.items()} | self._app.handed_over()

    @contextmanager
    def state(self) -> Iterator[bytearray]:
        """All that is held."""
        with self._app.persister.taken() as (state, _):
            yield state

    async def _part(self) -> None:
        """Let the successor go on alone, or have none: what has begun ends with us."""
        if self._handing_over is not None:
            self._handing_over.cancel()
            await asyncio.gather(self._handing_over, return_exceptions=True)
        if self._successor is not None:
            if self._app.keeper.agent_lock.locked and not self._locked_before:
                self._successor.tell_locked("while a new xacctd took over")
            await self._successor.close()


def _load_control() -> None:
    from xacct.daemon.loading import load_aiohttp  # noqa: PLC0415 - no client waits for it

    load_aiohttp()
    importlib.import_module("xacct.control.server")


def _say_why_not(handing_over: asyncio.Task[int]) -> None:
    """Whoever asked for it may have hung up."""
    if not handing_over.cancelled() and (error := handing_over.exception()) is not None:
        why = error.sentence if isinstance(error, errors.XacctError) else type(error).__name__
        log.warning("not succeeded", why=why)


def _end_at_last() -> None:
    """End within LAST seconds, whatever hangs: a thread on a dead disk is no reason to keep credentials and port."""

    def end() -> None:
        process_groups.end_all(left_behind=False)
        os._exit(1)

    timer = threading.Timer(LAST, end)
    timer.daemon = True
    timer.start()  # guard: told-to-end-it-ends-whatever-hangs
