"""Places and files: there, ours, private, readable."""

import socket

import pytest

from xacct.ctl.doctor import files
from xacct.ctl.doctor.files import CHECKS

HEALTHY = dict.fromkeys(
    ("runtime-variable", "runtime-dir", "control-socket", "grants-dir", "state-dir", "settings-file", "aws-files"), "ok"
)


@pytest.fixture
def healthy(stage):
    stage.config("[profile prod]\nregion = x\n")
    (stage.root / "r/xacct/grants").mkdir(mode=0o700, parents=True)
    for made in ("r/xacct", "s/xacct", "c/xacct"):
        (stage.root / made).mkdir(mode=0o700, exist_ok=True)
        (stage.root / made).chmod(0o700)
    stage.running(roles=[{"name": "prod"}])
    return stage


def test_all_is_well(healthy):
    (healthy.root / "r/xacct/grants/3f9a").touch(0o600)
    (healthy.root / "c/xacct/config.toml").write_text("[daemon]\nport = 9500\n")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(healthy.root / "r/xacct/control.sock"))
        (healthy.root / "r/xacct/control.sock").chmod(0o600)
        assert healthy.found(CHECKS) == {**HEALTHY, "settings": "ok"}


def test_nothing_is_there_yet(stage):
    assert stage.found(CHECKS) == {**HEALTHY, "settings": "skipped", "aws-files": "warning"}


def with_environ(name, value):
    return lambda stage: stage.environ.update({name: value})


def replaced(path, make):
    def replace(stage):
        target = stage.root / path
        if target.is_dir():
            for child in target.iterdir():
                child.rmdir()
            target.rmdir()
        make(target)

    return replace


def text_of(path, text, mode=0o600):
    def write(stage):
        (stage.root / path).write_text(text)
        (stage.root / path).chmod(mode)

    return write


@pytest.mark.parametrize(
    ("what", "name", "state"),
    [
        (with_environ("XDG_RUNTIME_DIR", ""), "runtime-variable", "warning"),
        (with_environ("XDG_RUNTIME_DIR", "run"), "runtime-variable", "warning"),
        (with_environ("XDG_RUNTIME_DIR", "/nowhere/at/all"), "runtime-variable", "warning"),
        (lambda stage: (stage.root / "r/xacct").chmod(0o755), "runtime-dir", "broken"),
        (replaced("r/xacct", lambda path: path.write_text("")), "runtime-dir", "broken"),
        (replaced("r/xacct", lambda path: path.symlink_to(path)), "runtime-dir", "broken"),
        (lambda stage: (stage.root / "r/xacct/grants").chmod(0o750), "grants-dir", "broken"),
        (text_of("r/xacct/grants/3f9a", "t", 0o640), "grants-dir", "broken"),
        (lambda stage: (stage.root / "r/xacct/grants/x").symlink_to("/etc/passwd"), "grants-dir", "broken"),
        (lambda stage: (stage.root / "s/xacct").chmod(0o777), "state-dir", "broken"),
        (text_of("r/xacct/control.sock", ""), "control-socket", "broken"),
        (text_of("c/xacct/config.toml", "[daemon\n"), "settings-file", "broken"),
        (text_of("c/xacct/config.toml", "[daemon]\n", 0o622), "settings-file", "warning"),
        (lambda stage: (stage.root / "c/xacct/config.toml").mkdir(), "settings-file", "broken"),
        (lambda stage: stage.config("[default]\nregion = x\n[default]\n"), "aws-files", "broken"),
        (lambda stage: stage.config("no section = x\n"), "aws-files", "broken"),
        (lambda stage: (stage.home / ".aws/credentials").mkdir(), "aws-files", "broken"),
        (lambda stage: (stage.home / ".aws/config").unlink(), "aws-files", "warning"),
    ],
)
def test_one_thing_is_wrong_and_only_that_is_said(healthy, what, name, state):
    what(healthy)
    rest = {**HEALTHY, "settings": "ok"} | {name: state}
    found = healthy.found(CHECKS)
    assert found[name] == state
    if name != "runtime-dir":  # what lies below it is then in question too
        assert found == rest


