"""`configure`: a profile for each role in ~/.aws/config, for programs that read nothing else."""
# ruff: noqa: PTH100, PTH113, PTH118, PTH119, PTH120, PTH121 - see paths.py

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from xacct import paths, wire
from xacct.ctl import block, difference, rewrite, shadow, variables
from xacct.ctl.block import Entry
from xacct.ctl.client import Client
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.render import out, say, show
from xacct.ctl.start import alone
from xacct.ctl.verb import Verb

SUFFIX: Final = "-agent"
"""What makes `prod-agent` of `prod` unless something else is asked for: the role's own profile is called `prod`."""

_TRIES: Final = 10


def configure(args: Namespace, client: Client) -> int:
    """Bring the block of profiles up to date, or take it away."""
    if args.remove and (args.all or args.prefix is not None or args.suffix is not None):
        raise CtlError("--remove goes with roles alone.", "xacctctl configure --help", USAGE)
    if args.all and args.roles:
        raise CtlError("--all and names of roles contradict each other.", "", USAGE)
    known = {} if args.remove else _known(client)
    for role in () if args.remove else args.roles:
        if role not in known:
            client.call("GET", wire.EXPLAIN.format(role=quote(role)), wire.ExplainAnswer)  # which says why
    path, others = files()
    if args.dry_run:
        old = rewrite.content(path)
        for line in difference.unified(path, old, _changed(args, old, known, others)):
            show(line)
        return OK
    paths.make_private(paths.runtime_dir())
    with alone(f"{paths.runtime_dir()}/configure.lock"):
        for _ in range(_TRIES):
            old = rewrite.content(path)
            new = _changed(args, old, known, others)
            if old == new:
                show(f"Nothing to change in {path}.")
                return OK
            if rewrite.replace(path, old, new):
                _report(path, old, new)
                return OK
    raise CtlError(f"{path} changes all the time; it was left alone.", "What else writes to it?")


def _known(client: Client) -> dict[str, str | None]:
    """Return the roles there are, and the region of each."""
    answer = client.call("GET", wire.ROLES, wire.RolesAnswer)
    if not answer["roles"]:
        why = answer["problems"][0]["sentence"] if answer["problems"] else "xacctctl roles"
        raise CtlError("There are no roles to make profiles for.", why)
    return {role["name"]: role["region"] for role in answer["roles"]}


def config_file() -> str:
    """Return the path of the AWS config file that the block is in.

    Raises:
        CtlError: it is a copy of ours.
    """
    return files()[0]


def files() -> tuple[str, set[str]]:
    """Return the path of the config file, and the profiles of the credentials file, which count as well."""
    home = paths.home()
    environ = variables.without_ours(os.environ)
    config, credentials = shadow.files(environ, home)
    if variables.is_copy(config):
        raise CtlError(
            "AWS_CONFIG_FILE is xacct's own copy of your file in this shell.",
            "Say it in a shell that xacctctl env or exec has not changed.",
        )
    return config, block.profiles(rewrite.content(credentials)) if os.path.isfile(credentials) else set()


def _changed(args: Namespace, content: bytes, known: Mapping[str, str | None], others: set[str]) -> bytes:
    """Return what the file is to hold."""
    found = block.find(content)
    old = found.entries or []
    if args.remove:
        _demand(
            args.roles,
            [entry.role for entry in old],
            "no profile of the role",
            "xacctctl configure --dry-run shows those there are.",
        )
        left = [entry for entry in old if args.roles and entry.role not in args.roles]
        return block.joined(found, program() if left else "", left)
    _demand(args.roles, known, "no role", "xacctctl roles")
    if not (args.roles or args.all or old):
        raise CtlError("Profiles for which roles?", "Name some, or say --all.", USAGE)
    entries = list(_wanted(args, old, known))
    _refuse_clashes(entries, block.profiles(found.place.outside) | others)
    return block.joined(found, program(), entries)


def _demand(roles: Sequence[str], there: Mapping[str, str | None] | list[str], what: str, hint: str) -> None:
    for role in roles:
        if role not in there:
            raise CtlError(f"There is {what} {role}.", hint)


