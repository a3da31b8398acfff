"""A scene of the test's own: home, runtime directory, programs and a daemon's words, all made up."""

import copy
import os
import time
from dataclasses import replace

import pytest

from xacct import __version__, wire
from xacct.ctl.doctor import awsfiles
from xacct.ctl.doctor.catalogue import run
from xacct.ctl.doctor.scene import Daemon, Scene
from xacct.ctl.failure import NotRunningError

ENDPOINT = "http://127.0.0.1:9477"
SERIAL = "arn:aws:iam::111122223333:mfa/alice"


class Stage:
    """Builds a scene; each method changes one thing of it."""

    def __init__(self, root):
        self.root = root
        self.home = root / "h"
        self.bin = root / "bin"
        self.bin.mkdir()
        (self.home / ".aws").mkdir()
        self.environ = {"PATH": str(self.bin), "XDG_RUNTIME_DIR": str(root / "r")}
        self.daemon = Daemon(trouble=NotRunningError())
        self.more = {"platform": "linux"}

    def program(self, name, script="exit 0"):
        """A program in PATH that is a shell script."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def config(self, text, name="config", mode=0o600):
        path = self.home / ".aws" / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def running(self, *, roles=(), status=(), daemon=(), version=(), grants=(), problems=()):
        """A daemon of our release that is well, but for what is said here."""
        about = {
            "version": __version__,
            "executable": "/usr/bin/python3",
            "code": "/usr/lib/xacct",
            "code_changed": False,
            "started": time.time(),
            "clock_skew": 0.0,
            "asks": ["dialog"],
            **dict(daemon),
        }
        named = [dict(role) for role in roles]
        self.daemon = Daemon(
            {
                "api": wire.API,
                "version": __version__,
                "pid": 4711,
                "endpoint": ENDPOINT,
                "config_problem": None,
                **dict(version),
            },
            {
                "now": time.time(),
                "roles": [_status(role) for role in named],
                "sessions": [],
                "prompts": [],
                "attended": 0,
                "notes": [],
                "locked": False,
                "daemon": about,
                **dict(status),
            },
            {"roles": [_info(role) for role in named], "problems": list(problems)},
            {"grants": [{"id": grant, "label": "", "roles": []} for grant in grants]},
        )

    def scene(self):
        made = Scene(
            environ=copy.copy(self.environ),
            home=self.home,
            runtime=self.root / "r/xacct",
            state=self.root / "s/xacct",
            settings=self.root / "c/xacct/config.toml",
            socket=self.root / "r/xacct/control.sock",
            files=awsfiles.read(self.environ, self.home),
            daemon=self.daemon,
        )
        return replace(made, **self.more)

    def found(self, checks):
        """What checks find: the state of each id, or of the worst of its findings."""
        order = ["skipped", "ok", "warning", "broken"]
        states = {}
        for _, name, finding in run("", checks, self.scene()):
            assert finding.sentence.endswith((".", "?")), finding
            assert (finding.state in ("warning", "broken")) == bool(finding.fix), finding
            states[name] = max(states.get(name, "skipped"), finding.state, key=order.index)
        return states

    def sentences(self, checks, name):
        return [finding.sentence for _, each, finding in run("", checks, self.scene()) if each == name]

    def fix(self, checks, name):
        (fix,) = [finding.fix for _, each, finding in run("", checks, self.scene()) if each == name and finding.fix]
        return fix


@pytest.fixture
def theirs(monkeypatch):
    """Make a path somebody else's, as far as stat can tell."""
    others, real = set(), os.stat

    def stat(path, **options):
        result = real(path, **options)
        return os.stat_result((*result[:4], 4242, *result[5:])) if str(path) in others else result

    monkeypatch.setattr("os.stat", stat)
    return lambda path: others.add(str(path))


def _status(role):
    nothing = dict.fromkeys(("account", "expires_at", "mfa_expires_at", "last_used", "next_renewal"))
    error = role.get("error")
    return {
        **nothing,
        "name": role["name"],
        "role_arn": role.get("role_arn", "arn:aws:iam::1:role/x"),
        "state": role.get("state", "failed" if error else "idle"),
        "error": {"code": error, "sentence": "AWS says no.", "hint": role.get("hint", "Ask Bob.")} if error else None,
    }


def _info(role):
    return {
        "name": role["name"],
        "role_arn": role.get("role_arn", "arn:aws:iam::1:role/x"),
        "account": None,
        "source": role.get("source", "work"),
        "mfa_serial": role.get("mfa_serial", SERIAL),
        "region": None,
        "url": f"{ENDPOINT}/v1/credentials/{role['name']}",
        **({"sign_in": role["sign_in"]} if "sign_in" in role else {}),
    }


@pytest.fixture
def stage(place):
    return Stage(place)
