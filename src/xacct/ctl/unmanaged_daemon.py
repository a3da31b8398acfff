"""A daemon that was started without the service manager has the socket and the port: it has to go, but not silently."""

from collections.abc import Callable

from xacct import wire
from xacct.ctl import unit
from xacct.ctl.client import Anything, Client
from xacct.ctl.failure import CtlError, NotRunningError
from xacct.ctl.lifecycle import wait_for_end
from xacct.ctl.render import out


def stop_unmanaged(client: Client, is_managers: Callable[[int], bool], *, now: bool) -> None:
    """Stop a daemon that the manager did not start, if that loses nothing.

    Args:
        client: of that daemon.
        is_managers: whether a pid is the manager's.
        now: even if it loses what the daemon holds.

    Raises:
        CtlError: it holds credentials, and nobody said that they may be lost.
    """
    if not unit.runs():
        return
    try:
        pid = client.call("GET", wire.VERSION, wire.VersionAnswer, any_api=True)["pid"]
        if is_managers(pid):
            return
        held = _held(client)
    except NotRunningError:
        return
    if held and not now:  # guard: what-is-held-is-not-given-up-unasked
        raise CtlError(
            f"xacctd (pid {pid}) was started by hand or by xacctctl, and holds {', '.join(held)}."
            " It has to stop first, and they would be lost.",
            "xacctctl service install --now stops it; log in again afterwards",
        )
    client.call("POST", wire.STOP, Anything, any_api=True)
    wait_for_end(pid)
    out(f"stopped  xacctd (pid {pid}), which held {', '.join(held) or 'nothing'}")


def _held(client: Client) -> list[str]:
    answer = client.call("GET", wire.STATUS, wire.StatusAnswer)
    sessions = [f"an MFA session of {session['source']}" for session in answer["sessions"]]
    return sessions + [role["name"] for role in answer["roles"] if role["state"] == "held"]
