"""The AWS console in a role: its address in each partition, and the sign-in token that AWS gives for credentials.

Source: IAM User Guide, "Enable custom identity broker access to the AWS console".
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from xacct import errors
from xacct.aws import regions
from xacct.aws.one_time_page import OneTimePages
from xacct.model import Source, partition_of
from xacct.policy import Hop

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.aws.redirect import Admits
    from xacct.model import Credentials, Role
    from xacct.signin import SignIn

TIMEOUT = 15.0
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where a partition's console is.

    Attributes:
        sign_in: what signs in, and out.
        console: the console itself. Its services are at paths of it, or at hosts below it.
    """

    sign_in: str
    console: str


PARTITIONS = {
    "aws": Hosts("https://signin.aws.amazon.com", "https://console.aws.amazon.com"),
    "aws-cn": Hosts("https://signin.amazonaws.cn", "https://console.amazonaws.cn"),
    "aws-us-gov": Hosts("https://signin.amazonaws-us-gov.com", "https://console.amazonaws-us-gov.com"),
}
"""By the word that ARNs have."""

_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
"""How the hosts of AWS's own services end."""

_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PLAIN = re.compile(r"[!-~]{1,2000}")

_LASTS_AS_LONG = {Hop.FROM_KEYS, Hop.WITH_CODE}
"""Paths whose console sessions may be told how long to last: AWS refuses that where roles are chained, and with an MFA
session's credentials they are."""

_SIGNED_IN = {*_LASTS_AS_LONG, Hop.FROM_SESSION, Hop.FROM_ROLE, Hop.WEB_IDENTITY, Hop.SIGN_IN}


class Console:
    """Signs in to it.

    Args:
        instead: the address that is asked for roles whose STS is not AWS's; empty: none is.
        admits: whether a connection of 127.0.0.1 (the client's address, ours) is one of this user.
    """

    def __init__(self, instead: Callable[[], str] = lambda: "", admits: Admits = lambda _client, _server: True) -> None:
        self._instead = instead
        self._pages = OneTimePages(admits)

    def close(self) -> None:
        """End the pages that are open."""
        self._pages.close()

    async def page(self, url: str) -> str:
        """A page of 127.0.0.1 that leads one browser to an address."""
        return await self._pages.leading_to(url)

    def lasts(self, hop: Hop) -> bool:
        """Whether the console's session may last longer than the credentials that are held."""
        return hop in _LASTS_AS_LONG

    def hosts(self, role: Role) -> Hosts:
        """Where a role's console is.

        Raises:
            BadInput: there is none that is known.
        """
        partition = _partition(role)
        # guard: console-no-credentials-of-another-sts-to-aws
        if any(not _is_aws(url) for url in _givers(role)):
            if not (instead := self._instead().rstrip("/")):
                raise errors.BadInput(
                    f"{role.name} is of another STS than AWS's, whose console is not known.",
                    "[console] url in config.toml names it: docs/console.md",
                )
            return Hosts(f"{instead}/{partition}", f"{instead}/{partition}/console")
        if partition not in PARTITIONS:
            raise errors.BadInput(f"The console of the partition {partition} is not known.", "")
        return PARTITIONS[partition]

    def destination(
        self, role: Role, named: str | None = None, service: str | None = None, region: str | None = None
    ) -> str:
        """The page of the console that is wanted.

        Args:
            role: whose console.
            named: its address.
            service: instead, whose first page; None: the console's own.
            region: for that; None: the role's.

        Raises:
            BadInput: it is no page of that console, or no such words.
        """
        base = self.hosts(role).console
        if named is not None:
            if service is not None or not _is_below(named, base):  # guard: console-destination-is-of-the-partition
                raise errors.BadInput(
                    f"The destination is no page of the console at {base}.", "Name one, or a service: --service s3"
                )
            return named
        region = region or role.region
        if service is not None and not _SERVICE.fullmatch(service):
            raise errors.BadInput("That is no service of the console.", "--service s3")
        if region is not None and not regions.is_label(region):
            raise errors.BadInput("That is no region.", "--region eu-central-1")
        return f"{base}/{service or 'console'}/home" + (f"?{urlencode({'region': region})}" if region else "")

    def sign_out(self, role: Role) -> str:
        """What signs a browser out of the console of the role's partition."""
        hosts = self.hosts(role)
        return f"{hosts.sign_in}/oauth?{urlencode({'Action': 'logout', 'redirect_uri': hosts.console})}"

    async def sign_in(self, held: Credentials, role: Role, hop: Hop, seconds: int, destination: str) -> str:
        """The address that signs a browser in. It is as good as the credentials: a secret.

        Args:
            held: the role's.
            role: it.
            hop: by which they were had.
            seconds: that the session is to last, where AWS takes that.
            destination: where it leads then.

        Raises:
            XacctError: AWS refuses, or can't be asked.
        """
        if hop not in _SIGNED_IN or not held.session_token:  # guard: console-keys-and-sessions-are-not-sent
            raise errors.BadInput(
                f"{role.name} is no role: AWS signs nobody in to the console with keys or an MFA session.",
                "Name a profile with a role_arn.",
            )
        hosts = self.hosts(role)
        session = {
            "sessionId": held.access_key_id,
            "sessionKey": held.secret_access_key,
            "sessionToken": held.session_token,
        }
        asked = {"Action": "getSigninToken", "Session": json.dumps(session)}
        if self.lasts(hop):  # guard: console-chained-sessions-say-no-duration
            asked["SessionDuration"] = str(seconds)
        token = _token(await _answer(f"{hosts.sign_in}/federation?{urlencode(asked)}", role), role)
        login = {"Action": "login", "Issuer": "xacct", "Destination": destination, "SigninToken": token}
        return f"{hosts.sign_in}/federation?{urlencode(login)}"


