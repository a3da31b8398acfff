"""Where a copy lies, and how it is kept equal to the user's file: what either side writes reaches the other.

A directory for each file and profile: `config` (what AWS_CONFIG_FILE names), `base` (how the copy was when both were
last equal), `about` (of which files it is), `users` (whose it is). xacctctl makes it; xacctd watches it, and xacctctl
looks once more when an `exec` ends. Whoever does it holds `lock`.
"""
# ruff: noqa: PTH102, PTH106, PTH108, PTH110, PTH116, PTH119, PTH120, PTH208 - see paths.py

import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from xacct import fileio
from xacct.copies import lines, overlay
from xacct.userfiles import edit, merge, writing

PREFIX: Final = "aws-config-"
"""How the directories of copies are called, in the runtime directory."""

COPY: Final = "config"
_BASE: Final = "base"
_ABOUT: Final = "about"
_USERS: Final = "users"
_CONFLICT: Final = "not-written-"


class About(NamedTuple):
    """Of which files a copy is, and how its profile is called."""

    config: str
    credentials: str
    profile: str


class Failed(Exception):
    """What a tool wrote could not be carried into the user's file; the argument is a sentence that says why."""


class _Conflict(Exception):
    """Both sides have changed the same lines."""


def directory(runtime: str, about: About) -> str:
    """Return the directory of the copy for these files."""
    import hashlib  # noqa: PLC0415 - 6 ms that only a shadowed machine pays

    return f"{runtime}/{PREFIX}{hashlib.sha256(repr(tuple(about)).encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def made(folder: str, about: About, user: str, now: float) -> str:
    """Make the copy, or bring it up to date.

    Args:
        folder: the copy's, as `directory` names it.
        about: of which files it is.
        user: the grant's id, or `pid-N`, for which it is kept.
        now: Unix time in seconds.

    Returns:
        Its path.

    Raises:
        OSError: it can't be written.
        Failed: as in `synced`.
    """
    for again in (True, False):
        try:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o700)
            with _locked(folder):
                fileio.write_private(f"{folder}/{_ABOUT}", json.dumps(about._asdict()).encode())
                fileio.write_private(
                    f"{folder}/{_USERS}", "".join(f"{one}\n" for one in sorted({*users_of(folder), user})).encode()
                )
                _sync(folder, about, now)
            break
        except FileNotFoundError:
            if not again:
                raise  # else it was removed between two steps
    return f"{folder}/{COPY}"


def synced(folder: str, now: float) -> bool:
    """Carry what has changed on either side to the other.

    Args:
        folder: the copy's.
        now: Unix time in seconds.

    Returns:
        Whether they are equal: false while somebody is writing one of them, and it has to be tried again.

    Raises:
        OSError: no copy is there, or it can't be read.
        Failed: the user's file can't be written; the copy stays as it is, and is tried again. Or both sides have
            changed the same lines; then the user's file stands, and what the copy had is kept beside.
    """
    with _locked(folder):
        return _sync(folder, about_of(folder), now)


def about_of(folder: str) -> About:
    """Return of which files the copy in `folder` is.

    Raises:
        OSError: there is none.
    """
    try:
        return About(**json.loads(fileio.read(f"{folder}/{_ABOUT}", follow=False)))
    except (ValueError, TypeError, RecursionError):
        raise FileNotFoundError(folder) from None


def users_of(folder: str) -> set[str]:
    """Return for whom the copy has been made."""
    try:
        return set(fileio.read(f"{folder}/{_USERS}", follow=False).decode().split())
    except (OSError, UnicodeDecodeError):
        return set()


def holds_secrets(folder: str) -> bool:
    """Say whether there are keys in the copy."""
    return lines.has_secrets(_lines(f"{folder}/{COPY}") or [])


def remove(folder: str, is_in_use: Callable[[str], bool]) -> bool:
    """Remove a copy none of whose users needs it any more; say whether it is gone. One that is being made stays."""
    try:
        with _locked(folder):
            users = users_of(folder)
            if not users or any(is_in_use(user) for user in users):
                return False
            for name in os.listdir(folder):
                os.unlink(f"{folder}/{name}")
            os.rmdir(folder)
    except OSError:
        return False
    return True


def all_in(runtime: str) -> list[str]:
    """Return the directories of all copies."""
    try:
        return [f"{runtime}/{name}" for name in sorted(os.listdir(runtime)) if name.startswith(PREFIX)]
    except OSError:
        return []


