"""A sign-in that waits for a browser to bring an authorization code: OAuth with PKCE (RFC 6749, 7636 and 8252).

A browser on this machine brings it to a listener of ours (redirect.py). Of one on another machine the human copies what
AWS shows at the end: nobody else has the verifier that it is good with.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import secrets
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar
from urllib.parse import quote, urlencode

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from xacct.aws.answer import Answer
    from xacct.aws.redirect import Listener
    from xacct.signin import Mode

T = TypeVar("T")

VERIFIER_BYTES = 48
"""They make a verifier of 64 characters; RFC 7636 (4.1) wants 43 to 128."""

PAUSES = (0.5, 1.5)
"""Seconds before the second and third try of an exchange that AWS has not seen."""

LONGEST = 12 * 1024
"""Characters that a human may paste."""


class Authorization(Generic[T]):
    """One sign-in.

    Attributes:
        url: what a browser opens. It has the state in it, and no secret by which tokens could be had.

    Args:
        page: the address that is opened, without parameters.
        asked: its parameters, as far as services differ.
        answer: what is waited for.
        redeem: exchanges code, verifier and redirect URI for tokens.
        redirect_uri: where the browser is sent at the end.
        listener: what listens there; None: AWS itself does, and shows a text that the human brings.
    """

    user_code: ClassVar[str] = ""

    def __init__(
        self,
        page: str,
        asked: dict[str, str],
        answer: Answer,
        redeem: Callable[[str, str, str], Awaitable[T]],
        *,
        redirect_uri: str,
        listener: Listener | None = None,
    ) -> None:
        self._answer = answer
        self._listener = listener
        self._redeem = redeem
        self._redirect_uri = redirect_uri
        self._verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        said = {
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "state": answer.state,
            "code_challenge": _challenge(self._verifier),
        }
        self.url = f"{page}?{urlencode({**said, **asked}, quote_via=quote)}"

    @property
    def mode(self) -> Mode:
        """As `Begun` says."""
        return "paste" if self._listener is None else "redirect"

    @property
    def take(self) -> Callable[[str], None] | None:
        """As `Begun` says."""
        return self._take_pasted if self._listener is None else None

    @property
    def came_back(self) -> bool:
        """Whether an answer has been brought."""
        return self._answer.came

    async def tokens(self) -> T:
        """The tokens, once the human is done.

        Raises:
            Declined: they have said no.
            XacctError: those of `redeem`.
        """
        code = await self._answer.code()
        for pause in (*PAUSES, None):
            try:
                return await self._redeem(code, self._verifier, self._redirect_uri)
            except errors.Temporary as error:
                # A code is good for one try: another only where AWS has certainly not taken this one for it.
                if pause is None or (error.answered and not isinstance(error, errors.Throttled)):
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")  # pragma: no cover

    def close(self) -> None:
        """Listen no more, and wait no more."""
        if self._listener is not None:
            self._listener.close()
        self._answer.close()

    def _take_pasted(self, shown: str) -> None:
        """As `Begun.take` says: base64 of `state=...&code=...`."""
        try:
            padded = shown[:LONGEST] + "=" * (-len(shown) % 4)
            query = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()
        except (binascii.Error, ValueError):
            query = ""
        # guard: answer-is-to-our-own-question
        if self._answer.take(query) is None:
            raise errors.BadInput(
                "That is not what the browser shows at the end of this sign-in.", "Copy all of it, in one line."
            )


def _challenge(verifier: str) -> str:
    """S256 of RFC 7636 (4.2), without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
