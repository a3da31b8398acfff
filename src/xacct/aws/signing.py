"""SigV4 with a clock of our choosing: a laptop whose clock is wrong can still sign.

botocore signs with the wall clock and does not correct it. Its `_modify_request_before_signing` is the hook
its own subclasses use, and runs after the time has been chosen and before anything depends on it.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.credentials import ReadOnlyCredentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xacct.model import Credentials


GLOBAL_HOST, GLOBAL_REGION = "sts.amazonaws.com", "us-east-1"
"""The global endpoint takes signatures of this region alone (AWS General Reference, STS endpoints)."""


class UnderWay:
    """The call that is under way in a task: whose credentials it is signed with, and whether it has been.

    Attributes:
        unsigned: whether it is one that takes no keys.
    """

    def __init__(self, keys: Credentials | None) -> None:
        self.keys = keys
        self.unsigned = keys is None
        self.signed = False


_under_way: ContextVar[UnderWay] = ContextVar("under_way")


@contextmanager
def signing_with(keys: Credentials | None) -> Iterator[UnderWay]:
    """Sign the calls of this task with these credentials, and let go of them afterwards.

    A context is copied by whatever a call leaves behind (pooled connections, their timers), so it holds them in
    something that can be emptied.
    """
    call = UnderWay(keys)
    _under_way.set(call)
    try:
        yield call
    finally:
        call.keys = None  # guard: keys-are-let-go-after-call


class ClockedSigV4(SigV4Auth):  # type: ignore[misc]
    """SigV4 whose timestamp is AWS's time as the daemon knows it."""

    def __init__(self, credentials: Credentials, region: str, now: float, service: str = "sts") -> None:
        keys = ReadOnlyCredentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        super().__init__(keys, service, region)
        self._now = now

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context["timestamp"] = datetime.fromtimestamp(self._now, UTC).strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)


def sign_requests(client: Any, now: Callable[[], float], service: str = "sts") -> None:
    """Have every request of an unsigned client signed with `signing_with`, at the instant `now` says, for `service`."""

    def sign(request: Any, **_: Any) -> None:
        region = GLOBAL_REGION if urlsplit(request.url).hostname == GLOBAL_HOST else client.meta.region_name
        call = _under_way.get()
        if call.unsigned:
            call.signed = True  # as far as such a call is
            return
        assert call.keys is not None  # noqa: S101 - a call's own requests are made while it is under way
        ClockedSigV4(call.keys, region, now(), service).add_auth(request)
        call.signed = True

    client.meta.events.register(f"request-created.{service}", sign)
