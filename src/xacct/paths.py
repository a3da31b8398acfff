"""Where xacct keeps its socket, state and settings, for the daemon and xacctctl alike. Standard library only.

XDG on Linux; the same variables on macOS, with ~/Library defaults. Strings, not Path objects: importing
pathlib is a sixth of the time that a daily verb takes.
"""
# ruff: noqa: PTH102, PTH103, PTH111, PTH116, PTH120

import os
import stat
import sys


class UnusableError(Exception):
    """A directory that can't be made private.

    Attributes:
        sentence: why.
        hint: what to do.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = "Set XDG_RUNTIME_DIR and XDG_STATE_HOME to directories of your own."


def home() -> str:
    """Return the user's home directory."""
    return os.path.expanduser("~")


def runtime_dir() -> str:
    """Return the directory of the control socket; it may not exist yet."""
    run = f"/run/user/{os.getuid()}"
    if not os.environ.get("XDG_RUNTIME_DIR") and sys.platform != "darwin" and _is_ours(run):
        return f"{run}/xacct"
    return _directory("XDG_RUNTIME_DIR", ".cache/xacct/run", "Library/Caches/xacct/run")


def socket_path() -> str:
    """Return the control socket: XACCT_SOCKET, or `control.sock` in the runtime directory."""
    return os.environ.get("XACCT_SOCKET") or f"{runtime_dir()}/control.sock"


def containers_socket() -> str:
    """Return the Unix socket for containers, in a directory of its own: that is what gets mounted."""
    return f"{runtime_dir()}/containers/endpoint.sock"


def state_dir() -> str:
    """Return the directory of the daemon's log."""
    return _directory("XDG_STATE_HOME", ".local/state/xacct", "Library/Application Support/xacct")


def config_file() -> str:
    """Return the path of config.toml."""
    return _directory("XDG_CONFIG_HOME", ".config/xacct", ".config/xacct") + "/config.toml"


def log_file() -> str:
    """Return the path of the log of a daemon that xacctctl started."""
    return f"{state_dir()}/xacctd.log"


def make_private(directory: str) -> None:
    """Create `directory` as 0700, or make it so; what is looked at and changed is what was opened.

    Raises:
        UnusableError: it is somebody else's, or lies in a directory of theirs, or can't be made.
    """
    parent = os.path.dirname(directory)
    try:
        os.makedirs(parent, exist_ok=True)
        # guard: directory-of-ours-lies-in-one-of-ours
        if os.stat(parent).st_uid not in (os.geteuid(), 0):  # whose it is can replace it
            raise UnusableError(f"{parent} belongs to somebody else.")
        try:
            os.mkdir(directory, 0o700)
        except FileExistsError:
            pass
        _take_over(directory)
    except OSError as error:
        raise UnusableError(f"{directory} can't be used: {error.strerror}.") from None


def _take_over(directory: str) -> None:
    """A link of our own may lead elsewhere; one of another user's is not followed."""
    link = os.lstat(directory)
    if link.st_uid != os.geteuid():  # guard: anothers-link-is-not-followed
        raise UnusableError(f"{directory} belongs to somebody else.")
    follow = 0 if stat.S_ISLNK(link.st_mode) else os.O_NOFOLLOW
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | follow)
    try:
        found = os.fstat(opened)
        if found.st_uid != os.geteuid():  # guard: nobody-elses-directories
            raise UnusableError(f"{directory} belongs to somebody else.")
        if found.st_mode & 0o077:
            os.fchmod(opened, 0o700)  # guard: private-directories
    finally:
        os.close(opened)


def _directory(variable: str, linux: str, macos: str) -> str:
    """XDG wants relative values ignored."""
    value = os.environ.get(variable, "")
    if value.startswith("/"):
        return f"{value.rstrip('/')}/xacct"
    return f"{home()}/{macos if sys.platform == 'darwin' else linux}"


def _is_ours(directory: str) -> bool:
    try:
        return os.stat(directory).st_uid == os.geteuid()
    except OSError:
        return False
