"""A browser on this machine: whether one can be expected where this command was typed, and opening a page in it."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

_ELSEWHERE: Final = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "WSL_DISTRO_NAME", "WSL_INTEROP", "container")
"""Variables of shells whose human sits at another machine, or whose browser does: it would not find this loopback."""

_CONTAINER: Final = ("/.dockerenv", "/run/.containerenv")
"""Files that Docker and Podman put into each container."""

_KERNEL: Final = "/proc/sys/kernel/osrelease"

_OPENERS: Final = ("xdg-open", "x-www-browser", "firefox", "chromium", "google-chrome", "microsoft-edge")
"""Programs with a window by which Python's webbrowser opens pages; its browsers for terminals are none for this."""

_STARTING: Final = 3.0
"""Seconds a browser gets to say that it can't be started. Some programs stay for as long as the browser runs."""

_OPEN: Final = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.stdin.readline().strip()))"


_STAYING: Final[list[object]] = []
"""Browsers that run on. Let go of before they have ended, each would warn that nobody waits for it."""


def expected(env: Mapping[str, str] = os.environ, platform: str = sys.platform, root: str = "") -> bool:
    """Return whether the human who has typed this has a browser on this machine.

    Args:
        env: The environment.
        platform: As `sys.platform`.
        root: Where the file system begins.
    """
    if any(env.get(name) for name in _ELSEWHERE) or any(_is_there(root + path) for path in _CONTAINER):
        return False
    if platform == "darwin":
        return True
    if not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")) or _in_wsl(root + _KERNEL):
        return False
    folders = [folder for folder in (env.get("PATH") or "").split(":") if folder]
    return bool(env.get("BROWSER")) or any(
        os.access(f"{folder}/{name}", os.X_OK) for folder in folders for name in _OPENERS
    )


def open_page(url: str) -> bool:
    """Open a page in the human's browser. Returns False where that can't be done.

    What the browser prints is no business of this terminal, and it outlives this command.
    """
    if not url.startswith(("https://", "http://")):  # guard: only-pages-are-opened
        return False
    import subprocess  # noqa: PLC0415 - of use where a human signs in

    env = {name: value for name, value in os.environ.items() if name != "TERM"}  # no browser in this terminal
    try:
        opening = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-I", "-c", _OPEN],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        opening.communicate(url.encode(), timeout=_STARTING)
    except subprocess.TimeoutExpired:
        _STAYING.append(opening)
        return True
    except OSError:
        return False
    return opening.returncode == 0


def _is_there(path: str) -> bool:
    return os.access(path, os.F_OK)


def _in_wsl(path: str) -> bool:
    from xacct import fileio  # noqa: PLC0415 - late, as above

    try:
        return b"microsoft" in fileio.read(path).lower()
    except OSError:
        return False
