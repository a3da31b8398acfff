"""The listener that a browser comes back to: what completes a sign-in, and all that does not."""

import asyncio
import base64
import contextlib
import hashlib
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fake_identity_center import CORP
from waiting import PATIENCE

from xacct import errors
from xacct.aws import authorization, redirect
from xacct.aws.answer import Answer
from xacct.signin import Tokens

TOKENS = Tokens("access", 0.0, "refresh")


class Here:
    """A sign-in that waits, and what its exchange was given."""

    def __init__(self, admits=lambda _client, _server: True):
        self.waited_for = Answer(CORP)
        self.state = self.waited_for.state
        self._admits = admits
        self.redeemed = []
        self.troubles = []

    async def __aenter__(self):
        self.listener = await redirect.listening(self.waited_for, self._admits)
        page, asked = "https://oidc.eu-central-1.amazonaws.com/authorize", {"client_id": "client"}
        self.redirect = authorization.Authorization(
            page, asked, self.waited_for, self._redeem, redirect_uri=self.listener.uri, listener=self.listener
        )
        self.waits = asyncio.ensure_future(self.redirect.tokens())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_):
        self.waits.cancel()
        with contextlib.suppress(asyncio.CancelledError, errors.XacctError):
            await self.waits
        self.redirect.close()

    async def _redeem(self, *given):
        self.redeemed.append(given)
        if self.troubles:
            raise self.troubles.pop(0)
        return TOKENS

    async def send(self, raw):
        """What comes back for these bytes."""
        reader, writer = await asyncio.open_connection(redirect.HOST, self.listener.port)
        try:
            writer.write(raw)
            async with asyncio.timeout(PATIENCE):
                return (await reader.read()).decode()
        except ConnectionError:
            return ""
        finally:
            writer.close()

    async def get(self, query, *, path=redirect.PATH, host=None, method="GET"):
        target = f"{path}?{urlencode(query)}" if query else path
        host = host or f"127.0.0.1:{self.listener.port}"
        return await self.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    @property
    def answer(self):
        return {"code": "a-code", "state": self.state}


async def test_the_answer_brings_the_tokens_by_the_verifier_of_the_challenge():
    async with Here() as here:
        asked = parse_qs(urlsplit(here.redirect.url).query)
        assert (await here.get(here.answer)).startswith("HTTP/1.1 200 ")
        assert await here.waits == TOKENS
        [(code, verifier, uri)] = here.redeemed
    assert (code, uri) == ("a-code", asked["redirect_uri"][0])
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/oauth/callback", uri)
    digest = hashlib.sha256(verifier.encode()).digest()
    assert asked["code_challenge"] == [base64.urlsafe_b64encode(digest).decode().rstrip("=")]
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", verifier)


async def test_what_the_browser_is_asked_for():
    async with Here() as here:
        url = urlsplit(here.redirect.url)
        asked = parse_qs(url.query, strict_parsing=True)
    assert (url.scheme, url.netloc, url.path) == ("https", "oidc.eu-central-1.amazonaws.com", "/authorize")
    assert asked.keys() == {"response_type", "client_id", "redirect_uri", "state", "code_challenge"}
    assert (asked["response_type"], asked["client_id"]) == (["code"], ["client"])
    assert len(asked["state"][0]) >= 43


@pytest.mark.parametrize(
    "query",
    [
        {"code": "a-code", "state": "another"},
        {"code": "a-code", "state": ""},
        {"code": "a-code"},
        {"error": "access_denied", "state": "another"},
        {"error": "access_denied"},
        {"code": "a-code", "state": "\ud800".encode("utf-8", "surrogatepass")},
        {},
    ],
)
async def test_who_does_not_know_the_state_neither_completes_nor_ends_it(query):
    async with Here() as here:
        said = await here.get(query)
        assert said.startswith("HTTP/1.1 400 ")
        await asyncio.sleep(0.01)
        assert (here.waits.done(), here.redeemed, here.redirect.came_back) == (False, [], False)
        assert (await here.get(here.answer)).startswith("HTTP/1.1 200 "), "the right one is waited for still"
        assert await here.waits == TOKENS


