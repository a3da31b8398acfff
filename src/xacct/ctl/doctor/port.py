"""The endpoint's port: whether what answers there is ours, and whether anything stands in between."""

import socket
from contextlib import suppress
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from xacct import tomlfile
from xacct.ctl import http10
from xacct.ctl.doctor.finding import Checks, Finding, Found, broken, ok, skipped, warning
from xacct.ctl.doctor.holder import holder
from xacct.ctl.doctor.scene import Scene

ADDRESS: Final = "127.0.0.1"
DEFAULT: Final = 9477
PATIENCE: Final = 2.0
"""Seconds; what answers on this machine answers at once."""

REFUSAL: Final = b"xacct: no valid grant in this environment."
"""Of the one answer that xacctd has for whoever shows no token, whatever they ask: nothing else answers so."""

_OURS: Final = frozenset({"content-type", "cache-control", "x-content-type-options", "content-length", "connection"})
_LIMIT: Final = 16 * 1024
Answer = tuple[http10.Head, bytes]
_MOVE: Final = "End it, or set port under [daemon] in config.toml"


def configured(scene: Scene) -> int:
    """Return the port that a daemon started now would take, as far as can be told without it."""
    with suppress(ValueError):
        return int(scene.environ["XACCT_PORT"]) if "XACCT_PORT" in scene.environ else _in_file(scene)
    return DEFAULT


def ask(port: int) -> Answer | None:
    """Return head and body of what answers on `port`, None where nobody listens."""
    request = f"GET / HTTP/1.1\r\nHost: {ADDRESS}:{port}\r\n\r\n".encode()
    raw = b""
    try:
        with socket.create_connection((ADDRESS, port), PATIENCE) as connection:
            connection.settimeout(PATIENCE)
            with suppress(OSError):
                connection.sendall(request)
                while REFUSAL not in raw and len(raw) < _LIMIT and (chunk := connection.recv(_LIMIT)):
                    raw += chunk
    except OSError:
        return None
    top, _, body = raw.partition(b"\r\n\r\n")
    try:
        return http10.head(top), body
    except ValueError:
        return http10.Head(0, {}), body


def _in_file(scene: Scene) -> int:
    try:
        table = tomlfile.read(str(scene.settings)).get("daemon")
    except (OSError, ValueError):
        return DEFAULT
    port = table.get("port") if isinstance(table, dict) else None
    return port if isinstance(port, int) else DEFAULT


def _port(scene: Scene) -> Finding:
    """Ask the port what it is, without a proxy and without a token."""
    running = scene.daemon.version is not None
    if running and scene.daemon.endpoint is None:
        return broken("xacctd runs, but its endpoint does not listen.", "xacctctl stop && xacctctl start")
    port = _number(scene)
    answer = _answer(scene)
    if not _is_xacctds(answer):
        return _absent(scene, port, running=running, taken=answer is not None)
    if running:
        return ok(f"The endpoint answers at {ADDRESS}:{port}.")
    return broken(
        f"{_holder(scene, port)} has port {port}: an xacctd, but not the one of this control socket.",
        "Use the XDG_RUNTIME_DIR and XACCT_SOCKET of the shell that started it, or end it",
    )


def _absent(scene: Scene, port: int, *, running: bool, taken: bool) -> Finding:
    """Speak of a port where no xacctd answers, though it should or could."""
    if taken:
        what = f"answers at {ADDRESS}:{port} for xacctd" if running else f"has port {port}: xacctd can't start"
        return broken(f"{_holder(scene, port)} {what}.", _MOVE)
    if running:
        return broken(
            f"xacctd listens at {ADDRESS}:{port}, but can't be reached there.",
            "Is this another network namespace (a container), or is loopback filtered?",
        )
    return ok(f"Port {port} is free for xacctd.")


def _proxy(scene: Scene) -> Found:
    if scene.daemon.version is not None and scene.daemon.endpoint is None:
        return ()
    answer = _answer(scene)
    if answer is None or not _is_xacctds(answer):
        return skipped("What stands between, only an answer of xacctd could show.")
    added = sorted(answer[0].headers.keys() - _OURS)
    if not added:
        return ok("Nothing stands between programs and the endpoint.")
    return warning(
        f"Something between rewrites the endpoint's answers: it adds {', '.join(added)}. It sees tokens.",
        f"Exempt {ADDRESS} from the proxy or the security software",
    )


@lru_cache(maxsize=1)
def _answer(scene: Scene) -> Answer | None:
    return ask(_number(scene))


def _is_xacctds(answer: Answer | None) -> bool:
    return answer is not None and REFUSAL in answer[1]


def _number(scene: Scene) -> int:
    return urlsplit(scene.daemon.endpoint or "").port or configured(scene)


def _holder(scene: Scene, port: int) -> str:
    return holder(scene, port) or "A program of another user"


CHECKS: Final[Checks] = {"endpoint-port": _port, "endpoint-proxy": _proxy}
