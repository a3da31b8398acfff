"""HTTP as calls to STS want it: no redirect is followed, for a code must not go to an address that nobody named.

Imported late: aiobotocore costs a third of a second.
"""

from __future__ import annotations

from typing import Any

from aiobotocore.httpsession import AIOHTTPSession
from aiohttp import ClientHttpProxyError

PROXY_WANTS_A_NAME = 407


class StraightSession(AIOHTTPSession):  # type: ignore[misc]
    """aiobotocore's session, over `_Straight`, whose TLS contexts may be made before they are needed."""

    _prepared: tuple[str | None, Any] | None = None

    def prepare(self, url: str) -> None:
        """Make the TLS contexts for requests to an address now: they read a file of 140 certificates."""
        if hasattr(super(), "_build_ssl_contexts"):  # not every aiobotocore from 3.0 on makes them in one place
            proxy_url = self._proxy_config.proxy_url_for(url)
            self._prepared = (proxy_url, super()._build_ssl_contexts(proxy_url))

    def _build_ssl_contexts(self, proxy_url: str | None) -> Any:
        prepared, self._prepared = self._prepared, None
        if prepared is not None and prepared[0] == proxy_url:
            return prepared[1]
        return super()._build_ssl_contexts(proxy_url)

    async def _get_session(self, proxy_url: str | None) -> Any:
        return _Straight(await super()._get_session(proxy_url))


class _Straight:
    """An aiohttp session's `request`. A proxy's own answer over plain HTTP counts as a refusal to connect."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def request(self, *arguments: Any, **options: Any) -> Any:
        """Send a request, once, to where it is addressed."""
        # guard: code-follows-no-redirect
        answer = await self._session.request(*arguments, allow_redirects=False, **options)
        if answer.status == PROXY_WANTS_A_NAME:
            answer.close()
            raise ClientHttpProxyError(answer.request_info, answer.history, status=answer.status)
        return answer
