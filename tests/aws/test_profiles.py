import pytest

from xacct import errors
from xacct.aws import profiles
from xacct.model import Role, Source

KEYS = "[central]\naws_access_key_id = AKIACANARY\naws_secret_access_key = s3cr3t\n"


@pytest.fixture
def read(tmp_path):
    def read(config, credentials=KEYS, **env):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(credentials)
        files = {
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        }
        return profiles.read({**files, **env})

    return read


def problem(found):
    [only] = found.problems
    return only.sentence


def test_a_role_as_people_write_it(read):
    found = read(
        "[profile central]\nregion = eu-central-1\n[profile prod]\nrole_arn = arn:aws:iam::2:role/r\n"
        "source_profile = central\nmfa_serial = arn:aws:iam::1:mfa/u\nexternal_id = x\n"
        "role_session_name = me\nduration_seconds = 1800\n"
    )
    assert found.problems == []
    assert found.roles["prod"] == Role(
        "prod",
        Source("central", "profile", "eu-central-1"),
        "arn:aws:iam::2:role/r",
        mfa_serial="arn:aws:iam::1:mfa/u",
        external_id="x",
        session_name="me",
        duration=1800,
    )


def test_the_serial_of_the_source_serves_its_roles(read):
    found = read("[profile central]\nmfa_serial = S\n[profile prod]\nrole_arn = a\nsource_profile = central\n")
    assert found.roles["prod"].mfa_serial == "S"
    assert found.roles["central"] == Role("central", Source("central", "profile"), mfa_serial="S")


def test_roles_of_one_source_share_it(read):
    """There may be thousands."""
    role = "role_arn = a\nsource_profile = central\n"
    roles = read("".join(f"[profile {name}]\n{role}region = eu-west-{name}\n" for name in "12")).roles
    assert roles["1"].parent is roles["2"].parent is roles["central"].parent
    assert read("[profile one]\n" + role).roles["one"].parent is not roles["1"].parent  # which may have had another key


def test_a_chain_of_roles(read):
    found = read(
        "[profile prod]\nrole_arn = a\nsource_profile = central\n"
        "[profile second]\nrole_arn = b\nsource_profile = prod\n"
    )
    assert found.roles["second"].parent == "prod"


def test_a_profile_may_be_its_own_source(read):
    found = read("[profile central]\nrole_arn = a\nsource_profile = central\n")
    assert found.roles["central"].parent == Source("central", "profile")


def test_a_role_has_its_own_region_and_no_other(read):
    """Neither [default]'s, nor its source's, nor that of the shell which started the daemon."""
    others = "[default]\nregion = us-west-2\n[profile central]\nregion = eu-west-3\n"
    prod = "[profile prod]\nrole_arn = a\nsource_profile = central\n"
    assert read(others + prod, AWS_REGION="eu-west-1").roles["prod"].region is None
    assert read(f"{others}{prod}region = eu-north-1\n", AWS_REGION="eu-west-1").roles["prod"].region == "eu-north-1"


def test_a_credential_process_is_a_source(read):
    found = read(
        "[profile p]\ncredential_process = /bin/keys --for p\n[profile prod]\nrole_arn = a\nsource_profile = p\n"
    )
    assert found.roles["prod"].parent == Source("p", "process", None, "/bin/keys --for p")


def test_a_credential_process_that_is_ours_would_wait_for_itself(read):
    for command in ("/usr/bin/xacctctl", "xacctctl", '"/opt/a b/xacctctl"', "/venv/bin/python3 -m xacct.ctl"):
        found = read(f"[profile p]\ncredential_process = {command} process p\nregion = x\n")
        assert "p" not in found.roles
        assert found.problems == []


