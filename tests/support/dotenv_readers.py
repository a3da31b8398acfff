"""How those who read .env files read a line: each by the rules of its own code, ported where it is no Python."""

import io
import re

import dotenv

# https://github.com/docker/cli/blob/v27.3.1/pkg/kvfile/kvfile.go
_DOCKER_WHITE = " \t"


def docker(content: bytes) -> dict[str, str]:
    """Read as `docker run --env-file` does. Raises ValueError as it fails."""
    found = {}
    for raw in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        line = raw.removesuffix(b"\r").decode("utf-8").lstrip(_DOCKER_WHITE)
        if not line or line.startswith("#"):
            continue
        variable, equals, value = line.partition("=")
        if not variable or any(char.isspace() for char in variable):
            raise ValueError(line)
        if equals:
            found[variable] = value
    return found


def systemd(content: bytes) -> dict[str, str]:  # noqa: C901, PLR0912 - the state machine as it is there
    """Read as EnvironmentFile= does: src/basic/env-file.c, parse_env_file_internal() of systemd 252."""
    text, found, state, key, value = content.decode("utf-8") + "\n", {}, "pre-key", "", ""
    for char in text:
        if state == "pre-key":
            if char in "#;":
                state = "comment"
            elif char not in " \t\n\r":
                state, key, value = "key", char, ""
        elif state == "key":
            if char in "\n\r":
                state = "pre-key"
            elif char == "=":
                state = "pre-value"
            else:
                key += char
        elif state in ("pre-value", "value"):
            if char in "\n\r":
                found[key.rstrip(" \t")] = value.rstrip(" \t")
                state = "pre-key"
            elif state == "pre-value" and char in "'\"":
                state = char
            elif char == "\\":
                state = "escape"
            elif state == "value" or char not in " \t":
                state, value = "value", value + char
        elif state == "escape":
            state, value = "value", value + ("" if char in "\n\r" else char)
        elif state == "comment":
            state = "pre-key" if char in "\n\r" else state
        elif char == state:
            state = "pre-value"
        else:
            value += char
    if state not in ("pre-key", "comment"):
        raise ValueError(content)
    return {name: text for name, text in found.items() if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)}


def python(content: bytes) -> dict[str, str | None]:
    """Read with python-dotenv, which fills in ${NAME}."""
    return dotenv.dotenv_values(stream=io.StringIO(content.decode("utf-8"), newline=""))


_NPM_LINE = re.compile(
    r"^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)"
    r"(\s*'(?:\\'|[^'])*'|\s*\"(?:\\\"|[^\"])*\"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|\Z)",
    re.MULTILINE,
)


def npm(content: bytes) -> dict[str, str]:
    """Read as npm's dotenv 16.4.5 does: parse() of lib/main.js."""
    found = {}
    for match in _NPM_LINE.finditer(re.sub(r"\r\n?", "\n", content.decode("utf-8"))):
        value = (match[2] or "").strip()
        quote = value[:1]
        value = re.sub(r"^(['\"`])([\s\S]*)\1$", r"\2", value, flags=re.MULTILINE)
        if quote == '"':
            value = value.replace("\\n", "\n").replace("\\r", "\r")
        found[match[1]] = value
    return found


READERS = {"docker": docker, "systemd": systemd, "python-dotenv": python, "npm": npm}
