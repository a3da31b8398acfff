"""Where a browser brings the answer of a sign-in by redirect: one address of 127.0.0.1, open until one right answer.

RFC 6749 (4.1.2), RFC 7636 and RFC 8252 (7.3, 8.9), as AWS has them. Whatever else comes gets a page with a sentence
that says nothing of what was sent: another site can send a browser here, but does not know the sign-in's state.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl, quote, urlencode

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from xacct.signin import Mode, SignIn, Tokens

    Address = tuple[str, int]

HOST = "127.0.0.1"
"""AWS takes no other: neither `localhost` nor `[::1]`."""

PATH = "/oauth/callback"
"""Nor another path."""

REGISTERED = f"http://{HOST}{PATH}"
"""The redirect URI as a client registers it: without a port, which is another each time (RFC 8252, 7.3)."""

VERIFIER_BYTES = 48
"""They make a verifier of 64 characters; RFC 7636 (4.1) wants 43 to 128."""

HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 10.0
"""For one head of a request. Browsers open connections ahead, and send nothing on them."""

MOST = 32
"""Connections at once; a browser opens a handful."""

PAUSES = (0.5, 1.5)
"""Seconds before the second and third try of an exchange that AWS has not seen."""

_REQUEST = re.compile(rb"GET (/[\x21-\x7e]*) HTTP/1\.[01]")
_CODE = re.compile(r"[\x21-\x7e]{1,8192}")
_ERROR = re.compile(r"[a-z_]{1,40}")
"""What RFC 6749 (4.1.2.1) has for errors are words like this."""

_DONE = "xacct has the answer. You can close this page; the terminal says what came of the sign-in."
_DECLINED = "The sign-in was not allowed. You can close this page."
_FOREIGN = "This page is for a sign-in of xacct, and this is not the answer to the one that waits. Nothing has changed."
_NOTHING = "There is nothing here."

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>xacct</title></head><body><p>{}</p></body></html>
"""
_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Frame-Options: DENY\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cache-Control: no-store\r\n"
    "Connection: close\r\n"
)
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found"}


class Listener:
    """Waits for one browser.

    Args:
        sign_in: what is signed in to.
        admits: whether a connection (the client's address, ours) is one of this user.
    """

    def __init__(self, sign_in: SignIn, admits: Callable[[Address, Address], bool]) -> None:
        self.state = secrets.token_urlsafe(32)
        self._sign_in = sign_in
        self._admits = admits
        self._open: set[asyncio.StreamWriter] = set()
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        """Listen, on a port of its own.

        Raises:
            OSError: there is none.
        """
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=HEAD_BYTES)
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def uri(self) -> str:
        """Where the browser is to come back to."""
        return f"http://{HOST}:{self.port}{PATH}"

    @property
    def came_back(self) -> bool:
        """Whether a browser has brought the answer, whatever it is."""
        return self._answer.done() and not self._answer.cancelled()

    async def code(self) -> str:
        """The authorization code, once a browser brings it.

        Raises:
            Declined: the human has said no there.
            Refusal: AWS has.
        """
        return await asyncio.shield(self._answer)

    def close(self) -> None:
        """Listen no more, and hang up."""
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        if self._answer.done() and not self._answer.cancelled():
            self._answer.exception()  # looked at, so that it is no "exception never retrieved"
        self._answer.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, server = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        # guard: redirect-another-user-is-turned-away
        if not client or len(self._open) >= MOST or not self._admits(client[:2], server[:2]):
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_page(*self._heard(head)))
            await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # no request, or nobody who reads the answer
        finally:
            self._open.discard(writer)
            writer.close()

    def _heard(self, head: bytes) -> tuple[int, str]:
        """Take one request. Returns the status and the sentence of its answer."""
        first, *fields = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        request = _REQUEST.fullmatch(first)
        hosts = [
            value.strip() for name, _, value in (each.partition(b":") for each in fields) if name.lower() == b"host"
        ]
        # A name of another site that leads here is no address of ours, and nothing is heard by it.
        if request is None or hosts != [f"{HOST}:{self.port}".encode()]:  # guard: redirect-host-is-ours
            return 400, _FOREIGN
        path, _, query = request[1].decode().partition("?")
        if path != PATH:
            return 404, _NOTHING
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
        given = dict(pairs)
        right = hmac.compare_digest(given.get("state", "").encode(), self.state.encode())
        # guard: redirect-state-is-checked
        if not right or len(given) != len(pairs) or self._answer.done():
            return 400, _FOREIGN
        return self._take(given)

    def _take(self, given: dict[str, str]) -> tuple[int, str]:
        """Take the answer of whoever knows the state; whatever it is, there is no other."""
        code, error = given.get("code", ""), given.get("error", "")
        if not error and not _CODE.fullmatch(code):
            return 400, _FOREIGN
        self._server.close()  # guard: redirect-listener-closes-after-use
        if not error:
            self._answer.set_result(code)
            return 200, _DONE
        self._answer.set_exception(self._refused(error))
        return 200, _DECLINED

    def _refused(self, error: str) -> errors.XacctError:
        label = self._sign_in.label
        if error == "access_denied":
            return errors.Declined(f"The sign-in to {label} was declined in the browser.", None)
        word = f" ({error})" if _ERROR.fullmatch(error) else ""
        return errors.Refusal(
            f"IAM Identity Center refuses the sign-in to {label} in the browser{word}.",
            "xacctctl login ROLE --device-code signs in by a code instead.",
        )


class Redirect:
    """A sign-in that waits for a browser on this machine to come back.

    Attributes:
        url: what the browser opens. It has the state in it, and no secret by which tokens could be had.

    Args:
        listener: where it comes back to; it listens already.
        base: the address of the service.
        client_id: of the client that asks.
        redeem: changes code, verifier and redirect URI for tokens.
    """

    mode: ClassVar[Mode] = "redirect"
    user_code: ClassVar[str] = ""

    def __init__(
        self,
        sign_in: SignIn,
        listener: Listener,
        base: str,
        client_id: str,
        redeem: Callable[[str, str, str], Awaitable[Tokens]],
    ) -> None:
        self._listener = listener
        self._redeem = redeem
        self._verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": listener.uri,
            "state": listener.state,
            "code_challenge_method": "S256",
            "scopes": " ".join(sign_in.scopes),  # in the plural: so AWS has it
            "code_challenge": _challenge(self._verifier),
        }
        self.url = f"{base.rstrip('/')}/authorize?{urlencode(asked, quote_via=quote)}"

    @property
    def came_back(self) -> bool:
        """Whether the browser has brought an answer."""
        return self._listener.came_back

    async def tokens(self) -> Tokens:
        """The tokens, once the human is done in the browser.

        Raises:
            Declined: they have said no.
            XacctError: those of `IdentityCenter`.
        """
        code = await self._listener.code()
        for pause in (*PAUSES, None):
            try:
                return await self._redeem(code, self._verifier, self._listener.uri)
            except errors.Temporary as error:
                # A code is good for one try: another only where AWS has certainly not taken this one for it.
                if pause is None or (error.answered and not isinstance(error, errors.Throttled)):
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")  # pragma: no cover

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()


def _challenge(verifier: str) -> str:
    """S256 of RFC 7636 (4.2), without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _page(status: int, sentence: str) -> bytes:
    body = _PAGE.format(sentence).encode()
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
