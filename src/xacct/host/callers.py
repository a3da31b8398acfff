"""Who is at the other end of a loopback TCP connection: one module for each operating system, one answer.

The answer is never an error: where the system can't or won't tell, the caller is unknown and says why.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from xacct.model import Caller

if TYPE_CHECKING:
    from xacct.model import Address, Callers


def choose() -> Callers:
    """What this operating system has for it."""
    if sys.platform == "linux":
        from xacct.host.sock_diag import SockDiag  # noqa: PLC0415 - Linux only

        return on_loopback(SockDiag().caller)
    if sys.platform == "darwin":
        from xacct.host import callers_macos  # noqa: PLC0415 - macOS only

        return on_loopback(callers_macos.choose())
    return lambda _client, _server: Caller(why=f"no way to tell on {sys.platform}")


def on_loopback(callers: Callers) -> Callers:
    """Ask only about callers on this machine's loopback: of any other, the owner is another machine's affair."""

    def caller(client: Address, server: Address) -> Caller:
        if not client[0].startswith("127."):  # as the kernel spells it; the endpoint listens on IPv4 alone
            return Caller(why="not a loopback address")
        return callers(client, server)

    return caller
