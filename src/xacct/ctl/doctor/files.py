"""Our directories and files, and AWS's: there, ours, private, readable."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xacct import tomlfile
from xacct.ctl.doctor.finding import Finding, Name, broken, count, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene

OTHERS: Final = 0o077
WRITABLE: Final = 0o022


def check(scene: Scene) -> Iterator[Finding]:
    """Examine the places."""
    yield _runtime_variable(scene)
    yield _directory("runtime-dir", scene.runtime)
    yield _socket(scene)
    yield _directory("grants-dir", scene.runtime / "grants")
    yield from _tokens(scene.runtime / "grants")
    yield _directory("state-dir", scene.state)
    yield _settings_file(scene.settings)
    yield from _settings(scene)
    yield from _aws_files(scene)


def stranger(path: Path) -> Path | None:
    """Return a part of `path` that belongs neither to us nor to root: its owner could move all that is below it."""
    real = Path(os.path.realpath(path))  # unlike resolve, bears a link to itself
    for part in (path, *path.parents, real, *real.parents):
        try:
            owner = part.lstat().st_uid
        except OSError:
            continue
        if owner not in (0, os.geteuid()):
            return part
    return None


def _runtime_variable(scene: Scene) -> Finding:
    name: Final = "runtime-variable"
    value = scene.environ.get("XDG_RUNTIME_DIR", "")
    if scene.platform == "darwin":
        return ok(name, f"{scene.runtime} is used.")
    if not value:
        if str(scene.runtime).startswith("/run/user/"):
            return ok(name, f"XDG_RUNTIME_DIR is not set; {scene.runtime} is used, as it would be with it.")
        return warning(
            name,
            f"XDG_RUNTIME_DIR is not set; {scene.runtime} is used, which outlives a logout.",
            "export XDG_RUNTIME_DIR=/run/user/$(id -u), in a session that has one (pam_systemd makes it)",
        )
    if not value.startswith("/"):
        return warning(
            name, f"XDG_RUNTIME_DIR is {value!r}: a relative path, which is ignored.", "unset XDG_RUNTIME_DIR"
        )
    if not Path(value).is_dir():
        return warning(name, f"XDG_RUNTIME_DIR is {value}, which is no directory.", "unset XDG_RUNTIME_DIR")
    return ok(name, f"XDG_RUNTIME_DIR is {value}.")


def _directory(name: Name, path: Path) -> Finding:
    if (theirs := stranger(path)) is not None:
        return broken(name, f"{theirs} belongs to somebody else.", "Set XDG_RUNTIME_DIR and XDG_STATE_HOME to your own")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ok(name, f"{path} is not there yet; xacctd makes it.")
    except OSError as error:
        return broken(name, f"{path} can't be used ({error.strerror}).", f"ls -ld {path}")
    if not stat.S_ISDIR(mode):
        return broken(name, f"{path} is no directory.", f"rm {path}")
    if mode & OTHERS:
        return broken(name, f"{path} is open to others ({stat.S_IMODE(mode):04o}).", f"chmod 700 {path}")
    return ok(name, f"{path} is ours and private.")


def _socket(scene: Scene) -> Finding:
    name: Final = "control-socket"
    path = scene.socket
    try:
        status = path.lstat()
    except FileNotFoundError:
        return ok(name, f"{path} is not there; xacctd makes it.")
    except OSError as error:
        return broken(name, f"{path} can't be looked at ({error.strerror}).", f"ls -l {path}")
    if not stat.S_ISSOCK(status.st_mode):
        return broken(name, f"{path} is no socket, and in the way of one.", f"rm {path}")
    if status.st_uid != os.geteuid():
        return broken(name, f"{path} belongs to somebody else.", "Look at XACCT_SOCKET and XDG_RUNTIME_DIR")
    if status.st_mode & OTHERS:
        return broken(name, f"{path} is open to others ({stat.S_IMODE(status.st_mode):04o}).", f"chmod 600 {path}")
    left = "" if scene.daemon.version else " Nobody listens there; the next xacctd replaces it."
    return ok(name, f"{path} is ours and private.{left}")


def _tokens(directory: Path) -> Iterator[Finding]:
    try:
        files = [(file, file.lstat()) for file in directory.iterdir()]
    except OSError:
        return
    for file, status in files:
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            yield broken("grants-dir", f"{file} is no token file of ours.", f"rm {file}")
        elif status.st_mode & OTHERS:
            yield broken("grants-dir", f"{file} can be read by others: it is a token.", f"chmod 600 {file}")


def _settings_file(path: Path) -> Finding:
    name: Final = "settings-file"
    try:
        status = path.stat()
        tomlfile.read(str(path))
    except FileNotFoundError:
        return ok(name, f"There is no {path}, and none is needed.")
    except OSError as error:
        return broken(name, f"{path} can't be read ({error.strerror}).", f"ls -l {path}")
    except tomlfile.TomlError as error:  # it quotes nothing
        return broken(name, f"{path} {error.why}.", "See docs/settings.md")  # guard: doctor-quotes-no-settings
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & WRITABLE:
        return warning(name, f"{path} can be changed by others.", f"chmod go-w {path}")
    return ok(name, f"{path} can be read.")


def _settings(scene: Scene) -> Iterator[Finding]:
    roles = scene.daemon.roles
    if roles is None:
        yield skipped("settings", "What the settings and profiles mean, xacctd would say; it does not.")
        return
    for problem in roles["problems"]:
        # What is of no profile, but a disk's: it breaks what all roles need.
        finding = broken if problem.get("category") == "temporary" else warning
        yield finding("settings", problem["sentence"], problem["hint"] or "xacctctl roles")
    if not roles["problems"]:
        yield ok("settings", f"All settings and profiles make sense ({count(len(roles['roles']), 'role')}).")


def _aws_files(scene: Scene) -> Iterator[Finding]:
    files = scene.files
    for problem in files.problems:
        yield broken("aws-files", f"{problem}.", "Mend it: no AWS tool takes it either")
    if files.problems:
        return
    if not files.profiles:
        yield warning("aws-files", f"{files.config} has no profiles: there are no roles to hold.", "aws configure")
        return
    yield ok("aws-files", f"{files.config} and {files.credentials} have {count(len(files.profiles), 'profile')}.")
    known = scene.daemon.status.get("catalogues", []) if scene.daemon.status is not None else []
    meant = next((catalogue for catalogue in known if catalogue["meant"]), None)
    own = next((catalogue for catalogue in known if catalogue["own"]), None)
    if meant is not None and own is not None and not meant["own"]:
        theirs = f"{own['config']} and {own['credentials']}, with HOME {own['home']}"
        yield ok("aws-files", f"xacctd was started with other files ({theirs}); here it serves roles of this shell's.")
