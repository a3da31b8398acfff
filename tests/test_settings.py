from dataclasses import replace

import pytest

from xacct import errors, role_settings, settings
from xacct.aws.profiles import Profiles
from xacct.credentials import snapshot
from xacct.model import Role, Source
from xacct.prompts.approved import GRANT, LOGOUT, ONCE, Lasting, Remember, remembered
from xacct.scope_policies import Wanted
from xacct.signin import ConsoleLogin, SignIn

SOURCE = Source("central", "profile")
PROD = Role("prod", SOURCE, "arn:aws:iam::2:role/r", mfa_serial="S")


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "config.toml").write_text(text)
        return settings.read(tmp_path / "config.toml")

    return read


def test_no_file_is_the_defaults(tmp_path):
    assert settings.read(tmp_path / "none.toml") == settings.Settings()


def test_what_is_said_is_taken(read):
    got = read('[daemon]\nport = 1234\n[session]\nduration = "8h"\n[roles.prod]\nmfa = "direct"\nduration = "12h"\n')
    assert got.daemon.port == 1234
    assert settings.seconds(got.session.duration) == 8 * 3600
    assert got.roles["prod"].mfa == "direct"


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("[deamon]\n", "deamon", "'daemon'"),
        ("[daemon]\nprot = 1\n", "prot", "'port'"),
        ("[roles.prod]\nmfa_serail = 'x'\n", "mfa_serail", "'mfa_serial'"),
        ("[daemon]\nport = 'x'\n", "Expected `int`", "settings"),
        ("[daemon]\nport = 70000\n", "65535", "settings"),
        ("[daemon]\npersistence = 'disk'\n", "$.daemon.persistence", "settings"),
        ("[daemon]\npersistance = 'keychain'\n", "persistance", "'persistence'"),
        ("[session]\nduration = '99h'\n", "36h", "settings"),
        ("[session]\nduration = 'soon'\n", "no duration", "settings"),
        ("[roles.prod]\nduration = 0\n", "roles.prod", "settings"),
        ("[lock]\non_suspnd = true\n", "on_suspnd", "'on_suspend'"),
        ("[lock]\non_suspend = 'yes'\n", "Expected `bool`", "settings"),
        ("[daemon\n", "no TOML", "quotes"),
        ("[roles.prod]\nmfa = 'never'\n", "Invalid value", "settings"),
        ("[prompts]\nremember = 'for ever'\n", 'or a duration such as "15m"', "settings"),
        ("[prompts]\nremember = '13h'\n", "to prompts.remember_at_most", "settings"),
        ("[prompts]\nremember = '30s'\n", 'from "1m"', "settings"),
        ("[prompts]\nremember_at_most = '2d'\n", '"24h"', "settings"),
        ("[prompts]\nremember_at_most = 'always'\n", "no duration", "settings"),
        ("[endpoint]\nrequire_known_callers = true\n", "require_known_callers", "'require_known_caller'"),
        ("[audit]\nmax_mb = 3\n", "max_mb", "'max_mib'"),
        ("[audit]\nkeep = -1\n", ">= 0", "settings"),
        ("[audit]\nmax_mib = 0\n", ">= 1", "settings"),
        ("[imds]\nrols = {}\n", "rols", "'roles'"),
        ("[scopes.x]\nalow = ['s3:*']\n", "alow", "'allow'"),
        ("[scopes.x]\n", "without a limit is none", "settings"),
        ("[scopes.x]\nallow = ['GetObject']\n", "scopes.x: 'GetObject' is no action", "settings"),
        ("[scopes.x]\nread_only = true\nallow = ['s3:*']\n", "not several of these", "settings"),
        ("[scopes.x]\nread_only = true\nttl = 'soon'\n", "no duration", "settings"),
        ("[scopes.x]\nread_only = true\nttl = '40h'\n", "36 hours", "settings"),
        ("[scopes.'a b']\nread_only = true\n", "the name of a scope", "settings"),
        ("[imds]\nroles = { prod = '9478' }\n", "from ports", "settings"),
        ("[imds]\nroles = { 0 = 'prod' }\n", "from ports", "settings"),
        ("[imds]\nroles = { 65536 = 'prod' }\n", "from ports", "settings"),
        ("[imds]\nroles = { 09478 = 'prod' }\n", "from ports", "settings"),
        ("[imds]\nroles = { 9478 = ['prod'] }\n", "Expected `str`", "settings"),
        ("[imds.roles]\n" + "".join(f"{port} = 'r{port}'\n" for port in range(1, 102)), "100 ports", "settings"),
        ("[imds]\nroles = { 9477 = 'prod' }\n", "daemon.port", "settings"),
        ("[imds]\nroles = { 9478 = 'prod', 9479 = 'prod' }\n", "one port", "settings"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_hint(read, text, says, hint):
    with pytest.raises(errors.ConfigError) as caught:
        read(text)
    assert says in caught.value.sentence
    assert hint in caught.value.hint


def test_imds_ports_are_numbers(read):
    assert settings.Settings().imds.ports == {}
    assert read('[imds]\nroles = { 9478 = "prod", "9479" = "dev" }\n').imds.ports == {9478: "prod", 9479: "dev"}


def test_a_scope_has_all_that_a_grant_may_ask_for(read):
    got = read("""
[scopes.reports]
allow = ["s3:GetObject"]
on = ["arn:aws:s3:::reports/*"]
regions = ["eu-central-1"]
ttl = "30m"
""").wanted_scopes
    wanted = Wanted(allow=("s3:GetObject",), on=("arn:aws:s3:::reports/*",), regions=("eu-central-1",), ttl=1800.0)
    assert got == {"reports": wanted}


def test_settings_add_to_a_profile(read):
    got = role_settings.apply(
        read('[roles.prod]\nmfa_max_age = "15m"\ntags = { team = "x" }\npolicy_arns = ["arn:p"]\n'),
        Profiles(roles={"prod": PROD}),
    )
    assert got["prod"] == Role(
        "prod",
        SOURCE,
        "arn:aws:iam::2:role/r",
        mfa_serial="S",
        mfa_max_age=900,
        tags=(("team", "x"),),
        policy_arns=("arn:p",),
    )


def test_settings_can_make_a_role_of_their_own(read):
    text = '[roles.audit]\nrole_arn = "arn:a"\nsource_profile = "prod"\n'
    got = role_settings.apply(read(text), Profiles(roles={"prod": PROD}))
    assert got["audit"].parent == "prod"
    assert got["audit"].role_arn == "arn:a"


def test_settings_for_nobody_are_a_mistake(read):
    with pytest.raises(errors.ConfigError) as caught:
        role_settings.apply(read('[roles.prd]\nmfa = "direct"\n'), Profiles(roles={"prod": PROD}))
    assert "'prod'" in caught.value.hint


@pytest.mark.parametrize(
    ("table", "typed", "meant"),
    [("roles.prod", "regoin", "region"), ("scopes.mine", "alow", "allow"), ("catalogues.ours", "paht", "path")],
)
def test_a_misspelt_setting_of_a_named_table_is_answered_with_the_nearest_one(read, table, typed, meant):
    with pytest.raises(errors.ConfigError) as caught:
        read(f'[{table}]\n{typed} = "x"\n')
    assert caught.value.hint == f"Did you mean {meant!r}?"


def test_one_value_can_be_replaced_and_is_checked():
    daemon = settings.with_value(settings.Daemon(), "port", 99)
    assert daemon.port == 99
    with pytest.raises(errors.ConfigError):
        settings.with_value(daemon, "port", 0)


def test_the_audit_is_kept_and_unknown_callers_are_let_in_unless_said_otherwise(read):
    assert (settings.Settings().audit.enabled, settings.Settings().endpoint.require_known_caller) == (True, False)
    got = read("[endpoint]\nrequire_known_caller = true\n[audit]\nenabled = false\nmax_mib = 1\nkeep = 0\n")
    assert got.endpoint.require_known_caller
    assert (got.audit.enabled, got.audit.max_mib, got.audit.keep) == (False, 1, 0)


def test_names_of_roles_are_templates(read):
    text = '[roles.prod]\nsession_name = "{user}!"\nsource_identity = "{host}"\n'
    got = role_settings.apply(read(text), Profiles(roles={"prod": PROD}), lambda template: f"filled {template}")
    assert (got["prod"].session_name, got["prod"].source_identity) == ("filled {user}!", "filled {host}")


def test_a_name_out_of_aws_own_file_stays_as_it_is(read):
    named = Role("prod", SOURCE, "arn:a", session_name="{user}")
    got = role_settings.apply(
        read('[roles.prod]\nmfa = "direct"\n'), Profiles(roles={"prod": named}), lambda _: "filled"
    )
    assert got["prod"].session_name == "{user}"


@pytest.mark.parametrize("more", ["policy = '{}'", "policy_arns = ['arn:aws:iam::aws:policy/PowerUserAccess']"])
def test_read_only_beside_another_policy_would_be_no_limit(read, more):
    with pytest.raises(errors.ConfigError, match="read_only"):
        role_settings.apply(read(f"[roles.prod]\nread_only = true\n{more}\n"), Profiles(roles={"prod": PROD}))


@pytest.mark.parametrize("limit", ["read_only = true", "policy = '{}'", 'policy_arns = ["arn:aws:iam::aws:policy/X"]'])
def test_no_limit_of_an_mfa_session_can_be_kept(read, limit):
    keys = Role("central", SOURCE, mfa_serial="S")
    with pytest.raises(errors.ConfigError, match="session policy"):
        role_settings.apply(read(f"[roles.central]\n{limit}\n"), Profiles(roles={"central": keys}))


def test_a_guarded_role_that_only_reads(read):
    got = role_settings.apply(
        read('[roles.prod]\nread_only = true\nconfirm = "each-grant"\n'), Profiles(roles={"prod": PROD})
    )["prod"]
    assert (got.read_only, got.confirm) == (True, "each-grant")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "{a=" * 10_000, "nested too deeply"),
        (".".join("a" * 20) + " = 1", "nested too deeply (line 1)"),
        ("\n[" + ".".join("a" * 20) + "]", "nested too deeply (line 2)"),
        ("[daemon]\nport = " + "9" * 5000, "far too large"),
        ("[daemon]\nport = " + "9" * 4000, "daemon.port"),
        ("[session]\nduration = " + "9" * 4000, "duration"),
        ('[session]\nduration = "' + "9" * 5000 + 'd"', "no duration"),
        ('[prompts]\npatience = "999999999d"', "366 days at most"),
        ("[prompts]\npatience = 99999999999", "366 days at most"),
        ('[roles.x]\nmfa_max_age = "367d"', "366 days at most"),
        ("#" * (257 * 1024), "larger than 256 KiB"),
        ("a = 1\x00", "no TOML"),
        ("a = nan", "unknown field"),
        ('[accounts]\n"1234" = "x"', "numbers of accounts"),
        ('[accounts]\n"123456789012" = "a:b"', "no colon"),
        ('[accounts]\n"123456789012" = "210987654321"', "more than digits"),
        ("a = 9999-99-99", "no TOML"),
    ],
)
def test_a_file_that_no_human_wrote_is_refused_in_a_sentence(tmp_path, text, said):
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(errors.ConfigError) as error:
        settings.read(tmp_path / "config.toml")
    assert said in error.value.sentence
    assert len(error.value.sentence) < 400


