"""ssh, with a stand-in for OpenSSH's client: tests/system/test_ssh.py has a real one, and a real server."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE, wait_until

from xacct.ctl import remote_env, ssh
from xacct.ctl.failure import CtlError

GRANT = {
    "id": "g1",
    "token": "t0ken",
    "token_file": "/run/xacct/t",
    "urls": {"prod": "http://127.0.0.1:40123/role/prod"},
    "regions": {"prod": "eu-west-1"},
}
SHELLS = [
    shell for shell in ("sh", "dash", "bash", "zsh", "fish", "tcsh", "busybox sh") if shutil.which(shell.split()[0])
]


@pytest.fixture
def other(place, monkeypatch):
    """The directory of the stand-in, which is first in PATH."""
    directory = place / "ssh"
    directory.mkdir()
    (directory / "bin").mkdir()
    (directory / "bin" / "ssh").symlink_to(Path(__file__).with_name("fake_ssh"))
    monkeypatch.setenv("PATH", f"{directory}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SSH", str(directory))
    monkeypatch.setenv("SHELL", "/bin/sh")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    before = set(Path("/tmp").glob("xacct.*"))
    yield directory
    assert not list((place / "r" / "xacct").glob("s[0-9]*"))
    made = set(Path("/tmp").glob("xacct.*")) - before  # other runs of these tests may be under way, and tidy up theirs
    wait_until(lambda: not any(each.exists() for each in made), what="nothing left in /tmp")


@pytest.fixture
def there(daemon, other):
    """A daemon whose grants are as they would be over there."""
    daemon.answers["/v1/grants"] = lambda body: {**GRANT, "asked": daemon.requests and body}
    return daemon


def calls(other):
    return [call.split("\n")[:-1] for call in (other / "log").read_text().split("=====\n")[:-1]]


@pytest.mark.parametrize(
    ("line", "options", "host", "command"),
    [
        ("host", [], "host", ""),
        ("me@host uptime -p", [], "me@host", "uptime -p"),
        ("-p 2222 -J jump host", ["-p2222", "-Jjump"], "host", ""),
        ("-- -p 2222 host ls", ["-p2222"], "host", "ls"),
        ("host -p 2222 -v ls -l", ["-p2222", "-v"], "host", "ls -l"),
        ("-vvo Port=1 -o User=x host", ["-v", "-v", "-oPort=1", "-oUser=x"], "host", ""),
        ("-L8080:x:80 -t host -- ls --all", ["-L8080:x:80", "-t"], "host", "ls --all"),
        ("host ls -- -N", [], "host", "ls -- -N"),
    ],
)
def test_a_command_line_is_taken_apart_as_ssh_does(line, options, host, command):
    assert ssh.taken_apart(line.split()) == (options, host, command)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "needs a host"),
        ("-p 22", "needs a host"),
        ("--what host", "would not understand"),
        ("host -p", "would not understand"),
        *(
            (f"{option} host", "does not go with")
            for option in ("-f", "-N", "-M", "-W x:1", "-S none", "-O exit", "-s")
        ),
        ("host -fN", "does not go with"),
    ],
)
def test_what_is_no_session_in_the_foreground_is_refused(line, sentence):
    with pytest.raises(CtlError, match=sentence) as refused:
        ssh.taken_apart(line.split())
    assert refused.value.status == 2


def test_the_far_side_has_the_environment_and_the_grant_ends(there, other, run, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    done = run("ssh", "prod", "host", "env; exit 7")
    assert (done.returncode, done.stderr) == (7, "")
    has = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert has["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == "http://127.0.0.1:40123/role/prod"
    assert has["AWS_CONTAINER_AUTHORIZATION_TOKEN"] == "t0ken"
    assert has["AWS_REGION"] == has["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert has["AWS_EC2_METADATA_DISABLED"] == "true"
    assert has["NO_PROXY"] == has["no_proxy"] == "127.0.0.1,localhost"
    assert has["XACCT_ROLE"] == "prod"
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" not in has  # that file is here
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID"} & set(has)
    (asked,) = there.called("POST", "/v1/grants")
    assert asked["forwarded_port"] == 40123
    assert asked["label"] == f"ssh host {asked['pid']}"
    assert there.called("DELETE", "/v1/grants/g1") == [None]


def test_what_ssh_is_told(there, other, run):
    run("ssh", "prod", "-p", "22", "-J", "jump", "-L", "1:x:2", "me@host", "true")
    enter, forward, lend, session, leave = calls(other)
    socket = enter[1]
    assert socket.startswith(str(other.parent / "r" / "xacct" / "s"))
    assert enter[2:] == [
        *("-o", "ControlMaster=yes", "-o", "ControlPersist=10", "-o", "RemoteCommand=none", "-N"),
        *("-p22", "-Jjump", "-L1:x:2", "--", "me@host"),
    ]
    alone = ["-F", "/dev/null", "-o", "ProxyCommand=false", "-o", "BatchMode=yes", "-S", socket]
    assert forward == [*alone, "-O", "forward", "-R", "127.0.0.1:0:127.0.0.1:9477", "--", "me@host"]
    assert lend[: len(alone)] == leave[: len(alone)] == alone
    assert session[-6:-1] == ["ProxyCommand=false", "-p22", "-L1:x:2", "--", "me@host"]
    assert "t0ken" not in (other / "log").read_text()


def test_a_terminal_is_asked_for_where_there_is_one_and_no_command(there, other, sit):
    seat = sit("ssh", "prod", "-T", "host")
    seat.type("exit 3\n")
    assert seat.end()[0] == 3
    session = calls(other)[3]
    assert session.index("-t") < session.index("-T")
    assert sit("ssh", "prod", "host", "true").end()[0] == 0
    assert "-t" not in calls(other)[8]


@pytest.mark.parametrize("shell", SHELLS)
def test_any_login_shell_takes_both_scripts_and_any_command(there, other, run, monkeypatch, shell):
    monkeypatch.setenv("FAKE_SHELL", shell)
    done = run("ssh", "prod", "host", "printf '%s|' $XACCT_ROLE \"it's  $((1+1))\" 'a\\b!'\nexit 9")
    assert (done.returncode, done.stdout, done.stderr) == (9, "prod|it's  2|a\\b!|", "")


def test_variables_of_theirs_are_kept(there, other, run, monkeypatch):
    for name in "sdi":
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("NO_PROXY", "corp.example")
    done = run("ssh", "prod", "host", "echo $s $d $i $NO_PROXY")
    assert done.stdout == "theirs theirs theirs corp.example,127.0.0.1,localhost\n"


WHO = "import botocore.session as b, sys; s = b.Session(profile=(sys.argv[1:] or [None])[0]); c = s.get_credentials()"
SAYS = f"{sys.executable} -c '{WHO}; print(c.access_key if c else None, s.get_config_variable(\"region\"))'"
KEYS = "aws_access_key_id = {0}\naws_secret_access_key = x\n"


@pytest.fixture
def far_files(place, other, monkeypatch):
    """The directory of AWS's files there."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place / "r"))
    directory = place / "h" / ".aws"
    directory.mkdir()
    return directory


