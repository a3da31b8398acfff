"""`docker run`: a container in a role, and the grant taken back when it ends."""

import os
import shlex
import subprocess
from argparse import Namespace

from xacct import wire
from xacct.ctl import child
from xacct.ctl.client import Client
from xacct.ctl.docker import container, engine, ways, words
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.granting import revoke
from xacct.ctl.http10 import quote
from xacct.ctl.notes import note
from xacct.ctl.render import out
from xacct.ctl.verb import NARROWING, TYPED


def run(args: Namespace, client: Client) -> int:
    """Run the container and return its status; with `-d`, print its id, as docker does."""
    given = behind_dashes(args.arguments)
    found = words.read(given)
    _demand_one_meaning(args, found)
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
    label = f"container {found.name or found.image}"[:200]
    outlives = bool(args.ttl) or found.detached
    with container.granted(client, here, args, way, label, outlives=outlives) as grant:
        url, region = grant["urls"][args.role], grant["regions"].get(args.role)
        options = container.options(way, container.settings(args.role, url, region, os.environ))
        mount = container.mounted(grant["token_file"]) if args.token_file else []
        command = [here.command, "run", *options, *mount, *given]
        environ = {**os.environ, container.TOKEN: grant["token"]}
        if not found.detached:
            return child.run(command, environ)
        started = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
        name = started.stdout.strip().rpartition("\n")[2]
        if started.returncode:
            revoke(client, grant["id"])
            return started.returncode
        out(name)
        if not args.ttl:
            container.follow(client, here, grant["id"], name)
        return OK


def _demand_one_meaning(args: Namespace, found: words.Words) -> None:
    """Refuse --read-only behind the role, unless two dashes say that it is the engine's: it may be meant to narrow."""
    ours = found.options & {f"--{name.replace('_', '-')}" for name in NARROWING}
    set_off = TYPED[: -len(args.arguments)][-1:] == ["--"]  # argparse takes them away
    if ours and not set_off:  # guard: engines-read-only-is-not-ours
        option = min(ours)
        raise CtlError(
            f"{option} behind the role is {args.engine}'s, and narrows no credentials.",
            f"Narrower credentials: xacctctl {args.engine} run {option} {args.role} IMAGE; "
            f"{args.engine}'s own: xacctctl {args.engine} run {args.role} -- {option} IMAGE",
            USAGE,
        )


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
        client.call("GET", wire.EXPLAIN.format(role=quote(name)), wire.ExplainAnswer)  # which says why
        raise CtlError(f"There is no role called {name!r}.", "xacctctl roles")
    return f"{way.url}/{'/'.join(role['url'].split('/')[3:])}", role["region"]


def _end(args: Namespace, found: words.Words) -> str:
    if args.ttl:
        return f"ends in {args.ttl}"
    return "ends with the container's first process" if found.detached else "ends with the container"


def behind_dashes(arguments: list[str]) -> list[str]:
    """Return what stands behind the role: two dashes may set it off."""
    return arguments[1:] if arguments[:1] == ["--"] else arguments


def warn(way: ways.Way) -> None:
    """Say what a way costs, where it costs something."""
    if way.warning:
        note(way.warning)
