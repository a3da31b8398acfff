"""A console login that waits for a human in a browser: OAuth's authorization code with PKCE (RFC 6749, 7636, 8252).

In a browser of this machine its answer comes to a listener of our own. From another machine's the human brings it: AWS
shows it there, and only whoever began the sign-in has the verifier that it is good with.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from xacct import errors
from xacct.aws import dpop
from xacct.aws.callback import Callback

if TYPE_CHECKING:
    from collections.abc import Callable

SAME_DEVICE = "arn:aws:signin:::devtools/same-device"
CROSS_DEVICE = "arn:aws:signin:::devtools/cross-device"
"""The clients that AWS's sign-in knows (botocore's signin, ClientId)."""

CONFIRMATION = "/v1/sessions/confirmation"
"""The page of AWS's that shows the answer, where no browser of this machine can bring it."""

LONGEST = 4096
"""Characters of what a human may bring."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser ends with: an authorization code, or why there is none."""

    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str = ""


class Authorization:
    """One sign-in.

    Attributes:
        url: where the human goes.
        user_code: nothing has to be typed there.
        client_id: which client of AWS's we are for it.
        key: what proofs are signed with.
        verifier: what the code is good with.
        redirect_uri: where the answer goes.
    """

    user_code = ""

    def __init__(self, base: str, client_id: str, redirect_uri: str) -> None:
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self.key = dpop.new_key()
        self.verifier = secrets.token_urlsafe(48)
        self._state = secrets.token_urlsafe(32)
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._callback: Callback | None = None
        self.url = f"{base.rstrip('/')}/v1/authorize?{urlencode(self._query())}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    @property
    def take(self) -> Callable[[str], None] | None:
        """As signin.Begun says: where nobody listens for the browser, the human brings it."""
        return self._take_shown if self._callback is None else None

    async def code(self) -> str:
        """The authorization code, once the human is done.

        Raises:
            Declined: they have said no.
        """
        answer = await self._answer
        if answer.code:
            return answer.code
        raise errors.Declined(f"The sign-in to AWS was declined in the browser ({answer.error[:40]}).", None)

    async def close(self) -> None:
        """Listen no more."""
        self._answer.cancel()
        if self._callback is not None:
            await self._callback.close()

    def listen_at(self, callback: Callback) -> None:
        """Take the answer from there."""
        self._callback = callback

    def take_answer(self, answer: Answer) -> bool:
        """Take the first answer to this very sign-in; whether it is that."""
        ours = hmac.compare_digest(answer.state.encode(), self._state.encode())  # guard: answer-is-to-our-own-question
        if not ours or not (answer.code or answer.error) or self._answer.done():
            return False
        self._answer.set_result(answer)
        return True

    def _take_shown(self, shown: str) -> None:
        """As signin.Begun says: base64 of `state=...&code=...`.

        Raises:
            BadInput: it is not that, or of another sign-in.
        """
        try:
            padded = shown[:LONGEST] + "=" * (-len(shown) % 4)
            said = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()
        except (binascii.Error, ValueError):
            said = ""
        if not self.take_answer(answer_of(said)):
            raise errors.BadInput(
                "That is not what the browser shows at the end of this sign-in.", "Copy all of it, in one line."
            )

    def _query(self) -> dict[str, str]:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "state": self._state,
            "code_challenge_method": "SHA-256",
            "scope": "openid",
            "redirect_uri": self.redirect_uri,
            "code_challenge": challenge.decode(),
        }


def answer_of(query: str) -> Answer:
    """What a query says; what is twice in it is not there."""
    pairs = parse_qsl(query[:LONGEST], keep_blank_values=True, errors="replace")
    names = [name for name, _ in pairs]
    given = {name: value for name, value in pairs if names.count(name) == 1}
    return Answer(given.get("state", ""), given.get("code", ""), given.get("error", ""))


async def same_device(base: str) -> Authorization:
    """Begin a sign-in in a browser of this machine, and listen for its answer.

    Raises:
        OSError: there is no port to listen at.
    """
    callback = Callback()
    port = await callback.open()
    try:
        begun = Authorization(base, SAME_DEVICE, callback.address(port))
    except BaseException:
        await callback.close()
        raise
    begun.listen_at(callback)
    callback.takes(lambda query: begun.take_answer(answer_of(query)))
    return begun


def cross_device(base: str) -> Authorization:
    """Begin a sign-in in another machine's browser."""
    return Authorization(base, CROSS_DEVICE, f"{base.rstrip('/')}{CONFIRMATION}")