def copies(place):
    return [*(place / "r").glob("xacct.*"), *Path("/tmp").glob("xacct.*/config")]


@pytest.mark.parametrize("file", ["credentials", pytest.param("config", marks=pytest.mark.live)])
def test_a_profile_there_is_what_it_is_though_default_keys_would_win(there, run, place, far_files, file):
    (far_files / "credentials").write_text("[work]\n" + KEYS.format("WORK"))
    (far_files / "config").write_text("[profile work]\nregion = us-west-1\n[profile xacct]\noutput = text\n")
    with (far_files / file).open("a") as more:
        more.write("[default]\r\nregion = eu-south-1\r\n" + KEYS.format("DEFAULT") + "[other]\n")
    before = {path: path.read_bytes() for path in far_files.iterdir()}
    done = run(
        "ssh",
        "prod",
        "host",
        f"{SAYS} work; unset AWS_REGION AWS_DEFAULT_REGION; {SAYS} default; aws=$AWS_PROFILE;"
        ' grep -A9 -F "[profile $aws]" $AWS_CONFIG_FILE; echo $aws ${AWS_SHARED_CREDENTIALS_FILE-none}; exit 7',
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout.splitlines() == [
        "WORK eu-west-1",
        "DEFAULT eu-south-1",
        "[profile xacct-]",
        "region = eu-south-1",
        "xacct- none",
    ]
    assert done.stderr.count("would win") == 1
    assert {path: path.read_bytes() for path in far_files.iterdir()} == before
    assert copies(place) == []


def test_no_keys_of_default_there_change_nothing(there, run, far_files):
    (far_files / "credentials").write_text(
        "[other]\n" + KEYS.format("OTHER") + "[default]\nregion = x\n#role_arn = x\n"
    )
    done = run(
        "ssh", "prod", "host", "echo ${AWS_SHARED_CREDENTIALS_FILE-none} ${AWS_PROFILE-none} ${AWS_CONFIG_FILE-none}"
    )
    assert (done.stdout, done.stderr) == ("none none none\n", "")


@pytest.mark.parametrize("variable", ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CREDENTIAL_PROFILES_FILE"])
def test_files_that_variables_name_there_are_looked_into(there, run, place, far_files, monkeypatch, variable):
    (far_files.parent / "my file").write_text("\ufeff[default]\ncredential_process = x\n", "utf-8")
    (far_files / "config").write_text("[profile a]")
    monkeypatch.setenv(variable, "~/my file")
    done = run("ssh", "prod", "host", "echo $AWS_PROFILE")
    assert done.stdout == "xacct\n", done.stderr
    assert copies(place) == []


def test_a_heading_there_that_is_none_to_python_hides_no_keys(there, run, place, far_files):
    hidden = "region = x\n\n  [work] # is the next line of a value\n" + KEYS.format("DEFAULT")
    (far_files / "credentials").write_text("[default]\n" + hidden)
    assert run("ssh", "prod", "host", f"echo $AWS_PROFILE; {SAYS}").stdout.splitlines()[0] == "xacct"
    (far_files / "credentials").write_text("[default]\nregion = x\n  [work]\n  " + hidden.replace("\n", "\n  "))
    assert run("ssh", "prod", "host", "echo ${AWS_PROFILE-none}").stdout == "none\n"
    (far_files / "credentials").write_text("[default]\nregion = x\n")
    (far_files / "config").write_text("[DEFAULT]\n" + hidden)
    assert run("ssh", "prod", "host", "echo never").stdout == ""
    assert copies(place) == []


def test_keys_that_python_gives_every_profile_there_start_nothing(there, run, far_files):
    (far_files / "config").write_text("[DEFAULT]\n" + KEYS.format("ALL") + "[profile a]\nregion = x\n")
    assert run("ssh", "prod", "host", "echo started").stdout == "started\n"
    (far_files / "credentials").write_text("[default]\nregion = x\n")
    done = run("ssh", "prod", "host", "echo never")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was started" in done.stderr.replace("\n", " ")


def test_what_is_written_to_the_copy_there_is_kept_and_said(there, run, place, far_files):
    (far_files / "credentials").write_text("[default]\n" + KEYS.format("DEFAULT"))
    done = run("ssh", "prod", "host", "echo '[profile new]' >>$AWS_CONFIG_FILE; rm -f x")
    [kept] = copies(place)
    assert f"went into a copy, {kept.parent if kept.name == 'config' else kept}" in done.stderr
    shutil.rmtree(kept if kept.is_dir() else kept.parent)


def test_keys_there_that_can_t_be_helped_start_nothing(there, run, place, far_files, monkeypatch):
    (far_files / "credentials").write_text("[default]\n" + KEYS.format("DEFAULT"))
    broken = place / "broken"
    broken.mkdir()
    (broken / "awk").write_text("#!/bin/sh\nexit 1\n")
    (broken / "awk").chmod(0o755)
    monkeypatch.setenv("PATH", f"{os.environ['PATH'].split(':')[0]}:{broken}:{os.environ['PATH']}")
    done = run("ssh", "prod", "host", "echo never")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was started" in done.stderr.replace("\n", " ")
    assert copies(place) == []


@pytest.mark.parametrize(
    ("step", "status", "sentence"),
    [("enter", 255, ""), ("forward", 1, "forwards no port"), ("lend", 1, "can't be handed")],
)
def test_a_step_that_fails_gives_no_grant(there, other, run, step, status, sentence):
    (other / step).touch()
    done = run("ssh", "prod", "host", "echo never")
    assert (done.returncode, done.stdout) == (status, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert there.called("POST", "/v1/grants") == []


def test_a_daemon_that_knows_no_forwarded_ports_is_too_old(daemon, other, run):
    done = run("ssh", "prod", "host", "echo never")
    assert (done.returncode, done.stdout) == (1, "")
    assert "older than this command" in done.stderr
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_a_role_that_is_refused_needs_no_connection(there, other, run):
    assert run("ssh", "nope", "host").returncode == 1
    assert not (other / "log").exists()


def test_no_ssh_is_a_sentence(there, place, run, monkeypatch):
    monkeypatch.setenv("PATH", str(place))
    done = run("ssh", "prod", "host")
    assert done.returncode == 127
    assert "ssh can't be started" in done.stderr


def test_options_of_ours_stand_before_the_role(there, other, run):
    assert run("ssh", "--help").returncode == 0
    assert run("ssh").returncode == 2
    assert run("ssh", "--no-start", "prod", "host", "echo", "--no-start").stdout == "--no-start\n"


def test_only_the_lenders_own_line_is_believed():
    assert remote_env.lent("xacct lends /tmp/xacct.aB3/p\r\n") == "/tmp/xacct.aB3/p"
    for line in ("welcome", "xacct lends /tmp/x; rm -rf /", "xacct lends /tmp/xacct.a/../p", "xacct lends /etc/p"):
        assert remote_env.lent(line) is None


def test_the_scripts_are_one_word_to_every_shell():
    for text in (remote_env.LEND, remote_env.borrow("/tmp/xacct.a/p")):
        assert text.count("'") == 2
        assert not set("!\\\n") & set(text)


@pytest.mark.parametrize("reader", [None, "read and not removed"])
def test_a_lender_ends_and_tidies_up_whatever_becomes_of_the_other(reader):
    impatient = remote_env.LEND.replace("-lt 30", "-lt 1")
    assert impatient != remote_env.LEND
    lender = subprocess.Popen(["sh", "-c", impatient], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pipe = Path(remote_env.lent(lender.stdout.readline()))
    assert pipe.is_fifo()
    assert (pipe.stat().st_mode | pipe.parent.stat().st_mode) & 0o077 == 0
    lender.stdin.write("echo it")
    lender.stdin.close()
    if reader:
        assert pipe.read_text() == "echo it"
    assert lender.wait(PATIENCE) == 0
    assert not pipe.parent.exists()
    lender.stdout.close()
