"""Files that change: what is read when, and that a file which is being saved takes no guard away."""

import os

import pytest
from virtual_time import clock

from xacct.configuration import EMPTY_FOR, Configuration
from xacct.settings import Settings

__all__ = ["clock"]

PROFILES = """
[profile central]
region = eu-central-1
[profile prod]
role_arn = arn:aws:iam::123456789012:role/prod
source_profile = central
"""
KEYS = "[central]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
GUARDED = '[roles.prod]\nconfirm = "each-grant"\n'


class Files:
    """Configuration files, and a keeper that remembers what it was told."""

    def __init__(self, directory, clock):
        self.clock = clock
        self.config, self.aws, self.keys = (directory / name for name in ("config.toml", "aws", "keys"))
        self.config.write_text(GUARDED)
        self.aws.write_text(PROFILES)
        self.keys.write_text(KEYS)
        env = {"AWS_CONFIG_FILE": str(self.aws), "AWS_SHARED_CREDENTIALS_FILE": str(self.keys)}
        self.configuration = Configuration(env, self.config, Settings(), lambda: clock.boot)
        self.reads = 0
        self.roles = {}
        self.refresh()

    def configure(self, roles, unusable, _instances):
        self.reads += 1
        self.roles, self.unusable = dict(roles), dict(unusable)

    def refresh(self):
        self.configuration.read_changed(self)

    @property
    def guarded(self):
        return self.roles["prod"].confirm == "each-grant"


@pytest.fixture
def files(tmp_path, clock):
    return Files(tmp_path, clock)


def test_the_files_are_read_once_and_when_one_changes(files):
    files.refresh()
    assert (files.reads, files.guarded) == (1, True)
    files.config.write_text('[roles.prod]\nconfirm = "first-use"\n')
    files.refresh()
    assert (files.reads, files.guarded) == (2, False)


def emptied(file):
    os.truncate(file, 0)


def gone(file):
    file.unlink()


@pytest.mark.parametrize("loses", [emptied, gone])
@pytest.mark.parametrize("which", ["config", "aws"])
def test_a_file_that_is_empty_for_a_moment_changes_nothing(files, loses, which):
    if which == "aws":  # without its profile, [roles.prod] would be a mistake, and those change nothing anyway
        files.config.write_text("[lock]\n")
        files.refresh()
    file, reads, roles = getattr(files, which), files.reads, files.roles
    said = file.read_text()
    loses(file)
    for _ in range(5):
        files.refresh()
        files.clock.advance(EMPTY_FOR / 5 - 0.001)
        assert files.reads == reads
    file.write_text(said + "\n")
    files.refresh()
    assert (files.reads, files.roles) == (reads + 1, roles)
    files.clock.advance(1)
    loses(file)  # from here the wait begins anew
    files.refresh()
    assert files.reads == reads + 1


@pytest.mark.parametrize("loses", [emptied, gone])
def test_a_file_that_stays_empty_is_believed(files, loses):
    loses(files.config)
    files.refresh()
    files.clock.advance(EMPTY_FOR)
    files.refresh()
    assert not files.guarded
    files.refresh()
    assert files.reads == 2


MADE = '[roles.{}]\nrole_arn = "arn:aws:iam::123456789012:role/made"\nsource_profile = "{}"\n'
REFUSED = (
    "[profile sso]\nsso_account_id = 123456789012\n[profile broken]\nrole_arn = arn:aws:iam::123456789012:role/x\n"
)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        (
            MADE.format("made", "sso"),
            {"made": "source_profile 'sso' of [roles.made] in config.toml can't be used: 'sso'"},
        ),
        (MADE.format("made", "broken"), {"made": "'broken' has a role_arn and no source_profile"}),
        (MADE.format("made", "nobody"), {"made": "'nobody' of [roles.made] in config.toml does not exist"}),
        (MADE.format("made", "made"), {"made": "comes back to itself"}),
        (MADE.format("a", "b") + MADE.format("b", "a"), {"a": "[roles.a]", "b": "[roles.b]"}),
        (MADE.format("a", "b") + MADE.format("b", "sso"), {"a": "can't be used: source_profile 'sso'", "b": "'sso'"}),
        ('[roles.prod.tags]\nx = "y"\n[roles.broken]\nregion = "eu-west-1"\n', {"broken": "no source_profile"}),
        (
            '[roles.central]\nsource_profile = "sso"\n',
            {"central": "is an AWS profile with its own"},
        ),
        (MADE.format("broken", "central"), {"broken": "is an AWS profile with its own"}),
    ],
)
def test_a_role_of_config_toml_whose_source_is_refused_is_refused_alone(files, said, refused):
    files.aws.write_text(PROFILES + REFUSED)
    files.config.write_text(("" if "roles.prod" in said else GUARDED) + MADE.format("good", "central") + said)
    files.refresh()
    assert {name: why in files.unusable[name].sentence for name, why in refused.items()} == dict.fromkeys(refused, True)
    assert not files.roles.keys() & refused.keys()
    assert all(any(why in problem.sentence for problem in files.configuration.problems) for why in refused.values())
    others = {"prod"} if "central" in refused else {"prod", "central", "good"}
    assert others <= files.roles.keys(), "everything else stays"
    assert files.guarded or "[roles.prod" in said


def test_roles_of_config_toml_may_stand_in_any_order(files):
    files.config.write_text(GUARDED + MADE.format("a", "b") + MADE.format("b", "central"))
    files.refresh()
    assert files.roles["a"].parent == "b"
    assert files.configuration.problems == []


def test_a_chain_of_thousands_in_config_toml_is_a_problem_and_no_end(files):
    files.config.write_text(GUARDED + "".join(MADE.format(f"r{n}", f"r{n + 1}") for n in range(3000)))
    files.refresh()
    assert files.guarded
    assert "r2999" in files.unusable


def test_who_asks_for_a_reload_means_it(files):
    emptied(files.config)
    assert files.configuration.reload(files) == []
    assert not files.guarded


def test_files_that_were_never_there_keep_nobody_waiting(tmp_path, clock):
    configuration = Configuration({"HOME": str(tmp_path)}, tmp_path / "none", Settings(), lambda: clock.boot)
    files = Files(tmp_path, clock)
    configuration.read_changed(files)
    assert files.reads == 2


@pytest.mark.parametrize(
    ("said", "outdated"),
    [
        ("", False),
        ("[roles.prod]\nread_only = true\n", False),
        ("[lock]\non_suspend = true\n", False),
        ('[aliases]\np = "prod"\n', False),
        ('[groups]\nfew = ["prod"]\n', False),
        ('[agents]\nunscoped = "refuse"\n', False),
        ("[scopes.few]\nread_only = true\n", False),
        ('[identity_center]\nregion = "eu-west-1"\n', False),
        ("[identity_center]\nshare_cache = true\n", True),
        ('[session]\nduration = "8h"\n', True),
        ("[audit]\nenabled = false\n", True),
    ],
)
def test_what_only_a_new_process_takes_up_is_said(files, said, outdated):
    files.config.write_text(said)
    files.refresh()
    assert files.configuration.outdated == outdated
    assert any("only a new process" in problem.sentence for problem in files.configuration.problems) == outdated
