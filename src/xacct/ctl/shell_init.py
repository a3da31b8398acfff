"""What an rc file reads (`xacctctl init`): xuse, xleave, and a segment of the prompt, in each shell's language."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

_SH_FUNCTIONS: Final = """\
xuse() {
    local change
    case " $* " in *" -h "* | *" --help "*) xacctctl env --help; return ;; esac
    change=$(xacctctl env "$@") || { eval "$change"; return 1; }
    eval "$change"
}
xleave() {
    local change
    change=$(xacctctl leave) && eval "$change"
}
"""

_BASH: Final = (
    _SH_FUNCTIONS
    + """\
_xuse() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$(printf %q "$line")")
    done < <(xacctctl __complete env "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _xuse xuse
"""
)
_BASH_PROMPT: Final = """\
__xacct_prompt() {
    [ -n "${XACCT_ROLE-}" ] || return 0
    local said
    said=$(xacctctl status --prompt --colour bash 2>/dev/null) && printf '%s' "${said:+$said }"
}
case ${PS1-} in *__xacct_prompt*) ;; *) PS1='$(__xacct_prompt)'${PS1-} ;; esac
"""

_ZSH: Final = (
    _SH_FUNCTIONS
    + """\
_xuse() {
    local -a found
    found=(${(f)"$(xacctctl __complete env "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    (( $#found )) && compadd -a found
}
(( $+functions[compdef] )) && compdef _xuse xuse
"""
)
_ZSH_PROMPT: Final = """\
__xacct_prompt() {
    [[ -n ${XACCT_ROLE-} ]] || return 0
    local said
    said=$(xacctctl status --prompt --colour zsh 2>/dev/null) && print -rn -- ${said:+"$said "}
}
setopt prompt_subst
[[ $PROMPT == *__xacct_prompt* ]] || PROMPT='$(__xacct_prompt)'$PROMPT
"""

# guard: xuse-in-fish-takes-away-a-functions-own
_FISH_XUSE: Final = "function xuse --no-scope-shadowing --description 'Put this shell into a role of AWS'\n"
_FISH: Final = (
    _FISH_XUSE
    + """\
    if contains -- -h $argv; or contains -- --help $argv
        xacctctl env --help
        return
    end
    set -l change (xacctctl env $argv --format fish | string collect -N)
    set -l ended $pipestatus[1]
    printf '%s' "$change" | source; and test "$ended" = 0
end
function xleave --description 'Take this shell out of its role'
    xacctctl leave --format fish | source
end
complete -c xuse -f -a '(xacctctl __complete env (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
"""
)
_FISH_PROMPT: Final = """\
if not functions -q __xacct_former_right_prompt
    if functions -q fish_right_prompt
        functions -c fish_right_prompt __xacct_former_right_prompt
    else
        function __xacct_former_right_prompt
        end
    end
end
function fish_right_prompt
    test -n "$XACCT_ROLE"; and xacctctl status --prompt --colour ansi 2>/dev/null | string collect
    __xacct_former_right_prompt
end
"""

_POWERSHELL: Final = """\
function xuse {
    if ($args -contains '-h' -or $args -contains '--help') { xacctctl env --help; return }
    $PSNativeCommandUseErrorActionPreference = $false
    $change = (xacctctl env @args --format powershell) -join "`n"
    Invoke-Expression $change
}
function xleave { (xacctctl leave --format powershell) -join "`n" | Invoke-Expression }
Register-ArgumentCompleter -Native -CommandName xuse -ScriptBlock {
    param($partial, $line)
    $words = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
    if ($partial -eq '') { $words += '' }
    xacctctl __complete env @words 2>$null
}
"""
_POWERSHELL_PROMPT: Final = """\
if (-not (Test-Path Function:__xacct_former_prompt)) { Copy-Item Function:prompt Function:__xacct_former_prompt }
function prompt {
    $former = __xacct_former_prompt
    if (-not $env:XACCT_ROLE) { return $former }
    $said = xacctctl status --prompt --colour ansi 2>$null
    if ($said) { "$said $former" } else { $former }
}
"""

# By Python's subprocess: `$(...)` raises where xacctctl fails, and what it has written to lead out of the role is lost.
_XONSH: Final = """\
def _xacct_said(*words, **how):
    import subprocess
    run = subprocess.run(['xacctctl', *words], stdout=subprocess.PIPE, text=True, env=${...}.detype(), **how)
    return run.stdout
def _xuse(args):
    if '-h' in args or '--help' in args:
        print(_xacct_said('env', '--help'), end='')
        return 0
    try:
        execx(_xacct_said('env', *args, '--format', 'xonsh'))
    except RuntimeError:
        return 1
    return 0
def _xleave(args):
    execx(_xacct_said('leave', '--format', 'xonsh'))
def _xuse_completes(context):
    command = context.command
    if command is None or not command.args or command.args[0].value != 'xuse':
        return None
    words = [arg.value for arg in command.args[1:command.arg_index]]
    return set(_xacct_said('__complete', 'env', *words, command.prefix, stderr=-3).splitlines())
def _xacct_begins():
    from xonsh.completers.completer import add_one_completer
    from xonsh.completers.tools import contextual_completer
    from xonsh.tools import unthreadable
    aliases['xuse'], aliases['xleave'] = unthreadable(_xuse), unthreadable(_xleave)
    add_one_completer('xuse', contextual_completer(_xuse_completes), 'start')
_xacct_begins()
"""
_XONSH_PROMPT: Final = """\
def _xacct_prompt():
    if not ${...}.get('XACCT_ROLE'):
        return None
    return _xacct_said('status', '--prompt', stderr=-3).strip() or None
$PROMPT_FIELDS['xacct'] = _xacct_prompt
if isinstance($PROMPT, str) and '{xacct' not in $PROMPT:
    $PROMPT = '{xacct:{} }' + $PROMPT
"""

# The words stand in the backquotes as they were typed: a variable's would be taken apart there.
_TCSH: Final = """\
alias xuse 'set __xacct_words = ( \\!* ); set __xacct_help = 0; \
if ( " $__xacct_words " =~ *\\ -h\\ * || " $__xacct_words " =~ *\\ --help\\ * ) set __xacct_help = 1; \
if ( $__xacct_help ) xacctctl env --help; \
test $__xacct_help = 1 || eval "`xacctctl env --format tcsh \\!*`"'; \
alias xleave 'set __xacct_words = ( \\!* ); eval "`xacctctl leave --format tcsh`"'; \
complete xuse 'p/1/`xacctctl __complete env ""`/'
"""
_TCSH_PROMPT: Final = """\
if ( $?prompt && ! $?xacct_prompt ) eval 'set xacct_prompt = "$prompt"'; \
alias __xacct_prompt 'set xacct_role = "`xacctctl status --prompt`"; \
if ( "$xacct_role" != "" ) set xacct_role = "$xacct_role "; set prompt = "$xacct_role$xacct_prompt:q"'; \
set __xacct_precmd = "`alias precmd`"; \
if ( $?prompt && "$__xacct_precmd:q" !~ *__xacct_prompt* ) alias precmd "__xacct_prompt; $__xacct_precmd:q"
"""

SHELLS: Final[dict[str, tuple[str, str]]] = {
    "bash": (_BASH, _BASH_PROMPT),
    "zsh": (_ZSH, _ZSH_PROMPT),
    "fish": (_FISH, _FISH_PROMPT),
    "powershell": (_POWERSHELL, _POWERSHELL_PROMPT),
    "xonsh": (_XONSH, _XONSH_PROMPT),
    "tcsh": (_TCSH, _TCSH_PROMPT),
}
"""For each shell the functions, and what puts the role into its prompt."""

_SHORT_SH: Final = """\
if ! command -v {name} >/dev/null 2>&1 || [[ "$(typeset -f {name})" == *xacctctl* ]]; then
    {name}() {{ xacctctl "$@"; }}
    {complete}
else
    echo "xacctctl: {name} is another command here, and stays it." >&2
fi
"""
SHORT: Final = {
    "bash": _SHORT_SH.replace(
        "{complete}", "declare -F _xacctctl >/dev/null && complete -o bashdefault -o default -F _xacctctl {name}"
    ),
    "zsh": _SHORT_SH.replace("{complete}", "(( $+functions[_xacctctl] )) && compdef _xacctctl {name}"),
    "fish": """\
if not type -q {name}; or functions {name} 2>/dev/null | string match -q '*xacctctl*'
    function {name} --wraps xacctctl
        xacctctl $argv
    end
else
    echo "xacctctl: {name} is another command here, and stays it." >&2
end
""",
}
"""A short name for the command, where nothing else is called so: looked for in the shell, which knows its functions."""


def short(shell: str, name: str) -> str:
    """Return what makes `name` a name of xacctctl."""
    return SHORT[shell].format(name=name).rstrip("\n")


def joined(shell: str, parts: Iterable[str]) -> str:
    """Return what the shell's rc file reads, of its parts; tcsh's is one line, for its eval knows no other."""
    return ("; " if shell == "tcsh" else "\n").join(part.rstrip("\n") for part in parts)
