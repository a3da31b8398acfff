"""`exec --sandbox` from end to end: what a command may do behind the boundary, and what it can't, by trying it."""

import errno
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
from dynamo import DYNAMO
from stack import Stack
from unprivileged import OWNER, python, why_not
from waiting import PATIENCE, wait_until

from xacct.ctl.sandboxed import seccomp
from xacct.sandbox.files import free_port

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")

FETCH = """
import os, urllib.request
url, token = (os.environ["AWS_CONTAINER_" + name] for name in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN"))
def fetch(token=token):
    return urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": token})).status
"""

ATTEMPT = """
import ctypes, os, socket, sys
from pathlib import Path
home = Path.home()
def call(*words):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(*(word if isinstance(word, bytes) else ctypes.c_long(word) for word in words)) < 0:
        raise OSError(ctypes.get_errno(), "")
"""


BEGIN = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
LEADER = [sys.executable, "-c", BEGIN]
"""Makes its terminal that of a session of its own, and is then the program behind it."""


@contextmanager
def apart():
    """A directory that a sandbox does not empty, as it does pytest's own below /tmp."""
    directory = Path(tempfile.mkdtemp(prefix="sandboxed-", dir=sys.prefix))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def furnish(stack):
    """Put into the home directory what people have there."""
    home = Path(stack.env["HOME"])
    for name in (".ssh/id", ".aws/cli/cache", ".config/gh/hosts.yml", ".config/other", ".netrc", ".bashrc"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("what is there")
    (home / "project/.git/hooks").mkdir(parents=True)
    (home / "project/.git/config").write_text("[core]\n")
    return home / "project"


@pytest.fixture(scope="module")
def stack():
    with apart() as directory, Stack(directory / "s") as stack:
        furnish(stack)
        stack.login("prod")
        yield stack


def run(stack, *words, options=(), **how):
    """Run a command in a sandbox, in the project's directory."""
    project = Path(stack.env["HOME"]) / "project"
    return stack.xacctctl("exec", "prod", "--sandbox", *options, "--", *words, **({"cwd": project} | how))


def attempt(stack, code, *options, **how):
    """Run Python in one, and return what it printed; it must not have broken."""
    done = run(stack, sys.executable, "-c", ATTEMPT + textwrap.dedent(code), options=options, **how)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def refusal(stack, code, *options, **how):
    """Run Python in one that has to fail, and return the name of the error."""
    code = textwrap.indent(textwrap.dedent(code), "    ")
    tried = f"import errno\ntry:\n{code}\n    print('done')\nexcept OSError as e:\n    print(errno.errorcode[e.errno])"
    return attempt(stack, tried, *options, **how)


def test_an_agent_reads_is_refused_a_write_and_the_audit_tells_the_story(stack):
    done = run(stack, sys.executable, "-c", DYNAMO, options=("--read-only", "--ttl", "2m"))
    assert done.stdout.split("\n")[:2] == ["put AccessDeniedException", "get done"], done.stderr
    lines = [json.loads(line) for line in stack.xacctctl("audit", "--json").stdout.splitlines()]
    grant = [line for line in lines if line["event"] == "grant-created"][-1]["grant"]["id"]
    story = [line for line in lines if line["grant"] and line["grant"]["id"] == grant]
    assert [event for event, _ in groupby(story, itemgetter("event"))] == [
        "grant-created",
        "narrowed",
        "fetch",
        "grant-revoked",
    ]
    assert {line["grant"]["scope"] for line in story} == {story[0]["grant"]["scope"]}
    assert "reading only" in story[0]["grant"]["scope"]
    fetched = next(line for line in story if line["event"] == "fetch")
    assert (fetched["uid"], fetched["exe"]) == (os.geteuid(), os.path.realpath(sys.executable))


def test_access_ends_with_the_grant_and_the_command_goes_on(stack):
    code = FETCH + textwrap.dedent(
        """
        import pathlib
        print(fetch(), flush=True)
        pathlib.Path("begun").write_text("")
        while not pathlib.Path("ended").exists():
            pass
        try:
            print(fetch())
        except urllib.error.HTTPError as error:
            print(error.status)
        """
    )
    project = Path(stack.env["HOME"]) / "project"
    words = ["exec", "prod", "--sandbox", "--read-only", "--ttl", "2m", "--", sys.executable, "-c", code]
    command = [sys.executable, "-m", "xacct.ctl", *words]
    with subprocess.Popen(command, cwd=project, env=stack.env, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_until((project / "begun").exists, what="the first fetch")
            (grant,) = [each for each in stack.api("GET", "/v1/grants")["grants"] if each["pid"] == process.pid]
            stack.api("DELETE", f"/v1/grants/{grant['id']}")
        finally:
            (project / "ended").write_text("")
        assert process.communicate(timeout=PATIENCE)[0].split() == ["200", "403"]


def test_without_a_network_the_relay_leads_to_the_endpoint_and_nothing_else_does(stack):
    runtime = Path(stack.env["XDG_RUNTIME_DIR"], "xacct")
    before = {*runtime.glob("sandboxed-*")}  # one that was killed leaves its directory
    assert attempt(stack, FETCH + "print(fetch())", "--no-network") == "200"
    sts = stack.env["AWS_ENDPOINT_URL_STS"].rpartition(":")[2]
    assert refusal(stack, f"socket.create_connection(('127.0.0.1', {sts}))", "--no-network") == "ECONNREFUSED"
    assert refusal(stack, "socket.create_connection(('192.0.2.1', 80))", "--no-network") == "ENETUNREACH"
    assert {*runtime.glob("sandboxed-*")} == before


def test_the_relay_gives_nobody_without_a_token_anything(stack):
    tried = FETCH + "\ntry:\n    fetch('another')\nexcept urllib.error.HTTPError as error:\n    print(error.status)"
    assert attempt(stack, tried, "--no-network") == "403"


@pytest.mark.parametrize("name", [".aws", ".ssh", ".netrc", ".config/gh"])
def test_keys_are_not_there(stack, name):
    assert attempt(stack, f"print((home / {name!r}).exists())") == "False"
    assert Path(stack.env["HOME"], name).exists()


def test_what_is_xaccts_own_is_not_there(stack):
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        own = Path(stack.env[variable], "xacct")
        own.mkdir(parents=True, exist_ok=True)
        assert attempt(stack, f"print(Path({str(own)!r}).exists())") == "False"


def test_what_lies_in_everybodys_directories_is_not_there(stack):
    with tempfile.NamedTemporaryFile(dir="/tmp") as file:
        assert attempt(stack, f"print(Path({file.name!r}).exists()); Path('/tmp/x').write_text('')") == "False"
    assert not Path("/tmp/x").exists()
    assert set(attempt(stack, "print(*os.listdir('/run'))").split()) <= {"systemd", "current-system", "wrappers"}


def elsewhere():
    """A file that we may write, in no directory that a sandbox empties or brings back for Python."""
    out = ("/tmp/", "/var/tmp/", "/run/")
    for name in (__file__, f"{sys.prefix}/pyvenv.cfg", "/etc/hosts"):
        if not name.startswith(out) and os.access(name, os.W_OK):
            return name
    return pytest.skip("whatever could be written here is in a directory that a sandbox empties")


def test_what_is_not_hidden_is_there_and_read_only(stack):
    assert attempt(stack, "print((home / '.config/other').read_text())") == "what is there"
    assert refusal(stack, "(home / '.bashrc').write_text('evil')") == "EROFS"
    assert refusal(stack, "(home / '.aws').mkdir()") == "EROFS"
    assert refusal(stack, "(home / '.config/autostart').mkdir()") == "EROFS"
    assert refusal(stack, f"os.open({elsewhere()!r}, os.O_WRONLY)") == "EROFS"


def test_a_hidden_file_stays_hidden_when_somebody_outside_writes_it_anew(stack):
    project = Path(stack.env["HOME"]) / "project"
    code = """
        Path("looking").write_text("")
        while not Path("replaced").exists():
            pass
        print((home / ".netrc").exists(), (home / ".aws").exists())
    """
    command = [sys.executable, "-m", "xacct.ctl", "exec", "prod", "--sandbox", "--", sys.executable, "-c"]
    with subprocess.Popen(
        [*command, ATTEMPT + textwrap.dedent(code)], cwd=project, env=stack.env, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_until((project / "looking").exists, what="the command")
            for name in (".netrc", ".aws"):
                (project.parent / name).rename(project.parent / "former")
                (project.parent / "former").rename(project.parent / name)
            new = project.parent / ".netrc-new"
            new.write_text("new")
            new.replace(project.parent / ".netrc")
        finally:
            (project / "replaced").write_text("")
        assert process.communicate(timeout=PATIENCE)[0].strip() == "False False"


def test_sockets_and_tokens_of_others_are_out_of_reach(stack):
    other = stack.grant("prod")
    try:
        assert Path(other["token_file"]).exists()
        assert attempt(stack, f"print(Path({other['token_file']!r}).exists())") == "False"
        seen = attempt(stack, f"print(len(list(Path({other['token_file']!r}).parent.iterdir())))")
        assert seen == "1"  # its own
        assert refusal(stack, f"socket.socket(socket.AF_UNIX).connect({str(stack.socket)!r})") == "ENOENT"
    finally:
        stack.api("DELETE", f"/v1/grants/{other['id']}")


@pytest.mark.parametrize("where", ["", ".config/"])
def test_a_socket_anywhere_in_view_is_covered(stack, where):
    path = Path(stack.env["HOME"], where or "project", "agent.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        tried = f"socket.socket(socket.AF_UNIX).connect({str(path)!r})"
        assert refusal(stack, tried) == "ECONNREFUSED"
        assert refusal(stack, tried, "--keep", str(path)) == "done"
    path.unlink()


def test_an_abstract_socket_is_out_of_reach(stack):
    name = f"\0xacct-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        tried = f"socket.socket(socket.AF_UNIX).connect({name!r})"
        assert refusal(stack, tried) in {"EPERM", "EAFNOSUPPORT"}
        assert refusal(stack, tried, "--no-network") == "ECONNREFUSED"


@pytest.mark.skipif(not seccomp.known(os.uname().machine), reason="there is no filter for this machine")
def test_where_the_kernel_scopes_no_sockets_none_are_made(stack):
    older = (
        "import sys; from xacct.ctl.sandboxed import kernel_calls; kernel_calls.has_scope = lambda: False;"
        " from xacct.ctl.main import main; sys.exit(main(sys.argv[1:]))"
    )
    code = ATTEMPT + "try:\n    socket.socket(socket.AF_UNIX)\nexcept OSError as e:\n    print(e.errno)\n"
    words = ["exec", "prod", "--sandbox", "--", sys.executable, "-c", f"{code}{FETCH}print(fetch())"]
    project = Path(stack.env["HOME"]) / "project"
    done = subprocess.run(
        [sys.executable, "-c", older, *words], cwd=project, env=stack.env, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [str(errno.EAFNOSUPPORT), "200"], done.stderr


def test_xacctctl_inside_says_one_sentence(stack):
    done = run(stack, sys.executable, "-m", "xacct.ctl", "grants", "create", "prod", options=("--read-only",))
    assert done.returncode == 3
    assert done.stderr.startswith("xacctctl: This is a sandbox")
    assert len(done.stderr.splitlines()) == 2
    lines = [json.loads(line) for line in stack.xacctctl("audit", "--json").stdout.splitlines()]
    ours = [line for line in lines if line["grant"] and line["grant"]["id"] == lines[-1]["grant"]["id"]]
    assert {line["event"] for line in ours} <= {"grant-created", "narrowed", "grant-revoked"}, "xacctd was in reach"


def test_no_process_outside_is_seen_or_touched(stack):
    assert attempt(stack, "print(sorted(map(int, filter(str.isdigit, os.listdir('/proc')))))") == "[1, 2]"
    assert refusal(stack, f"os.kill({os.getpid()}, 0)") == "ESRCH"
    assert refusal(stack, "call(101, 16, 1, 0, 0)") == "EPERM"  # PTRACE_ATTACH to the first process
    assert refusal(stack, "os.listdir('/proc/1/root')") == "EACCES"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a user namespace", "272, 0x10000000"),
        ("one by clone", "56, 0x10000000 | 17, 0, 0, 0, 0"),
        ("a mount namespace", "272, 0x20000"),
        ("what is on top, taken away", "166, b'/run', 2"),
    ],
)
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
def test_no_namespace_is_made_and_nothing_mounted(stack, name, words):
    assert refusal(stack, f"call({words})") == "EPERM", name


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
def test_the_kernels_keyrings_and_io_uring_are_not_there(stack):
    assert refusal(stack, "call(250, 0, -3, 0)") == "ENOSYS"
    assert refusal(stack, "call(425, 8, 0)") == "ENOSYS"


def test_it_has_no_powers_and_gains_none(stack):
    status = dict(
        line.split(":\t") for line in attempt(stack, "print(Path('/proc/self/status').read_text())").split("\n")
    )
    assert {int(status[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert refusal(stack, "os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)") in {"EROFS", "EACCES"}
    assert attempt(stack, "print(os.listdir('/dev/shm'), os.path.exists('/dev/kmsg'))") == "[] False"


def test_no_descriptor_comes_along(stack):
    read, write = os.pipe()
    try:
        found = attempt(stack, f"print(os.path.exists('/proc/self/fd/{read}'))", pass_fds=(read,))
        assert found == "False"
    finally:
        os.close(read)
        os.close(write)


def test_the_environment_has_no_other_credentials(stack):
    env = stack.env | {
        "GITHUB_TOKEN": "one",
        "MY_API_KEY": "two",
        "SSH_AUTH_SOCK": "/run/agent",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "three",
        "HARMLESS": "stays",
    }
    code = "print([name for name in %r if name in os.environ])" % [*env.keys() - stack.env.keys()]
    assert attempt(stack, code, env=env) == "['HARMLESS']"
    assert "MY_API_KEY" in attempt(stack, code, "--keep-env", "MY_API_KEY", env=env)
    done = run(stack, "true", options=("--keep-env", "AWS_ACCESS_KEY_ID"), env=env)
    assert (done.returncode, "no others" in done.stderr) == (2, True)


def test_a_repositorys_own_files_can_be_read_and_no_more(stack):
    assert refusal(stack, "Path('.git/hooks/pre-commit').write_text('evil')") == "EROFS"
    assert refusal(stack, "Path('.git/config').write_text('evil')") == "EROFS"
    assert refusal(stack, "os.rename('.git', 'other')") == "EBUSY"
    assert refusal(stack, "Path('file').write_text('x')") == "done"
    git = str(Path(stack.env["HOME"], "project/.git"))
    assert refusal(stack, "Path('.git/index').write_text('x')", "--write", git) == "done"


def test_a_directorys_role_that_was_written_inside_is_not_trusted_outside(stack):
    assert refusal(stack, "Path('.xacct.toml').write_text('role = \"prod\"')") == "done"
    project = Path(stack.env["HOME"]) / "project"
    done = stack.xacctctl("exec", "--", "true", cwd=project)
    (project / ".xacct.toml").unlink()
    assert done.returncode != 0
    assert "trust" in done.stderr


def test_where_it_would_write_around_what_is_hidden_it_is_refused(stack):
    for directory in (stack.env["HOME"], Path(stack.env["HOME"]).parent, "/", f"{stack.env['HOME']}/.ssh"):
        done = run(stack, "sh", "-c", "touch ran; echo ran", cwd=directory)
        assert (done.returncode, done.stdout) == (2, ""), directory
        assert "would be writable" in done.stderr


def test_what_stays_hidden_is_not_kept(stack):
    home = stack.env["HOME"]
    for path in (f"{home}/.aws", f"{stack.env['XDG_CONFIG_HOME']}/xacct", home, "/run", "/tmp"):
        done = run(stack, "echo", "ran", options=("--keep", path))
        assert (done.returncode, done.stdout) == (2, ""), path
    assert (
        attempt(stack, "print((home / '.ssh/id').read_text())", "--keep", f"{stack.env['HOME']}/.ssh")
        == "what is there"
    )


def test_imds_ports_and_a_shared_network_are_refused():
    with apart() as directory:
        port = free_port()
        with Stack(directory / "s", settings=f'[imds]\nroles = {{ {port} = "prod" }}\n') as stack:
            furnish(stack)
            stack.login("prod")
            done = run(stack, "echo", "ran")
            assert (done.returncode, done.stdout) == (1, "")
            assert "IMDS port for prod" in done.stderr
            tried = f"socket.create_connection(('127.0.0.1', {port}))"
            assert refusal(stack, tried, "--no-network") == "ECONNREFUSED"


@pytest.mark.parametrize(
    ("command", "status"),
    [(["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137), (["no-such-command"], 127)],
)
def test_exit_statuses(stack, command, status):
    assert run(stack, *command).returncode == status


@pytest.mark.parametrize(("failures", "status"), [(1, 0), (100, 1)])
def test_what_goes_while_the_sandbox_is_made_is_no_end_and_no_command_without_one(stack, tmp_path, failures, status):
    count = tmp_path / "count"
    fake = tmp_path / "bin/bwrap"
    fake.parent.mkdir()
    fake.write_text(
        f"""#!/bin/sh
        case "$*" in *--die-with-parent*) echo x >> {count};; esac
        [ -e {count} ] && [ $(wc -l < {count}) -le {failures} ] && {{ echo "bwrap: no such file" >&2; exit 1; }}
        exec {shutil.which("bwrap")} "$@"
        """
    )
    fake.chmod(0o755)
    elsewhere = (
        "import sys; from xacct.ctl.sandboxed import bubblewrap; bubblewrap._SYSTEMS = ();"
        " from xacct.ctl.main import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", elsewhere, "exec", "prod", "--sandbox", "--", "echo", "ran"],
        cwd=Path(stack.env["HOME"]) / "project",
        env=stack.env | {"PATH": f"{fake.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, "ran\n" if status == 0 else "")
    assert ("nothing was run" in done.stderr) == (status == 1)


def test_a_signal_is_the_commands_to_answer(stack):
    project = Path(stack.env["HOME"]) / "project"
    script = "trap 'echo told; exit 9' TERM; touch waiting; while :; do sleep 0.05; done"
    words = [sys.executable, "-m", "xacct.ctl", "exec", "prod", "--sandbox", "--", "sh", "-c", script]
    with subprocess.Popen(words, cwd=project, env=stack.env, stdout=subprocess.PIPE, text=True) as process:
        wait_until((project / "waiting").exists, what="the command")
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE)[0] == "told\n"
    assert process.returncode == 9


def test_all_of_it_ends_when_xacctctl_is_killed(stack):
    project = Path(stack.env["HOME"]) / "project"
    script = "touch alive; while :; do sleep 0.05; echo x >> beats; done"
    words = [sys.executable, "-m", "xacct.ctl", "exec", "prod", "--sandbox", "--no-network", "--", "sh", "-c", script]
    with subprocess.Popen(words, cwd=project, env=stack.env) as process:
        wait_until((project / "beats").exists, what="the command")
        process.kill()
    needle = str(project).encode()

    def left():
        return [pid.name for pid in Path("/proc").iterdir() if pid.name.isdigit() and _has(pid, needle, b"touch alive")]

    try:
        wait_until(lambda: not left(), what="the end of the sandbox")
    finally:
        for pid in left():
            os.kill(int(pid), signal.SIGKILL)


def _has(pid, *words):
    try:
        said = (pid / "cmdline").read_bytes()
    except OSError:
        return False
    return all(word in said for word in words)


def test_a_shell_has_job_control_and_types_nothing_into_the_terminal(stack):
    typing = "import fcntl\ntry:\n    fcntl.ioctl(0, 0x5412, b'x')\n    print('typed')\n"
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "xacct.ctl", "exec", "prod", "--sandbox", "--", "bash", "--norc", "-i"]
    project = Path(stack.env["HOME"]) / "project"
    (project / "type.py").write_text(f"{typing}except OSError as e:\n    print(e.errno)\n")
    process = subprocess.Popen(
        [*LEADER, *words], cwd=project, env=stack.env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, b"sleep 100 & jobs; kill %1; " + sys.executable.encode() + b" type.py; exit 5\n")
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:
        pass  # the last who had the terminal has closed it
    assert process.wait(PATIENCE) == 5
    os.close(ours)
    assert b"no job control" not in shown
    assert b"Running" in shown
    assert b"\n1\r" in shown.replace(b"[1]", b"")
    assert b"typed" not in shown


def test_ctrl_c_is_the_commands_to_answer(stack):
    ours, theirs = pty.openpty()
    script = "trap 'echo told; exit 9' INT; echo waiting; while :; do sleep 0.05; done"
    words = [sys.executable, "-m", "xacct.ctl", "exec", "prod", "--sandbox", "--", "sh", "-c", script]
    project = Path(stack.env["HOME"]) / "project"
    with subprocess.Popen(
        [*LEADER, *words], cwd=project, env=stack.env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while b"waiting" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, b"\x03")
        assert process.wait(PATIENCE) == 9
        shown = b""
        with suppress(OSError):  # the last who had the terminal has closed it
            while piece := os.read(ours, 4096):
                shown += piece
        assert shown.count(b"told") == 1
    os.close(ours)


def test_an_ordinary_user_has_the_same_boundary():
    if why_not():
        pytest.skip(why_not())
    with apart() as directory:
        os.chown(directory, OWNER, OWNER)
        with Stack(directory / "s", user=OWNER, python=python()) as stack:
            stack.login("prod")
            as_owner = {"user": OWNER, "group": OWNER, "extra_groups": [], "cwd": directory / "s"}
            made = "mkdir -p home/project home/.ssh; echo key > home/.ssh/id"
            subprocess.run(["sh", "-c", made], check=True, **as_owner)
            code = ATTEMPT + FETCH + "print(fetch(), os.geteuid(), (home / '.ssh').exists(), (home / '.aws').exists())"
            for options in ((), ("--no-network",)):
                words = ["exec", "prod", "--sandbox", *options, "--", python(), "-c", code]
                done = subprocess.run(
                    [python(), "-m", "xacct.ctl", *words],
                    env=stack.env,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=PATIENCE,
                    **(as_owner | {"cwd": directory / "s/home/project"}),
                )
                assert done.stdout == f"200 {OWNER} False False\n", done.stderr
