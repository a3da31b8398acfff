"""Real clocks of the operating system, moved under a real daemon: a suspend, a step, a clock that was always wrong.

A suspend is a time namespace: a process that enters one sees CLOCK_BOOTTIME jump while its timers stand still. A step
is libfaketime, with CLOCK_MONOTONIC and CLOCK_BOOTTIME left alone.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import urllib.request
from pathlib import Path

import pytest
from stack import Stack, wait_until

pytestmark = pytest.mark.system

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def fetch(environment):
    """What an SDK gets: the parsed credentials."""
    request = urllib.request.Request(
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        headers={"Authorization": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


# A suspend.

ENTER_TIME_NAMESPACE = """
    import asyncio, ctypes, os, signal, sys
    from xacct.daemon import __main__ as entry_point
    from xacct.daemon import run
    from xacct.host import threads

    threads.KEPT = 0  # only a process of one thread may enter
    real_run = run.Run.run

    async def run_with_a_lid(*arguments):
        def close_the_lid():
            # The executor's threads are idle, and come back when needed.
            asyncio.get_running_loop()._default_executor and asyncio.get_running_loop()._default_executor.shutdown()
            asyncio.get_running_loop()._default_executor = None
            descriptor = os.open(sys.argv.pop(), os.O_RDONLY)
            for _ in range(100_000):  # Python calls a thread joined a moment before the kernel does
                if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x80) == 0:
                    return os.write(2, b"entered the namespace\\n")
                os.sched_yield()  # and no sleep: libfaketime lets it fail
            os.write(2, b"not let into the namespace: %s\\n" % os.strerror(ctypes.get_errno()).encode())
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, close_the_lid)
        await real_run(*arguments)

    run.Run.run = run_with_a_lid
    run._runner = lambda: asyncio.run
    entry_point.main(["--log-level", "debug"])
"""


@pytest.fixture
def two_hours_later():
    """A time namespace two hours ahead in CLOCK_BOOTTIME."""
    if os.geteuid() != 0 or not Path("/proc/self/ns/time_for_children").exists():
        pytest.skip("time namespaces take root and a kernel that has them")
    sleeper = subprocess.Popen(["unshare", "-T", "--boottime", "7200", "-f", "sleep", "600"])
    children = Path(f"/proc/{sleeper.pid}/task/{sleeper.pid}/children")
    child = wait_until(lambda: children.read_text().split(), what="the time namespace")[0]
    yield f"/proc/{child}/ns/time"
    os.kill(int(child), signal.SIGTERM)
    sleeper.wait(10)


def test_a_suspend_of_two_hours(tmp_path, two_hours_later, wrong_clock, monkeypatch):
    """The boot-time clock jumps by a namespace, wall clocks by libfaketime, AWS's (the sandbox's) included."""
    environment, set_clock = wrong_clock
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # The audit's threads would keep it out of the namespace.
    with Stack(tmp_path / "s", daemon=False, apart=True, settings="[audit]\nenabled = false\n") as stack:
        script = tmp_path / "daemon_with_a_lid.py"
        script.write_text(textwrap.dedent(ENTER_TIME_NAMESPACE))
        with (stack.dir / "daemon.log").open("ab") as log:
            stack.daemon = subprocess.Popen([sys.executable, str(script), two_hours_later], env=stack.env, stderr=log)
        wait_until(stack._answers, what="the daemon")
        stack.login("prod")
        environment = stack.environment("prod")
        before = fetch(environment)
        stack.daemon.send_signal(signal.SIGUSR1)
        wait_until(lambda: "namespace" in stack.log(), what="entering the namespace")
        set_clock("+2h")
        assert "entered" in stack.log()
        after = fetch(environment)
        assert after["AccessKeyId"] != before["AccessKeyId"], "an hour's credentials cannot have outlived two"
        assert len(stack.calls("GetSessionToken")) == 1
        wait_until(lambda: "resumed" in stack.log(), seconds=40, what="noticing")


# A step.


@pytest.fixture
def wrong_clock(tmp_path):
    """An environment in which a file says by how much the wall clock is off; and a function to write it."""
    if FAKETIME is None or shutil.which("faketime") is None:
        pytest.skip("libfaketime is not installed")
    offset = tmp_path / "offset"

    def set_clock(what):
        offset.write_text(what)

    set_clock("+0")
    return {
        "LD_PRELOAD": str(FAKETIME.with_name("libfaketimeMT.so.1")),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }, set_clock


def test_a_clock_step_of_a_day_and_back(tmp_path, wrong_clock):
    environment, set_clock = wrong_clock
    with Stack(tmp_path / "s", daemon=False) as stack:
        stack.env |= environment
        stack.start()
        stack.login("prod", "staging", code=code_of(stack))
        consumer = stack.environment("prod")
        first = fetch(consumer)
        for step in ("+24h", "-24h", "+0"):
            set_clock(step)
            assert fetch(consumer)["Expiration"] >= first["Expiration"]
            assert stack.status("prod")["state"] == "held"
        assert len(stack.calls("GetSessionToken")) == 1
        assert all(call["status"] == 200 for call in stack.calls("AssumeRole"))


def test_a_clock_that_was_always_wrong_is_worked_around_and_said(tmp_path, wrong_clock):
    environment, set_clock = wrong_clock
    set_clock("-2h")
    with Stack(tmp_path / "s", daemon=False) as stack:
        stack.env |= environment
        stack.start()
        stack.login("prod", code=code_of(stack))
        assert fetch(stack.environment("prod"))["AccessKeyId"]
        [*refused, accepted] = stack.calls("GetSessionToken")  # so far off, it takes two to be believed
        assert {(call["error"], call["mfa"]) for call in refused} == {("SignatureDoesNotMatch", False)}
        assert (accepted["status"], accepted["mfa"]) == (200, True)
        assert any("clock is about 120 min behind" in note for note in stack.status()["notes"])


def code_of(stack):
    """The device's clock is right, whatever the daemon's is."""
    real = {name: value for name, value in stack.env.items() if not name.startswith(("FAKETIME", "LD_PRELOAD"))}
    asked = [sys.executable, "-m", "xacct.sandbox", "code", "--dir", str(stack.dir)]
    return subprocess.run(asked, env=real, check=True, capture_output=True, text=True).stdout.strip()
