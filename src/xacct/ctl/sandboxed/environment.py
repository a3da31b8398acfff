"""The environment of a sandboxed command: without other credentials, and without the way to what is hidden."""

from __future__ import annotations

from xacct.ctl import variables
from xacct.ctl.failure import USAGE, CtlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Final

_LEADING: Final = frozenset(
    {
        "SSH_AUTH_SOCK",
        "SSH_AGENT_PID",
        "GPG_AGENT_INFO",
        "GNOME_KEYRING_CONTROL",
        "GNOME_KEYRING_PID",
        "DBUS_SESSION_BUS_ADDRESS",
        "DBUS_SYSTEM_BUS_ADDRESS",
        "DBUS_STARTER_ADDRESS",
        "SESSION_MANAGER",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "WAYLAND_SOCKET",
        "XAUTHORITY",
        "ICEAUTHORITY",
        "PULSE_SERVER",
        "AT_SPI_BUS_ADDRESS",
        "DOCKER_HOST",
        "CONTAINER_HOST",
        "TMUX",
        "TMUX_PANE",
        "STY",
        "KRB5CCNAME",
        "NVIM",
        "NVIM_LISTEN_ADDRESS",
        "VSCODE_IPC_HOOK_CLI",
        "VSCODE_GIT_IPC_HANDLE",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "SUDO_ASKPASS",
        "BROWSER",
        "TMPDIR",
        "TMP",
        "TEMP",
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
    }
)
"""They lead to agents, buses, displays and other programs outside, or to files that are hidden."""

_FILES: Final = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CREDENTIAL_PROFILES_FILE",
    "BOTO_CONFIG",
    "XACCT_SOCKET",
)

_SECRET: Final = frozenset(
    ("TOKEN", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "PAT")
)
_SECRET_PAIRS: Final = ("API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "SECRET_KEY", "AUTH_KEY", "AUTH_CONFIG")
"""Words of the names of variables that hold a secret by what everybody calls them."""


def cleaned(
    environ: Mapping[str, str], change: variables.Change, keep: Collection[str]
) -> tuple[dict[str, str], list[str]]:
    """Return the command's environment, and which variables are left out because they look like secrets.

    Args:
        environ: that of xacctctl.
        change: what leads SDKs to the grant.
        keep: names that are wanted though they look so.

    Raises:
        CtlError: one that is wanted is AWS's, xacct's, or not set.
    """
    for name in keep:
        demand_foreign(name, environ)
    before = variables.without_ours(environ)
    # guard: ways-to-agents-stay-outside
    gone = {*_LEADING, *_FILES, *variables.KEYS, *variables.RIVALS, *variables.CONTAINER, *change.unset} - set(keep)
    secrets = sorted(name for name in before if is_secret(name) and name not in gone and name not in keep)
    kept = {name: value for name, value in before.items() if name not in gone and name not in secrets}
    return {**kept, **change.set, variables.SANDBOXED: "1"}, [name for name in secrets if name not in change.set]


def is_secret(name: str) -> bool:
    """Say whether a variable's name says that it holds a secret."""
    upper = name.upper()
    # guard: secrets-of-environment-stay-outside
    return not _SECRET.isdisjoint(upper.split("_")) or any(f"_{pair}" in f"_{upper}" for pair in _SECRET_PAIRS)


def demand_foreign(name: str, environ: Mapping[str, str]) -> None:
    """Refuse to bring in what would be another identity.

    Raises:
        CtlError: it is AWS's or xacct's, or not set.
    """
    if name.startswith(("AWS_", "AMAZON_", "XACCT_")) or name == "BOTO_CONFIG":  # guard: no-other-identity-by-keep-env
        raise CtlError(
            f"--keep-env {name}: a sandbox has its grant's credentials and no others.", "Leave it out.", USAGE
        )
    if name not in environ:
        raise CtlError(
            f"--keep-env {name}: there is no such variable.", "Set it in this shell, or leave it out.", USAGE
        )
