"""`env`: the variables that put a shell into a role. stdout carries nothing else."""

from __future__ import annotations

import os
import sys

from xacct import paths, wire
from xacct.ctl import shadow, shells, signals, terminal, variables
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.granting import ensure, mint, revoke
from xacct.ctl.hold import credentials
from xacct.ctl.parent import calling_shell
from xacct.ctl.verb import Verb, narrows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any, Final

    from xacct.ctl.client import Client

_LARGEST_PID: Final = 2**31 - 1


def env(args: Namespace, client: Client) -> int:
    """Print the change of environment in the shell's language."""
    end_at_signals()
    if args.role is None:
        _choose(args, client)
    universal = _universal(args)
    demand_grant(args)
    if args.static:
        keys = credentials(client, args.role, lifetime(args))
        change = variables.static(args.role, keys, os.environ)
    elif args.imds:
        if args.pid is not None:
            raise CtlError("--pid goes with a grant, which --imds has not.", "Leave out one of the two.", USAGE)
        change = metadata(client, args, os.environ)
    else:
        lifetime(args)
        more = narrowed(args)
        ensure(client, args.role)
        pid = calling_shell() if args.pid is None else args.pid
        grant = mint(client, args.role, _label(pid), pid, **more)
        # The empty name: fish can't but export it, and most SDKs take it for none
        change = reaching(args.role, grant, os.environ, "" if universal else None, universal)
    if not args.static and (file := shadow.taken_by_polars(paths.home())):
        _note(f"polars takes the first keys in {file}, whatever this shell is in. {shadow.FOR_POLARS}")
    in_region(change, args.region)
    # A shell of its directory's role is put into that by the hook, narrowed no more, when it comes back: it is none.
    if (project := getattr(args, "project", None)) and not narrows(args):  # guard: narrowed-shell-is-not-its-directorys
        change.set[variables.PROJECT] = project
    emit(shells.FORMATS[args.format](variables.settled(change, os.environ)))
    end_former(client, args.pid)
    return OK


def _choose(args: Namespace, client: Client) -> None:
    """Put in the role that the directory says, or else the one that somebody at the terminal picks."""
    from xacct.ctl.project import here  # noqa: PLC0415 - of use where no role is named

    if not here.take(args):
        args.role = _picked(client)


def _picked(client: Client) -> str:
    """Return the role that somebody at the terminal picks."""
    from xacct.ctl.picker.pick import pick  # noqa: PLC0415 - of use where somebody is asked

    names = pick(client, "Use", single=True)
    if names is None:
        raise CtlError("env needs a role.", "xacctctl env ROLE", USAGE)
    if not names:
        raise CtlError("Nothing was picked.", "xacctctl env ROLE")
    return names[0]


def in_region(change: variables.Change, region: str | None) -> None:
    """Put a region that was asked for into a change."""
    if region is None:
        return
    if not region or not all(char.isascii() and (char.isalnum() or char == "-") for char in region):
        raise CtlError(f"{region!r} is no region.", "--region eu-west-1", USAGE)
    change.set.update(variables.region_of(region, os.environ))


def _universal(args: Namespace) -> Sequence[str]:
    """Return which profiles of AWS's fish exports everywhere; they can be covered by the endpoint's alone."""
    if args.format != "fish":
        return ()
    from xacct.ctl import universal  # noqa: PLC0415 - of use to one shell

    found = universal.profiles(paths.home())
    if found and (args.static or args.imds):
        raise universal.winning(found[0])
    return found


def end_former(client: Client, asked_pid: int | None) -> None:
    """Revoke the grant that an earlier `env` made for this very shell: its variables have just been replaced.

    One that is bound to another process (an exec around this shell) or to none may have other users.
    """
    former = os.environ.get(variables.CONTAINER[1], "").rpartition("/")[2]
    if not former or (sys.stdout is not None and sys.stdout.isatty()):
        return  # at a terminal somebody looks, and the shell stays as it is
    pid = calling_shell() if asked_pid is None else asked_pid
    if not pid:
        return
    try:
        grants = client.call("GET", wire.GRANTS, wire.GrantsAnswer)["grants"]
        if any(grant["id"] == former and grant["pid"] == pid for grant in grants):
            revoke(client, former)
    except CtlError:
        pass


