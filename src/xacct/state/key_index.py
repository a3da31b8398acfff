"""Which profiles have an access key in the keychain: a file that says where to look, and holds no secret.

Without it each start would have to ask the keychain, which may be locked, what profiles there are. What is in it is
checked like anything that comes in.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from xacct.state import rows_file

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1024 * 1024
MOST = 1000
LATEST = 1e11
"""Unix seconds: no date that anybody means is later."""

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096, pattern=r"\A[^\x00-\x1f\x7f-\x9f]*\Z")]

Where = tuple[str, str]
"""The config and the credentials file that have a profile, symbolic links followed."""


_Ends = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z0-9]{4}\Z")]
_Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
_Instant = Annotated[float, msgspec.Meta(gt=0, lt=LATEST)]


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is known of a key's rotation that is under way, was cut short, or has left the old key inactive.

    Attributes:
        step: how far it is: a key is `making`, is `made`, is what the keychain `switched` to, the old one is `retired`.
        began: when (Unix seconds).
        old: the digest of the old key's id, as `new` is of the new one's; empty: no key is known to be made.
    """

    step: Literal["making", "made", "switched", "retired"]
    began: _Instant
    old: _Digest
    old_ends: _Ends
    new: _Digest | None = None
    new_ends: _Ends | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it is not over: what is left is more than an inactive key."""
        return self.step != "retired"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One access key in the keychain.

    Attributes:
        config: the AWS config file that has the profile.
        credentials: the AWS credentials file.
        ends: the last four characters of the key's id.
        digest: of its whole id, which tells that another key was put in its place.
        added: when (Unix seconds).
        source: the digest of the key that was added first, which it has been rotated from since: AWS has said of each
            that it is the same user's, so what the one has opened is the other's as well. None: `digest`.
        rotation: what is left to do of a rotation.
    """

    profile: _Text
    config: _Text
    credentials: _Text
    ends: _Ends
    digest: _Digest
    added: _Instant
    source: _Digest | None = None
    rotation: Rotation | None = None

    @property
    def where(self) -> Where:
        """The files that have the profile."""
        return self.config, self.credentials

    @property
    def taken(self) -> set[str]:
        """The digests of the keys that the keychain may have in its place: while it is rotated, either."""
        rotation = self.rotation
        if rotation is None or not rotation.unfinished:
            return {self.digest}
        return {self.digest, rotation.old, rotation.new or self.digest}


_Rows = Annotated[tuple[Row, ...], msgspec.Meta(max_length=MOST)]


def account(where: Where, profile: str) -> str:
    """What the keychain's item is called: the same profile name in other files is another item."""
    return f"{profile} {sha256(chr(0).join(where).encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def read(path: Path) -> tuple[Row, ...]:
    """The rows; none where there is no file.

    Raises:
        StateNotKept: it can't be read or understood.
    """
    again = "add the keys again: xacctctl keys add PROFILE"
    rows: tuple[Row, ...] = rows_file.read(path, _Rows, MOST_BYTES, what="the access keys in the keychain", again=again)
    return rows
