"""`docker setup`: the one thing that takes root, printed or done: an address on the containers' bridge."""

import os
import shlex
import subprocess
from argparse import Namespace

from xacct.ctl.client import Client
from xacct.ctl.docker import container, engine, relay
from xacct.ctl.failure import FAILED, OK, CtlError
from xacct.ctl.render import out, say


def setup(args: Namespace, client: Client) -> int:
    """Print the command that is needed, or with --yes run it. It lasts until the next boot."""
    here = engine.ask(args.engine)
    if args.stop_relay:
        relay.stop(here)
        return OK
    about = container.about(client)
    if here.podman and here.rootless:
        out("Rootless Podman needs no setup.")
        return OK
    if here.rootless or here.desktop:
        out(f"{here.words}: nothing to set up here. `run` starts a relay, for which its image has to be there:")
        out(f"  {here.command} pull {args.relay_image}")
        return OK
    if about["address_here"] != args.remove:
        out(f"{about['address']} is {'no' if args.remove else 'already an'} address of this machine.")
        return OK
    command = privileged("delete" if args.remove else "add", about["address"], bridge(here))
    if not args.yes:
        out(shlex.join(command))
        say("  hint: --yes runs it. It lasts until the next boot; docs/containers.md has a unit that repeats it.")
        return OK
    return OK if subprocess.run(command, check=False).returncode == 0 else FAILED  # noqa: S603 - as printed


def privileged(verb: str, address: str, device: str) -> list[str]:
    """Return the command, behind sudo unless we are root."""
    command = ["ip", "address", verb, f"{address}/32", "dev", device]
    return command if os.geteuid() == 0 else ["sudo", *command]


def bridge(here: engine.Engine) -> str:
    """Return the interface of the engine's default network. Any bridge would do: the address serves all of them."""
    if here.podman:
        return "podman0"
    shown = '{{index .Options "com.docker.network.bridge.name"}}'
    name = engine.output([here.command, "network", "inspect", "bridge", "--format", shown]).strip()
    if not name:
        raise CtlError("The engine has no bridge.", "--way relay goes without")
    return name
