"""What `xacctctl service` writes: the templates of xacct/units, filled in, and marked as ours."""

import os
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Final

from xacct import fileio, paths, tomlfile
from xacct.ctl import unit
from xacct.ctl.failure import CtlError

UNITS: Final = Path(__file__).parents[1] / "units"
"""In a checkout this leads to its systemd/ and launchd/."""

PLIST: Final = "dev.xacct.xacctd.plist"
DROP_IN: Final = f"{unit.SERVICE}.d/sandbox.conf"
SANDBOXES: Final = ("default", "strict", "none")
UP_TO_DATE: Final = "up to date"

_MARK: Final = "Written by `xacctctl service install"
_DEFAULT_PORT: Final = 9477
_LARGEST_PORT: Final = 65535


def program() -> list[str]:
    """Return the command that starts the daemon, for a manager that knows nothing of this shell.

    Raises:
        CtlError: it does not run without this shell's PYTHONPATH.
    """
    beside = Path(sys.executable).parent / "xacctd"
    # -P: the working directory is no place to import from.
    command = [str(beside)] if beside.exists() else [sys.executable, "-P", "-m", "xacct.daemon"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([*command, "--version"], env=environ, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise CtlError(
            f"`{' '.join(command)}` does not run on its own.",
            "Install xacct first: make install, or pipx install.",
        )
    return command


def port() -> int:
    """Return the endpoint's port: config.toml's, or 9477.

    Raises:
        CtlError: the file says something else.
    """
    path = paths.config_file()
    try:
        settings = tomlfile.read(path)
        found = settings.get("daemon", {}).get("port", _DEFAULT_PORT)
    except FileNotFoundError:
        return _DEFAULT_PORT
    except (OSError, ValueError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CtlError(f"{path} can't be read: {why}.", "docs/settings.md says what may stand in it.") from None
    if type(found) is not int or not 0 < found <= _LARGEST_PORT:
        raise CtlError(f"{path} has {found!r} as the port.", "A number from 1 to 65535.")
    return found


def for_systemd(command: list[str], number: int, sandbox: str) -> dict[str, str]:
    """Return what each file below the unit directory has to hold.

    Args:
        command: the daemon's.
        number: the endpoint's port.
        sandbox: one of SANDBOXES.
    """
    service = _template("systemd", unit.SERVICE).replace("@XACCTD@", _exec_line(command))
    socket = _template("systemd", unit.SOCKET).replace("@PORT@", str(number))
    files = {
        unit.SERVICE: f"# {_MARK}`. To change it: systemctl --user edit {unit.SERVICE}\n{service}",
        unit.SOCKET: f"# {_MARK}`. To change it: systemctl --user edit {unit.SOCKET}\n{socket}",
    }
    if sandbox != "default":
        files[DROP_IN] = f"# {_MARK} --sandbox {sandbox}`.\n{_template('systemd', sandbox + '.conf')}"
    return files


def for_launchd(command: list[str], number: int) -> str:
    """Return the text of the agent's file."""
    values = {
        "SOCKET": paths.socket_path(),
        "PORT": str(number),
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LOG": paths.log_file(),
    }
    head, line, rest = _template("launchd", PLIST).partition("\t\t<string>@XACCTD@</string>\n")
    text = head + "".join(line.replace("@XACCTD@", escape(word)) for word in command) + rest
    # The agent looks where this shell does. Nothing else of its environment is written down: a proxy has a password.
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        if os.environ.get(name):
            more = f"<key>{name}</key>\n\t\t<string>{escape(os.environ[name])}</string>\n\t\t<key>PATH</key>"
            text = text.replace("<key>PATH</key>", more)
    for name, value in values.items():
        text = text.replace(f"@{name}@", escape(value))
    return text.replace("<!-- xacctd", f"<!-- {_MARK}`.\n     xacctd", 1)


def is_ours(path: Path) -> bool:
    """Say whether a file was written by `xacctctl service install`."""
    try:
        return not path.is_symlink() and _MARK in "".join(fileio.read_text(path).splitlines()[:5])
    except (OSError, ValueError):
        return False


def verdict(path: Path, wanted: str) -> str:
    """Return, in three words at most, how a file compares with what install would write."""
    if not path.exists():
        return "not installed"
    if not is_ours(path):
        return "not ours"
    return UP_TO_DATE if fileio.read_text(path) == wanted else "out of date"


def sandbox_of(directory: Path) -> str:
    """Return the sandbox that is installed."""
    drop_in = directory / DROP_IN
    if not is_ours(drop_in):
        return "default"
    chosen = fileio.read_text(drop_in).partition("--sandbox ")[2].partition("`")[0]
    return chosen if chosen in SANDBOXES else "default"


def refuse_strangers(paths: list[Path]) -> None:
    """Refuse to write over what is not ours.

    Raises:
        CtlError: one of these is there and not ours.
    """
    for path in paths:
        if (path.exists() or path.is_symlink()) and not is_ours(path):  # guard: somebody-elses-unit-is-not-overwritten
            raise CtlError(f"{path} is there and was not written by xacctctl.", "Move it away and try again.")


def write(path: Path, text: str) -> bool:
    """Put a file in place at one go; say whether that changed anything."""
    if path.is_file() and fileio.read_text(path) == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fileio.write_private(path, text.encode(), 0o644)
    return True


def remove(path: Path) -> bool:
    """Remove a file of ours, and its directory if that was made for it alone; say whether it was there."""
    if not is_ours(path):
        return False
    path.unlink()
    if path.parent.name.endswith(".d") and not any(path.parent.iterdir()):
        shutil.rmtree(path.parent)
    return True


def _template(folder: str, name: str) -> str:
    return (UNITS / folder / name).read_text("utf-8")


def _exec_line(command: list[str]) -> str:
    """Quote for ExecStart= (systemd.service(5)): %, and from the second word on $, mean something there."""
    for word in command:
        if any(char in "\"'\\" or not char.isprintable() for char in word):
            raise CtlError(f"systemd can't start a program at {word!r}.", "Install xacct where no path has quotes.")
    first, *rest = (word.replace("%", "%%") for word in command)
    return " ".join(f'"{word}"' for word in (first, *(word.replace("$", "$$") for word in rest)))
