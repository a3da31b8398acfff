"""Our directories and files, and AWS's: there, ours, private, readable."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xacct import tomlfile
from xacct.ctl.doctor.finding import OTHERS, WRITABLE, Checks, Finding, broken, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.render import count


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
    value = scene.environ.get("XDG_RUNTIME_DIR", "")
    if scene.platform == "darwin":
        return ok(f"{scene.runtime} is used.")
    if not value:
        if str(scene.runtime).startswith("/run/user/"):
            return ok(f"XDG_RUNTIME_DIR is not set; {scene.runtime} is used, as it would be with it.")
        return warning(
            f"XDG_RUNTIME_DIR is not set; {scene.runtime} is used, which outlives a logout.",
            "export XDG_RUNTIME_DIR=/run/user/$(id -u), in a session that has one (pam_systemd makes it)",
        )
    if not value.startswith("/"):
        return warning(f"XDG_RUNTIME_DIR is {value!r}: a relative path, which is ignored.", "unset XDG_RUNTIME_DIR")
    if not Path(value).is_dir():
        return warning(f"XDG_RUNTIME_DIR is {value}, which is no directory.", "unset XDG_RUNTIME_DIR")
    return ok(f"XDG_RUNTIME_DIR is {value}.")


def _directory(path: Path) -> Finding:
    if (theirs := stranger(path)) is not None:
        return broken(f"{theirs} belongs to somebody else.", "Set XDG_RUNTIME_DIR and XDG_STATE_HOME to your own")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ok(f"{path} is not there yet; xacctd makes it.")
    except OSError as error:
        return broken(f"{path} can't be used ({error.strerror}).", f"ls -ld {path}")
    if not stat.S_ISDIR(mode):
        return broken(f"{path} is no directory.", f"rm {path}")
    if mode & OTHERS:
        return broken(f"{path} is open to others ({stat.S_IMODE(mode):04o}).", f"chmod 700 {path}")
    return ok(f"{path} is ours and private.")


def _socket(scene: Scene) -> Finding:
    path = scene.socket
    try:
        status = path.lstat()
    except FileNotFoundError:
        return ok(f"{path} is not there; xacctd makes it.")
    except OSError as error:
        return broken(f"{path} can't be looked at ({error.strerror}).", f"ls -l {path}")
    if not stat.S_ISSOCK(status.st_mode):
        return broken(f"{path} is no socket, and in the way of one.", f"rm {path}")
    if status.st_uid != os.geteuid():
        return broken(f"{path} belongs to somebody else.", "Look at XACCT_SOCKET and XDG_RUNTIME_DIR")
    if status.st_mode & OTHERS:
        return broken(f"{path} is open to others ({stat.S_IMODE(status.st_mode):04o}).", f"chmod 600 {path}")
    left = "" if scene.daemon.version else " Nobody listens there; the next xacctd replaces it."
    return ok(f"{path} is ours and private.{left}")


def _grants(scene: Scene) -> Iterator[Finding]:
    directory = scene.runtime / "grants"
    yield _directory(directory)
    try:
        files = [(file, file.lstat()) for file in directory.iterdir()]
    except OSError:
        return
    for file, status in files:
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            yield broken(f"{file} is no token file of ours.", f"rm {file}")
        elif status.st_mode & OTHERS:
            yield broken(f"{file} can be read by others: it is a token.", f"chmod 600 {file}")


def _settings_file(scene: Scene) -> Finding:
    path = scene.settings
    try:
        status = path.stat()
        tomlfile.read(str(path))
    except FileNotFoundError:
        return ok(f"There is no {path}, and none is needed.")
    except OSError as error:
        return broken(f"{path} can't be read ({error.strerror}).", f"ls -l {path}")
    except tomlfile.TomlError as error:  # it quotes nothing
        return broken(f"{path} {error.why}.", "See docs/settings.md")  # guard: doctor-quotes-no-settings
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & WRITABLE:
        return warning(f"{path} can be changed by others.", f"chmod go-w {path}")
    return ok(f"{path} can be read.")


def _settings(scene: Scene) -> Iterator[Finding]:
    roles = scene.daemon.roles
    if roles is None:
        yield skipped("What the settings and profiles mean, xacctd would say; it does not.")
        return
    for problem in roles["problems"]:
        # What is of no profile, but a disk's: it breaks what all roles need.
        finding = broken if problem.get("category") == "temporary" else warning
        yield finding(problem["sentence"], problem["hint"] or "xacctctl roles")
    if not roles["problems"]:
        yield ok(f"All settings and profiles make sense ({count(len(roles['roles']), 'role')}).")


def _aws_files(scene: Scene) -> Iterator[Finding]:
    files = scene.files
    for problem in files.problems:
        yield broken(f"{problem}.", "Mend it: no AWS tool takes it either")
    if files.problems:
        return
    if not files.profiles:
        yield warning(f"{files.config} has no profiles: there are no roles to hold.", "aws configure")
        return
    yield ok(f"{files.config} and {files.credentials} have {count(len(files.profiles), 'profile')}.")
    known = scene.daemon.status.get("catalogues", []) if scene.daemon.status is not None else []
    meant = next((catalogue for catalogue in known if catalogue["meant"]), None)
    own = next((catalogue for catalogue in known if catalogue["own"]), None)
    if meant is not None and own is not None and not meant["own"]:
        theirs = f"{own['config']} and {own['credentials']}, with HOME {own['home']}"
        yield ok(f"xacctd was started with other files ({theirs}); here it serves roles of this shell's.")


CHECKS: Final[Checks] = {
    "runtime-variable": _runtime_variable,
    "runtime-dir": lambda scene: _directory(scene.runtime),
    "control-socket": _socket,
    "grants-dir": _grants,
    "state-dir": lambda scene: _directory(scene.state),
    "settings-file": _settings_file,
    "settings": _settings,
    "aws-files": _aws_files,
}
