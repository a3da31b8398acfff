"""All parts of one daemon, built and connected. Composition and nothing else; run.py opens and closes them."""

from __future__ import annotations

import os
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from xacct import __version__, errors, settings, surroundings
from xacct.clock import AwsClock
from xacct.configuration import Configuration
from xacct.credentials.events import Events, LockChanged
from xacct.credentials.fetchers.calls import Calls, Defaults
from xacct.credentials.keeper import Keeper
from xacct.credentials.scheduler import Scheduler
from xacct.credentials.service import CredentialService
from xacct.daemon import trail
from xacct.daemon.catalogues import Catalogues
from xacct.daemon.container_routes import ContainerRoutes, containers
from xacct.daemon.keychain_keys import KeychainKeys
from xacct.daemon.mfa_devices import MfaDevices
from xacct.daemon.noted import Noted
from xacct.daemon.reading import Reader, Wanted
from xacct.daemon.restorer import Restorer
from xacct.daemon.rotation import Rotator
from xacct.desktop import humans
from xacct.desktop.parts import Parts
from xacct.endpoint.handlers.container_credentials import ContainerCredentials
from xacct.endpoint.handlers.imds import Imds
from xacct.endpoint.imds_ports import ImdsPorts
from xacct.endpoint.known_heads import KnownHeads
from xacct.endpoint.peer_check import PeerCheck
from xacct.endpoint.server import Endpoint
from xacct.grants.events import GrantsChanged
from xacct.grants.grants import Grants
from xacct.host import ancestry, callers, hardening, instance, process, processes, seats, session_name, steps
from xacct.host import clock as host_clock
from xacct.host.asker import Askers
from xacct.host.code_stamp import CodeStamp
from xacct.host.lock_watchers import ON_SCREEN_LOCK, ON_SUSPEND, watchers
from xacct.host.saver import Saver
from xacct.host.seats import Seats
from xacct.host.threads import run_in_daemon_thread
from xacct.host.watches import Watches
from xacct.prompts.approved import remembered
from xacct.prompts.broker import PromptBroker
from xacct.prompts.events import PromptOpened
from xacct.prompts.used_codes import UsedCodes
from xacct.state import codec, key_items
from xacct.state.access_keys import AccessKeys
from xacct.state.fdstore import FdStore
from xacct.state.keys import MFA_SEEDS
from xacct.state.mfa_seeds import MfaSeeds
from xacct.state.persister import StatePersister
from xacct.state.taken_back import TakenBack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct import wire
    from xacct.daemon.inherited import DaemonPaths, Inherited
    from xacct.endpoint.peer_check import SocketPeerCheck
    from xacct.host.notify import Manager
    from xacct.model import Address
    from xacct.settings import Settings

log = structlog.get_logger("xacct")

LOOK = 0.2
"""Seconds between two looks at the configuration's files that fetches cause, at least. Our choice."""

SELDOM = 20.0
"""Seconds, at least, between two rounds of what need not be often: the scheduler looks each 30 s. Our choice."""

ANNOUNCED = 60.0
"""Seconds (awake) from the announcement of a suspend to the scheduler's noticing it, at most."""


