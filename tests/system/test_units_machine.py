"""xacct in its units, on a Debian with a real user manager: installed from a clone, hardened, and hard to kill."""

import json
import shlex

import pytest
from resident import SOCKET, UNIT
from stack import wait_until

pytestmark = pytest.mark.system


def test_the_first_login_starts_the_daemon_by_its_socket(fresh):
    assert fresh.machine.systemctl("is-active", SOCKET) == "active"
    assert fresh.pid() == 0
    fresh.login("prod")
    status, credentials = fresh.fetch()
    assert status == 200
    assert credentials["RoleArn"].endswith(":role/cross-account-role-name")
    assert fresh.state("prod") == "held"
    assert [(call["action"], call["mfa"]) for call in fresh.asked_of_aws()] == [
        ("GetSessionToken", True),
        ("AssumeRole", False),
    ]
    # None that xacctctl started by itself, beside the unit's.
    daemons = fresh.machine.run("pgrep -f 'xacct[.]daemon|bin/xacct[d]'").stdout.split()
    assert [int(pid) for pid in daemons] == [fresh.pid()]


def test_the_commands_start_by_the_launcher_and_load_what_is_in_its_bundle(shared):
    command = "$HOME/.local/bin/xacctctl"
    assert shared.machine.run(f"head -n 1 {command}").stdout.endswith("/venv/bin/python -IS\n")
    loaded = shared.machine.run(f"$HOME/.local/share/xacct/venv/bin/python -ISv {command} --version 2>&1").stdout
    for module in ("xacct", "xacct.ctl.main"):
        assert f"import '{module}' # <xacct.ctl.bundle.Bundle object at " in loaded


# Accidents: what was held is held by the next daemon, and nobody asks AWS again.


def after(command):
    """A kill -9 after a command that leaves the daemon alone."""

    def happen(resident):
        before = resident.pid()
        resident.machine.run(command)
        wait_until(
            lambda: resident.machine.systemctl("is-system-running", check=False) == "running", what="the manager"
        )
        assert resident.pid() == before
        resident.kill("KILL")

    return happen


ACCIDENTS = {
    "kill -9": lambda resident: resident.kill("KILL"),
    "a crash": lambda resident: resident.kill("SEGV"),
    "an abort": lambda resident: resident.kill("ABRT"),
    "SIGTERM to its pid": lambda resident: resident.kill("TERM"),
    "restart": lambda resident: resident.machine.systemctl("restart", UNIT),
    "restart of the socket": lambda resident: resident.machine.systemctl("restart", SOCKET),
    "kill -9 after a daemon-reload": after("systemctl --user daemon-reload"),
    "kill -9 after a daemon-reexec": after("systemctl --user daemon-reexec"),
}


@pytest.mark.parametrize("name", ACCIDENTS)
def test_what_was_held_outlives(resident, name):
    held, asked = resident.fetch(), len(resident.asked_of_aws())
    with resident.restarted():
        ACCIDENTS[name](resident)
    assert resident.fetch() == held
    assert resident.state("prod") == "held"
    assert len(resident.asked_of_aws()) == asked


def test_a_daemon_that_hangs_is_replaced_and_nothing_is_lost(resident):
    held, asked = resident.fetch(), len(resident.asked_of_aws())
    assert resident.machine.systemctl("show", "-P", "WatchdogUSec", UNIT) == "10s"
    with resident.restarted(seconds=15):
        resident.kill("STOP")
    assert resident.fetch() == held
    assert len(resident.asked_of_aws()) == asked


def test_a_stop_forgets_and_the_next_daemon_asks_for_a_code(fresh):
    fresh.login("prod")
    fresh.machine.systemctl("stop", UNIT)
    fresh.machine.systemctl("start", UNIT)
    assert fresh.state("prod") == "needs-code"
    status, refusal = fresh.fetch()
    assert status == 403
    assert "xacctctl login prod" in refusal["message"]
    assert fresh.machine.systemctl("show", "-P", "NRestarts", UNIT) == "0"
    assert len(fresh.asked_of_aws()) == 2


# Hardening, as the kernel tells it.


