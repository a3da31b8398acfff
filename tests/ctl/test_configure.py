"""configure: what it writes into ~/.aws/config, what it leaves alone, and what it won't do."""

import fcntl
import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from acl import ACL
from botocore.configloader import load_config
from waiting import PATIENCE

from xacct.ctl import block, configure, rewrite
from xacct.ctl.main import main
from xacct.userfiles import edit

ODD = b"\xef\xbb\xbf[profile prod]\r\nrole_arn = a\r\n# \xff\xfe latin1: \xe9\r\n[default]\r\nregion = x"


@pytest.fixture(autouse=True)
def aws(place, monkeypatch):
    """~/.aws, and none of the caller's own variables."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "XACCT_ROLE"):
        monkeypatch.delenv(name, raising=False)
    return place / "h" / ".aws"


@pytest.fixture
def config(aws, daemon):
    """The config file, as somebody wrote it by hand; the daemon knows prod and dev."""
    aws.mkdir()
    (aws / "config").write_bytes(ODD)
    return aws / "config"


@pytest.fixture
def say(capsys):
    """Run a command line; returns its status, stdout and stderr."""

    def run(*words):
        status = main(["configure", *words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def profiles(config):
    """The generated profiles, each with its options, as AWS tools read them."""
    found = load_config(str(config))["profiles"]
    return {name: options for name, options in found.items() if "credential_process" in options}


def test_a_profile_a_role_and_back_again(config, say):
    assert say("prod", "dev")[0] == 0
    assert config.read_bytes().startswith(ODD + b"\r\n")
    assert say("--remove")[0] == 0
    assert config.read_bytes() == ODD


def test_a_file_that_was_not_there_is_made_for_its_user_alone(aws, daemon, say):
    assert say("prod") == (0, f"+ prod-agent\nWritten to {aws / 'config'}.\n", "")
    assert stat.S_IMODE((aws / "config").stat().st_mode) == 0o600
    assert stat.S_IMODE(aws.stat().st_mode) == 0o700
    made = profiles(aws / "config")["prod-agent"]
    assert made["credential_process"].endswith(" process prod")
    assert made["region"] == "eu-west-1"
    assert say("--remove")[0] == 0
    assert (aws / "config").read_bytes() == b""


def test_a_second_run_has_nothing_to_do(config, say):
    say("--all")
    before = config.stat()
    for words in (["--all"], ["prod"], []):
        assert say(*words) == (0, f"Nothing to change in {config}.\n", "")
    assert config.stat() == before


def test_a_role_is_added_beside_the_others_and_goes_when_it_is_gone(aws, daemon, say):
    say("prod")
    assert say("dev")[1].startswith("+ dev-agent\n  prod-agent\n")
    assert list(profiles(aws / "config")) == ["prod-agent", "dev-agent"]
    daemon.roles = {"prod": "us-east-1"}
    assert say()[1].startswith("- dev-agent\n  prod-agent\n")
    assert profiles(aws / "config")["prod-agent"]["region"] == "us-east-1"


def test_one_role_can_be_taken_out(aws, daemon, say):
    say("--all")
    assert say("--remove", "dev")[0] == 0
    assert list(profiles(aws / "config")) == ["prod-agent"]
    assert say("--remove", "dev")[0] == 1


def test_names_are_as_asked_for_and_stay(aws, daemon, say):
    say("prod", "--prefix", "x/")
    assert list(profiles(aws / "config")) == ["x/prod"]
    say("dev")
    assert list(profiles(aws / "config")) == ["x/prod", "dev-agent"]
    say("--all", "--suffix=.a", "--prefix", "my ")
    assert list(profiles(aws / "config")) == ["my prod.a", "my dev.a"]


def test_a_dry_run_shows_a_diff_without_secrets_and_changes_nothing(config, say):
    config.write_bytes(b"[default]\naws_secret_access_key = s3cr3t")
    config.chmod(0o400)
    before = config.stat()[:7], config.stat().st_mtime_ns  # not when it was read last
    status, shown, _ = say("prod", "--dry-run")
    assert status == 0
    lines = shown.splitlines()
    assert lines[:2] == [f"--- {config}", f"+++ {config} (as it would be)"]
    assert "-aws_secret_access_key = ..." in lines
    assert "\\ No newline at end of file" in lines
    assert "+[profile prod-agent]" in lines
    assert "s3cr3t" not in shown
    assert (config.stat()[:7], config.stat().st_mtime_ns) == before
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_the_mode_and_the_symlink_are_kept(config, say):
    real = config.parent.parent / "dotfiles"
    real.mkdir()
    config.rename(real / "aws-config")
    (real / "aws-config").chmod(0o640)
    config.symlink_to("../dotfiles/aws-config")
    assert say("prod")[0] == 0
    assert config.is_symlink()
    assert b"prod-agent" in (real / "aws-config").read_bytes()
    assert stat.S_IMODE((real / "aws-config").stat().st_mode) == 0o640
    assert [file.name for file in real.iterdir()] == ["aws-config"]


def test_aws_config_file_is_obeyed(place, daemon, say, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", "~/elsewhere")
    assert say("prod")[0] == 0
    assert b"prod-agent" in (place / "h" / "elsewhere").read_bytes()


def test_our_own_copy_of_the_file_is_not_written_to(place, daemon, say, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(place / "r" / "xacct" / "aws-config-0123456789abcdef" / "config"))
    status, _, error = say("prod")
    assert status == 1
    assert "own copy" in error


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config", "[profile prod-agent]\nregion = x\n"),
        ("config", '[ profile "prod-agent" ]\nregion = x\n'),
        ("credentials", "[prod-agent]\naws_access_key_id = x\n"),
    ],
)
def test_a_profile_that_is_not_ours_is_not_doubled(aws, daemon, say, file, text):
    aws.mkdir()
    (aws / file).write_text(text)
    status, _, error = say("prod")
    assert status == 1
    assert "There is a profile prod-agent already" in error
    assert "--prefix" in error
    assert [one.name for one in aws.iterdir()] == [file]
    assert (aws / file).read_text() == text


def test_without_any_addition_the_name_is_the_roles_own_profile(config, say):
    status, _, error = say("prod", "--suffix", "")
    assert (status, "There is a profile prod already" in error) == (1, True)


def test_two_roles_don_t_share_a_name(aws, daemon, say):
    daemon.roles = {"dev": None, "dev-agent": None}
    say("dev")
    assert say("dev-agent", "--suffix", "")[0] == 1


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ([], 2, "which roles"),
        (["nope"], 1, "no role nope"),
        (["prod", "--all"], 2, "contradict"),
        (["--remove", "--all"], 2, "--remove goes with"),
        (["--remove", "--prefix", "x"], 2, "--remove goes with"),
    ],
)
def test_what_is_not_meant_changes_nothing(config, say, words, status, sentence):
    said, _, error = say(*words)
    assert (said, sentence in error) == (status, True)
    assert config.read_bytes() == ODD


def test_no_roles_at_all_are_no_reason_to_empty_the_block(aws, daemon, say):
    say("prod")
    before = (aws / "config").read_bytes()
    daemon.roles = {}
    daemon.problems = [{"code": "bad-config", "category": "usage", "sentence": "It can't be read.", "hint": ""}]
    status, _, error = say()
    assert (status, "It can't be read." in error) == (1, True)
    assert (aws / "config").read_bytes() == before


def test_a_name_that_tools_read_differently_is_left_out_unless_it_is_wanted(aws, daemon, say):
    daemon.roles = {"pro$d": None, "dev": None}
    status, _, error = say("--all")
    assert (status, "'pro$d' is left out" in error) == (0, True)
    assert list(profiles(aws / "config")) == ["dev-agent"]
    assert say("pro$d")[0] == 1


def test_taking_away_needs_no_daemon(aws, say, run):
    aws.mkdir()
    (aws / "config").write_bytes(b"x\n")
    assert say("--no-start", "--remove")[0] == 0
    assert (aws / "config").read_bytes() == b"x\n"


def test_a_device_is_no_file(daemon, say, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    status, _, error = say("prod")
    assert (status, "/dev/null can't be read: it is no regular file" in error) == (1, True)


def test_a_file_that_cannot_be_written_stays_and_leaves_no_litter(config, say, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, _, error = say("prod")
    assert (status, "can't be written: No space left on device" in error) == (1, True)
    assert config.read_bytes() == ODD
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def written_in_place(config, text):
    config.write_bytes(text)


def renamed_over(config, text):
    (config.parent / "theirs").write_bytes(text)
    (config.parent / "theirs").replace(config)


@pytest.mark.parametrize("how", [written_in_place, renamed_over])
@pytest.mark.parametrize("moment", ["_made_alike", "exchange", "content"])
def test_what_somebody_else_writes_meanwhile_is_not_lost(config, say, monkeypatch, moment, how):
    """They write between our look and our change of places, or right after our last look; we look again."""
    step = getattr(edit, moment)
    left = [2]  # which call of it they come before

    def theirs_first(*arguments):
        left[0] -= 1
        if left[0] == (0 if moment == "content" else 1):
            how(config, ODD + b"\r\n[profile theirs]\r\n")
        return step(*arguments)

    monkeypatch.setattr(edit, moment, theirs_first)
    assert say("prod")[0] == 0
    assert b"[profile theirs]\r\n" in config.read_bytes()
    assert b"[profile prod-agent]" in config.read_bytes()
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_a_program_that_has_the_file_open_is_waited_for(config, say, monkeypatch):
    """It opened the file before the change, and writes into it after."""
    sleep, tries = edit.time.sleep, []

    def late(seconds):
        if not tries:
            os.pwrite(tries_into, b"theirs" + ODD, 0)
            os.close(tries_into)
        tries.append(seconds)
        sleep(seconds)

    tries_into = os.open(config, os.O_RDWR)
    monkeypatch.setattr(edit.time, "sleep", late)
    assert say("prod")[0] == 0
    assert config.read_bytes().startswith(b"theirs")
    assert b"[profile prod-agent]" in config.read_bytes()


def between_two_exchanges(monkeypatch, first, second):
    """`first` writes right before ours is put in place, `second` before it is taken out again for that."""
    exchange, writers = edit.exchange, [first, second]

    def overtaken(one, other):
        if writers:
            writers.pop(0)()
        return exchange(one, other)

    monkeypatch.setattr(edit, "exchange", overtaken)


@pytest.mark.parametrize("how", [written_in_place, renamed_over])
@pytest.mark.parametrize("base", ["ours", "theirs", "old"])
def test_what_is_written_between_two_exchanges_is_not_lost(config, say, monkeypatch, how, base):
    """One has written at once with us, another (who had read ours, theirs, or the file before both) right after it."""
    theirs = b"# first\n" + ODD

    def second():
        read = {"ours": config.read_bytes(), "theirs": theirs, "old": ODD}[base]
        how(config, read.replace(b"[profile", b"# second\n[profile", 1))

    between_two_exchanges(monkeypatch, lambda: how(config, theirs), second)
    assert say("prod")[0] == 0
    text = config.read_bytes()
    assert text.startswith(b"# first\n")
    assert text.count(b"# second\n") == 1
    assert b"[profile prod-agent]" in text
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_what_can_not_be_merged_is_kept_beside_and_said(config, say, monkeypatch):
    theirs, other = ODD.replace(b"[profile", b"; first\n[profile", 1), b"[default]\nregion = second\n"
    between_two_exchanges(monkeypatch, lambda: renamed_over(config, theirs), lambda: renamed_over(config, other))
    status, _, error = say("prod")
    kept = config.with_name("config.broken")
    assert (status, str(kept) in error) == (1, True)
    assert {config.read_bytes(), kept.read_bytes()} == {theirs, other}


def test_what_a_program_writes_late_into_the_file_is_not_lost(config, say):
    """It has had the file open since before the change, and keeps it open."""
    with config.open("ab") as file:
        status, _, error = say("prod")
        assert (status, "is open for writing in another program" in error) == (1, True)
        file.write(b"\n# late\n")
    assert config.read_bytes() == ODD + b"\n# late\n"
    assert say("prod")[0] == 0


def test_the_lock_of_a_run_that_was_killed_is_no_editors(config, say):
    gone = subprocess.Popen(["true"])
    gone.wait()
    config.with_name(".#config").symlink_to(f"xacct@{os.uname().nodename}.{gone.pid}")
    assert say("prod")[0] == 0
    config.with_name(".#config").symlink_to(f"xacct@{os.uname().nodename}.{os.getppid()}")
    assert say("--remove")[0] == 1


def test_a_file_that_is_mounted_by_itself_is_written_into(config, say, monkeypatch):
    """As a container has it: a mount point can't be renamed."""
    before = config.stat().st_ino

    def busy(*_):
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(edit, "exchange", busy)
    assert say("prod")[0] == 0
    assert b"[profile prod-agent]" in config.read_bytes()
    assert say("--remove")[0] == 0
    assert (config.read_bytes(), config.stat().st_ino) == (ODD, before)
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def appended(config, text):
    with config.open("ab") as file:
        file.write(text.splitlines(keepends=True)[-1])


