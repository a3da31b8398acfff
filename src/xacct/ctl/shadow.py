"""The caller's [default] profile: if it has credentials, SDKs prefer it to the endpoint.

Taken out of the way without touching the user's files: the credentials file by pointing at an
empty one, the config file by a copy without what shadows, and without any secret.
"""
# ruff: noqa: PTH105, PTH110, PTH113, PTH123 - see places.py

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from xacct import awsfiles
from xacct.ctl.variables import COPY, instead

_SECRETS: Final = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"},
)
_SHADOWING: Final = _SECRETS | {
    "role_arn",
    "source_profile",
    "credential_source",
    "credential_process",
    "web_identity_token_file",
    "login_session",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "sso_region",
}
_SECTION: Final = r"\s*\[\s*(?:profile\s+)?[\"']?([^\]\"']*?)[\"']?\s*\]"
_OPTION: Final = r"(\s*)([^\s=:#;\[][^=:]*?)\s*[=:]"


class Shadow(NamedTuple):
    """Variables that take the shadow away, and notes for the human; empty if there is none."""

    set: dict[str, str]
    notes: list[str]


def lifted(environ: Mapping[str, str], home: str, directory: str) -> Shadow:
    """Say what keeps [default] from winning, as a process with `environ` and `home` would see it.

    A sanitized config file is written into `directory` if one is needed.
    """
    shadow = Shadow({}, [])
    config, credentials = files(environ, home)
    if shadows(lines(credentials)):
        shadow.set["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
        shadow.notes.append(f"[default] in {credentials} would win over xacct; left out here.")
    content = lines(config)
    if shadows(content):
        shadow.set["AWS_CONFIG_FILE"] = _store("".join(sanitized(content)), directory)
        shadow.notes.append(f"[default] in {config} would win over xacct; a copy without it is used.")
    shadow.set.update(instead(list(shadow.set), environ))
    return shadow


def shadows(content: Iterable[str]) -> bool:
    """Say whether [default] in these lines of an AWS file has credentials or a way to them."""
    return any(section == "default" and option in _SHADOWING for section, option, _, _ in _options(content))


def sanitized(content: Iterable[str]) -> Iterator[str]:
    """Yield the lines of `content` without [default]'s credentials and without any section's secrets.

    Comments go too: they may hold yesterday's keys.
    """
    dropping: int | None = None
    for section, option, indent, line in _options(content):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        if dropping is not None and indent > dropping:
            continue  # the value of a dropped option goes on in lines that are indented further
        unwanted = option in _SECRETS or (section == "default" and option in _SHADOWING)
        dropping = indent if unwanted else None
        if not unwanted:
            yield line if line.endswith("\n") else line + "\n"


def _options(content: Iterable[str]) -> Iterator[tuple[str, str | None, int, str]]:
    """Yield (section, option name or None, indent, line)."""
    section = ""
    for line in content:
        indent = len(line) - len(line.lstrip())
        heading = re.match(_SECTION, line)
        if heading:
            section = heading[1]
        option = None if heading else re.match(_OPTION, line)
        yield section, option[2].lower() if option else None, indent, line


def files(environ: Mapping[str, str], home: str) -> tuple[str, str]:
    """Return the config and the credentials file that SDKs with `environ` read."""
    found = awsfiles.named({**environ, "HOME": home}, awsfiles.directory())
    return found.config, found.credentials


def lines(path: str) -> list[str]:
    """Return the file's lines; none if it can't be read, for then no SDK reads it either."""
    if not os.path.isfile(path):
        return []
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            return list(file)
    except OSError:
        return []


def _store(text: str, directory: str) -> str:
    """Write `text` under a name made of its hash: same content, same file, never half of it."""
    import hashlib  # noqa: PLC0415 - 6 ms that only a shadowed machine pays

    from xacct.places import make_private  # noqa: PLC0415

    content = text.encode("utf-8", "surrogateescape")
    path = f"{directory}/{COPY}{hashlib.sha256(content).hexdigest()[:16]}"
    if not os.path.exists(path):
        make_private(directory)
        fresh = f"{path}.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(fresh, path)
    return path
