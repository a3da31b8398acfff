"""Proxies: some SDKs would send an endpoint's token through one, and STS may be reached through one."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from xacct.ctl.doctor.finding import Checks, Finding, broken, ok
from xacct.ctl.doctor.scene import Scene

HTTP: Final = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
HTTPS: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
EXEMPT: Final = ("NO_PROXY", "no_proxy")
_OURS: Final = "127.0.0.1"


def _endpoint(scene: Scene) -> Finding:
    environ = scene.environ
    variable = _first(environ, HTTP)
    if variable is None:
        return ok("No proxy for plain HTTP.")
    if exempts(environ):
        return ok(f"{variable} is set, and {_OURS} is exempt from it.")
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in environ:
        return broken(
            f"{variable} is set, and {_OURS} is not exempt: Rust SDKs (object_store, polars, lance) send this shell's"
            f" token to {where(environ[variable])}.",
            'export NO_PROXY="$NO_PROXY,127.0.0.1,localhost" no_proxy="$no_proxy,127.0.0.1,localhost"',
        )
    return ok(f"{variable} is set; xacctctl env exempts {_OURS} from it.")


def exempts(environ: Mapping[str, str]) -> bool:
    """Say whether every spelling that is set, and one at least, exempts the endpoint.

    `*` does so only in no_proxy, and if NO_PROXY names it: Rust's SDKs look there first, and take `*` for names.
    """
    lists = {name: environ[name].replace(" ", "").split(",") for name in EXEMPT if environ.get(name)}
    if len(lists) == len(EXEMPT) and lists[EXEMPT[1]] == ["*"]:
        del lists[EXEMPT[1]]
    return bool(lists) and all(_OURS in hosts for hosts in lists.values())


def where(proxy: str) -> str:
    """Return a proxy's host and port: what stands before them may be a password."""
    try:
        at = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        return f"{at.hostname}:{at.port}" if at.port else str(at.hostname)  # guard: doctor-says-no-proxys-password
    except ValueError:
        return "a proxy"


def _sts(scene: Scene) -> Finding:
    environ = scene.environ
    variable = _first(environ, HTTPS)
    if variable is None:
        return ok("An xacctd started here reaches AWS directly.")
    return ok(f"An xacctd started here reaches AWS through {where(environ[variable])} ({variable}).")


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if environ.get(name)), None)


CHECKS: Final[Checks] = {"proxy-endpoint": _endpoint, "proxy-sts": _sts}
