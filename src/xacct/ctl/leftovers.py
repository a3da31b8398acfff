"""What stays behind when xacct goes: a daemon, profiles that call xacctctl, its state and log. Said, or removed.

`python -m xacct.ctl.leftovers` says whether a daemon runs, of which version: for an installation over another.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from xacct import __version__, paths, wire
from xacct.ctl import block, configure, rewrite
from xacct.ctl.agent import change, store
from xacct.ctl.client import Anything, Client
from xacct.ctl.failure import CtlError, NotRunningError
from xacct.ctl.lifecycle import wait_for_end
from xacct.ctl.render import show


def report(client: Client, *, purge: bool) -> None:
    """Say what stays, a line each; with `purge` remove it first: everything but the settings, which are the user's."""
    _daemon(client, stop=purge)
    _profiles(remove=purge)
    _agents(remove=purge)
    for path, what in ((paths.state_dir(), "state, log and audit"), (paths.runtime_dir(), "the socket's directory")):
        _directory(Path(path), what, remove=purge)
    settings = Path(paths.config_file())
    if settings.exists():
        show(f"kept     {settings}, which is yours")


def _daemon(client: Client, *, stop: bool) -> None:
    """Stop a daemon that still runs, or say that it does."""
    try:
        about = client.call("GET", wire.VERSION, wire.VersionAnswer, any_api=True)
    except NotRunningError:
        return
    except CtlError as error:
        show(f"note     {error.sentence}")
        return
    held = _held(client)
    if not stop:
        show(f"runs on  xacctd {about['version']} (pid {about['pid']}), and holds {held}; to end it: xacctctl stop")
        return
    client.call("POST", wire.STOP, Anything, any_api=True)
    wait_for_end(about["pid"])
    show(f"stopped  xacctd (pid {about['pid']}), which held {held}")


def _held(client: Client) -> str:
    with suppress(CtlError):
        answer = client.call("GET", wire.STATUS, wire.StatusAnswer)
        return ", ".join(role["name"] for role in answer["roles"] if role["state"] == "held") or "nothing"
    return "what it has not told"


def _profiles(*, remove: bool) -> None:
    """Take the profiles of `configure` out of the AWS config file, or say that they stay."""
    try:
        path = configure.config_file()
        old = rewrite.content(path)
        found = block.find(old)
        if not found.entries:
            return
        names = ", ".join(entry.profile for entry in found.entries)
        if remove and rewrite.replace(path, old, block.joined(found, "", [])):
            show(f"removed  the profiles {names} from {path}")
        else:
            show(f"kept     {path}, with profiles that need xacctctl: {names}")
    except CtlError as error:
        show(f"note     {error.sentence}")


def _agents(*, remove: bool) -> None:
    """Take what `agent install` put into agents' settings out of them, or say that it stays."""
    try:
        for installed in store.every():
            plan = change.planned(installed.parts, [])
            of = f"{installed.tool}'s settings" + (f" of {installed.project}" if installed.project else "")
            if remove:
                change.write(plan)
                store.forget(installed.tool, installed.project)
            show(f"removed  what leads to xacctctl from {of}" if remove else f"kept     {of}, which need xacctctl")
    except CtlError as error:
        show(f"note     {error.sentence}")


def _directory(path: Path, what: str, *, remove: bool) -> None:
    if not path.is_dir() or path.is_symlink() or not any(path.iterdir()):
        return
    if not remove:
        show(f"kept     {path}: {what}")
        return
    try:
        shutil.rmtree(path)
        show(f"removed  {path}: {what}")
    except OSError as error:
        show(f"kept     {path}: {what}; it can't be removed: {error.strerror}")


def main() -> None:
    """Say which daemon runs while the program has been installed anew."""
    with suppress(CtlError, OSError):
        about = Client(paths.socket_path()).call("GET", wire.VERSION, wire.VersionAnswer, any_api=True)
        show(f"runs     xacctd {about['version']} (pid {about['pid']}), of the installation before")
        show(f"         to put {__version__} in its place, with all it holds: xacctctl restart")


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    main()
