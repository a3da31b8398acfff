"""A guided tour of xacct against a local STS, in about half a minute. It needs no AWS account and touches none.

usage: make demo            (or: .venv/bin/python scripts/demo.py)

Everything happens in a directory of its own under /tmp: the sandbox (a local STS that enforces MFA), the daemon,
AWS files made for the occasion. Your own AWS files, ports and daemons are left alone, and all that was started
here ends with it, on Ctrl-C and on failure too. What the tour shows it also checks: the last line is `demo: ok`
and the exit status 0, or else `demo: failed: WHY` and 1.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

LIMIT = 120
"""Seconds after which something hangs; the tour takes about thirty."""

PATIENCE = 30.0
"""Seconds that one command, or the start of one server, may take."""

LIFETIME = 10
"""Seconds that role credentials live here. At AWS it would be an hour, and the tour a day."""

REFUSED = 255
"""The status of the AWS CLI 1 where AWS refuses a call."""

LOOP_SECONDS = 18
RENEWALS = 2
"""How many renewals the loop must see at least: it is three or four when the machine has time."""

PROGRAMS = {
    "xacctctl": [sys.executable, "-m", "xacct.ctl"],
    "xacctd": [sys.executable, "-m", "xacct.daemon"],
    "xacct-sandbox": [sys.executable, "-m", "xacct.sandbox"],
    "aws": [sys.executable, "-m", "awscli"],
    "python": [sys.executable],
}
"""The commands as a reader would type them, and as this checkout runs them."""

FOREIGN = ("AWS_", "XACCT_", "XDG_", "BOTO", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
"""What the environment may say about the user's own AWS, xacct and network begins with these."""

LOOP = r"""# One boto3 session, one client, and not a word about xacct or about renewing.
import boto3, re, sys, time

began, calls, signed_with = time.monotonic(), 0, []

def look(request, **_):
    key = re.search("Credential=([A-Z0-9]+)/", str(request.headers["Authorization"]))[1]
    if signed_with[-1:] != [key]:
        print(f"\n{time.monotonic() - began:6.1f} s  key ...{key[-6:]} ", end="", flush=True)
        signed_with.append(key)

sts = boto3.Session().client("sts")
sts.meta.events.register("before-send.sts", look)
while time.monotonic() - began < float(sys.argv[1]):
    sts.get_caller_identity()
    calls += 1
    print(".", end="", flush=True)
    time.sleep(0.5)
print(f"\n{calls} calls, all accepted, signed with {len(set(signed_with))} keys one after the other")
"""


class Failed(Exception):
    """The tour did not show what it promised. The message says what."""


