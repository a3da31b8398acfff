"""boto3 in containers of rootless Podman, with slirp4netns: no root, no relay."""

import os
import pwd
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from containers import CHANGES, IMAGE, Ctl, Machine, image, is_prod, missing, run, settings
from stack import Stack, wait_until
from unprivileged import python, reachable_directory, why_not

LIFE = 12
PORT = 9479
NAME = f"localhost/{IMAGE}"
TOOLS = ("podman", "slirp4netns", "newuidmap", "fuse-overlayfs", "useradd")


def lacking():
    return missing() or why_not() or next((f"no {tool} here" for tool in TOOLS if not shutil.which(tool)), None)


pytestmark = [pytest.mark.system, pytest.mark.skipif(lacking() is not None, reason=str(lacking()))]


@contextmanager
def user():
    """Somebody with subordinate ids."""
    name = f"xacct{os.getpid()}"
    run("useradd", "--no-create-home", "--add-subids-for-system", name)
    try:
        yield pwd.getpwnam(name)
    finally:
        run("userdel", name, check=False)


@pytest.fixture(scope="module")
def ctl():
    """xacctctl of a user in whose /dev the tunnel device can be opened, as on any desktop."""
    with (
        Machine(),
        user() as who,
        reachable_directory() as directory,
        Stack(directory / "s", user=who.pw_uid, python=python(), max_lifetime=LIFE, settings=settings(PORT)) as stack,
    ):
        tun = directory / "tun"
        run("mknod", "-m", "666", str(tun), "c", "10", "200")
        become = f"mount --make-rshared / && mount --bind {tun} /dev/net/tun && exec setpriv --reuid={who.pw_uid}"
        become += f' --regid={who.pw_gid} --clear-groups "$@"'
        inside = ("unshare", "--mount", "sh", "-c", become, "sh")
        ctl = Ctl(stack, "http://169.254.170.2:" + stack.env["AWS_ENDPOINT_URL_STS"].rpartition(":")[2], inside=inside)
        podman(ctl, "import", *CHANGES, "-", IMAGE, input=image())
        stack.login("prod")
        yield ctl
        podman(ctl, "rm", "-fa")
        podman(ctl, "system", "migrate")
        podman(ctl, "unshare", "rm", "-rf", f"{stack.env['HOME']}/.local/share/containers")
        podman(ctl, "system", "migrate")


def podman(ctl, *words, **options):
    done = subprocess.run(
        [*ctl.inside, "podman", *words], env=ctl.env, cwd="/", capture_output=True, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def words(ctl, **options):
    return [NAME if word == IMAGE else word for word in ctl.run(engine="podman", **options)]


def grants(ctl):
    return ctl.stack.api("GET", "/v1/grants")["grants"]


def test_a_rootless_container_past_expiry_and_a_restart(ctl):
    process = ctl.start(*words(ctl, seconds=LIFE * 2))
    try:
        began = time.monotonic()
        first = process.stdout.readline()
        assert is_prod(first), process.stderr.read()
        wait_until(lambda: time.monotonic() - began > LIFE + 2, LIFE * 2, "the expiry")
        ctl.stack.stop()
        ctl.stack.start()
        rest, errors = process.communicate(timeout=LIFE * 3)
        assert process.returncode == 0, errors
        assert all(is_prod(line) for line in rest.splitlines())
    finally:
        process.kill()
        process.communicate()
    assert grants(ctl) == []


def test_a_detached_containers_grant_ends_with_it(ctl):
    ctl(*words(ctl, seconds=600, options=("-d", "--name", "watched")))
    [grant] = grants(ctl)
    assert grant["label"] == "container watched"
    podman(ctl, "kill", "watched")
    wait_until(lambda: not grants(ctl), what="the end of the grant")


def test_on_the_hosts_network(ctl):
    said = [word.replace("169.254.170.2", "127.0.0.1") for word in words(ctl, options=("--network", "host"))]
    assert is_prod(ctl(*said))


def test_the_doctor_proves_it_and_says_what_the_way_costs(ctl):
    said = ctl("podman", "doctor", "--image", NAME, "prod")
    assert "ok    fetch" in said
    assert "every service on this machine's loopback" in said


TOKEN = "import os; print(os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN'])"
NEIGHBOUR = f"""
import urllib.error, urllib.request
for token in ("", "xacct_" + "x" * 43):
    try:
        headers = {{"Authorization": token}} if token else {{}}
        asked = urllib.request.Request("http://169.254.170.2:{PORT}/v1/credentials/prod", headers=headers)
        print(urllib.request.urlopen(asked, timeout=20).status)
    except urllib.error.HTTPError as refused:
        print(refused.status)
"""


def command_lines():
    """Of every process there is."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            yield file.read_bytes()


def test_a_neighbour_without_a_grant_gets_403_and_nobody_sees_the_token(ctl):
    process = ctl.start(*words(ctl, seconds=600, options=("--name", "served")))
    try:
        assert is_prod(process.stdout.readline())
        token = podman(ctl, "exec", "served", "python3", "-c", TOKEN).strip()
        assert token.startswith("xacct_")
        assert not any(token.encode() in line for line in command_lines())
        network = "slirp4netns:allow_host_loopback=true,cidr=169.254.170.0/24"
        said = podman(ctl, "run", "--rm", "--network", network, NAME, "python3", "-c", NEIGHBOUR)
        assert said.split() == ["403", "403"]
    finally:
        podman(ctl, "kill", "served")
        process.communicate(timeout=30)
