"""Where the words of exec end and its command begins; a shell without a command; another region."""

import pytest

from xacct.ctl.main import _split, main


@pytest.mark.parametrize(
    ("line", "ours", "command"),
    [
        ("prod -- aws s3 ls", "prod", "aws s3 ls"),
        ("prod aws s3 ls", "prod", "aws s3 ls"),
        ("prod aws --region x -- y", "prod", "aws --region x -- y"),
        ("prod --static aws", "prod --static", "aws"),
        ("--static --lifetime 4h prod aws", "--static --lifetime 4h prod", "aws"),
        ("--lifetime=4h prod aws -v", "--lifetime=4h prod", "aws -v"),
        ("prod --parallel 4 aws", "prod --parallel 4", "aws"),
        ("prod --region eu-west-1", "prod --region eu-west-1", ""),
        ("prod --detach -- code .", "prod --detach", "code ."),
        ("prod", "prod", ""),
        ("", "", ""),
    ],
)
def test_a_command_begins_behind_the_role(line, ours, command):
    assert _split("exec", line.split()) == (ours.split(), command.split())


def test_a_command_needs_no_dashes(daemon, run):
    done = run("exec", "prod", "sh", "-c", 'echo "$XACCT_ROLE $0"', "--static")
    assert (done.returncode, done.stdout) == (0, "prod --static\n")


def test_a_role_alone_at_a_terminal_is_a_shell_in_it(daemon, sit, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setenv("PS1", "> ")
    seat = sit("exec", "prod")
    seat.expect("> ")
    seat.type('echo "in $XACCT_ROLE"; exit 7\n')
    seat.expect("in prod")
    assert seat.end()[0] == 7


def test_a_role_alone_without_a_terminal_is_refused(daemon, run):
    done = run("exec", "prod")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "xacctctl: exec needs a command.")


def test_another_region(daemon, run):
    done = run("exec", "prod", "--region", "us-east-1", "sh", "-c", 'echo "$AWS_REGION $AWS_DEFAULT_REGION"')
    assert done.stdout == "us-east-1 us-east-1\n"


def test_what_is_no_region_is_refused(daemon, capsys):
    assert main(["env", "prod", "--region", "us east;1"]) == 2
    assert "'us east;1' is no region." in capsys.readouterr().err
