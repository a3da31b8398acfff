"""`credential_source = Ec2InstanceMetadata`: the role of the EC2 instance that xacctd runs on, by IMDSv2 alone.

As botocore's InstanceMetadataFetcher, with two differences: never without a token (IMDSv1), and only on a machine that
says of itself that it is an instance, unless the environment names the service. Elsewhere the address is anybody's on
the same network, who could hand out another identity.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xacct import errors
from xacct.aws import metadata
from xacct.host import ec2
from xacct.model import Credentials, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

ENDPOINT, MODE = "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
DISABLED = "AWS_EC2_METADATA_DISABLED"

EC2 = Source("ec2-metadata", "ec2-metadata", temporary=True)
"""There is one machine that xacctd is on."""

ADDRESS, ADDRESS_6 = "http://169.254.169.254", "http://[fd00:ec2::254]"
LASTING = {"x-aws-ec2-metadata-token-ttl-seconds": "21600"}
TIMEOUT = 1.0
"""Seconds for each of three requests, as botocore has it (metadata_service_timeout)."""

ROLES = "/latest/meta-data/iam/security-credentials/"
_ROLE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


class Ec2Metadata:
    """What the instance metadata service gives.

    Args:
        own_ports: gives the ports at which xacctd itself serves.
        is_instance: says whether this machine is one.
    """

    def __init__(
        self, own_ports: Callable[[], Collection[int]] = tuple, is_instance: Callable[[], bool] = ec2.is_instance
    ) -> None:
        self._own_ports = own_ports
        self._is_instance = is_instance

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return "the role of the EC2 instance that xacctd runs on"

    def needs_human(self, _source: Source, _env: Mapping[str, str], _now: float) -> bool:
        """Never."""
        return False

    async def load(self, _source: Source, env: Mapping[str, str]) -> Credentials:
        """As SourceKind says."""
        base = self._address(env)
        try:
            token = await metadata.asked("PUT", f"{base}/latest/api/token", LASTING, within=TIMEOUT)
            signed = {"x-aws-ec2-metadata-token": metadata.header(token.decode("latin-1"), "The metadata token")}
            role = _role(await metadata.asked("GET", f"{base}{ROLES}", signed, within=TIMEOUT))
            return metadata.parsed(await metadata.asked("GET", f"{base}{ROLES}{role}", signed, within=TIMEOUT))
        except metadata.NoAnswer:
            raise errors.AwsUnavailable("EC2's instance metadata service does not answer.", "") from None
        except metadata.WrongAnswer as why:
            raise errors.SourceUnusable(
                f"EC2's instance metadata service {why}.", "Is there a role in the instance's profile? IMDSv2 is asked."
            ) from None

    def _address(self, env: Mapping[str, str]) -> str:
        """Where the service is.

        Raises:
            SourceUnusable: it is switched off, not on this machine, or our own.
        """
        if env.get(DISABLED, "false").lower() == "true":
            raise errors.SourceUnusable(f"{DISABLED} in the daemon's environment switches EC2's metadata off.", "")
        named = env.get(ENDPOINT) or ""
        if not named and not self._is_instance():  # guard: metadata-is-asked-on-instances-alone
            raise errors.SourceUnusable(
                "xacctd runs on no EC2 instance, and so has no role by its metadata.",
                "credential_source = Ec2InstanceMetadata is for machines of AWS; elsewhere name a source_profile.",
            )
        base = named or (ADDRESS_6 if env.get(MODE, "").lower() == "ipv6" else ADDRESS)
        try:
            parts = urlsplit(base)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None or parts.scheme not in {"http", "https"}:
            raise errors.SourceUnusable(f"{ENDPOINT} in the daemon's environment is no address.", "http://HOST:PORT")
        if port in self._own_ports():  # guard: own-metadata-is-no-source
            raise errors.SourceUnusable(
                "The metadata service of the daemon's environment is xacctd itself, which would wait for itself.",
                "Start xacctd in a shell that xacctctl env or exec has not changed.",
            )
        return base.rstrip("/")


def _role(body: bytes) -> str:
    """The name of the instance's role.

    Raises:
        WrongAnswer: it is none.
    """
    role = body.decode("latin-1").strip()
    if not _ROLE.fullmatch(role):  # guard: name-of-instances-role-is-one
        raise metadata.WrongAnswer("names no role of this instance")
    return role