def test_a_policy_with_many_dots_is_not_deep(tmp_path):
    policy = '{"Resource": [' + ", ".join(['"arn:aws:s3:::a.b.c.d"'] * 30) + "]}"
    (tmp_path / "config.toml").write_text(f"[roles.x]\npolicy = '{policy}'\n[roles.\"a.b.c.d.e.f.g.h.i.j.k.l.m\"]\n")
    assert settings.read(tmp_path / "config.toml").roles["x"].policy == policy


TOKEN = Role("deploy", Source("deploy", "web-identity"), "arn:aws:iam::2:role/deploy")


@pytest.mark.parametrize("extra", ['external_id = "x"', 'source_identity = "me"', 'tags = {a = "b"}'])
def test_what_can_not_go_along_with_a_web_identity_is_refused(read, extra):
    with pytest.raises(errors.ConfigError, match="can't go along"):
        role_settings.apply(read(f"[roles.deploy]\n{extra}\n"), Profiles(roles={"deploy": TOKEN}))


PERMISSION_SET = Role(
    "dev",
    Source(
        "dev",
        "identity-center",
        sign_in=SignIn("corp", "https://corp.awsapps.com/start", "eu-central-1"),
        account="123456789012",
        permission_set="Developer",
    ),
)


@pytest.mark.parametrize(
    "limit", ["read_only = true", 'duration = "15m"', 'mfa_max_age = "15m"', "policy = '{}'", 'external_id = "x"']
)
def test_what_the_access_portal_would_not_keep_is_refused(read, limit):
    with pytest.raises(errors.ConfigError, match=r"can't (be kept|go along)"):
        role_settings.apply(read(f"[roles.dev]\n{limit}\n"), Profiles(roles={"dev": PERMISSION_SET}))


