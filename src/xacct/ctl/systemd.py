"""`xacctctl service` where systemd is: units of the user's own, one line for each thing done."""

import getpass
import os
from pathlib import Path
from typing import Final

from xacct import fileio, paths
from xacct.ctl import service_files, unit
from xacct.ctl.client import Client
from xacct.ctl.failure import FAILED, OK, CtlError
from xacct.ctl.render import out, show
from xacct.ctl.unmanaged_daemon import stop_unmanaged

_READ: Final = (
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL_STS", "AWS_CA_BUNDLE",
    "HTTPS_PROXY", "https_proxy", "XACCT_PORT", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
)  # fmt: skip
"""Variables that the daemon reads, and that a shell may have and the manager not."""


def install(client: Client, sandbox: str | None, *, now: bool) -> int:
    """Write the units and have the socket listen, now and at each login.

    Args:
        client: of a daemon that may run already.
        sandbox: one of service_files.SANDBOXES; None: as it was.
        now: stop a daemon that prevents it.
    """
    _require_manager()
    directory = Path(unit.directory())
    wanted = service_files.for_systemd(
        service_files.program(), service_files.port(), sandbox or service_files.sandbox_of(directory)
    )
    service_files.refuse_strangers([directory / name for name in (*wanted, service_files.DROP_IN)])
    stop_unmanaged(client, lambda pid: unit.show(unit.SERVICE, "MainPID") == str(pid), now=now)
    paths.make_private(paths.state_dir())  # the strict sandbox lets the daemon write there, but not make it
    listened = unit.show(unit.SOCKET, "ActiveState") == "active"
    changed = [name for name, text in wanted.items() if service_files.write(directory / name, text)]
    for name in wanted:
        out(f"{'wrote   ' if name in changed else 'kept    '} {directory / name}")
    if service_files.DROP_IN not in wanted and service_files.remove(directory / service_files.DROP_IN):
        changed.append(service_files.DROP_IN)
        out(f"removed  {directory / service_files.DROP_IN}")
    _do("daemon-reload")
    _do("enable", "--now", unit.SOCKET)
    out(f"enabled  {unit.SOCKET}: the first connection starts xacctd")
    if listened:
        _take_up(changed, now=now)
    _advise()
    return OK


def status() -> int:
    """Say what is installed, and whether it is what install would write; 1 unless all is well."""
    directory = Path(unit.directory())
    wanted = service_files.for_systemd(
        service_files.program(), service_files.port(), service_files.sandbox_of(directory)
    )
    verdicts = [service_files.verdict(directory / name, text) for name, text in wanted.items()]
    for name, verdict in zip(wanted, verdicts, strict=True):
        out(f"{verdict:<14} {directory / name}")
    _require_manager()
    enabled = unit.systemctl("is-enabled", unit.SOCKET).stdout.strip() or "no"
    socket, service = unit.show(unit.SOCKET, "ActiveState"), unit.show(unit.SERVICE, "ActiveState")
    said = unit.show(unit.SERVICE, "StatusText")
    out(f"{unit.SOCKET}   enabled: {enabled}, {socket}")
    show(f"{unit.SERVICE}  {service}" + (f": {said}" if said else ""))
    well = (
        all(verdict == service_files.UP_TO_DATE for verdict in verdicts) and enabled == "enabled" and socket == "active"
    )
    return OK if well else FAILED


def uninstall() -> int:
    """Stop the service, and remove what install wrote."""
    directory = Path(unit.directory())
    files = [directory / name for name in (service_files.DROP_IN, unit.SOCKET, unit.SERVICE)]
    ours = [path for path in files if service_files.is_ours(path)]
    if not ours:
        out(f"nothing of ours is in {directory}")
        return OK
    if _manager_answers():
        names = [path.name for path in ours if path.parent == directory]
        held = unit.SERVICE in names and unit.active()
        if names:
            _do("disable", "--now", *names)
            out(f"stopped  {', '.join(names)}" + ("; what it held is gone" if held else ""))
    else:
        _unlink(directory / "sockets.target.wants" / unit.SOCKET)
    for path in ours:
        service_files.remove(path)
        out(f"removed  {path}")
    if _manager_answers():
        _do("daemon-reload")
    for name in (unit.SERVICE, unit.SOCKET):
        for path in sorted((directory / f"{name}.d").glob("*")):
            out(f"kept     {path}, which is yours")
    return OK


def _manager_answers() -> bool:
    try:
        return unit.systemctl("show-environment").returncode == 0
    except CtlError:
        return False


def _require_manager() -> None:
    if not _manager_answers():
        raise CtlError(
            "There is no systemd user manager here.",
            "After su or sudo there is none: log in as that user. Without one, xacctctl starts xacctd by itself.",
        )


def _take_up(changed: list[str], *, now: bool) -> None:
    """Have what runs take up what has changed, or say how: a restart is not ours to decide."""
    if not changed and not now:
        return
    what = unit.SOCKET if now or unit.SOCKET in changed else unit.SERVICE
    if unit.active() and not now:
        out(f"changed  {what}; to take it up: systemctl --user restart {what}")
    elif what == unit.SOCKET:
        _do("try-restart", what)  # and with it the service, if that runs
        out(f"restarted {what}")


def _advise() -> None:
    inherited = unit.systemctl("show-environment").stdout
    extra = _read(Path(paths.config_file()).parent / "environment")
    known = {line.partition("=")[0].strip() for line in (inherited + "\n" + extra).splitlines()}
    missing = [name for name in _READ if os.environ.get(name) and name not in known]
    if missing:
        out(f"note     set in this shell, not for the service: {', '.join(missing)}. See docs/service.md")
    if not Path("/var/lib/systemd/linger", getpass.getuser()).exists():
        out("note     it runs while you are logged in; to keep it running: loginctl enable-linger")


def _do(*words: str) -> None:
    done = unit.systemctl(*words)
    if done.returncode != 0:
        why = done.stderr.strip().partition("\n")[0] or "it does not say why."
        raise CtlError(
            f"systemctl --user {' '.join(words)} failed: {why}", f"systemctl --user status {unit.SOCKET}; ss -ltnp"
        )


def _read(path: Path) -> str:
    try:
        return fileio.read_text(path)
    except (OSError, ValueError):
        return ""


def _unlink(link: Path) -> None:
    if link.is_symlink():
        link.unlink()
        out(f"removed  {link}")
