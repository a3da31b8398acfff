"""A grant for a container: what its environment is, and with what the grant ends."""

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from xacct import wire
from xacct.ctl import granting, procfs, scope_options, variables
from xacct.ctl.client import Client
from xacct.ctl.docker import relay
from xacct.ctl.docker.engine import Engine, output
from xacct.ctl.docker.ways import RELAY, Way
from xacct.ctl.failure import CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.verb import narrows

TOKEN: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - its name

_TOKEN_FILE: Final = "/run/xacct-token"  # noqa: S105 - where it lies in the container


def about(client: Client) -> wire.ContainersAnswer:
    """Return how containers reach the endpoint."""
    return client.call("GET", wire.CONTAINERS, wire.ContainersAnswer)


@contextmanager
def granted(
    client: Client, engine: Engine, args: Namespace, way: Way, label: str, *, outlives: bool = False
) -> Iterator[wire.GrantAnswer]:
    """Have the role held and the listeners open, and a grant that is good until this ends.

    Args:
        client: of the daemon.
        engine: what runs the container.
        args: of the action: role, ttl and relay_image.
        way: how the container reaches the endpoint.
        label: what people call the grant.
        outlives: whether the grant goes on where nothing has gone wrong: until --ttl, or until this process ends.
    """
    more = scope_options.asked(args, timed=False) if narrows(args) else {}
    granting.ensure(client, args.role)
    if way.name == RELAY:
        relay.start(engine, about(client), args.relay_image)
    ttl = getattr(args, "ttl", None)
    grant = granting.mint(client, args.role, label, 0 if ttl else os.getpid(), where=way.where, **more)
    try:
        yield grant
    except BaseException:
        granting.revoke(client, grant["id"])
        raise
    if not outlives:
        granting.revoke(client, grant["id"])


def settings(role: str, url: str, region: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the container gets besides the token: nothing secret."""
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        **variables.no_proxy(environ, url.split("/")[2].partition(":")[0]),
        **(dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), region) if region else {}),
        variables.ROLE: role,
    }


def options(way: Way, given: Mapping[str, str]) -> list[str]:
    """Return the options of the run command. The token is named there, and its value taken from the environment."""
    return [*way.options, *(word for name, value in given.items() for word in ("-e", f"{name}={value}")), "-e", TOKEN]


def mounted(file: str) -> list[str]:
    """Return the options that bring the token's file in, for SDKs that read no variable (Rust's object_store)."""
    return ["--volume", f"{file}:{_TOKEN_FILE}:ro", "-e", f"{TOKEN}_FILE={_TOKEN_FILE}"]


def follow(client: Client, engine: Engine, grant_id: str, container: str) -> None:
    """Let the grant end with the container's first process.

    Raises:
        CtlError: that can't be seen from here.
    """
    pid = output([engine.command, "inspect", "--format", "{{.State.Pid}}", container]).strip()
    if not pid.isdigit() or not _is_of(int(pid), container):
        raise CtlError(
            "The container's process can't be seen from here (it may have ended already), so its grant is taken back.",
            "Give it a time instead: --ttl 8h",
        )
    client.call("POST", wire.GRANT.format(id=quote(grant_id)), wire.GrantInfo, {"pid": int(pid)})


def _is_of(pid: int, container: str) -> bool:
    """Whether the process belongs to the container: a virtual machine's pid would be somebody else's here.

    Its cgroup is called after the container; where there are none (rootless, cgroups v1), its parent was told the id.
    """
    parent = procfs.stat(pid)[1:2]
    seen = procfs.read(pid, "cgroup") + (procfs.read(int(parent[0]), "cmdline") if parent else b"")
    return container.encode() in seen