def test_profiles_without_credentials_are_no_roles(read):
    assert set(read("[profile plain]\nregion = eu-west-1\n").roles) == {"central"}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("[profile x]\nrole_arn = a\nsource_profile = nope\n", "does not exist"),
        ("[profile x]\nrole_arn = a\n", "no source_profile"),
        ("[profile e]\nregion = r\n[profile x]\nrole_arn = a\nsource_profile = e\n", "neither keys nor a role"),
        (
            "[profile o]\ncredential_process = xacctctl process x\n[profile x]\nrole_arn = a\nsource_profile = o\n",
            "wait for itself",
        ),
        (
            "[profile x]\nrole_arn = a\ncredential_source = Ec2InstanceMetadata\nec2_metadata_service_endpoint = http://x\n",
            "is not honoured",
        ),
        ("[profile x]\nrole_arn = a\nweb_identity_token_file = f\n", "no whole path"),
        ("[profile x]\nweb_identity_token_file = /f\n", "no role_arn"),
        ("[profile x]\nsso_start_url = u\n", "Identity Center"),
        ("[profile x]\nrole_arn = a\nsource_profile = central\nduration_seconds = long\n", "no number"),
    ],
)
def test_a_profile_that_cannot_be_used_is_one_problem_and_takes_nothing_down(read, config, says):
    found = read(config)
    assert says in problem(found)
    assert "x" not in found.roles
    assert "central" in found.roles


@pytest.mark.parametrize(
    ("written", "says", "hint"),
    [
        ("arn:aws:iam::1:mfa/u # phone", "no space there", "mfa_serial = arn:aws:iam::1:mfa/u and nothing else"),
        ('"arn:aws:iam::1:mfa/u"', "no '\"' there", "mfa_serial = arn:aws:iam::1:mfa/u and nothing else"),
        ("arn:aws:iam::1:mfa/ü", "no 'ü' there", "the device's ARN"),
        ('""', "no '\"' there", "the device's ARN"),
    ],
)
def test_what_names_no_device_is_refused_before_a_code_is_asked_for(read, written, says, hint):
    role = "role_arn = arn:aws:iam::2:role/r\nsource_profile = central\n"
    for config in (f"[profile prod]\n{role}mfa_serial = {written}\n", f"[profile central]\nmfa_serial = {written}\n"):
        found = read(f"{config}[profile below]\n{role}")
        assert set(found.unusable) == ({"prod"} if "prod" in config else {"central", "below"})
        for why in found.problems:
            assert says in why.sentence
            assert hint in why.hint
    token = f"role_arn = arn:aws:iam::2:role/r\nweb_identity_token_file = /t\nmfa_serial = {written}\n"
    assert read(f"[profile ci]\n{token}").problems == [], "there it does not count"


def test_a_circle_of_roles(read):
    found = read("[profile a]\nrole_arn = x\nsource_profile = b\n[profile b]\nrole_arn = y\nsource_profile = a\n")
    assert set(found.roles) == {"central"}
    assert "comes back to itself" in found.problems[0].sentence


def test_a_file_that_is_no_ini_is_named_and_not_quoted(read):
    with pytest.raises(errors.ConfigError) as caught:
        read("", "[central]\naws_secret_access_key = s3cr3t\nno equals sign s3cr3t\n[[[")
    assert "credentials" in caught.value.sentence
    assert "s3cr3t" not in caught.value.sentence


def test_no_files_are_no_roles(tmp_path):
    assert profiles.read({"HOME": str(tmp_path)}).roles == {}


def test_secrets_are_not_in_the_repr(read):
    assert "s3cr3t" not in repr(read(""))


@pytest.mark.parametrize(("value", "says"), [("", "is empty"), ("\n  inner = x", "is an indented block")])
def test_a_web_identitys_session_name_is_a_name_or_none_for_whoever_hangs_from_it_too(read, value, says):
    found = read(
        "[profile x]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = deploy\n[profile deploy]\n"
        f"role_arn = arn:aws:iam::123456789012:role/d\nweb_identity_token_file = /token\nrole_session_name ={value}\n"
    )
    assert says in found.unusable["deploy"].sentence
    assert found.unusable["x"].sentence == "The chain of 'x' ends at 'deploy', which can't be used."
