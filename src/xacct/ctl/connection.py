"""One ssh connection that several sessions share, by OpenSSH's own multiplexing. The caller's ssh does the rest."""
# ruff: noqa: PTH108, PTH110, S603 - see paths.py; what is run is the caller's own ssh

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from xacct.ctl import remote_env
from xacct.ctl.failure import NOT_FOUND, CtlError

_POLL: Final = 0.02
_LINGER: Final = 10
"""Seconds after which a connection without sessions ends, should we have been killed before we could end it."""

_TIDYING: Final = 2.0
"""Seconds the lender gets to remove its pipe."""

_STANDALONE: Final = ("-F", "/dev/null", "-o", "ProxyCommand=false", "-o", "BatchMode=yes")
"""For our own sessions: they share the connection or fail. They need no configuration, and must not make another."""


class EndedError(Exception):
    """The connection could not be made, or is gone.

    Attributes:
        status: ssh's.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status if status >= 0 else 128 - status


class Connection:
    """A shared ssh connection.

    Args:
        host: where to.
        options: the caller's, for ssh.
        path: the socket at which it is shared.
    """

    def __init__(self, options: Sequence[str], host: str, path: str) -> None:
        self._host = host
        self._path = path
        self._shared = ["-S", path.replace("%", "%%")]
        self._lender: subprocess.Popen[str] | None = None
        with suppress(FileNotFoundError):
            os.unlink(path)  # an earlier process of our number, that was killed
        settings = ["-o", "ControlMaster=yes", "-o", f"ControlPersist={_LINGER}", "-o", "RemoteCommand=none"]
        command = ["ssh", *self._shared, *settings, "-N", *options, "--", host]
        try:
            self._master = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        except OSError as error:
            raise CtlError(f"ssh can't be started: {error.strerror}.", "Install OpenSSH's client.", NOT_FOUND) from None

    def wait(self) -> None:
        """Wait until it stands, for as long as the human takes to let us in.

        Raises:
            EndedError: it does not.
        """
        while True:
            status = self._master.poll()  # once we are in it ends, and the connection lives on in the background
            if os.path.exists(self._path):
                return
            if status is not None:
                raise EndedError(status)
            time.sleep(_POLL)

    def forward(self, port: int) -> int:
        """Have the far side forward a free port of its 127.0.0.1 to `port` of ours; return its number."""
        wanted = f"127.0.0.1:0:127.0.0.1:{port}"
        words = ["ssh", *_STANDALONE, *self._shared, "-O", "forward", "-R", wanted, "--", self._host]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        allocated = done.stdout.strip()
        if done.returncode or not allocated.isdecimal():
            raise CtlError(
                f"{self._host} forwards no port to us.",
                "AllowTcpForwarding, PermitListen and DisableForwarding in its sshd_config decide.",
            )
        return int(allocated)

    def lender(self) -> str:
        """Start the session that lends the environment; return the path of its pipe there."""
        words = ["ssh", *_STANDALONE, *self._shared, "-T", "--", self._host, remote_env.LEND]
        self._lender = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._lender.stdout is not None  # noqa: S101
        for line in self._lender.stdout:
            pipe = remote_env.lent(line)
            if pipe:
                return pipe
        raise CtlError(
            f"{self._host} can't be handed an environment.",
            "It must let two sessions share a connection (MaxSessions), and run sh, mktemp and mkfifo.",
        )

    def lend(self, script: str) -> None:
        """Hand `script` to the lender: over its stdin, so that it stands in no argument."""
        assert self._lender is not None  # noqa: S101
        assert self._lender.stdin is not None  # noqa: S101
        with suppress(BrokenPipeError):
            self._lender.stdin.write(script)
            self._lender.stdin.close()

    def session(self, options: Sequence[str], command: str) -> list[str]:
        """Return the command line of a session of the caller's own."""
        settings = ["-o", "ControlMaster=no", "-o", "RemoteCommand=none", "-o", "ProxyCommand=false"]
        return ["ssh", *self._shared, *settings, *options, "--", self._host, command]

    def close(self) -> None:
        """End the connection, and with it whatever goes through it."""
        if self._lender is not None and self._lender.stdin is not None and not self._lender.stdin.closed:
            self._lender.stdin.close()  # nothing was lent: it tidies up over there
            with suppress(subprocess.TimeoutExpired):
                self._lender.wait(_TIDYING)
        words = ["ssh", *_STANDALONE, *self._shared, "-O", "exit", "--", self._host]
        if os.path.exists(self._path):
            subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for process in (self._master, self._lender):
            if process is not None:
                process.terminate()
                process.wait()
        with suppress(FileNotFoundError):
            os.unlink(self._path)
