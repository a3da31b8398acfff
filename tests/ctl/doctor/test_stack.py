"""The whole, against a real daemon with roles held, in the shell of a consumer."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from stack import Stack
from waiting import PATIENCE

import xacct


@pytest.fixture(scope="module")
def stack():
    directory = Path(tempfile.mkdtemp(prefix="xd", dir="/tmp"))
    with Stack(directory / "s") as stack:
        stack.env.setdefault("PYTHONPATH", str(Path(xacct.__file__).parents[1]))
        stack.login("prod")
        yield stack
    shutil.rmtree(directory)


def doctor(environ, *words):
    done = subprocess.run(
        [sys.executable, "-m", "xacct.ctl", "doctor", "--json", *words],
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, [(row["id"], row["state"]) for row in json.loads(done.stdout)]


WELL = [
    *("daemon-running", "daemon-api", "daemon-version", "daemon-code", "daemon-locked", "role-failed"),
    *("runtime-dir", "control-socket", "grants-dir", "state-dir", "settings-file", "aws-files"),
    *("endpoint-port", "endpoint-proxy", "clock-skew"),
    *("shell-endpoint", "shell-token", "shell-grant", "shell-keys", "shell-profile", "default-profile"),
    "polars-keys",
    *("role-mfa", "mfa-serial", "credential-process", "stored-keys", "aws-file-modes"),
]


def test_all_is_well(stack):
    status, found = doctor(stack.environment("prod") | {"HOME": stack.env["HOME"]} | files(stack))
    assert [state for _, state in found if state == "broken"] == []
    assert status == 0
    assert {name for name, state in found if state == "ok"} >= set(WELL)


def files(stack):
    return {name: stack.env[name] for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE") if name in stack.env}


def test_what_is_wrong_is_found(stack):
    environ = stack.environment("prod") | files(stack) | {"AWS_ACCESS_KEY_ID": "AKIA", "HTTP_PROXY": "http://p:1"}
    environ |= {"NO_PROXY": "", "no_proxy": ""}
    stack.api("POST", "/v1/lock")
    for grant in stack.api("GET", "/v1/grants")["grants"]:
        stack.api("DELETE", f"/v1/grants/{grant['id']}")
    status, found = doctor(environ)
    stack.api("POST", "/v1/unlock")
    assert status == 1
    assert {name for name, state in found if state == "broken"} == {
        "shell-token",
        "shell-grant",
        "shell-keys",
        "proxy-endpoint",
    }
    assert ("daemon-locked", "warning") in found


def test_a_role_that_is_gone(stack):
    status, found = doctor(stack.environment("prod") | files(stack), "--role", "gone")
    assert status == 1
    assert ("role-known", "broken") in found


def test_an_upgrade_under_a_running_daemon(stack):
    code = stack.dir / "code"
    shutil.copytree(Path(xacct.__file__).parent, code / "xacct")
    stack.stop()
    ours = stack.env["PYTHONPATH"]
    stack.env["PYTHONPATH"] = str(code)
    stack.start()
    stack.env["PYTHONPATH"] = ours
    environ = stack.environment("prod") | files(stack)
    assert ("daemon-code", "ok") in doctor(environ)[1]
    with (code / "xacct/wire.py").open("a") as wire:
        wire.write("# newer\n")
    assert ("daemon-code", "warning") in doctor(environ)[1]
