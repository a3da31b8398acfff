"""Several sets of AWS files in one configuration: what is read for each, what holds for all, and how many there are."""

import os
from dataclasses import replace

import pytest
from virtual_time import clock

from xacct import awsfiles, catalogue, errors, rolekeys
from xacct.awsfiles import Files
from xacct.configuration import EMPTY_FOR, MOST, Configuration
from xacct.settings import Settings

__all__ = ["clock"]

PROFILES = """
[profile {name}]
role_arn = arn:aws:iam::{account}:role/prod
source_profile = central
external_id = theirs
"""
KEYS = "[central]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
OURS, THEIRS = "123456789012", "210987654321"


class World:
    """A configuration whose own files are `a`'s, and a keeper that remembers what it was told."""

    def __init__(self, directory, clock):
        self.dir = directory
        self.clock = clock
        self.toml = directory / "config.toml"
        self.toml.write_text("")
        self.roles, self.unusable, self.unread = {}, {}, None
        own = self.files("a", OURS)
        self.configuration = Configuration(own.environ(), self.toml, Settings(), lambda: clock.boot)
        self.in_use = set()
        self.refresh()

    def files(self, directory, account, name="prod"):
        made = self.dir / directory
        made.mkdir(exist_ok=True)
        (made / "config").write_text(PROFILES.format(account=account, name=name))
        (made / "credentials").write_text(KEYS)
        return Files(str(made / "config"), str(made / "credentials"), str(self.dir))

    def configure(self, roles, unusable, _instances):
        self.roles, self.unusable = dict(roles), dict(unusable)

    def refresh(self):
        self.configuration.read_changed(self)

    def open(self, files):
        return self.configuration.open(files, self, self.in_use.__contains__)

    def said(self, toml):
        self.toml.write_text(toml)
        self.refresh()


@pytest.fixture
def world(tmp_path, clock):
    return World(tmp_path.resolve(), clock)


def test_roles_of_the_same_name_stand_side_by_side_each_with_its_own_source(world):
    other = world.open(world.files("b", THEIRS))
    ours, theirs = world.roles["prod"], world.roles[other.key("prod")]
    assert (ours.account, theirs.account) == (OURS, THEIRS)
    assert ours.parent != theirs.parent
    assert replace(theirs.parent, files=()) == ours.parent
    assert theirs.parent.files == other.files
    assert ours.slug != theirs.slug


LIMITS = {
    'confirm = "each-grant"': lambda role: role.confirm == "each-grant",
    "read_only = true": lambda role: role.read_only,
    "policy = '{}'": lambda role: role.policy == "{}",
    'policy_arns = ["arn:aws:iam::aws:policy/X"]': lambda role: role.policy_arns == ("arn:aws:iam::aws:policy/X",),
    'mfa_max_age = "15m"': lambda role: role.mfa_max_age == 900,
    'mfa = "direct"': lambda role: role.mfa == "direct",
    'duration = "15m"': lambda role: role.duration == 900,
}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(("name", "account"), [("prod", THEIRS), ("renamed", OURS)])
def test_a_limit_holds_for_its_name_and_its_arn_in_all_files(world, limit, name, account):
    other = world.open(world.files("b", account, name))
    world.said(f"[roles.prod]\n{limit}\n")
    assert LIMITS[limit](world.roles[other.key(name)])
    again = world.open(world.files("c", account, name))
    assert LIMITS[limit](world.roles[again.key(name)]), "for files that are named afterwards, too"


PERMISSION_SET = """
[profile {}]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 123456789012
sso_role_name = Developer
"""


@pytest.mark.parametrize("written", ["start", "start/", "start/#/", "START"])
def test_a_limit_holds_for_its_permission_set_in_all_files(world, written):
    (world.dir / "a" / "config").write_text(PERMISSION_SET.format("prod"))
    world.said('[roles.prod]\nconfirm = "each-grant"\n')
    theirs = world.files("b", THEIRS)
    (world.dir / "b" / "config").write_text(PERMISSION_SET.format("renamed").replace("/start", f"/{written}"))
    other = world.open(theirs)
    assert world.roles["prod"].confirm == "each-grant"
    assert world.roles[other.key("renamed")].confirm == "each-grant"


def test_what_does_not_narrow_stays_with_the_daemons_own_files(world):
    other = world.open(world.files("b", THEIRS))
    before = world.roles[other.key("prod")]
    world.said(
        '[roles.prod]\nexternal_id = "ours"\nregion = "eu-west-1"\nduration = "12h"\nsession_name = "s"\n'
        'source_identity = "me"\ntags = { a = "b" }\nmfa_serial = "arn:aws:iam::123456789012:mfa/x"\n'
    )
    assert world.roles["prod"].external_id == "ours"
    assert world.roles[other.key("prod")] == before


