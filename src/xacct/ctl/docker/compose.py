"""`docker compose`: what a Compose file needs, and a command run with what must not stand in a file."""

import json
import os
import re
import shlex
from argparse import Namespace
from typing import Final

from xacct.ctl import child
from xacct.ctl.client import Client
from xacct.ctl.docker import container, engine, ways, words
from xacct.ctl.docker.run import behind_dashes, url_of, warn
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.render import clean, out
from xacct.ctl.verb import narrows

_HEAD: Final = """\
# docker-compose.override.yml: {services} in the role {role}.
# Way: {way}. Start it with:
#   xacctctl {engine} compose {role} -- {up}
# The token is in that command's environment and in no file. With `up -d` add --ttl 8h before the role.
"""


def compose(args: Namespace, client: Client) -> int:
    """Without a command print an override file; with one run it, with a grant that ends with it."""
    here = engine.ask(args.engine)
    about = container.about(client)
    way = ways.choose(here, words.Words(), about, args.way)
    command = behind_dashes(args.arguments)
    if command:
        return _run(args, client, here, way, command)
    if narrows(args):  # guard: compose-file-narrows-nothing
        raise CtlError(
            "A Compose file has no grant that could be narrowed.",
            f"Say it where it is started: xacctctl {args.engine} compose --read-only {args.role} -- COMMAND",
            USAGE,
        )
    services = args.service or ["app"]
    for service in services:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", service):
            raise CtlError(f"{service!r} is no name of a service.", "Letters, digits, dots, - and _ make one.", USAGE)
    url, region = url_of(client, args.role, way)
    environment = container.settings(args.role, url, region, os.environ) | {container.TOKEN: None}
    up = "podman-compose up" if here.podman else "docker compose up"
    # guard: comment-in-compose-file-is-one-line
    role, command_name = (clean(shlex.quote(word)) for word in (args.role, args.engine))  # a comment is one line
    out(_HEAD.format(services=", ".join(services), role=role, way=way.name, engine=command_name, up=up).rstrip())
    out("\n".join(_override(services, environment, way)))
    return OK


def _override(services: list[str], environment: dict[str, str | None], way: ways.Way) -> list[str]:
    """YAML by hand: each scalar is spelt as JSON, which YAML is a superset of; a key without value passes ours on."""
    lines = ["services:"]
    for service in services:
        lines += [f"  {_scalar(service)}:", "    environment:"]
        for name, value in environment.items():
            lines.append(f"      {name}:" + ("" if value is None else f" {_quoted(value)}"))
        lines += _network(way)
    if way.name == ways.RELAY:
        lines += ["networks:", f"  {ways.NETWORK}:", f"    name: {ways.NETWORK}", "    external: true"]
    return lines


def _quoted(value: str) -> str:
    return _scalar(value).replace("$", "$$")


def _scalar(text: str) -> str:
    """Return `text` as a YAML scalar: JSON's, but for line breaks of Unicode's and characters beyond 16 bits."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CtlError(f"{text!a} can't stand in a Compose file: it is not UTF-8.") from None
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08X}" for char in quoted)


def _network(way: ways.Way) -> list[str]:
    if way.name == ways.BRIDGE:
        return []
    if way.name == ways.RELAY:
        return ["    networks:", "      default: {}", f"      {ways.NETWORK}: {{}}"]
    return [f"    network_mode: {_scalar(way.options[1])}"]


def _run(args: Namespace, client: Client, here: engine.Engine, way: ways.Way, command: list[str]) -> int:
    warn(way)
    label = f"compose {' '.join(args.service)}".strip()
    with container.granted(client, here, args, way, label, outlives=bool(args.ttl)) as grant:
        return child.run(command, {**os.environ, container.TOKEN: grant["token"]})