@pytest.mark.parametrize("locks", [True, False], ids=["lock", "no lock"])
@pytest.mark.parametrize("how", [renamed_over, appended])
def test_no_edit_of_many_is_lost(config, say, how, locks):
    """An editor that adds a line at a time, with Emacs's lock or without, while configure comes and goes.

    What can't be in the file is in one beside it, which the sentence names.
    """
    edits, stop, lock = [], threading.Event(), config.with_name(".#config")

    def edit():
        while not stop.is_set():
            try:
                lock.symlink_to("somebody@elsewhere.1") if locks else None
            except FileExistsError:
                continue
            edits.append(f"# edit {len(edits)}\n".encode())
            how(config, config.read_bytes() + edits[-1])
            lock.unlink(missing_ok=True) if locks else None
            stop.wait(0.001)

    config.write_bytes(b"[default]\n")
    thread = threading.Thread(target=edit)
    thread.start()
    said = [say(words) for _ in range(3) for words in ("--all", "--remove")]
    stop.set()
    thread.join()
    assert {status for status, _, _ in said} <= {0, 1}
    assert edits
    kept = config.read_bytes() + b"".join(file.read_bytes() for file in config.parent.glob("config.broken*"))
    assert [line for line in edits if line not in kept] == []
    named = "".join(error for _, _, error in said)
    assert all(str(file) in named for file in config.parent.glob("config.broken*"))


