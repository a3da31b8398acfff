"""Narrower credentials for a program that knows no endpoint: a grant for a moment, and what it is given there."""

from __future__ import annotations

import os

from xacct.ctl.failure import HUMAN, CtlError
from xacct.ctl.granting import mint, revoke

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from xacct.ctl.client import Client

_PATIENCE: Final = 130.0
"""Seconds without a byte: the endpoint sends white space four times a second while somebody types a code."""

_LARGEST: Final = 64 * 1024
"""Bytes of an answer; SDKs take 10,000 at most."""

_WORDS: Final = ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")


def credentials(client: Client, role: str, **more: Any) -> dict[str, str | None]:
    """Return what `process` prints, narrowed; the grant for it ends before this returns.

    Args:
        client: of the daemon.
        role: the role's name.
        more: what narrows the grant, as `scope_options.asked` gives it.

    Raises:
        CtlError: it can't be had so narrow.
    """
    grant = mint(client, role, f"process {os.getpid()}", os.getpid(), **more)
    try:
        given = _fetched(grant["urls"][role], grant["token"])
    finally:
        revoke(client, grant["id"])
    return {
        "AccessKeyId": given["AccessKeyId"],
        "SecretAccessKey": given["SecretAccessKey"],
        "SessionToken": given["Token"],
        "Expiration": given["Expiration"],
        "AccountId": given.get("AccountId"),
    }


def _fetched(url: str, token: str) -> dict[str, str]:
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415 - of use to narrower credentials alone

    host, slash, path = url.removeprefix("http://").partition("/")
    connection = HTTPConnection(host, timeout=_PATIENCE)
    try:
        connection.request("GET", slash + path, headers={"Authorization": token})
        answer = connection.getresponse()
        content = answer.read(_LARGEST)
    except (OSError, HTTPException) as error:
        raise CtlError(f"xacctd's endpoint does not answer: {type(error).__name__}.", "xacctctl doctor") from None
    finally:
        connection.close()
    return _read(content, good=answer.status == 200)  # noqa: PLR2004 - HTTP's OK


def _read(content: bytes, *, good: bool) -> dict[str, str]:
    """Return the answer's credentials, or raise its sentence: a held answer that fails is one that is no JSON."""
    from xacct.ctl import jsontext  # noqa: PLC0415 - as above

    try:
        told = jsontext.loads(content.strip())
    except (ValueError, RecursionError):
        told = content.decode("utf-8", "replace").strip()
    if good and isinstance(told, dict) and all(isinstance(told.get(word), str) for word in _WORDS):
        return told
    said = told.get("message") if isinstance(told, dict) else told
    sentence = str(said or "The endpoint gave no credentials.").removeprefix("xacct: ")
    raise CtlError(sentence if not good or isinstance(told, str) else "The endpoint gave no credentials.", "", HUMAN)
