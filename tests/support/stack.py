"""A sandbox, and a daemon as a real process, in a directory of the test's own, and a client for both.

    with Stack(tmp_path, max_lifetime=10) as stack:
        stack.login("prod", "staging")          # one code
        environment = stack.environment("prod")  # what `xacctctl env` would export
        stack.calls("AssumeRole")

Nothing of the user's is read or written: HOME and the XDG directories lie in the given directory.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from sandbox_here import SandboxHere
from waiting import PATIENCE, wait_until

from xacct.sandbox.code import fresh_code


class Unix(http.client.HTTPConnection):
    """http.client over a Unix socket."""

    def __init__(self, path, timeout=PATIENCE, user=None):
        super().__init__("xacct", timeout=timeout)
        self._path = str(path)
        self._user = os.geteuid() if user is None else user

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        ourselves = os.geteuid()
        os.seteuid(self._user)  # the daemon serves its own user and nobody else, root neither
        try:
            self.sock.connect(self._path)
        finally:
            os.seteuid(ourselves)


def _end(process):
    if process is not None and process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Stack:
    """`user`: a uid that both processes run as, with an interpreter it may run: see unprivileged.py.

    `apart`: whether the sandbox is a process, too, for tests of processes; a thread of ours is there much sooner.
    """

    def __init__(
        self, directory, *, settings="", daemon=True, user=None, python=sys.executable, apart=False, **sandbox_options
    ):
        self.dir = Path(directory)
        self.user = user
        self.python = python
        self.settings = settings
        self.sandbox_options = sandbox_options
        self.with_daemon = daemon
        self.apart = apart or user is not None
        self.sandbox = self.daemon = None
        self.env = {}

    def __enter__(self):
        self.dir.mkdir(parents=True, exist_ok=True)
        base = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "XACCT_", "XDG_"))}
        base |= {"HOME": str(self.dir / "home"), "PYTHONUNBUFFERED": "1"}
        (self.dir / "home").mkdir(exist_ok=True)
        if self.user is not None:
            for directory in (self.dir, self.dir / "home"):
                os.chown(directory, self.user, self.user)
            base["PYTHONPATH"] = os.pathsep.join(e for e in sys.path if e.endswith(("site-packages", "src")))
        self.sandbox = self._sandbox_apart(base) if self.apart else SandboxHere(self.dir, **self.sandbox_options)
        self.env = base | self._exports()
        if self.settings:
            self.settings_file.parent.mkdir(parents=True, exist_ok=True)
            self.settings_file.write_text(self.settings)
        if self.with_daemon:
            try:
                self.start()
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_):
        self._end_successor()
        _end(self.daemon)
        if self.apart:
            _end(self.sandbox)
        elif self.sandbox is not None:
            self.sandbox.end()

    def _end_successor(self):
        """The daemon that has taken over from ours, if one has; ours may be about to end still."""
        if self.daemon is None:
            return
        with contextlib.suppress(OSError, http.client.HTTPException):  # nobody is there
            pid = self.api("GET", "/v1/version", timeout=10)["pid"]
            if pid != self.daemon.pid:
                os.kill(pid, signal.SIGKILL)

    def xacctctl(self, *words, **how):
        """Run it where there is no terminal, and return what came of it."""
        given = {"env": self.env, "capture_output": True, "text": True, "timeout": PATIENCE, "start_new_session": True}
        given |= {} if "input" in how else {"stdin": subprocess.DEVNULL}
        return subprocess.run([sys.executable, "-m", "xacct.ctl", *words], check=False, **(given | how))

    # The daemon.

    def start(self, *arguments):
        self.daemon = self._spawn(["-m", "xacct.daemon", "--log-level", "debug", *arguments], self.env, "daemon.log")
        wait_until(self._answers, what="the daemon")

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait(PATIENCE)

    def _answers(self):
        if self.daemon.poll() is not None:
            raise AssertionError(f"xacctd ended: {self.log()}")
        try:
            return self.api("GET", "/v1/version")
        except OSError:
            return None

    def log(self):
        return (self.dir / "daemon.log").read_text()

    @property
    def socket(self):
        return Path(self.env["XDG_RUNTIME_DIR"]) / "xacct" / "control.sock"

    @property
    def settings_file(self):
        return Path(self.env["XDG_CONFIG_HOME"]) / "xacct" / "config.toml"

    @property
    def port(self):
        return int(self.env["XACCT_PORT"])

    def api(self, method, path, body=None, timeout=PATIENCE):
        """One exchange with the control API: the parsed answer, or a list of them where it streams."""
        connection = Unix(self.socket, timeout, self.user)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if "ndjson" in answer.headers.get("Content-Type", ""):
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return json.loads(text)

    def login(self, *roles, code=None, expect_failed=0, **more):
        """Log in with one code; returns the stream's events."""
        body = {"roles": list(roles), "code": code or self.code(), "attend": False, **more}
        events = self.api("POST", "/v1/login", body)
        if any(event.get("error", {}).get("code") == "code-used" for event in events):
            time.sleep(1.1)  # AWS's Date knows whole seconds: just past the border a daemon may be a second behind
            events = self.api("POST", "/v1/login", body)
        assert events[-1] == {"event": "done", "failed": expect_failed}, events
        return events

    def status(self, role=None):
        status = self.api("GET", "/v1/status")
        return next(r for r in status["roles"] if r["name"] == role) if role else status

    def grant(self, *roles, **more):
        return self.api("POST", "/v1/grants", {"roles": list(roles), "label": "test", **more})

    def environment(self, role, *, sts=True, **narrower):
        """The environment of a consumer of one role, as xacctctl env sets it up."""
        grant = self.grant(role, **narrower)
        keep = {k: v for k, v in self.env.items() if not k.startswith("AWS_")}
        keep |= {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": grant["urls"][role],
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": grant["token"],
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": grant["token_file"],
            "AWS_REGION": grant["regions"][role],
            "AWS_DEFAULT_REGION": grant["regions"][role],
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        if sts:
            keep["AWS_ENDPOINT_URL_STS"] = self.env["AWS_ENDPOINT_URL_STS"]
        return keep

    # The sandbox.

    def _sandbox_apart(self, env):
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self.sandbox_options.items()]
        process = self._spawn(["-m", "xacct.sandbox", "run", "--dir", str(self.dir), *options], env, "sandbox.log")
        wait_until((self.dir / "ready").exists, what="the sandbox")
        return process

    def code(self):
        """What `xacct-sandbox code` prints."""
        return fresh_code(self.dir)

    def calls(self, action=None):
        with urllib.request.urlopen(self.env["AWS_ENDPOINT_URL_STS"] + "/_sandbox/calls") as answer:
            calls = json.load(answer)
        return [call for call in calls if action in (None, call["action"])]

    def fault(self, **what):
        data = json.dumps(what).encode()
        with urllib.request.urlopen(self.env["AWS_ENDPOINT_URL_STS"] + "/_sandbox/faults", data) as answer:
            return answer.read()

    def clear_faults(self):
        request = urllib.request.Request(self.env["AWS_ENDPOINT_URL_STS"] + "/_sandbox/faults", method="DELETE")
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def _exports(self):
        lines = (self.dir / "env").read_text().splitlines()
        return dict(shlex.split(line)[1].split("=", 1) for line in lines)

    def _spawn(self, arguments, env, log):
        user = {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        with (self.dir / log).open("ab") as out:
            return subprocess.Popen(
                [self.python, *arguments],
                env=env,
                cwd=None if self.user is None else self.dir,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                **user,
            )