def _wanted(args: Namespace, old: list[Entry], known: Mapping[str, str | None]) -> Iterator[Entry]:
    """Yield the block's entries: those it has, as they are called, and those that are asked for."""
    names = {entry.role: entry.profile for entry in old}
    chosen = known if args.all else (args.roles or names)
    renamed = args.prefix is not None or args.suffix is not None
    suffix = args.suffix if renamed else SUFFIX
    for role, region in known.items():
        if role not in chosen and role not in names:
            continue
        entry = Entry(f"{args.prefix or ''}{role}{suffix or ''}", role, region)
        if role in names and not (renamed and role in chosen):
            entry = entry._replace(profile=names[role])
        try:
            block.quoted(entry.profile), block.quoted(role)
        except ValueError:
            if role in args.roles:
                raise CtlError(f"AWS tools don't agree on how to read the name {entry.profile!r} in a file.") from None
            say(f"xacctctl: note: {role!r} is left out: AWS tools don't agree on how to read such a name.")
            continue
        yield entry


def _refuse_clashes(entries: Sequence[Entry], others: set[str]) -> None:
    taken = set(others)
    for entry in entries:
        if entry.profile in taken:  # guard: no-profile-of-anothers-is-doubled
            raise CtlError(
                f"There is a profile {entry.profile} already, and it is not from here.",
                "Choose other names: --prefix xacct- makes xacct-ROLE, --suffix=-x makes ROLE-x.",
            )
        taken.add(entry.profile)


def program() -> str:
    """Return how to call xacctctl from a file: by its path, unless the system's own PATH finds it.

    Raises:
        CtlError: AWS tools don't agree on how to read it.
    """
    path = sys.argv[0]
    if os.path.basename(path) != "xacctctl":
        path = os.path.join(os.path.dirname(sys.executable), "xacctctl")
        if not os.path.isfile(path):
            return f"{_quoted(sys.executable)} -m xacct.ctl"
    if "/" not in path:
        import shutil  # noqa: PLC0415 - rare

        path = shutil.which(path) or path
    bare = [f"{directory}/xacctctl" for directory in (os.confstr("CS_PATH") or "").split(":")]
    found = next((one for one in bare if os.path.isfile(one)), None)
    if found is not None and os.path.samefile(found, path):
        return "xacctctl"
    return _quoted(os.path.abspath(path))


def _quoted(path: str) -> str:
    try:
        return block.quoted(path)
    except ValueError:
        raise CtlError(
            f"AWS tools don't agree on how to read the path {path} in a file.",
            "Link xacctctl into /usr/bin, or a directory with a plainer name.",
        ) from None


def _report(path: str, old: bytes, new: bytes) -> None:
    was, now = ({entry.profile for entry in block.find(content).entries or []} for content in (old, new))
    for profile in sorted(was | now):
        mark = "+" if profile not in was else "-" if profile not in now else " "
        show(f"{mark} {profile}")
    out(f"Written to {path}." if now else f"Taken out of {path}.")


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("roles", nargs="*", metavar="ROLE", help="default: those that have a profile already")
    parser.add_argument("--all", action="store_true", help="every role there is")
    parser.add_argument("--prefix", metavar="TEXT", help="call the profiles TEXT and the role")
    parser.add_argument("--suffix", metavar="TEXT", help=f"and end their names in TEXT (default: {SUFFIX})")
    parser.add_argument("--remove", action="store_true", help="take the profiles away, all or those of some roles")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")


VERBS = {
    "configure": Verb(
        "Write a profile for each role into ~/.aws/config (or AWS_CONFIG_FILE), for programs that"
        " read nothing else: prod-agent gives what xacctctl process prod does. They stand in a block"
        " of their own; the rest of the file stays as it is, to the byte. Without a role the block"
        " is brought up to date: roles that are gone go, regions are read again.",
        (
            "xacctctl configure prod staging       profiles prod-agent and staging-agent",
            "xacctctl configure --all --dry-run    what it would come to",
            "xacctctl configure --all --prefix x/  profiles x/prod, x/staging, ...",
            "xacctctl configure --remove           as if nothing had been",
        ),
        configure,
        _declare,
    ),
}
