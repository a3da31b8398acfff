"""A list in a file of JSON, for people to read as well: what the keychain has of ours, without a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from xacct import errors, fileio

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def read(path: Path, kind: Any, most_bytes: int, *, what: str, again: str) -> Any:
    """The rows; none where there is no file.

    Args:
        path: of the file.
        kind: the type of all rows together.
        most_bytes: that it may have.
        what: the file lists, in words.
        again: how they come into it again, in words.

    Raises:
        StateNotKept: it can't be read or understood. Nothing is lost: the secrets are in the keychain.
    """
    try:
        return msgspec.json.decode(fileio.read(path, most_bytes, follow=False), type=kind)
    except FileNotFoundError:
        return ()
    except OSError as error:
        why = error.strerror or "it can't be read"
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        why = "it is not what xacct has written"
    raise errors.StateNotKept(
        f"{path}, which lists {what}, can't be used: {why}.", f"Repair or remove it, then {again}"
    )


def write(path: Path, rows: Iterable[msgspec.Struct]) -> None:
    """Keep these rows, and no others.

    Raises:
        StateNotKept: they can't be kept.
    """
    try:
        fileio.write_private(path, msgspec.json.format(msgspec.json.encode(list(rows))))
    except OSError as error:
        raise errors.StateNotKept(f"{path} can't be written ({error.strerror}).") from None
