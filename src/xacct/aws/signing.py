"""SigV4 with a clock of our choosing: a laptop whose clock is wrong can still sign.

botocore signs with the wall clock and does not correct it. Its `_modify_request_before_signing` is the hook
its own subclasses use, and runs after the time has been chosen and before anything depends on it.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.credentials import ReadOnlyCredentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.model import Credentials

signing_with: ContextVar[Credentials] = ContextVar("signing_with")
"""Whose credentials the call that is under way in this task is signed with."""


class ClockedSigV4(SigV4Auth):  # type: ignore[misc]
    """SigV4 whose timestamp is AWS's time as the daemon knows it."""

    def __init__(self, credentials: Credentials, region: str, now: float) -> None:
        keys = ReadOnlyCredentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        super().__init__(keys, "sts", region)
        self._now = now

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context["timestamp"] = datetime.fromtimestamp(self._now, UTC).strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)


def sign_requests(client: Any, now: Callable[[], float]) -> None:
    """Have every request of an unsigned client signed with `signing_with`, at the instant `now` says."""

    def sign(request: Any, **_: Any) -> None:
        region = (request.context.get("signing") or {}).get("region") or client.meta.region_name
        ClockedSigV4(signing_with.get(), region, now()).add_auth(request)

    client.meta.events.register("request-created.sts", sign)
