"""Which of AWS's files a shell means, and which STS, and how a request to xacctd says so. Standard library only.

Both ends import it: xacctctl says what its shell means, xacctd knows its own by the same rules. Strings, not Path
objects, for the reason that paths.py gives.
"""
# ruff: noqa: PTH109, PTH111, PTH118 - see paths.py

from __future__ import annotations

import os

from xacct.text import without_password

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final, Self

CONFIG: Final = "AWS_CONFIG_FILE"
CREDENTIALS: Final = "AWS_SHARED_CREDENTIALS_FILE"
ENDPOINT: Final = "AWS_ENDPOINT_URL_STS"
CA_BUNDLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""The first that is set counts, as for botocore."""

_VARIABLE: Final = r"\$(?:(\w+)|\{([^}]*)\})"
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_PATHS: Final = 3
_STS: Final = (ENDPOINT, CA_BUNDLES[0])
HIDDEN: Final = "***"
"""Stands for a name and password in an address: those are told nobody."""

_OF_A_PROCESS: Final = ("/proc/", "/dev/")
"""What lies here is another thing for each process."""


class Files(tuple[str, ...]):
    """AWS's files as one shell means them, absolute paths, and the STS that it means for profiles that name none.

    The tuple has three parts where no variable names an STS, as all have that older daemons kept, and else five.

    Attributes:
        home: its HOME, which is what `~` is to the programs that a credential_process names.
        endpoint: the address of STS; empty where no variable names it.
        ca_bundle: a file of the certificates by which it is known; empty likewise.
    """

    __slots__ = ()

    def __new__(cls, config: str, credentials: str, home: str, endpoint: str = "", ca_bundle: str = "") -> Self:
        """Take the parts one by one; a kept tuple: `kept`."""
        sts = (endpoint, ca_bundle) if endpoint or ca_bundle else ()  # guard: another-sts-makes-other-roles
        return tuple.__new__(cls, (config, credentials, home, *sts))

    @property
    def config(self) -> str:
        """The config file."""
        return self[0]

    @property
    def credentials(self) -> str:
        """The credentials file."""
        return self[1]

    @property
    def home(self) -> str:
        """Its HOME, which is what `~` is to the programs that a credential_process names."""
        return self[2]

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL_STS says, without a name and password."""
        return self.sts().get(ENDPOINT, "")

    def environ(self) -> dict[str, str]:
        """Return the variables by which AWS's tools find all this."""
        return {CONFIG: self.config, CREDENTIALS: self.credentials, "HOME": self.home, **self.sts()}

    def within(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return another shell's environment as it were if that shell meant this."""
        # guard: daemons-sts-is-for-its-own-roles
        return {name: value for name, value in environ.items() if name not in (ENDPOINT, *CA_BUNDLES)} | self.environ()

    def parts(self) -> list[str]:
        """Return what a header names: the paths and, behind them, a variable and its value each."""
        return [self.config, self.credentials, self.home, *(f"{name}={value}" for name, value in self.sts().items())]

    def sts(self) -> dict[str, str]:
        """Return the variables that say which STS is meant."""
        return {name: value for name, value in zip(_STS, tuple(self)[_PATHS:], strict=False) if value}


def named(environ: Mapping[str, str], directory: str) -> Files:
    """Return the files that AWS's tools read in this environment, and the STS that it names.

    As botocore takes the two variables: first `$VAR`, then `~`, then what is relative from the working `directory`. An
    empty variable counts as none, as it does for most SDKs.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    return Files(
        path(environ, CONFIG, "~/.aws/config", home, directory),
        path(environ, CREDENTIALS, "~/.aws/credentials", home, directory),
        os.path.normpath(os.path.join(directory, home)),
        without_password(environ.get(ENDPOINT, ""), HIDDEN),  # guard: no-password-of-address-leaves-shell
        os.path.join(directory, bundle) if (bundle := _first(environ, CA_BUNDLES)) else "",
    )


def directory() -> str:
    """Return the working directory; where that is gone, one in which there is nothing."""
    try:
        return os.getcwd()
    except OSError:
        return "/dev/null"


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next(filter(None, (environ.get(name) for name in names)), "")


def path(environ: Mapping[str, str], variable: str, default: str, home: str, directory: str) -> str:
    """Return the path that a variable names, or the default, absolute: as `named` takes it."""
    path = environ.get(variable) or default
    if "$" in path:
        import re  # noqa: PLC0415 - late: daily verbs do without it

        path = re.sub(_VARIABLE, lambda found: environ.get(found[1] or found[2] or "", found[0]), path, flags=re.ASCII)
    if path == "~" or path.startswith("~/"):
        path = home.rstrip("/") + path[1:]
    path = os.path.join(directory, os.path.expanduser(path))
    return os.path.realpath(path) if path.startswith(_OF_A_PROCESS) else path


def in_words(config: str, credentials: str, sts: Mapping[str, str]) -> str:
    """Return which files these are, and which STS, for people."""
    return f"{config} and {credentials}" + "".join(f", with {name}={value}" for name, value in sts.items())


def resolved(files: Files) -> Files:
    """Return the same without symbolic links, as they lead now."""
    real = map(os.path.realpath, files[:_PATHS])
    return kept((*real, *tuple(files)[_PATHS:]))


def kept(parts: tuple[str, ...]) -> Files:
    """Return the files whose tuple was kept.

    Raises:
        TypeError: it has another number of parts.
    """
    return Files(*parts)


def header(files: Files) -> str:
    """Return them as a request's header does: each path percent-encoded, then what names STS; a space between two."""
    return " ".join(map(encoded, files.parts()))


def encoded(part: str) -> str:
    """Return a part of a header, percent-encoded."""
    raw = os.fsencode(part)
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in raw)


def of_header(value: str) -> Files:
    """Return the files, and the STS, that a header names.

    Raises:
        ValueError: it is no such header: not three absolute paths, or a path that no file can have, or that is not
            UTF-8 (what is kept and shown of it is text), or something else behind them than names STS.
    """
    paths, rest = (parts := [decoded(part) for part in value.split(" ")])[:_PATHS], parts[_PATHS:]
    if len(paths) != _PATHS:
        raise ValueError("that is not three paths")
    said = dict(part.partition("=")[::2] for part in rest)
    if len(said) != len(rest) or not said.keys() <= set(_STS) or not all(map(str.isprintable, said.values())):
        raise ValueError("what stands behind the paths names no STS")
    endpoint, bundle = (said.get(name, "") for name in _STS)
    if not all(path.startswith("/") and "\0" not in path for path in (*paths, bundle or "/")):
        raise ValueError("that is no absolute path")
    return kept((*paths, endpoint, bundle))


def decoded(part: str) -> str:
    """Return what `encoded` was given.

    Raises:
        ValueError: it is not percent-encoded, or no UTF-8.
    """
    import re  # noqa: PLC0415 - late: of use in the daemon alone

    first, *rest = part.encode("ascii").split(b"%")
    out = first
    for piece in rest:
        if not re.fullmatch(rb"[0-9A-Fa-f]{2}", piece[:2]):
            raise ValueError("that is not percent-encoded")
        out += bytes.fromhex(piece[:2].decode()) + piece[2:]
    return out.decode()