class App:
    """The parts of one daemon, connected.

    Attributes:
        container: the variables that lead to a container's role, which are in no environment that children see.
    """

    def __init__(
        self, chosen: Settings, in_file: Settings, where: DaemonPaths, container: Mapping[str, str] | None = None
    ) -> None:
        self.where = where
        self.container = dict(container or {})
        self._chosen = chosen.daemon
        self.clock = AwsClock(host_clock.read)
        self.code = CodeStamp(Path(__file__).parents[1])
        self.access_keys = AccessKeys(where.keychain_keys, key_items.of_this_system(), self.clock.now)
        self.keeper = self._heart(chosen)
        self.service = CredentialService(self.keeper, self._look_soon)
        self.configuration = self._configuration(in_file, where)
        resolver = processes.ProcessResolver(processes.Processes().find, self.clock.boot)
        self.askers = Askers(resolver.find)
        self.grants = Grants(
            where.tokens,
            where.grants,
            self.clock.now,
            process.started,
            self.keeper.events,
            Saver(),
            elsewhere=lambda: self.noted.by_manager(),  # noqa: PLW0108 - it is built below
            lives=ancestry.lives,
        )
        self.catalogues = Catalogues(self.configuration, self.keeper, self.grants)
        self.reader = Reader(self._read)
        self._build_keychain(where)
        self.audit = trail.of(chosen.audit, where.state, self.clock, resolver, self.catalogues)
        if self.audit is not None:
            trail.subscribe(self.audit, self.keeper.events, self.grants)
        self._build_endpoints(chosen, resolver)
        self.scheduler = Scheduler(self.keeper, self.each_look, self.slept)
        self._build_humans(chosen)
        self.watches = Watches(watchers(os.environ), self.happened)
        self._announced = float("-inf")
        self._build_state(chosen)
        self._lock: int | None = None
        self._looked = self._looked_seldom = float("-inf")
        self._steps_problem: errors.XacctError | None = None

    def _configuration(self, in_file: Settings, where: DaemonPaths) -> Configuration:
        """What says which roles there are; not read yet."""
        found = Configuration(
            dict(os.environ),
            where.config,
            in_file,
            self.clock.boot,
            session_name.fill,
            self.access_keys.of_files,
            where.catalogues,
        )
        found.surroundings = surroundings.of({**os.environ, **self.container})
        return found

    def _build_keychain(self, where: DaemonPaths) -> None:
        """What keeps access keys and TOTP seeds in the operating system's keychain."""
        self.keychain_keys = KeychainKeys(
            self.access_keys,
            self.sts,
            os.environ,
            self.catalogues.own,
            partial(self.reader.in_time, everything=True),
            Rotator(self.access_keys, self.sts, self.iam, self.clock.now),
        )
        self.mfa_seeds = MfaSeeds(where.mfa_seeds, key_items.of_this_system(MFA_SEEDS), self.clock.likeliest)
        self.mfa_devices = MfaDevices(self.keeper, self.mfa_seeds, os.environ)

    def _build_humans(self, chosen: Settings) -> None:
        """How a human is asked and told beside terminals."""
        self.humans = humans(
            Parts(
                chosen.prompts,
                self.keeper.broker,
                self.keeper.events,
                os.environ,
                self.clock.boot,
                self.mfa_seeds,
                lambda: self.keeper.agent_lock.locked,
                lambda: self.configuration.own.mfa_processes,
            )
        )

    def _keep_steps(self, all_steps: dict[str, int]) -> None:
        self._steps_problem = steps.save(self.where.steps, all_steps)

    def _heart(self, chosen: Settings) -> Keeper:
        """The keeper, with AWS and the prompt broker it needs."""
        from xacct.aws.sources import FileSources  # noqa: PLC0415

        events = Events()
        events.call(PromptOpened, self._prepare)
        self._build_aws(chosen)
        broker = PromptBroker(self.clock, events, UsedCodes(self._keep_steps))
        at_most = settings.seconds(chosen.prompts.remember_at_most)
        calls = Calls(
            sts=self.sts,
            iam=self.iam,
            identity_center=self.identity_center,
            console_logins=self.console_logins,
            shared_cache=self.shared_cache,
            sources=FileSources(os.environ, self.access_keys, self._own_ports, self.container),
            broker=broker,
            clock=self.clock,
            defaults=Defaults(
                settings.seconds(chosen.session.duration),
                session_name.fill(chosen.session.name),
                settings.seconds(chosen.session.renew_if_used_within),
                remembered(chosen.prompts.remember, chosen.prompts.remember_for, at_most),
            ),
        )
        return Keeper(calls, events)

    def _build_aws(self, chosen: Settings) -> None:
        """What speaks with AWS. A browser that comes back from a sign-in has to be this user's."""
        from xacct.aws.console import Console  # noqa: PLC0415
        from xacct.aws.console_login import ConsoleLogins  # noqa: PLC0415
        from xacct.aws.iam import Iam  # noqa: PLC0415
        from xacct.aws.portal import Portal  # noqa: PLC0415
        from xacct.aws.shared_cache import SharedCache  # noqa: PLC0415
        from xacct.aws.sts import Sts  # noqa: PLC0415

        peers = PeerCheck(callers.choose(), os.geteuid())

        def admits(client: Address, server: Address) -> bool:
            return peers.turns_away(peers.caller_at(client, server)) is None

        self.sts = Sts(self.clock)
        self.iam = Iam(self.sts)
        # guard: shared-cache-off-never-writes
        self.shared_cache = SharedCache(os.environ) if chosen.identity_center.share_cache else None
        self.identity_center = Portal(self.clock, admits)
        self.console_logins = ConsoleLogins(self.clock, admits)
        self.console = Console(lambda: self.configuration.settings.console.url, admits)

    def _own_ports(self) -> set[int]:
        """The ports at which we serve credentials: no source of ours is asked there."""
        return {self.endpoint.address[1], *self.imds.open_ports, self.about_containers()["port"]}

    def _prepare(self, opened: PromptOpened) -> None:
        """A human is asked for a code: load meanwhile what it takes to use it."""
        if opened.prompt.kind != "mfa":
            return
        nodes = (self.keeper.nodes.get(name) for name in opened.prompt.roles)
        for role in [node.role for node in nodes if node is not None][:1]:
            self.sts.prepare(role)

    def _build_state(self, chosen: Settings) -> None:
        """What keeps all this over a restart, and gives it back."""
        self.persister = StatePersister(
            self.keeper,
            host_clock.boot_id(),
            __version__,
            files=self.catalogues.memory,
            grants=self.grants.rows,
            late=lambda: self.restorer.late,  # guard: roles-of-files-that-are-away-are-handed-on
        )
        self.taken_back = TakenBack(self.where.taken_back, self.where.taken_back_here, Saver())
        self.noted = Noted(
            self.keeper, self.taken_back, self.catalogues.memory, self.persister, lambda: self.restorer.lies_on_disk
        )
        self.restorer = Restorer(
            keeper=self.keeper,
            clock=self.clock,
            configuration=self.configuration,
            catalogues=self.catalogues,
            persister=self.persister,
            noted=self.noted,
            taken_back=self.taken_back,
            where=self.where,
            chosen=chosen.daemon,
        )
        self.keeper.events.call(GrantsChanged, lambda _: self.persister.save())

    def _build_endpoints(self, chosen: Settings, resolver: processes.ProcessResolver) -> None:
        """What SDKs reach: the endpoint, its listeners for containers, and the IMDS ports."""
        patience = settings.seconds(chosen.prompts.patience)
        self.container_credentials = ContainerCredentials(
            self.service,
            self.grants,
            patience,
            self.audit,
            resolver.find,
            self.askers.of,  # guard: asker-reaches-prompt
        )
        # guard: locked-what-lay-ready-is-let-go
        self.keeper.events.call(LockChanged, lambda _: self.container_credentials.forget())
        peer_check_of = partial(
            PeerCheck,
            callers.choose(),
            os.geteuid(),
            owners=processes.owners,
        )
        strict = chosen.endpoint.require_known_caller
        peer_check = peer_check_of(require_known=strict)  # guard: whom-kernel-does-not-know-at-endpoint
        self._seats = self._shares()
        self.endpoint = Endpoint(
            self.container_credentials.answer,
            self.clock.boot,
            peer_check,
            self.audit,
            parse=KnownHeads(self.grants.forwarded_port).parse,
            seats=self._seats[0],
        )
        self._places = ContainerRoutes(
            chosen.containers, self.where.containers, peer_check, self._for_containers, strict
        )
        self.containers = containers(chosen.containers, self._places, self.grants)
        at_imds = peer_check_of(require_known=True)  # guard: imds-known-callers-only
        ports = [
            Imds(self.service, role, port, patience, self.audit, resolver.find, self.askers.of)
            for port, role in chosen.imds.ports.items()
        ]
        self.imds = ImdsPorts(ports, self.keeper, at_imds, self.audit, self._seats[2])

    def _shares(self) -> tuple[Seats, Seats, Seats]:
        """What counts connections to the endpoint, to the listeners for containers, and to the IMDS ports."""
        files, boot = hardening.open_files(), self.clock.boot
        return (
            Seats("the endpoint", seats.ENDPOINT.of(files), boot),
            # guard: listeners-for-containers-have-share-of-their-own
            Seats("the listeners for containers", seats.CONTAINERS.of(files), boot),
            Seats("the IMDS ports", seats.IMDS.of(files), boot),  # guard: imds-has-share-of-its-own
        )

    # What there is of an earlier daemon.

    async def take_over(self, inherited: Inherited, manager: Manager) -> None:
        """Hold again what an earlier daemon held, and keep it for the next one."""
        self.keeper.broker.used_codes.resume(steps.load(self.where.steps))
        # guard: revoked-by-the-state-handed-on
        self.grants.load(codec.grants_of(inherited.state) if inherited.state is not None else None)
        self._lock = inherited.lock
        # guard: successor-has-keys-that-came-meanwhile
        if self.access_keys.read_index():  # it was read before there was a lock
            self.catalogues.read(Wanted(everything=True))()
        self.mfa_seeds.read_index()
        await self.restorer.take_over(inherited, manager)
        if self.audit is not None:
            self.audit.start(self.keeper.events)

    def sign_lock(self) -> None:
        """Write into the lock's file that it is ours: a successor that came to nothing may have signed it."""
        if self._lock is not None:
            instance.sign(self._lock)

    def lock_is_lost(self) -> bool:
        """Whether the lock we hold is no more the one that others would try to take: its file has vanished."""
        return self._lock is not None and not instance.is_at(self._lock, self.where.lock)

    def claim_again(self) -> None:
        """Be the only daemon still, where the runtime directory has been emptied.

        Raises:
            StartupFailed: it can't be used, or another daemon has it by now.
        """
        if self.lock_is_lost():
            lost, self._lock = self._lock, self.where.claim()
            if lost is not None:
                os.close(lost)

    def handed_over(self) -> dict[str, int]:
        """The descriptors a successor gets beside the listeners. What it reads from the disk is there now, too."""
        self.grants.flush()
        self.taken_back.flush()
        stores = [backend.kept for backend in self.persister.backends if isinstance(backend, FdStore)]
        kept = {name: memory.descriptor for name, memory in filter(None, stores)} | self.imds.descriptors
        return kept if self._lock is None else {"lock": self._lock, **kept}

    # What goes on.

    def problems(self) -> list[errors.XacctError]:
        """What people should know of."""
        served = self.imds.problems()
        written = [
            self.grants.problem,
            self.grants.dropped,
            self.taken_back.problem,
            self._steps_problem,
            self.access_keys.problem,
            self.mfa_seeds.problem,
        ]
        kept = [*self.persister.problems(), *filter(None, written)]
        audited = self.audit.problems() if self.audit is not None else []
        shared = self.shared_cache.problems() if self.shared_cache is not None else []
        full = [problem for share in self._seats for problem in share.problems()]
        return [
            *self.configuration.problems,
            *self.reader.problems(),
            *self.watches.problems,
            *filter(None, [self.restorer.problem]),
            *kept,
            *shared,
            *audited,
            *served,
            *full,
        ]

    async def reload(self) -> list[errors.XacctError]:
        """Read the configuration now. Returns the problems there are."""
        await self.reader.in_time(everything=True)
        return self.problems()

    def read_changed(self) -> None:
        """Read configuration files that have changed, before anybody is served."""
        self.catalogues.read_changed()

    def _look_soon(self) -> None:
        """Have changed files read, without holding up a fetch: a network's disk may hang."""
        if self.clock.boot() - self._looked >= LOOK:
            self._looked = self.clock.boot()
            self.reader.soon()

    def _read(self, wanted: Wanted) -> Callable[[], None]:
        take = self.catalogues.read(wanted)

        def taken() -> None:
            take()
            self.restorer.restore()

        return taken

    def outdated(self) -> bool:
        """Whether settings or code have changed that only a new process takes up."""
        return self.configuration.outdated or self.code.changed()

    def _for_containers(self, peer_check: PeerCheck | SocketPeerCheck) -> Endpoint:
        answer = partial(self.container_credentials.answer, where="container")
        return Endpoint(answer, self.clock.boot, peer_check, self.audit, seats=self._seats[1])

    def about_containers(self) -> wire.ContainersAnswer:
        """How containers reach us just now."""
        return self._places.about(self.containers, self.endpoint.address[1])

    def network_changed(self) -> None:
        """What follows new addresses and routes: a new bridge has some."""
        self.keeper.network_changed()
        self.containers.look()

    def each_look(self) -> None:
        """What is looked after at every look of the scheduler."""
        self.reader.soon()
        self.restorer.restore()
        self.grants.sweep()
        self.keeper.approvals.keep({grant.id for grant in self.grants.all()} | self.imds.consumers)
        self.container_credentials.forget()
        self.containers.look()
        lock = self.configuration.settings.lock
        self.watches.want({name for name in (ON_SCREEN_LOCK, ON_SUSPEND) if getattr(lock, name)})
        self.persister.save()
        self.noted.note()
        self.restorer.look()
        self._look_seldom()

    def _look_seldom(self) -> None:
        """What takes its time, off the event loop, and seldom.

        An upgrade is noticed, so that `status` tells of it without a look at every file of ours.
        """
        if self.clock.boot() - self._looked_seldom >= SELDOM:
            self._looked_seldom = self.clock.boot()
            run_in_daemon_thread(self.code.changed)
            run_in_daemon_thread(hardening.give_back_memory)

    async def close(self) -> None:
        """End what is under way, the keeper first: whoever is held hears why before the endpoint closes."""
        self.grants.flush()
        self.taken_back.flush()
        self.endpoint.stop_accepting()
        async with AsyncExitStack() as stack:  # the last one pushed comes first; each, whatever the others do
            if self.audit is not None:
                stack.push_async_callback(self.audit.close)
            stack.push_async_callback(self.restorer.close)
            stack.push_async_callback(self.sts.close)
            stack.push_async_callback(self.identity_center.close)
            stack.push_async_callback(self.console_logins.close)
            stack.callback(self.console.close)
            stack.push_async_callback(self.containers.close)
            stack.push_async_callback(self.imds.close)
            stack.push_async_callback(self.endpoint.close)
            stack.push_async_callback(self.keeper.close)
            stack.push_async_callback(self.watches.close)
            self.persister.close()

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
        if self.keeper.agent_lock.lock(why) and self.audit is not None:
            self.audit.record("locked", what=why)
