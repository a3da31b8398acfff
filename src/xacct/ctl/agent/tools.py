"""The coding agents there are, and what in the settings of each gives its shells another environment.

docs/agent-install.md says it for people. A new one is an entry of TOOLS. Each says where its documentation has it from,
or its source where that is silent.
"""

import shlex
import sys
import tomllib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from xacct.ctl.agent.look import UNSET
from xacct.ctl.agent.parts import Members, Whole
from xacct.ctl.agent.record import Part
from xacct.ctl.agent.tables import ENVIRONMENT, SERVER, Tables
from xacct.ctl.failure import CtlError
from xacct.text import clean

SERVER_NAME: Final = "xacct"
"""What the MCP server is called in an agent's settings."""


class Place(NamedTuple):
    """Whose settings are changed.

    Attributes:
        home: the user's home directory.
        project: a directory; None: the user's own settings, for all of them.
        environ: the environment in which the agent would be started.
    """

    home: str
    project: str | None
    environ: Mapping[str, str]


Shells = Callable[[Place, Mapping[str, str], str], list[Part]]
"""The parts that lead shells, by the variables they are to have and how the installation is taken away again."""

Server = Callable[[Place, list[str]], Part]
"""The part that registers an MCP server, by its command."""


class Tool(NamedTuple):
    """One agent.

    Attributes:
        title: what it is called.
        shells: what leads its shells.
        server: what registers an MCP server.
        then: what is to be done afterwards; `{}` stands for a launcher, where there is one.
        refuse: raises why its shells can't be led by the content of a file, given a way to read one.
    """

    title: str
    shells: Shells
    server: Server
    then: str
    refuse: Callable[[Place, Callable[[str], bytes]], None] = lambda _place, _read: None


def _directory(place: Place, variable: str, usual: str) -> str:
    """Return the directory that a variable of an agent's names, or its usual one.

    Raises:
        CtlError: which one that is depends on where the agent is started.
    """
    named = place.environ.get(variable) or usual
    if not named.startswith("/"):  # guard: settings-are-not-of-the-working-directory
        raise CtlError(
            f"{variable} is {clean(named)}: another directory wherever the agent is started.", "Name it from / on."
        )
    return named


# --- Claude Code: code.claude.com/docs/en/settings, /env-vars ("env": variables of each session and its
# subprocesses), /mcp (user servers in ~/.claude.json, a project's in .mcp.json). Run: 2.1.332.


def _claude(place: Place) -> str:
    return _directory(place, "CLAUDE_CONFIG_DIR", f"{place.home}/.claude")


def _claude_settings(place: Place) -> str:
    return f"{place.project}/.claude/settings.local.json" if place.project else f"{_claude(place)}/settings.json"


def _claude_shells(place: Place, environment: Mapping[str, str], _undo: str) -> list[Part]:
    return [Members(_claude_settings(place), {"env": dict(environment)})]


def _claude_server(place: Place, command: list[str]) -> Part:
    own = f"{_claude(place)}/.claude.json" if place.environ.get("CLAUDE_CONFIG_DIR") else f"{place.home}/.claude.json"
    return _server(f"{place.project}/.mcp.json" if place.project else own, "mcpServers", command)


def _no_bedrock(place: Place, read: Callable[[str], bytes]) -> None:
    """Its own calls of a model would be made with the narrower credentials, too."""
    # guard: bedrock-of-a-project-is-seen
    shared = {f"{place.project}/.claude/settings.json"} if place.project else set()
    files = {f"{_claude(place)}/settings.json", _claude_settings(place)} | shared
    named = any(b'"CLAUDE_CODE_USE_BEDROCK"' in read(path) for path in files)
    if named or place.environ.get("CLAUDE_CODE_USE_BEDROCK"):  # guard: bedrock-keeps-its-own-credentials
        raise CtlError(
            "Claude Code asks Amazon Bedrock here, and has one environment for that and for its shells.",
            "Narrow what it starts instead: xacctctl exec ROLE --read-only -- COMMAND. --mcp alone can be installed.",
        )


# --- Codex: learn.chatgpt.com/docs/config-file (shell_environment_policy.set comes after its filters, include_only
# after that; mcp_servers). Source: codex-rs/core/src/exec_env.rs. Run: 0.171.0.


def _codex_file(place: Place) -> str:
    if place.project:
        return f"{place.project}/.codex/config.toml"
    return f"{_directory(place, 'CODEX_HOME', place.home + '/.codex')}/config.toml"


def _codex_shells(place: Place, environment: Mapping[str, str], _undo: str) -> list[Part]:
    return [Tables(_codex_file(place), ("shell_environment_policy", "set"), environment, ENVIRONMENT)]


def _codex_server(place: Place, command: list[str]) -> Part:
    values: dict[str, str | list[str]] = {"command": command[0], "args": command[1:]}
    return Tables(_codex_file(place), ("mcp_servers", SERVER_NAME), values, SERVER)