def emit_failure(argv: Sequence[str]) -> None:
    """Print what makes the line of the shell that reads us fail, and puts that shell into no role.

    Where nobody reads (stdout is a terminal, or is gone) nothing is printed. `argv` may be wrong in any way.
    """
    if sys.stdout is None or sys.stdout.isatty():
        return
    try:
        emit(shells.FAILURES[_format(argv)](variables.nobody(os.environ)))
    except OSError:
        pass


def _format(argv: Sequence[str]) -> str:
    """Return the format that `argv` asks for, sh where it asks for none there is."""
    chosen = "sh"
    for word, following in zip(argv, [*argv[1:], ""], strict=True):
        option, equals, value = word.partition("=")
        if option == "--format":
            chosen = value if equals else following
    return chosen if chosen in shells.FAILURES else "sh"


def end_at_signals() -> None:
    """End as a signal wants, but not before what has been begun is told of, or taken back."""
    for number in (signals.SIGTERM, signals.SIGHUP):
        signals.signal(number, lambda number, _frame: sys.exit(128 + number))


def lifetime(args: Namespace) -> int | None:
    """Return the seconds `--lifetime` asks for, None without it; needs `--static`."""
    if args.lifetime is None:
        return None
    if not args.static:
        raise CtlError(
            "--lifetime goes with --static.",
            "Without --static the endpoint renews credentials for as long as you need them.",
            USAGE,
        )
    from xacct.ctl import when  # noqa: PLC0415 - rare

    return when.seconds(args.lifetime, when.ROLE)


def narrowed(args: Namespace) -> dict[str, Any]:
    """Return what `mint` is given besides, by the options that narrow the credentials."""
    if not narrows(args):
        return {}
    from xacct.ctl import scope_options  # noqa: PLC0415 - of use to such grants alone

    return scope_options.asked(args)


def demand_grant(args: Namespace) -> None:
    """Refuse to narrow what goes by no grant."""
    if narrows(args) and (args.static or args.imds):  # guard: what-goes-by-no-grant-cannot-be-narrowed
        raise CtlError(
            "Narrower credentials go by a grant, which --static and --imds have not.",
            "Leave out one of the two.",
            USAGE,
        )


def reaching(
    role: str,
    grant: wire.GrantAnswer,
    environ: Mapping[str, str],
    profile: str | None = None,
    covering: Collection[str] = (),
) -> variables.Change:
    """Return the change that makes the endpoint win, over [default]'s keys, too.

    Args:
        role: the role's name.
        grant: what the endpoint is asked with.
        environ: the environment to be changed.
        profile: as shadow's `always`.
        covering: variables of a profile that are set to it, too.
    """
    environ = dict(environ)  # os.environ decodes each of its words whenever it is read, and it is read again and again
    change = _winning(variables.endpoint(role, grant, environ), environ, grant["id"], profile)
    return variables.covered(change, covering)


def metadata(client: Client, args: Namespace, environ: Mapping[str, str]) -> variables.Change:
    """Return the change that makes the role's IMDS port win, once the role is held."""
    lifetime(args)
    ports = client.call("GET", wire.STATUS, wire.StatusAnswer).get("imds", [])
    port = next((port for port in ports if port["role"] == args.role), None)
    if port is None:
        raise CtlError(
            f"{args.role} has no IMDS port.",
            f'Give it one in config.toml: [imds] roles = {{ 9478 = "{args.role}" }}, then xacctctl restart. '
            "xacctctl status shows the ports there are.",
        )
    ensure(client, args.role)
    return _winning(variables.imds(port, environ), environ, f"pid-{calling_shell()}")


