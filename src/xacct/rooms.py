"""The rooms of one daemon, built and connected. Composition and nothing else; daemon.py runs them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from xacct import places, settings
from xacct.audit.file import AuditFile
from xacct.audit.trail import Trail
from xacct.clock import AwsClock
from xacct.configuration import Configuration
from xacct.endpoint.container import Container
from xacct.endpoint.door import Door
from xacct.endpoint.grants import Grants
from xacct.endpoint.server import Endpoint
from xacct.host import callers, names, process, steps
from xacct.host import clock as host_clock
from xacct.host.code import Code
from xacct.host.processes import Processes, Scout
from xacct.keeper.acquire import Terms
from xacct.keeper.desk import Desk
from xacct.keeper.events import Events
from xacct.keeper.keeper import Keeper
from xacct.keeper.ledger import Ledger
from xacct.keeper.scheduler import Scheduler
from xacct.prompts import dialogs, notices
from xacct.prompts.prompter import Prompter

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from xacct.settings import Settings

DIALOG_DELAY = 1.0
"""Seconds a terminal's login gets to answer by itself (with --code) before a dialog appears."""

MIB = 1024 * 1024


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
        self.code = Code(Path(__file__).parent)
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
        scout = Scout(Processes().find, self.clock.boot)
        self.audit = _audit(chosen, where, self.clock, scout)
        self.grants = Grants(where.tokens, where.state / "grants.json", self.clock.now, process.started)
        if self.audit is not None:
            self.grants.ended = self.audit.grant_ended
        self.configuration = Configuration(dict(os.environ), where.config, in_file, names.fill)
        self.container = Container(self.keeper, self.grants, settings.seconds(chosen.prompts.patience), self.audit)
        door = Door(
            callers.choose(),
            os.geteuid(),
            require_known=chosen.endpoint.require_known_caller,
            notice=scout.notice if self.audit else lambda _caller: None,
        )
        self.endpoint = Endpoint(self.container.answer, self.clock.boot, door, self.audit)
        self.scheduler = Scheduler(self.keeper, self.each_look, self.slept)
        self.humans = _ways_to_humans(chosen, desk, events, self.clock)

    def refresh(self) -> None:
        """Read configuration files that have changed."""
        self.configuration.refresh(self.keeper)

    def each_look(self) -> None:
        """What is looked after at every look of the scheduler."""
        self.refresh()
        self.grants.sweep()
        self.keeper.guard.keep({grant.id for grant in self.grants.all()})
        self.container.forget()

    async def close(self) -> None:
        """End what is under way, the keeper first: whoever is held hears why before the endpoint closes."""
        await self.keeper.close()
        await self.endpoint.close()
        await self.sts.close()
        if self.audit is not None:
            await self.audit.close()

    def slept(self) -> None:
        """What follows a suspend."""
        if self.configuration.settings.lock.on_suspend:
            self.keeper.latch.lock("suspend")


def _ways_to_humans(
    chosen: Settings, desk: Desk, events: Events, clock: AwsClock
) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
    """What asks and tells people beside the terminals that attend."""
    ways: dict[str, Callable[[], Coroutine[None, None, None]]] = {}
    if chosen.prompts.command:
        command = list(chosen.prompts.command)
        ways["command"] = Prompter(desk, events, lambda _: command, dialog=False).run
    dialog = dialogs.command(os.environ) if chosen.prompts.desktop else None
    if dialog is not None:
        ways["dialog"] = Prompter(desk, events, dialog, dialog=True, delay=DIALOG_DELAY).run
    notice = notices.command(os.environ) if chosen.prompts.desktop else None
    if notice is not None:
        ways["notice"] = notices.Notices(events, notice, clock.boot).run
    return ways


def _audit(chosen: Settings, where: Places, clock: AwsClock, scout: Scout) -> Trail | None:
    """The audit, unless it is switched off."""
    if not chosen.audit.enabled:
        return None
    file = AuditFile(where.state / "audit.jsonl", chosen.audit.max_mib * MIB, chosen.audit.keep)
    return Trail(file, clock, scout.find)
