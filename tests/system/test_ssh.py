"""`xacctctl ssh` through a real sshd on a loopback port: the role there, and nothing left behind."""

import contextlib
import fcntl
import os
import pty
import pwd
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from stack import Stack, wait_until

SSHD = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin")
XACCTCTL = [sys.executable, "-m", "xacct.ctl", "ssh", "prod"]
WHO = f'{sys.executable} -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\''
PROD = "arn:aws:sts::234567890123:assumed-role/cross-account-role-name/"
TOKEN = "$AWS_CONTAINER_AUTHORIZATION_TOKEN"

pytestmark = pytest.mark.skipif(SSHD is None or shutil.which("ssh") is None, reason="no sshd, or no ssh here")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("h") / "s") as stack:
        stack.login("prod", "staging")
        yield stack


class Far:
    """A machine that one can go to with ssh: this one, by another door."""

    def __init__(self, directory, stack, extra=""):
        self.dir = directory
        self.stack = stack
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / key], check=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self.config = directory / "sshd_config"
        self.config.write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {directory}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
            f"AuthorizedKeysFile {directory}/user.pub\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"SetEnv AWS_ENDPOINT_URL_STS={stack.env['AWS_ENDPOINT_URL_STS']} AWS_CONFIG_FILE=/dev/null"
            f" AWS_SHARED_CREDENTIALS_FILE={directory}/credentials\n{extra}\n"
        )

    def __enter__(self):
        with (self.dir / "log").open("wb") as log:
            self.sshd = subprocess.Popen([SSHD, "-D", "-e", "-f", self.config], stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self._answers, what="sshd")
        return self

    def __exit__(self, *_):
        self.sshd.terminate()
        self.sshd.wait()

    def _answers(self):
        assert self.sshd.poll() is None, (self.dir / "log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as met:
            return met.recv(4) == b"SSH-"
        return False

    def words(self, *command, options=()):
        return [
            *XACCTCTL,
            *("-F", "/dev/null", "-p", str(self.port), "-i", str(self.dir / "user"), "-o", "IdentitiesOnly=yes"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
            *options,
            f"{pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1",
            *command,
        ]

    @property
    def env(self):
        """That of whoever goes there."""
        return {**self.stack.env, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}

    def run(self, *command, options=(), **more):
        words = self.words(*command, options=options)
        return subprocess.run(words, env=self.env, capture_output=True, timeout=60, check=False, **more)

    def go(self, *command, options=(), **more):
        """Go there, and come back later."""
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(self.words(*command, options=options), env=self.env, **{**streams, **more})


@pytest.fixture(scope="module")
def remote_env(tmp_path_factory, stack):
    with Far(tmp_path_factory.mktemp("far"), stack) as remote_env:
        yield remote_env


def pipes():
    return set(Path("/tmp").glob("xacct.*"))


def grants(stack):
    return stack.api("GET", "/v1/grants")["grants"]


def connections(stack):
    return list((Path(stack.env["XDG_RUNTIME_DIR"]) / "xacct").glob("s[0-9]*"))


@pytest.fixture(autouse=True)
def nothing_is_left(remote_env, stack):
    """No grant, no connection, no pipe there, no process of sshd that could listen: after each of these tests."""
    before = pipes()
    yield
    wait_until(lambda: not grants(stack), what="the end of the grant")
    wait_until(lambda: pipes() == before, what="the end of the pipe")
    wait_until(lambda: not connections(stack), what="the end of the connection")
    children = Path(f"/proc/{remote_env.sshd.pid}/task/{remote_env.sshd.pid}/children")
    # sooner than a connection without sessions would end by itself
    wait_until(lambda: not children.read_text(), seconds=5, what="the end of the session there")


def opened(process):
    """The first line that comes back."""
    return process.stdout.readline().decode().strip()


def test_a_program_there_has_the_role(remote_env, stack):
    done = remote_env.run(WHO)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith(PROD)


def test_streams_and_status_are_those_of_the_command(remote_env):
    sent = os.urandom(300_000)
    done = remote_env.run("cat; exit 7", input=sent)
    assert (done.returncode, done.stdout) == (7, sent)


def test_words_and_quotes_reach_the_shell_there_as_with_ssh(remote_env):
    assert remote_env.run('printf \'%s|\' "a  b" "it\'s"', "c'  'd", "\\$HOME").stdout == b"a  b|it's|c  d|$HOME|"


def test_without_a_command_or_a_terminal_a_login_shell_reads_its_input(remote_env):
    done = remote_env.run(input=b"shopt -q login_shell && echo login; exit 3\n")
    assert done.returncode == 3
    assert b"login" in done.stdout


def test_two_at_once_have_a_port_each(remote_env, stack):
    first, second = (remote_env.go(f"echo $AWS_CONTAINER_CREDENTIALS_FULL_URI; read x; {WHO}") for _ in range(2))
    urls = {opened(first), opened(second)}
    assert len(urls) == 2
    assert {str(grant["forwarded_port"]) for grant in grants(stack)} == {re.findall(r":(\d+)/", url)[0] for url in urls}
    for process in (first, second):
        out, _ = process.communicate(b"\n", timeout=60)
        assert out.decode().startswith(PROD)
    for url in urls:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(re.findall(r":(\d+)/", url)[0])))


