import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time

import pytest
from waiting import PATIENCE, wait_until

from xacct import __version__
from xacct.sandbox import cli, code, files, totp
from xacct.sandbox.code import fresh_code
from xacct.sandbox.default_world import MFA_SERIAL

SANDBOX = [sys.executable, "-m", "xacct.sandbox"]
# One process that sources DIR/env as a user's shell would and calls STS with an unmodified SDK.
CALL = """
import sys, boto3
sts = boto3.Session(profile_name="central").client("sts")
print(sts.get_session_token(SerialNumber=sys.argv[1], TokenCode=sys.argv[2]))
"""


@contextlib.contextmanager
def running(directory, *options):
    command = [*SANDBOX, "run", "--dir", str(directory), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: (directory / "ready").exists() or process.poll() is not None, what="the sandbox")
            assert process.poll() is None, process.stderr.read()
            yield process
        finally:
            process.kill()


def ended(process, number):
    process.send_signal(number)
    _, told = process.communicate(timeout=PATIENCE)
    return process.returncode, told


def call(directory, digits):
    script = f'. {shlex.quote(str(directory / "env"))}; exec "$0" -c "$1" "$2" "$3"'
    return subprocess.run(
        ["sh", "-c", script, sys.executable, CALL, MFA_SERIAL, digits],
        env={"PATH": os.environ["PATH"], "HOME": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [[], ["--no-scoped-credentials"]])
def test_an_sts_of_before_scoped_credentials(tmp_path, monkeypatch, options):
    worlds = []
    monkeypatch.setattr("xacct.sandbox.run.Sandbox", lambda world, **_: worlds.append(world))
    monkeypatch.setattr("xacct.sandbox.run.asyncio.run", lambda work: work.close())
    assert cli.main(["run", "--dir", str(tmp_path), *options]) == 0
    assert [world.scoped_credentials for world in worlds] == [not options]


def test_run_source_call_end(tmp_path):
    directory = tmp_path / "a sandbox"
    with running(directory, "--max-lifetime", "8") as process:
        identity = files.load_identity(directory)
        digits, step = fresh_code(directory), time.time() // totp.STEP_SECONDS
        first, again = call(directory, digits), call(directory, digits)
        assert first.returncode == 0, first.stderr
        assert "invalid MFA one time pass code" in again.stderr
        waits = []
        step_later(directory, waits)
        same_step = time.time() // totp.STEP_SECONDS == step
        status, told = ended(process, signal.SIGTERM)
    assert status == 0
    assert told.startswith("xacct-sandbox listens at http://127.0.0.1:")
    assert "Traceback" not in told
    assert identity.secret not in told
    assert not (directory / "ready").exists()
    # On a slow machine the next step has begun meanwhile, and its code is fresh.
    assert len(waits) == 1 or not same_step
    assert all(0 < wait <= totp.STEP_SECONDS + 0.1 for wait in waits)


def step_later(directory, waits):
    """Ask for a code while this step's is used up; note the wait instead of waiting."""

    class Enough(Exception):
        pass

    def sleep(seconds):
        waits.append(seconds)
        raise Enough

    with contextlib.suppress(Enough):
        fresh_code(directory, sleep)


def test_a_second_run_keeps_the_identity_and_sigint_ends_it(tmp_path):
    kept = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with running(tmp_path) as process:
            kept.append(files.load_identity(tmp_path))
            assert ended(process, number)[0] == 0
    assert kept[0] == kept[1]


def test_one_directory_holds_one_sandbox(tmp_path, capsys):
    with running(tmp_path):
        assert cli.main(["run", "--dir", str(tmp_path)]) == 2
        assert capsys.readouterr().err == (
            f"xacct-sandbox: A sandbox is running in {tmp_path} already.\n"
            "Hint: Use that one, end it, or choose another --dir.\n"
        )
        assert (tmp_path / "ready").exists()


def test_code_prints_a_code(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # must not come between
    with running(tmp_path):
        assert cli.main(["code", "--dir", str(tmp_path)]) == 0
    assert re.fullmatch(r"\d{6}\n", capsys.readouterr().out)


def test_code_without_a_sandbox(tmp_path, capsys):
    assert cli.main(["code", "--dir", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"xacct-sandbox: No sandbox is running in {tmp_path}.\n"
        f"Hint: Start one with: xacct-sandbox run --dir {tmp_path}\n"
    )


@pytest.mark.parametrize("ready", ["http://127.0.0.1:1\n", "http://example.com/\n", ""])
def test_code_with_a_ready_file_left_behind(tmp_path, capsys, ready):
    files.load_or_make_identity(tmp_path)
    (tmp_path / "ready").write_text(ready)
    assert cli.main(["code", "--dir", str(tmp_path)]) == 2
    assert "No sandbox is running" in capsys.readouterr().err


def test_code_asks_nobody_but_this_machine():
    with pytest.raises(ValueError, match=re.escape("http://example.com/")):
        code._ask("http://example.com/")


def test_a_ready_file_left_behind_is_not_believed(tmp_path, capsys):
    (tmp_path / "ready").write_text("http://127.0.0.1:1\n")
    (tmp_path / "identity.json").write_text("{}")
    assert cli.main(["run", "--dir", str(tmp_path)]) == 2
    assert "is not the identity of a sandbox" in capsys.readouterr().err
    assert not (tmp_path / "ready").exists()


def test_a_taken_port(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["run", "--dir", str(tmp_path), "--port", str(port)]) == 2
    assert capsys.readouterr().err == (
        f"xacct-sandbox: Port {port} on 127.0.0.1 can't be had: Address already in use.\n"
        "Hint: Choose another --port, or leave it out for a free one.\n"
    )


def test_a_directory_that_cannot_be_one(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert cli.main(["run", "--dir", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == (
        f"xacct-sandbox: The directory {tmp_path / 'file'} can't be used: File exists.\n"
        "Hint: Choose a --dir that you can write to.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "80000"], "Argument --port: '80000' is no port; use 0 to 65535."),
        (["--port", "-1"], "Argument --port: '-1' is no port; use 0 to 65535."),
        (["--port", "http"], "Argument --port: 'http' is no port; use 0 to 65535."),
        (["--max-lifetime", "0"], "'0' is no number of seconds above 0."),
        (["--max-lifetime", "nan"], "'nan' is no number of seconds above 0."),
        (["--max-lifetime", "inf"], "'inf' is no number of seconds above 0."),
        (["--max-lifetime", "soon"], "'soon' is no number of seconds above 0."),
        (["--prot", "1"], "Unrecognized arguments: --prot 1."),
    ],
)
def test_nonsense(tmp_path, capsys, arguments, sentence):
    assert cli.main(["run", "--dir", str(tmp_path), *arguments]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert told[0].startswith("xacct-sandbox: ")
    assert told[0].endswith(sentence)
    assert told[1].startswith("Hint: xacct-sandbox")


def test_no_command(capsys):
    assert cli.main([]) == 2
    assert "The following arguments are required: COMMAND." in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"xacct-sandbox {__version__}\n"


def test_help_shows_an_example(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert "xacct-sandbox code --dir" in capsys.readouterr().out
