"""A daemon, its sandbox and its service manager (one in miniature, or none), with handles to break each part.

Everything happens in a directory of the test's own; file systems are mounted in a namespace of the test's own.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from fault_inside import FAKETIME, faked_clock, forget_faked_clocks, inside
from machine_time import Watch
from manager import Manager
from stack import Stack, Unix

from xacct.sandbox import files, totp

PATIENCE = 5.0
"""Seconds of its own time (machine_time.py) in which a daemon answers, whatever is broken around it."""

LONGEST = 60.0
"""Seconds after which nobody waits for an answer any more, however busy the machine is."""

SETTLE = 15.0
"""Seconds in which exactly one daemon remains after a hand-over, however it went."""

LOOK = 1.0
"""Seconds for which the processes that a request depends on are taken to be the same: each look at all processes of a
busy machine takes longer than most requests."""

STATE_ROOM = "size=192k,mode=0700"
"""The file system that the state directory lies on, so that it can be filled within an instant."""

SETTINGS = """\
[prompts]
desktop = false
{patience}
[audit]
keep = 0
max_mib = 1
"""


class Hung(AssertionError):
    """Something took longer than anybody would wait."""


class World(Stack):
    """`managed`: whether a service manager keeps listeners and memory across the daemon's deaths.

    `patience`: how long a fetch is held, as the settings say it; None: as long as they say by themselves.

    `code_every`: seconds for which a code is shown, a whole number, for daemon and sandbox alike. AWS's half minute is
    a constant of both; who waits for codes most of the time may shorten it.

    `clock_variables`: what in `env` leads a process to the clock of `step_clock`.
    """

    def __init__(self, directory, *, managed, patience=None, code_every=totp.STEP_SECONDS, **sandbox_options):
        settings = SETTINGS.format(patience="" if patience is None else f'patience = "{patience}"')
        super().__init__(directory, settings=settings, daemon=False, apart=True, **sandbox_options)
        self.managed = managed
        self.manager = None
        self.mounted = False
        self.code_every = code_every
        self.clock_variables = {}
        self._seen = (float("-inf"), [])
        self._files = {}
        self._offset = self.dir / "offset"

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self):
        super().__enter__()
        self._mount()
        self._fake_the_clock()
        if self.managed:
            self.manager = Manager(self.dir, self.env, self.dir / "daemon.log")
            self.env["XACCT_PORT"] = str(self.manager.port)
            self.manager.__enter__()
        else:
            self.start()

    def __exit__(self, *arguments):
        if self.env:
            self.heal()
        if self.manager is not None:
            self.manager.__exit__()
        super().__exit__(*arguments)
        for pid in self.daemons() if self.env else ():
            self.os_kill(pid, signal.SIGKILL)
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.state)], check=False)
        forget_faked_clocks()

    # The daemon's processes.

    @property
    def state(self):
        return Path(self.env["XDG_STATE_HOME"]) / "xacct"

    @property
    def pid(self):
        return self.manager.main_pid if self.managed else self._signed()

    def _signed(self):
        """Who has written its pid into the lock's file, if it lives; else any of them; 0 where none does.

        Not by the control socket: a daemon without descriptors takes nobody in.
        """
        living = self.daemons()
        with contextlib.suppress(OSError, ValueError):
            signed = int((self.socket.parent / "xacctd.lock").read_text())
            if signed in living:
                return signed
        return living[0] if living else 0

    def daemons(self):
        """The processes of this world's daemon that live, forks on their way to an exec left out."""
        mark = f"XDG_STATE_HOME={self.env['XDG_STATE_HOME']}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
                if b"xacct.daemon" in arguments and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def signal(self, number):
        """Send it to the one that serves. Returns its pid."""
        pid = self.pid
        if self.managed:
            self.manager.ready.clear()
        self.os_kill(pid, number)
        return pid

    def wait_for_end(self, pid):
        """Until this daemon has ended."""
        self.wait(lambda: pid not in self.daemons(), f"the end of {pid}")

    def start_daemon(self):
        """Wait for the manager's next daemon, or start one where nobody else does."""
        if self.managed:
            self.wait(self._reachable, "the manager's next daemon")
            return
        self.wait(lambda: not self.daemons() or self._reachable(), f"the end of {self.daemons()}, or their answer")
        if not self.daemons():
            self.start()

    def settle(self):
        """Exactly one daemon, and it answers."""
        self.start_daemon()
        self.wait(lambda: len(self.daemons()) == 1, f"one daemon ({self.daemons()} live)")

    def wait(self, condition, what):
        """Wait for it; SETTLE seconds of the daemons' own time is the longest that it may take.

        Raises:
            Hung: it did not happen in time.
        """
        watch = Watch(self.family)
        while not condition():
            if watch.over(SETTLE):
                raise Hung(f"{what} did not happen within {watch.own():.1f} s ({watch.elapsed():.1f} s by the clock)")
            time.sleep(0.01)

    def family(self):
        """The processes that an answer may depend on: the daemon's, the sandbox, and ourselves."""
        return [*self.daemons(), self.sandbox.pid, os.getpid()]

    def _family_lately(self):
        """The same as `family` was within LOOK."""
        if time.monotonic() - self._seen[0] > LOOK:
            self._seen = (time.monotonic(), self.family())
        return self._seen[1]

    def _reachable(self):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            return self.api("GET", "/v1/version", timeout=LONGEST).get("pid") in self.daemons()
        return False

    # Requests. A status of 0: no answer came, and nobody knows what it did.

    def ask(self, method, path, body=None, patience=PATIENCE):
        """(status, answer) of a control request; what streams becomes {"events": [...]}.

        Args:
            patience: seconds of the daemon's own time that it may take.

        Raises:
            Hung: it took longer.
        """
        with self._in_time(f"{method} {path}", patience):
            return self._ask(method, path, body)

    def _ask(self, method, path, body):
        connection = Unix(self.socket, LONGEST)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
            if "ndjson" in answer.headers.get("Content-Type", ""):
                told = {"events": [json.loads(line) for line in text.splitlines() if line.strip()]}
            else:
                told = json.loads(text)
        except (OSError, ValueError, http.client.HTTPException):
            return 0, {}
        else:
            ours = '"code": "internal"' in json.dumps(told)
            assert not ours, f"{method} {path} was answered with a fault of ours: {told}"
            return answer.status, told
        finally:
            connection.close()

    def fetch(self, grant):
        """(status, answer) of an SDK's request for a grant's role.

        Raises:
            Hung: nothing came in time.
        """
        with self._in_time(f"a fetch of {grant.role}", PATIENCE):
            return self._fetch(grant)

    def _fetch(self, grant):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST)
        try:
            connection.request("GET", f"/v1/credentials/{grant.role}", headers={"Authorization": grant.token})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {}

    @contextlib.contextmanager
    def _in_time(self, what, patience):
        family = self._family_lately()
        watch = Watch(lambda: family)
        yield
        if watch.over(patience):
            raise Hung(f"{what} took {watch.own():.1f} s ({watch.elapsed():.1f} s by the clock)")

    def hang_up(self, method, path, after):
        """Send a control request and go away `after` seconds later, unread."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LONGEST)
            connection.connect(str(self.socket))
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: xacct\r\nContent-Length: 0\r\n\r\n".encode())
            time.sleep(after)

    def unused_code(self):
        """A code that AWS takes now; None where the one that is shown has been used."""
        told = self._mfa()
        step = int(told["time"] // self.code_every)
        return None if step in told["used_steps"] else totp.code_of(files.load_identity(self.dir).seed, step)

    def os_kill(self, pid, number):
        """Send a signal to one of our daemons; to nobody where there is none (0 would be our own process group)."""
        if pid > 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def size(self):
        """(descriptors, resident KiB) of the one daemon."""
        pid = self.pid
        resident = next(
            line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
        )
        return len(list(Path(f"/proc/{pid}/fd").iterdir())), int(resident.split()[1])

    # What can be broken, and mended.

    def fill_disk(self):
        if self.mounted:
            with contextlib.suppress(OSError), (self.state / "filler").open("wb") as file:
                while file.write(b"\0" * 4096):
                    file.flush()

    def read_only_disk(self):
        self._remount("ro")

    def mend_disk(self):
        self._remount("rw")
        (self.state / "filler").unlink(missing_ok=True)

    def limit_descriptors(self):
        """No descriptor more than the daemon has now."""
        with contextlib.suppress(OSError):
            pid = self.pid
            used = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()) + 1
            _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(used, hard), hard))

    def mend_descriptors(self):
        for pid in self.daemons():
            with contextlib.suppress(OSError):
                _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))

    def fifo_in_place_of(self, path):
        """A pipe that nobody writes to stands where a file was, until `mend_files`."""
        path = Path(path)
        if str(path) in self._files:
            return
        aside = path.with_name(path.name + ".aside")
        with contextlib.suppress(OSError):
            if path.exists():
                path.rename(aside)
            os.mkfifo(path)
            self._files[str(path)] = aside

    def mend_files(self):
        """As far as the disk lets anybody."""
        for name, aside in list(self._files.items()):
            path = Path(name)
            with contextlib.suppress(OSError):
                if path.is_fifo():
                    path.unlink()
                if aside.exists() and not path.exists():
                    aside.rename(path)
                del self._files[name]

    def step_clock(self, seconds):
        """This machine's wall clock, as the daemon sees it, is off by so much."""
        if FAKETIME is not None:
            beside = self._offset.with_name("offset.new")
            beside.write_text(f"{seconds:+d}")
            beside.replace(self._offset)  # it is read at each look at the clock: never half written

    def heal(self):
        """End every fault."""
        with contextlib.suppress(OSError):
            self.clear_faults()
        if self.mounted:
            self.mend_disk()
        self.mend_files()
        self.mend_descriptors()
        self.step_clock(0)

    def aws_now(self):
        """AWS's clock: the sandbox's."""
        return self._mfa()["time"]

    def _mfa(self):
        with urllib.request.urlopen(self.env["AWS_ENDPOINT_URL_STS"] + "/_sandbox/mfa") as answer:
            return json.load(answer)

    def _mount(self):
        self.state.mkdir(parents=True, exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", STATE_ROOM, "xacct-state", str(self.state)]
        self.mounted = shutil.which("mount") is not None and subprocess.run(mount, check=False).returncode == 0

    def _remount(self, mode):
        if self.mounted:
            subprocess.run(["mount", "-o", f"remount,{mode}", str(self.state)], check=False, capture_output=True)

    def _fake_the_clock(self):
        self._offset.write_text("+0")
        self.clock_variables = inside(self.env, "xacct.policy:TOTP_STEP", self.code_every) | faked_clock(self._offset)
        self.env |= self.clock_variables

    def _sandbox_apart(self, env):
        return super()._sandbox_apart(env | inside(env, "xacct.sandbox.totp:STEP_SECONDS", self.code_every))
