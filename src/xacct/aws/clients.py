"""A client of a service (STS, mostly) for each target and region, made by an SDK that reads no file and no profile.

Of variables it reads next to none. Whatever else botocore would take from the environment or from AWS's files steers
other programs, not these calls. The SDK is loaded and clients are made in a thread (sdk.py), as soon as a human is
asked for a code: nobody waits for that.
"""

from __future__ import annotations

import asyncio
import gc
import ssl
import sys
from contextlib import AsyncExitStack, contextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xacct.model import StsTarget

    Key = tuple[str, StsTarget, str]
    """Which service is asked, where and how, and the region that requests are for."""


SWITCH = 0.001
"""Seconds after which a thread that makes a client lets others run. Our choice, by how long they were seen to wait."""


class Clients:
    """Open clients.

    Args:
        now: AWS's time, which requests are signed at.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._clients: dict[Key, Any] = {}
        self._being_made: dict[Key, asyncio.Task[None]] = {}
        self._open = AsyncExitStack()
        self._one_at_a_time = asyncio.Lock()

    async def close(self) -> None:
        """Close every connection."""
        being_made = list(self._being_made.values())
        for task in being_made:
            task.cancel()
        await asyncio.gather(*being_made, return_exceptions=True)
        self._clients.clear()
        await self._open.aclose()

    def prepare(self, target: StsTarget, region: str, service: str = "sts") -> None:
        """Begin to load the SDK and to make the client that asks there, where that has not happened yet."""
        key = (service, target, region)
        if key not in self._clients and key not in self._being_made:
            self._making(key)

    async def get(self, target: StsTarget, region: str, service: str = "sts") -> Any:
        """The client that asks a service there. What STS and IAM are asked is signed.

        Raises:
            ConfigError: none can be made of these settings; which of them.
        """
        key = (service, target, region)
        if key not in self._clients:
            await asyncio.shield(self._being_made.get(key) or self._making(key))
        return self._clients[key]

    def _making(self, key: Key) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._make(key), context=Context())  # it holds no call's keys
        self._being_made[key] = task
        task.add_done_callback(lambda task: self._made(key, task))
        return task

    async def _make(self, key: Key) -> None:
        async with self._one_at_a_time:
            # In a thread: it is half a second of work the first time, and others' fetches are answered meanwhile.
            client = await asyncio.to_thread(_make, *key, self._now)
        self._clients[key] = await self._open.enter_async_context(client)

    def _made(self, key: Key, task: asyncio.Task[None]) -> None:
        del self._being_made[key]
        if not task.cancelled():
            task.exception()  # whoever waits for it is told; if nobody does, the call that comes is told the same


def _make(service: str, target: StsTarget, region: str, now: Callable[[], float]) -> Any:
    check(target)
    with _beside_the_loop():
        from xacct.aws import sdk  # noqa: PLC0415 - late: it costs a quarter of the daemon's memory

        return sdk.make(service, target, region, now)


@contextmanager
def _beside_the_loop() -> Iterator[None]:
    """Much that is here to stay is made in a thread, and the event loop is to go on meanwhile.

    A full pass of the garbage collector stops every thread for 50 to 100 ms: there is none meanwhile, and what was made
    is in none afterwards. And the loop gets its turn SWITCH seconds after it wants it, not the usual 5 ms: it takes
    several to answer a fetch.
    """
    collects, switch = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(switch)
        gc.freeze()
        if collects:
            gc.enable()


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
