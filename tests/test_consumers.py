"""docs/consumers.md where no program has to be here: cron's and systemd's environments, a dev container's variables."""

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack import Stack
from waiting import PATIENCE, wait_until

PAGE = (Path(__file__).parents[1] / "docs/consumers.md").read_text("utf-8")
RUN_BY_THEMSELVES = (Path(__file__).parent / "contract/test_consumers.py").read_text("utf-8")
BIN = Path(sys.executable).parent
WHO = '#!/bin/sh\nexec {python} -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\'\n'


def block(heading):
    """The block of code below a heading of the page."""
    text = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.search(r"^```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("consumers") / "s") as stack:
        stack.login("prod")
        for name in (".local/bin", "bin"):
            (stack.dir / "home" / name).mkdir(parents=True)
        (stack.dir / "home/.local/bin/xacctctl").symlink_to(BIN / "xacctctl")
        for name in ("report", "backup"):
            program = stack.dir / "home/bin" / name
            program.write_text(WHO.format(python=sys.executable))
            program.chmod(0o755)
        yield stack


def alone(stack, *own):
    """The environment of what no shell has started: what is given, and what leads to the test's own daemon and STS."""
    ours = re.compile(r"AWS_.*|XDG_.*|XACCT_.*|HOME|.*_CA_BUNDLE|.*_proxy", re.IGNORECASE)
    return {**dict(own), **{name: value for name, value in stack.env.items() if ours.fullmatch(name)}}


def run(env, words, **how):
    given = {"capture_output": True, "text": True, "timeout": PATIENCE, "stdin": subprocess.DEVNULL} | how
    return subprocess.run(words, env=env, check=False, start_new_session=True, **given)


def test_each_recipe_was_run_or_says_that_it_was_not():
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    here = Path(__file__).read_text("utf-8")
    for section in sections:
        heading = section.partition("\n")[0]
        assert "*Run*" in section or "*Not run*" in section, heading
        if "*Run*" in section:
            tested = any(
                f'block("{each}' in here + RUN_BY_THEMSELVES for each in (heading, heading.partition(" and ")[0])
            )
            assert tested or heading == "AWS CDK and AWS SAM", heading


def test_cron(stack):
    *_, command = block("cron").strip().split("  ")
    env = alone(stack, ("LOGNAME", "alice"), ("USER", "alice"), ("SHELL", "/bin/sh"), ("PATH", "/usr/bin:/bin"))
    done = run(env, ["/bin/sh", "-c", command], cwd=env["HOME"])
    assert ":assumed-role/cross-account-role-name/" in done.stdout, done.stderr


def test_cron_where_nobody_has_logged_in_fails_and_asks_nobody(stack):
    *_, command = block("cron").strip().split("  ")
    stack.xacctctl("logout", "--all")
    try:
        done = run(alone(stack, ("PATH", "/usr/bin:/bin")), ["/bin/sh", "-c", command])
    finally:
        stack.login("prod")
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr


def test_systemd(stack, tmp_path):
    unit = block("systemd user units")
    sections = configparser.ConfigParser(interpolation=None)
    sections.optionxform = str
    sections.read_string(unit)
    command = shlex.split(sections["Service"]["ExecStart"].replace("%h", str(stack.dir / "home")))
    env = alone(stack, ("PATH", "/usr/bin:/bin"), ("INVOCATION_ID", "0" * 32))
    done = run(env, command)
    assert ":assumed-role/cross-account-role-name/" in done.stdout, done.stderr
    assert "exec backup" not in stack.xacctctl("grants").stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_reads_the_unit(tmp_path):
    home = tmp_path / "home"
    for name in (".local/bin/xacctctl", "bin/backup"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("#!/bin/sh\n")
        (home / name).chmod(0o755)
    (tmp_path / "backup.service").write_text(block("systemd user units").replace("%h", str(home)))
    (tmp_path / "xacctd.socket").write_text("[Socket]\nListenStream=/run/x\n")
    (tmp_path / "xacctd.service").write_text("[Service]\nExecStart=/bin/true\n")
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path), "PATH": os.environ["PATH"], "HOME": str(home)}
    done = run(runtime, ["systemd-analyze", "--user", "--man=no", "verify", str(tmp_path / "backup.service")])
    assert done.returncode == 0, done.stderr
    assert "backup.service" not in done.stderr


def test_a_dev_container(stack):
    said = json.loads(block("Dev containers"))
    started = {**stack.env, "PATH": f"{BIN}:/usr/bin:/bin"}
    refused = run(started, ["/bin/sh", "-c", said["initializeCommand"]])
    assert refused.returncode != 0
    assert "AWS_REGION" in said["remoteEnv"]
    with editor(stack, started) as code:
        assert run(code, ["/bin/sh", "-c", said["initializeCommand"]]).returncode == 0
        done = in_container(stack, code, said["remoteEnv"])
    assert ":assumed-role/cross-account-role-name/" in done.stdout, done.stderr
    assert "exec code" not in stack.xacctctl("grants").stdout


CODE = """#!/bin/sh
# VS Code's launcher: it leaves the editor behind, and ends.
env -0 > "$HOME/part" && mv "$HOME/part" "$HOME/code.env"
cat "$HOME/fifo" &
"""


@contextmanager
def editor(stack, env):
    """The environment of a VS Code that was started by the page's line, while it runs."""
    home = stack.dir / "home"
    os.mkfifo(home / "fifo")
    (home / "bin/code").write_text(CODE)
    (home / "bin/code").chmod(0o755)
    line = re.search(r"`(xacctctl exec [^`]* code \.) &`", PAGE)[1]
    env = {**env, "PATH": f"{home / 'bin'}:{env['PATH']}"}
    with subprocess.Popen(shlex.split(line), env=env, start_new_session=True) as started:
        try:
            wait_until((home / "code.env").exists, what="the editor")
            printed = (home / "code.env").read_text()
            yield dict(each.split("=", 1) for each in printed.split("\0") if "=" in each)
            assert started.poll() is None
        finally:
            started.terminate()  # what is left is asked to end


def in_container(stack, code, remote_env):
    """What a program says that has nothing but the variables of the block."""

    def local(found):
        return code.get(found[1], "")

    inside = {name: re.sub(r"\$\{localEnv:(\w+)\}", local, value) for name, value in remote_env.items()}
    endpoint = {
        "AWS_DEFAULT_REGION": inside["AWS_REGION"],
        "AWS_ENDPOINT_URL_STS": stack.env["AWS_ENDPOINT_URL_STS"],
        "PATH": "/usr/bin:/bin",
    }
    return run({**endpoint, **inside}, [str(stack.dir / "home/bin/report")])
