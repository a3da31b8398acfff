"""`hook`: what another program's own file of functions needs, so that it puts shells into roles.

A shell's own has it look at a directory once, at the first prompt in it: never in the midst of a line or of a script.
"""

from argparse import ArgumentParser, Namespace
from typing import Final

from xacct.ctl.client import Client
from xacct.ctl.failure import OK
from xacct.ctl.render import out
from xacct.ctl.verb import Verb

_SH: Final = """\
__xacct_cd() {
    local was=$? change
    if [ "$PWD" != "${__xacct_pwd-}" ]; then
        __xacct_pwd=$PWD
        change=$(xacctctl __project sh "${__xacct_seen-}") && eval "$change"
    fi
    return $was
}
"""

# One line, which is what tcsh's eval takes of a command's output. It keeps the status over a precmd by itself.
_TCSH: Final = """\
if ( ! $?__xacct_pwd ) eval 'set __xacct_pwd = ""; set __xacct_seen = ""'; \
alias __xacct_look 'set __xacct_pwd = "$cwd:q"; eval "`xacctctl __project tcsh $__xacct_seen:q`"'; \
alias __xacct_cd 'if ( "$cwd:q" != "$__xacct_pwd:q" ) eval __xacct_look'; \
set __xacct_precmd = "`alias precmd`"; \
if ( "$__xacct_precmd:q" !~ *__xacct_cd* ) alias precmd "__xacct_cd; $__xacct_precmd:q"
"""

HOOKS: Final = {
    "direnv": """\
# xacct: in an .envrc, "use xacct ROLE". Access lasts as long as the shell that direnv works for.
use_xacct() {
    local change
    change=$(xacctctl env "$@") || { eval "$change"; return 1; }
    eval "$change"
    watch_file "${XACCT_INSTEAD_OF_CONFIG_FILE:-${AWS_CONFIG_FILE:-$HOME/.aws/config}}"
}
""",
    "bash": _SH
    + """\
case ";${PROMPT_COMMAND[*]-};" in
    *__xacct_cd*) ;;
    *) PROMPT_COMMAND="__xacct_cd${PROMPT_COMMAND:+;$PROMPT_COMMAND}" ;;
esac
""",
    "zsh": _SH
    + """\
autoload -Uz add-zsh-hook
add-zsh-hook precmd __xacct_cd
""",
    "fish": """\
function __xacct_cd --on-event fish_prompt
    test "$PWD" = "$__xacct_pwd"; and return
    set -g __xacct_pwd $PWD
    xacctctl __project fish "$__xacct_seen" | source
end
""",
    "powershell": """\
function __xacct_cd {
    $at = (Get-Location -PSProvider FileSystem).ProviderPath
    if ($at -ceq $global:__xacct_pwd) { return }
    $global:__xacct_pwd = $at
    $PSNativeCommandUseErrorActionPreference = $false
    $was = $global:LASTEXITCODE
    $change = (xacctctl __project powershell "$global:__xacct_seen") -join "`n"
    $global:LASTEXITCODE = $was
    if ($change) { Invoke-Expression $change }
}
if ("$function:prompt" -notmatch '__xacct_cd') {
    Copy-Item Function:prompt Function:__xacct_prompt_before_cd -Force
    function prompt { __xacct_cd; __xacct_prompt_before_cd }
}
""",
    "xonsh": """\
def _xacct_cd():
    import subprocess
    at = ${...}.get('PWD')
    if at == _xacct_cd.at:
        return
    _xacct_cd.at = at
    words = ['xacctctl', '__project', 'xonsh', _xacct_cd.seen]
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, env=${...}.detype()).stdout
    execx(said or 'pass', glbs=globals())
_xacct_cd.at, _xacct_cd.seen = None, ''
if not any(getattr(each, '__name__', '') == '_xacct_look' for each in events.on_pre_prompt):
    @events.on_pre_prompt
    def _xacct_look(**_):
        _xacct_cd()
""",
    "tcsh": _TCSH,
}
SHELLS: Final = tuple(name for name in HOOKS if name != "direnv")
"""Those that look at directories."""


def hook(args: Namespace, _client: Client) -> int:
    """Print the functions for a program."""
    out(HOOKS[args.program].rstrip())
    return OK


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("program", choices=list(HOOKS))


VERBS = {
    "hook": Verb(
        "Print the functions with which another program puts shells into roles. A shell's have it look at each"
        " directory that it comes to: one with a trusted .xacct.toml (xacctctl trust) puts it into its role, and it"
        " leaves that with the directory; of one that is not trusted it tells. A role chosen by name stays. They are"
        " part of xacctctl init --project, too. direnv's go into its direnvrc; an .envrc then says: use xacct prod."
        " Access lasts as long as the shell in which direnv loaded it; an editor that was started there and outlives"
        " it needs a grant of its own: xacctctl exec --detach.",
        ('eval "$(xacctctl hook bash)"', "xacctctl hook direnv >> ~/.config/direnv/direnvrc"),
        hook,
        _declare,
        starts_daemon=False,
    ),
}
