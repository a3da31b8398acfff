"""The daemon's command line and environment, and the settings as they say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from xacct import __version__, errors, settings

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from xacct.settings import Settings


class Wanted(NamedTuple):
    """What the command line says; None where it says nothing."""

    port: int | None = None
    log_level: str | None = None
    log_format: str | None = None


def parse(arguments: Sequence[str]) -> Wanted:
    """The command line; one that is wrong ends the process with status 2.

    A service's is empty: nothing need be parsed then, and no client waits for the loading of argparse.
    """
    return Wanted(**vars(_parser().parse_args(arguments))) if arguments else Wanted()


def _parser() -> ArgumentParser:
    import argparse  # noqa: PLC0415 - see above

    parser = argparse.ArgumentParser(
        prog="xacctd",
        description="Hold role credentials in memory, renew them, and serve them to AWS SDKs on 127.0.0.1. "
        "Runs in the foreground; `xacctctl` starts it in the background by itself.",
        epilog="Settings: $XDG_CONFIG_HOME/xacct/config.toml (docs/settings.md). Roles come from ~/.aws/config.",
    )
    parser.add_argument("--version", action="version", version=f"xacctd {__version__}")
    parser.add_argument("--port", type=int, help="the endpoint's port on 127.0.0.1 (default: config.toml's, or 9477)")
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", choices=["logfmt", "json"])
    return parser


def overridden(in_file: Settings, arguments: Wanted) -> Settings:
    """The file's settings with what the command line and the environment say instead.

    Raises:
        ConfigError: XACCT_PORT is no port.
    """
    given = {
        "port": arguments.port if arguments.port is not None else _port_from_environment(),
        "log_level": arguments.log_level,
        "log_format": arguments.log_format,
    }
    daemon = in_file.daemon
    for name, value in given.items():
        if value is not None:
            daemon = settings.with_value(daemon, name, value)
    return settings.with_value(in_file, "daemon", daemon)


def _port_from_environment() -> int | None:
    value = os.environ.get("XACCT_PORT")
    if value is None:
        return None
    if not value.isdigit():
        raise errors.ConfigError(f"XACCT_PORT is {value!r}, which is no port.", "A number from 1 to 65535.")
    return int(value)
