"""A browser on this machine: whether there is one to be expected, and an address opened in it."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

_REMOTE: Final = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY")
_CONTAINERS: Final = ("/.dockerenv", "/run/.containerenv")


def remote(env: Mapping[str, str] = os.environ) -> bool:
    """Say whether somebody sits at another machine: no browser there reaches an address of this one."""
    return any(env.get(name) for name in _REMOTE)


def expected(env: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Say whether a browser that is opened here is in front of whoever sits at this terminal."""
    if remote(env) or env.get("container"):
        return False
    if any(os.path.exists(mark) for mark in _CONTAINERS):  # noqa: PTH110 - pathlib costs a start
        return False
    return platform == "darwin" or any(env.get(name) for name in _DISPLAYS)


def show(url: str, env: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Open an address in the browser, without waiting for it.

    Returns:
        Whether there was a program to do that.
    """
    import shutil  # noqa: PLC0415 - of use where somebody signs in
    import subprocess  # noqa: PLC0415

    if not url.startswith(("https://", "http://")):
        return False
    opener = shutil.which("open" if platform == "darwin" else "xdg-open", path=env.get("PATH"))
    if opener is None:
        return False
    quiet = subprocess.DEVNULL
    try:
        subprocess.Popen([opener, url], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)  # noqa: S603
    except OSError:
        return False
    return True
