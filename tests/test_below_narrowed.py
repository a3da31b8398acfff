"""What runs in a narrowed exec asks a real xacctd for more, in each way to leave its parents behind: which holds, and
which does not."""

import http.client
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack import Stack
from waiting import PATIENCE, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no subreaper")

ASK = """
import http.client, json, os, socket, sys, time
above = int(sys.argv[1])  # the process that has to be its parent when it asks; 0: any
while above and os.getppid() != above:
    time.sleep(0.01)
connection = http.client.HTTPConnection("xacct")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect(os.environ["XDG_RUNTIME_DIR"] + "/xacct/control.sock")
for method, path, body in json.loads(sys.argv[2]):
    body = json.dumps(body).replace('"OURS"', str(os.getpid()))
    connection.request(method, path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = json.loads(answer.read())
    print(answer.status, said.get("error", {}).get("code", "ok"), flush=True)
if sys.argv[3:]:
    os.execv(sys.argv[3], sys.argv[3:])
"""
MORE = [["POST", "/v1/grants", {"roles": ["prod"], "label": "more"}]]
REFUSED = "403 below-narrowed-grant\n"
GRANTED = "200 ok\n"
XACCTCTL = shlex.join([sys.executable, "-m", "xacct.ctl"])


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("below") / "s") as stack:
        (stack.dir / "ask.py").write_text(ASK)
        stack.login("prod")
        yield stack


def asking(stack, above="0", what=MORE, then=()):
    """A shell's line that asks, and what it is told."""
    words = [sys.executable, str(stack.dir / "ask.py")]
    return f"{shlex.join(words)} {above} {shlex.join([json.dumps(what), *then])}"


def narrowed(stack, script, *options):
    """What came of a script in a narrowed exec, which ends when nothing of it is left."""
    return stack.xacctctl("exec", "prod", "--read-only", *options, "--", "sh", "-c", script)


