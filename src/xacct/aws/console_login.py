"""AWS's own sign-in for programs (`aws login`) over aiobotocore: begun in a browser, then renewed by refresh tokens.

No retries here, as with STS. Each call brings a proof of the key that the sign-in was begun with (dpop.py). Codes and
tokens are arguments of unsigned calls; no exception that holds them is passed on.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import dpop, redirect, sdk_failures, sign_in_failures
from xacct.aws.answer import Answer
from xacct.aws.authorization import Authorization
from xacct.aws.unsigned import Unsigned
from xacct.model import ConsoleTokens, Credentials
from xacct.signin import Registration, Renewal

if TYPE_CHECKING:
    from xacct.model import Role
    from xacct.signin import ConsoleLogin

SAME_DEVICE = "arn:aws:signin:::devtools/same-device"
CROSS_DEVICE = "arn:aws:signin:::devtools/cross-device"
"""The clients that AWS's sign-in knows (botocore's signin, ClientId)."""

PAGE = "/v1/authorize"
CONFIRMATION = "/v1/sessions/confirmation"
"""The page of AWS's that shows the answer, where no browser on this machine can bring it."""

LASTS = 12 * 3600.0
"""Seconds from a sign-in to its end (AWS CLI User Guide, Login for AWS local development: up to 12 hours)."""


class ConsoleLogins(Unsigned):
    """As the keeper sees them. `role` is one that is reached by the sign-in: its settings say where and how to ask."""

    asked = "AWS's sign-in"

    async def begin(self, role: Role, *, here: bool) -> Authorization[ConsoleTokens]:
        """Begin a sign-in, in a browser on this machine or anywhere. The caller closes it.

        Its `tokens` raise WrongIdentity where somebody else has signed in.

        Raises:
            Temporary: there is no port to listen on.
            XacctError: what AWS said, or why it could not be asked.
        """
        sign_in, base = _sign_in(role), (await self._base(role)).rstrip("/")
        client_id, key = SAME_DEVICE if here else CROSS_DEVICE, dpop.new_key()

        async def redeem(code: str, verifier: str, uri: str) -> ConsoleTokens:
            client = Registration(client_id, key, self._clock.now() + LASTS)
            asked = {"code": code, "redirectUri": uri, "codeVerifier": verifier}  # guard: console-verifier-is-sent
            output = await self._token(role, client, {"grantType": "authorization_code", **asked})
            _check_identity(output.get("idToken"), role)
            return self._tokens(role, client, output)

        asked = {"client_id": client_id, "code_challenge_method": "SHA-256", "scope": "openid"}
        answer = Answer(sign_in)
        listener = await redirect.listening(answer, self._admits) if here else None
        uri = f"{base}{CONFIRMATION}" if listener is None else listener.uri
        return Authorization(f"{base}{PAGE}", asked, answer, redeem, redirect_uri=uri, listener=listener)

    async def renew(self, role: Role, renewal: Renewal) -> ConsoleTokens:
        """The next credentials, for a refresh token that is used up by that.

        Raises:
            SignInEnded: it is good for none.
            XacctError: as `begin`.
        """
        asked = {"grantType": "refresh_token", "refreshToken": renewal.refresh_token}
        return self._tokens(role, renewal.client, await self._token(role, renewal.client, asked))

    async def _token(self, role: Role, client: Registration, asked: dict[str, str]) -> dict[str, Any]:
        """What CreateOAuth2Token gives."""

        def prove(method: str, url: str) -> str:
            now = self._clock.likeliest()  # guard: proofs-go-by-awss-clock
            return dpop.proof(client.client_secret, method, url, now)

        sign_in = _sign_in(role)
        target = replace(role.target, endpoint_url=await self._base(role), legacy=False, fips=False, dualstack=False)
        with dpop.proving(prove):
            answer = await self._unsigned(
                "signin",
                replace(role, target=target, region=sign_in.region),
                "CreateOAuth2Token",
                {"tokenInput": {"clientId": client.client_id, **asked}},
                sign_in_failures.CONSOLE_ROWS,
                target=sign_in.session,
            )
        output = answer.get("tokenOutput")
        return output if isinstance(output, dict) else {}

    def _tokens(self, role: Role, client: Registration, output: dict[str, Any]) -> ConsoleTokens:
        try:
            given, now = output["accessToken"], self._clock.now()
            key_id, secret, token = (given[name] for name in ("accessKeyId", "secretAccessKey", "sessionToken"))
            expires_at = min(now + float(output["expiresIn"]), client.expires_at)
            account = role.source.account
            credentials = Credentials(key_id, secret, token, expires_at, issued_at=now, account_id=account)
            return ConsoleTokens(credentials, Renewal(client, output["refreshToken"], expires_at))
        except (KeyError, TypeError, ValueError):
            raise self._something_else(role) from None

    async def _base(self, role: Role) -> str:
        """The address that is signed in at, for browsers and for programs."""
        sign_in = _sign_in(role)
        if sign_in.url is not None:
            return sign_in.url
        try:
            return await asyncio.to_thread(_address, sign_in.region, fips=role.target.fips, dual=role.target.dualstack)
        except OSError as error:
            raise sdk_failures.without_the_sdk(error, role) from None
        except Exception as error:  # noqa: BLE001 - as for every client
            raise sdk_failures.of_sdk(error, role, signed=False, asked=self.asked) from None


def _address(region: str, *, fips: bool, dual: bool) -> str:
    from xacct.aws import sdk  # noqa: PLC0415 - late, as for STS

    return sdk.address_of("signin", region, fips=fips, dualstack=dual)


def _check_identity(id_token: object, role: Role) -> None:
    """Refuse whoever is not the profile's identity. The token came from AWS itself, over TLS: no signature is needed.

    Raises:
        WrongIdentity: they are somebody else.
        XacctError: the token says nobody.
    """
    who = _subject(id_token)
    if who is None:
        raise sdk_failures.something_else(role.name, ConsoleLogins.asked)
    if who != _sign_in(role).session:  # guard: sign-in-is-the-profiles-identity
        raise errors.WrongIdentity(
            f"The browser is signed in to AWS as {who[:200]}, and {role.name} is {_sign_in(role).session}.",
            f"Nothing of it is used. Sign in as that one: xacctctl login {role.name}",
        )


def _subject(id_token: object) -> str | None:
    """The identity that an id token is about."""
    try:
        _, claims, _ = str(id_token).split(".")
        who = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return who if isinstance(who, str) else None


def _sign_in(role: Role) -> ConsoleLogin:
    sign_in = role.source.console
    assert sign_in is not None  # noqa: S101 - and that has one
    return sign_in