def test_an_open_socket(healthy):
    path = healthy.root / "r/xacct/control.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o666)
        assert healthy.found(CHECKS)["control-socket"] == "broken"
        assert healthy.fix(CHECKS, "control-socket") == f"chmod 600 {path}"


def test_a_directory_of_somebody_else_by_whatever_way(healthy, theirs):
    other = healthy.root / "theirs"
    other.mkdir(mode=0o700)
    theirs(other)
    link = healthy.root / "link"
    link.symlink_to(other)
    assert files.stranger(healthy.root) is None
    assert files.stranger(other) == other
    assert files.stranger(link / "xacct") == other
    healthy.more["runtime"] = link
    assert healthy.found(CHECKS)["runtime-dir"] == "broken"
    assert f"{other} belongs to somebody else." in healthy.sentences(CHECKS, "runtime-dir")


def test_files_of_somebody_else(healthy, theirs):
    token, settings, sock = (
        healthy.root / path for path in ("r/xacct/grants/3f9a", "c/xacct/config.toml", "r/xacct/control.sock")
    )
    token.touch(0o600)
    settings.touch(0o600)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(sock))
        sock.chmod(0o600)
        for path in (token, settings, sock):
            theirs(path)
        assert healthy.found(CHECKS) == {
            **HEALTHY,
            "settings": "ok",
            "grants-dir": "broken",
            "settings-file": "warning",
            "control-socket": "broken",
        }
    assert healthy.sentences(CHECKS, "grants-dir")[1] == f"{token} is no token file of ours."


def test_what_is_no_file_among_tokens(healthy):
    link = healthy.root / "r/xacct/grants/x"
    link.symlink_to("/etc/passwd")
    assert healthy.sentences(CHECKS, "grants-dir")[1] == f"{link} is no token file of ours."


def test_a_socket_that_was_left(stage):
    with socket.socket(socket.AF_UNIX) as listener:
        (stage.root / "r/xacct").mkdir(mode=0o700)
        listener.bind(str(stage.root / "r/xacct/control.sock"))
        (stage.root / "r/xacct/control.sock").chmod(0o600)
        assert "Nobody listens there" in stage.sentences(CHECKS, "control-socket")[0]
        stage.running()
        assert "Nobody listens there" not in stage.sentences(CHECKS, "control-socket")[0]


def test_what_the_daemon_says_of_settings(healthy):
    healthy.running(problems=[{"code": "bad-config", "category": "usage", "sentence": "Profile x loops.", "hint": ""}])
    assert healthy.found(CHECKS)["settings"] == "warning"
    assert healthy.sentences(CHECKS, "settings") == ["Profile x loops."]
    assert healthy.fix(CHECKS, "settings") == "xacctctl roles"
    healthy.running(
        problems=[{"code": "bad-config", "category": "usage", "sentence": "Profile x loops.", "hint": "Cut it."}]
    )
    assert healthy.fix(CHECKS, "settings") == "Cut it."
    full = {"code": "audit-not-written", "category": "temporary", "sentence": "Nothing is served.", "hint": "Look."}
    healthy.running(problems=[full])
    assert healthy.found(CHECKS)["settings"] == "broken"


def test_a_place_in_a_broken_file_but_none_of_its_words(healthy):
    text_of("c/xacct/config.toml", "[daemon]\nport = SECRETSECRET\n")(healthy)
    healthy.config("[default]\nregion = x\nSECRETSECRET\n")
    (toml,) = healthy.sentences(CHECKS, "settings-file")
    (aws,) = healthy.sentences(CHECKS, "aws-files")
    assert "(line 2, column 8)" in toml
    assert "(line 3)" in aws
    assert "SECRET" not in toml + aws
