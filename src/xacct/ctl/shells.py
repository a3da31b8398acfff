"""A change of environment, written for a shell to read, every value quoted."""

import json
import re
from collections.abc import Callable
from typing import Final

from xacct.ctl.variables import Change

_PLAIN: Final = r"[A-Za-z0-9_./:@%+,-]+"


def sh(change: Change) -> str:
    """Write for sh, bash, zsh, ksh: to be read by eval."""
    lines = [f"unset {name}" for name in change.unset]
    lines += [f"export {name}={sh_quote(value)}" for name, value in change.set.items()]
    return "\n".join([*lines, ""])


def fish(change: Change) -> str:
    """Write for fish: to be read by source."""
    lines = [f"set -e {name}" for name in change.unset]
    lines += [f"set -gx {name} {_fish_quote(value)}" for name, value in change.set.items()]
    return "\n".join([*lines, ""])


def powershell(change: Change) -> str:
    """Write for PowerShell: to be read by Invoke-Expression."""
    lines = [f"Remove-Item Env:{name} -ErrorAction Ignore" for name in change.unset]
    lines += [f"$env:{name} = {_powershell_quote(value)}" for name, value in change.set.items()]
    return "\n".join([*lines, ""])


def dotenv(change: Change) -> str:
    """Write a .env file. Plain values stay bare, for `docker run --env-file`."""
    return "".join(f"{name}={_dotenv_quote(value)}\n" for name, value in change.set.items())


def as_json(change: Change) -> str:
    """Write one JSON object, name to value; null means unset."""
    return json.dumps({**dict.fromkeys(change.unset), **change.set}, indent=2) + "\n"


FORMATS: Final[dict[str, Callable[[Change], str]]] = {
    "sh": sh,
    "fish": fish,
    "powershell": powershell,
    "dotenv": dotenv,
    "json": as_json,
}


def sh_quote(value: str) -> str:
    """Return `value` in single quotes, for a POSIX shell."""
    return "'" + value.replace("'", "'\\''") + "'"


def _fish_quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell_quote(value: str) -> str:
    """PowerShell takes typographic single quotes for plain ones, so those are doubled too."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value) + "'"


def _dotenv_quote(value: str) -> str:
    if re.fullmatch(_PLAIN, value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
