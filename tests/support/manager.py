"""A service manager in miniature: as much of systemd as xacctd speaks to, so that restarts can be tried in a second.

It holds the listeners, passes them and what is stored (sd_listen_fds(3)), takes notifications (sd_notify(3)), and
starts the daemon again whenever it ends. The real one is in tests/system.
"""

import contextlib
import fcntl
import os
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

PATIENCE = 20.0


class Manager:
    """Runs one service. `main_pid`: its process. `store`: what it has left here, by name."""

    def __init__(self, directory: Path, environment: dict[str, str], log: Path, code: Path | None = None):
        self.main_pid = 0
        self.store: list[tuple[str, int]] = []
        self.said: list[str] = []
        self.ready = threading.Event()
        self.starts = 0
        self.environment = dict(environment)
        self.code = code
        self._log = log
        self._address = str(directory / "notify")
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(self._address)
        self._notified.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._control = socket.socket(socket.AF_UNIX)
        path = Path(environment["XDG_RUNTIME_DIR"], "xacct")
        path.mkdir(0o700, parents=True, exist_ok=True)
        self._control.bind(str(path / "control.sock"))
        (path / "control.sock").chmod(0o600)
        self._endpoint = socket.socket()
        self._endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._endpoint.bind(("127.0.0.1", 0))
        self.port = self._endpoint.getsockname()[1]
        for listener in (self._control, self._endpoint):
            listener.listen(4096)
        self._ending = False
        self._restarts = True
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._hear, self._mind)]

    def __enter__(self):
        self._start()
        for thread in self._threads:
            thread.start()
        self.wait_until_ready()
        return self

    def __exit__(self, *_):
        self._ending = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.main_pid, signal.SIGTERM)
        self._threads[1].join(PATIENCE)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ourselves:
            ourselves.sendto(b"END=1", self._address)
        self._threads[0].join(PATIENCE)
        self._notified.close()
        for _, descriptor in self.store:
            os.close(descriptor)
        self._control.close()
        self._endpoint.close()

    def signal(self, number: int) -> None:
        """Have the service end by a signal; it is started again at once."""
        self.ready.clear()
        os.kill(self.main_pid, number)

    def wait_until_ready(self) -> None:
        """Wait for READY=1."""
        assert self.ready.wait(PATIENCE), self._log.read_text()

    def _start(self) -> None:
        passed = [("xacctd.socket", self._control.fileno()), ("xacctd.socket", self._endpoint.fileno()), *self.store]
        environment = {
            **self.environment,
            "NOTIFY_SOCKET": self._address,
            "LISTEN_FDS": str(len(passed)),
            "LISTEN_FDNAMES": ":".join(name for name, _ in passed),
            "XACCT_PORT": str(self.port),
        }
        if self.code is not None:
            environment["PYTHONPATH"] = str(self.code)
        self.starts += 1
        pid = os.fork()
        if pid:
            self.main_pid = pid
            return
        try:
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 200) for _, descriptor in passed]  # free ones
            os.dup2(log, 2)
            for i, descriptor in enumerate(high):
                os.dup2(descriptor, 3 + i)
            os.closerange(3 + len(high), 1000)
            environment["LISTEN_PID"] = str(os.getpid())
            os.execve(sys.executable, [sys.executable, "-m", "xacct.daemon", "--log-level", "debug"], environment)
        finally:
            os._exit(127)

    def _mind(self) -> None:
        """Start the service again whenever its main process ends."""
        while True:
            pid = self.main_pid
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
            while pid == self.main_pid and _lives(pid):  # a successor is no child of ours
                time.sleep(0.005)
            if self._ending:
                return
            if pid == self.main_pid:
                self._start()

    def _hear(self) -> None:
        while True:
            data, ancillary, _, _ = self._notified.recvmsg(4096, 4096)
            if data == b"END=1":
                return
            descriptors = [
                descriptor
                for level, kind, payload in ancillary
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
                for descriptor in struct.unpack(f"{len(payload) // 4}i", payload)
            ]
            self._heard(dict(line.split("=", 1) for line in data.decode().splitlines()), descriptors)

    def _heard(self, said: dict[str, str], descriptors: list[int]) -> None:
        self.said += said
        if "FDSTORE" in said:
            self.store += [(said["FDNAME"], descriptor) for descriptor in descriptors]
            return
        for descriptor in descriptors:
            os.close(descriptor)
        if "FDSTOREREMOVE" in said:
            for entry in [entry for entry in self.store if entry[0] == said["FDNAME"]]:
                self.store.remove(entry)
                os.close(entry[1])
        if "MAINPID" in said:
            self.main_pid = int(said["MAINPID"])
        if "READY" in said:
            self.ready.set()


def _lives(pid: int) -> bool:
    """Whether a process runs: one that has ended may wait a while for whoever it has become a child of."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