def test_the_kernel_says_that_the_daemon_is_locked_in(resident):
    status = dict(line.split(":\t", 1) for line in resident.proc("status").splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapEff"], 16) == 0
    limits = {line[:25].strip(): line[25:].split() for line in resident.proc("limits").splitlines()}
    assert limits["Max core file size"][:2] == ["0", "0"]


def test_the_daemon_is_not_swapped_out(resident):
    assert resident.machine.systemctl("show", "-P", "MemorySwapMax", UNIT) == "0"
    group = resident.machine.systemctl("show", "-P", "ControlGroup", UNIT)
    limit = resident.machine.root / "sys/fs/cgroup" / group.lstrip("/") / "memory.swap.max"
    if not limit.exists():
        pytest.skip("the memory controller is not systemd's here (cgroup v1): only the setting was read")
    assert limit.read_text() == "0\n"


WHO = """
import http.client, os, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(url.netloc)  # kept open: the kernel names only who is there
connection.request("GET", url.path, headers={"Authorization": sys.argv[2]})
answer = connection.getresponse()
assert answer.status == 200 and answer.read()
print(os.getpid(), os.path.realpath(sys.executable), flush=True)
os.read(0, 1)
"""


def test_the_audit_names_the_caller(resident):
    env = resident.env("prod")  # a grant of its own: the fetches of a minute by one grant share a line
    words = [env["AWS_CONTAINER_CREDENTIALS_FULL_URI"], env["AWS_CONTAINER_AUTHORIZATION_TOKEN"]]
    with resident.machine.spawn(shlex.join(["python3", "-c", WHO, *words])) as caller:
        pid, executable = caller.stdout.readline().split()

        def lines():
            read = map(json.loads, resident.ctl("audit", "--json").splitlines())
            return [line for line in read if line["event"] == "fetch" and line["pid"] == int(pid)]

        [line] = wait_until(lines, what="its line in the audit")
        caller.stdin.close()
    assert (line["exe"], line["uid"], line["what"]) == (executable, 1000, "served")


# The store: what systemd keeps for the next daemon must not be readable by the user's other processes.

SEARCH = """
import ctypes, json, mmap, os, sys

asked = json.load(sys.stdin)
needles = [needle.encode() for needle in asked["needles"]]
libc = ctypes.CDLL(None, use_errno=True)

def contents(file):
    "Everything there is behind a descriptor, by read and by mmap."
    size = min(os.fstat(file).st_size, 1 << 24)
    for way in (lambda: os.pread(file, size or 1 << 16, 0), lambda: mmap.mmap(file, size, prot=mmap.PROT_READ)[:]):
        try:
            yield way()
        except (OSError, ValueError):
            pass

def by_opening(pid, number):
    return os.open(f"/proc/{pid}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK)

def by_taking(pid, number):
    taken = libc.syscall(438, os.pidfd_open(pid), int(number), 0)  # pidfd_getfd
    if taken < 0:
        raise OSError(ctypes.get_errno(), "not taken")
    return taken

found = 0
for number in os.listdir(f"/proc/{asked['pid']}/fd"):
    try:
        file = {"open": by_opening, "take": by_taking}[asked["way"]](asked["pid"], number)
    except OSError:
        continue
    found += any(needle in piece for piece in contents(file) for needle in needles)
    os.close(file)
print(found)
"""

HOLD = """
import os, sys
file = os.memfd_create("held")
os.write(file, sys.stdin.readline().strip().encode())
print("held", flush=True)
os.read(0, 1)
"""


def search(resident, pid, way, needles):
    """In how many descriptors of a process another one of dev's finds one of the needles."""
    asked = json.dumps({"pid": pid, "way": way, "needles": needles})
    return int(resident.machine.run(shlex.join(["python3", "-c", SEARCH]), stdin=asked).stdout)


def may_be_taken(resident, way, secrets):
    """In how many of the manager's descriptors another process of dev's finds a secret. `secrets`: what is held."""
    manager = int(resident.machine.run("pgrep -u dev -x systemd").stdout)
    return search(resident, manager, way, secrets)


def works_on_the_careless(resident, way, secret):
    """Whether the attack works on a process that keeps a secret in a plain memfd."""
    with resident.machine.spawn(shlex.join(["python3", "-c", HOLD])) as careless:
        careless.stdin.write(secret + "\n")
        careless.stdin.flush()
        assert careless.stdout.readline() == "held\n"
        pid = int(resident.machine.run("pgrep -n -f 'python3 -c.*memfd_create'").stdout)
        found = search(resident, pid, way, [secret])
        careless.stdin.close()
    return found == 1


def stored(resident):
    """The secrets held, once they are in the store."""
    with resident.restarted():
        resident.kill("KILL")
    status, credentials = resident.fetch()
    assert status == 200
    assert int(resident.machine.systemctl("show", "-P", "NFileDescriptorStore", UNIT)) > 0
    return [credentials["SecretAccessKey"], credentials["Token"], credentials["AccessKeyId"]]


def test_what_is_stored_with_the_manager_can_not_be_opened_there(resident):
    secrets = stored(resident)
    assert works_on_the_careless(resident, "open", secrets[0])
    assert may_be_taken(resident, "open", secrets) == 0


def test_who_may_trace_the_manager_can_take_it(resident):
    """Not ours to prevent, so THREATS.md says it: it depends on the kernel's ptrace_scope."""
    scope = resident.machine.run("cat /proc/sys/kernel/yama/ptrace_scope", check=False).stdout.strip() or "0"
    taken = may_be_taken(resident, "take", stored(resident))
    assert (taken > 0) == (scope == "0")


def test_who_does_not_want_that_leaves_nothing_with_the_manager(fresh):
    fresh.machine.run(
        "mkdir -p .config/xacct && printf '[daemon]\nsurvive_restart = false\n' > .config/xacct/config.toml"
    )
    fresh.login("prod")
    status, credentials = fresh.fetch()
    assert status == 200
    assert fresh.machine.systemctl("show", "-P", "NFileDescriptorStore", UNIT) == "0"
    assert may_be_taken(fresh, "take", [credentials["SecretAccessKey"]]) == 0
    with fresh.restarted():
        fresh.kill("KILL")
    assert fresh.fetch()[0] == 403
