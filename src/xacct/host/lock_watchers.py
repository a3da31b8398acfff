"""The watchers of this operating system, which tell that the screen locks, or that the machine goes to sleep."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from xacct.host.watches import Unwatchable, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Tell = Callable[[], None]

ON_SCREEN_LOCK = "on_screen_lock"
ON_SUSPEND = "on_suspend"
"""The names of the two settings in [lock] of config.toml."""

BY_HAND = "It is tried again every half minute. Until then, xacctctl lock."
AFTERWARDS = "A suspend then locks within half a minute after the wake-up."


def watchers(env: Mapping[str, str], platform: str = sys.platform) -> list[Watcher]:
    """All there are on this platform."""
    if platform == "linux":
        from xacct.host import bus, logind, screensaver  # noqa: PLC0415 - Linux only

        system, uid = bus.system_address(env), os.getuid()
        return [
            Watcher(ON_SCREEN_LOCK, "logind", partial(logind.watch_screen, system, uid), BY_HAND),
            Watcher(ON_SCREEN_LOCK, "the desktop's screen saver", partial(screensaver.watch, env), BY_HAND),
            Watcher(ON_SUSPEND, "logind", partial(logind.watch_sleep, system), AFTERWARDS),
        ]
    if platform == "darwin":
        from xacct.host import screen_macos  # noqa: PLC0415 - macOS only

        return [Watcher(ON_SCREEN_LOCK, "the I/O registry", partial(screen_macos.watch, os.getuid()), BY_HAND)]
    return [Watcher(ON_SCREEN_LOCK, "the system", partial(_none, platform), "xacctctl lock locks by hand.")]


async def _none(platform: str, _told: Tell, _ready: Tell) -> None:
    raise Unwatchable(f"there is no way to tell on {platform}")