async def test_the_state_twice_a_code_of_spaces_and_no_code_are_no_answer():
    async with Here() as here:
        state = here.state
        for query in ([("state", state), *here.answer.items()], {"code": "a b", "state": state}, {"state": state}):
            assert (await here.get(query)).startswith("HTTP/1.1 400 ")
        assert not here.waits.done()


async def test_after_one_right_answer_nothing_listens_there():
    async with Here() as here:
        await here.get(here.answer)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(redirect.HOST, here.listener.port)
        assert await here.waits == TOKENS
        assert len(here.redeemed) == 1


async def test_a_second_answer_on_a_connection_that_was_open_already_is_none():
    async with Here() as here:
        reader, writer = await asyncio.open_connection(redirect.HOST, here.listener.port)
        await here.get(here.answer)
        host = f"127.0.0.1:{here.listener.port}"
        query = urlencode({**here.answer, "code": "another"})
        writer.write(f"GET {redirect.PATH}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
        assert await here.waits == TOKENS
        assert [code for code, _, _ in here.redeemed] == ["a-code"]


async def test_a_no_in_the_browser_is_a_no():
    async with Here() as here:
        assert "not allowed" in await here.get({"error": "access_denied", "state": here.state})
        with pytest.raises(errors.Declined, match="corp was declined in the browser"):
            await here.waits
        assert here.redeemed == []


@pytest.mark.parametrize(("error", "word"), [("invalid_scope", " (invalid_scope)"), ("\x1b[31m<b>", "")])
async def test_another_error_is_said_in_a_word_of_the_standards_or_none(error, word):
    async with Here() as here:
        await here.get({"error": error, "state": here.state})
        with pytest.raises(errors.Refusal) as caught:
            await here.waits
        assert caught.value.sentence == f"IAM Identity Center refuses the sign-in to corp in the browser{word}."
        assert "--device-code" in caught.value.hint


async def test_no_page_has_anything_of_what_was_sent_and_none_may_load_or_be_framed():
    async with Here() as here:
        pages = [
            await here.get({"code": "<b>evil", "state": "<b>evil", "error": "<b>evil"}),
            await here.get({}, path="/<b>evil"),
            await here.get({"code": "x", "state": "y"}, host="evil.example"),
            await here.get({"code": "evil-code", "state": here.state, "x": "<b>evil"}),
        ]
    for page in pages:
        head, _, body = page.partition("\r\n\r\n")
        assert "evil" not in page
        assert "default-src 'none'" in head
        assert "frame-ancestors 'none'" in head
        for line in ("Referrer-Policy: no-referrer", "Cache-Control: no-store", "X-Content-Type-Options: nosniff"):
            assert line in head
        assert f"Content-Length: {len(body.encode())}" in head


@pytest.mark.parametrize("host", ["evil.example", "localhost:1", "127.0.0.1", "127.0.0.1:1", "[::1]:1"])
async def test_a_name_that_leads_here_is_not_ours(host):
    async with Here() as here:
        assert (await here.get(here.answer, host=host)).startswith("HTTP/1.1 400 ")
        assert not here.waits.done()


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "get"])
async def test_nothing_but_get_is_heard(method):
    async with Here() as here:
        assert (await here.get(here.answer, method=method)).startswith("HTTP/1.1 400 ")
        assert not here.waits.done()


