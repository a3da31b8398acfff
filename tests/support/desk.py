"""A broker, its event bus, and what asks in the order of the settings."""

import asyncio
from contextlib import asynccontextmanager

from xacct.clock import AwsClock
from xacct.credentials.events import Events
from xacct.desktop import humans
from xacct.desktop.parts import Parts
from xacct.host import clock as host_clock
from xacct.prompts.broker import PromptBroker
from xacct.prompts.prompt import Permission
from xacct.prompts.used_codes import UsedCodes
from xacct.settings import Prompts

SERIAL = "arn:aws:iam::123456789012:mfa/U"


class Desk:
    """One human's desk."""

    serial = SERIAL

    def __init__(self, read=host_clock.read):
        self.events = Events()
        self.broker = PromptBroker(AwsClock(read), self.events, UsedCodes())
        self.wanted = True

    @asynccontextmanager
    async def asking(self, env, **chosen):
        """What a daemon with these settings of [prompts] and this environment asks by."""
        found = humans(Parts(Prompts(**chosen), self.broker, self.events, env, lambda: host_clock.read().boot))
        task = asyncio.ensure_future(found.runs["prompter"]())
        await asyncio.sleep(0)
        try:
            yield found
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def code(self, attempt=1, problem=None):
        """Want a code."""
        return asyncio.ensure_future(self.broker.ask(SERIAL, lambda: ("prod",), lambda: self.wanted, attempt, problem))

    def leave(self, role="prod", **more):
        """Want a human's yes to the use of a role."""
        permission = Permission(role, "shell 1", **more)
        asked = self.broker.permission(permission, f"use of {role}", lambda: self.wanted)
        return asyncio.ensure_future(asked)
