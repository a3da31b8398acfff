"""The control socket, spoken to: one connection a request, answers checked and typed."""

from __future__ import annotations

import os
import sys

from xacct import __version__, wire
from xacct.ctl import http10, jsontext, shape, shellfiles, unit
from xacct.ctl.failure import NO_DAEMON, CtlError, DaemonError, HungUpError, NotRunningError, UnreachableError
from xacct.ctl.shape import validate
from xacct.text import clean

try:
    import _socket as socket  # all that is needed of the module `socket`, in a tenth of its time
except ImportError:
    import socket  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Any, Final, TypedDict, TypeVar

    T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds a plain request may take; a stream may take as long as the human does."""

_LIMIT: Final = 16 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_RELEASE: Final = 32
_ABSENT: Final = (FileNotFoundError, ConnectionRefusedError)


if TYPE_CHECKING:

    class Anything(TypedDict):
        """An answer of which nothing is needed but that it is a yes."""

else:
    Anything = shape.ANYTHING


class Stream:
    """The events of a streaming answer. `fileno` makes it fit for select, once `ready` is false."""

    def __init__(self, connection: socket.socket, rest: bytes) -> None:
        self._connection = connection
        self._buffer = rest

    def fileno(self) -> int:
        """Return the socket's file descriptor."""
        return self._connection.fileno()

    def ready(self) -> bool:
        """Say whether whole lines are buffered: select can't know of them."""
        return b"\n" in self._buffer

    def read(self) -> list[dict[str, Any]] | None:
        """Return the events that have come (perhaps none), None at the end. May wait for bytes."""
        if not self.ready():
            with _PlainFailures():
                chunk = self._connection.recv(_CHUNK)
            if not chunk:
                return None
            self._buffer += chunk
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) > _LIMIT:
            raise foreign("an endless line")
        return [parse(line) for line in lines if line.strip()]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield events until the daemon ends the stream."""
        while (events := self.read()) is not None:
            yield from events

    def close(self) -> None:
        """Hang up: the daemon takes it as "nobody waits here any more"."""
        self._connection.close()


class Client:
    """Requests to the daemon.

    Args:
        path: the control socket's.
        start_daemon: starts one when nobody listens there. Where a connection alone would make systemd start it, it is
            this that decides as well.
    """

    def __init__(self, path: str, start_daemon: Callable[[], None] | None = None) -> None:
        self.path = path
        self._start_daemon = start_daemon
        self._headers: dict[str, str] | None = None

    def call(
        self,
        method: str,
        path: str,
        shape: type[T],
        body: Mapping[str, Any] | None = None,
        *,
        timeout: float = PATIENCE,
        any_api: bool = False,
    ) -> T:
        """Send one request and return its answer.

        Args:
            method: as HTTP has it.
            path: one of `wire`.
            shape: the answer's: a type of `wire`, or what shape.py has for it.
            body: what is sent along.
            timeout: seconds.
            any_api: whether a daemon of another API version will do.

        Raises:
            DaemonError: the daemon says no.
            CtlError: it can't be reached or understood.
        """
        with _PlainFailures():
            connection = self._connect(timeout)
            try:
                head, rest = _exchange(connection, http10.request(method, path, body, self._shell()))
                content = _read_all(connection, rest)
            finally:
                connection.close()
        _check(head, content, any_api=any_api)
        return event(parse(content) if content.strip() else {}, shape)

    def without_start(self) -> Client:
        """Return a client of the same daemon that never starts one."""
        other = Client(self.path)
        other._headers = self._headers
        return other

    def stream(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Stream:
        """Send a request whose answer streams; failures as in `call`."""
        with _PlainFailures():
            connection = self._connect(PATIENCE)
            try:
                head, rest = _exchange(connection, http10.request(method, path, body, self._shell()))
                _check(head, rest if head.ok else _read_all(connection, rest), any_api=False)
                connection.settimeout(None)
            except BaseException:
                connection.close()
                raise
        return Stream(connection, rest)

    def _shell(self) -> dict[str, str]:
        """Return what each request says of this shell, which is what it was at the first."""
        if self._headers is None:
            self._headers = shellfiles.headers()
        return self._headers

    def _connect(self, timeout: float) -> socket.socket:
        if unit.managed() and not unit.runs():
            if self._start_daemon is not None:
                self._start_daemon()
            elif unit.asleep():
                raise NotRunningError
        try:
            return _dial(self.path, timeout)
        except (NotRunningError, UnreachableError):
            if self._start_daemon is None:
                raise
            self._start_daemon()
            return _dial(self.path, timeout)


def event(raw: dict[str, Any], shape: type[T]) -> T:
    """Return an event of a stream as `shape`.

    Raises:
        CtlError: it is not of it.
    """
    _demand(raw, shape)
    found: Any = raw
    return found  # type: ignore[no-any-return]  # typing's cast is not loaded


def parse(content: bytes) -> dict[str, Any]:
    """Return the JSON object in `content`, or raise `CtlError`."""
    try:
        found = jsontext.loads(content)
    except (ValueError, RecursionError):
        raise foreign("something that is no JSON") from None
    if not isinstance(found, dict):
        raise foreign("something that is no JSON object")
    return found


def foreign(what: str) -> CtlError:
    """Return the failure for an answer that xacctd would not give."""
    return CtlError(
        f"What listens on the control socket is not xacctd, or a broken one: it sent {what}.",
        "See where XACCT_SOCKET points, or: xacctctl stop && xacctctl start",
        NO_DAEMON,
    )


def _demand(answer: dict[str, Any], shape: Any) -> None:
    if isinstance(shape, type):
        from xacct.ctl.shape_of import shape_of  # noqa: PLC0415 - it loads typing

        shape = shape_of(shape)
    wrong = validate(answer, shape)
    if wrong:
        raise foreign(f"no usable value at {wrong}")


def _dial(path: str, timeout: float) -> socket.socket:
    _refuse_strangers(path)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
        _refuse_another_users(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, _ABSENT):
            raise _nobody() from None
        raise
    return connection


def _nobody() -> CtlError:
    """Nobody listens: whether there is no daemon is the lock's to say."""
    pid = unit.holder()
    return NotRunningError() if pid is None else UnreachableError(pid)  # guard: lock-no-word-of-unreachable-daemon