ME = Role("me", Source("me", "console-login", console=ConsoleLogin("arn:aws:iam::1:user/me", "eu-central-1")))


@pytest.mark.parametrize("limit", ["read_only = true", 'duration = "15m"', 'mfa_max_age = "15m"', 'external_id = "x"'])
def test_what_a_console_login_would_not_keep_is_refused(read, limit):
    with pytest.raises(errors.ConfigError, match=r"can't (be kept|go along)"):
        role_settings.apply(read(f"[roles.me]\n{limit}\n"), Profiles(roles={"me": ME}))


def test_a_guard_of_a_console_login_holds_in_all_files(read):
    said = read("[roles.me]\nconfirm = 'each-grant'\n")
    other = replace(ME, name="other")
    got = role_settings.limited(said, Profiles(roles={"other": other}), {"me": ME})["other"]
    assert got.confirm == "each-grant"


@pytest.mark.parametrize("source", [PERMISSION_SET, ME])
def test_a_role_of_config_toml_hangs_from_a_sign_in_as_from_a_role(read, source):
    said = read(f'[roles.prod]\nrole_arn = "arn:aws:iam::234567890123:role/x"\nsource_profile = "{source.name}"\n')
    roles = role_settings.apply(said, Profiles(roles={source.name: source}))
    assert roles["prod"].parent == source.name