@contextmanager
def waiting(stack, script):
    """A narrowed exec whose command waits until something is typed; gives it, and what it has printed first."""
    words = [sys.executable, "-m", "xacct.ctl", "exec", "prod", "--read-only", "--", "sh", "-c", script]
    process = subprocess.Popen(
        words, env=stack.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait(PATIENCE)


TAKES_IN = "import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); os.system(sys.argv[1]); os.wait()"
"""Is a subreaper itself (linux/prctl.h), below ours."""

SIBLING = (
    "import ctypes, os, sys; clone = ctypes.c_long(56 if os.uname().machine == 'x86_64' else 220);"
    "flags = ctypes.c_long(0x8000 | 17); pid = ctypes.CDLL(None).syscall(clone, flags, *map(ctypes.c_long, [0] * 4));"
    "pid or os.execv('/bin/sh', ['sh', '-c', sys.argv[1]])"
)
"""Makes a child of its parent, not of itself (clone(2), CLONE_PARENT), and ends."""

HOLDS = {
    "itself": "{ask}",
    "by exec": "exec {ask}",
    "behind a shell's &": "{ask} & wait",
    "nohup": "nohup {ask} 2>&- &",
    "setsid": "setsid --fork {orphan}",
    "twice forked": "(({orphan}) &)",
    "twice forked with sessions": "setsid --fork setsid --fork {orphan}",
    "twice forked below a subreaper of its own": f"{shlex.join([sys.executable, '-c', TAKES_IN])} {{doubly}}",
    "as its parent's child": f"{shlex.join([sys.executable, '-c', SIBLING])} {{quoted}}",
    "in namespaces of its own": "unshare --user --map-root-user --pid --fork --kill-child {ask}",
    "once its command has ended": "until [ -e {dir}/ended ]; do :; done; {ask}",
}
"""Ways to leave one's parents behind that lead below the narrowed exec."""


@pytest.mark.parametrize("way", HOLDS)
def test_whoever_stems_from_a_narrowed_exec_may_not_ask_for_more(stack, way):
    ask, orphan = asking(stack), asking(stack, above="$PPID")
    script = HOLDS[way].format(
        ask=ask, orphan=orphan, quoted=shlex.quote(ask), doubly=shlex.quote(f"(({ask}) &)"), dir=stack.dir
    )
    if "ended" in script:
        script = f"({script}) & touch {stack.dir}/ended"
    done = narrowed(stack, script)
    assert done.stdout == REFUSED, done.stderr
    assert done.returncode == 0


def test_xacctctl_below_it_is_refused_with_a_sentence_and_tells_what_there_is(stack):
    done = narrowed(stack, f"{XACCTCTL} env prod; echo $?; {XACCTCTL} whoami")
    assert "A process below a narrowed grant may not ask for more." in done.stderr
    assert "Ask in another terminal." in done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    assert "5" in lines
    assert "http://" not in done.stdout
    assert any(line.startswith("narrowed") for line in lines)
    done = narrowed(
        stack, f"{XACCTCTL} process prod || {XACCTCTL} exec prod -- echo ran || {XACCTCTL} unlock || echo no"
    )
    assert done.stdout == "no\n"


def test_its_grants_story_says_that_it_asked_for_more(stack):
    ask = asking(stack, what=[*MORE, ["POST", "/v1/login", {"roles": ["prod"]}], *MORE])
    assert narrowed(stack, f"{ask}; setsid --fork {XACCTCTL} unlock").stdout == REFUSED * 3
    lines = [json.loads(line) for line in stack.xacctctl("audit", "--json").stdout.splitlines()]
    made = [line["grant"]["id"] for line in lines if line["event"] == "grant-created"][-1]
    denials = [line for line in lines if line["event"] == "denied" and line["grant"]["id"] == made]
    assert {line["exe"] for line in denials} == {os.path.realpath(sys.executable)}
    facts, _, events = stack.xacctctl("audit", "--grant", made).stdout.partition("\n\n")
    assert "  refused   asked xacctd for more than it has 4 times, the last at " in facts
    told = [line.partition("  ")[2].strip() for line in events.splitlines()]
    assert told[0].startswith("the grant was made, for prod")
    assert told[-1].startswith("the grant was revoked")
    for route, times in (("POST /v1/grants", "  2 times"), ("POST /v1/login", ""), ("POST /v1/unlock", "")):
        assert any(line.startswith(f"asked for more: refused ({route}){times}  {os.sep}") for line in told[1:-1]), route


def test_in_several_roles_each_is_bound(stack):
    words = ["--read-only", "--parallel", "2", "--", "sh", "-c", asking(stack)]
    done = stack.xacctctl("exec", "fleet-0[12]", *words)
    assert sorted(done.stdout.splitlines()) == [f"{role}: {REFUSED.strip()}" for role in ("fleet-01", "fleet-02")], (
        done.stderr
    )
    assert stack.xacctctl("exec", "fleet-0[12]", *words[1:]).stdout.count(GRANTED.strip()) == 2


def test_a_connection_that_was_made_below_is_refused_whoever_asks_by_it(stack, tmp_path):
    """It goes to a process outside, by the descriptor; the other way round whoever made it has to help."""
    with socket.socket(socket.AF_UNIX) as taker:
        taker.bind(str(tmp_path / "taker"))
        taker.listen()
        code = (
            "import os, socket, sys; made, to = (socket.socket(socket.AF_UNIX) for _ in range(2));"
            "made.connect(os.environ['XDG_RUNTIME_DIR'] + '/xacct/control.sock'); to.connect(sys.argv[1]);"
            "socket.send_fds(to, [b'x'], [made.fileno()]); to.recv(1)"
        )
        with waiting(stack, f"echo; {shlex.join([sys.executable, '-c', code, str(tmp_path / 'taker')])}") as (
            process,
            _,
        ):
            taker.settimeout(PATIENCE)
            peer, _ = taker.accept()
            with peer:
                connection = http.client.HTTPConnection("xacct")
                _, [descriptor], *_ = socket.recv_fds(peer, 1, 1)
                connection.sock = socket.socket(fileno=descriptor)
                connection.request("POST", "/v1/grants", json.dumps(MORE[0][2]))
                with connection.getresponse() as answer:
                    assert (answer.status, json.load(answer)["error"]["code"]) == (403, "below-narrowed-grant")
                connection.close()
            process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("options", [["--ttl", "20m"], ["--allow", "s3:*"]])
def test_each_way_to_narrow_binds(stack, options):
    assert stack.xacctctl("exec", "prod", *options, "--", "sh", "-c", asking(stack)).stdout == REFUSED
    assert stack.xacctctl("exec", "prod", "--", "sh", "-c", asking(stack)).stdout == GRANTED


def test_without_its_grant_it_may_not_either(stack):
    gone = ["DELETE", "/v1/grants/$(basename $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)", None]
    script = asking(stack, what=[gone, *MORE]).replace("'$(", "$(").replace("$(", "'$(").replace("_FILE)", "_FILE)'")
    assert narrowed(stack, script).stdout == GRANTED + REFUSED


def test_a_process_that_has_bound_itself_is_so_whatever_it_becomes(stack):
    made = stack.grant("prod", scope={"read_only": True})
    bind = ["POST", f"/v1/grants/{made['id']}", {"pid": "OURS", "root": "OURS"}]
    again = ["/bin/sh", "-c", f"exec {asking(stack)}"]
    done = subprocess.run(
        ["sh", "-c", asking(stack, what=[bind, *MORE], then=again)],
        env=stack.env, capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    assert done.stdout == GRANTED + REFUSED + REFUSED


@pytest.mark.parametrize("anew", ["restarted", "killed"])
def test_another_daemon_refuses_it_as_well_and_nobody_else(stack, anew):
    with waiting(stack, f"echo here; read _; {asking(stack)}; read _") as (process, said):
        assert said == "here\n"
        if anew == "restarted":
            assert stack.xacctctl("restart").returncode == 0
        else:
            pid = stack.api("GET", "/v1/version")["pid"]
            os.kill(pid, 9)
            stack.daemon.wait(PATIENCE)
            stack.start()
        assert "error" not in stack.grant("prod")
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == REFUSED
        process.communicate("\n", timeout=PATIENCE)
        assert process.returncode == 0


# What gets out.


def test_who_kills_its_exec_is_below_it_no_more(stack, tmp_path):
    until = "until [ $(cut -d' ' -f4 /proc/$$/stat) != $PPID ]; do :; done"
    script = f"exec >/dev/null 2>&1; kill -9 $PPID; {until}; {asking(stack)} >{tmp_path}/told"
    done = narrowed(stack, script)
    assert done.returncode == -9
    wait_until(lambda: (tmp_path / "told").exists() and (tmp_path / "told").read_text(), what="the answer")
    assert (tmp_path / "told").read_text() == GRANTED


def test_who_has_another_process_ask_is_not_below_it(stack, tmp_path):
    """So are systemd-run, at, cron, D-Bus activation, ssh to this machine, and an engine's containers."""
    os.mkfifo(tmp_path / "line")
    env = stack.env
    with subprocess.Popen(["sh", "-c", f"sh <{tmp_path}/line"], env=env, stdout=subprocess.PIPE, text=True) as outside:
        narrowed(stack, f"echo {shlex.quote(asking(stack))} >{tmp_path}/line")
        assert outside.communicate(timeout=PATIENCE)[0] == GRANTED


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_a_tmux_that_was_there_before_is_not_below_it_and_one_that_it_starts_is(stack, tmp_path):
    for before, told in ((True, GRANTED), (False, REFUSED)):
        with tempfile.TemporaryDirectory(prefix="x-") as directory:
            tmux, file = f"tmux -f /dev/null -S {directory}/s", Path(directory) / "told"
            start = f"{tmux} new-session -d 'read _'"
            if before:
                subprocess.run(["sh", "-c", start], env=stack.env, check=True)
            inside = f"{tmux} new-window {shlex.quote(f'{asking(stack)} >{file}')}; until [ -s {file} ]; do :; done"
            narrowed(stack, f"{'' if before else start + ';'} {inside}; {tmux} kill-server")
            assert file.read_text() == told
