"""`credential_source = EcsContainer`: the role of the container that xacctd runs in, as botocore has it.

The address is that of the daemon's environment (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI). It may be ours:
then xacct would wait for itself, and refuses.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xacct import errors, fileio
from xacct.aws import metadata
from xacct.model import Credentials, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

RELATIVE, FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN, TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

ECS_CONTAINER = Source("ecs-container", "ecs-container", temporary=True)
"""There is one container that xacctd is in."""

HOST = "169.254.170.2"
HOSTS = {HOST, "169.254.170.23", "fd00:ec2::23", "localhost"}
"""Whom botocore asks without TLS besides loopback addresses (ContainerMetadataFetcher)."""

TIMEOUT = 2.0
MOST_BYTES = 20_000


class EcsContainer:
    """What the container's endpoint gives.

    Args:
        own_ports: gives the ports at which xacctd itself serves.
        environ: has the variables, where a source's environment is without them: no child is to see the token.
    """

    def __init__(
        self, own_ports: Callable[[], Collection[int]] = tuple, environ: Mapping[str, str] | None = None
    ) -> None:
        self._own_ports = own_ports
        self._environ = dict(environ or {})

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return "the role of the container that xacctd runs in"

    def needs_human(self, _source: Source, _env: Mapping[str, str], _now: float) -> bool:
        """Never."""
        return False

    async def load(self, _source: Source, env: Mapping[str, str]) -> Credentials:
        """As SourceKind says."""
        env = {**env, **self._environ}
        url = self._address(env)
        headers = {"Accept": "application/json", **_authorization(env)}
        try:
            return metadata.parsed(await metadata.asked("GET", url, headers, within=TIMEOUT))
        except metadata.NoAnswer:
            raise errors.AwsUnavailable("The container's credentials endpoint does not answer.", "") from None
        except metadata.WrongAnswer as why:
            raise errors.SourceUnusable(
                f"The container's credentials endpoint {why}.", f"Look at {FULL} in the daemon's environment."
            ) from None

    def _address(self, env: Mapping[str, str]) -> str:
        """Where credentials are; the relative address goes first, as in botocore.

        Raises:
            SourceUnusable: nowhere, or where botocore asks nobody, or at our own endpoint.
        """
        relative, full = env.get(RELATIVE), env.get(FULL)
        if relative is None and full is None:
            raise errors.SourceUnusable(
                "xacctd runs in no container with a role: its environment names no credentials endpoint.",
                "credential_source = EcsContainer is for containers of ECS and EKS; on a laptop name a source_profile.",
            )
        url = full or "" if relative is None else f"http://{HOST}{relative if relative.startswith('/') else '/'}"
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        # guard: containers-endpoint-is-one-that-sdks-ask
        if parts.scheme not in {"http", "https"} or not (parts.scheme == "https" or host in HOSTS or _loopback(host)):
            raise errors.SourceUnusable(
                f"{FULL} in the daemon's environment names no credentials endpoint.",
                f"Without TLS it may be a loopback address, or {', '.join(sorted(HOSTS))}.",
            )
        if port in self._own_ports():  # guard: own-endpoint-is-no-source
            raise errors.SourceUnusable(
                "The credentials endpoint of the daemon's environment is xacctd itself, which would wait for itself.",
                "Start xacctd in a shell that xacctctl env or exec has not changed.",
            )
        return url


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _authorization(env: Mapping[str, str]) -> dict[str, str]:
    """The header with the token, of its file where one is named.

    Raises:
        SourceUnusable: it can't be read, or sent.
    """
    token = env.get(TOKEN)
    if TOKEN_FILE in env:
        try:
            token = fileio.read(env[TOKEN_FILE], MOST_BYTES).decode("utf-8", "replace")
        except OSError as error:
            raise errors.SourceUnusable(
                f"{TOKEN_FILE} of the daemon's environment can't be read ({error.strerror or 'it is too long'})."
            ) from None
    return {} if token is None else {"Authorization": metadata.header(token, "The container's authorization token")}