def test_a_limit_on_an_arn_holds_for_a_web_identity_in_other_files(read):
    said = read("[roles.prod]\nread_only = true\nconfirm = 'each-grant'\n")
    own = {"prod": Role("prod", SOURCE, TOKEN.role_arn)}
    got = role_settings.limited(said, Profiles(roles={"deploy": TOKEN}), own)["deploy"]
    assert (got.read_only, got.confirm) == (True, "each-grant")


LIST = '[roles.central]\nmfa_serial = ["S", "T"]\n'


def with_list(read, text, **roles):
    """Roles of a source profile and one that hangs from it, with what config.toml says."""
    found = {"central": Role("central", SOURCE, mfa_serial="S"), "prod": PROD, **roles}
    return role_settings.apply(read(text), Profiles(roles=found))


def test_a_list_of_a_source_is_for_the_roles_that_take_codes_of_one_of_its_devices(read):
    other = replace(PROD, name="other", mfa_serial="U")
    plain = replace(PROD, name="plain", mfa_serial=None)
    second = replace(PROD, name="second", mfa_serial="T")
    got = with_list(read, LIST, other=other, plain=plain, second=second)
    assert {name: role.devices for name, role in got.items()} == {
        "central": ("S", "T"),
        "prod": ("S", "T"),
        "second": ("S", "T"),
        "other": ("U",),
        "plain": (),
    }


def test_what_is_said_of_the_role_itself_goes_first(read):
    got = with_list(read, LIST + '[roles.prod]\nmfa_serial = "T"\n')
    assert (got["central"].devices, got["prod"].devices) == (("S", "T"), ("T",))
    got = with_list(read, '[roles.prod]\nmfa_serial = ["S", "T"]\n')
    assert (got["central"].devices, got["prod"].devices) == (("S",), ("S", "T"))


def test_a_new_role_has_the_devices_of_its_source_profile(read):
    got = with_list(read, LIST + '[roles.new]\nrole_arn = "arn:aws:iam::2:role/n"\nsource_profile = "central"\n')
    assert got["new"].devices == ("S", "T")


@pytest.mark.parametrize("said", ["[]", '["S", "S"]', '[""]', "5", str([f"S{n}" for n in range(9)])])
def test_a_list_that_can_not_be_meant_is_refused(read, said):
    with pytest.raises(errors.ConfigError):
        read(f"[roles.prod]\nmfa_serial = {said}\n")


def test_a_role_of_one_device_is_the_role_that_it_was(read):
    """What is kept of it over a restart of an older xacct is good still."""
    one = snapshot.plan(PROD, {})
    assert snapshot.plan(replace(PROD, other_devices=("T",)), {}) != one
    assert "other_devices" not in snapshot._anywhere(PROD)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("", Remember(LOGOUT, 12 * 3600.0)),
        ("remember = 'once'", Remember(ONCE, 12 * 3600.0)),
        ("remember = 'grant'", Remember(GRANT, 12 * 3600.0)),
        ("remember = '20m'\nremember_at_most = '1h'", Remember(Lasting("minutes", 1200.0), 3600.0)),
    ],
)
def test_what_is_said_of_yeses_reaches_the_daemon(read, text, means):
    prompts = read(f"[prompts]\n{text}\n").prompts
    assert remembered(prompts.remember, prompts.remember_for, settings.seconds(prompts.remember_at_most)) == means
