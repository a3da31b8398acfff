"""Endpoints that give a machine inside AWS its role: asked directly, in bounds, and their answer checked.

Directly: by no proxy and after no redirect, for the answer is credentials. As botocore asks them (utils.py,
ContainerMetadataFetcher and InstanceMetadataFetcher); but once, for xacct tries again by itself.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws.sources import process
from xacct.model import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 64 * 1024
NOT_FOUND, OK = 404, 200

_HEADER = re.compile(r"[\x20-\x7e]*")


class NoAnswer(Exception):
    """Nothing answers, or not in time."""


class WrongAnswer(Exception):
    """Something answers otherwise than such an endpoint does; why, in words that follow its name."""


async def asked(method: str, url: str, headers: Mapping[str, str], *, within: float) -> bytes:
    """What an endpoint answers.

    Args:
        method: GET, or PUT.
        url: its address.
        headers: to send.
        within: seconds in all.

    Raises:
        NoAnswer: nothing in time.
        WrongAnswer: no 200, or too much.
    """
    import aiohttp  # noqa: PLC0415 - late: the SDK costs a third of a second to load

    limits = aiohttp.ClientTimeout(total=within)
    try:
        async with (
            # guard: metadata-is-asked-directly
            aiohttp.ClientSession(timeout=limits, trust_env=False) as session,
            session.request(method, url, headers=dict(headers), allow_redirects=False) as answer,
        ):
            body = await answer.content.read(MOST_BYTES + 1)
            while len(body) <= MOST_BYTES and (more := await answer.content.read(MOST_BYTES + 1)):
                body += more
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        raise NoAnswer from None
    if answer.status != OK:
        raise WrongAnswer(f"answers with status {answer.status}")
    if len(body) > MOST_BYTES:
        raise WrongAnswer("answers with more than credentials are")
    return body


def parsed(body: bytes) -> Credentials:
    """The credentials of an answer, which are temporary.

    Raises:
        WrongAnswer: there are none in it.
    """
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise WrongAnswer("answers with no JSON") from None
    if not isinstance(answer, dict):
        raise WrongAnswer("answers with no JSON object")
    if answer.get("Code", "Success") != "Success":
        raise WrongAnswer("has no credentials to give")
    try:
        end = process.instant(answer.get("Expiration"))
        keys = [process.key_of(answer, name) for name in ("AccessKeyId", "SecretAccessKey", "Token")]
    except process.Unusable as why:
        raise WrongAnswer(str(why)) from None
    if end is None:
        raise WrongAnswer("gives credentials without an end")
    return Credentials(keys[0], keys[1], keys[2], end, account_id=process.account_of(answer.get("AccountId")))


def header(value: str, what: str) -> str:
    """A value that may stand in a header.

    Raises:
        SourceUnusable: it may not.
    """
    if not _HEADER.fullmatch(value):
        raise errors.SourceUnusable(f"{what} is no text for a header.", "It has to be one line, without a line's end.")
    return value
