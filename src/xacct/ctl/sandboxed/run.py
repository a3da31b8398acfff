"""`exec --sandbox`: one command behind a boundary. What it sees, its environment, its way to the endpoint, its end."""
# ruff: noqa: PTH100, PTH109, PTH111, PTH118, PTH120, PTH123 - see paths.py

from __future__ import annotations

import os
import sys

from xacct import paths, wire
from xacct.ctl import child, shadow, variables
from xacct.ctl import signals as signal
from xacct.ctl.env import in_region
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.notes import note
from xacct.ctl.sandboxed import bubblewrap, environment, inside, kernel, kernel_calls, places, seccomp, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator
    from typing import Final

    from xacct.ctl.client import Client

_SOCKET: Final = "/run/xacct-endpoint.sock"
"""Where the way to the endpoint is inside, if the network is cut."""

_ATTEMPTS: Final = 4

_INSIDE: Final = (
    "import os, sys; sys.path.insert(0, sys.argv.pop(1)); from xacct.ctl.sandboxed.inside import main;"
    " os._exit(main(sys.argv[1:]))"
)


class Sandbox:
    """What a command line asks for, looked at before anything is asked of a human or of xacctd.

    Args:
        args: the command line.

    Raises:
        CtlError: there can't be such a sandbox, or it would have a hole.
    """

    def __init__(self, args: Namespace) -> None:
        if sys.platform != "linux":
            raise CtlError("--sandbox is for Linux; nothing was run.", "Without it: xacctctl exec ROLE -- COMMAND...")
        self._args = args
        self._machine = os.uname().machine
        self._scoped = not args.no_network and kernel_calls.has_scope()
        filtered = seccomp.known(self._machine)
        if not (filtered or args.no_network or self._scoped):
            raise CtlError(
                "This kernel lets a sandbox that shares the network reach sockets of other programs; nothing was run.",
                "--no-network, or Linux 6.12 with Landlock",
            )
        self._manner = bubblewrap.Manner(network=not args.no_network, session=not filtered)
        here = os.path.realpath(_directory())
        write, keep = ([_typed(path, here) for path in paths_ or ()] for paths_ in (args.write, args.keep))
        self._wanted = view.Wanted(here, write, keep)
        self._places = _with_aliases(places.of(os.environ, args.hide or ()))
        view.demand_boundary(self._places, self._wanted)
        for name in args.keep_env or ():
            environment.demand_foreign(name, os.environ)
        writable = (self._wanted.directory, *self._wanted.write)
        self._program = bubblewrap.find(os.environ.get("PATH", ""), writable)
        bubblewrap.demand_allowed(self._program, self._manner)

    def demand_alone(self, client: Client) -> None:
        """See that nothing gives credentials to whoever asks, where the command could.

        Raises:
            CtlError: xacctd has IMDS ports.
        """
        if not self._manner.network:
            return
        ports = client.call("GET", wire.STATUS, wire.StatusAnswer).get("imds", [])
        if ports:  # guard: sandbox-reaches-no-imds-port
            raise CtlError(
                f"xacctd has an IMDS port for {ports[0]['role']}, which gives that role to every program of yours:"
                " a sandbox that shares the network would reach it. Nothing was run.",
                "--no-network, or take [imds] out of config.toml and xacctctl restart",
            )

    def run(self, grant: wire.GrantAnswer) -> int:
        """Run the command, and return its status as `child.run` does."""
        args = self._args
        environ = dict(os.environ)
        change = variables.endpoint(args.role, grant, environ)
        if "AWS_REGION" not in change.set and (region := shadow.region(environ, paths.home())):
            change.set.update(variables.region_of(region, environ))
        in_region(change, args.region)
        cleaned, left_out = environment.cleaned(environ, change, args.keep_env or ())
        if left_out:
            note(f"Not in the sandbox, as they look like secrets: {', '.join(left_out)}. To have one: --keep-env NAME")
        if self._manner.network:
            return self._begin(cleaned, grant, None)
        from xacct.ctl.sandboxed import outside  # noqa: PLC0415 - where the network is cut

        with outside.way_to(grant["urls"][args.role]) as way:
            return self._begin(cleaned, grant, way)

    def _begin(self, environ: dict[str, str], grant: wire.GrantAnswer, way: tuple[int, str] | None) -> int:
        """Run the command. A socket or file may go between the look at it and its mount: then once more."""
        signals_before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        for _ in range(_ATTEMPTS):
            status, has_begun = self._attempt(environ, grant, way)
            if has_begun:
                return status
            signal.pthread_sigmask(signal.SIG_SETMASK, signals_before)
        raise CtlError("bubblewrap did not make the sandbox, as it says above; nothing was run.")

    def _attempt(
        self, environ: dict[str, str], grant: wire.GrantAnswer, way: tuple[int, str] | None
    ) -> tuple[int, bool]:
        """Return the status, and whether the sandbox's first process has begun."""
        port, socket = way or (0, "")
        bound = [
            (grant["token_file"], grant["token_file"]),
            *_own(self._places),
            *([(socket, _SOCKET)] if socket else []),
        ]
        seen, sockets = self._wanted, kernel.sockets(_read("/proc/net/unix"))
        wanted = view.Wanted(seen.directory, seen.write, seen.keep, bound, sockets)
        (told, telling), (begun, beginning) = os.pipe(), os.pipe()
        open_here = [telling, beginning]
        try:
            words = list(_with_descriptors(view.words(self._places, wanted), open_here))
            descriptors = {"--seccomp": self._filter(open_here), "--info-fd": telling}
            for each in open_here:
                os.set_inheritable(each, True)
            words = [*words, "--chdir", wanted.directory]
            status = child.run(
                [
                    *bubblewrap.argv(self._program, self._manner, words, descriptors),
                    *(sys.executable, "-I", "-S", "-c", _INSIDE, _root(), str(beginning)),
                    *(inside.SCOPED if self._scoped else "-", inside.RELAYED if socket else "-", str(port), _SOCKET),
                    *self._args.command,
                ],
                environ,
                blocked=frozenset(inside.PASSED_ON),
                target=lambda pid: _first_inside(told, open_here) or pid,
            )
            return status, os.read(begun, 1) != b""
        finally:
            for each in (told, begun, *open_here):
                os.close(each)

    def _filter(self, open_here: list[int]) -> int | None:
        """Return a descriptor from which bubblewrap reads the filter; None without one."""
        if not seccomp.known(self._machine):
            return None
        families = [seccomp.AF_VSOCK]
        if self._manner.network and not self._scoped:
            families.append(seccomp.AF_UNIX)  # guard: without-landlock-no-unix-sockets
        read, write = os.pipe()
        open_here.append(read)
        os.write(write, seccomp.program(self._machine, families))
        os.close(write)
        return read


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        raise CtlError("The working directory is gone.", "cd to one that is there") from None


