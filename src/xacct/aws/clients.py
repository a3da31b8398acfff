"""A client of STS for each target and region, made by an SDK that reads no file, no profile and next to no variable.

Whatever else botocore would take from the environment or from AWS's files steers other programs, not these calls.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.model import StsTarget

CONNECT_TIMEOUT = 4.0
READ_TIMEOUT = 10.0

NOWHERE = f"{os.devnull}/none"
"""A path at which no file can be, not even where something has put one in /dev/null's place."""


class Clients:
    """Open clients.

    Args:
        now: AWS's time, which requests are signed at.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._clients: dict[tuple[StsTarget, str], Any] = {}
        self._open = AsyncExitStack()
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close every connection."""
        self._clients.clear()
        await self._open.aclose()

    async def get(self, target: StsTarget, region: str) -> Any:
        """The client that asks there.

        Raises:
            ConfigError: none can be made of these settings; which of them.
        """
        async with self._lock:
            if (target, region) not in self._clients:
                await asyncio.to_thread(check, target)
                self._clients[target, region] = await self._made(target, region)
            return self._clients[target, region]

    async def _made(self, target: StsTarget, region: str) -> Any:
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - late: it costs a third of a second

        from xacct.aws.http import StraightSession  # noqa: PLC0415
        from xacct.aws.signing import sign_requests  # noqa: PLC0415

        proxies = {"proxy_ca_bundle": target.proxy_ca_bundle, "proxy_client_cert": target.proxy_client_cert}
        config = AioConfig(
            signature_version=_unsigned(),
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"total_max_attempts": 1},
            max_pool_connections=20,
            use_fips_endpoint=target.fips,
            use_dualstack_endpoint=target.dualstack,
            ignore_configured_endpoint_urls=True,  # guard: no-variable-steers-sdk
            proxies_config={name: value for name, value in proxies.items() if value},
            http_session_cls=StraightSession,
        )
        session = _session()
        session.set_config_variable("sts_regional_endpoints", "legacy" if target.legacy else "regional")
        made = session.create_client(
            "sts",
            region_name=region,
            endpoint_url=target.endpoint_url,
            verify=target.ca_bundle or True,
            config=config,
        )
        client = await self._open.enter_async_context(made)
        check_proxy(client.meta.endpoint_url)
        sign_requests(client, self._now)
        return client


def check(target: StsTarget) -> None:
    """Refuse settings with which no client could be made or connected. Reads files: not for the event loop.

    Raises:
        ConfigError: which setting, where it is set, and what is wrong with it.
    """
    if target.endpoint_url is not None and (why := targets.trouble(target.endpoint_url)):
        raise errors.ConfigError(
            f"{target.origin('endpoint_url')} {why}.", "Mend it there: an address is http://HOST:PORT or https://HOST."
        )
    _check_certificates(target, "ca_bundle")
    _check_certificates(target, "proxy_ca_bundle")
    _check_certificates(target, "proxy_client_cert")


def _check_certificates(target: StsTarget, setting: str) -> None:
    path = getattr(target, setting)
    if path is None:
        return
    hint = "Name a file of certificates in PEM form, or remove the setting."
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        (context.load_cert_chain if setting == "proxy_client_cert" else context.load_verify_locations)(path)
    except ssl.SSLError:
        raise errors.ConfigError(
            f"{target.origin(setting)} names {path}, which holds no usable certificate.", hint
        ) from None
    except OSError as error:
        raise errors.ConfigError(
            f"{target.origin(setting)} names {path}, which can't be read ({error.strerror}).", hint
        ) from None


def check_proxy(url: str) -> None:
    """Refuse a proxy that the SDK could not use for this address.

    Raises:
        ConfigError: which variable names it, and what is wrong with it.
    """
    from botocore.utils import get_environ_proxies  # noqa: PLC0415

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


def _unsigned() -> Any:
    from botocore import UNSIGNED  # noqa: PLC0415

    return UNSIGNED


def _session() -> Any:
    """A session whose every variable has its default: no environment, no file, no other models than botocore's own."""
    from aiobotocore.session import AioSession  # noqa: PLC0415
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES  # noqa: PLC0415

    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    for file in ("config_file", "credentials_file"):
        variables[file] = (None, None, NOWHERE, None)  # guard: botocore-keeps-no-profiles-keys
    session = AioSession(session_vars=variables)
    session.register_component("data_loader", _loader())
    return session


@cache
def _loader() -> Any:
    from botocore.loaders import Loader  # noqa: PLC0415

    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    # The one that is asked for: else botocore looks into a thousand folders first, to see which services there are.
    loader.list_available_services = lambda _type_name: ["sts"]
    return loader