class Tour:
    """The stage: a directory, an environment that knows nothing of the user's, and what was started."""

    def __init__(self, directory: Path) -> None:
        self.dir = directory
        self.env = scrubbed(os.environ, directory)
        self.started: list[subprocess.Popen[bytes]] = []
        self.steps = 0

    def step(self, title: str, *words: str) -> None:
        """Say what comes next."""
        self.steps += 1
        print(f"\n{self.steps}. {title}")
        for line in words:
            print(f"   {line}")
        print()

    def run(self, line: str, *, typed: str = "", expect: int = 0, edit: Callable[[str], str] = str) -> str:
        """Run a command line, show it and what it said, and return that.

        Args:
            line: as a person would type it.
            typed: what comes on its standard input.
            expect: the exit status it must have.
            edit: makes what is shown shorter.
        """
        print(f"$ {line} <<< {typed}" if typed else f"$ {line}")
        # Without a terminal nothing here can ask a question and wait for an answer.
        child = self._spawn(line, subprocess.PIPE, start_new_session=True, typed=bool(typed))
        try:
            said = child.communicate(typed.encode() if typed else None, timeout=PATIENCE)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            raise Failed(f"`{line}` did not end within {PATIENCE:.0f} s") from None
        print(edit(said).rstrip())
        if child.returncode != expect:
            raise Failed(f"`{line}` ended with status {child.returncode} instead of {expect}")
        if expect:
            print(f"[exit status {expect}]")
        return said

    def stream(self, line: str) -> str:
        """Like `run`, for a command that shows its progress."""
        print(f"$ {line}", flush=True)
        child = self._spawn(line, subprocess.PIPE)
        assert child.stdout is not None  # noqa: S101
        decoder, said = codecs.getincrementaldecoder("utf-8")("replace"), ""
        while piece := os.read(child.stdout.fileno(), 4096):
            text = decoder.decode(piece)
            said += text
            sys.stdout.write(text)
            sys.stdout.flush()
        if child.wait(PATIENCE):
            raise Failed(f"`{line}` ended with status {child.returncode}")
        return said

    def start(self, line: str, log: str, ready: Callable[[], bool]) -> int:
        """Start a server in the background and wait until it is ready. Returns its process id."""
        print(f"$ {line} &")
        with (self.dir / log).open("ab") as sink:
            # In a session of its own: Ctrl-C is for the tour, which then ends its servers in the right order.
            child = self._spawn(line, sink, start_new_session=True)
        end = time.monotonic() + PATIENCE
        while not ready():
            if child.poll() is not None:
                raise Failed(f"{line} ended with status {child.returncode}: {self.last_words(log)}")
            if time.monotonic() > end:
                raise Failed(f"{line} was not ready within {PATIENCE:.0f} s: {self.last_words(log)}")
            time.sleep(0.02)
        return child.pid

    def _spawn(
        self, line: str, out: int | IO[bytes], *, start_new_session: bool = False, typed: bool = False
    ) -> subprocess.Popen[bytes]:
        words = [word for part in shlex.split(line) for word in PROGRAMS.get(part, [part])]
        child = subprocess.Popen(
            words,
            env=self.env,
            cwd=self.dir,
            stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=start_new_session,
        )
        self.started.append(child)
        return child

    def last_words(self, log: str) -> str:
        """The end of a log, for a failure's sake."""
        with suppress(OSError):
            return " | ".join((self.dir / log).read_text(errors="replace").splitlines()[-3:]) or "it said nothing"
        return "it said nothing"

    def calls(self) -> list[dict[str, object]]:
        """What the sandbox has been asked so far."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.env["AWS_ENDPOINT_URL_STS"] + "/_sandbox/calls", timeout=PATIENCE) as answer:
            calls: list[dict[str, object]] = json.load(answer)
        return calls

    def end(self) -> None:
        """End what was started, the last first, and remove the directory."""
        for child in reversed(self.started):
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(5)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def scrubbed(environ: os._Environ[str], directory: Path) -> dict[str, str]:
    """An environment without the user's own AWS, xacct, proxies and home."""
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(FOREIGN)}
    return kept | {
        "HOME": str(directory / "home"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }


def check(holds: object, what: str) -> None:
    """Fail unless `holds`."""
    if not holds:
        raise Failed(what)


# The tour.


def tour(stage: Tour) -> None:
    """Walk through it."""
    start_sandbox(stage)
    start_daemon(stage)
    log_in(stage)
    refused(stage)
    one_command(stage)
    narrower(stage)
    renewal(stage)
    look_around(stage)
    for_old_programs(stage)
    add_up(stage)
    stop(stage)


def start_sandbox(stage: Tour) -> None:
    """A local STS."""
    stage.step(
        "A local AWS STS that really enforces MFA, external ids, durations and signatures.",
        f"Role credentials live {LIFETIME} seconds in it instead of an hour, so that you can watch renewals.",
    )
    (stage.dir / "home").mkdir()
    ready = stage.dir / "ready"
    stage.start(f"xacct-sandbox run --dir {stage.dir} --max-lifetime {LIFETIME}", "xacct-sandbox.log", ready.exists)
    lines = (stage.dir / "env").read_text().splitlines()
    stage.env |= dict(shlex.split(line)[1].split("=", 1) for line in lines)
    print(f"$ . {stage.dir}/env")
    print("\nIt made an AWS config file like yours. One of the profiles:\n")
    print(profile(Path(stage.env["AWS_CONFIG_FILE"]), "prod"))


def profile(config: Path, name: str) -> str:
    """One section of an AWS config file."""
    return re.findall(rf"(\[profile {name}\]\n(?:.+\n)+)", config.read_text())[0].rstrip()


def start_daemon(stage: Tour) -> None:
    """The agent."""
    stage.step("The agent. (In daily life xacctctl starts it when it is missing.)")
    control = Path(stage.env["XDG_RUNTIME_DIR"]) / "xacct" / "control.sock"
    pid = stage.start("xacctd", "xacctd.log", lambda: answers(control))
    print(f"It runs as process {pid}, and serves SDKs at http://127.0.0.1:{stage.env['XACCT_PORT']}.")


def answers(control: Path) -> bool:
    """Whether somebody listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(control))
        except OSError:
            return False
    return True


def log_in(stage: Tour) -> None:
    """One wrong code, one right one."""
    stage.step("Your MFA device shows a code. (Here the sandbox plays the device.)")
    code = stage.run(f"xacct-sandbox code --dir {stage.dir}").strip()
    stage.step("A wrong code is refused, with a sentence that says what to do.")
    wrong = f"{(int(code) + 271828) % 1000000:06d}"
    said = stage.run("xacctctl login prod --code -", typed=wrong, expect=5)
    check("did not accept the MFA code" in said, "the wrong code was not called wrong")
    stage.step("The right one, once, for two roles in two accounts. (Without --code, xacctctl asks for it.)")
    said = stage.run("xacctctl login prod staging --code -", typed=code)
    check(said.count(": held for ") == 2, "login does not hold both roles")  # noqa: PLR2004


def one_command(stage: Tour) -> None:
    """The unmodified AWS CLI."""
    stage.step(
        "The AWS command line, unmodified, in prod. It fetches its credentials from the agent's endpoint:",
        "its environment holds an address and a token for this one command, no keys.",
    )
    said = json.loads(stage.run("xacctctl exec prod -- aws sts get-caller-identity"))
    check("assumed-role/cross-account-role-name/" in said["Arn"], "the AWS CLI was somebody else than prod")


def narrower(stage: Tour) -> None:
    """Less than the role may."""
    stage.step(
        "For a script or an agent that you don't fully trust: prod, for reading only. AWS itself refuses the write.",
        "(Here the sandbox does. What runs in there can't ask the agent for more, either.)",
    )
    write = """aws dynamodb put-item --table-name notes --item '{"id": {"S": "1"}}'"""
    said = stage.run(f"xacctctl exec prod --read-only -- {write}", expect=REFUSED)
    check("AccessDenied" in said and "PutItem" in said, "the write was not refused by its policy")


def renewal(stage: Tour) -> None:
    """A long-running program."""
    program = stage.dir / "loop.py"
    program.write_text(LOOP)
    stage.step(
        f"A program that outlives its credentials: one boto3 session, {LOOP_SECONDS} s long; keys live {LIFETIME} s.",
        "Each dot is an accepted call, each line a new key: renewed by the agent, ahead of time, without a code.",
    )
    said = stage.stream(f"xacctctl exec prod -- python {program} {LOOP_SECONDS}")
    keys = set(re.findall(r"key \.\.\.(\w+)", said))
    check(len(keys) > RENEWALS, f"the loop saw {len(keys)} keys, not {RENEWALS + 1} or more")
    check("all accepted" in said, "the loop did not get through")


def look_around(stage: Tour) -> None:
    """Status and the plan for a role."""
    stage.step(
        "What is held, for how long, and how long without a code. Nobody has used staging, so it has lapsed:",
        "it is had anew, without a code, when somebody asks. (Twenty more roles left out.)",
    )
    said = stage.run("xacctctl status", edit=without_fleet)
    for role, state in (("prod", "held"), ("staging", "idle")):
        check(re.search(rf"^{role} .* {state} ", said, re.MULTILINE), f"status does not say that {role} is {state}")
    stage.step("Why it is so: the path to a role, step by step.")
    said = stage.run("xacctctl explain second")
    check("no MFA" in said, "explain does not warn of the second hop")


def without_fleet(text: str) -> str:
    """The status without twenty lines that say the same."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("fleet-"))


def refused(stage: Tour) -> None:
    """A mistake in the configuration."""
    stage.step("A mistake in a profile. The role's trust policy wants an external id, and this profile has none.")
    said = stage.run("xacctctl login noexternalid", expect=5)
    check("external_id" in said, "the refusal does not mention the external id")
    stage.step("The same role through a profile that has it. The session is there already, so no code is asked for.")
    said = stage.run("xacctctl login thirdparty")
    check("thirdparty: held for " in said, "thirdparty is not held")


def for_old_programs(stage: Tour) -> None:
    """credential_process, and what is on the disk."""
    stage.step("For programs that know no endpoint: credential_process in ~/.aws/config. (Secrets shortened here.)")
    keys = json.loads(stage.run("xacctctl process prod", edit=shortened))
    long_term = (stage.dir / "aws" / "credentials").read_text().split()[-1]
    secrets = [keys["SecretAccessKey"], keys["SessionToken"], long_term]
    stage.step("Did any of that reach the disk? A search through all that the agent has written, its log included:")
    searched = 0
    for file in written_by_agent(stage):
        searched += 1
        text = file.read_bytes()
        check(not any(secret.encode() in text for secret in secrets), f"a secret lies in {file}")
    check(searched, "there was nothing to search")
    print(f"{searched} files searched for the access key's secret, the role's secret and its token: none found.")


def written_by_agent(stage: Tour) -> Iterable[Path]:
    """Every file of the daemon."""
    yield stage.dir / "xacctd.log"
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        yield from (path for path in Path(stage.env[name]).rglob("*") if path.is_file())


def shortened(text: str) -> str:
    """JSON whose long values are cut."""
    return re.sub(r'("(?:SecretAccessKey|SessionToken)": ")([^"]{4})[^"]*"', r'\1\2..."', text)


def add_up(stage: Tour) -> None:
    """What it took, by the sandbox's own books."""
    stage.step("What it took, by the sandbox's own books.")
    calls = stage.calls()
    accepted = sum(bool(call["mfa"]) for call in calls)
    by_action = {
        action: sum(call["action"] == action and call["status"] == 200 for call in calls)  # noqa: PLR2004
        for action in ("GetSessionToken", "AssumeRole", "GetCallerIdentity")
    }
    refusals = sum(call["error"] is not None for call in calls)
    print(f"MFA codes accepted   {accepted}")
    print(f"GetSessionToken      {by_action['GetSessionToken']:<4} the MFA session that all roles share")
    print(f"AssumeRole           {by_action['AssumeRole']:<4} three roles, and their renewals")
    print(f"GetCallerIdentity    {by_action['GetCallerIdentity']:<4} the programs' own calls")
    print(f"refused              {refusals:<4} the wrong code, the missing external id and the write, as you saw")
    check(accepted == 1, f"{accepted} codes were accepted, not 1")
    check(by_action["GetSessionToken"] == 1, "there was more than one MFA session")
    check(refusals == 3, f"{refusals} calls were refused, not 3")  # noqa: PLR2004


def stop(stage: Tour) -> None:
    """The end."""
    stage.step("The end of the day.")
    said = stage.run("xacctctl stop")
    check("has stopped" in said, "the agent did not stop")


# The frame.


def on_signal(number: int, _frame: FrameType | None) -> None:
    """Leave by way of the clean-up, whoever wants us gone."""
    if number == signal.SIGALRM:
        raise Failed(f"it took more than {LIMIT} s")
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def main() -> int:
    """Run the tour. Returns the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, on_signal)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    began = time.monotonic()
    # Under /tmp, whatever TMPDIR says: the path of a Unix socket has 104 characters on macOS.
    stage = Tour(Path(tempfile.mkdtemp(prefix="xacct-demo-", dir="/tmp")))
    try:
        with ExitStack() as stack:
            stack.callback(end_undisturbed, stage)
            signal.alarm(LIMIT)
            tour(stage)
    except Failed as failure:
        print(f"\ndemo: failed: {failure}")
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; everything that it started has ended")
        return 130
    print(f"\nAll that was started has ended, and {stage.dir} is gone. It took {time.monotonic() - began:.0f} s.")
    print("demo: ok")
    return 0


def end_undisturbed(stage: Tour) -> None:
    """End everything; a second Ctrl-C must not leave a daemon behind."""
    signal.alarm(0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    stage.end()


if __name__ == "__main__":
    sys.exit(main())
