"""What a prompter is made of: the settings, the broker and the event bus, the environment, a clock."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from xacct.credentials.events import Events
    from xacct.desktop.seeds import Seeds
    from xacct.prompts.broker import PromptBroker
    from xacct.settings import Prompts

Run = Callable[[], Coroutine[None, None, None]]
"""What a prompter does until it is cancelled."""


class Parts(NamedTuple):
    """Given to each prompter.

    Attributes:
        chosen: [prompts] of config.toml.
        broker: Where prompts are answered.
        events: Where they are told of.
        env: The daemon's environment.
        boot: Reads the boot-time clock.
        seeds: The stored TOTP seeds; None: there is no place for them.
        locked: Says whether the agent is locked.
        mfa_processes: The `mfa_process` of MFA devices in the daemon's own AWS files, by the devices' serials.
    """

    chosen: Prompts
    broker: PromptBroker
    events: Events
    env: Mapping[str, str]
    boot: Callable[[], float]
    seeds: Seeds | None = None
    locked: Callable[[], bool] = lambda: False
    mfa_processes: Callable[[], Mapping[str, str]] = dict
