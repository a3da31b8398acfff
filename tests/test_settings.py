import pytest

from xacct import errors, settings
from xacct.aws.profiles import Profiles
from xacct.model import Role, Source

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
        ("[endpoint]\nrequire_known_callers = true\n", "require_known_callers", "'require_known_caller'"),
        ("[audit]\nmax_mb = 3\n", "max_mb", "'max_mib'"),
        ("[audit]\nkeep = -1\n", ">= 0", "settings"),
        ("[audit]\nmax_mib = 0\n", ">= 1", "settings"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_hint(read, text, says, hint):
    with pytest.raises(errors.ConfigError) as caught:
        read(text)
    assert says in caught.value.sentence
    assert hint in caught.value.hint


def test_settings_add_to_a_profile(read):
    got = settings.apply(
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
    got = settings.apply(read(text), Profiles(roles={"prod": PROD}))
    assert got["audit"].parent == "prod"
    assert got["audit"].role_arn == "arn:a"


def test_settings_for_nobody_are_a_mistake(read):
    with pytest.raises(errors.ConfigError) as caught:
        settings.apply(read('[roles.prd]\nmfa = "direct"\n'), Profiles(roles={"prod": PROD}))
    assert "'prod'" in caught.value.hint


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
    got = settings.apply(read(text), Profiles(roles={"prod": PROD}), lambda template: f"filled {template}")
    assert (got["prod"].session_name, got["prod"].source_identity) == ("filled {user}!", "filled {host}")


def test_a_name_out_of_aws_own_file_stays_as_it_is(read):
    named = Role("prod", SOURCE, "arn:a", session_name="{user}")
    got = settings.apply(read('[roles.prod]\nmfa = "direct"\n'), Profiles(roles={"prod": named}), lambda _: "filled")
    assert got["prod"].session_name == "{user}"


@pytest.mark.parametrize("more", ["policy = '{}'", "policy_arns = ['arn:aws:iam::aws:policy/PowerUserAccess']"])
def test_read_only_beside_another_policy_would_be_no_limit(read, more):
    with pytest.raises(errors.ConfigError, match="read_only"):
        settings.apply(read(f"[roles.prod]\nread_only = true\n{more}\n"), Profiles(roles={"prod": PROD}))


def test_read_only_of_an_mfa_session_cannot_be_kept(read):
    keys = Role("central", SOURCE, mfa_serial="S")
    with pytest.raises(errors.ConfigError, match="session policy"):
        settings.apply(read("[roles.central]\nread_only = true\n"), Profiles(roles={"central": keys}))


def test_a_guarded_role_that_only_reads(read):
    got = settings.apply(
        read('[roles.prod]\nread_only = true\nconfirm = "each-grant"\n'), Profiles(roles={"prod": PROD})
    )["prod"]
    assert (got.read_only, got.confirm) == (True, "each-grant")
