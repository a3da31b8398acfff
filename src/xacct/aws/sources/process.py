"""Keys from a credential_process: run and understood as AWS's tools do it, or refused in a sentence.

"AWS SDKs and Tools Reference Guide", Process credential provider; what it leaves open is as in botocore 1.44
(credentials.py, ProcessProvider): words split as a POSIX shell splits them, no shell, no ~, Version 1.
"""

from __future__ import annotations

import json
import re
import shlex
import warnings
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import inifiles
from xacct.host import child
from xacct.model import Credentials, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.aws.inifiles import AwsFiles

TIMEOUT = 60.0
"""Seconds it may take; AWS's tools wait for ever, and a daemon must not."""

ASKING = "XACCT_SOURCE"
"""The variable that tells it which source it is run for: xacctctl then refuses to ask us back."""

_BOM = b"\xef\xbb\xbf"
_KEY = re.compile(r"[!-~]+")
"""Keys and tokens go into headers: printable ASCII without spaces."""


class Unusable(Exception):
    """Why an answer can't be taken, in words that follow the program's name."""


class Process:
    """What a program prints."""

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return "its credential_process"

    def needs_human(self, _source: Source, _env: Mapping[str, str], _now: float) -> bool:
        """Nobody can tell before it runs."""
        return False

    async def load(self, source: Source, env: Mapping[str, str]) -> Credentials:
        """As SourceKind says."""
        return await credentials_of(source, env)


def found(name: str, files: AwsFiles) -> Source | None:
    """The source that a profile is by its credential_process; None where there is none, or it asks xacct itself.

    Raises:
        ConfigError: It is empty.
    """
    profile = files.profiles[name]
    command = profile.get("credential_process")
    if command is None:
        return None
    if not isinstance(command, str) or not command.strip():
        raise errors.ConfigError(
            f"credential_process of {files.where(name, 'credential_process')} is empty.",
            "Write a command there, or remove that line.",
        )
    # guard: what-asks-xacct-is-no-source
    return None if asks_xacct(command) else Source(name, "process", inifiles.plain(profile.get("region")), command)


def asks_xacct(command: object) -> bool:
    """Whether a credential_process comes back to xacct, which would wait for itself."""
    try:
        words = shlex.split(command) if isinstance(command, str) else []
    except ValueError:
        return False
    return bool(words) and (PurePath(words[0]).name == "xacctctl" or "xacct.ctl" in words)


async def credentials_of(source: Source, env: Mapping[str, str]) -> Credentials:
    """Run a source's program, and return the keys that it prints.

    Args:
        source: Its `command` is the line of the AWS file.
        env: The program's environment.

    Raises:
        SourceUnusable: It can't be run, fails, or prints something else.
    """
    said = ""
    try:
        words = _words(source.command)
        result = await child.run(words, env={**env, ASKING: source.name}, timeout=TIMEOUT, enough=_is_json)
        said = result.said
        return parsed(_out(result))
    except child.ChildError as error:
        raise _error(source, error.why, error.said) from None
    except Unusable as error:
        raise _error(source, str(error), said) from None


def parsed(out: bytes) -> Credentials:
    """What a credential_process has printed, as credentials.

    Raises:
        Unusable: It is something else.
    """
    answer = _object(out)
    version = answer.get("Version")
    if version != 1:  # guard: credential-processs-version-counts
        raise Unusable("printed no Version" if version is None else "printed another Version than 1")
    return Credentials(
        key_of(answer, "AccessKeyId"),
        key_of(answer, "SecretAccessKey"),
        key_of(answer, "SessionToken") if answer.get("SessionToken") else None,
        instant(answer.get("Expiration")),
        account_id=account_of(answer.get("AccountId")),
    )


def _out(result: child.Result) -> bytes:
    if result.status:
        raise Unusable(result.how)
    return result.out


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        raise Unusable("has a quotation mark or a backslash that nothing follows") from None
    if not words or not words[0]:
        raise Unusable("names no program")
    if words[0].startswith("~"):
        raise Unusable("begins with a ~, which AWS's tools don't expand here: write the whole path")
    if "/" in words[0] and not words[0].startswith("/"):
        raise Unusable("is a relative path, which means another file in each directory: write the whole path")
    return words


def _is_json(out: bytes) -> bool:
    """Whether an answer is there, so that nobody else's output need be waited for."""
    try:
        return isinstance(json.loads(out), dict)
    except (ValueError, RecursionError):
        return False


def _object(out: bytes) -> dict[str, Any]:
    if out.startswith(_BOM):
        raise Unusable("printed a byte order mark before its JSON, which AWS's tools don't take")
    try:
        answer = json.loads(out.decode("utf-8"))
    except UnicodeDecodeError:
        raise Unusable("printed something that is no UTF-8") from None
    except RecursionError:
        raise Unusable("printed JSON that is nested too deeply") from None
    except ValueError:
        raise Unusable("printed something else than JSON" if out.strip() else "printed nothing") from None
    if not isinstance(answer, dict):
        raise Unusable("printed JSON that is no object")
    return answer


def key_of(answer: dict[str, Any], name: str) -> str:
    """A key or token of an answer.

    Raises:
        Unusable: there is none that can go into a header.
    """
    value = answer.get(name)
    if value is None or value == "":
        raise Unusable(f"printed no {name}")
    if not isinstance(value, str):
        raise Unusable(f"printed a {name} that is no text")
    if not _KEY.fullmatch(value):
        raise Unusable(f"printed a {name} with characters that none has")
    return value


def instant(expiration: object) -> float | None:
    """A date as AWS's tools read it, which is by dateutil; without a time zone they refuse it, as we do.

    Raises:
        Unusable: it is none.
    """
    if expiration is None:
        return None
    if not isinstance(expiration, str):
        raise Unusable("printed an Expiration that is no text")
    from dateutil import parser  # noqa: PLC0415 - late: it is seldom needed

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a time zone that dateutil does not know: it says so and leaves it out
            date = parser.parse(expiration)
        seconds: float = date.timestamp()
    except (ValueError, OverflowError, TypeError, RecursionError):
        raise Unusable("printed an Expiration that is no date") from None
    if date.tzinfo is None:  # guard: date-without-time-zone-is-refused
        raise Unusable("printed an Expiration without a time zone, which AWS's tools don't take")
    return seconds


def account_of(account: object) -> str | None:
    """An account's id, where it is one."""
    return account if isinstance(account, str) and re.fullmatch(r"[0-9]{12}", account) else None


def _error(source: Source, why: str, said: str) -> errors.SourceUnusable:
    """What it said itself is in the hint, which no log shows."""
    return errors.SourceUnusable(
        f"The credential_process of {source.name!r} {why}.",
        (f"It said: {said} -- " if said else "")
        + "Run it by hand and see what it says. It must not ask xacct itself. As a service it runs in a sandbox:"
        " docs/service.md.",
    )
