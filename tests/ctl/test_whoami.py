"""whoami: this shell's role, what wins over it, and AWS's word."""

import json
import time

import pytest

from xacct.ctl.main import main
from xacct.ctl.project import file, trust

TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"


@pytest.fixture
def shell(daemon, place, monkeypatch):
    """A shell of `env prod`, and what the daemon says of it."""
    now = time.time()
    (place / "token").touch()
    for name, value in {"XACCT_ROLE": "prod", TOKEN: str(place / "token")}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    answer = {
        "role": "prod",
        "role_arn": "arn:aws:iam::111122223333:role/admin",
        "account": "111122223333",
        "region": None,
        "state": "held",
        "expires_at": now + 3300.5,
        "mfa_expires_at": now + 7 * 3600 + 300.5,
        "arn": "arn:aws:sts::111122223333:assumed-role/admin/alice",
        "now": now,
    }
    daemon.answers["/v1/whoami"] = lambda body: answer | ({"arn": None} if body.get("offline") else {})
    return answer


def test_a_shells_role_and_awss_word(shell, daemon, capsys):
    assert main(["whoami"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "role      prod (arn:aws:iam::111122223333:role/admin)",
        "account   111122223333",
        "state     held, credentials for 55m, without a code for 7h 05m",
        "AWS says  arn:aws:sts::111122223333:assumed-role/admin/alice",
    ]
    assert daemon.called("POST", "/v1/whoami") == [{"role": "prod", "grant": "token"}]


def test_a_shells_own_region_and_the_file_that_chose_its_role(shell, place, capsys, monkeypatch):
    path = place / "h" / file.NAME
    path.write_text('role = "prod"\n')
    monkeypatch.chdir(place / "h")
    shell["region"] = "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("XACCT_PROJECT", trust.mark(str(path), path.read_bytes()))
    assert main(["whoami"]) == 0
    said = capsys.readouterr().out
    assert "region    us-east-1 (the role's own is eu-west-1)\nchosen by ~/.xacct.toml\n" in said
    path.write_text('role = "dev"\n')
    assert main(["whoami"]) == 0
    assert "chosen by a .xacct.toml of another directory, or one that has changed since\n" in capsys.readouterr().out
    assert main(["whoami", "prod"]) == 0
    said = capsys.readouterr().out
    assert "region    eu-west-1\n" in said
    assert "chosen by" not in said


def test_another_role_and_without_aws(shell, daemon, capsys):
    assert main(["whoami", "dev", "--offline", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["arn"] is None
    assert daemon.called("POST", "/v1/whoami") == [{"role": "dev", "offline": True}]


def test_another_account_is_a_failure(shell, capsys):
    shell["arn"] = "arn:aws:sts::999999999999:assumed-role/admin/alice"
    assert main(["whoami"]) == 1
    assert "of another account than 111122223333" in capsys.readouterr().err


def test_a_shell_in_no_role(daemon, monkeypatch, capsys):
    monkeypatch.delenv("XACCT_ROLE", raising=False)
    assert main(["whoami"]) == 1
    assert "in no role" in capsys.readouterr().err
    assert daemon.requests == []


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"])
def test_what_wins_over_the_role_is_said(shell, monkeypatch, capsys, name):
    monkeypatch.setenv(name, "other")
    assert main(["whoami"]) == 0
    assert f"note: {name} is set in this shell" in capsys.readouterr().out


def test_the_profile_of_ours_wins_over_nothing(shell, monkeypatch, capsys):
    for name, value in {
        "AWS_PROFILE": "xacct",
        "XACCT_PROFILE": "xacct",
        "AWS_CONFIG_FILE": "/run/x/aws-config-0123456789abcdef/config",
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["whoami"]) == 0
    assert "note" not in capsys.readouterr().out


def test_a_grant_that_has_ended_is_said(shell, place, capsys):
    (place / "token").unlink()
    assert main(["whoami"]) == 0
    assert (
        'note: The grant of this shell has ended. eval "$(xacctctl env prod)" makes another.' in capsys.readouterr().out
    )
