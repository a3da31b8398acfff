"""Teams' catalogues as the daemon takes them: what they may say, and that all that is the user's own comes first."""

import re
from pathlib import Path

import msgspec
import pytest
from virtual_time import clock

from xacct import errors, role_settings, settings, teamfiles, teamroles, templates
from xacct.aws.profiles import Profiles
from xacct.configuration import EMPTY_FOR, Configuration
from xacct.model import Role, Source
from xacct.settings import Settings

__all__ = ["clock"]

SOURCE = Source("central", "profile")
ARN = "arn:aws:iam::123456789012:role/Admin"
CONFIG = '[catalogues.platform]\npath = "{path}"\nsource_profile = "central"\n'
ROLES = f'[roles.pay]\nrole_arn = "{ARN}"\nexternal_id = "x-1"\nregion = "eu-west-1"\nread_only = true\n'
TEMPLATES = """
[accounts]
"123456789012" = "payments"
"333333333333" = "mine"
[templates.customers]
csv = "customers.csv"
name = "{customer}"
account_name = "{customer}"
role_arn = "arn:aws:iam::{account}:role/Ops"
"""
CSV = "customer,account\nacme,222222222222\n"


@pytest.fixture
def platform(tmp_path):
    """A catalogue's directory."""
    (tmp_path / "platform").mkdir()
    return tmp_path / "platform"


@pytest.fixture
def taken(tmp_path, platform):
    """What config.toml says with a catalogue that was trusted, and the sentences about it."""

    def taken(files, toml="", path=None):
        kept = teamfiles.Kept(str(path or platform), "0" * 64, files)
        (tmp_path / "kept").mkdir(exist_ok=True)
        (tmp_path / "kept" / "platform").write_bytes(kept.written())
        (tmp_path / "config.toml").write_text(CONFIG.format(path=platform) + toml)
        said = templates.expanded(settings.read(tmp_path / "config.toml"), tmp_path)
        both, problems = teamroles.added(said, tmp_path / "kept")
        return both, [problem.sentence for problem in problems]

    return taken


def applied(said, **profiles):
    found = Profiles(roles={"central": Role("central", SOURCE), **profiles})
    return role_settings.apply(said, found), [problem.sentence for problem in found.problems]


def test_its_roles_start_from_the_profile_that_config_toml_names(taken):
    said, problems = taken({"a.toml": ROLES, "b.toml": TEMPLATES, "customers.csv": CSV})
    assert problems == []
    roles, _ = applied(said, other=Role("other", Source("other", "profile")))
    assert (roles["pay"].role_arn, roles["pay"].parent, roles["pay"].external_id) == (ARN, SOURCE, "x-1")
    assert (roles["pay"].read_only, roles["pay"].region) == (True, "eu-west-1")
    assert (roles["acme"].role_arn, roles["acme"].parent) == ("arn:aws:iam::222222222222:role/Ops", SOURCE)
    assert said.accounts == {"123456789012": "payments", "222222222222": "acme", "333333333333": "mine"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[roles.pay]\nsource_profile = "x"', "line 2: 'roles.pay.source_profile'"),
        ('[roles.pay]\n\nmfa_serial = "x"', "line 3: 'roles.pay.mfa_serial'"),
        ('[roles.pay]\ncredential_process = "sh"', "line 2: 'roles.pay.credential_process'"),
        ('[roles.pay]\nsource_identity = "sh"', "line 2: 'roles.pay.source_identity'"),
        ("roles.pay.endpoint_url = 1", "line 1: 'roles.pay.endpoint_url'"),
        ('roles.pay = "x"', "line 1: 'roles.pay'"),
        ('[accounts]\n[prompts]\ncommand = ["sh"]', "line 2: 'prompts'"),
        ("[daemon]\nport = 1", "line 1: 'daemon'"),
        ('[catalogues.more]\npath = "/"', "line 1: 'catalogues'"),
        ('[aliases]\np = "x"', "line 1: 'aliases'"),
        ('[templates."a b"]\nsource_profile = "x"', "line 2: 'templates.a b.source_profile'"),
        ("roles = 1", "line 1: 'roles'"),
        ("x = ", "a.toml is no TOML"),
    ],
)
def test_what_a_catalogue_may_not_say_is_refused_with_its_line(text, says):
    with pytest.raises(teamfiles.RefusedError) as refused:
        teamfiles.said("a.toml", text)
    assert says in refused.value.sentence


