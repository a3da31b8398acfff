"""boto3 in containers of a real Docker engine, whose user and daemon are nobody in particular."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from containers import IMAGE, Ctl, Engine, Machine, forwarded, is_prod, missing, settings
from stack import wait_until
from unprivileged import OWNER, reachable_directory, unprivileged_stack

pytestmark = [pytest.mark.system, pytest.mark.skipif(missing() is not None, reason=str(missing()))]

ADDRESS = "169.254.170.2"
PORT = 9479
LIFE = 12
"""Seconds that credentials live in these tests."""

FETCH = f"""
import http.client, os, sys
connection = http.client.HTTPConnection({ADDRESS!r}, {PORT}, timeout=5)
connection.request("GET", sys.argv[1], headers={{"Authorization": os.environ.get("TOKEN", "")}})
answer = connection.getresponse()
print(answer.status, answer.read().decode()[:60])
"""


@pytest.fixture(scope="module")
def machine():
    with Machine() as machine:
        yield machine


@pytest.fixture(scope="module")
def engine(machine):
    with reachable_directory() as directory, Engine(directory / "e") as engine:
        engine.load_image()
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "docker0"], check=True)
        yield engine


@pytest.fixture(scope="module")
def stack(machine, engine):
    with unprivileged_stack(max_lifetime=LIFE, settings=settings(PORT)) as stack:
        stack.login("prod")
        yield stack


@pytest.fixture(scope="module")
def sts(stack):
    """The sandbox, as containers reach it."""
    with forwarded(stack.env["AWS_ENDPOINT_URL_STS"].rpartition(":")[2]) as port:
        yield f"http://172.17.0.1:{port}"


@pytest.fixture(scope="module")
def ctl(stack, engine, sts):
    return Ctl(stack, sts, DOCKER_HOST=engine.host, DOCKER_CONFIG=str(stack.dir))


def grants(stack):
    return stack.api("GET", "/v1/grants")["grants"]


@pytest.fixture
def grant(stack):
    """One that keeps the listeners open."""
    grant = stack.grant("prod", where="container")
    yield grant
    stack.api("DELETE", f"/v1/grants/{grant['id']}")


def test_on_the_default_bridge(ctl, stack):
    assert is_prod(ctl(*ctl.run()))
    assert grants(stack) == [], "the grant should have gone with the container"


def test_with_the_token_as_a_file(ctl):
    assert is_prod(ctl(*ctl.run(before=("--token-file",))))


def test_on_the_hosts_network(ctl, stack):
    options = ("--network", "host", "--user", str(OWNER))
    words = ctl.run(options=options)
    words = [word.replace("172.17.0.1", "127.0.0.1") for word in words]
    assert is_prod(ctl(*words))
    assert grants(stack) == []


def test_on_the_hosts_network_another_user_is_told_before_it_fails(ctl):
    assert f"--user {OWNER}" in ctl(*ctl.run(options=("--network", "host")), status=1)


def test_past_expiry_and_a_restart_of_the_daemon(ctl, stack, engine):
    """One boto3 client for as long as it runs. A code is needed again, for nothing is kept on disk."""
    process = ctl.start(*ctl.run(seconds=LIFE * 2.5))
    try:
        began = time.monotonic()
        assert is_prod(process.stdout.readline())
        wait_until(lambda: time.monotonic() - began > LIFE + 3, LIFE * 2, "the expiry")
        assert not leaks(stack, engine)
        stack.stop()
        stack.start()
        rest, errors = process.communicate(timeout=LIFE * 3)
        assert process.returncode == 0, errors
        assert all(is_prod(line) for line in rest.splitlines())
    finally:
        process.kill()
        process.communicate()


def leaks(stack, engine):
    """Processes in whose arguments a token of ours stands; there must be something to find the token by."""
    tokens = [path.read_bytes() for path in (stack.socket.parent / "grants").iterdir()]
    assert tokens
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = process.read_bytes()
        except OSError:
            continue
        found += [arguments for token in tokens if token in arguments]
    return found


def test_a_detached_containers_grant_ends_with_it(ctl, stack, engine):
    words = ctl.run(seconds=600, options=("-d", "--name", "watched"))
    container = ctl(*words).strip()
    assert len(container) == 64
    [grant] = grants(stack)
    assert grant["label"] == "container watched"
    assert grant["where"] == "container"
    assert container in Path(f"/proc/{grant['pid']}/cgroup").read_text()
    wait_until(lambda: "assumed-role" in engine.docker("logs", "watched").stdout, what="a fetch")
    engine.docker("kill", "watched")
    wait_until(lambda: not grants(stack), what="the end of the grant")


def fetch(engine, path, *, token="", network="bridge"):
    """What a container is told."""
    words = ["run", "--rm", "--network", network, "-e", f"TOKEN={token}", IMAGE, "python3", "-c", FETCH, path]
    done = engine.docker(*words, check=False)
    return done.stdout or done.stderr


def test_without_a_grant_made_for_containers_there_is_403(stack, engine, grant):
    path = "/v1/credentials/prod"
    assert fetch(engine, path, token=grant["token"]).startswith("200")
    assert fetch(engine, path).startswith("403")
    assert fetch(engine, path, token="xacct_" + "x" * 43).startswith("403")
    shell = stack.grant("prod")
    try:
        assert fetch(engine, path, token=shell["token"]).startswith("403"), "a shell's grant is no container's"
    finally:
        stack.api("DELETE", f"/v1/grants/{shell['id']}")
    assert fetch(engine, "/v1/credentials/staging", token=grant["token"]).startswith("403")


def test_the_path_of_eks_pod_identity(engine, grant):
    assert fetch(engine, "/v1/credentials", token=grant["token"]).startswith("200")


def test_a_new_network_is_served_too(engine, grant):
    engine.docker("network", "create", "later")
    try:
        wait_until(lambda: fetch(engine, "/v1/credentials", token=grant["token"], network="later").startswith("200"))
    finally:
        engine.docker("network", "rm", "later")


LAN = f"""
import socket, sys
client = socket.socket()
client.settimeout(3)
try:
    client.connect(({ADDRESS!r}, int(sys.argv[1])))
