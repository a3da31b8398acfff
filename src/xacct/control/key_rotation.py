"""The route by which an access key is rotated: a stream, for a human may be asked, and each step is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from xacct import errors, policy, wire
from xacct.control import streams, views
from xacct.control.audit import caller_of
from xacct.control.http import body_of, single, streamed
from xacct.credentials.ask import Ask
from xacct.model import Credentials, Grant, Source

if TYPE_CHECKING:
    from xacct.control.audit import Audit
    from xacct.control.keys import AccessKeys
    from xacct.credentials.service import CredentialService

COMMAND = "xacctctl keys rotate"
"""What people are told asks for a code."""

LASTING = 5 * policy.MINUTE
"""Seconds for which an MFA session has to be good still: so long a rotation may take."""


class KeyRotationRoutes:
    """POST /v1/keys/PROFILE/rotate."""

    def __init__(self, service: CredentialService, keys: AccessKeys, audit: Audit) -> None:
        self._service = service
        self._keeper = service.keeper
        self._keys = keys
        self._audit = audit

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [web.post(wire.KEY_ROTATE, self.rotate)]

    async def rotate(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/keys/PROFILE/rotate."""
        body = await body_of(request, wire.RotateRequest)
        profile, files = request.match_info["profile"], views.meant(request)
        name, attend = views.of(request).wanted(profile), body.get("attend", True)
        consumer = Grant(single("rotation"), "", COMMAND, (name,), self._keeper.clock.now())
        self._demand_key_of_keychain(profile, name, consumer)
        ask = Ask(
            human=attend or any(map(self._keeper.broker.has_subscriber, self._keeper.topics(name))),
            lasting=LASTING,
            process=lambda: caller_of(request).process,
            single=True,
        )

        async def session(role: str) -> Credentials:
            got = self._service.serve(role, consumer, ask)
            return got if isinstance(got, Credentials) else await got()

        async def run(out: streams.Lines) -> None:
            async def get(role: str) -> wire.RotatedEvent:
                with_mfa = self._keeper.node(role).role.mfa_serial is not None
                signer = await self._audit.watched(request, "fetch", session)(role) if with_mfa else None
                return await self._keys.rotate(files, profile, signer, body, out.send)

            login = streams.Login(self._keeper, [name], get, lambda _role, event: event, code=None, attend=attend)
            await login.run(out)

        return await streamed(request, run)

    def _demand_key_of_keychain(self, profile: str, name: str, consumer: Grant) -> None:
        """Refuse a role that starts from anything else than its own access key in the keychain.

        Raises:
            ConfigError: it does.
            XacctError: nothing may be had of it now.
        """
        role = self._service.check(name, consumer).role
        source = role.parent
        # guard: rotation-is-of-keys-in-keychain
        if not isinstance(source, Source) or source.kind != "keychain" or role.role_arn is not None:
            raise errors.ConfigError(
                f"The profile {profile!r} has no access key in the keychain: xacct rotates only those.",
                f"xacctctl keys import {profile}, or name the profile that has the key: xacctctl keys",
            )
