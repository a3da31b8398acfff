"""A browser and a program at the sandbox's console login; proofs made by hand, so that each part can be wrong."""

import base64
import hashlib
import json
import uuid
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from xacct.sandbox.default_world import default_world
from xacct.sandbox.server import Sandbox

SAME = "arn:aws:signin:::devtools/same-device"
CROSS = "arn:aws:signin:::devtools/cross-device"
CALLBACK = "http://127.0.0.1:40123/oauth/callback"
VERIFIER = "v" * 64


def plain(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A key of P-256, and proofs by it."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", **{n: plain(getattr(numbers, n).to_bytes(32)) for n in ("x", "y")}}

    def proof(self, claims, signed_by=None, **header):
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk, **header}
        signed = f"{plain(json.dumps(head).encode())}.{plain(json.dumps(claims).encode())}"
        r, s = utils.decode_dss_signature((signed_by or self).private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{plain(r.to_bytes(32) + s.to_bytes(32))}"


class Program:
    """A program that signs in, and its human's browser."""

    def __init__(self, url, clock, http):
        self.url, self.clock, self.http = url, clock, http
        self.key = Key()

    def claims(self, **more):
        known = {"htm": "POST", "htu": f"{self.url}/v1/token", "iat": int(self.clock()), "jti": str(uuid.uuid4())}
        return {**known, **more}

    async def authorize(self, **more):
        """What the browser gets at /v1/authorize; None leaves a parameter away."""
        asked = {
            "response_type": "code",
            "client_id": SAME,
            "state": "s&t",
            "code_challenge_method": "SHA-256",
            "scope": "openid",
            "redirect_uri": CALLBACK,
            "code_challenge": plain(hashlib.sha256(VERIFIER.encode()).digest()),
            **more,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        async with self.http.get(f"{self.url}/v1/authorize?{query}", allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def code(self, **more):
        """The code of a human who says yes."""
        _, place, _ = await self.authorize(**more)
        return dict(parse_qsl(place.partition("?")[2]))["code"]

    async def token(self, proof=None, **members):
        """The answer at /v1/token: its status and body."""
        headers = {"Content-Type": "application/json"}
        if proof != "":
            headers["DPoP"] = proof or self.key.proof(self.claims())
        body = json.dumps({"clientId": SAME, **members})
        async with self.http.post(f"{self.url}/v1/token", data=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def redeem(self, code, **more):
        given = {"code": code, "codeVerifier": VERIFIER, "redirectUri": CALLBACK, **more}
        return await self.token(grantType="authorization_code", **given)

    async def refresh(self, token, **more):
        return await self.token(grantType="refresh_token", refreshToken=token, **more)

    async def signed_in(self):
        """What a right sign-in gives."""
        status, given = await self.redeem(await self.code())
        assert status == 200, given
        return given


@pytest.fixture
def sandbox(clock, sleeps):
    sandbox = Sandbox(default_world(console_login=True), clock=clock, sleep=sleeps)
    sandbox.console_login.state.consent = "allow"
    return sandbox


@pytest.fixture
async def program(url, clock):
    async with aiohttp.ClientSession() as http:
        yield Program(url, clock, http)
