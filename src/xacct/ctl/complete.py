"""`completion`, and the hidden `__complete WORDS...` and `__describe`: fast, silent, never starting a daemon."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import pairwise
from typing import Final, TypeVar

from xacct import paths, wire
from xacct.ctl import hosts
from xacct.ctl.client import Client
from xacct.ctl.failure import OK, CtlError
from xacct.ctl.listing import account, iam_role
from xacct.ctl.render import out
from xacct.ctl.verb import NO_START, WHERE, Verb
from xacct.text import clean, cut

T = TypeVar("T")

_PATIENCE: Final = 0.5
"""Seconds: somebody waits with a finger on the tab key."""

_DESCRIBED: Final = 60
"""Characters of a description."""

_NARROWING: Final = ("--read-only", "--policy", "--allow", "--on", "--regions", "--scope")

OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "login": ("--again", "--code", "--device-code", "--for", "--lazy", "--until"),
    "logout": ("--all",),
    "status": ("--json", "--filter", "--sort", "--group", "--watch", "--prompt", "--colour"),
    "roles": ("--json", "--filter", "--sort"),
    "whoami": ("--offline", "--json"),
    "verify": ("--all", "--json"),
    "console": (
        "--service",
        "--destination",
        "--region",
        "--print",
        "--copy",
        "--browser",
        "--container",
        "--logout",
    ),
    "policy": ("--format", "--part", "--principal"),
    "env": ("--format", "--pid", "--imds", "--static", "--lifetime", "--region", *_NARROWING, "--ttl"),
    "leave": ("--format",),
    "exec": (
        *("--imds", "--static", "--lifetime", "--detach", "--parallel", "--region", *_NARROWING, "--ttl"),
        *("--sandbox", "--keep", "--write", "--hide", "--keep-env", "--no-network"),
    ),
    "ssh": (*_NARROWING, "--ttl"),
    "init": ("--no-prompt", "--project", "--short"),
    "trust": ("--catalogue", "--list", "--yes"),
    "untrust": ("--catalogue",),
    "process": ("--lifetime", *_NARROWING, "--ttl"),
    "mcp": ("--role", "--scope", "--ttl", "--allow-unscoped"),
    "configure": ("--all", "--prefix", "--suffix", "--remove", "--dry-run"),
    "accounts": (
        "--json",
        "--csv",
        "--names",
        "--refresh",
        "--profile-template",
        "--region",
        "--accounts",
        "--roles",
        "--prune",
        "--dry-run",
        "--yes",
    ),
    "attend": ("--pinentry",),
    "doctor": ("--json", "--role"),
    "audit": ("--follow", "--role", "--grant", "--since", "--json", "--html", "--force"),
    "agent install": ("--mcp", "--role", "--dry-run", "--yes", "--project", *_NARROWING, "--ttl"),
    "agent uninstall": ("--yes", "--project"),
    "grants create": ("--role-arn", "--via", "--label", "--ttl", "--json", *_NARROWING),
    "keys add": ("--no-check",),
    "keys import": ("--yes", "--dry-run"),
    "keys remove": ("--yes",),
    "keys rotate": ("--delete", "--finish", "--yes"),
    "mfa list": ("--json",),
    "mfa add": ("--qr", "--yes"),
    "mfa remove": ("--yes",),
    "service install": ("--now", "--sandbox"),
    "service uninstall": ("--purge",),
}
"""Here once more so that completing needs no parser; a test holds both lists equal."""

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "accounts": ("sync",),
    "agent": ("list", "install", "uninstall"),
    "grants": ("list", "create", "revoke"),
    "keys": ("list", "add", "import", "rotate", "remove"),
    "mfa": ("list", "add", "remove"),
    "docker": ("run", "compose", "doctor", "setup"),
    "podman": ("run", "compose", "doctor", "setup"),
    "completion": ("bash", "zsh", "fish", "powershell", "xonsh", "tcsh"),
    "hook": ("direnv", "bash", "zsh", "fish", "powershell", "xonsh", "tcsh"),
    "init": ("bash", "zsh", "fish", "powershell", "xonsh", "tcsh"),
    "service": ("install", "status", "uninstall"),
}
VALUES: Final[dict[str, tuple[str, ...]]] = {
    "--format": ("sh", "fish", "powershell", "xonsh", "tcsh", "dotenv", "json"),
    "policy --format": ("json", "cloudformation", "terraform"),
    "--part": ("trust", "caller"),
    "--for": ("1h", "4h", "8h", "12h"),
    "--lifetime": ("1h", "4h", "12h"),
    "--ttl": ("20m", "1h", "8h"),
    "--since": ("1h", "8h", "1d"),
    "--sort": ("name", "account", "role", "state", "expires", "mfa", "used"),
    "--group": ("account", "group"),
    "--colour": ("ansi", "bash", "zsh"),
    "--sandbox": ("default", "strict", "none"),
}
AGENTS: Final = ("claude-code", "codex", "cursor", "vscode", "gemini")
"""Those of agent/tools.py, once more as the options are."""

_VALUED: Final = frozenset(
    {
        *VALUES,
        "--parallel",
        *_NARROWING[1:],
        *("--code", "--until", "--pid", "--ttl", "--label", "--role", "--role-arn", "--via", "--prefix", "--suffix"),
        *("--catalogue", "--principal", "--service", "--destination", "--browser", "--qr", "--grant", "--html"),
        *("--profile-template", "--region", "--accounts", "--roles", "--filter"),
    }
)
_ONE_ROLE: Final = frozenset({"whoami", "console", "explain", "policy", "env", "exec", "ssh", "process"})
_MANY_ROLES: Final = frozenset({"login", "logout", "status", "verify", "configure"})
SCRIPTS: Final = {
    "bash": """\
