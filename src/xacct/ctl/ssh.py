"""`ssh`: a shell or a command on another machine, with the endpoint of this one."""

import getopt
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from xacct import paths, wire
from xacct.ctl import child, remote_env, scope_options
from xacct.ctl.client import Client
from xacct.ctl.connection import Connection, EndedError
from xacct.ctl.env import end_at_signals, narrowed
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.granting import ensure, mint, revoke
from xacct.ctl.verb import Verb

_OPTIONS: Final = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy"
"""OpenSSH 9's. ssh itself has the last word; here it is only found out where the options end."""

_ELSEWHERE: Final = frozenset({"-f", "-G", "-M", "-N", "-O", "-Q", "-S", "-s", "-V", "-W"})
"""Options that make something else of ssh than a session in the foreground, or share it themselves."""


class Words(NamedTuple):
    """A command line of ssh, taken apart."""

    options: list[str]
    host: str
    command: str


def ssh(args: Namespace, client: Client) -> int:
    """Run the session and return its status, as ssh does."""
    words = taken_apart(args.command)
    more = narrowed(args)
    ensure(client, args.role)
    endpoint = client.call("GET", wire.VERSION, wire.VersionAnswer)["endpoint"]
    if endpoint is None:
        raise CtlError("xacctd has no endpoint, so there is nothing to forward.", "xacctctl status")
    end_at_signals()
    paths.make_private(paths.runtime_dir())
    connection = Connection(words.options, words.host, f"{paths.runtime_dir()}/s{os.getpid()}")
    try:
        connection.wait()
        port = connection.forward(int(endpoint.rpartition(":")[2]))
        return _session(args.role, client, connection, words, {"forwarded_port": port, **more})
    except EndedError as ended:
        return ended.status  # ssh has said why
    finally:
        connection.close()


def taken_apart(words: Sequence[str]) -> Words:
    """Find the host and the command among what would stand behind `ssh`; options may surround the host."""
    words = words[1:] if words[:1] == ["--"] else words
    try:
        options, rest = getopt.getopt(list(words), _OPTIONS)
        more, command = getopt.getopt(rest[1:], _OPTIONS)
    except getopt.GetoptError as error:
        raise CtlError(f"ssh would not understand this: {error.msg}.", "xacctctl ssh --help", USAGE) from None
    for option, _ in options + more:
        if option in _ELSEWHERE:
            raise CtlError(f"{option} does not go with xacctctl ssh.", "Say it to ssh itself.", USAGE)
    if not rest:
        raise CtlError("ssh needs a host.", "xacctctl ssh ROLE [SSH-OPTION...] [USER@]HOST [COMMAND...]", USAGE)
    flat = [option + value for option, value in options + more]
    return Words(flat, rest[0], " ".join(command))


def _session(role: str, client: Client, connection: Connection, words: Words, more: dict[str, Any]) -> int:
    pipe = connection.lender()
    label = f"ssh {words.host} {os.getpid()}"
    grant = mint(client, role, label, os.getpid(), **more)
    try:
        if f":{more['forwarded_port']}/" not in grant["urls"][role]:  # guard: ssh-only-lenders-own-line-is-believed
            raise CtlError("The running daemon is older than this command.", "xacctctl restart")
        connection.lend(remote_env.script(role, grant, words.command))
        terminal = [] if words.command or not os.isatty(0) else ["-t"]
        # the connection stands, and ssh would not take a jump together with our barring of another one
        options = [option for option in words.options if not option.startswith("-J")]
        return child.run(connection.session([*terminal, *options], remote_env.borrow(pipe)), os.environ)
    finally:
        revoke(client, grant["id"])  # guard: ssh-ends-its-grant


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("role", metavar="ROLE")
    scope_options.declare(parser)
    parser.usage = (
        "xacctctl ssh [--read-only | --policy FILE|JSON | --allow ACTION,... [--on ARN...] | --scope NAME]"
        " [--regions R,...] [--ttl DURATION] ROLE [SSH-OPTION...] [USER@]HOST [COMMAND...]"
    )


VERBS = {
    "ssh": Verb(
        "Go to another machine with ssh, and have a role there: its programs fetch credentials from"
        " xacctd here, through the connection, for as long as it stands. What follows the role is"
        " ssh's own command line. Nothing is written there. Who is root there, or you, can use"
        " the role meanwhile.",
        (
            "xacctctl ssh prod host                          a login shell",
            "xacctctl ssh prod -p 2222 -J jump me@host       with options of ssh",
            "xacctctl ssh prod host aws s3 ls                one command, its status",
            "xacctctl ssh --read-only prod host              with narrower credentials",
            "xacctctl ssh prod -t host 'cd /srv && top'      one that wants a terminal",
        ),
        ssh,
        _declare,
    ),
}