def test_two_limits_of_which_aws_would_allow_either_are_refused(world):
    other = world.open(world.files("b", OURS, "both"))
    world.said(
        "[roles.prod]\npolicy = '{\"a\": 1}'\n"
        '[roles.more]\nrole_arn = "arn:aws:iam::123456789012:role/prod"\nsource_profile = "central"\nread_only = true\n'
    )
    assert other.key("both") not in world.roles
    assert other.key("both") in world.unusable


def test_a_config_toml_that_is_empty_for_a_moment_takes_no_guard_from_files_named_just_then(world):
    world.said('[roles.prod]\nconfirm = "each-grant"\n')
    os.truncate(world.toml, 0)
    world.refresh()
    other = world.open(world.files("b", THEIRS))
    assert world.roles[other.key("prod")].confirm == "each-grant"
    world.clock.advance(EMPTY_FOR)
    world.refresh()
    assert world.roles[other.key("prod")].confirm is None, "it is meant"


@pytest.mark.parametrize("text", ["no toml", "[roles.nobody]\n"])
def test_a_config_toml_that_is_broken_leaves_every_guard(world, text):
    world.said('[roles.prod]\nconfirm = "each-grant"\n')
    world.said(text)
    assert world.configuration.problems
    other = world.open(world.files("b", THEIRS))
    assert world.roles[other.key("prod")].confirm == "each-grant"
    assert world.roles["prod"].confirm == "each-grant"


def test_other_files_that_go_for_a_moment_lose_nothing_and_are_believed_after_it(world):
    other = world.open(world.files("b", THEIRS))
    (world.dir / "b/config").rename(world.dir / "away")
    world.refresh()
    assert other.key("prod") in world.roles
    world.clock.advance(EMPTY_FOR)
    world.refresh()
    assert other.key("prod") not in world.roles
    assert "prod" in world.roles
    (world.dir / "away").rename(world.dir / "b/config")
    world.refresh()
    assert other.key("prod") in world.roles


def test_a_broken_file_is_that_catalogues_own_affair(world):
    other = world.open(world.files("b", THEIRS))
    (world.dir / "b/config").write_text("nonsense")
    world.refresh()
    assert other.key("prod") in world.roles, "as it was"
    assert str(world.dir / "b/config") in other.problems[0].sentence
    assert world.configuration.problems == []
    assert world.configuration.open(None, world, bool) is world.configuration.own


def test_links_lead_to_the_same_catalogue_and_the_own_files_may_be_links_that_are_led_elsewhere(world):
    a, b = world.files("a", OURS), world.files("b", THEIRS)
    (world.dir / "l").symlink_to(world.dir / "a")
    link = Files(str(world.dir / "l/config"), str(world.dir / "l/credentials"), str(world.dir))
    assert world.configuration.identify(link) == rolekeys.OWN
    configuration = Configuration(link.environ(), world.toml, Settings(), lambda: world.clock.boot)
    assert configuration.identify(a) == rolekeys.OWN
    assert configuration.identify(b) == rolekeys.id_of(b)
    (world.dir / "l").unlink()
    (world.dir / "l").symlink_to(world.dir / "b")
    assert configuration.identify(b) == rolekeys.OWN == configuration.identify(link)
    assert configuration.identify(a) == rolekeys.id_of(a)


def test_each_of_the_three_paths_makes_other_files(world):
    own = world.configuration.own.files
    others = [Files("/x", *own[1:]), Files(own[0], "/x", *own[2:]), Files(*own[:2], "/x", *own[3:])]
    assert len({world.configuration.identify(files) for files in [own, *others]}) == 4


HERE, THERE = "http://127.0.0.1:4566", "http://127.0.0.1:4567"


def test_another_sts_makes_other_roles_of_the_same_files_and_the_daemons_own_has_no_say(world):
    own = world.configuration.own.files
    configuration = Configuration(
        own.environ() | {"AWS_ENDPOINT_URL_STS": HERE, "REQUESTS_CA_BUNDLE": "/own.pem"},
        world.toml,
        Settings(),
        lambda: world.clock.boot,
    )
    configuration.read_changed(world)
    assert configuration.identify(Files(*own, HERE, "/own.pem")) == rolekeys.OWN
    targets = {
        sts: configuration.open(Files(*own, *sts), world, world.in_use.__contains__).roles.popitem()[1].target
        for sts in ((), (THERE, ""), ("", "/theirs.pem"), (THERE, "/theirs.pem"))
    }
    assert {sts: (target.endpoint_url, target.ca_bundle) for sts, target in targets.items()} == {
        (): (None, None),
        (THERE, ""): (THERE, None),
        ("", "/theirs.pem"): (None, "/theirs.pem"),
        (THERE, "/theirs.pem"): (THERE, "/theirs.pem"),
    }
    assert "the shell's environment" in targets[THERE, ""].origin("endpoint_url")
    assert world.roles["prod"].target.endpoint_url == HERE
    assert len({role.parent for role in world.roles.values() if role.role_arn}) == 5, "each its own source"


