"""What `ssh` has the far side do: take an environment from one session into another, without a file.

Only where [default] there has credentials is there a file as well, for as long as the session is: a copy of the config
file, without anything of ours but a profile's name.

The environment must not stand in any argument (everybody there can list them), nor on a disk, and most servers take
no variables from us. So one session, which has no terminal, makes a directory of its own with a named pipe in it and
tells us its name; what we then write to that session goes through the pipe to the session with the terminal.
Both are short scripts for any sh, in words that csh and fish, too, take for one quoted argument: no ' ! or backslash.
"""

import re
from typing import Final

from xacct import wire
from xacct.copies.lines import LEADING, SHADOWING
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
"""


_SHADOWING: Final = r"""
BEGIN {
    split("@OPTIONS@", options, " "); for (i in options) shadowing[options[i]]
    split("@LEADING@", leads, " "); for (i in leads) leading[leads[i]]
}
{ sub(/^\357\273\277/, ""); sub(/\r$/, ""); match($0, /^[ \t]*/); indent = RLENGTH; deeper = (began && indent > last) }
/^[ \t]*\[[^]]*\]/ {
    section = $0
    sub(/^[ \t]*\[[ \t]*/, "", section); sub(/[ \t]*\].*/, "", section); sub(/^profile[ \t]+/, "", section)
    gsub(/["\047]/, "", section)
    names[section]; option = ""
    of_all = ($0 ~ /^[ \t]*\[DEFAULT\]/)
    if (!deeper) { began = 0; python = section; python_of_all = of_all }
    next
}
!/^[ \t]*([#;]|$)/ {
    if (!deeper) { began = 1; last = indent }
    name = tolower($0)
    sub(/^[ \t]*/, "", name); sub(/[ \t]*[=:].*/, "", name)
    if ((of_all || python_of_all && !deeper) && name in leading) given = 1
    if (python == "default" && !deeper && name in shadowing) won = 1
}
section != "default" || /^[ \t]*([#;]|$)/ { next }
{
    name = tolower($0)
    sub(/^[ \t]*/, "", name); sub(/[ \t]*[=:].*/, "", name)
    if (name in shadowing) won = 1
    match($0, /^[ \t]*/)
    if (option == "" || RLENGTH <= above) {
        option = name; above = RLENGTH
        kept = !(name in shadowing || name in said)
        said[name]
    }
    if (kept) settings = settings $0 "\n"
}
END {
    if (given && (won || "default" in names)) { print "?"; exit }
    if (!won) exit
    for (name = "xacct"; name in names; ) name = name "-"
    print name
    print "[profile " name "]"
    printf "%s", settings
}
""".replace("@OPTIONS@", " ".join(sorted(SHADOWING))).replace("@LEADING@", " ".join(sorted(LEADING)))
"""Reads AWS's files: prints nothing where [default] leads to no credentials, else the name and the lines of a profile
that has [default]'s settings alone; a question mark where [DEFAULT] gives it some, and could give them to ours too. The
files' order is that of their weight. For Python a heading that is indented deeper than the option above it is none."""

_RUN: Final = r"""
xacct_file() { case $1 in "~/"*) set -- "$HOME/${1#??}" ;; esac; [ ! -f "$1" ] || { cat "$1"; printf "\n[]\n"; }; }
set -- "$({
    xacct_file "${AWS_SHARED_CREDENTIALS_FILE:-$HOME/.aws/credentials}"
    xacct_file "${AWS_CONFIG_FILE:-$HOME/.aws/config}"
    xacct_file "$HOME/.aws/credentials"
    xacct_file "${AWS_CREDENTIAL_PROFILES_FILE:-/}"
} | LC_ALL=C awk '@AWK@' || echo '?')"
[ "$1" ] || exec @COMMAND@
set -- "$1" "$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/xacct.XXXXXXXXXX" 2>/dev/null || mktemp -d /tmp/xacct.XXXXXXXXXX)"
# whatever ends the program ends it first: then the copy goes
trap : HUP INT QUIT TERM
if [ "$1" != "?" ] && [ "$2" ] && (
    umask 077
    { xacct_file "${AWS_CONFIG_FILE:-$HOME/.aws/config}" | sed '$d'; printf "%s\n" "$1" | sed 1d; } >"$2/config" &&
    cp "$2/config" "$2/before"
); then
    echo "xacctctl: note: [default] there would win over xacct; programs without a profile have a profile without" \
        "credentials, in a copy of the config file. Other profiles are what they are." >&2
else
    [ -z "$2" ] || rm -rf "$2"
    echo "xacctctl: Whether [default] there would win over xacct can't be told, or it can't be helped: nothing was" \
        "started. There has to be an awk, and room in /tmp." >&2
    exit 1
fi
AWS_PROFILE="$(printf "%s\n" "$1" | sed 1q)" AWS_CONFIG_FILE="$2/config" @COMMAND@
set -- "$2" $?
if cmp -s "$1/config" "$1/before"; then
    rm -rf "$1"
else
    rm -f "$1/before"
    echo "xacctctl: note: what was written to the config file there went into a copy, $1/config, which is kept." >&2
fi
exit "$2"
"""
"""Becomes the command; where [default] there would win, starts it with a profile of ours, and removes that after it."""


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
    environment = shells.sh.written(variables.Change(there, (*change.unset, _HERE_ONLY[0])))
    what = f"-c {shells.sh_quote(command)}" if command else "-l"
    program = f'"${{SHELL:-/bin/sh}}" {what}'
    return f"{environment}{_THERE}{_RUN.replace('@AWK@', _SHADOWING).replace('@COMMAND@', program)}"