def _refuse_another_users(connection: socket.socket, path: str) -> None:
    """Ask the kernel who listens, before a word is said: a path can have been another's when it was looked at.

    On macOS launchd, which is root's, may have made the socket for us.
    """
    owner = peer(connection)
    # guard: code-is-told-to-our-own-daemon-alone
    if owner == os.geteuid() or (sys.platform == "darwin" and owner == 0):
        return
    raise CtlError(
        f"{path} is another user's: nothing was sent.",
        "See where XACCT_SOCKET and XDG_RUNTIME_DIR point; xacctctl asks the daemon of its own user alone.",
        NO_DAEMON,
    )


def peer(connection: socket.socket) -> int:
    """Return the user who listens at the other end of a Unix socket (unix(7): SO_PEERCRED; macOS: LOCAL_PEERCRED)."""
    if sys.platform == "darwin":
        return int.from_bytes(connection.getsockopt(0, 1, 76)[4:8], sys.byteorder)  # struct xucred: version, uid
    return int.from_bytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[4:8], sys.byteorder)


def _refuse_strangers(path: str) -> None:
    """A code is a secret: don't say it into a directory that somebody else could have filled."""
    directory = path.rpartition("/")[0]
    if os.environ.get("XACCT_SOCKET"):
        return
    try:
        owner = os.stat(directory).st_uid  # noqa: PTH116 - no pathlib here: see paths.py
    except OSError:
        raise NotRunningError from None
    if owner != os.geteuid():
        raise CtlError(
            f"{directory} belongs to somebody else.",
            "Is XDG_RUNTIME_DIR another user's, say after sudo or su?",
            NO_DAEMON,
        )


class _PlainFailures:
    """Turns socket errors into sentences: an escaped BrokenPipeError would mean stdout."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Raise the sentence instead."""
        if isinstance(error, OSError):
            raise _in_words(error) from None


def _in_words(error: OSError) -> CtlError:
    if isinstance(error, TimeoutError):
        return CtlError("xacctd does not answer.", f"xacctctl stop && xacctctl start; its log: {unit.log()}")
    if isinstance(error, ConnectionError):
        return HungUpError(unit.log())
    reason = error.strerror or str(error)
    return CtlError(
        f"The control socket can't be used: {reason}.", "Look at XACCT_SOCKET and XDG_RUNTIME_DIR.", NO_DAEMON
    )


def _exchange(connection: socket.socket, request: bytes) -> tuple[http10.Head, bytes]:
    connection.sendall(request)
    jsontext.load()
    raw = b""
    while b"\r\n\r\n" not in raw:
        chunk = connection.recv(_CHUNK)
        if not chunk and not raw:
            raise HungUpError(unit.log())
        raw += chunk
        if not chunk or len(raw) > http10.HEAD_LIMIT:
            raise foreign("no HTTP answer")
    top, _, rest = raw.partition(b"\r\n\r\n")
    try:
        return http10.head(top), rest
    except ValueError:
        raise foreign("no HTTP answer") from None


def _read_all(connection: socket.socket, rest: bytes) -> bytes:
    while chunk := connection.recv(_CHUNK):
        rest += chunk
        if len(rest) > _LIMIT:
            raise foreign("an endless answer")
    return rest


def _check(head: http10.Head, content: bytes, *, any_api: bool) -> None:
    """Which end is older comes before what the answer says: it may mean something else by now."""
    api = head.headers.get(wire.API_HEADER.lower(), "")
    if not (api.isascii() and api.isdigit()):
        raise foreign(f"no {wire.API_HEADER} header")
    if not any_api and int(api[:9]) != wire.API:  # guard: another-api-xacctctl-believes-nothing
        raise _other_api(int(api[:9]), head, content)
    if not head.ok:
        answer = parse(content)
        _demand(answer, shape.ERROR_ANSWER)
        raise DaemonError(answer["error"])


def _other_api(api: int, head: http10.Head, content: bytes) -> CtlError:
    """Whoever is newer knows better what to do: a newer daemon's own words, if it has some, else ours."""
    release = head.headers.get(wire.VERSION_HEADER.lower(), "")
    said = wire.older("daemon" if api < wire.API else "command", clean(release)[:_RELEASE], __version__)
    if api > wire.API and not head.ok:
        try:
            answer = parse(content)
            _demand(answer, shape.ERROR_ANSWER)
            if answer["error"]["code"] == wire.OTHER_VERSION:
                said = answer["error"]
        except CtlError:
            pass
    return CtlError(said["sentence"], said["hint"], NO_DAEMON)
