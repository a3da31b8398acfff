"""`docker run`: a container in a role, and the grant taken back when it ends."""

import os
import shlex
import subprocess
from argparse import Namespace
from typing import Final

from xacct import wire
from xacct.ctl.client import Client
from xacct.ctl.docker import container, engine, relay, ways, words
from xacct.ctl.env import ensure, revoke
from xacct.ctl.failure import CANNOT_RUN, NOT_FOUND, OK, USAGE, CtlError
from xacct.ctl.notes import note
from xacct.ctl.render import out

_SHORT: Final = 12
"""Characters by which docker shows a container's id."""


def run(args: Namespace, client: Client) -> int:
    """Run the container and return its status; with `-d`, print its id, as docker does."""
    given = behind_dashes(args.arguments)
    found = words.read(given)
    if found.image is None:
        raise CtlError(
            f"{args.engine} run needs an image.", f"xacctctl docker run ROLE -- {args.engine} arguments", USAGE
        )
    if found.restarts and not args.ttl:
        raise CtlError(
            "A container that restarts outlives its first process, and so its grant.", "Give it a time: --ttl 8h"
        )
    here = engine.ask(args.engine)
    way = ways.choose(here, found, container.about(client), args.way)
    if found.detached and not args.ttl and here.desktop:
        raise CtlError(f"{here.words}: a container's end can't be seen from here.", "Give it a time: --ttl 8h")
    if args.explain:
        return _explain(args, client, here, way, given)
    warn(way)
    ensure(client, args.role)
    if way.name == ways.RELAY:
        relay.start(here, container.about(client), args.relay_image)
    grant = container.mint(client, args.role, way, _label(found), args.ttl)
    try:
        return _start(args, client, here, way, given, found, grant)
    except BaseException:
        revoke(client, grant["id"])
        raise


def _start(
    args: Namespace,
    client: Client,
    here: engine.Engine,
    way: ways.Way,
    given: list[str],
    found: words.Words,
    grant: wire.GrantAnswer,
) -> int:
    environment = container.settings(args.role, grant["urls"][args.role], grant["regions"].get(args.role), os.environ)
    mount = container.mounted(grant["token_file"]) if args.token_file else []
    command = [here.command, "run", *container.options(way, environment), *mount, *given]
    environ = {**os.environ, container.TOKEN: grant["token"]}
    if found.detached:
        started = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
        if started.returncode:
            revoke(client, grant["id"])
            return started.returncode
        name = started.stdout.strip().rpartition("\n")[2]
        out(name)
        if not args.ttl:
            container.follow(client, here, grant["id"], name)
        return OK
    status = in_foreground(command, environ)
    if not args.ttl:
        revoke(client, grant["id"])
    return status


def in_foreground(command: list[str], environ: dict[str, str]) -> int:
    """Run a command that stands in for us and return its status."""
    from xacct.ctl import child  # noqa: PLC0415 - signal is needed only here

    try:
        return child.run(command, environ)
    except FileNotFoundError:
        raise CtlError(f"{command[0]}: no such command.", "", NOT_FOUND) from None
    except OSError as error:
        raise CtlError(f"{command[0]} can't be run: {error.strerror}.", "", CANNOT_RUN) from None


def _explain(args: Namespace, client: Client, here: engine.Engine, way: ways.Way, given: list[str]) -> int:
    """Say what would be done."""
    url, region = url_of(client, args.role, way)
    environment = container.settings(args.role, url, region, os.environ)
    out(f"engine   {here.words}")
    out(f"way      {way.name}: {way.why}")
    if way.warning:
        out(f"mind     {way.warning}")
    out(f"grant    for {args.role}, {_end(args, words.read(given))}")
    out(f"command  {shlex.join([here.command, 'run', *container.options(way, environment), *given])}")
    out(f"token    in {container.TOKEN} of that command's environment, never among its arguments")
    return OK


def url_of(client: Client, name: str, way: ways.Way) -> tuple[str, str | None]:
    """Return a role's URL by that way, and its region, without a grant for it."""
    roles = client.call("GET", wire.ROLES, wire.RolesAnswer)["roles"]
    role = next((each for each in roles if each["name"] == name), None)
    if role is None:
        raise CtlError(f"There is no role called {name!r}.", "xacctctl roles")
    return f"{way.url}/{'/'.join(role['url'].split('/')[3:])}", role["region"]


def _end(args: Namespace, found: words.Words) -> str:
    if args.ttl:
        return f"ends in {args.ttl}"
    return "ends with the container's first process" if found.detached else "ends with the container"


def behind_dashes(arguments: list[str]) -> list[str]:
    """Return what stands behind the role: two dashes may set it off."""
    return arguments[1:] if arguments[:1] == ["--"] else arguments


def _label(found: words.Words) -> str:
    return f"container {found.name or found.image}"[:200]


def warn(way: ways.Way) -> None:
    """Say what a way costs, where it costs something."""
    if way.warning:
        note(way.warning)
