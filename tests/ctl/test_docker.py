"""docker and podman: what engine and arguments say, the way that follows, and what is run. With no real engine."""

import json
import os
import re
import sys

import pytest
from control_shapes import CONTAINERS

from xacct.ctl.docker import engine, ways, words
from xacct.ctl.docker.engine import Engine
from xacct.ctl.docker.words import Words
from xacct.ctl.failure import CtlError

ROOTFUL = Engine("docker", podman=False, version=(28, 2, 2), rootless=False)
ROOTLESS = ROOTFUL._replace(rootless=True)
DESKTOP = ROOTFUL._replace(desktop=True)
PODMAN = Engine("podman", podman=True, version=(4, 3, 1), rootless=True)
PASTA = PODMAN._replace(version=(5, 2, 0), pasta=True)
HERE = CONTAINERS
NOT_HERE = HERE | {"address_here": False}
OURSELVES = str(os.geteuid())


# The arguments.


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("image", Words(image="image")),
        ("--rm -it image sh --network host", Words(image="image")),
        ("--network host image", Words(("host",), image="image")),
        ("--net=host image", Words(("host",), image="image")),
        ("--network a --network b image", Words(("a", "b"), image="image")),
        ("-d --name api image", Words(name="api", detached=True, image="image")),
        ("-dit image", Words(detached=True, image="image")),
        ("-itd image", Words(detached=True, image="image")),
        ("--detach=false image", Words(image="image")),
        ("--detach image", Words(detached=True, image="image")),
        ("-u 1000:1000 image", Words(user="1000:1000", image="image")),
        ("-u1000 image", Words(user="1000", image="image")),
        ("--user=me -e A=b -v /a:/b -p 80:80 image", Words(user="me", image="image")),
        ("-itu 5 image", Words(user="5", image="image")),
        ("-e -d image", Words(image="image")),
        ("--restart always image", Words(restarts=True, image="image")),
        ("--restart no image", Words(image="image")),
        ("--rm -- image", Words(image="image")),
        ("--http-proxy -d image", Words(detached=True, image="image")),
        ("--name", Words()),
        ("", Words()),
    ],
)
def test_words(given, found):
    assert words.read(given.split())._replace(options=frozenset()) == found


def test_options_of_the_engine_are_known_by_name():
    assert words.read(["--rm", "--read-only", "-e", "A=b", "image", "--net", "host"]).options == {
        "--rm",
        "--read-only",
        "-e",
    }


# The engine.


@pytest.mark.parametrize(
    ("about", "host", "found"),
    [
        ({}, "unix:///var/run/docker.sock", ROOTFUL),
        ({"SecurityOptions": ["name=seccomp", "name=rootless"]}, "unix:///run/user/1000/docker.sock", ROOTLESS),
        ({"OperatingSystem": "Docker Desktop"}, "unix:///home/me/.docker/desktop/docker.sock", DESKTOP),
        ({}, "ssh://me@far", ROOTFUL._replace(remote="ssh://me@far")),
        ({}, "tcp://10.0.0.1:2375", ROOTFUL._replace(remote="tcp://10.0.0.1:2375")),
    ],
)
def test_docker(about, host, found, monkeypatch):
    monkeypatch.setattr(os, "uname", lambda: type("Linux", (), {"sysname": "Linux"}))
    assert engine.of_docker("docker", {"ServerVersion": "28.2.2", "OperatingSystem": "Debian"} | about, host) == found


def test_on_macos_every_engine_is_in_a_machine(monkeypatch):
    monkeypatch.setattr(os, "uname", lambda: type("Darwin", (), {"sysname": "Darwin"}))
    about = {"ServerVersion": "28.2.2", "OperatingSystem": "Ubuntu 24.04 (colima)"}
    assert engine.of_docker("docker", about, "unix:///Users/me/.colima/docker.sock").desktop


def test_an_engine_that_is_down_says_why():
    with pytest.raises(CtlError, match="Cannot connect"):
        engine.of_docker("docker", {"ServerErrors": ["Cannot connect to the Docker daemon"]}, "unix:///x")


