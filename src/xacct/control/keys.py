"""The routes of access keys in the keychain: kept, listed, checked, removed. No answer ever has a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from xacct import errors, wire
from xacct.control import views
from xacct.control.http import body_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from xacct.awsfiles import Files
    from xacct.model import Credentials

    Tell = Callable[[wire.RotatingEvent], Awaitable[None]]


class AccessKeys(Protocol):
    """The keychain, as the routes need it. `files` are those of the request's shell; None: the daemon's own."""

    def list(self) -> wire.KeysAnswer:
        """All keys that are in it, of whichever files."""

    async def add(self, files: Files | None, asked: wire.KeyRequest) -> wire.KeyAnswer:
        """Keep one.

        Raises:
            XacctError: it can't be kept, and nothing of it is.
        """

    async def check(self, files: Files | None, profile: str) -> wire.KeyAnswer:
        """Read one from the keychain and ask AWS whose it is.

        Raises:
            XacctError: it can't be read, or AWS does not take it.
        """

    async def remove(self, files: Files | None, profile: str) -> None:
        """Keep one no longer.

        Raises:
            XacctError: it can't be removed.
        """

    async def rotate(
        self, files: Files | None, profile: str, session: Credentials | None, asked: wire.RotateRequest, tell: Tell
    ) -> wire.RotatedEvent:
        """Have another one in its place, or end what is left of that.

        Args:
            files: those of the request's shell.
            profile: whose key.
            session: the MFA session that signs; None: the key itself.
            asked: how.
            tell: is told each step.

        Raises:
            XacctError: what failed, and what is left.
        """


class KeyRoutes:
    """What there is below /v1/keys."""

    def __init__(self, keys: AccessKeys) -> None:
        self._keys = keys

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [
            web.get(wire.KEYS, self.list_keys),
            web.post(wire.KEYS, self.add_key),
            web.post(wire.KEY_CHECK, self.check_key),
            web.delete(wire.KEY, self.remove_key),
        ]

    async def list_keys(self, _: web.Request) -> web.Response:
        """GET /v1/keys."""
        return web.json_response(self._keys.list())

    async def add_key(self, request: web.Request) -> web.Response:
        """POST /v1/keys."""
        body = await body_of(request, wire.KeyRequest)
        if ("access_key_id" in body) != ("secret_access_key" in body):
            raise errors.BadInput("An access key has an id and a secret.", "xacctctl keys add PROFILE")
        return web.json_response(await self._keys.add(views.meant(request), body))

    async def check_key(self, request: web.Request) -> web.Response:
        """POST /v1/keys/PROFILE/check."""
        return web.json_response(await self._keys.check(views.meant(request), request.match_info["profile"]))

    async def remove_key(self, request: web.Request) -> web.Response:
        """DELETE /v1/keys/PROFILE."""
        await self._keys.remove(views.meant(request), request.match_info["profile"])
        return web.json_response({})