def test_each_word_of_a_catalogue_is_a_setting_of_roles():
    assert set(teamfiles.OF_ROLES) < set(settings.RoleSettings.__struct_fields__)
    named = ("source", "mfa", "mfa_serial", "session_name", "source_identity")
    assert not {word for word in teamfiles.OF_ROLES if word.startswith("source") or word in named}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.toml": '[roles.pay]\nrole_arn = "x"'}, "[roles.pay] in a.toml of the catalogue platform: 'x' is no ARN"),
        ({"a.toml": "[roles.pay]\nregion = 1"}, "[roles.pay] in a.toml of the catalogue platform: Expected `str"),
        (
            {"a.toml": ROLES, "b.toml": ROLES},
            "in b.toml of the catalogue platform: the role 'pay' is made by [roles.pay]",
        ),
        ({"a.toml": TEMPLATES}, "'customers.csv' is no file of the catalogue"),
        ({"a.toml": TEMPLATES, "customers.csv": "customer\nx\n"}, "customers.csv line 2: there is no column 'account'"),
        ({"a.toml": '[accounts]\nx = "y"'}, "[accounts] in a.toml of the catalogue platform: accounts goes from"),
        ({"a.toml": '[roles.pay]\nmfa = "direct"'}, "a.toml line 2: 'roles.pay.mfa' may not stand"),
    ],
)
def test_a_catalogue_that_is_wrong_gives_no_role_and_takes_nothing_with_it(taken, files, says):
    said, problems = taken(files, '[aliases]\np = "prod"\n')
    assert (said.roles, said.accounts, said.aliases) == ({}, {}, {"p": "prod"})
    assert len(problems) == 1
    assert problems[0].startswith("The catalogue platform gives no role: ")
    assert says in problems[0]


@pytest.mark.parametrize("name", ["@customers", "cust-*", "123456789012:Admin", ARN, "--all", "x?", "[a]"])
def test_no_role_is_called_by_a_word_for_others(taken, name):
    said, problems = taken({"a.toml": f'[roles."{name}"]\nrole_arn = "{ARN}"\n'})
    assert (said.roles, len(problems)) == ({}, 1)
    assert f"{name!r} is a word for other roles" in problems[0]


def test_what_was_trusted_elsewhere_is_not_trusted_here(taken, tmp_path):
    said, problems = taken({"a.toml": ROLES}, path=tmp_path / "another")
    assert (said.roles, problems) == ({}, ["The catalogue platform is not trusted."])


@pytest.mark.parametrize("content", [b"", b"[]", b'{"path": 1}', b'{"path": "", "manifest": "", "files": {"a": 1}}'])
def test_a_copy_that_is_none_is_not_trusted(taken, tmp_path, content):
    taken({"a.toml": ROLES})
    (tmp_path / "kept" / "platform").write_bytes(content)
    assert teamfiles.kept(tmp_path / "kept" / "platform") is None


def test_what_the_user_calls_so_stays(taken):
    own = f'[aliases]\nacme = "x"\n[roles.pay]\nrole_arn = "{ARN[:-5]}Mine"\nsource_profile = "central"\n'
    said, problems = taken({"a.toml": ROLES, "b.toml": TEMPLATES, "customers.csv": CSV}, own)
    roles, _ = applied(said)
    assert roles["pay"].role_arn == f"{ARN[:-5]}Mine"
    assert roles["pay"].external_id is None
    assert "acme" not in roles
    assert [problem.partition(" is left out: ")[0] for problem in problems] == [
        "'pay' of [roles.pay] in a.toml of the catalogue platform",
        "'acme' of customers.csv line 2",
    ]


def test_what_the_user_says_of_its_role_comes_first(taken):
    said, _ = taken({"a.toml": ROLES}, '[roles.pay]\nregion = "us-east-1"\nconfirm = "first-use"\n')
    roles, _ = applied(said)
    assert (roles["pay"].region, roles["pay"].confirm, roles["pay"].external_id) == ("us-east-1", "first-use", "x-1")


def test_a_profile_of_the_users_stays_with_its_limits(taken):
    said, _ = taken({"a.toml": ROLES}, '[roles.pay]\nconfirm = "first-use"\n')
    mine = Role("pay", SOURCE, "arn:aws:iam::999999999999:role/Mine")
    roles, problems = applied(said, pay=mine)
    assert (roles["pay"].role_arn, roles["pay"].confirm, roles["pay"].read_only) == (mine.role_arn, "first-use", False)
    assert problems == [
        "'pay' of [roles.pay] in a.toml of the catalogue platform is left out: an AWS profile of yours has that name."
    ]


def test_what_a_catalogue_says_narrows_other_files_by_the_arn_alone(taken):
    said, _ = taken({"a.toml": ROLES}, '[roles.pay]\nconfirm = "first-use"\n')
    own, _ = applied(said)
    others = {"pay": Role("pay", SOURCE, "arn:aws:iam::999999999999:role/Mine"), "same": Role("same", SOURCE, ARN)}
    narrowed = role_settings.limited(said, Profiles(roles=others), own)
    assert (narrowed["pay"].confirm, narrowed["pay"].read_only) == ("first-use", False)
    assert (narrowed["same"].confirm, narrowed["same"].read_only) == ("first-use", True)


