"""What ends a sign-in in the browser, however it comes: the first answer of whoever knows the sign-in's state."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from xacct import errors

if TYPE_CHECKING:
    from xacct.signin import AnySignIn

_CODE = re.compile(r"[\x21-\x7e]{1,8192}")
_ERROR = re.compile(r"[a-z_]{1,40}")
"""What RFC 6749 (4.1.2.1) has for errors are words like this."""


class Answer:
    """Waits for the answer to one sign-in.

    Args:
        sign_in: what is signed in to.
    """

    def __init__(self, sign_in: AnySignIn) -> None:
        self.state = secrets.token_urlsafe(32)
        self._sign_in = sign_in
        self._code: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def came(self) -> bool:
        """Whether it is there, whatever it is."""
        return self._code.done() and not self._code.cancelled()

    async def code(self) -> str:
        """The authorization code, once it is there.

        Raises:
            Declined: the human has said no in the browser.
            Refusal: AWS has.
        """
        return await asyncio.shield(self._code)

    def take(self, query: str) -> bool | None:
        """Take it, as parameters of an address.

        Returns:
            Whether it has a code; None: it is no answer to this sign-in, and nothing has changed.
        """
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
        given = dict(pairs)
        right = hmac.compare_digest(given.get("state", "").encode(), self.state.encode())
        # guard: redirect-state-is-checked
        if not right or len(given) != len(pairs) or self._code.done():
            return None
        code, error = given.get("code", ""), given.get("error", "")
        if error:
            self._code.set_exception(self._refused(error))
            return False
        if not _CODE.fullmatch(code):
            return None
        self._code.set_result(code)
        return True

    def close(self) -> None:
        """Wait for it no more."""
        if self.came:
            self._code.exception()  # looked at, so that it is no "exception never retrieved"
        self._code.cancel()

    def _refused(self, error: str) -> errors.XacctError:
        whereto = self._sign_in.whereto
        if error == "access_denied":
            return errors.Declined(f"The sign-in to {whereto} was declined in the browser.", None)
        word = f" ({error})" if _ERROR.fullmatch(error) else ""
        return errors.Refusal(
            f"{self._sign_in.service} refuses the sign-in to {self._sign_in.label} in the browser{word}.",
            "xacctctl login ROLE --device-code signs in without a browser on this machine.",
        )
