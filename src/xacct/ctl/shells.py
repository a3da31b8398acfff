"""A change of environment, written for a shell or a program to read; and a failure, written so that its line fails."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from xacct.ctl.failure import CtlError
from xacct.ctl.variables import Change

_NOTICE: Final = "xacctctl env failed: its message is on stderr"
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_ENDS_IN_DOTENV: Final = frozenset("#$\\")
_QUOTES: Final = ("'", '"', "`")


def sh(change: Change) -> str:
    """Write for sh, bash, zsh, ksh: to be read by eval."""
    lines = [f"unset {name}" for name in change.unset]
    lines += [f"export {name}={sh_quote(value)}" for name, value in change.set.items()]
    return "\n".join([*lines, ""])


def fish(change: Change) -> str:
    """Write for fish: to be read by source.

    Without a scope `set -e` would erase a universal variable, in every session and for good.
    """
    lines = [f"set -el {name}; set -eg {name}" for name in change.unset]
    lines += [f"set -gx {name} {_fish_quote(value)}" for name, value in change.set.items()]
    return "\n".join([*lines, ""])


def powershell(change: Change) -> str:
    """Write for PowerShell: to be read by Invoke-Expression."""
    lines = [f"Remove-Item Env:{name} -ErrorAction Ignore" for name in change.unset]
    lines += [f"$env:{name} = {_powershell_quote(value)}" for name, value in change.set.items()]
    return "\n".join([*lines, ""])


def dotenv(change: Change) -> str:
    """Write a .env file that every reader takes to the same bytes: docker's --env-file, systemd, python-dotenv, npm.

    Raises:
        CtlError: a value or name has no such line. Docker knows no quotes, the others end a bare value at other signs.
    """
    return "".join(f"{_dotenv_name(name)}={_dotenv_value(name, value)}\n" for name, value in change.set.items())


def as_json(change: Change) -> str:
    """Write one JSON object, name to value; null means unset."""
    return json.dumps({**dict.fromkeys(change.unset), **change.set}, indent=2) + "\n"


def sh_failure(change: Change) -> str:
    """Write `change` for a POSIX shell so that `eval` ends with a status that is not 0."""
    return sh(change) + "false\n"  # guard: failed-env-fails-its-line


def fish_failure(change: Change) -> str:
    """Write `change` for fish so that `source` ends with a status that is not 0."""
    return fish(change) + "false\n"  # guard: failed-env-fails-its-line-in-fish


def powershell_failure(change: Change) -> str:
    """Write `change` for PowerShell so that Invoke-Expression throws: that ends a script."""
    return powershell(change) + f"throw {_powershell_quote(_NOTICE)}\n"


def dotenv_failure(change: Change) -> str:
    """Write what Docker refuses as a line (a name with spaces); for who skips it, `change`, which leads to no role."""
    lines = ""
    for name, value in change.set.items():
        with suppress(CtlError):  # a path of the user's own that has no such line
            lines += dotenv(Change({name: value}, ()))
    return lines + f"{_NOTICE}\n"


def json_failure(_change: Change) -> str:
    """Write what is no JSON: an empty text is one that jq takes for a success."""
    return f"{_NOTICE}\n"


FORMATS: Final[dict[str, Callable[[Change], str]]] = {
    "sh": sh,
    "fish": fish,
    "powershell": powershell,
    "dotenv": dotenv,
    "json": as_json,
}
"""What `env` writes in each format."""

FAILURES: Final[dict[str, Callable[[Change], str]]] = {
    "sh": sh_failure,
    "fish": fish_failure,
    "powershell": powershell_failure,
    "dotenv": dotenv_failure,
    "json": json_failure,
}
"""What `env` writes instead when it fails: who reads it must not go on as if it had worked."""


def sh_quote(value: str) -> str:
    """Return `value` in single quotes, for a POSIX shell."""
    return "'" + value.replace("'", "'\\''") + "'"


def _fish_quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell_quote(value: str) -> str:
    """PowerShell takes typographic single quotes for plain ones, so those are doubled too."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value) + "'"


def _dotenv_name(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise CtlError(f"{name!r} is no name of a variable in a .env file.", "xacctctl env --help")
    return name


def _dotenv_value(name: str, value: str) -> str:
    """Return `value` if it can stand bare; spaces, `=` and quotes may stand within it, but not at its ends."""
    # guard: what-env-file-cannot-carry-is-refused
    bare = value.isprintable() and value == value.strip() and not value.startswith(_QUOTES)
    if bare and _ENDS_IN_DOTENV.isdisjoint(value):
        return value
    raise CtlError(
        f"The value of {name} has no line in a .env file that all programs read alike.",
        "Those with a line break, a quote at the start, # $ or \\ have none. Another --format has one for each.",
    )
