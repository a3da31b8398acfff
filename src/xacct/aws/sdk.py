"""The AWS SDK, and clients made with it. Imported late and in a thread: it costs half a second of a processor.

Each session's every variable has its default: no environment, no file, no other models than
botocore's own and what data/ adds.
"""

from __future__ import annotations

import asyncio
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore import UNSIGNED
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from botocore.utils import get_environ_proxies

from xacct import errors
from xacct.aws import targets
from xacct.aws.dpop import add_proof
from xacct.aws.http import StraightSession
from xacct.aws.signing import sign_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.model import StsTarget

CONNECT_TIMEOUT = 4.0
READ_TIMEOUT = 10.0

NOWHERE = f"{os.devnull}/none"
"""A path at which no file can be, not even where something has put one in /dev/null's place."""

SERVICES = {"sts": "sts", "iam": "iam", "sso": "portal.sso", "sso-oidc": "oidc", "signin": "signin"}
"""What is asked, as botocore calls it, and what its host is called."""

POOL = 20
"""Connections to one STS at once."""


def make(service: str, target: StsTarget, region: str, now: Callable[[], float]) -> Any:
    """A client that asks there, not yet opened. Reads files: not for the event loop.

    Args:
        service: one of SERVICES.
        target: where and how.
        region: the region to sign for.
        now: AWS's time, which requests are signed at.
    """
    proxies = {"proxy_ca_bundle": target.proxy_ca_bundle, "proxy_client_cert": target.proxy_client_cert}
    config = AioConfig(
        signature_version=UNSIGNED,
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"total_max_attempts": 1},
        max_pool_connections=POOL,
        use_fips_endpoint=target.fips,
        use_dualstack_endpoint=target.dualstack,
        ignore_configured_endpoint_urls=True,  # guard: no-variable-steers-sdk
        proxies_config={name: value for name, value in proxies.items() if value},
        http_session_cls=StraightSession,
    )
    arguments = {
        "region_name": region,
        "endpoint_url": target.endpoint_url,
        "verify": target.ca_bundle or True,
        "config": config,
    }
    client = asyncio.run(_created(_session("legacy" if target.legacy else "regional"), service, arguments))
    if service == "sts":
        sign_requests(client, now)
    if service == "iam":
        own = _endpoint(service, region, target.fips, target.dualstack)
        sign_requests(client, now, service, _signing_region(own))
    if service == "signin":
        client.meta.events.register("before-call.signin", add_proof)
    check_proxy(client.meta.endpoint_url)
    client._endpoint.http_session.prepare(client.meta.endpoint_url)  # noqa: SLF001 - the StraightSession named above
    return client


def address_of(service: str, region: str, *, fips: bool, dualstack: bool) -> str:
    """AWS's own address of a service, by its rules for endpoints. Reads files: not for the event loop."""
    return str(_endpoint(service, region, fips, dualstack).url)


def _endpoint(service: str, region: str, fips: bool, dualstack: bool) -> Any:  # noqa: FBT001 - in the rules' order
    loader = _loader()
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    asked = {"Region": region, "UseFIPS": fips, "UseDualStack": dualstack, "IsControlPlane": False}
    return provider.resolve_endpoint(**asked)


def _signing_region(endpoint: Any) -> str | None:
    """The region that a service of no region wants its signatures for (IAM: us-east-1); None: the client's own."""
    schemes = [] if endpoint is None else endpoint.properties.get("authSchemes", [])
    return next((scheme["signingRegion"] for scheme in schemes if "signingRegion" in scheme), None)


async def _created(session: AioSession, service: str, arguments: dict[str, Any]) -> Any:
    # No more than a coroutine because it might look for credentials, which an unsigned client does not: it awaits
    # nothing, and the client is bound to no loop before its first request.
    return await session.create_client(service, **arguments)._coro  # noqa: SLF001


@cache
def _session(sts_endpoints: str) -> AioSession:
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    for file in ("config_file", "credentials_file"):
        variables[file] = (None, None, NOWHERE, None)  # guard: botocore-keeps-no-profiles-keys
    session = AioSession(session_vars=variables)
    session.register_component("data_loader", _loader())
    session.set_config_variable("sts_regional_endpoints", sts_endpoints)
    return session


OURS = str(Path(__file__).with_name("data"))
"""What we add to botocore's data, as it lets SDKs do (`service-2.sdk-extras.json`): calls that are younger than the
release that we pin."""


class LeanLoader(Loader):  # type: ignore[misc]
    """botocore's own data, as far as it is about SERVICES, and ours.

    Of endpoints.json (1.2 MB about 400 services) only what is said of regions and of those becomes dictionaries: all
    of it takes some MiB, and a tenth of a second in which no other thread runs.
    """

    def __init__(self) -> None:
        super().__init__(extra_search_paths=[Loader.BUILTIN_DATA_PATH, OURS], include_default_search_paths=False)
        self._endpoints: dict[str, Any] | None = None

    def list_available_services(self, _type_name: str) -> list[str]:
        """Those: else botocore looks into a thousand folders first, to see which services there are."""
        return list(SERVICES)

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """What a file of botocore's says, and the file."""
        file = Path(self.BUILTIN_DATA_PATH, "endpoints.json")
        if name != "endpoints" or not file.exists():  # a distribution may have it compressed
            found: tuple[Any, str] = super().load_data_with_path(name)
            return found
        if self._endpoints is None:
            self._endpoints = lean(file.read_bytes())
        return self._endpoints, str(file.with_suffix(""))


def lean(endpoints: bytes) -> dict[str, Any]:
    """What endpoints.json says, without the services that are none of SERVICES."""
    said = msgspec.json.decode(endpoints, type=dict[str, msgspec.Raw])
    partitions = msgspec.json.decode(said.pop("partitions"), type=list[dict[str, msgspec.Raw]])
    return {
        **{name: msgspec.json.decode(value) for name, value in said.items()},
        "partitions": [_of_ours(partition) for partition in partitions],
    }


def _of_ours(partition: dict[str, msgspec.Raw]) -> dict[str, Any]:
    services = msgspec.json.decode(partition.pop("services"), type=dict[str, msgspec.Raw])
    kept = {name: msgspec.json.decode(value) for name, value in services.items() if name in SERVICES.values()}
    return {**{name: msgspec.json.decode(value) for name, value in partition.items()}, "services": kept}


@cache
def _loader() -> LeanLoader:
    return LeanLoader()


def check_proxy(url: str) -> None:
    """Refuse a proxy that the SDK could not use for this address.

    Raises:
        ConfigError: which variable names it, and what is wrong with it.
    """
    scheme = url.partition(":")[0].lower()
    proxy = get_environ_proxies(url).get(scheme)
    if not proxy:
        return
    why = targets.trouble(proxy if "://" in proxy else f"http://{proxy}")
    if why is None:
        return
    if proxy.lower().startswith("socks"):
        why = "is a SOCKS proxy, which the AWS SDK can't use"
    variable = f"{scheme.upper()}_PROXY"
    raise errors.ConfigError(
        f"{variable} in {targets.IN_ENVIRONMENT} {why} ({targets.shown(proxy)}).",
        f"Set {variable}=http://HOST:PORT there, or unset it, and restart xacctd.",
    )
