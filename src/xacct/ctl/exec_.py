"""`exec`: one command in a role. Its signals, its status, and the grant taken back when it ends."""

from __future__ import annotations

import os
import time

from xacct import paths
from xacct.ctl import around, procfs, variables
from xacct.ctl.env import (
    declare_region,
    declare_scope,
    declare_ways,
    demand_grant,
    in_region,
    lifetime,
    metadata,
    narrowed,
    reaching,
)
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.granting import ensure, mint, revoke
from xacct.ctl.hold import credentials
from xacct.ctl.render import say
from xacct.ctl.shadow import PROFILE
from xacct.ctl.verb import SANDBOX, Verb, narrows
from xacct.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from xacct import wire
    from xacct.ctl.client import Client
    from xacct.ctl.sandboxed.run import Sandbox

_TRIES: Final = 20
_PAUSE: Final = 0.05
"""How often, and after how many seconds, a file is looked at again that is being written."""


def exec_(args: Namespace, client: Client) -> int:
    """Run the command and return its status: 128+n for signal n, 126 and 127 as shells do."""
    if args.role is None:
        _choose(args)
    sandbox = _demand_sense(args)
    if getattr(args, "several", None):
        return _in_each(args, client)
    if args.parallel is not None:
        ensure(client, args.role)  # the daemon knows whether it is one
        raise CtlError("--parallel is for several roles.", "xacctctl exec 'cust-*' --parallel 4 -- COMMAND...", USAGE)
    if args.static:
        keys = credentials(client, args.role, lifetime(args))
        return _run(args, variables.static(args.role, keys, os.environ))
    if args.imds:
        return _run(args, metadata(client, args, os.environ))
    return _by_grant(args, client, sandbox)


def _by_grant(args: Namespace, client: Client, sandbox: Sandbox | None) -> int:
    """Run the command with a grant that ends with it."""
    lifetime(args)
    more = narrowed(args)
    if more:
        from xacct.ctl import subreaper  # noqa: PLC0415 - of use to narrowed commands

        if status := subreaper.have_daemon(client):  # guard: daemon-is-not-below-a-narrowed-exec
            return status
    fish = _universal(args.command[0])
    ensure(client, args.role)
    if sandbox is not None:
        sandbox.demand_alone(client)
    undone = around.undone_by(args.command, paths.home())
    if undone:
        say(f"xacctctl: note: {undone}, which wins over xacct in that shell. xacctctl env, typed in it, takes it away.")

    def run(grant: wire.GrantAnswer) -> int:
        if sandbox is not None:
            return sandbox.run(grant)
        change = reaching(args.role, grant, os.environ, PROFILE if fish else None, fish)
        return _run(args, change, bound=bool(more))

    return _with_grant(args, client, more, run)


def _with_grant(
    args: Namespace, client: Client, more: Mapping[str, Any], run: Callable[[wire.GrantAnswer], int]
) -> int:
    """Run the command with a grant of its own.

    Args:
        args: the command line.
        client: of the daemon.
        more: what narrows the grant, if anything does.
        run: runs the command with the grant, and returns its status.
    """
    label = f"exec {args.command[0].rpartition('/')[2]} {os.getpid()}"
    grant = mint(client, args.role, label, 0 if args.detach else os.getpid(), **more)
    if more:
        from xacct.ctl import subreaper  # noqa: PLC0415 - of use to narrowed commands

        subreaper.bind(client, grant)  # guard: narrowed-exec-binds-its-grant
    ended = True
    try:
        newest = procfs.newest()
        status = run(grant)
        ended = not args.detach
    finally:
        if ended:
            revoke(client, grant["id"])
    try:
        if ended:
            _say_who_is_left(around.left_behind(grant["token_file"], newest), args)
        else:
            say(f"xacctctl: note: What it started keeps its access. To end it: xacctctl grants revoke {grant['id']}")
    except OSError:
        pass  # the terminal may have gone; the command's status is what counts
    return status


def _demand_sense(args: Namespace) -> Sandbox | None:
    """Refuse a command line that can't be meant; return the sandbox that it asks for."""
    if not args.command and not os.isatty(0):
        raise CtlError("exec needs a command.", "xacctctl exec ROLE -- COMMAND...", USAGE)
    if not args.command and getattr(args, "several", None):
        raise CtlError("exec opens a shell in one role only.", "Name one, or a command: -- COMMAND...", USAGE)
    demand_grant(args)
    args.command = args.command or [os.environ.get("SHELL") or "/bin/sh"]
    if args.detach and narrows(args):  # guard: narrowed-exec-does-not-detach
        raise CtlError(
            "--detach does not go with narrower credentials: that command stays as long as what it has started.",
            "Leave it out, and end the line with & where the shell is not to wait.",
            USAGE,
        )
    if args.detach and (args.static or args.imds):
        raise CtlError(
            "--detach goes with a grant, which --static and --imds have not.", "Leave out one of the two.", USAGE
        )
    return _sandbox(args)


def _sandbox(args: Namespace) -> Sandbox | None:
    """Return the sandbox that is asked for, once it is clear that there can be one."""
    if not any(getattr(args, name, None) for name in SANDBOX):
        return None
    from xacct.ctl.sandboxed import options, run  # noqa: PLC0415 - of use to sandboxes alone

    return run.Sandbox(args) if options.demand_sense(args) else None


