"""accounts: what it prints; accounts sync: what it asks, what it writes, and what it leaves alone."""

import json
import stat
import time

import pytest
from botocore.configloader import load_config

from xacct import settings as settings_of
from xacct import templates
from xacct.ctl import accounts_list, accounts_sync, block, difference, rewrite
from xacct.ctl.client import Client
from xacct.ctl.failure import CtlError
from xacct.ctl.main import main

ODD = b"\xef\xbb\xbf[profile prod]\r\nrole_arn = a\r\n# \xff\xfe latin1: \xe9\r\n[sso-session corp]\r\nsso_region = x"
DENIED = {"code": "access-denied", "category": "refused", "sentence": "AWS does not list them.", "hint": ""}


@pytest.fixture(autouse=True)
def aws(place, monkeypatch):
    """~/.aws, and none of the caller's own variables."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "XACCT_ROLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    (place / "h" / ".aws").mkdir()
    return place / "h" / ".aws"


@pytest.fixture
def config(aws, daemon):
    """The config file, as somebody wrote it by hand."""
    (aws / "config").write_bytes(ODD)
    return aws / "config"


@pytest.fixture
def settings(place):
    """Writes config.toml."""

    def settings(text):
        (place / "c" / "xacct").mkdir(exist_ok=True)
        (place / "c" / "xacct" / "config.toml").write_text(text)

    return settings


@pytest.fixture
def say(capsys, monkeypatch):
    """Run a command line where there is no terminal; returns its status, stdout and stderr."""
    for module in ("hold", "accounts_sync"):
        monkeypatch.setattr(f"xacct.ctl.{module}.terminal.find", lambda: None)

    def run(*words):
        status = main(["accounts", *words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def profiles(config):
    return {name: said for name, said in load_config(str(config))["profiles"].items() if "sso_role_name" in said}


# The list.


def test_the_table_has_a_line_for_each_role_and_the_profile_that_it_has(daemon, say):
    status, shown, _ = say()
    assert status == 0
    assert [line.split() for line in shown.splitlines()] == [
        ["ACCOUNT", "NAME", "EMAIL", "ROLE", "PROFILE"],
        ["111122223333", "Team", "A", "111122223333@example.com", "Developer", "mine"],
        ["444455556666", "Team", "B", "444455556666@example.com", "Admin", "-"],
        ["444455556666", "Team", "B", "444455556666@example.com", "Developer", "-"],
        ["2", "accounts,", "3", "roles:", "corp"],
    ]
    assert daemon.called("POST", "/v1/accounts") == [{"attend": False, "refresh": False}]


def test_the_session_and_the_wish_for_a_new_list_are_passed_on(daemon, say):
    daemon.listed_ago = 125
    assert "listed 2m ago (--refresh asks anew)" in say("corp", "--refresh")[1]
    assert daemon.called("POST", "/v1/accounts") == [{"attend": False, "refresh": True, "session": "corp"}]


def test_json_is_what_the_daemon_says(daemon, say):
    found = json.loads(say("--json")[1])
    assert found["sign_in"]["session"] == "corp"
    assert found["accounts"][0]["permission_sets"] == [{"permission_set": "Developer", "profiles": ["mine"]}]


def test_accounts_are_rows_of_a_file_for_templates(daemon, say, place):
    daemon.accounts |= {"000000000007": ('Ünder "7", Ltd', ["Admin"])}
    file = place / "accounts.csv"
    assert say("--csv", str(file)) == (0, "", f"xacctctl: 3 accounts in {file}.\n")
    assert file.read_text().splitlines() == [
        "account,account_name,slug,email",
        "111122223333,Team A,team-a,111122223333@example.com",
        "444455556666,Team B,team-b,444455556666@example.com",
        '000000000007,"Ünder ""7"", Ltd","under-7-,-ltd",000000000007@example.com',
    ]
    assert say("--csv", "-")[1] == file.read_text()
    roles = "[templates.t]\ncsv = 'accounts.csv'\nname = '{slug}'\nrole_arn = 'arn:aws:iam::{account}:role/x'\n"
    (place / "config.toml").write_text(roles + "source_profile = 'p'\n")
    assert list(templates.expanded(settings_of.read(place / "config.toml"), place).roles) == [
        "team-a", "team-b", "under-7-,-ltd"
    ]  # fmt: skip


def test_a_file_of_accounts_is_whole_or_as_it_was(daemon, say, place):
    file = place / "accounts.csv"
    file.write_text("as it was")
    daemon.needs_code = True
    assert say("--csv", str(file))[0] == 4
    assert file.read_text() == "as it was"
    daemon.needs_code = False
    assert say("--csv", str(place / "none" / "x"))[0] == 1


def test_names_of_accounts_are_those_that_config_toml_takes(daemon, say, place):
    daemon.accounts |= {
        "000000000001": ('a "b" \\', ["Admin"]),
        "000000000002": ("x:y", ["Admin"]),
        "000000000003": ("42", ["Admin"]),
        "000000000004": ("Team A", ["Admin"]),
    }
    status, shown, _ = say("--names")
    assert status == 0
    (place / "config.toml").write_text(shown)
    assert settings_of.read(place / "config.toml").accounts == {"444455556666": "Team B", "000000000001": 'a "b" \\'}
    assert '# "111122223333" = "Team A"' in shown


def test_a_list_is_printed_in_one_form(daemon, say):
    assert say("--csv", "-", "--names")[0] == 2
    assert say("sync", "--names")[0] == 2
    assert daemon.requests == []


def test_an_account_that_can_not_be_listed_is_said_and_no_failure(daemon, say):
    daemon.accounts |= {f"{number:012d}": ("Gone", DENIED) for number in range(7)}
    status, shown, _ = say()
    assert status == 0
    assert "000000000000 (Gone): AWS does not list them." in shown
    assert "and 2 accounts more" in shown


def test_nobody_signed_in_and_nobody_to_ask(daemon, say):
    daemon.needs_code = True
    status, _, error = say()
    assert (status, "A code is needed" in error) == (4, True)


def test_somebody_at_a_terminal_is_asked_to_sign_in(daemon, sit):
    daemon.needs_code = daemon.signs_in = True
    seat = sit("accounts")
    seat.expect("ABCD-EFGH")
    daemon.prompts["p1"][1].put("elsewhere")
    seat.expect("3 roles: corp")
    assert seat.end()[0] == 0


def test_how_far_it_is_is_said_at_a_terminal(daemon, sit):
    daemon.accounts = {f"{number:012d}": ("Team", ["Developer"]) for number in range(30)}
    seat = sit("accounts")
    seat.expect("30 of 30 accounts listed")
    assert seat.end()[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a", "b"], "one session"),
        (["sync", "a", "b"], "one session"),
        (["--prune"], "--prune goes with sync alone"),
        (["--profile-template", "{role}"], "--profile-template goes with sync alone"),
        (["--accounts", "x"], "--accounts goes with sync alone"),
        (["--yes"], "--yes goes with sync alone"),
        (["sync", "--json"], "--json is for the list"),
        (["sync"], "there is no terminal"),
        (["sync", "--yes", "--region", "moon-1x"], "no region"),
        (["sync", "--yes", "--region", "eu-west-1\n[default]"], "no region"),
        (["sync", "--yes", "--profile-template", "{x}"], "no field {x}"),
    ],
)
def test_wrong_words_are_a_sentence_and_nothing_is_asked(config, daemon, say, words, says):
    status, _, error = say(*words)
    assert (status, says in error, "hint:" in error) == (2, True, True)
    assert daemon.requests == []
    assert config.read_bytes() == ODD


# Profiles of it.


def test_profiles_stand_in_a_block_of_their_own_and_the_rest_stays_to_the_byte(config, daemon, say):
    status, shown, _ = say("sync", "--yes", "--region", "eu-west-1")
    assert status == 0
    assert config.read_bytes().startswith(ODD + b"\r\n# >>> xacct accounts >>>")
    assert "+[profile team-a.developer]" in shown.splitlines()
    config.write_bytes(
        config.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\xff\xfe", b"").replace(b"\xe9", b"")
    )
    assert profiles(config)["team-b.admin"] == {
        "sso_session": "corp",
        "sso_account_id": "444455556666",
        "sso_role_name": "Admin",
        "region": "eu-west-1",
    }
    before = config.read_bytes()
    assert say("sync", "--yes")[1] == f"Nothing to change in {config}.\n"
    assert config.read_bytes() == before


def test_what_is_outside_of_the_block_is_not_touched_wherever_it_stands(config, daemon, say):
    say("sync", "--yes")
    head, tail = config.read_bytes(), b"[profile below]\r\nregion = y\r\n# the end"
    config.write_bytes(head + tail)
    daemon.accounts = {"777788889999": ("Team C", ["Admin"])}
    assert say("sync", "--yes", "--prune")[0] == 0
    written = config.read_bytes()
    assert written.startswith(ODD + b"\r\n# >>> xacct accounts >>>")
    assert written.endswith(b"# <<< xacct accounts <<<\r\n" + tail)
    assert b"team-c.admin" in written
    assert b"team-b" not in written


def test_both_blocks_stand_beside_each_other(config, daemon, say):
    assert main(["configure", "prod"]) == 0
    configured = config.read_bytes()
    assert say("sync", "--yes")[0] == 0
    assert config.read_bytes().startswith(configured)
    synced = config.read_bytes()
    assert main(["configure", "dev"]) == 0
    assert block.cut(config.read_bytes(), block.ACCOUNTS).body == block.cut(synced, block.ACCOUNTS).body
    assert main(["configure", "--remove"]) == 0
    assert b"team-a.developer" in config.read_bytes()
    assert b"prod-agent" not in config.read_bytes()


def test_the_mode_and_the_symlink_are_kept(aws, daemon, say):
    real = aws.parent / "dotfiles"
    real.write_bytes(b"[default]\n")
    real.chmod(0o640)
    (aws / "config").symlink_to(real)
    assert say("sync", "--yes")[0] == 0
    assert (aws / "config").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert b"team-a" in real.read_bytes()


def test_a_file_that_was_not_there_is_made_for_its_user_alone(aws, daemon, say):
    assert say("sync", "--yes")[0] == 0
    assert stat.S_IMODE((aws / "config").stat().st_mode) == 0o600


def test_a_dry_run_changes_nothing(config, daemon, say):
    status, shown, _ = say("sync", "--dry-run")
    assert (status, "+sso_role_name = Admin" in shown.splitlines()) == (0, True)
    assert config.read_bytes() == ODD


def test_a_profile_that_is_not_ours_is_left_alone_wherever_it_stands(aws, config, daemon, say):
    config.write_bytes(ODD + b'\r\n[profile "team-a.developer"]\r\nregion = mine\r\n')
    (aws / "credentials").write_bytes(b"[team-b.admin]\naws_access_key_id = x\n")
    before = config.read_bytes()
    status, _, noted = say("sync", "--yes")
    assert status == 0
    assert "left alone, for a profile that is not from here has the name: team-a.developer, team-b.admin" in noted
    assert config.read_bytes().startswith(before)
    assert b"[profile team-b.developer]" in config.read_bytes()
    assert config.read_bytes().count(b"team-a.developer") == 1
    assert b"team-b.admin" not in config.read_bytes()


def test_what_is_listed_no_more_is_kept_and_said_and_goes_with_prune(config, daemon, say):
    say("sync", "--yes")
    daemon.accounts["444455556666"] = ("Team B", ["Developer"])
    status, _, noted = say("sync", "--yes")
    assert (status, "no more (--prune removes them): team-b.admin" in noted) == (0, True)
    assert b"team-b.admin" in config.read_bytes()
    assert "-[profile team-b.admin]" in say("sync", "--yes", "--prune")[1].splitlines()
    assert b"team-b.admin" not in config.read_bytes()


def test_nothing_goes_of_an_account_that_could_not_be_listed(config, daemon, say):
    say("sync", "--yes")
    daemon.accounts["444455556666"] = ("Team B", DENIED)
    before = config.read_bytes()
    status, _, noted = say("sync", "--yes", "--prune")
    assert status == 0
    assert "444455556666 (Team B): AWS does not list them." in noted
    assert "could not be listed: team-b.admin, team-b.developer" in noted
    assert config.read_bytes() == before


def test_an_empty_list_takes_nothing_away_without_a_word_at_a_terminal(config, daemon, say, sit):
    say("sync", "--yes")
    before = config.read_bytes()
    daemon.accounts = {}
    assert "the list is empty" in say("sync", "--yes")[2]
    status, _, error = say("sync", "--prune", "--yes")
    assert (status, "would remove all 3 profiles of corp" in error) == (2, True)
    seat = sit("accounts", "sync", "--prune")
    seat.expect("Type prune to remove them: ")
    seat.type("y\n")
    assert seat.end()[0] == 4
    assert config.read_bytes() == before
    seat = sit("accounts", "sync", "--prune")
    seat.expect("Type prune to remove them: ")
    seat.type("prune\n")
    assert seat.end()[0] == 0
    assert config.read_bytes() == ODD


def test_somebody_at_a_terminal_is_shown_the_difference_and_asked(config, daemon, sit):
    for answer, status in (("n\n", 4), ("\n", 4), ("\x04", 4), ("y\n", 0)):
        assert config.read_bytes() == ODD
        seat = sit("accounts", "sync")
        assert "+[profile team-b.admin]" in seat.expect("Write this? [y/N] ")
        seat.type(answer)
        assert seat.end()[0] == status
    assert b"team-b.admin" in config.read_bytes()


def test_patterns_choose_accounts_by_name_or_number_and_roles(config, daemon, say):
    say("sync", "--yes", "--accounts", "team-b", "1111*", "--roles", "DEV*")
    config.write_bytes(block.cut(config.read_bytes(), block.ACCOUNTS).body.encode())
    assert set(profiles(config)) == {"team-a.developer", "team-b.developer"}
    status, _, error = say("sync", "--yes", "--accounts", "nope*")
    assert (status, "Nothing in the list is like that" in error) == (1, True)


def test_two_of_one_name_are_refused_and_nothing_is_written(config, daemon, say):
    status, _, error = say("sync", "--yes", "--profile-template", "{account_name}")
    assert status == 1
    assert "Two profiles would be called team-b: Admin in 444455556666 (Team B), and Developer in" in error
    assert "{account_id}" in error
    assert config.read_bytes() == ODD


def test_defaults_are_config_tomls_and_what_is_typed_goes_before(config, daemon, say, settings):
    settings('[identity_center]\nprofile_template = "{session}/{account_id}/{role}"\nregion = "eu-west-1"\n')
    shown = say("sync", "--dry-run")[1].splitlines()
    assert "+[profile corp/111122223333/developer]" in shown
    assert "+region = eu-west-1" in shown
    shown = say("sync", "--dry-run", "--region", "us-east-1", "--profile-template", "{account_id}.{role}")[
        1
    ].splitlines()
    assert "+[profile 111122223333.developer]" in shown
    assert "+region = us-east-1" in shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[identity_center]\nregion = 1\n", "no text"),
        ("identity_center = 1\n", "no text"),
        ("[identity_center", "no TOML"),
        ('[identity_center]\nprofile_template = "{x}"\n', "no field"),
        ('[identity_center]\nregion = "x"\n', "no region"),
    ],
)
def test_a_config_toml_that_can_not_be_meant_is_a_sentence(config, daemon, say, settings, text, says):
    settings(text)
    status, _, error = say("sync", "--yes")
    assert (status in {1, 2}, says in error) == (True, True)
    assert config.read_bytes() == ODD


def test_an_instance_without_a_session_is_named_in_each_profile(aws, daemon, say):
    daemon.session = ""
    assert say("sync", "--yes")[0] == 0
    made = profiles(aws / "config")["team-a.developer"]
    assert (made["sso_start_url"], made["sso_region"]) == ("https://corp.awsapps.com/start", "eu-central-1")
    assert "sso_session" not in made


def test_they_ask_whom_the_profiles_ask_that_are_there(config, daemon, say):
    config.write_bytes(ODD + b"\r\n[profile mine]\r\nservices = local\r\nsso_session = corp\r\n")
    daemon.example = "mine"
    assert "+services = local" in say("sync", "--dry-run")[1].splitlines()


def test_a_session_whose_name_is_no_word_is_refused(config, daemon, say):
    daemon.session = "a b]"
    status, _, error = say("sync", "--yes")
    assert (status, "don't agree" in error) == (1, True)
    assert config.read_bytes() == ODD


def test_a_damaged_block_is_not_guessed_at(config, daemon, say):
    config.write_bytes(ODD + b"\r\n# >>> xacct accounts >>>\r\n")
    before = config.read_bytes()
    status, _, error = say("sync", "--yes")
    assert (status, "is damaged" in error) == (1, True)
    assert config.read_bytes() == before


def test_nothing_is_written_but_what_was_shown(config, daemon, say, monkeypatch):
    """Somebody makes a profile of one of the names while the question is open."""

    def agreed(*_):
        config.write_bytes(ODD + b"\r\n[profile team-a.developer]\r\n")
        return True

    monkeypatch.setattr(accounts_sync, "_agreed", agreed)
    status, _, error = say("sync", "--yes")
    assert (status, "has changed meanwhile" in error) == (1, True)
    assert b"xacct accounts" not in config.read_bytes()


def test_what_others_write_meanwhile_is_kept_where_it_changes_nothing_of_ours(config, daemon, say, monkeypatch):
    more = ODD + b"\r\n[profile other]\r\n"

    def agreed(*_):
        config.write_bytes(more)
        return True

    monkeypatch.setattr(accounts_sync, "_agreed", agreed)
    assert say("sync", "--yes")[0] == 0
    assert config.read_bytes().startswith(more)
    assert b"team-a.developer" in config.read_bytes()


def test_a_file_that_never_rests_is_left_alone(config, daemon, say, monkeypatch):
    monkeypatch.setattr(rewrite, "replace", lambda *_: False)
    status, _, error = say("sync", "--yes")
    assert (status, "changes all the time" in error) == (1, True)


def test_hundreds_of_profiles_that_change_are_compared_in_a_moment():
    """Line by line alone it would take two minutes: all of them have the same lines."""
    old, new = (
        "".join(f"[profile p{number}]\nsso_session = corp\nregion = {region}\n" for number in range(900)).encode()
        for region in ("eu-west-1", "us-east-1")
    )
    began = time.process_time()
    shown = list(difference.unified("config", old, new))
    assert time.process_time() - began < 15
    assert (shown.count("+region = us-east-1"), shown.count("-region = eu-west-1")) == (900, 900)


def test_of_a_daemon_that_says_nothing_it_is_said(daemon, say):
    daemon.answers["/v1/accounts"] = iter([{"event": "done", "failed": 0}])
    with pytest.raises(CtlError, match="no accounts"):
        accounts_list.listed(Client(daemon.path), None, refresh=False)