def _typed(path: str, here: str) -> str:
    """Return a path that was typed, as `places.there` does; no link that an earlier command has left leads elsewhere.

    Raises:
        CtlError: it is not there, or lies in the working directory and leads out of it.
    """
    found, said = places.there(path), os.path.normpath(os.path.join(here, os.path.expanduser(path)))
    if view.is_in(said, here) and not view.is_in(found, here):  # guard: planted-link-widens-no-sandbox
        raise CtlError(f"{path} leads to {found}, by a symbolic link.", "If that is meant, name it itself.", USAGE)
    return found


def _with_aliases(found: places.Places) -> places.Places:
    """Add the other paths by which mounts show what is hidden."""
    mounts = _read("/proc/self/mountinfo")
    here = [path for path in found.hidden if os.path.lexists(path)]
    again = {path: kernel.aliases([path], mounts) for path in here}
    own = {alias for path in found.never & again.keys() for alias in again[path]}
    rest = {alias for path in found.others & again.keys() for alias in again[path]}
    # guard: hidden-by-every-mount
    return places.Places(found.homes, found.never | own, found.others | rest, found.empty)


def _own(found: places.Places) -> Iterator[tuple[str, str]]:
    """Return what the first process needs to be in view, where that would be hidden: Python, and this package."""
    for path in (sys.base_prefix, sys.prefix, os.path.realpath(sys.executable), f"{_root()}/xacct"):
        if any(view.is_in(os.path.realpath(path), each) for each in (*found.empty, *found.others)):
            yield path, path


def _root() -> str:
    """Return the directory that has this package."""
    return os.path.dirname(os.path.dirname(os.path.abspath(paths.__file__)))


def _with_descriptors(words: list[str], open_here: list[int]) -> Iterator[str]:
    for word in words:
        if word != view.NOTHING:
            yield word
            continue
        open_here.append(os.open(os.devnull, os.O_RDONLY))
        yield str(open_here[-1])


def _first_inside(told: int, open_here: list[int]) -> int | None:
    """Return the first process of the sandbox, by its number outside; None where bubblewrap has ended before it."""
    import json  # noqa: PLC0415 - late: argparse's lines do without

    while open_here:
        os.close(open_here.pop())
    said = b""
    while piece := os.read(told, 4096):
        said += piece
    try:
        return int(json.loads(said)["child-pid"])
    except (ValueError, KeyError, TypeError):
        return None


def _read(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as opened:
            return opened.read()
    except OSError:
        return ""
