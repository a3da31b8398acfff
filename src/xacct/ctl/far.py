"""What `ssh` has the far side do: take an environment from one session into another, without a file.

The environment must not stand in any argument (everybody there can list them), nor on a disk, and most servers take
no variables from us. So one session, which has no terminal, makes a directory of its own with a named pipe in it and
tells us its name; what we then write to that session goes through the pipe to the session with the terminal.
Both are short scripts for any sh, in words that csh and fish, too, take for one quoted argument: no ' ! or backslash.
"""

import re
from typing import Final

from xacct import wire
from xacct.ctl import shells, variables

LEND: Final = (
    "exec sh -c 'umask 077;"
    ' d=$(mktemp -d /tmp/xacct.XXXXXXXXXX) && mkfifo "$d/p" && echo "xacct lends $d/p" || exit 1;'
    ' set -- "$(cat)"; if [ -z "$1" ]; then rm -rf "$d"; exit 1; fi;'
    ' (printf %s "$1" >"$d/p") &'
    # not for ever: the session that should take it may never come; then opening the pipe both ways frees who writes
    ' i=0; while [ -d "$d" ] && [ $i -lt 30 ]; do sleep 1; i=$((i+1)); done;'
    ' if [ -d "$d" ]; then : <>"$d/p"; rm -rf "$d"; fi\''
)
"""The lender: prints the pipe's path, reads all of its stdin, and hands it to whoever opens the pipe."""

_LENT: Final = re.compile(r"xacct lends (/tmp/xacct\.\w+/p)")
_HERE_ONLY: Final = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "NO_PROXY", "no_proxy")

_THERE: Final = """\
set -- "${NO_PROXY:-$no_proxy}" "${no_proxy:-$NO_PROXY}"
export NO_PROXY="${1:+$1,}127.0.0.1,localhost"
[ "$2" = "*" ] || set -- "" "${2:+$2,}127.0.0.1,localhost"
export no_proxy="$2"
if grep -qs "^[[:space:]]*\\[default\\]" "${AWS_SHARED_CREDENTIALS_FILE:-$HOME/.aws/credentials}"; then
    echo "xacctctl: note: [default] in ~/.aws/credentials there would win over xacct; the file is left out." >&2
    export AWS_SHARED_CREDENTIALS_FILE=/dev/null
fi
"""


def lent(line: str) -> str | None:
    """Return the pipe's path if `line` is the lender's; a shell's start-up file may have printed others."""
    found = _LENT.fullmatch(line.rstrip("\r\n"))
    return found[1] if found else None


def borrow(pipe: str) -> str:
    """Return the command of the session that takes what is lent, removes the pipe, and becomes what was asked for."""
    # no variable: it could be one that they export
    return f'exec sh -c \'set -- "$(cat "$0")"; rm -rf "${{0%/*}}"; eval "${{1:-exit 1}}"\' {pipe}'


def script(role: str, grant: wire.GrantAnswer, command: str) -> str:
    """Return what is lent: the environment, and then `command` as sshd would run it, or a login shell."""
    change = variables.endpoint(role, grant, {})
    there = {name: value for name, value in change.set.items() if name not in _HERE_ONLY}
    environment = shells.sh(variables.Change(there, (*change.unset, _HERE_ONLY[0])))
    what = f"-c {shells.sh_quote(command)}" if command else "-l"
    return f'{environment}{_THERE}exec "${{SHELL:-/bin/sh}}" {what}\n'
