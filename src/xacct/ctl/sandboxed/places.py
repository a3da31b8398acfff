"""What a sandbox hides: where credentials of AWS's, xacct's and other programs' lie, and the ways to their agents."""
# ruff: noqa: PTH111, PTH112, PTH120 - see paths.py

from __future__ import annotations

import os

from xacct import awsfiles, paths
from xacct.ctl.failure import USAGE, CtlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Final

_AWS_FILES: Final = {
    awsfiles.CONFIG: "~/.aws/config",
    awsfiles.CREDENTIALS: "~/.aws/credentials",
    "AWS_CREDENTIAL_FILE": "~/.aws/credentials",
    "AWS_CREDENTIAL_PROFILES_FILE": "~/.aws/credentials",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "~/.aws/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "~/.aws/credentials",
    "BOTO_CONFIG": "~/.boto",
}
"""Variables that name files of AWS's tools, and the file where the variable is not set."""

_AWS_OWN: Final = (".aws", ".boto", ".legacy-boto")

OTHERS: Final = (
    ".ssh",
    ".gnupg",
    ".password-store",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".pki",
    ".netrc",
    ".git-credentials",
    ".config/git/credentials",
    ".config/gh",
    ".config/hub",
    ".config/glab-cli",
    ".docker",
    ".config/containers",
    ".local/share/containers",
    ".kube",
    ".config/gcloud",
    ".azure",
    ".config/doctl",
    ".oci",
    ".aliyun",
    ".vault-token",
    ".terraformrc",
    ".terraform.d/credentials.tfrc.json",
    ".config/op",
    ".1password",
    ".config/1Password",
    ".config/Bitwarden",
    ".config/sops",
    ".config/age",
    ".config/rclone",
    ".s3cfg",
    ".pypirc",
    ".npmrc",
    ".yarnrc.yml",
    ".gem/credentials",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".m2/settings.xml",
    ".gradle/gradle.properties",
    ".config/composer/auth.json",
    ".nuget",
    ".pgpass",
    ".my.cnf",
    ".mozilla",
    ".thunderbird",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/microsoft-edge",
    ".config/autostart",
    ".awsvault",
    ".saml2aws",
    ".leapp",
    ".granted",
    ".bash_history",
    ".zsh_history",
    ".local/share/fish",
    ".config/fish/fish_variables",
    ".python_history",
    ".psql_history",
    ".Xauthority",
    ".ICEauthority",
    "snap",
    ".var/app",
)
"""Below the home directory. `--keep` brings one back; the others of this file stay hidden whatever is said."""

_NAMED: Final = (
    "SSH_AUTH_SOCK",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "KUBECONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_CONFIG",
    "AZURE_CONFIG_DIR",
    "DOCKER_CONFIG",
    "REGISTRY_AUTH_FILE",
    "GH_CONFIG_DIR",
    "NETRC",
    "PGPASSFILE",
    "NPM_CONFIG_USERCONFIG",
    "PIP_CONFIG_FILE",
    "XAUTHORITY",
)
"""Variables that say where such things lie instead; several paths have a colon between them."""

_BASES: Final = {".config/": "XDG_CONFIG_HOME", ".local/share/": "XDG_DATA_HOME"}
"""Variables that say where such a directory is instead."""

# guard: directories-of-everybodys-sockets-are-empty
EMPTY: Final = ("/tmp", "/var/tmp", "/run")  # noqa: S108 - they are hidden, and nothing of ours is put there
"""Directories that are empty in a sandbox, and can be written: others' sockets lie there."""


class Places:
    """What is hidden, as absolute paths without symbolic links.

    Attributes:
        homes: the home directory, and that of the user database where HOME says another.
        never: what `--keep` and `--write` don't bring back: AWS's files and xacct's own.
        others: what `--keep` brings back.
        empty: directories that are there, empty, and can be written.
    """

    def __init__(self, homes: Iterable[str], never: Iterable[str], others: Iterable[str], empty: Iterable[str]) -> None:
        self.homes = tuple(homes)
        self.never = frozenset(never)
        self.others = frozenset(others) - self.never
        self.empty = frozenset(empty)

    @property
    def hidden(self) -> frozenset[str]:
        """All that is not there."""
        return self.never | self.others


def of(environ: Mapping[str, str], hide: Iterable[str]) -> Places:
    """Return what is hidden from a command that would be started with this environment.

    Args:
        environ: as it was before `exec` changed it.
        hide: paths that are hidden besides; `~` and relative ones as in a shell.

    Raises:
        CtlError: one of those is not there; or the home directory is the root, of which nothing can be left out.
    """
    home = os.path.realpath(paths.home())
    if home == "/":  # guard: root-as-home-has-no-sandbox
        raise CtlError(
            "The home directory is /, of which a sandbox can hide nothing; nothing was run.", "HOME=/home/..."
        )
    homes = _homes(home)
    never = {
        *(each for one in homes for name in _AWS_OWN for each in (f"{one}/{name}", real(f"{one}/{name}"))),
        "/etc/boto.cfg",
        *(real(awsfiles.path(environ, *names, home, awsfiles.directory())) for names in _AWS_FILES.items()),
        # guard: xaccts-own-is-never-in-view
        *map(real, (paths.state_dir(), os.path.dirname(paths.config_file()))),
        *map(real, (paths.socket_path(), paths.runtime_dir())),
        *map(there, hide),
    }
    others = {real(path) for path in _others(environ, homes)}
    empty = {*map(real, EMPTY), *_session(home), *(real(path) for path in _caches(environ, homes))}
    return Places(homes, never, others, empty)


def real(path: str) -> str:
    """Return a path as it is without symbolic links, absolute; `~` is the home directory."""
    return os.path.realpath(os.path.expanduser(path))


def there(path: str) -> str:
    """Return a path that was typed, as `real` does; a misspelled one would hide, or show, nothing.

    Raises:
        CtlError: it is not there.
    """
    found = real(path)
    if not os.path.lexists(found):  # guard: misspelled-path-of-sandbox-is-said
        raise CtlError(f"{path} is not there.", "Paths of --keep, --write and --hide have to be.", USAGE)
    return found


def _homes(home: str) -> list[str]:
    """Return the home directories: where HOME says another than the user database, people's keys lie in the latter."""
    import pwd  # noqa: PLC0415 - late: daily verbs do without

    try:
        other = os.path.realpath(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        return [home]
    apart = other not in (home, "/") and os.path.isdir(other)
    return [home, other] if apart else [home]  # guard: both-homes-are-hidden


def _others(environ: Mapping[str, str], homes: Iterable[str]) -> Iterator[str]:
    for name in OTHERS:
        yield from (f"{home}/{name}" for home in homes)
        for below, variable in _BASES.items():
            if name.startswith(below) and (base := environ.get(variable, "")).startswith("/"):
                yield f"{base}/{name.removeprefix(below)}"
    for variable in _NAMED:
        yield from (path for path in environ.get(variable, "").split(":") if path.startswith("/"))


def _session(home: str) -> Iterator[str]:
    """Return the session's runtime directory, where agents have their sockets; none where that holds more than them."""
    above = real(os.path.dirname(paths.runtime_dir()))
    if not f"{home}/".startswith(f"{above}/") and not above.startswith(f"{home}/.cache"):
        yield above


def _caches(environ: Mapping[str, str], homes: Iterable[str]) -> Iterator[str]:
    yield from (f"{home}/.cache" for home in homes)
    if (said := environ.get("XDG_CACHE_HOME", "")).startswith("/"):
        yield said
