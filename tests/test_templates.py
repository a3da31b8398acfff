"""[templates] of config.toml: roles of rows, of the file itself or of a CSV file."""

import time

import pytest
from virtual_time import clock

from xacct import errors, role_settings, settings, templates
from xacct.aws.profiles import Profiles
from xacct.configuration import EMPTY_FOR, Configuration
from xacct.model import Role, Source
from xacct.settings import Settings

__all__ = ["clock"]

TEMPLATE = """
[templates.customers]
csv = "customers.csv"
name = "{customer}-{role}"
account_name = "{customer}"
role_arn = "arn:aws:iam::{account}:role/{role}"
source_profile = "central"
external_id = "{external_id}"
region = "{region}"
session_name = "{customer}-{user}"
tags = { customer = "{customer}", cost = "{cost}" }
production = "{production}"
duration = "{duration}"
policy = '{"Version": "2012-10-17", "Resource": "{customer}"}'
"""
HEAD = "customer,account,role,external_id,region,cost,production,duration\n"
ACME = "acme,123456789012,Admin,x-1,eu-west-1,42,yes,15m\n"
PLAIN = "beta,012345678901,path/Ops,,,,,\n"
SOURCE = Source("central", "profile")


@pytest.fixture
def read(tmp_path):
    def read(rows, toml=TEMPLATE):
        (tmp_path / "config.toml").write_text(toml)
        (tmp_path / "customers.csv").write_bytes(rows.encode() if isinstance(rows, str) else rows)
        return templates.expanded(settings.read(tmp_path / "config.toml"), tmp_path)

    return read


def applied(said, **profiles):
    central = Role("central", SOURCE)
    found = Profiles(roles={"central": central, **profiles})
    return role_settings.apply(said, found, lambda text: text.replace("{user}", "me")), found


def test_each_row_is_a_role(read):
    said = read(HEAD + ACME + "\n" + PLAIN)
    roles, _ = applied(said)
    acme, beta = roles["acme-Admin"], roles["beta-path/Ops"]
    assert (acme.parent, acme.role_arn) == (SOURCE, "arn:aws:iam::123456789012:role/Admin")
    assert (acme.external_id, acme.region, acme.session_name) == ("x-1", "eu-west-1", "acme-me")
    assert (acme.tags, acme.production, acme.duration) == ((("customer", "acme"), ("cost", "42")), True, 900)
    assert acme.policy == '{"Version": "2012-10-17", "Resource": "{customer}"}'
    assert (beta.external_id, beta.region, beta.duration, beta.production) == (None, None, None, False)
    assert beta.tags == (("customer", "beta"),)
    assert said.accounts == {"123456789012": "acme", "012345678901": "beta"}


def test_a_list_in_the_file_itself_is_rows_as_well(tmp_path):
    (tmp_path / "config.toml").write_text("""
[templates.t]
rows = [{ name = "a", account = "123456789012" }, { name = "b", account = 210987654321 }]
role_arn = "arn:aws:iam::{account}:role/Admin"
source_profile = "central"
""")
    said = templates.expanded(settings.read(tmp_path / "config.toml"), tmp_path)
    assert [role.role_arn[13:25] for role in said.roles.values()] == ["123456789012", "210987654321"]


@pytest.mark.parametrize(
    "rows",
    [
        "\ufeff" + HEAD + ACME,
        (HEAD + ACME).replace(",", ";").replace("\n", "\r\n"),
        (HEAD + ACME).replace(",", "\t"),
        HEAD + '"acme", 123456789012,Admin ,"x-1",eu-west-1,42,yes,15m\n',
    ],
    ids=["with a mark", "semicolons", "tabs", "quotes and spaces"],
)
def test_a_spreadsheets_file_is_the_same(read, rows):
    assert applied(read(rows))[0]["acme-Admin"] == applied(read(HEAD + ACME))[0]["acme-Admin"]


def test_what_roles_says_comes_before_the_row_and_adds_to_it(read):
    said = read(HEAD + ACME, TEMPLATE + '[roles.acme-Admin]\nregion = "us-east-1"\nconfirm = "first-use"\n')
    role = applied(said)[0]["acme-Admin"]
    assert (role.region, role.confirm, role.external_id) == ("us-east-1", "first-use", "x-1")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (HEAD + ACME + "\n" + ACME.replace("123456789012", "1234"), "customers.csv line 4: 'arn:aws:iam::1234:role/"),
        (HEAD + ACME + ACME, "customers.csv line 3: the role 'acme-Admin' is made by customers.csv line 2 already."),
        (HEAD + "acme,1\n", "customers.csv line 2: it has 2 cells, and there are 8 columns."),
        (HEAD + ACME.replace("15m", "soon"), "customers.csv line 2: that is no duration"),
        (HEAD + ACME.replace("15m", "0"), "customers.csv line 2: a duration of roles.acme-Admin must be more"),
        (HEAD + ACME.replace("yes", "perhaps"), "customers.csv line 2: production is neither yes nor no."),
        (HEAD + ACME.replace("acme", "a:b"), "customers.csv line 2: the name of account 123456789012"),
        (HEAD + ACME.replace("Admin", ""), "customers.csv line 2: 'arn:aws:iam::123456789012:role/' is no ARN"),
        (HEAD + ACME.replace("acme", "a#b-0123abcd").replace("Admin", "x"), ""),
        ("customer,role\nacme,x\n", "customers.csv line 2: there is no column 'account' (there is customer, role)."),
        ("a,a\n1,2\n", "customers.csv line 1: the column 'a' is there twice."),
        (HEAD + 'acme,"123', "customers.csv line 2: unexpected end of data."),
        (b"\xff\xfe", "customers.csv is no UTF-8."),
        ("\n", "customers.csv: it is empty."),
    ],
)
def test_a_row_that_is_wrong_is_named_with_its_file_and_line(read, rows, says):
    if not says:
        assert read(rows)  # a name with a # that is no key of other files
        return
    with pytest.raises(errors.ConfigError) as error:
        read(rows)
    assert says in error.value.sentence