def test_config_toml_says_of_the_same_files_what_it_says_whichever_sts_is_meant(world):
    other = world.open(Files(*world.configuration.own.files, THERE))
    world.said(
        '[roles.prod]\nregion = "eu-west-1"\n[roles.made]\nrole_arn = "arn:aws:iam::123456789012:role/made"\n'
        'source_profile = "central"\n'
    )
    assert world.roles[other.key("prod")].region == "eu-west-1"
    assert other.key("made") in world.roles


def test_an_address_with_a_password_in_it_is_handed_to_nobody(world):
    said = world.configuration.own.files.environ() | {"AWS_ENDPOINT_URL_STS": "http://me:SECRET@127.0.0.1:1"}
    files = awsfiles.named(said, "/")
    assert "SECRET" not in awsfiles.header(files)
    with pytest.raises(errors.ConfigError, match="password") as refused:
        world.open(files)
    assert "SECRET" not in refused.value.sentence


def test_there_are_so_many_and_one_that_is_idle_makes_room(world):
    opened = []
    for number in range(MOST):
        world.clock.advance(1)
        opened.append(world.open(world.files(f"c{number}", THEIRS)).id)
    world.in_use = {opened[0], *opened[2:]}
    new = world.open(world.files("new", THEIRS))
    assert world.configuration.known(opened[1]) is None
    assert new.key("prod") in world.roles
    assert rolekeys.key("prod", opened[1]) not in world.roles
    world.in_use.add(new.id)
    with pytest.raises(errors.ConfigError, match=str(MOST)):
        world.open(world.files("newer", THEIRS))
    assert world.open(world.files("new", THEIRS)) is new, "those that are open go on"


def test_a_path_with_a_variable_in_it_is_refused_since_it_would_be_read_as_another(world, monkeypatch):
    files = world.files("$HOME", THEIRS)
    with pytest.raises(errors.ConfigError, match=r"\$"):
        world.open(files)


def test_keys_in_the_environment_are_not_those_of_other_files_shells(world):
    files = world.files("b", THEIRS)
    (world.dir / "b/config").write_text(
        f"[profile env]\nrole_arn = arn:aws:iam::{THEIRS}:role/x\ncredential_source = Environment\n"
    )
    other = world.open(files)
    assert other.key("env") not in world.roles
    assert "Environment" in world.unusable[other.key("env")].sentence


def test_a_profile_that_is_called_like_a_role_of_other_files_is_refused(world):
    world.files("a", OURS, "prod#b-12345678")
    world.refresh()
    assert "prod#b-12345678" not in world.roles
    assert "another name" in world.unusable["prod#b-12345678"].hint


@pytest.fixture
def reads(monkeypatch):
    """How often files were read: what was read in advance is not read again."""
    read, times = catalogue.profiles.read, []
    monkeypatch.setattr(catalogue.profiles, "read", lambda *what: times.append(what) or read(*what))
    return times


def test_what_a_thread_has_read_is_opened_as_it_is(world, reads):
    files = world.files("b", OURS)
    world.configuration.foresee([files])
    assert len(reads) == 1
    assert "prod" in world.roles
    assert len(world.roles) == 2
    assert world.open(files).key("prod") in world.roles
    assert len(reads) == 1


def test_what_a_thread_has_read_by_older_limits_is_read_again(world, reads):
    files = world.files("b", OURS)
    world.configuration.foresee([files])
    world.said('[roles.prod]\nconfirm = "each-grant"\n')
    reads.clear()
    other = world.open(files)
    assert len(reads) == 1
    assert world.roles[other.key("prod")].confirm


def test_what_was_opened_while_a_thread_read_newer_limits_has_them(world):
    world.toml.write_text('[roles.prod]\nconfirm = "each-grant"\n')
    found = world.configuration.changed()
    other = world.open(world.files("b", OURS))
    assert not world.roles[other.key("prod")].confirm
    world.configuration.take(found, world)
    assert world.roles[other.key("prod")].confirm
    assert world.roles["prod"].confirm


def test_what_a_thread_reads_is_not_in_force_before_it_is_taken(world):
    world.files("a", THEIRS, "staging")
    found = world.configuration.changed()
    assert world.configuration.own.roles.keys() == world.roles.keys() == {"prod", "central"}
    world.configuration.take(found, world)
    assert world.configuration.own.roles.keys() == world.roles.keys() == {"staging", "central"}