def test_where_files_can_not_change_places_it_is_renamed(config, say, monkeypatch):
    monkeypatch.setattr(edit, "exchange", lambda *_: False)
    assert say("prod")[0] == 0
    assert b"[profile prod-agent]" in config.read_bytes()


@pytest.mark.parametrize("name", [".#config", ".config.swp"])
def test_a_file_that_is_open_in_an_editor_is_left_alone(config, say, name):
    (config.parent / name).symlink_to("somebody@elsewhere.1")
    status, _, error = say("prod")
    assert (status, "is open in an editor" in error) == (1, True)
    assert config.read_bytes() == ODD


def test_a_file_of_two_names_is_left_alone(config, say):
    os.link(config, config.parent / "other")
    status, _, error = say("prod")
    assert (status, "has another name" in error) == (1, True)
    assert config.read_bytes() == ODD


@pytest.fixture
def with_acl(config):
    try:
        os.setxattr(config, edit._ACL, ACL)
    except (AttributeError, OSError):
        pytest.skip("this file system has no access control lists")
    return config


def test_an_access_control_list_is_kept(with_acl, say):
    assert say("prod")[0] == 0
    assert b"[profile prod-agent]" in with_acl.read_bytes()
    assert os.getxattr(with_acl, edit._ACL) == ACL


