"""The routes from a container to the endpoint, and which one it is: a pure choice, with its reason."""

import os
from typing import Final, NamedTuple

from xacct import wire
from xacct.ctl.docker.engine import Engine
from xacct.ctl.docker.words import Words
from xacct.ctl.failure import CtlError

HOST, BRIDGE, SLIRP, PASTA, RELAY = "host", "bridge", "slirp4netns", "pasta", "relay"
NETWORK: Final = "xacct"
SUBNET: Final = "169.254.170.0/24"
"""The relay's own network. SDKs accept plain HTTP to 169.254.170.2 and .23, so the relay has to be one of them."""


class Way(NamedTuple):
    """How a container reaches the endpoint.

    Attributes:
        options: for the run command.
        where: the kind of grant.
        warning: what it costs.
    """

    name: str
    why: str
    url: str
    where: str
    options: tuple[str, ...] = ()
    warning: str = ""


_LOOPBACK: Final = (
    "The container reaches every service on this machine's loopback, not ours alone; --way relay does not do that."
)
_ALL: Final = {
    way.name: way
    for way in (
        Way(
            HOST,
            "The container shares this machine's network, so the endpoint's own address works as it is.",
            "http://127.0.0.1:{port_on_host}",
            "host",
            ("--network", "host"),
        ),
        Way(
            BRIDGE,
            "{address} is an address of this machine, and xacctd listens there on container bridges"
            " ({listed_bridges}).",
            "{url}",
            "container",
        ),
        Way(
            SLIRP,
            "Rootless Podman's slirp4netns can put this machine's loopback at {address}: no root, no relay.",
            "{url}",
            "container",
            ("--network", f"slirp4netns:allow_host_loopback=true,cidr={SUBNET}"),
            _LOOPBACK,
        ),
        Way(
            PASTA,
            "Rootless Podman's pasta can put this machine's loopback at {address}: no root, no relay.",
            "{url}",
            "container",
            ("--network", "pasta:--map-host-loopback,{address}"),
            _LOOPBACK,
        ),
        Way(
            RELAY,
            "{engine}: no way leads from its containers to this machine that SDKs accept, so a relay at {address}"
            " forwards to {target}.",
            "{url}",
            "container",
            ("--network", NETWORK),
        ),
    )
}
"""What stands in braces is what the engine and the daemon say."""

WAYS: Final = tuple(_ALL)


def choose(engine: Engine, words: Words, about: wire.ContainersAnswer, wanted: str | None = None) -> Way:
    """Return the route for a container with these arguments, `wanted` if it is possible; else `CtlError` with why."""
    if engine.remote:
        raise CtlError(
            f"The engine is on another machine ({engine.remote}): no way leads from there to this one.",
            "Run xacct there, or choose a context of this machine: docker context use default",
        )
    name = wanted or _by_itself(engine, words, about)
    _refuse_impossible(name, engine, words, about)
    values = {
        **about,
        "engine": engine.words,
        "listed_bridges": ", ".join(about["bridges"]),
        "target": "host.docker.internal" if engine.desktop else "a Unix socket of xacctd",
    }
    way = _ALL[name]
    return way._replace(
        why=way.why.format(**values),
        url=way.url.format(**values),
        options=() if words.networks == ("host",) else tuple(option.format(**values) for option in way.options),
    )


def _by_itself(engine: Engine, words: Words, about: wire.ContainersAnswer) -> str:
    on_linux = not engine.desktop
    if "host" in words.networks and on_linux and (engine.podman or not engine.rootless):
        return HOST
    if engine.podman and engine.rootless and on_linux:
        return PASTA if engine.pasta else SLIRP
    if on_linux and not engine.rootless and about["address_here"] and about["bridges"]:
        return BRIDGE
    return RELAY


def _refuse_impossible(name: str, engine: Engine, words: Words, about: wire.ContainersAnswer) -> None:
    _refuse_other_networks(name, words)
    if name == HOST:
        _refuse_other_users(engine, words)
    if name in {SLIRP, PASTA} and not (engine.podman and engine.rootless):
        raise CtlError(f"The way {name} is rootless Podman's alone; this is {engine.words}.", "--way relay")
    if name == BRIDGE and (engine.rootless or engine.desktop):
        raise CtlError(f"{engine.words}: its bridge is not on this machine.", "--way relay")
    if name == BRIDGE and not about["address_here"]:
        raise CtlError(f"No interface of this machine has {about['address']}.", "xacctctl docker setup")
    if name == BRIDGE and about["require_known_caller"]:
        raise CtlError(
            "[endpoint] require_known_caller refuses every container on a bridge: the kernel can't say who it is.",
            "--way relay, whose socket the kernel does know the caller of",
        )


def _refuse_other_networks(name: str, words: Words) -> None:
    if "none" in words.networks:
        raise CtlError("A container with --network none reaches nothing.", "Choose another network")
    if name == HOST and words.networks not in {(), ("host",)}:
        raise CtlError(f"The way host goes with --network host, not {words.networks[0]}.", "Leave --way out")
    if name in {SLIRP, PASTA, RELAY} and words.networks:
        raise CtlError(
            f"The way {name} chooses the network itself, and --network {words.networks[0]} does too.",
            "Leave --network out, or connect the container to the network xacct: see docs/containers.md",
        )


def _refuse_other_users(engine: Engine, words: Words) -> None:
    """On the host's network the kernel says who calls, and the endpoint serves its own user alone."""
    user = (words.user or "0").partition(":")[0]
    ours = "0" if engine.rootless else str(os.geteuid())
    if user not in {ours, "root" if ours == "0" else ours}:
        raise CtlError(
            "On the host's network the container's user has to be yours, or the endpoint refuses it as another user.",
            f"Add --user {ours}:{os.getegid() if ours != '0' else 0}, or leave --network host out",
        )