except OSError as error:
    print(type(error).__name__)
else:
    print("connected")
"""


def test_the_lan_reaches_the_machine_and_not_the_listener(machine, engine, grant):
    assert fetch(engine, "/v1/credentials", token=grant["token"]).startswith("200"), "it should be open"
    with socket.create_server((ADDRESS, 0)) as plain:
        there = plain.getsockname()[1]
        assert machine.neighbour(sys.executable, "-c", LAN, str(there)).stdout == "connected\n", "it gets that far"
    assert machine.neighbour(sys.executable, "-c", LAN, str(PORT)).stdout == "ConnectionRefusedError\n"


def test_a_process_of_this_machine_gets_nothing_there(engine, grant):
    """Not even with the token: another user's would do as well."""
    asked = [sys.executable, "-c", FETCH, "/v1/credentials"]
    said = subprocess.run(asked, env={"TOKEN": grant["token"]}, capture_output=True, text=True, check=True).stdout
    assert said.startswith("403")


def test_by_the_relay(ctl, stack, engine):
    """The way for engines whose bridge is not ours. The network that it makes overlaps the bridge's address."""
    subprocess.run(["ip", "address", "delete", f"{ADDRESS}/32", "dev", "docker0"], check=True)
    try:
        words = ctl.run(before=("--relay-image", IMAGE))
        assert is_prod(ctl(*words))
        stack.stop()
        stack.start()
        assert is_prod(ctl(*words)), "after a restart of the daemon the same relay serves"
    finally:
        engine.docker("rm", "-f", "xacct-relay", check=False)
        engine.docker("network", "rm", "xacct", check=False)
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "docker0"], check=True)


def test_explain_changes_nothing(ctl, stack, engine):
    said = ctl("docker", "run", "--explain", "prod", "--", "-d", IMAGE)
    assert "way      bridge" in said
    assert "-e AWS_CONTAINER_AUTHORIZATION_TOKEN xacct-test" in said.replace("-d ", "")
    assert grants(stack) == []
    assert engine.docker("ps", "-aq").stdout == ""


def test_compose(ctl, stack, engine, sts):
    """Debian's docker-compose, with the file that is printed."""
    if shutil.which("docker-compose") is None:
        pytest.skip("no docker-compose here")
    printed = ctl("docker", "compose", "--service", "app", "prod")
    assert "xacct_" not in printed, "a token in a file"
    with reachable_directory() as directory:
        (directory / "override.yml").write_text(printed)
        (directory / "docker-compose.yml").write_text(
            f"services:\n  app:\n    image: {IMAGE}\n    command: [python3, /caller.py, '0']\n"
            f"    environment:\n      AWS_ENDPOINT_URL_STS: {sts}\n"
        )
        files = ["-f", f"{directory}/docker-compose.yml", "-f", f"{directory}/override.yml", "--ansi=never"]
        # Debian's has its own libraries, which are not this Python's.
        words = ["docker", "compose", "prod", "--", "env", "-u", "PYTHONPATH", "docker-compose", *files]
        said = ctl(*words, "up", "--abort-on-container-exit")
        assert is_prod(said)
        assert grants(stack) == []
        engine.docker("network", "inspect", f"{directory.name.lower()}_default")
        ctl(*words, "down")


def test_the_doctor_proves_it_from_within(ctl, stack):
    said = ctl("docker", "doctor", "--image", IMAGE, "prod")
    assert "ok    fetch     a container was given the credentials of prod" in said
    assert "SecretAccessKey" not in said
    assert grants(stack) == []


def test_the_doctor_says_what_is_wrong(ctl, stack):
    stack.api("POST", "/v1/lock")
    try:
        process = ctl.start("docker", "doctor", "--image", IMAGE, "prod")
        out, err = process.communicate(timeout=30)
        assert process.returncode == 4, out + err
    finally:
        stack.api("POST", "/v1/unlock")


def test_setup_prints_one_command(ctl):
    subprocess.run(["ip", "address", "delete", f"{ADDRESS}/32", "dev", "docker0"], check=True)
    try:
        assert ctl("docker", "setup") == f"sudo ip address add {ADDRESS}/32 dev docker0\n"
        assert "xacctctl docker setup" in ctl("docker", "run", "--way", "bridge", "prod", "--", IMAGE, status=1)
    finally:
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "docker0"], check=True)
    assert "already" in ctl("docker", "setup")
