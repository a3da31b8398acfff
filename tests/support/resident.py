"""xacct in a Machine as a user has it: AWS files at home, a sandbox for AWS, the units installed, one human with codes.

    with Resident(directory, layers) as resident:
        resident.login("prod")                        # the first connection starts the daemon
        resident.fetch()                              # what the endpoint answers to prod's grant: (status, JSON)
        with resident.restarted(): resident.kill(9)   # returns when the next daemon runs
        resident.calls("AssumeRole")                  # what AWS was asked

The sandbox runs in a unit of its own, so that no restart of the daemon's touches it.
"""

from __future__ import annotations

import json
import shlex
from contextlib import contextmanager
from pathlib import Path

from machine import Machine
from stack import wait_until

SUPPORT = Path(__file__).parent
UNIT = "xacctd.service"
SOCKET = "xacctd.socket"

_GET = """
import json, os, sys, urllib.error, urllib.request
headers = {"Authorization": sys.argv[2]} if sys.argv[2:] else {}
try:
    answer = urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=headers), timeout=20)
except urllib.error.HTTPError as error:
    answer = error
print(json.dumps([answer.status, json.loads(answer.read().decode())]))
"""


class Resident:
    """See the top of the file. `binds`: more paths of ours that the machine sees."""

    def __init__(self, directory, layers, binds=None):
        self.machine = Machine(directory, layers=layers, binds={SUPPORT: "/srv"} | (binds or {}))
        self.environment = {}

    def __enter__(self):
        self.machine.__enter__()
        try:
            self._make_aws()
            self.ctl("service", "install")
        except BaseException:
            self.machine.__exit__()
            raise
        return self

    def __exit__(self, *_):
        print(self.machine.journal(300))  # noqa: T201 - pytest shows it beside a failure
        self.machine.__exit__()

    def _make_aws(self):
        self.machine.run("systemd-run --user --quiet --unit=sandbox -- ~/.local/bin/xacct-sandbox run --dir ~/sandbox")
        wait_until((self.machine.home / "sandbox/ready").exists, what="the sandbox")
        exports = dict(line.split()[1].split("=", 1) for line in self._read("sandbox/env").splitlines())
        self.sts = exports["AWS_ENDPOINT_URL_STS"]
        self.machine.run("mkdir -m 700 .aws && cp sandbox/aws/config sandbox/aws/credentials .aws/")
        self.machine.systemctl("set-environment", f"AWS_ENDPOINT_URL_STS={self.sts}")

    # A human at a shell.

    def ctl(self, *words, check=True, typed=None):
        """Run xacctctl: what it says on stdout."""
        sts = f"AWS_ENDPOINT_URL_STS={self.sts}"  # of this shell as of the manager
        return self.machine.run(shlex.join(["env", sts, "xacctctl", *words]), check=check, stdin=typed).stdout

    def code(self):
        """An MFA code that AWS takes; half a minute may pass until there is another one."""
        return self.machine.run("xacct-sandbox code --dir sandbox").stdout.strip()

    def login(self, *roles):
        """Log in with one code, and take an environment for the first role."""
        self.ctl("login", *roles, "--code", "-", typed=self.code())
        self.environment = self.env(roles[0])

    def env(self, role):
        """What `xacctctl env` sets, and where the sandbox is."""
        change = json.loads(self.ctl("env", role, "--pid", "0", "--format", "json"))
        return {name: value for name, value in change.items() if value is not None} | {"AWS_ENDPOINT_URL_STS": self.sts}

    def state(self, role):
        """What `xacctctl status` says of a role."""
        status = json.loads(self.ctl("status", "--json"))
        return next(entry["state"] for entry in status["roles"] if entry["name"] == role)

    # A program.

    def get(self, *words):
        """GET of a URL, with a token if need be, by a process in the machine: (status, JSON)."""
        return json.loads(self.machine.run(shlex.join(["python3", "-c", _GET, *words])).stdout)

    def fetch(self):
        """What the endpoint answers to the environment that login took."""
        env = self.environment
        return self.get(env["AWS_CONTAINER_CREDENTIALS_FULL_URI"], env["AWS_CONTAINER_AUTHORIZATION_TOKEN"])

    def spawn_load(self, *words):
        """A part of the load, in that environment."""
        command = shlex.join(["/opt/load/bin/python", "/srv/load.py", *words])
        return self.machine.spawn(command, **self.environment)

    # AWS.

    def calls(self, *actions):
        """The calls of some actions that the sandbox has had."""
        return [call for call in self.get(f"{self.sts}/_sandbox/calls")[1] if call["action"] in actions]

    def asked_of_aws(self):
        """Everything the daemon had to ask for: sessions (a code each) and roles."""
        return self.calls("GetSessionToken", "AssumeRole")

    # The unit.

    def pid(self):
        """The daemon's, in the machine; 0 without one."""
        return int(self.machine.systemctl("show", "-P", "MainPID", UNIT))

    def proc(self, name):
        """A file of the daemon's in /proc, read by root."""
        return self._read(f"/proc/{self.pid()}/{name}")

    def kill(self, signal):
        self.machine.run(f"kill -{signal} {self.pid()}")

    @contextmanager
    def restarted(self, seconds=20.0):
        """Gives the daemon's pid, and waits afterwards until another daemon runs."""
        before = self.pid()
        yield before
        wait_until(lambda: self._runs_anew(before), seconds, "another daemon")

    def _runs_anew(self, before):
        shown = self.machine.systemctl("show", "-p", "ActiveState", "-p", "MainPID", UNIT)
        now = dict(line.split("=", 1) for line in shown.splitlines())
        return now["ActiveState"] == "active" and int(now["MainPID"]) not in (0, before)

    def _read(self, path):
        """A file of the machine's, as its own root sees it."""
        return self.machine.run(f"cat {path}" if path.startswith("/") else f"cat /home/dev/{path}", user="root").stdout
