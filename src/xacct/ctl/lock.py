"""`lock` and `unlock`: whether anything is handed out at all."""

from argparse import Namespace

from xacct import wire
from xacct.ctl.client import Client
from xacct.ctl.failure import OK, NotRunningError
from xacct.ctl.render import out
from xacct.ctl.verb import Verb


def lock(_args: Namespace, client: Client) -> int:
    """Have nothing handed out; that the daemon isn't there is a success: nothing is."""
    return _tell(client, wire.LOCK, "Locked: nothing is handed out until xacctctl unlock.", "Nothing is handed out")


def unlock(_args: Namespace, client: Client) -> int:
    """Have credentials handed out again."""
    return _tell(client, wire.UNLOCK, "Unlocked.", "Nothing is locked")


def _tell(client: Client, path: str, done: str, without: str) -> int:
    try:
        client.call("POST", path, wire.LockAnswer)
    except NotRunningError:
        done = f"{without}: xacctd is not running."
    out(done)
    return OK


VERBS = {
    "lock": Verb(
        "Hand out nothing until unlock: not by the endpoint, not by this command, and no new grants. Programs that"
        " wait are refused at once. What is held stays in memory and is renewed, so that unlock needs no code.",
        ("xacctctl lock",),
        lock,
        starts_daemon=False,
    ),
    "unlock": Verb(
        "Hand out credentials again, after lock, or after a suspend or a screen that locked ([lock] in config.toml).",
        ("xacctctl unlock",),
        unlock,
        starts_daemon=False,
    ),
}