def _sync(folder: str, about: About, now: float) -> bool:
    if any(writing.is_written(path, now) for path in (f"{folder}/{COPY}", about.config)):
        return False
    users = _lines(about.config) or []
    copy, base = _lines(f"{folder}/{COPY}"), _lines(f"{folder}/{_BASE}")
    conflict = ""
    if copy is not None and base is not None and copy != base:
        try:
            users = _written_through(about, users, copy, base)
        except _Conflict:
            conflict = f"{os.path.dirname(folder)}/{_CONFLICT}{os.path.basename(folder)}"
            fileio.write_private(conflict, _bytes(copy))
    body = lines.settings(users, _lines(about.credentials) or [])
    there = overlay.apart(copy, about.profile) if copy is not None else None
    fresh = overlay.composed(users, about.profile, body, about.config)
    wanted = overlay.apart(fresh, about.profile)
    if copy is None or there != wanted:
        if writing.is_written(f"{folder}/{COPY}", now):
            return False
        copy = fresh
        fileio.write_private(f"{folder}/{COPY}", _bytes(copy), _mode_like(about.config))
    if copy != base:
        fileio.write_private(f"{folder}/{_BASE}", _bytes(copy))
    if conflict:
        raise Failed(f"{about.config} has changed where it was set in a shell of xacct, too; that is in {conflict}.")
    return True


def _written_through(about: About, users: list[str], copy: list[str], base: list[str]) -> list[str]:
    """Carry what a tool has changed in the copy into the user's file, and return what is in that now."""
    before, after = overlay.apart(base, about.profile), overlay.apart(copy, about.profile)
    if not any(line.startswith("[") for line in copy):  # guard: copy-emptied-one-empties-nothing
        return users  # emptied, or half written: no tool means that
    result = merge.merged(before.users, after.users, overlay.ended(users))
    if result is None:
        raise _Conflict
    for option, value in overlay.changed_options(before.profile or [], after.profile or before.profile or []).items():
        result = lines.with_option(overlay.ended(result), option, value, overlay.eol_of(users))
    if users and not users[-1].endswith("\n") and result and result[-1].rstrip("\r\n") == users[-1]:
        result[-1] = users[-1]
    if result != users:
        _replace(about.config, _bytes(users), _bytes(result))
    return result


def _replace(path: str, old: bytes, new: bytes) -> None:
    """Write the user's file.

    Raises:
        Failed: what it held is not `old`, or it can't be written.
    """
    target = os.path.realpath(path)
    try:
        there = os.stat(target)
    except FileNotFoundError:
        there = None
    if there is not None and not stat.S_ISREG(there.st_mode):  # guard: copy-what-is-no-file-is-not-replaced
        return  # /dev/null: where a tool's words would have gone without us, too
    if there is not None and not os.access(target, os.W_OK):
        raise Failed(f"{path} can't be written: what was set in a shell of xacct is not in it.")
    try:
        stays = edit.replace(target, old, new)  # guard: copy-users-file-is-changed-in-one-way
    except edit.Refused as refusal:
        raise Failed(f"{refusal.sentence} What was set in a shell of xacct is not in it yet.") from None
    except OSError as error:
        raise Failed(
            f"{path} can't be written ({error.strerror}): what was set in a shell of xacct is not in it."
        ) from None
    if not stays:
        raise Failed(f"{path} changes all the time: what was set in a shell of xacct is not in it yet.")


def _mode_like(path: str) -> int:
    """Return the copy's mode: a tool that may not write the user's file is told so by the copy."""
    return 0o400 if os.path.exists(path) and not os.access(path, os.W_OK) else 0o600


def _read(path: str) -> bytes | None:
    """Return a regular file's content, None where there is none that can be read: then no SDK reads it either."""
    try:
        return fileio.read(path, null=False)
    except OSError:
        return None


def _lines(path: str) -> list[str] | None:
    content = _read(path)
    return None if content is None else lines.cut(content.decode("utf-8", "surrogateescape"))


def _bytes(content: Sequence[str]) -> bytes:
    return "".join(content).encode("utf-8", "surrogateescape")


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Hold the copy's lock. It is opened for reading: who watches the directory would take its closing for a change."""
    descriptor = fileio.open_regular(f"{folder}/lock", os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
