"""A Debian machine that boots systemd in a namespace, with a user `dev` whose user manager runs. Takes root.

    with Machine(directory, layers=[debian()]) as machine:
        machine.run("id")                                # as dev, with the user's own environment
        machine.systemctl("show", "-P", "MainPID", "xacctd")

`layers` are directories, the uppermost first; what the machine writes goes into a layer of its own, directory/upper.
Its root is mounted in a mount namespace that ends with it, its cgroup is its own, it dies with us, and its
network is a loopback interface. CLOCK_MONOTONIC is ours.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

from stack import wait_until

TOOLS = ("systemd-nspawn", "debootstrap", "nsenter", "unshare", "setpriv", "mount")
UID = 1000
HOME = "/home/dev"
ENVIRONMENT = {
    "HOME": HOME,
    "USER": "dev",
    "LOGNAME": "dev",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "PATH": f"{HOME}/.local/bin:/usr/local/bin:/usr/bin:/bin",
    "XDG_RUNTIME_DIR": f"/run/user/{UID}",
}
PATIENCE = 30.0
"""Seconds a machine gets to boot, and to go."""

_BOOT = """
set -e
for group in $GROUPS_OF_OURS; do echo $$ >$group/cgroup.procs; done
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$PLACE/upper,workdir=$PLACE/work" "$PLACE/root"
exec systemd-nspawn "$@"
"""
_DIE_WITH_US = ("setpriv", "--pdeathsig", "TERM")
"""A test run that is killed must not leave a machine: nspawn shuts it down at SIGTERM."""


def why_not():
    """Why no machine can be had here; None where one can."""
    if os.geteuid() != 0:
        return "only root can boot a machine"
    missing = [tool for tool in TOOLS if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if missing:
        return f"no {', '.join(missing)} here"
    if not _cgroup_roots():
        return "no cgroup hierarchy that systemd could use"
    return None


def _cgroup_roots():
    """Where systemd keeps its groups: the one hierarchy, or the two of a machine that has both kinds."""
    top = Path("/sys/fs/cgroup")
    roots = [top] if (top / "cgroup.controllers").exists() else [top / "systemd", top / "unified"]
    return [root for root in roots if os.access(root / "cgroup.procs", os.W_OK)]


class Machine:
    """See the top of the file. `binds`: paths of ours -> where they are seen, read-only."""

    def __init__(self, directory, *, layers, binds=None):
        self.name = f"xacct-{uuid.uuid4().hex[:8]}"
        self.dir = Path(directory)
        self.layers = layers
        self.binds = binds or {}
        self.leader = None
        self._nspawn = None
        self._groups = [root / self.name for root in _cgroup_roots()]

    def __enter__(self):
        try:
            self._boot()
            wait_until(self._is_up, PATIENCE, "the user manager")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self._power_off()
        finally:
            for group in self._groups:
                _remove_group(group)
            shutil.rmtree(self.dir, ignore_errors=True)

    def keep(self, place):
        """Power off, and move what this machine has written to `place`, where it can be another's layer."""
        self._power_off()
        (self.dir / "upper").rename(place)

    # In the machine.

    def run(self, command, *, user="dev", check=True, timeout=60.0, stdin=None, **env):
        """Run a shell command; its CompletedProcess, with text."""
        done = subprocess.run(
            self._entered(command, user, env),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if check and done.returncode:
            raise AssertionError(
                f"{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}\n{self.journal()}"
            )
        return done

    def spawn(self, command, *, user="dev", **env):
        """Start a shell command with pipes: a Popen. It dies with the machine."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(self._entered(command, user, env), text=True, **pipes)

    def systemctl(self, *words, check=True):
        """What `systemctl --user` says, stripped."""
        return self.run(shlex.join(["systemctl", "--user", *words]), check=check).stdout.strip()

    def journal(self, lines=60):
        """The last lines of dev's units."""
        words = f"journalctl -b -q --no-pager -o short-monotonic -n {lines} _UID={UID}"
        return self.run(words, user="root", check=False).stdout

    @property
    def root(self):
        """The machine's file system, as we see it."""
        return Path(f"/proc/{self.leader}/root")

    @property
    def home(self):
        return self.root / HOME.lstrip("/")

    def _entered(self, command, user, env):
        enter = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--"]
        if user == "dev":
            enter += ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--init-groups"]
        variables = (ENVIRONMENT if user == "dev" else {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}) | env
        where = HOME if user == "dev" else "/"
        pairs = [f"{name}={value}" for name, value in variables.items()]
        return [*enter, "env", "-i", f"--chdir={where}", *pairs, "bash", "-c", command]

    # Its life.

    def _boot(self):
        for name in ("upper", "work", "root"):
            (self.dir / name).mkdir(parents=True, mode=0o755)
        for group in self._groups:
            group.mkdir()
        told = [
            *("--quiet", "--register=no", "--keep-unit", "--private-network", "--link-journal=no", "--resolv-conf=off"),
            *(f"--machine={self.name}", f"--directory={self.dir / 'root'}", "--boot"),
            *("--capability=CAP_IPC_LOCK", "--system-call-filter=@memlock @keyring memfd_secret"),
            *(f"--bind-ro={ours}:{theirs}" for ours, theirs in self.binds.items()),
        ]
        env = {
            "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
            "PLACE": str(self.dir),
            "LOWER": ":".join(map(str, self.layers)),
            "GROUPS_OF_OURS": " ".join(map(str, self._groups)),
        }
        with (self.dir / "console.log").open("wb") as console:
            self._nspawn = subprocess.Popen(
                [*_DIE_WITH_US, "unshare", "--mount", "sh", "-c", _BOOT, "boot", *told],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def _is_up(self):
        if self._nspawn.poll() is not None:
            raise AssertionError(f"the machine did not boot: {(self.dir / 'console.log').read_text()}")
        self.leader = self._find_leader()
        if self.leader is None or not (self.root / f"run/user/{UID}/systemd/private").exists():
            return False
        return self.run("systemctl --user is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def _find_leader(self):
        """The machine's process 1: the child of nspawn that has become systemd."""
        pid = self._nspawn.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        return None

    def _power_off(self):
        """Its process 1 takes the whole machine with it, and nspawn leaves in order. No unit delays us so."""
        if self._nspawn is None:
            return
        if self._nspawn.poll() is None:
            leader = self._find_leader()
            if leader is None:
                self._nspawn.terminate()
            else:
                os.kill(leader, signal.SIGKILL)
        self._nspawn.wait(PATIENCE)
        self._nspawn = None


def _remove_group(group):
    """Remove a cgroup and those below; the kernel takes a moment to see that they are empty."""
    end = time.monotonic() + 5
    while group.exists():
        below = sorted((path for path in group.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
        try:
            for directory in [*below, group]:
                directory.rmdir()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
