"""configure: what it writes into ~/.aws/config, what it leaves alone, and what it won't do."""

import fcntl
import os
import re
import stat
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from botocore.configloader import load_config

from xacct.ctl import block, configure, rewrite
from xacct.ctl.main import main

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
    step = getattr(rewrite, moment)
    left = [2]  # which call of it they come before

    def theirs_first(*arguments):
        left[0] -= 1
        if left[0] == (0 if moment == "content" else 1):
            how(config, ODD + b"\r\n[profile theirs]\r\n")
        return step(*arguments)

    monkeypatch.setattr(rewrite, moment, theirs_first)
    assert say("prod")[0] == 0
    assert b"[profile theirs]\r\n" in config.read_bytes()
    assert b"[profile prod-agent]" in config.read_bytes()
    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_a_program_that_has_the_file_open_is_waited_for(config, say, monkeypatch):
    """It opened the file before the change, and writes into it after."""
    sleep, tries = rewrite.time.sleep, []

    def late(seconds):
        if not tries:
            os.pwrite(tries_into, b"theirs" + ODD, 0)
        tries.append(seconds)
        sleep(seconds)

    tries_into = os.open(config, os.O_RDWR)
    monkeypatch.setattr(rewrite.time, "sleep", late)
    assert say("prod")[0] == 0
    os.close(tries_into)
    assert config.read_bytes().startswith(b"theirs")
    assert b"[profile prod-agent]" in config.read_bytes()


def test_no_edit_of_many_is_lost(config, say):
    """An editor that adds a line at a time under Emacs's lock, whole files by a rename, while configure comes and goes.

    Who reads and saves without that lock in the instant of an exchange may still undo another's edit.
    """
    edits, stop, lock = [], threading.Event(), config.with_name(".#config")

    def edit():
        while not stop.is_set():
            try:
                lock.symlink_to("somebody@elsewhere.1")
            except FileExistsError:
                continue
            edits.append(f"# edit {len(edits)}\n".encode())
            renamed_over(config, config.read_bytes() + edits[-1])
            lock.unlink()
            stop.wait(0.001)

    config.write_bytes(b"[default]\n")
    thread = threading.Thread(target=edit)
    thread.start()
    statuses = {say(words)[0] for _ in range(10) for words in ("--all", "--remove")}
    stop.set()
    thread.join()
    assert statuses <= {0, 1}
    assert edits
    assert [line for line in edits if line not in config.read_bytes()] == []


def test_where_files_can_not_change_places_it_is_renamed(config, say, monkeypatch):
    monkeypatch.setattr(rewrite, "exchange", lambda *_: False)
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


ACL = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", *entry)
    for entry in ((1, 6, 2**32 - 1), (2, 4, 65534), (4, 0, 2**32 - 1), (16, 4, 2**32 - 1), (32, 0, 2**32 - 1))
)
"""acl(5) as the kernel keeps it: the user nobody may read, too."""


@pytest.fixture
def with_acl(config):
    try:
        os.setxattr(config, rewrite._ACL, ACL)
    except (AttributeError, OSError):
        pytest.skip("this file system has no access control lists")
    return config


def test_an_access_control_list_is_kept(with_acl, say):
    assert say("prod")[0] == 0
    assert b"[profile prod-agent]" in with_acl.read_bytes()
    assert os.getxattr(with_acl, rewrite._ACL) == ACL


def test_an_access_control_list_that_can_not_be_kept_is_said(with_acl, say, monkeypatch):
    def refused(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(rewrite.os, "setxattr", refused)
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
        assert not re.search(r"(?i)s3cr3t|hunter2|wJalr", block.tame(line)), line
    kept = [line for line in SECRETS.decode().splitlines() if block.tame(line) == line]
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
    assert [one.wait(30) for one in runs] == [0] * 8
    assert set(profiles(aws / "config")) == {f"{role}-agent" for role in daemon.roles}


def test_a_run_waits_for_the_one_before_it(config, place):
    command = [sys.executable, "-m", "xacct.ctl", "configure", "prod"]
    with (place / "r" / "xacct" / "configure.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        assert config.read_bytes() == ODD
    assert waiting.wait(30) == 0
    assert config.read_bytes() != ODD


def test_a_reader_never_sees_half_of_it(config, say):
    seen, stop = set(), threading.Event()

    def look():
        while not stop.is_set():
            seen.add(config.read_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(10):
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
    return configure._program()


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