async def test_the_icon_that_browsers_ask_for_is_not_there():
    async with Here() as here:
        assert (await here.get({}, path="/favicon.ico")).startswith("HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "raw",
    [
        "POST /oauth/callback?{right} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET /oauth/callback?{right} HTTP/1.1\r\n\r\n",
        "GET /oauth/callback?{right} HTTP/1.1\r\nHost: evil.example\r\nHost: {host}\r\n\r\n",
        "GET /oauth/callback?{right} HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n",
        "GET /oauth/callback/?{right} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET http://{host}/oauth/callback?{right} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET /oauth/callback?{right}\r\nHost: {host}\r\n\r\n",
        "GET /oauth/callback?code=c&state=<script> HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "\xff\xfe\r\n\r\n",
    ],
)
async def test_the_listener_hears_nothing_but_a_browsers_answer(raw):
    async with Here() as here:
        host = f"127.0.0.1:{here.listener.port}"
        said = await here.send(raw.format(right=urlencode(here.answer), host=host).encode("latin-1"))
        assert said.split(" ")[1] in {"400", "404"}
        assert "script" not in said
        assert not here.waits.done()
        assert (await here.get(here.answer)).startswith("HTTP/1.1 200 ")
        assert await here.waits == TOKENS


async def test_a_browsers_idle_connection_holds_nothing_up(monkeypatch):
    monkeypatch.setattr(redirect, "HEAD_SECONDS", 10 * PATIENCE)
    async with Here() as here:
        reader, idle = await asyncio.open_connection(redirect.HOST, here.listener.port)
        await asyncio.sleep(0.1)
        here.redirect.close()
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        idle.close()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(redirect.HOST, here.listener.port)


async def test_the_listener_is_on_the_loopback_address_alone():
    async with Here() as here:
        [listening] = here.listener._server.sockets
        assert listening.getsockname()[0] == "127.0.0.1"


async def test_that_there_is_no_port_is_said(monkeypatch):
    async def start_server(*_, **__):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(asyncio, "start_server", start_server)
    with pytest.raises(errors.Temporary, match=r"can't listen on 127\.0\.0\.1 for the browser"):
        await redirect.listening(Answer(CORP), lambda _client, _server: True)


@pytest.mark.parametrize(
    "raw", [b"\x16\x03\x01" + b"\0" * 200, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000, b"\r\n\r\n"]
)
async def test_what_is_no_request_ends_nothing(raw):
    async with Here() as here:
        sending = asyncio.ensure_future(here.send(raw))
        assert (await here.get(here.answer)).startswith("HTTP/1.1 200 ")
        assert await here.waits == TOKENS
        here.redirect.close()
        assert "200" not in await sending


async def test_silent_connections_keep_nobody_out():
    async with Here() as here:
        silent = [await asyncio.open_connection(redirect.HOST, here.listener.port) for _ in range(redirect.MOST - 1)]
        assert (await here.get(here.answer)).startswith("HTTP/1.1 200 ")
        for _, writer in silent:
            writer.close()


async def test_another_user_is_not_heard():
    seen = []

    def admits(client, server):
        seen.append((client, server))
        return False

    async with Here(admits) as here:
        assert await here.get(here.answer) == ""
        assert not here.waits.done()
        [(client, server)] = seen
        assert (client[0], server) == ("127.0.0.1", ("127.0.0.1", here.listener.port))


async def test_an_exchange_that_aws_has_not_seen_is_tried_again_and_no_other(monkeypatch):
    monkeypatch.setattr(authorization, "PAUSES", (0.0, 0.0))
    async with Here() as here:
        here.troubles = [errors.NetworkDown("down", ""), errors.Throttled("slow down", "")]
        await here.get(here.answer)
        assert await here.waits == TOKENS
        assert len(here.redeemed) == 3
    async with Here() as here:
        here.troubles = [errors.NetworkLost("lost", "")]
        await here.get(here.answer)
        with pytest.raises(errors.NetworkLost):
            await here.waits
        assert len(here.redeemed) == 1


async def test_neither_verifier_nor_state_is_in_what_is_shown_of_it():
    async with Here() as here:
        await here.get(here.answer)
        await here.waits
        [(code, verifier, _)] = here.redeemed
        shown = repr(here.redirect) + repr(here.listener) + repr(here.waited_for)
        assert verifier not in here.redirect.url
        for secret in (code, verifier, here.state):
            assert secret not in shown