@pytest.mark.parametrize(
    ("about", "found"),
    [
        ({"version": {"Version": "4.3.1"}, "host": {"security": {"rootless": True}}}, PODMAN),
        ({"version": {"Version": "5.2.0"}, "host": {"security": {"rootless": True}}}, PASTA),
        (
            {
                "version": {"Version": "5.2.0-rc1"},
                "host": {"security": {"rootless": True}, "rootlessNetworkCmd": "slirp4netns"},
            },
            PASTA._replace(pasta=False),
        ),
        (
            {"version": {"Version": "4.3.1"}, "host": {"security": {"rootless": True}, "serviceIsRemote": True}},
            PODMAN._replace(desktop=True),
        ),
        ({"version": {"Version": "4.3.1"}, "host": {"security": {"rootless": False}}}, PODMAN._replace(rootless=False)),
    ],
)
def test_podman(about, found):
    assert engine.of_podman("podman", about) == found


def test_what_an_engine_says_that_is_no_text_is_marked(tmp_path):
    script = tmp_path / "docker"
    script.write_text("#!/bin/sh\nprintf '\\377'\n")
    script.chmod(0o755)
    assert engine.output([str(script)]) == "\N{REPLACEMENT CHARACTER}"


def test_an_engine_that_does_not_end_is_given_up(tmp_path):
    script = tmp_path / "docker"
    script.write_text("#!/bin/sh\nexec sleep 600\n")
    script.chmod(0o755)
    with pytest.raises(CtlError, match="does not answer"):
        engine.run([str(script)], patience=0.1)


# The way.


@pytest.mark.parametrize(
    ("here", "given", "about", "name", "options"),
    [
        (ROOTFUL, Words(), HERE, "bridge", ()),
        (ROOTFUL, Words(("mine",)), HERE, "bridge", ()),
        (ROOTFUL, Words(), NOT_HERE, "relay", ("--network", "xacct")),
        (ROOTFUL, Words(), HERE | {"bridges": []}, "relay", ("--network", "xacct")),
        (ROOTFUL, Words(("host",), user=OURSELVES), HERE, "host", ()),
        (ROOTFUL, Words(("host",), user=f"{OURSELVES}:5"), NOT_HERE, "host", ()),
        (ROOTLESS, Words(), HERE, "relay", ("--network", "xacct")),
        (DESKTOP, Words(), HERE, "relay", ("--network", "xacct")),
        (
            PODMAN,
            Words(),
            HERE,
            "slirp4netns",
            ("--network", "slirp4netns:allow_host_loopback=true,cidr=169.254.170.0/24"),
        ),
        (PASTA, Words(), HERE, "pasta", ("--network", "pasta:--map-host-loopback,169.254.170.2")),
        (PODMAN, Words(("host",)), HERE, "host", ()),
        (PODMAN._replace(rootless=False), Words(), HERE, "bridge", ()),
        (PODMAN._replace(desktop=True), Words(), HERE, "relay", ("--network", "xacct")),
    ],
)
def test_ways(here, given, about, name, options):
    way = ways.choose(here, given, about)
    assert (way.name, way.options) == (name, options)
    assert (way.url, way.where) == (
        ("http://127.0.0.1:9477", "host") if name == "host" else ("http://169.254.170.2:9479", "container")
    )
    assert bool(way.warning) == (name in {"slirp4netns", "pasta"}), "what opens all of loopback says so"


@pytest.mark.parametrize(
    ("here", "given", "about", "wanted", "why"),
    [
        (ROOTFUL._replace(remote="ssh://far"), Words(), HERE, None, "another machine"),
        (ROOTFUL, Words(("none",)), HERE, None, "reaches nothing"),
        (ROOTFUL, Words(("host",), user="4711"), HERE, None, "has to be yours"),
        (ROOTFUL, Words(("mine",)), NOT_HERE, None, "chooses the network itself"),
        (ROOTFUL, Words(), NOT_HERE, "bridge", "No interface"),
        (ROOTFUL, Words(("mine",)), HERE, "host", "goes with --network host"),
        (ROOTFUL, Words(), HERE, "pasta", "rootless Podman's alone"),
        (ROOTFUL, Words(), HERE | {"require_known_caller": True}, None, "refuses every container"),
        (ROOTLESS, Words(), HERE, "bridge", "not on this machine"),
        (ROOTLESS, Words(("host",)), HERE, None, "chooses the network itself"),
        (DESKTOP, Words(("host",)), HERE, None, "chooses the network itself"),
        (PODMAN, Words(("mine",)), HERE, None, "chooses the network itself"),
        (PODMAN, Words(("host",), user="1000"), HERE, None, "has to be yours"),
    ],
)
def test_what_cannot_be_is_said(here, given, about, wanted, why):
    with pytest.raises(CtlError, match=why) as refused:
        ways.choose(here, given, about, wanted)
    assert refused.value.hint