def test_a_name_of_an_account_that_the_user_has_given_is_the_users(taken):
    said, _ = taken({"b.toml": TEMPLATES, "customers.csv": CSV}, '[accounts]\n"999999999999" = "payments"\n')
    assert said.accounts == {"222222222222": "acme", "333333333333": "mine", "999999999999": "payments"}


@pytest.mark.parametrize(
    "manifest",
    ["", "x", f"{'0' * 64}  ../a.toml", f"{'0' * 64}  .a.toml", f"{'0' * 64}  a.sh", f"{'0' * 64}  a.toml\n" * 2],
)
def test_a_manifest_names_plain_files_alone(manifest):
    with pytest.raises(teamfiles.RefusedError, match="SHA256SUMS"):
        teamfiles.listed(manifest.encode())
    assert teamfiles.listed(f"{'a' * 64}  a.toml\n{'b' * 64} *b.csv\n".encode()) == {
        "a.toml": "a" * 64,
        "b.csv": "b" * 64,
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('[catalogues.a]\npath = "x"\nsource_profile = "p"', "catalogues.a.path is a whole path"),
        ('[catalogues.a]\npath = "/x"', "catalogues.a.source_profile names the profile"),
        ('[catalogues."a/b"]\npath = "/x"\nsource_profile = "p"', "the name of a catalogue is of letters"),
    ],
)
def test_a_catalogues_table_is_checked(tmp_path, line, says):
    (tmp_path / "config.toml").write_text(line)
    with pytest.raises(errors.ConfigError) as error:
        settings.read(tmp_path / "config.toml")
    assert says in error.value.sentence


# In the configuration in force.


class Keeper:
    roles = ()

    def configure(self, roles, _unusable, _instances):
        self.roles = roles


@pytest.fixture
def world(tmp_path, platform, clock):
    (tmp_path / "aws").write_text(
        "[profile central]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
    )
    env = {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(tmp_path / "aws"), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    (tmp_path / "config.toml").write_text(CONFIG.format(path=platform))
    (tmp_path / "kept").mkdir()
    made = Configuration(env, tmp_path / "config.toml", Settings(), lambda: clock.boot, trusted=tmp_path / "kept")
    return made, Keeper(), tmp_path / "kept" / "platform"


def test_it_counts_from_when_it_is_trusted_and_a_change_of_the_files_is_told(world, platform, clock):
    configuration, keeper, kept = world
    configuration.reload(keeper)
    assert [problem.sentence for problem in configuration.problems] == ["The catalogue platform is not trusted."]
    assert configuration.problems[0].hint == "xacctctl trust --catalogue platform"
    (platform / teamfiles.MANIFEST).write_bytes(b"1")
    kept.write_bytes(teamfiles.Kept(str(platform), teamfiles.digest(b"1"), {"a.toml": ROLES}).written())
    configuration.read_changed(keeper)
    assert ("pay" in keeper.roles, configuration.problems) == (True, [])
    (platform / teamfiles.MANIFEST).write_bytes(b"23")
    configuration.read_changed(keeper)
    assert "pay" in keeper.roles
    assert "has changed since you trusted it; what it said then holds" in configuration.problems[0].sentence
    kept.unlink()
    configuration.read_changed(keeper)
    clock.advance(EMPTY_FOR)
    configuration.read_changed(keeper)
    assert "pay" not in keeper.roles
    assert not configuration.outdated


def test_a_role_of_a_profile_that_is_not_there_is_a_sentence(world, platform):
    configuration, keeper, kept = world
    kept.write_bytes(teamfiles.Kept(str(platform), "0" * 64, {"a.toml": ROLES}).written())
    path = kept.parents[1] / "config.toml"
    path.write_text(path.read_text().replace("central", "none"))
    problems = configuration.reload(keeper)
    assert "pay" not in keeper.roles
    assert any("source_profile 'none'" in problem.sentence for problem in problems)


def test_a_role_of_a_catalogue_is_every_kind_of_its_fields():
    role = settings.TeamRole(role_arn=ARN, own=settings.RoleSettings(region="x"))
    assert msgspec.structs.asdict(role)["own"].region == "x"


PAGE = (Path(__file__).parents[1] / "docs" / "catalogues.md").read_text("utf-8")


def test_the_pages_files_are_taken_and_its_table_is_the_list(taken):
    file = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
    said, problems = taken({"a.toml": file, "customers.csv": CSV})
    assert (list(said.roles), problems) == (["acme-ops", "payments-admin"], [])
    row = re.search(r"^\| `\[roles\.NAME\]` \| (.*) \|$", PAGE, re.MULTILINE)[1]
    assert tuple(re.findall(r"`(\w+)`", row)) == teamfiles.OF_ROLES
