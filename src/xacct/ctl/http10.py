"""Just enough HTTP/1.0: a request as bytes, a response head out of bytes. No sockets here.

1.0 with `Connection: close` means that a body ends where the connection ends: no chunks to
decode, and a stream can be read line by line.
"""

from __future__ import annotations

from xacct import __version__, wire
from xacct.ctl import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

HEAD_LIMIT: Final = 64 * 1024
_UNRESERVED: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
)


class Head:
    """A response's status and headers (names in lower case)."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status = status
        self.headers = headers

    @property
    def ok(self) -> bool:
        """Say whether the answer is a yes."""
        return self.status // 100 == 2  # noqa: PLR2004 - 2xx


def request(
    method: str, path: str, body: Mapping[str, object] | None = None, more: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of one request.

    Args:
        method: as HTTP has it.
        path: already quoted.
        body: sent as JSON.
        more: headers.
    """
    content = b"" if body is None else jsontext.dumps(body).encode()
    kind = "" if body is None else "Content-Type: application/json\r\n"
    meant = "".join(f"{name}: {value}\r\n" for name, value in (more or {}).items())
    head = (
        f"{method} {path} HTTP/1.0\r\nHost: xacct\r\nConnection: close\r\n"
        f"{wire.API_HEADER}: {wire.API}\r\n{wire.VERSION_HEADER}: {__version__}\r\n"
        f"{meant}{kind}Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode("ascii") + content


def quote(segment: str) -> str:
    """Return `segment` fit to stand in a path: everything but unreserved characters as %XX."""
    return "".join(
        chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in segment.encode("utf-8", "surrogateescape")
    )


def head(raw: bytes) -> Head:
    """Parse a head without its final blank line.

    Raises:
        ValueError: it is none.
    """
    first, *lines = raw.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code = rest[:3]
    if version not in ("HTTP/1.0", "HTTP/1.1") or not (code.isascii() and code.isdigit()):
        raise ValueError("no HTTP status line")
    pairs = (line.partition(":") for line in lines)
    return Head(int(code), {name.strip().lower(): value.strip() for name, _, value in pairs})