# What is run.

FAKE = """#!{python}
import json, os, sys
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps([words, os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")]) + chr(10))
if words[0] == "info":
    print(json.dumps({{"ServerVersion": "28.2.2", "OperatingSystem": "Debian"}}))
elif words[:2] == ["context", "inspect"]:
    print("unix:///var/run/docker.sock")
elif words[0] == "inspect":
    print(os.getpid())
elif words[:2] == ["network", "inspect"]:
    print("docker0")
elif words[0] == "images":
    print("mine:1 busybox:latest")
elif words[1:3] == ["inspect", "alpine/socat"]:
    sys.exit("No such image")
elif "--detach" in words or "-d" in words:
    print("c0ffee" * 10)
elif words[0] == "run":
    sys.exit({status})
"""


@pytest.fixture
def docker(place, monkeypatch):
    """A docker on PATH that writes down how it is called."""
    log = place / "called"

    def make(status=0):
        script = place / "docker"
        script.write_text(FAKE.format(python=sys.executable, log=str(log), status=status))
        script.chmod(0o755)

    make()
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    make.calls = lambda: [json.loads(line) for line in log.read_text().splitlines()]
    return make


def test_the_token_is_in_the_commands_environment_and_no_argument(daemon, docker, run):
    docker(status=7)
    done = run("docker", "run", "prod", "--", "--rm", "image", "sh")
    assert done.returncode == 7, done.stderr
    [(called, token)] = [call for call in docker.calls() if call[0][0] == "run"]
    assert token == "t0ken"
    assert "t0ken" not in str(called)
    assert (
        called[-6:] == ["-e", "XACCT_ROLE=prod", "-e", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "--rm", "image", "sh"][-6:]
    )
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9477/v1/credentials/prod" in called, (
        "what the daemon says"
    )
    assert any(re.fullmatch(r"NO_PROXY=.*169\.254\.170\.2|NO_PROXY=.*127\.0\.0\.1", word) for word in called)
    [asked] = daemon.called("POST", "/v1/grants")
    assert (asked["where"], asked["label"]) == ("container", "container image")
    assert asked["pid"] > 0
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_a_detached_container_that_cannot_be_seen_gets_nothing(daemon, docker, run):
    done = run("docker", "run", "prod", "-d", "image")
    assert done.returncode == 1
    assert "--ttl" in done.stderr
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_with_a_time_nothing_is_watched_and_nothing_revoked(daemon, docker, run):
    done = run("docker", "run", "--ttl", "8h", "prod", "-d", "--restart", "always", "image")
    assert (done.returncode, done.stdout) == (0, "c0ffee" * 10 + "\n")
    [asked] = daemon.called("POST", "/v1/grants")
    assert (asked["ttl"], "pid" in asked) == (8 * 3600, False)
    assert daemon.called("DELETE", "/v1/grants/g1") == []


@pytest.mark.parametrize(
    ("given", "status"),
    [(["prod"], 2), (["prod", "--restart=always", "image"], 1), (["--engine", "no-such-engine", "prod", "image"], 127)],
)
def test_what_cannot_work_asks_for_no_grant(daemon, docker, run, given, status):
    done = run("docker", "run", *given)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert daemon.called("POST", "/v1/grants") == []


def test_narrower_credentials_are_asked_for_before_the_role(daemon, docker, run):
    done = run("docker", "run", "--read-only", "--ttl", "2h", "prod", "image")
    assert done.returncode == 0, done.stderr
    (asked,) = daemon.called("POST", "/v1/grants")
    assert (asked["scope"], asked["ttl"]) == ({"read_only": True, "ttl": 7200}, 7200)