def _givers(role: Role) -> list[str]:
    """The addresses, named instead of AWS's own, that its credentials may be from."""
    sign_in = _sign_in(role)
    urls = [role.target.endpoint_url, *(() if sign_in is None else (sign_in.oidc_url, sign_in.portal_url))]
    return [url for url in urls if url is not None]


def _sign_in(role: Role) -> SignIn | None:
    return role.parent.sign_in if isinstance(role.parent, Source) else None


def _partition(role: Role) -> str:
    """The partition of a role. A permission set has no ARN: it is where its sign-in is."""
    if role.role_arn is not None:
        return partition_of(role.role_arn)
    sign_in = _sign_in(role)
    # guard: console-partition-of-permission-set
    return "aws" if sign_in is None else regions.partition_of(sign_in.region) or f"of {sign_in.region}"


def _is_aws(url: str) -> bool:
    return (urlsplit(url).hostname or "").endswith(_OF_AWS)


def _is_below(url: str, base: str) -> bool:
    """Whether a page is of a console: at a path of its address, or at one of a host below it."""
    try:
        page, home = urlsplit(url), urlsplit(base)
        same_port = page.port == home.port
    except ValueError:
        return False
    host, ours = page.hostname or "", home.hostname or ""
    path = home.path.rstrip("/") + "/"
    return (
        bool(_PLAIN.fullmatch(url))
        and "\\" not in url
        and page.scheme == home.scheme
        and "@" not in page.netloc
        and same_port
        and (host == ours or host.endswith(f".{ours}"))
        and (page.path + "/").startswith(path)
        and "/../" not in page.path + "/"
    )


async def _answer(url: str, role: Role) -> tuple[int, bytes]:
    """Ask, once. Nothing of the address or of the answer is in what is said of a failure: both are secrets."""
    import aiohttp  # noqa: PLC0415 - late, as all that calls AWS

    try:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=role.target.ca_bundle)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        how: Any = {"ssl": context, "allow_redirects": False}  # guard: console-credentials-follow-no-redirect
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(url, **how) as answer,
        ):
            body = b""
            while len(body) < MOST_BYTES and (chunk := await answer.content.read(MOST_BYTES)):
                body += chunk
            return answer.status, body
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise errors.NetworkDown(
            f"AWS's sign-in to the console can't be reached for {role.name} ({type(error).__name__}).",
            "Look at the network, proxies and certificates.",
        ) from None


def _token(answer: tuple[int, bytes], role: Role) -> str:
    status, body = answer
    if status >= 500:  # noqa: PLR2004 - HTTP's
        raise errors.AwsUnavailable(f"AWS's sign-in to the console has failed ({status}).", "Try again in a moment.")
    try:
        said: Any = json.loads(body)
    except ValueError:
        said = None
    token = said.get("SigninToken") if isinstance(said, dict) else None
    if status != 200 or not isinstance(token, str) or not token:  # noqa: PLR2004 - HTTP's
        raise errors.AccessDenied(
            f"AWS gives no sign-in to the console for {role.name} ({status}).",
            f"Its credentials may be over: xacctctl login {role.name}",
        )
    return token