def test_the_port_there_is_of_no_use_without_the_token_of_the_connection(remote_env, stack):
    process = remote_env.go(f"echo $AWS_CONTAINER_CREDENTIALS_FULL_URI {TOKEN}; read x")
    url, token = opened(process).split()
    other = stack.grant("prod")

    def fetch(token, host):
        address = re.findall(r"//([^/]+)/(.*)", url)[0]
        with socket.create_connection(address[0].split(":")) as client:
            head = f"GET /{address[1]} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
            client.sendall(head.encode())
            return client.makefile("rb").readline().split()[1]

    here = re.findall(r"//([^/]+)/", url)[0]
    assert fetch(token, here) == b"200"
    assert fetch(other["token"], here) == b"403"
    assert fetch("xacct_wrong", here) == b"403"
    assert fetch(token, "evil.example:" + here.partition(":")[2]) == b"403"
    assert fetch(token, "127.0.0.1:1") == b"403"
    stack.api("DELETE", f"/v1/grants/{other['id']}")
    process.communicate(b"\n", timeout=60)
    assert process.returncode == 0


class Watcher(threading.Thread):
    """Reads every process's arguments, over and over."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = set()
        self.over = False

    def run(self):
        while not self.over:
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    self.seen.add(file.read_bytes())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()


def test_the_token_is_in_no_argument_and_no_file(remote_env):
    with Watcher() as watcher:
        process = remote_env.go(f"echo {TOKEN}; sleep 1; read x")
        token = opened(process).encode()
        assert token.startswith(b"xacct_")
        process.communicate(b"\n", timeout=60)
    assert not [words for words in watcher.seen if token in words]
    assert [words for words in watcher.seen if b"xacct lends" in words]
    assert [words for words in watcher.seen if b"${1:-exit 1}" in words]
    for file in (file for file in remote_env.dir.rglob("*") if file.is_file()):
        assert token not in file.read_bytes()


def master(stack):
    """The process that holds the connection."""
    (path,) = connections(stack)
    said = subprocess.run(
        ["ssh", "-F", "/dev/null", "-S", path, "-O", "check", "x"], capture_output=True, text=True, check=True
    )
    return int(re.findall(r"pid=(\d+)", said.stderr + said.stdout)[0])


def test_when_the_connection_is_killed_the_grant_ends(remote_env, stack):
    process = remote_env.go("echo here; sleep 60")
    assert opened(process) == "here"
    assert len(grants(stack)) == 1
    os.kill(master(stack), 9)
    assert process.wait(20) == 255
    assert grants(stack) == []
    process.communicate()


def test_when_xacctctl_is_killed_the_grant_ends_and_the_connection_with_its_session(remote_env, stack):
    process = remote_env.go("echo here; read x")
    assert opened(process) == "here"
    process.kill()
    process.wait()
    wait_until(lambda: not grants(stack), what="the end of the grant")
    holder = master(stack)
    process.communicate(b"\n")  # the session is ssh's own, and goes on until it ends
    wait_until(lambda: not Path(f"/proc/{holder}").exists(), seconds=30, what="the end of the connection")


def test_a_signal_ends_it_in_order(remote_env, stack):
    process = remote_env.go("echo here; sleep 60")
    assert opened(process) == "here"
    process.terminate()
    assert process.wait(20) in {143, 255}
    process.communicate()


def test_who_is_not_let_in_gets_no_grant(remote_env, stack):
    done = remote_env.run("true", options=["-o", "IdentityFile=none", "-o", "PubkeyAuthentication=no"])
    assert (done.returncode, b"Permission denied" in done.stderr) == (255, True)
    assert grants(stack) == []


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ("AllowTcpForwarding no", "forwards no port"),
        ("PermitListen none", "forwards no port"),
        ("MaxSessions 0", "can't be handed"),
        ("ForceCommand true", "can't be handed"),
    ],
)
def test_a_server_that_does_not_play_along(tmp_path, stack, extra, sentence):
    with Far(tmp_path, stack, extra) as remote_env:
        done = remote_env.run("true")
        assert done.returncode == 1
        assert sentence in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()
        assert grants(stack) == []


def test_default_keys_there_don_t_win(remote_env):
    credentials = remote_env.dir / "credentials"
    credentials.write_text("[default]\naws_access_key_id = AKIAXXXXXXXXXXXXXXXX\naws_secret_access_key = x\n")
    try:
        done = remote_env.run(WHO)
    finally:
        credentials.unlink()
    assert done.stdout.decode().startswith(PROD)
    assert "would win over xacct" in done.stderr.decode()


class Seat:
    """Somebody at a terminal of 24 by 80."""

    def __init__(self, remote_env, *command):
        self.ours, theirs = pty.openpty()
        self.resize(24, 80)
        adopt = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
        )
        words = [sys.executable, "-c", adopt, *remote_env.words(*command)]
        env = {**remote_env.env, "TERM": "dumb"}
        self.process = subprocess.Popen(
            words, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.seen = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.ours, text.encode())

    def expect(self, pattern, timeout=20):
        end = time.monotonic() + timeout
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.ours], [], [], max(0, end - time.monotonic()))
            chunk = b""
            with contextlib.suppress(OSError):
                chunk = os.read(self.ours, 65536) if ready else b""
            assert chunk, f"{pattern} did not appear: {self.seen!r}"
            self.seen += chunk.decode(errors="replace")
        self.seen = self.seen[found.end() :]
        return found

    def end(self):
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal open any more
            while select.select([self.ours], [], [], 20)[0]:
                os.read(self.ours, 65536)
        os.close(self.ours)
        return self.process.wait(20)


@pytest.fixture
def sit(remote_env):
    seats = []

    def start(*command):
        seats.append(Seat(remote_env, *command))
        return seats[-1]

    yield start
    for seat in seats:
        if seat.process.poll() is None:
            seat.end()


def test_a_login_shell_at_a_terminal(sit):
    seat = sit()
    seat.type("shopt -q login_shell && echo log''in; stty size\n")
    seat.expect("login\r\n24 80\r\n")
    seat.resize(40, 120)
    seat.type("sleep 0.5; stty size\n")
    seat.expect("40 120\r\n")
    seat.type("echo nap''ping; sleep 100\n")
    seat.expect("napping\r\n")
    time.sleep(0.5)
    seat.type("\x03")
    seat.expect(r"\^C")
    seat.type("echo after $?\n")
    seat.expect("after 130\r\n")
    seat.type(f"clear; {WHO}\n")
    seat.expect(PROD)
    seat.type("exit 5\n")
    assert seat.end() == 5


def test_a_command_with_a_terminal_if_it_is_asked_for(remote_env, sit):
    assert remote_env.run("test -t 0", options=["-tt"]).returncode == 0
    assert remote_env.run("test -t 0").returncode == 1
    assert sit("test -t 0").end() == 1


def test_a_terminal_that_is_closed_ends_it(sit, stack):
    seat = sit()
    seat.type("echo h''ere\n")
    seat.expect("here\r\n")
    os.close(seat.ours)
    assert seat.process.wait(20) != 0
    assert grants(stack) == []
