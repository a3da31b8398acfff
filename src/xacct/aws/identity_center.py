"""IAM Identity Center over aiobotocore: signing in in a browser, renewing that, and the credentials of its roles.

No retries here, as with STS. Tokens are arguments of unsigned calls; no exception that holds them is passed on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xacct.aws import failures, redirect, sign_in_failures
from xacct.aws.answer import Answer
from xacct.aws.authorization import Authorization
from xacct.aws.unsigned import Unsigned
from xacct.model import Credentials
from xacct.signin import DeviceCode, Registration, Tokens

if TYPE_CHECKING:
    from xacct.model import Role
    from xacct.signin import Mode, Renewal

CLIENT_NAME = "xacct"
"""What the human reads in the browser. Plain ASCII, the same on each machine: the API takes no other characters."""

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
"""RFC 8628, 3.4."""

INTERVAL = 5.0
"""Seconds between two looks where none are said (RFC 8628, 3.2)."""


class IdentityCenter(Unsigned):
    """As the keeper sees it. `role` is one that is reached by the sign-in: where and how to ask is in its settings."""

    asked = "IAM Identity Center"

    async def register(self, role: Role, mode: Mode) -> Registration:
        """Become a client of an instance, for one way to sign in: AWS answers 500 where a client wants both.

        Raises:
            XacctError: what AWS said, or why it could not be asked.
        """
        sign_in = role.source.identity_center
        arguments: dict[str, Any] = {"clientName": CLIENT_NAME, "clientType": "public"}
        if sign_in.scopes:
            arguments["scopes"] = list(sign_in.scopes)
        if mode == "redirect":
            arguments["grantTypes"] = ["authorization_code", "refresh_token"]
            arguments["redirectUris"] = [redirect.REGISTERED]
            arguments["issuerUrl"] = sign_in.start_url
        answer = await self._oidc(role, "register_client", arguments)
        try:
            return Registration(answer["clientId"], answer["clientSecret"], float(answer["clientSecretExpiresAt"]))
        except (KeyError, TypeError, ValueError):
            raise self._something_else(role) from None

    async def start(self, role: Role, client: Registration) -> DeviceCode:
        """Begin a sign-in: a code for the human to type in a browser.

        Raises:
            ClientUnknown: the registration has ended.
            XacctError: as `register`.
        """
        arguments = {"startUrl": role.source.identity_center.start_url}
        answer = await self._oidc(role, "start_device_authorization", {**_client(client), **arguments})
        try:
            return DeviceCode(
                answer["deviceCode"],
                answer["userCode"],
                answer["verificationUri"],
                self._clock.now() + float(answer["expiresIn"]),
                float(answer.get("interval") or INTERVAL),
            )
        except (KeyError, TypeError, ValueError):
            raise self._something_else(role) from None

    async def finish(self, role: Role, client: Registration, code: DeviceCode) -> Tokens:
        """The tokens of a sign-in that was begun.

        Raises:
            SignInPending: the human is not done yet.
            Throttled: we look too often.
            HumanNeeded: it was declined, or the code has ended.
            XacctError: as `register`.
        """
        return await self._tokens(role, client, {"grantType": DEVICE_GRANT, "deviceCode": code.device_code})

    async def open_redirect(self, role: Role, client: Registration) -> Authorization[Tokens]:
        """Begin a sign-in in a browser on this machine: listen for its answer. The caller closes it.

        Raises:
            Temporary: there is no port to listen on.
            XacctError: as `register`.
        """
        sign_in = role.source.identity_center
        service = await self._client("sso-oidc", _there(role, sign_in.oidc_url))

        async def redeem(code: str, verifier: str, uri: str) -> Tokens:
            # guard: redirect-verifier-is-sent
            given = {"grantType": "authorization_code", "code": code, "redirectUri": uri, "codeVerifier": verifier}
            return await self._tokens(role, client, given, sign_in_failures.CODE_ROWS)

        asked = {
            "client_id": client.client_id,
            "code_challenge_method": "S256",
            "scopes": " ".join(sign_in.scopes),  # in the plural: so AWS has it
        }
        page = f"{service.meta.endpoint_url.rstrip('/')}/authorize"
        answer = Answer(sign_in)
        listener = await redirect.listening(answer, self._admits)
        return Authorization(page, asked, answer, redeem, redirect_uri=listener.uri, listener=listener)

    async def renew(self, role: Role, renewal: Renewal) -> Tokens:
        """The next tokens, for a refresh token that is used up by that.

        Raises:
            SignInEnded: it is good for none.
            ClientUnknown: nor is the registration.
            XacctError: as `register`.
        """
        asked = {"grantType": "refresh_token", "refreshToken": renewal.refresh_token}
        return await self._tokens(role, renewal.client, asked)

    async def role_credentials(self, role: Role, token: str) -> Credentials:
        """The credentials of a permission set in an account.

        Raises:
            ParentExpired: the token is not taken any more.
            XacctError: as `register`.
        """
        source = role.source
        arguments = {"roleName": source.permission_set, "accountId": source.account, "accessToken": token}
        rows = sign_in_failures.PORTAL_ROWS
        answer = await self._call(
            "sso", role.source.identity_center.portal_url, role, "get_role_credentials", arguments, rows, role.name
        )
        given = answer.get("roleCredentials") or {}
        key_id, secret, session = (given.get(name) for name in ("accessKeyId", "secretAccessKey", "sessionToken"))
        expiration = given.get("expiration")
        if not (key_id and secret and session and isinstance(expiration, int)):
            raise self._something_else(role)
        return Credentials(
            key_id,
            secret,
            session,
            expires_at=expiration / 1000,  # milliseconds (AWS SSO Portal API Reference, RoleCredentials)
            issued_at=self._clock.now(),
            account_id=source.account,
        )

    async def _tokens(
        self,
        role: Role,
        client: Registration,
        arguments: dict[str, Any],
        rows: tuple[failures.Row, ...] = sign_in_failures.OIDC_ROWS,
    ) -> Tokens:
        answer = await self._oidc(role, "create_token", {**_client(client), **arguments}, rows)
        try:
            return Tokens(
                answer["accessToken"], self._clock.now() + float(answer["expiresIn"]), answer.get("refreshToken")
            )
        except (KeyError, TypeError, ValueError):
            raise self._something_else(role) from None

    async def _oidc(
        self,
        role: Role,
        method: str,
        arguments: dict[str, Any],
        rows: tuple[failures.Row, ...] = sign_in_failures.OIDC_ROWS,
    ) -> dict[str, Any]:
        sign_in = role.source.identity_center
        return await self._call("sso-oidc", sign_in.oidc_url, role, method, arguments, rows, sign_in.label)

    async def _call(
        self,
        service: str,
        url: str | None,
        role: Role,
        method: str,
        arguments: dict[str, Any],
        rows: tuple[failures.Row, ...],
        target: str,
    ) -> dict[str, Any]:
        there = _there(role, url)
        return await self._unsigned(service, there, method, arguments, rows, target=target)


def _there(role: Role, url: str | None) -> Role:
    """The role, to be asked for at a service of the instance's region."""
    return replace(
        role, target=replace(role.target, endpoint_url=url, legacy=False), region=role.source.identity_center.region
    )


def _client(client: Registration) -> dict[str, str]:
    return {"clientId": client.client_id, "clientSecret": client.client_secret}