@pytest.mark.parametrize("given", [["--read-only", "image"], ["--rm", "--read-only", "--", "image"]])
def test_what_may_be_meant_for_us_or_the_engine_is_neither(daemon, docker, run, given):
    done = run("docker", "run", "prod", *given)
    assert done.returncode == 2
    assert "xacctctl docker run prod -- --read-only" in done.stderr
    assert daemon.called("POST", "/v1/grants") == []
    assert run("docker", "run", "prod", "--", "--read-only", "image").returncode == 0
    (asked,) = daemon.called("POST", "/v1/grants")
    assert "scope" not in asked


def test_a_compose_file_narrows_nothing_and_a_command_of_compose_does(daemon, docker, run):
    done = run("docker", "compose", "--read-only", "prod")
    assert (done.returncode, done.stdout) == (2, "")
    assert run("docker", "compose", "--read-only", "prod", "--", "true").returncode == 0
    (asked,) = daemon.called("POST", "/v1/grants")
    assert asked["scope"] == {"read_only": True}


def test_explain_asks_for_no_grant(daemon, docker, run):
    daemon.containers["address_here"] = False
    done = run("docker", "run", "--explain", "prod", "-d", "image")
    assert "way      relay" in done.stdout
    assert daemon.called("POST", "/v1/grants") == []
    assert [call for call in docker.calls() if call[0][0] == "run"] == []


def test_explain_says_of_a_role_that_is_none_what_the_daemon_says(daemon, docker, run):
    done = run("docker", "run", "--explain", "nope", "image")
    assert done.returncode != 0
    assert "Did you mean prod?" in done.stderr


def test_no_image_is_pulled_unasked(daemon, docker, run):
    daemon.containers["address_here"] = False
    done = run("docker", "run", "prod", "image")
    assert "pull alpine/socat" in done.stderr
    assert daemon.called("POST", "/v1/grants") == []


def test_a_compose_file_has_no_token_and_passes_it_on(daemon, docker, run):
    done = run("docker", "compose", "--service", "api", "--service", "web", "prod")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^      AWS_CONTAINER_AUTHORIZATION_TOKEN:$", done.stdout, re.MULTILINE)
    assert [line for line in done.stdout.splitlines() if line.startswith('  "')] == ['  "api":', '  "web":']
    assert daemon.called("POST", "/v1/grants") == []


@pytest.mark.parametrize(
    "role", ["a\nservices: {evil: {image: x}}", "b\u2028#c", "d\x85e", 'quo"te', "$HOME ${X}", "\U0001f600", "tab\t# x"]
)
def test_no_name_adds_a_key_to_a_compose_file(daemon, docker, run, role):
    yaml = pytest.importorskip("yaml")
    daemon.roles = {role: None}
    done = run("docker", "compose", "--service", "api", role)
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    assert list(found["services"]) == ["api"]
    assert found["services"]["api"]["environment"]["XACCT_ROLE"].replace("$$", "$") == role
    assert done.stdout.count("\nservices:") == 1


@pytest.mark.parametrize("service", ["a\nb", "a: {}", "", "a b"])
def test_a_service_has_a_name_that_compose_takes(daemon, docker, run, service):
    done = run("docker", "compose", "--service", service, "prod")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no name of a service" in done.stderr


def test_a_command_of_compose_has_the_token_for_as_long_as_it_runs(daemon, docker, run):
    done = run("docker", "compose", "prod", "--", "sh", "-c", "echo $AWS_CONTAINER_AUTHORIZATION_TOKEN; exit 5")
    assert (done.returncode, done.stdout) == (5, "t0ken\n")
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_a_command_of_compose_that_can_not_be_started_has_no_grant_left(daemon, docker, run):
    done = run("docker", "compose", "--ttl", "8h", "prod", "--", "/no/such/command")
    assert done.returncode == 127, done.stderr
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_with_a_time_the_grant_outlives_a_command_of_compose(daemon, docker, run):
    assert run("docker", "compose", "--ttl", "8h", "prod", "--", "true").returncode == 0
    assert daemon.called("DELETE", "/v1/grants/g1") == []


def test_setup_is_one_command_or_none(daemon, docker, run):
    assert "already" in run("docker", "setup").stdout
    assert run("docker", "setup", "--remove").stdout.endswith("ip address delete 169.254.170.2/32 dev docker0\n")
