"""Keychain, Docker, Podman: for information, never a fault."""

import hashlib
import json
import socket

from xacct.ctl.doctor.surroundings import CHECKS, docker_host


def test_nothing_is_here(stage):
    assert stage.found(CHECKS) == dict.fromkeys(("keychain", "docker", "podman"), "ok")
    assert stage.sentences(CHECKS, "keychain") == ["There is no session bus, and so no Secret Service."]
    assert stage.sentences(CHECKS, "docker") == ["Docker is not installed."]
    assert stage.sentences(CHECKS, "podman") == ["Podman is not installed."]


def test_keychains(stage):
    stage.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/x"
    assert "no secret-tool" in stage.sentences(CHECKS, "keychain")[0]
    del stage.environ["DBUS_SESSION_BUS_ADDRESS"]
    (stage.root / "r/bus").touch()
    assert "no secret-tool" in stage.sentences(CHECKS, "keychain")[0]
    stage.program("secret-tool")
    assert "for a Secret Service" in stage.sentences(CHECKS, "keychain")[0]
    stage.more["platform"] = "darwin"
    assert stage.sentences(CHECKS, "keychain") == ["security is not in PATH."]
    stage.program("security")
    assert stage.sentences(CHECKS, "keychain") == ["The macOS keychain is here."]


def test_docker_answers_or_does_not(stage):
    stage.program("docker")
    path = stage.root / "docker.sock"
    stage.environ["DOCKER_HOST"] = f"unix://{path}"
    assert "does not answer" in stage.sentences(CHECKS, "docker")[0]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert stage.sentences(CHECKS, "docker") == ["Docker's context DOCKER_HOST answers."]
    assert "Connection refused" in stage.sentences(CHECKS, "docker")[0]
    stage.environ["DOCKER_HOST"] = "unix:///" + "x" * 200
    assert "too long" in stage.sentences(CHECKS, "docker")[0]
    stage.environ["DOCKER_HOST"] = "ssh://dev@host"
    assert "on another machine" in stage.sentences(CHECKS, "docker")[0]


def test_docker_contexts(stage):
    assert docker_host(stage.scene()) == ("default", "unix:///var/run/docker.sock")
    directory = stage.home / ".docker"
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps({"currentContext": "rootless"}))
    assert docker_host(stage.scene()) == ("rootless", "nowhere")
    meta = directory / "contexts/meta" / hashlib.sha256(b"rootless").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Endpoints": {"docker": {"Host": "unix:///run/user/1/docker.sock"}}}))
    assert docker_host(stage.scene()) == ("rootless", "unix:///run/user/1/docker.sock")
    directory.rename(stage.root / "elsewhere")
    stage.environ["DOCKER_CONFIG"] = str(stage.root / "elsewhere")
    assert docker_host(stage.scene()) == ("rootless", "unix:///run/user/1/docker.sock")
    (stage.root / "elsewhere").rename(directory)
    del stage.environ["DOCKER_CONFIG"]
    stage.environ["DOCKER_CONTEXT"] = "other"
    assert docker_host(stage.scene()) == ("other", "nowhere")
    stage.environ.pop("DOCKER_CONTEXT")
    (directory / "config.json").write_text("[]")
    assert docker_host(stage.scene())[0] == "default"


def test_podman(stage):
    stage.program("podman")
    assert stage.sentences(CHECKS, "podman") == ["Podman is installed."]