def test_an_access_control_list_that_can_not_be_kept_is_said(with_acl, say, monkeypatch):
    def refused(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(edit.os, "setxattr", refused)
    status, _, error = say("prod")
    assert (status, "access control list can't be kept" in error) == (1, True)
    assert with_acl.read_bytes() == ODD


SECRETS = b"""[profile work]
credential_process = /opt/helper --password hunter2 --user me
external_id = s3cr3t-external
aws_secret_access_key =
    wJalrSECRET/continued
region = eu-central-1
  wJalrSECRET/below
role_arn = arn:aws:iam::123456789012:role/work
# aws_secret_access_key = oldS3CR3T
; wJalrSECRET
s3 =
    password = s3cr3t
web_password: s3cr3t
AWS_SESSION_TOKEN=s3cr3t
sso_start_url = https://example.com/s3cr3t
region = s3cr3t with words
credential_process = xacctctl --password hunter2 process x
credential_process = /usr/bin/xacctctl process prod
not an option s3cr3t"""


def test_a_dry_run_shows_of_others_lines_only_what_is_no_secret(config, say):
    config.write_bytes(SECRETS)
    status, shown, _ = say("prod", "--dry-run")
    assert status == 0
    assert not re.search(r"(?i)s3cr3t|hunter2|wJalr", shown)
    for line in SECRETS.decode().splitlines():
        assert not re.search(r"(?i)s3cr3t|hunter2|wJalr", block.showable(line)), line
    kept = [line for line in SECRETS.decode().splitlines() if block.showable(line) == line]
    assert kept == [
        "[profile work]",
        "region = eu-central-1",
        "role_arn = arn:aws:iam::123456789012:role/work",
        "credential_process = /usr/bin/xacctctl process prod",
    ]


def test_a_file_that_never_rests_is_left_alone(config, say, monkeypatch):
    monkeypatch.setattr(rewrite, "replace", lambda *_: False)
    status, _, error = say("prod")
    assert (status, "changes all the time" in error) == (1, True)


def test_runs_at_the_same_time_lose_nothing(aws, daemon):
    daemon.roles = {f"r{number}": None for number in range(8)}
    command = [sys.executable, "-m", "xacct.ctl", "configure"]
    runs = [subprocess.Popen([*command, role], stdout=subprocess.DEVNULL) for role in daemon.roles]
    assert [one.wait(PATIENCE) for one in runs] == [0] * 8
    assert set(profiles(aws / "config")) == {f"{role}-agent" for role in daemon.roles}


def test_a_run_waits_for_the_one_before_it(config, place):
    command = [sys.executable, "-m", "xacct.ctl", "configure", "prod"]
    with (place / "r" / "xacct" / "configure.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        assert config.read_bytes() == ODD
    assert waiting.wait(PATIENCE) == 0
    assert config.read_bytes() != ODD


def test_a_reader_never_sees_half_of_it(config, say):
    seen, stop = set(), threading.Event()

    def look():
        while not stop.is_set():
            seen.add(config.read_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(4):
        say("--all")
        say("--remove")
    stop.set()
    thread.join()
    assert ODD in seen
    assert len(seen) <= 2


# How to call xacctctl.


def program(monkeypatch, argv0, bare="/nonexistent"):
    monkeypatch.setattr(sys, "argv", [argv0])
    monkeypatch.setattr(os, "confstr", lambda _: str(bare))
    return configure.program()


def installed(directory, to=None):
    directory.mkdir(parents=True)
    file = directory / "xacctctl"
    file.symlink_to(to) if to else file.touch(0o755)
    return str(file)


def test_a_link_is_named_as_it_is(place, monkeypatch):
    real = installed(place / "venv")
    link = installed(place / "bin", real)
    assert program(monkeypatch, link) == link


def test_what_the_systems_own_path_finds_needs_no_directory(place, monkeypatch):
    real = installed(place / "venv")
    link = installed(place / "bin", real)
    assert program(monkeypatch, real, place / "bin") == "xacctctl"
    other = installed(place / "other")
    assert program(monkeypatch, other, place / "bin") == other
    assert program(monkeypatch, link, place / "other") == link


def test_a_path_with_a_space_is_quoted_and_one_with_a_dollar_refused(place, monkeypatch, daemon, say):
    assert program(monkeypatch, installed(place / "a b")) == f'"{place}/a b/xacctctl"'
    monkeypatch.setattr(sys, "argv", [installed(place / "a$b")])
    status, _, error = say("prod")
    assert (status, "don't agree" in error) == (1, True)


def test_a_module_is_called_as_one_unless_there_is_a_command_beside_it(place, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(place / "venv" / "python"))
    assert program(monkeypatch, "/src/xacct/ctl/__main__.py") == f"{place}/venv/python -m xacct.ctl"
    beside = installed(place / "venv")
    assert program(monkeypatch, "/src/xacct/ctl/__main__.py") == beside


def test_a_name_found_on_the_path_is_made_whole(place, monkeypatch):
    command = installed(place / "bin")
    Path(command).chmod(0o755)
    monkeypatch.setenv("PATH", str(place / "bin"))
    assert program(monkeypatch, "xacctctl") == command


def test_who_is_run_for_its_keys_may_not_ask_back(daemon, capsys, monkeypatch):
    monkeypatch.setenv("XACCT_SOURCE", "work")
    for words in (["process", "prod"], ["env", "prod"], ["login", "prod"]):
        assert main(words) == 1
        assert "waiting for the keys of work" in capsys.readouterr().err
    assert daemon.requests == []
