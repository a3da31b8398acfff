"""Two ends of different releases over a real Unix socket, each the shipped code with another number in it."""

import asyncio
import json
import subprocess
import sys

import pytest
from waiting import PATIENCE

import xacct
from xacct import wire

HINT_OLD_DAEMON = "xacctctl restart; where that does not help, xacctctl stop && xacctctl start"
HINT_OLD_COMMAND = "Upgrade xacctctl, or look for an older one earlier in PATH (type -a xacctctl)."
COMMAND = (
    "import sys, xacct, xacct.wire; xacct.__version__, xacct.wire.API = sys.argv[1], int(sys.argv[2]);"
    "from xacct.ctl.main import main; sys.exit(main(sys.argv[3:]))"
)


async def xacctctl(control, version, api, *words):
    """Another release's xacctctl, as a process: its end of the wire is its own."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", COMMAND, version, str(api), *words],
        env={"XACCT_SOCKET": str(control.path), "PYTHONPATH": ":".join(sys.path), "HOME": str(control.path.parent)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def daemon_is(monkeypatch, version, api):
    monkeypatch.setattr(wire, "API", api)
    monkeypatch.setattr("xacct.control.versions.__version__", version)
    monkeypatch.setattr("xacct.control.api.__version__", version)
    monkeypatch.setattr("xacct.control.about.__version__", version)


@pytest.mark.parametrize(
    ("daemon", "command", "sentence", "hint"),
    [
        (
            ("0.1.0", 1),
            ("0.2.0", 2),
            "The running xacctd (0.1.0) is older than this xacctctl (0.2.0).",
            HINT_OLD_DAEMON,
        ),
        (
            ("0.2.0", 2),
            ("0.1.0", 1),
            "This xacctctl (0.1.0) is older than the running xacctd (0.2.0).",
            HINT_OLD_COMMAND,
        ),
    ],
)
@pytest.mark.parametrize("words", [("status",), ("login", "dev"), ("logout", "--all")])
async def test_of_two_apis_the_older_end_is_named_and_nothing_is_done(
    control, monkeypatch, daemon, command, sentence, hint, words
):
    daemon_is(monkeypatch, *daemon)
    async with control.serving():
        done = await xacctctl(control, *command, *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"xacctctl: {sentence}\n  hint: {hint}\n"
    assert control.sts.calls == []
    assert control.called == []


async def test_a_daemon_of_any_api_can_be_stopped(control, monkeypatch):
    daemon_is(monkeypatch, "0.9.0", 9)
    monkeypatch.setattr("os.getpid", lambda: 2**22 + 1)  # nobody's: xacctctl waits for that process to be gone
    async with control.serving():
        done = await xacctctl(control, "0.1.0", 1, "stop")
    assert (done.returncode, done.stderr) == (0, "")
    assert "stop" in control.called


async def test_an_older_daemon_is_replaced_by_a_restart(control, monkeypatch):
    """What it holds goes to the successor, which has the API of what is installed by then."""
    daemon_is(monkeypatch, "0.1.0", 1)

    async def succeed():
        control.called.append("succeed")
        daemon_is(monkeypatch, "0.2.0", 2)
        return 4712

    control.daemon.succeed = succeed
    async with control.serving():
        done = await xacctctl(control, "0.2.0", 2, "restart")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("(pid 4712).\n")
    assert "reload" not in control.called


async def test_a_newer_daemon_is_not_reloaded(control, monkeypatch):
    daemon_is(monkeypatch, "0.2.0", 2)
    async with control.serving():
        done = await xacctctl(control, "0.1.0", 1, "reload")
    assert done.returncode == 3
    assert "succeed" not in control.called
    assert "reload" not in control.called


async def test_another_release_of_the_same_api_works_and_status_says_so(control, monkeypatch):
    daemon_is(monkeypatch, "0.1.1", wire.API)
    async with control.serving():
        done = await xacctctl(control, "0.1.2", wire.API, "status")
        same = await xacctctl(control, "0.1.1", wire.API, "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "note: xacctd is 0.1.1, this xacctctl 0.1.2; xacctctl doctor says what to do." in done.stdout
    assert "xacctctl 0.1" not in same.stdout


async def test_who_names_no_api_is_served_and_told_ours(control):
    async with control.serving(), control.client.get("/v1/status") as answer:
        assert answer.status == 200
        assert answer.headers["Xacct-Version"] == xacct.__version__


@pytest.mark.parametrize("said", ["x", "²", "-1", ""])
async def test_an_api_that_is_no_number_is_a_bad_request(control, said):
    async with control.serving():
        status, error = await control.refused("GET", "/v1/status", headers={"Xacct-Api": said})
    assert (status, error["code"]) == (400, "bad-request")


async def test_a_version_that_is_none_is_not_repeated(control):
    async with control.serving():
        for said in ("9" * 33, "1.0<b>", "1.0 of mine", ""):
            status, error = await control.refused(
                "GET", "/v1/status", headers={"Xacct-Api": "9" * 40, "Xacct-Version": said}
            )
            assert (status, error["code"]) == (409, "other-version")
            assert error["sentence"] == f"The running xacctd ({xacct.__version__}) is older than this xacctctl."
            assert json.dumps(said)[1:-1] not in error["sentence"] or not said
