"""What a sandbox sees of the file system, as bubblewrap's mounts: pure but for looks at the disk.

A hidden path is not covered where that can be helped: a mount on top of a file is gone as soon as somebody outside puts
another file in its place (an editor, `aws configure`). Its directory is built anew instead, empty but for its other
entries, each bound by itself. Mounts are ordered by their paths, so that the deeper one always has the word.
"""
# ruff: noqa: PTH112, PTH113, PTH114, PTH115, PTH116, PTH120, PTH208 - see paths.py

from __future__ import annotations

import os
import stat

from xacct.ctl.failure import USAGE, CtlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Final

    from xacct.ctl.sandboxed.places import Places

NOTHING: Final = "@nothing"
"""Stands for a descriptor that has nothing in it: what a covered file holds then."""

_MOST: Final = 1500
"""Entries of a directory that are bound one by one, and sockets that are covered: 0.2 s for 300 of them."""

_SHOWN: Final = ("/run/current-system", "/run/wrappers", "/run/opengl-driver")
"""NixOS has its programs here."""

_SYSTEM: Final = 2
"""Directories no deeper than this (/etc, /srv) are the system's: what is hidden in them is covered."""

_REBUILT, _EMPTIED, _BOUND, _WRITTEN, _COVERED = range(5)
"""Of two mounts at the same path, the order."""


class Wanted:
    """What somebody asked for, as absolute paths without symbolic links.

    Attributes:
        directory: the working directory, which can be written.
        write: what can be written besides.
        keep: what is in view though it would be hidden.
        bound: files that are needed: (where it is, where it is in view).
        sockets: Unix sockets that there are.
    """

    def __init__(
        self,
        directory: str,
        write: Iterable[str] = (),
        keep: Iterable[str] = (),
        bound: Iterable[tuple[str, str]] = (),
        sockets: Iterable[str] = (),
    ) -> None:
        self.directory = directory
        self.write = tuple(write)
        self.keep = tuple(keep)
        self.bound = tuple(bound)
        self.sockets = tuple(sockets)


class Mount:
    """One mount: where, its rank among those there, and bubblewrap's words for it."""

    def __init__(self, path: str, rank: int, *words: str) -> None:
        self.key = (path.split("/"), rank)
        self.words = words


def words(places: Places, wanted: Wanted) -> list[str]:
    """Return bubblewrap's arguments for the file system; in them `NOTHING` for each covered file's descriptor.

    Raises:
        CtlError: what is asked for would show what is hidden, or let it be written.
    """
    demand_boundary(places, wanted)
    hidden = _left(places, wanted)
    rebuilt, covered = _rebuilt(places, hidden, wanted)
    mounts = [
        *(mount for each in rebuilt for mount in _built_anew(each, rebuilt, hidden | places.empty)),
        *(_emptied(each) for each in places.empty if os.path.isdir(each)),
        *(Mount(each, _BOUND, "--ro-bind-try", each, each) for each in (*_SHOWN, *_resolver())),
        *(Mount(each, _BOUND, "--ro-bind", each, each) for each in wanted.keep),
        *(Mount(seen, _BOUND, "--ro-bind", source, seen) for source, seen in wanted.bound),
        *(mount for each in (wanted.directory, *wanted.write) for mount in _written(each, wanted.write)),
        *(_covered(each) for each in sorted({*covered, *_in_view(places, hidden, wanted)}) if os.path.lexists(each)),
    ]
    mounts.sort(key=lambda mount: mount.key)  # guard: deeper-mount-of-sandbox-has-the-word
    said = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]  # guard: sandbox-file-system-is-read-only
    said += [word for mount in mounts for word in mount.words]
    # /proc/sys and the like are root's by its number alone, whatever powers it has lost
    for each in (*rebuilt, "/proc"):  # guard: root-sets-nothing-of-the-kernels
        said += ["--remount-ro", each]
    return said


def demand_boundary(places: Places, wanted: Wanted) -> None:
    """Refuse what would undo the boundary.

    Raises:
        CtlError: with the path that does.
    """
    left = _left(places, wanted)
    for path in (wanted.directory, *wanted.write):
        found = next((each for each in sorted(left | places.empty) if is_in(each, path)), None)
        found = found or next((each for each in sorted(places.never) if is_in(path, each)), None)
        if found is None and path == wanted.directory:
            found = next((each for each in sorted(left) if is_in(path, each)), None)
        if found:  # guard: sandbox-writes-around-nothing-hidden
            what = "The working directory" if path == wanted.directory else path
            raise CtlError(
                f"{what} would be writable, and {found}, which a sandbox hides, lies there.",
                "Begin in a directory of a project's own, and name no more with --write than that."
                if path != found
                else f"--keep {found} shows it, where that is meant.",
                USAGE,
            )
        if path == "/" or any(is_in(path, each) for each in ("/proc", "/dev", "/sys")):
            raise CtlError(f"{path} can't be written in a sandbox.", "Begin in a directory of a project's own.", USAGE)
    for path in wanted.keep:
        found = next((each for each in sorted(places.never) if is_in(path, each) or is_in(each, path)), None)
        found = found or next((each for each in sorted(left | places.empty) if is_in(each, path)), None)
        if found:  # guard: sandbox-keeps-nothing-around-hidden
            raise CtlError(
                f"--keep {path} would show {found}, which stays hidden in every sandbox."
                if found in places.never
                else f"--keep {path} would show {found} as well.",
                "Name what is wanted itself.",
                USAGE,
            )
    for path in sorted(places.never):  # guard: hidden-file-has-no-other-name
        if os.path.isfile(path) and os.stat(path).st_nlink > 1:
            raise CtlError(
                f"{path} has another name (a hard link), by which it could be read in a sandbox.",
                "Make it a file of its own: cp FILE FILE.new && mv FILE.new FILE",
            )