_xacctctl() {
    local line i cur=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            if declare -F _command_offset >/dev/null; then
                _command_offset $((i + 1))
            elif ((COMP_CWORD == i + 1)); then
                while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$cur")
            fi
            return
        fi
    done
    while IFS= read -r line; do
        COMPREPLY+=("$(printf %q "$line")")
    done < <(xacctctl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _xacctctl xacctctl
""",
    "zsh": """\
#compdef xacctctl
_xacctctl() {
    local -a found
    local dashes=${words[(i)--]}
    if (( dashes < CURRENT )); then
        shift $dashes words
        (( CURRENT -= dashes ))
        _normal
        return
    fi
    local line
    local -a shown
    for line in ${(f)"$(xacctctl __describe "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
        found+=("${line%%$'\\t'*}")
        if [[ $line == *$'\\t'* ]]; then shown+=("${line%%$'\\t'*}  -- ${line#*$'\\t'}"); else shown+=("$line"); fi
    done
    if (( $#found )); then compadd -l -d shown -a found; else _default; fi
}
compdef _xacctctl xacctctl
""",
    "fish": """\
function __xacctctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    if set -l dashes (contains --index -- -- $words)
        set -l behind (string escape -- $words[(math $dashes + 1)..-1])
        complete -C (string join ' ' -- $behind "$current")
        return
    end
    xacctctl __describe $words[2..-1] "$current" 2>/dev/null
end
complete -c xacctctl -f -a '(__xacctctl_complete)'
""",
    "powershell": """\
Register-ArgumentCompleter -Native -CommandName xacctctl -ScriptBlock {
    param($partial, $line)
    $words = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
    if ($partial -eq '') { $words += '' }
    xacctctl __complete @words 2>$null
}
""",
    "xonsh": """\
def _xacctctl(context):
    import subprocess
    command = context.command
    if command is None or not command.args or command.args[0].value != 'xacctctl':
        return None
    words = [arg.value for arg in command.args[1:command.arg_index]]
    words = ['xacctctl', '__complete', *words, command.prefix]
    found = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=${...}.detype())
    return set(found.stdout.splitlines()) or None
def _xacctctl_begins():
    from xonsh.completers.completer import add_one_completer
    from xonsh.completers.tools import contextual_completer
    add_one_completer('xacctctl', contextual_completer(_xacctctl), 'start')
_xacctctl_begins()
""",
    "tcsh": """\
complete xacctctl 'p/1/`xacctctl __complete ""`/' 'p/2/`xacctctl __complete $:1 ""`/'
""",
}
"""Behind two dashes stands another command: bash, zsh and fish complete it as they do at the start of a line."""


def candidates(words: list[str]) -> int:
    """Print what may replace the last of `words` (those after `xacctctl`); never fails."""
    for word in _candidates(words[:-1], words[-1] if words else ""):
        out(word)
    return OK


def described(words: list[str]) -> int:
    """Print the same, with a tab and what each is behind it; never fails."""
    before, partial = words[:-1], words[-1] if words else ""
    found = _candidates(before, partial)
    what = _descriptions([word for word in before if word != NO_START], partial)
    for word in found:
        sys.stdout.write(f"{clean(word)}\t{what[word]}\n" if what.get(word) else f"{clean(word)}\n")
    return OK


def _descriptions(words: list[str], partial: str) -> dict[str, str]:
    """Return what words are that may come next: verbs, options, roles."""
    if not words:
        return {name: what for name, (_, what) in WHERE.items()}
    if partial.startswith("-"):
        return _of_options(words)
    return {row["name"]: clean(f"{account(row)} {iam_role(row)}").strip() for row in _role_rows()}


def _of_options(words: list[str]) -> dict[str, str]:
    """Return the first sentence of each option's help, as the verb's parser has it."""
    from xacct.ctl.arguments import parser  # noqa: PLC0415 - of use to options alone
    from xacct.ctl.verb import load  # noqa: PLC0415

    if words[0] not in WHERE:
        return {}
    made = parser(words[0], load(words[0]))
    below = [each.choices for each in made._actions if isinstance(each.choices, dict)]  # noqa: SLF001 - no other way
    chosen = [each[words[1]] for each in below if len(words) > 1 and words[1] in each]
    actions = (action for each in (made, *chosen) for action in each._actions)  # noqa: SLF001
    return {name: _short(action.help or "") for action in actions for name in action.option_strings}


def _short(text: str) -> str:
    """Return the beginning of a help's sentence."""
    first = clean(text).partition(". ")[0].partition("; ")[0].partition(": ")[0]
    return cut(first, _DESCRIBED)


def completion(args: Namespace, _client: Client) -> int:
    """Print the completion script of a shell."""
    out(SCRIPTS[args.shell].rstrip())
    return OK


def _candidates(before: list[str], partial: str) -> list[str]:
    _role_rows.cache_clear()
    words = [word for word in before if word != NO_START]
    if "--" in words:
        return []  # the rest is not ours
    if words[:1] == ["ssh"] and not _no_role_yet(words):
        return hosts.matching(words[1:], partial)
    found = _after(words, partial)
    return [word for word in found if word.startswith(partial) and word not in words]


def _after(words: list[str], partial: str) -> tuple[str, ...] | list[str]:
    if not words:
        return ("--help", "--version", NO_START) if partial.startswith("-") else list(WHERE)
    verb, last = words[0], words[-1]
    if last in _VALUED:
        return _values(verb, last)
    if partial.startswith("-"):
        return (*OPTIONS.get(" ".join(words[:2]), OPTIONS.get(verb, ())), "--help", NO_START)
    if verb in WORDS and len(words) == 1:
        return WORDS[verb]
    if verb in _MANY_ROLES or (verb in _ONE_ROLE and _no_role_yet(words)):
        return _roles()
    asked = _ASKED.get(tuple(words[:3])) or _ASKED.get(tuple(words[:2]))
    return asked() if asked else ()


def _values(verb: str, option: str) -> tuple[str, ...] | list[str]:
    """Return what may follow an option."""
    asked = {"--role": _roles, "--via": _roles, "--grant": _grants, "--catalogue": _catalogues}.get(option)
    return asked() if asked else VALUES.get(f"{verb} {option}", VALUES.get(option, ()))


def _no_role_yet(words: list[str]) -> bool:
    pairs = pairwise(words)
    return all(word.startswith("-") or before in _VALUED for before, word in pairs)


def _roles() -> list[str]:
    return [role["name"] for role in _role_rows()]


@cache
def _role_rows() -> list[wire.RoleInfo]:
    answer = _told(wire.ROLES, wire.RolesAnswer)
    return [role for role in answer["roles"] if role["name"].isprintable()] if answer else []


def _grants() -> list[str]:
    answer = _told(wire.GRANTS, wire.GrantsAnswer)
    return [grant["id"] for grant in answer["grants"] if grant["id"].isprintable()] if answer else []


def _keys() -> list[str]:
    answer = _told(wire.KEYS, wire.KeysAnswer)
    return [key["profile"] for key in answer["keys"] if key["profile"].isprintable()] if answer else []


def _catalogues() -> list[str]:
    from xacct.ctl import catalogue  # noqa: PLC0415 - of use to one option

    with suppress(CtlError):
        return catalogue.names()
    return []


def _told(path: str, shape: type[T]) -> T | None:
    with suppress(CtlError, OSError):
        return Client(paths.socket_path()).call("GET", path, shape, timeout=_PATIENCE)
    return None


_ASKED: Final[dict[tuple[str, ...], Callable[[], list[str]]]] = {
    **{("agent", action): lambda: list(AGENTS) for action in ("install", "uninstall")},
    **{("agent", "install", name): _roles for name in AGENTS},
    ("grants", "create"): _roles,
    ("grants", "revoke"): _grants,
    ("keys", "import"): _roles,
    ("keys", "remove"): _keys,
    ("keys", "rotate"): _keys,
    ("mfa", "list"): _roles,
    **{(verb, action): _roles for verb in ("docker", "podman") for action in ("run", "compose", "doctor")},
}
"""What the words behind a verb's action are."""


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=list(SCRIPTS))


VERBS = {
    "completion": Verb(
        "Print a completion script: verbs, options and the names of your roles.",
        (
            "source <(xacctctl completion bash)                              in ~/.bashrc",
            "source <(xacctctl completion zsh)                               in ~/.zshrc",
            "xacctctl completion fish > ~/.config/fish/completions/xacctctl.fish",
            "xacctctl completion powershell | Out-String | Invoke-Expression in $PROFILE",
            "execx($(xacctctl completion xonsh))                             in ~/.xonshrc",
            'eval "`xacctctl completion tcsh`"                               in ~/.tcshrc',
        ),
        completion,
        _declare,
        starts_daemon=False,
    ),
}
