"""A sandbox's directory: its identity, the AWS files and environment made for its clients.

    DIR/identity.json      access key and TOTP seed of this world; made once, then reused
    DIR/aws/config         profiles of the world            (AWS_CONFIG_FILE)
    DIR/aws/credentials    the user's access key            (AWS_SHARED_CREDENTIALS_FILE)
    DIR/run, config, state what XDG_RUNTIME_DIR, XDG_CONFIG_HOME, XDG_STATE_HOME point to
    DIR/env                `export` lines, for a POSIX shell to source
    DIR/ready              the URL; exists while the sandbox listens
    DIR/lock               held by the running sandbox

All files are 0600, all directories 0700: the secrets are fake, the habit is not.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from xacct.sandbox.default_world import Identity, new_identity
from xacct.sandbox.tables import PATH

if TYPE_CHECKING:
    from pathlib import Path

    from xacct.sandbox.world import World

_IDENTITY: Final = "identity.json"
_FIELDS: Final = ("key_id", "secret", "seed")
_IDENTITY_CENTER: Final = ("AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC")
SERVICES: Final = "xacct-sandbox"
"""The `[services ...]` section that a profile may name instead of the variables; there where one does."""
_SERVED: Final = ("sts", "iam", "sso", "sso_oidc", "signin")
_XDG: Final = {"XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state"}


class NotASandboxError(Exception):
    """The directory holds no (readable) sandbox identity; the message says so in one sentence."""


def prepare(directory: Path) -> None:
    """Create a sandbox's directories, 0700 each.

    Raises:
        OSError: If that is impossible.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("aws", *_XDG.values()):
        (directory / name).mkdir(mode=0o700, exist_ok=True)


def load_identity(directory: Path) -> Identity:
    """Return the identity kept in a sandbox's directory.

    Raises:
        FileNotFoundError: If there is none.
        NotASandboxError: If the file isn't one of ours.
    """
    path = directory / _IDENTITY
    try:
        kept = json.loads(path.read_text())
        return Identity(**{name: str(kept[name]) for name in _FIELDS})
    except (ValueError, KeyError, TypeError):
        raise NotASandboxError(f"{path} is not the identity of a sandbox.") from None


def load_or_make_identity(directory: Path) -> Identity:
    """Return the identity kept in a sandbox's directory; make and keep one at the first run."""
    try:
        return load_identity(directory)
    except FileNotFoundError:
        identity = new_identity()
    kept = {"key_id": identity.key_id, "secret": identity.secret, "seed": identity.seed}
    write_private(directory / _IDENTITY, json.dumps(kept, indent=2) + "\n")
    return identity


def write_files(directory: Path, world: World, url: str, xacct_port: int | None = None) -> dict[str, str]:
    """Write AWS config, credentials and environment of a world; return the environment.

    Args:
        directory: The sandbox's; created where missing.
        world: Its profiles and region are written.
        url: Where the STS listens.
        xacct_port: Endpoint port for the daemon; None picks a free one.

    Raises:
        OSError: If a file can't be written.
    """
    directory = directory.absolute()
    prepare(directory)
    config, credentials = directory / "aws" / "config", directory / "aws" / "credentials"
    write_private(config, config_text(world, url))
    write_private(credentials, credentials_text(world))
    environment = {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_ENDPOINT_URL_STS": url,
        "AWS_ENDPOINT_URL_IAM": url,
        "AWS_ENDPOINT_URL_DYNAMODB": url + PATH,
        **(dict.fromkeys(_IDENTITY_CENTER, url) if world.sso_sessions else {}),
        "AWS_DEFAULT_REGION": world.region,
        "AWS_REGION": world.region,
        **{name: str(directory / below) for name, below in _XDG.items()},
        "XACCT_PORT": str(xacct_port if xacct_port is not None else free_port()),
    }
    write_private(directory / "env", env_text(environment))
    return environment


def config_text(world: World, url: str) -> str:
    """Return the AWS config file of a world that is served at a URL."""
    sections = [_section(f"profile {profile.name}", profile.settings) for profile in world.profiles]
    sections += [_section(f"sso-session {session.name}", session.settings) for session in world.sso_sessions]
    if any(("services", SERVICES) in profile.settings for profile in world.profiles):
        sections.append(
            _section(f"services {SERVICES}", tuple((name, f"\n  endpoint_url = {url}") for name in _SERVED))
        )
    return "\n".join(sections)


def credentials_text(world: World) -> str:
    """Return the AWS credentials file of a world."""
    return "\n".join(
        _section(
            profile.name,
            (
                ("aws_access_key_id", profile.key.key_id),
                ("aws_secret_access_key", profile.key.secret),
            ),
        )
        for profile in world.profiles
        if profile.key is not None
    )


def env_text(environment: dict[str, str]) -> str:
    """Return POSIX `export` lines for an environment."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def _section(title: str, settings: tuple[tuple[str, str], ...]) -> str:
    return f"[{title}]\n" + "".join(f"{key} = {value}\n" for key, value in settings)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600, at once: readers see the old content or the new, whole."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 (Path.open takes no descriptor)
        file.write(text)
    fresh.replace(path)


_PORTS: Final = range(20_000, 32_768)
"""Where a port is looked for: beneath those that Linux and macOS give to whoever wants any, and so to others next."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        for port in SystemRandom().sample(_PORTS, 100):
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                break
        else:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