def _winning(
    change: variables.Change, environ: Mapping[str, str], user: str, profile: str | None = None
) -> variables.Change:
    """Keep what would win over the change from programs without a profile."""
    lifted = shadow.lifted(environ, paths.home(), paths.runtime_dir(), user, profile)
    for remark in lifted.notes:
        _note(remark)
    change.set.update(lifted.set)
    if "AWS_REGION" not in change.set and (region := shadow.region(environ, paths.home())):
        change.set.update(variables.region_of(region, environ))
    return change


def _note(text: str) -> None:
    from xacct.ctl.notes import note  # noqa: PLC0415 - seldom needed

    note(text)


def _label(pid: int) -> str:
    tty = terminal.name()
    return f"shell {pid} {tty}" if tty else f"shell {pid}"


def emit(text: str) -> None:
    """Write bytes: NO_PROXY may hold any, and a shell wants them back as they were."""
    if sys.stdout is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(text))
        sys.stdout.flush()


def declare_ways(parser: ArgumentParser) -> None:
    """Declare the options for other protocols than the endpoint's."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--imds",
        action="store_true",
        help="by way of the role's IMDS port: for programs that know only EC2's metadata. Set it up"
        " under [imds] in config.toml; there is no grant, every program of yours can have the role",
    )
    ways.add_argument(
        "--static",
        action="store_true",
        help="the credentials themselves instead of the endpoint: for programs that know nothing"
        " else. They are not renewed",
    )
    parser.add_argument(
        "--lifetime",
        metavar="DURATION",
        help="with --static: good for at least this long (4h); more than an hour may cost a code",
    )


def declare_region(parser: ArgumentParser) -> None:
    """Declare the option for another region than the role's."""
    parser.add_argument("--region", metavar="REGION", help="this region instead of the role's own or the shell's")


def declare_scope(parser: ArgumentParser) -> None:
    """Declare the options that narrow the credentials."""
    from xacct.ctl import scope_options  # noqa: PLC0415 - not for plain lines

    scope_options.declare(parser)


def _pid(word: str) -> int:
    """Return a process id, or 0 for none."""
    from argparse import ArgumentTypeError  # noqa: PLC0415 - who asks for it has it

    if not (word.isascii() and word.isdigit() and int(word) <= _LARGEST_PID):
        raise ArgumentTypeError(f"{word!r} is no process: a number of ps, or 0 for none")
    return int(word)


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "role",
        metavar="ROLE",
        nargs="?",
        help="without one: that of the directory's .xacct.toml; else, at a terminal: pick it",
    )
    parser.add_argument(
        "--format",
        choices=list(shells.FORMATS),
        default="sh",
        help="the language of the exports (default: sh, also for bash and zsh)",
    )
    parser.add_argument(
        "--pid",
        type=_pid,
        help="the process whose end ends access (default: the calling shell; 0: none, for direnv)",
    )
    declare_ways(parser)
    declare_region(parser)
    declare_scope(parser)


VERBS = {
    "env": Verb(
        "Print the variables that put this shell into a role: its programs fetch credentials"
        " from xacctd, for as long as the shell lives, and never see a stale one. Variables and"
        " [default] keys that would win over it are taken out of the way. Asks for a code if one"
        " is needed. If it fails, the line that reads it fails as well, and the shell is in no role.",
        (
            'eval "$(xacctctl env prod)"',
            "xacctctl env prod --format fish | source",
            'eval "$(xacctctl env prod --region us-east-1)"',
            "xacctctl env prod --format powershell | Out-String | Invoke-Expression",
            'eval "$(xacctctl env prod --read-only)"',
            'eval "$(xacctctl env --imds prod)"',
            "xacctctl env prod --static --format dotenv > .env",
        ),
        env,
        _declare,
    ),
}