def _no_filter(place: Place, read: Callable[[str], bytes]) -> None:
    path = _codex_file(place)
    try:
        policy = tomllib.loads(read(path).decode()).get("shell_environment_policy", {})
    except (ValueError, RecursionError):
        return  # whoever changes it says so
    if isinstance(policy, dict) and policy.get("include_only"):  # guard: codex-keeps-what-was-set
        raise CtlError(
            f"{path} has include_only in shell_environment_policy, which would take the variables out again.",
            "Leave it out, and name in `exclude` what its shells are not to have.",
        )


# --- VS Code: code.visualstudio.com/docs/copilot/agents/agent-tools (chat.tools.terminal.terminalProfile.linux: the
# profile of the agent's terminals alone; its schema is a terminal profile's, whose `env` takes null for "not set");
# /docs/copilot/customization/mcp-servers (mcp.json, "servers"). Not run: no download here.


def _code(place: Place) -> str:
    if sys.platform == "darwin":
        return f"{place.home}/Library/Application Support/Code/User"
    return f"{_directory(place, 'XDG_CONFIG_HOME', place.home + '/.config')}/Code/User"


def _code_shells(place: Place, environment: Mapping[str, str], _undo: str) -> list[Part]:
    key = f"chat.tools.terminal.terminalProfile.{'osx' if sys.platform == 'darwin' else 'linux'}"
    profile = {
        "path": place.environ.get("SHELL") or "/bin/bash",
        "env": {name: value or None for name, value in {**dict.fromkeys(UNSET, ""), **environment}.items()},
    }
    path = f"{place.project}/.vscode/settings.json" if place.project else f"{_code(place)}/settings.json"
    return [Members(path, {key: profile}, unless=[(key, "path")])]


def _code_server(place: Place, command: list[str]) -> Part:
    return _server(
        f"{place.project}/.vscode/mcp.json" if place.project else f"{_code(place)}/mcp.json", "servers", command
    )


# --- Gemini CLI: geminicli.com/docs/reference/configuration. It has no setting for its shells' environment: a .env file
# does not replace what is set, the nearest one hides all others, and an untrusted directory's is not read (0.61.0,
# findEnvFile and loadEnvironment). So it is a launcher.


def _gemini_shells(place: Place, environment: Mapping[str, str], undo: str) -> list[Part]:
    return [_launcher(place, ".gemini", "gemini", environment, undo)]


def _gemini_server(place: Place, command: list[str]) -> Part:
    values = {"command": command[0], "args": command[1:]}  # it knows the types sse and http alone
    return Members(f"{place.project or place.home}/.gemini/settings.json", {"mcpServers": {SERVER_NAME: values}})


# --- Cursor: cursor.com/docs/agent/tools/terminal names no setting for the environment of its agent's shells, which are
# not the editor's terminals; they have that of the program that starts them. cursor.com/docs/context/mcp (mcp.json).
# Not run: no download here.


def _cursor_shells(place: Place, environment: Mapping[str, str], undo: str) -> list[Part]:
    return [_launcher(place, ".cursor", "cursor-agent", environment, undo)]


def _cursor_server(place: Place, command: list[str]) -> Part:
    return _server(f"{place.project or place.home}/.cursor/mcp.json", "mcpServers", command)


def _server(path: str, key: str, command: list[str]) -> Part:
    return Members(path, {key: {SERVER_NAME: {"type": "stdio", "command": command[0], "args": command[1:]}}})


def _launcher(place: Place, directory: str, program: str, environment: Mapping[str, str], undo: str) -> Part:
    above = f"{place.project}/{directory}" if place.project else f"{place.home}/.local/bin"
    lines = [
        "#!/bin/sh",
        f"# Starts {program} with AWS files of its own. `{undo}` takes it away.",
        f"unset {' '.join(UNSET)}",  # guard: launcher-hands-on-no-key-of-bedrocks
        *(f"export {name}={shlex.quote(value)}" for name, value in environment.items() if value),
        f'exec {program} "$@"',
    ]
    return Whole(f"{above}/xacct-{program}", ("\n".join(lines) + "\n").encode(), executable=True)


TOOLS: Final[Mapping[str, Tool]] = {
    "claude-code": Tool(
        "Claude Code", _claude_shells, _claude_server, "Its sessions have it from their next start on.", _no_bedrock
    ),
    "codex": Tool(
        "Codex",
        _codex_shells,
        _codex_server,
        "Its sessions have it from their next start on; its sandbox lets a command reach xacctd only with a network.",
        _no_filter,
    ),
    "cursor": Tool(
        "Cursor",
        _cursor_shells,
        _cursor_server,
        "Start it as {}: Cursor has no setting for the environment of its agent's shells.",
    ),
    "vscode": Tool(
        "VS Code",
        _code_shells,
        _code_server,
        "The agent's terminals have it from the next one on; yours stay as they are.",
    ),
    "gemini": Tool(
        "Gemini CLI",
        _gemini_shells,
        _gemini_server,
        "Start it as {}: Gemini CLI has no setting for the environment of its shells.",
    ),
}