@pytest.mark.parametrize(
    ("toml", "says", "hint"),
    [
        (TEMPLATE.replace("region =", "regoin ="), "[templates.customers] in config.toml has an unknown", "'region'?"),
        (TEMPLATE.replace('csv = "customers.csv"', ""), "it has neither csv nor rows", ""),
        (TEMPLATE.replace("source_profile =", "mfa_serial ="), "it has no source_profile", ""),
        (TEMPLATE.replace('"customers.csv"', '"none.csv"'), "none.csv can't be read (No such file", "ls -l"),
        (TEMPLATE.replace('"customers.csv"', "7"), "[templates.customers] in config.toml: Expected `str`", ""),
        (TEMPLATE.replace('"{region}"', "7"), "customers.csv line 2: Expected `str | null`, got `int`", ""),
    ],
)
def test_a_template_that_is_wrong_is_named(read, toml, says, hint):
    with pytest.raises(errors.ConfigError) as error:
        read(HEAD + ACME, toml)
    assert says in error.value.sentence
    assert hint in error.value.hint


def test_what_the_aws_files_do_not_let_be_is_said_with_the_row(read):
    said = read(HEAD + ACME)
    _, found = applied(said, **{"acme-Admin": Role("acme-Admin", SOURCE)})
    assert "'acme-Admin' of customers.csv line 2 names a source_profile" in found.unusable["acme-Admin"].sentence
    with pytest.raises(errors.ConfigError, match=r"'acme-Admin' of customers.csv line 2 has read_only beside policy"):
        applied(read(HEAD + ACME, TEMPLATE + "[roles.acme-Admin]\nread_only = true\n"))


def test_five_thousand_rows_are_quick(read):
    began = time.process_time()
    said = read(HEAD + "".join(f"c{n},{n:012},Admin,x,eu-west-1,1,no,1h\n" for n in range(5000)))
    roles, _ = applied(said)
    others = Profiles(roles={f"o{n}": Role(f"o{n}", SOURCE, f"arn:aws:iam::{n:012}:role/Admin") for n in range(500)})
    limited = role_settings.limited(said, others, roles)
    assert time.process_time() - began < 4.0
    assert (len(roles), limited["o7"].policy is not None) == (5001, True)


# Read again.


class Kept:
    """A keeper that remembers its roles."""

    def __init__(self):
        self.roles, self.unread = {}, None

    def configure(self, roles, _unusable, _instances):
        self.roles = dict(roles)


@pytest.fixture
def files(tmp_path, clock):
    (tmp_path / "config.toml").write_text(TEMPLATE)
    (tmp_path / "aws").write_text("[profile central]\nregion = eu-central-1\n")
    (tmp_path / "keys").write_text("[central]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n")
    env = {name: str(tmp_path / file) for name, file in (("AWS_CONFIG_FILE", "aws"), ("X", "x"))}
    env["AWS_SHARED_CREDENTIALS_FILE"] = str(tmp_path / "keys")
    return Configuration(env, tmp_path / "config.toml", Settings(), lambda: clock.boot), Kept(), tmp_path


def names(keeper):
    return sorted(keeper.roles.keys() - {"central"})


def test_a_csv_file_that_changes_is_read_again(files):
    configuration, keeper, directory = files
    (directory / "customers.csv").write_text(HEAD + ACME)
    configuration.read_changed(keeper)
    assert names(keeper) == ["acme-Admin"]
    (directory / "customers.csv").write_text(HEAD + ACME + PLAIN)
    configuration.read_changed(keeper)
    assert names(keeper) == ["acme-Admin", "beta-path/Ops"]
    assert configuration.changed() is None


def test_a_csv_file_that_is_mended_is_read_again(files):
    configuration, keeper, directory = files
    configuration.read_changed(keeper)
    assert "customers.csv can't be read" in configuration.problems[0].sentence
    (directory / "customers.csv").write_text(HEAD + ACME)
    configuration.read_changed(keeper)
    assert (names(keeper), configuration.problems) == (["acme-Admin"], [])


def test_a_csv_file_that_is_being_saved_takes_no_role_away(files, clock):
    configuration, keeper, directory = files
    (directory / "customers.csv").write_text(HEAD + ACME)
    configuration.read_changed(keeper)
    (directory / "customers.csv").write_text("")
    configuration.read_changed(keeper)
    assert names(keeper) == ["acme-Admin"]
    clock.advance(EMPTY_FOR)
    configuration.read_changed(keeper)
    assert names(keeper) == ["acme-Admin"]
    assert configuration.problems[0].sentence == "customers.csv: it is empty."
    (directory / "customers.csv").write_text(HEAD)
    configuration.read_changed(keeper)
    assert (names(keeper), configuration.problems) == ([], [])