def is_in(path: str, directory: str) -> bool:
    """Say whether a path is a directory or lies in it."""
    return f"{path}/".startswith(f"{directory.rstrip('/')}/")


def _left(places: Places, wanted: Wanted) -> frozenset[str]:
    """Return what is hidden still: not the others that are brought back as a whole."""
    back = {*wanted.keep, *wanted.write}
    return places.hidden - (places.others & back)


def _is_gone(path: str, out: Collection[str], wanted: Wanted) -> bool:
    """Say whether a path lies in a directory that is not there, and not in one below that is there all the same."""
    gone = max((len(each) for each in out if each != path and is_in(path, each)), default=-1)
    return gone > max((len(seen) for _, seen in wanted.bound if is_in(path, seen)), default=-1)


def _rebuilt(places: Places, hidden: frozenset[str], wanted: Wanted) -> tuple[list[str], list[str]]:
    """Return the directories that are built anew without what is hidden in them, and what has to be covered."""
    rebuilt, covered = set(), []
    for path in hidden:
        if _is_gone(path, hidden | places.empty, wanted):  # guard: hidden-in-what-the-sandbox-needs-is-hidden
            continue
        above = os.path.dirname(path)
        if home := next((each for each in places.homes if is_in(above, each)), None):
            while is_in(above, home):
                rebuilt.add(above)
                above = os.path.dirname(above)
        elif len(above.split("/")) > _SYSTEM and os.access(above, os.W_OK):
            rebuilt.add(above)
        else:
            covered.append(path)
    return sorted(filter(os.path.isdir, rebuilt)), covered


def _built_anew(directory: str, rebuilt: Collection[str], without: Collection[str]) -> Iterator[Mount]:
    """Return the mounts of a directory that is empty but for its entries, without some."""
    mode = stat.S_IMODE(os.stat(directory).st_mode)
    yield Mount(directory, _REBUILT, "--perms", f"{mode:04o}", "--tmpfs", directory)
    names = os.listdir(directory)
    if len(names) > _MOST:
        raise CtlError(
            f"{directory} has {len(names)} entries: too many to leave out those that a sandbox hides.",
            "Put what is hidden there, such as AWS's files, into a directory of its own.",
        )
    for name in names:
        path = f"{directory.rstrip('/')}/{name}"
        if path in without or path in rebuilt:  # guard: hidden-entry-of-sandbox-is-left-out
            continue
        if os.path.islink(path):
            yield Mount(path, _BOUND, "--symlink", os.readlink(path), path)
        else:
            yield Mount(path, _BOUND, "--ro-bind-try", path, path)


def _emptied(path: str) -> Mount:
    shared = stat.S_IMODE(os.stat(path).st_mode) & stat.S_ISVTX
    return Mount(path, _EMPTIED, "--perms", "1777" if shared else "0700", "--tmpfs", path)


def _written(path: str, write: Collection[str]) -> Iterator[Mount]:
    """Return the mounts of what can be written; a repository's own files can't be, for git runs what they say."""
    yield Mount(path, _WRITTEN, "--bind", path, path)
    git = f"{path}/.git"
    real = os.path.lexists(git) and not os.path.islink(git)
    if real and git not in write:  # guard: repository-runs-nothing-of-sandbox
        yield Mount(git, _BOUND, "--ro-bind", git, git)


def _covered(path: str) -> Mount:
    if os.path.isdir(path):
        return Mount(path, _COVERED, "--perms", "0700", "--tmpfs", path)
    return Mount(path, _COVERED, "--ro-bind-data", NOTHING, path)


def _in_view(places: Places, hidden: frozenset[str], wanted: Wanted) -> list[str]:
    """Return the Unix sockets that would be in view: a read-only mount keeps nobody from connecting."""
    seen = {
        each
        for each in wanted.sockets
        if each not in wanted.keep and each not in hidden and not _is_gone(each, hidden | places.empty, wanted)
    }
    inside = {each for each in wanted.sockets if any(is_in(each, path) for path in (wanted.directory, *wanted.write))}
    found = sorted((seen | inside) - set(wanted.keep))  # guard: sockets-of-others-are-covered
    if len(found) > _MOST:
        raise CtlError(f"There are {len(found)} Unix sockets, too many to hide them all.")
    return found


def _resolver() -> Iterator[str]:
    """Return what says how names are looked up, where that lies in /run."""
    found = os.path.realpath("/etc/resolv.conf")
    if is_in(found, "/run"):
        yield found
