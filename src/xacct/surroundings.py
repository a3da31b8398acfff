"""What else of a shell's environment has a say, and makes no other role of one: proxies, keys. Standard library only.

Both ends import it: xacctctl says with each request what its shell has, xacctd compares that with its own. Where they
differ and it matters, the daemon refuses: it takes neither from a shell. No password is in it, and of keys a digest.
"""

from __future__ import annotations

from xacct.awsfiles import HIDDEN, decoded, encoded
from xacct.text import without_password

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_TOKENS: Final = ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
_CONTAINER: Final = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
_METADATA: Final = (
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_DISABLED",
)


class Surroundings:
    """Proxies as Python's and botocore's programs take them, and digests; empty: there is none.

    `keys` is of the access key, `container` of what leads to a container's role; `metadata` leads to an EC2 instance's.
    """

    __slots__ = ("https_proxy", "http_proxy", "no_proxy", "keys", "container", "metadata")  # noqa: RUF023 - the order in which they are said

    def __init__(
        self,
        https_proxy: str = "",
        http_proxy: str = "",
        no_proxy: str = "",
        keys: str = "",
        container: str = "",
        metadata: str = "",
    ) -> None:
        self.https_proxy = https_proxy
        self.http_proxy = http_proxy
        self.no_proxy = no_proxy
        self.keys = keys
        self.container = container
        self.metadata = metadata

    def proxy_for(self, url: str) -> str:
        """Return the proxy by which that address is asked, empty for none (botocore: get_environ_proxies)."""
        from urllib.parse import urlsplit  # noqa: PLC0415 - late: of use in the daemon alone
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # noqa: PLC0415

        at = urlsplit(url)
        proxy = self.https_proxy if at.scheme == "https" else self.http_proxy
        return "" if proxy and proxy_bypass_environment(at.netloc, {"no": self.no_proxy}) else proxy


def of(environ: Mapping[str, str]) -> Surroundings:
    """Return those of an environment."""
    https, http = (
        # guard: no-password-of-proxy-leaves-shell
        without_password(_either(environ, f"{name}_proxy"), HIDDEN)
        for name in ("https", "http")
    )
    return Surroundings(
        https, http, _either(environ, "no_proxy") if https or http else "", _digest(environ), *_machine(environ)
    )


def _machine(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return what leads to the role of a container, and of an instance; of the first, which has a token, a digest."""
    container, metadata = (
        [f"{name}={value}" for name in names if (value := environ.get(name))] for names in (_CONTAINER, _METADATA)
    )
    return _of(container) if container else "", without_password(" ".join(metadata), HIDDEN)


def _of(words: list[str]) -> str:
    from hashlib import sha256  # noqa: PLC0415 - seldom needed

    return sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def header(around: Surroundings) -> str:
    """Return them as a request's header does: NAME=VALUE, percent-encoded, a space between two."""
    return " ".join(encoded(f"{name}={value}") for name in around.__slots__ if (value := getattr(around, name)))


def of_header(value: str) -> Surroundings:
    """Return what a header says. What it has besides is not looked at: a newer xacctctl may say more.

    Raises:
        ValueError: it is not percent-encoded UTF-8.
    """
    said = {name: text for name, _, text in (decoded(part).partition("=") for part in value.split(" "))}
    return Surroundings(**{name: said[name] for name in Surroundings.__slots__ if name in said})


def _either(environ: Mapping[str, str], name: str) -> str:
    """In small letters it goes first, even where it is empty (urllib.request.getproxies_environment)."""
    return environ.get(name, environ.get(name.upper(), ""))


def _digest(environ: Mapping[str, str]) -> str:
    keys = [environ.get(name, "") for name in _KEYS]
    if not all(keys):
        return ""
    token = next(filter(None, (environ.get(name) for name in _TOKENS)), "")
    return _of([*keys, token])