def _choose(args: Namespace) -> None:
    """Put in the role that the directory says."""
    from xacct.ctl.project import here  # noqa: PLC0415 - of use where no role is named

    if not here.take(args):
        raise CtlError("exec needs a role.", "xacctctl exec ROLE -- COMMAND...", USAGE)


def _in_each(args: Namespace, client: Client) -> int:
    """Run the command in each of several roles, in a process for each."""
    from xacct.ctl.complain import complain  # noqa: PLC0415 - of use to several roles
    from xacct.ctl.exec_each import exec_each  # noqa: PLC0415

    def run(role: str) -> int:
        args.role, args.several, args.parallel = role, None, None
        try:
            return exec_(args, client)
        except CtlError as error:
            complain(error.sentence, error.hint)
            return error.status

    return exec_each(args, client, run)


def _universal(command: str) -> Sequence[str]:
    """Return which profiles of AWS's would win in the command, if that is fish."""
    if command.rpartition("/")[2] != "fish":
        return ()
    from xacct.ctl import universal  # noqa: PLC0415 - of use to one shell

    return universal.profiles(paths.home())


def _say_who_is_left(left: Sequence[tuple[int, str]], args: Namespace) -> None:
    """A launcher (`code .`) ends at once; what it leaves running has just lost its access."""
    if left:
        pid, name = left[0]
        who = f"{clean(name)} (pid {pid})" + f" and {len(left) - 1} more" * (len(left) > 1)
        still = "still run, and their" if len(left) > 1 else "still runs, and its"
        say(f"xacctctl: note: {who} {still} access has ended with {args.command[0]}.")
        say(f"  hint: To let it last: xacctctl exec --detach {args.role} -- {args.command[0]} ...")


def _run(args: Namespace, change: variables.Change, *, bound: bool = False) -> int:
    in_region(change, args.region)
    try:
        environ = variables.settled(change, os.environ).applied(os.environ)
        if bound:
            from xacct.ctl import subreaper  # noqa: PLC0415 - of use to narrowed commands

            return subreaper.run(args.command, environ)
        from xacct.ctl import child  # noqa: PLC0415 - signal is needed only here

        return child.run(args.command, environ)
    finally:
        _write_through(change.set.get(variables.CONFIG))


def _write_through(copy: str | None) -> None:
    """Carry what the command has set in a copy of the config file into the user's: now, whoever else watches it."""
    if copy is None:
        return
    from xacct.copies import store  # noqa: PLC0415 - only where something shadows

    try:
        for _ in range(_TRIES):
            if store.synced(copy.rpartition("/")[0], time.time()):
                return
            time.sleep(_PAUSE)
    except (store.Failed, OSError) as error:
        say(f"xacctctl: note: {error}")


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "role", metavar="ROLE", nargs="?", help="without one, before --: that of the directory's .xacct.toml"
    )
    declare_ways(parser)
    parser.add_argument(
        "--detach",
        action="store_true",
        help="access does not end with the command, but with xacctctl grants revoke: for a command that only starts"
        " another program and ends (code .)",
    )
    parser.add_argument(
        "--parallel",
        type=int,
        metavar="N",
        help="where ROLE is a pattern or a group: in so many roles at a time, each line with its role before it",
    )
    declare_region(parser)
    declare_scope(parser)
    _declare_sandbox(parser)
    parser.usage = (
        "xacctctl exec [ROLE] [--region REGION] [--parallel N] [--detach | --imds | --static [--lifetime DURATION]]"
        " [--read-only | --policy FILE|JSON | --allow ACTION,... [--on ARN...] | --scope NAME] [--regions R,...]"
        " [--ttl DURATION] [--sandbox [--keep PATH] [--write PATH] [--hide PATH] [--keep-env NAME] [--no-network]]"
        " [--] [COMMAND...]"
    )


def _declare_sandbox(parser: ArgumentParser) -> None:
    from xacct.ctl.sandboxed import options  # noqa: PLC0415 - not for plain lines

    options.declare(parser)


VERBS = {
    "exec": Verb(
        "Run a command in a role, without touching this shell. Signals are passed on, and so is"
        " the exit status; when the command ends its access to the endpoint ends with it. Inside"
        " another exec the inner role wins. Without a command it opens a shell. Two dashes are needed only where"
        " options of exec would be taken for the command's. With narrower credentials nothing that the command starts"
        " can ask xacctd for more, and exec stays until nothing of that is left: docs/scopes.md.",
        (
            "xacctctl exec prod -- aws s3 ls",
            "xacctctl exec prod -- terraform plan",
            "xacctctl exec staging                        a shell in it",
            "xacctctl exec --detach dev -- code .",
            "xacctctl exec -- terraform plan              in the role of the directory's .xacct.toml",
            "xacctctl exec prod --read-only --ttl 20m -- ./agent.sh",
            "xacctctl exec prod --allow s3:GetObject --on 'arn:aws:s3:::reports/*' -- python report.py",
            "xacctctl exec prod --read-only --ttl 20m --sandbox -- ./agent.sh",
            "xacctctl exec 'cust-*' --parallel 4 -- aws s3 ls",
        ),
        exec_,
        _declare,
    ),
}
