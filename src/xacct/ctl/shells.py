"""A change of environment, written for a shell or a program to read; and a failure, written so that its line fails."""

from __future__ import annotations

from xacct.ctl.failure import CtlError
from xacct.ctl.variables import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

_NOTICE: Final = "xacctctl env failed: its message is on stderr"
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_ENDS_IN_DOTENV: Final = frozenset("#$\\")
_QUOTES: Final = ("'", '"', "`")


class Shell:
    """A shell's language.

    Args:
        unset: the line that takes a variable away.
        export: the one that sets it.
        quoted: quotes its value.
        failing: the line that fails whatever reads it.
        gone: makes the line that fails where what wins has stayed; None: the shell ends by itself there.
    """

    def __init__(
        self,
        unset: str,
        export: str,
        quoted: Callable[[str], str],
        failing: str,
        gone: Callable[[Change], str] | None = None,
    ) -> None:
        self.unset = unset
        self.export = export
        self.quoted = quoted
        self.failing = failing
        self.gone = gone

    def written(self, change: Change) -> str:
        """Write `change`, for the shell to read."""
        lines = [self.unset.format(name=name) for name in change.unset]
        lines += [self.export.format(name=name, value=self.quoted(value)) for name, value in change.set.items()]
        if self.gone is not None and change.unset:
            lines.append(self.gone(change))  # guard: what-stays-in-the-shell-fails-the-line
        return "\n".join([*lines, ""])

    def failure(self, change: Change) -> str:
        """Write `change`, so that the line that reads it fails."""
        return self.written(change) + self.failing + "\n"


def sh_quote(value: str) -> str:
    """Return `value` in single quotes, for a POSIX shell."""
    return "'" + value.replace("'", "'\\''") + "'"


def _fish_quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell_quote(value: str) -> str:
    """PowerShell takes typographic single quotes for plain ones, so those are doubled too."""
    return "'" + "".join(char * (1 + (char in "'\u2018\u2019\u201a\u201b")) for char in value) + "'"


def _sh_gone(change: Change) -> str:
    """Return a test that what was to go is gone: bash goes on where it is read-only, or a function's own hid another.

    What is set anew (AWS_PROFILE, where [default] has keys) is there: that has to be ours.
    """
    left = "".join(f"${{{name}+x}}" for name in change.unset if name not in change.set)
    anew = [f' && [ "${{{name}-}}" = {sh_quote(change.set[name])} ]' for name in change.unset if name in change.set]
    return f'[ -z "{left}" ]{"".join(anew)}'


def _fish_gone(change: Change) -> str:
    """Return a test that what was to go is gone, but for what is universal; a function's own hides what is set."""
    left = (f"begin; not set -qx {name}; or set -qU {name}; end" for name in change.unset if name not in change.set)
    anew = (f'test "${name}" = {_fish_quote(change.set[name])}' for name in change.unset if name in change.set)
    return "; and ".join([*left, *anew])


# guard: failed-env-fails-its-line
sh: Final = Shell("unset {name}", "export {name}={value}", sh_quote, "false", _sh_gone)
"""For sh, bash, zsh, ksh: to be read by eval, which ends with a status that is not 0."""

# guard: failed-env-fails-its-line-in-fish
fish: Final = Shell("set -el {name}; set -eg {name}", "set -gx {name} {value}", _fish_quote, "false", _fish_gone)
"""To be read by source. Without a scope `set -e` would erase a universal variable, in every session and for good."""

powershell: Final = Shell(
    "Remove-Item Env:{name} -ErrorAction Ignore",
    "$env:{name} = {value}",
    _powershell_quote,
    f"throw {_powershell_quote(_NOTICE)}",
)
"""To be read by Invoke-Expression; a throw ends a script."""


def _xonsh(change: Change) -> str:
    """Write Python, for xonsh's execx."""
    lines = [f"${{...}}.pop({name!r}, None)" for name in change.unset]
    lines += [f"${{...}}[{name!r}] = {value!r}" for name, value in change.set.items()]
    return "\n".join([*lines, ""])


def _xonsh_failure(change: Change) -> str:
    return f"{_xonsh(change)}raise RuntimeError({_NOTICE!r})\n"


def _tcsh(change: Change) -> str:
    """Write one line, which is what tcsh's eval takes of a command's output; it has no word for an end of line.

    Raises:
        CtlError: a value has one.
    """
    if wrong := next((name for name, value in change.set.items() if "\n" in value), None):
        raise CtlError(f"The value of {wrong} has an end of line, which tcsh can't be told.", "xacctctl exec ROLE")
    said = [f"unsetenv {name}" for name in change.unset]
    said += [f"setenv {name} {_tcsh_quote(value)}" for name, value in change.set.items()]
    return "; ".join(said) + "\n"


def _tcsh_quote(value: str) -> str:
    """Quote for tcsh, whose history takes an exclamation mark even within quotes."""
    return "'" + value.replace("'", "'\\''").replace("!", "\\!") + "'"


def _tcsh_failure(change: Change) -> str:
    lines = Change({name: value for name, value in change.set.items() if "\n" not in value}, change.unset)
    return _tcsh(lines).rstrip("\n") + "; false\n"


def dotenv(change: Change) -> str:
    """Write a .env file that every reader takes to the same bytes: docker's --env-file, systemd, python-dotenv, npm.

    Raises:
        CtlError: a value or name has no such line. Docker knows no quotes, the others end a bare value at other signs.
    """
    return "".join(f"{_dotenv_name(name)}={_dotenv_value(name, value)}\n" for name, value in change.set.items())


def as_json(change: Change) -> str:
    """Write one JSON object, name to value; null means unset."""
    import json  # noqa: PLC0415 - of use to one format

    return json.dumps({**dict.fromkeys(change.unset), **change.set}, indent=2) + "\n"


def dotenv_failure(change: Change) -> str:
    """Write what Docker refuses as a line (a name with spaces); for who skips it, `change`, which leads to no role."""
    lines = ""
    for name, value in change.set.items():
        try:
            lines += dotenv(Change({name: value}, ()))
        except CtlError:
            pass  # a path of the user's own that has no such line
    return lines + f"{_NOTICE}\n"


def json_failure(_change: Change) -> str:
    """Write what is no JSON: an empty text is one that jq takes for a success."""
    return f"{_NOTICE}\n"


FORMATS: Final[dict[str, Callable[[Change], str]]] = {
    "sh": sh.written,
    "fish": fish.written,
    "powershell": powershell.written,
    "xonsh": _xonsh,
    "tcsh": _tcsh,
    "dotenv": dotenv,
    "json": as_json,
}
"""What `env` writes in each format."""

FAILURES: Final[dict[str, Callable[[Change], str]]] = {
    "sh": sh.failure,
    "fish": fish.failure,
    "powershell": powershell.failure,
    "xonsh": _xonsh_failure,
    "tcsh": _tcsh_failure,
    "dotenv": dotenv_failure,
    "json": json_failure,
}
"""What `env` writes instead when it fails: who reads it must not go on as if it had worked."""


def _dotenv_name(name: str) -> str:
    import re  # noqa: PLC0415 - of use to one format

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
