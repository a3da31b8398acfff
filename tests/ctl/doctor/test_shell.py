"""This shell's variables: ours, stale, or outdone by something that SDKs prefer."""

import pytest

from xacct.ctl.doctor.catalogue import run
from xacct.ctl.doctor.scene import Daemon
from xacct.ctl.doctor.shell import CHECKS
from xacct.ctl.failure import NotRunningError

URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
OUTSIDE = {
    "shell-endpoint": "skipped",
    "shell-token": "skipped",
    "shell-grant": "skipped",
    "shell-keys": "ok",
    "shell-profile": "ok",
    "shell-web-identity": "ok",
    "shell-bedrock-key": "ok",
    "shell-relative-uri": "ok",
    "default-profile": "ok",
    "polars-keys": "ok",
}
INSIDE = dict.fromkeys(OUTSIDE, "ok")
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = SECRETSECRET\n"


@pytest.fixture
def inside(stage):
    """A shell as `xacctctl env prod` leaves it."""
    file = stage.root / "r/xacct/grants/3f9a"
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_text("t0ken")
    file.chmod(0o600)
    stage.environ |= {
        URI: "http://127.0.0.1:9477/v1/credentials/prod",
        TOKEN: "t0ken",
        f"{TOKEN}_FILE": str(file),
        "XACCT_ROLE": "prod",
    }
    stage.running(roles=[{"name": "prod"}], grants=["3f9a"])
    return stage


def test_a_shell_that_has_nothing_to_do_with_us(stage):
    assert stage.found(CHECKS) == OUTSIDE


def test_a_shell_of_ours(inside):
    assert inside.found(CHECKS) == INSIDE


def variable(name, value):
    return lambda stage: stage.environ.update({name: value})


def token_file(text=None, mode=0o600):
    def change(stage):
        file = stage.root / "r/xacct/grants/3f9a"
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
            file.chmod(mode)

    return change


@pytest.mark.parametrize(
    ("what", "name", "state"),
    [
        (variable(URI, "http://127.0.0.1:9999/v1/credentials/prod"), "shell-endpoint", "broken"),
        (variable(URI, "http://127.0.0.1:9477/v1/credentials/gone"), "shell-endpoint", "broken"),
        (variable(URI, "http://127.0.0.1:x/"), "shell-endpoint", "broken"),
        (variable(URI, "http://169.254.170.23/v1/credentials"), "shell-endpoint", "warning"),
        (variable(URI, "http://169.254.170.23:9477/v1/credentials/prod"), "shell-endpoint", "warning"),
        (variable(URI, "http://127.0.0.1:9477/other"), "shell-endpoint", "warning"),
        (lambda stage: stage.environ.pop(TOKEN), "shell-token", "warning"),
        (token_file(), "shell-token", "broken"),
        (token_file("t0ken\n"), "shell-token", "broken"),
        (token_file("another"), "shell-token", "broken"),
        (token_file("t0ken", 0o644), "shell-token", "broken"),
        (lambda stage: stage.running(roles=[{"name": "prod"}]), "shell-grant", "broken"),
        (variable("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), "shell-keys", "broken"),
        (variable("AWS_SESSION_TOKEN", "SECRETSECRET"), "shell-keys", "broken"),
        (variable("AWS_PROFILE", "gone"), "shell-profile", "broken"),
        (variable("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"), "shell-web-identity", "broken"),
        (variable("AWS_BEARER_TOKEN_BEDROCK", ""), "shell-bedrock-key", "broken"),
        (variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"), "shell-relative-uri", "broken"),
        (lambda stage: stage.config(f"[default]\n{KEYS}", "credentials"), "default-profile", "broken"),
        (lambda stage: stage.config("[default]\nsso_session = corp\n"), "default-profile", "broken"),
    ],
)
def test_one_thing_is_wrong_and_only_that_is_said(inside, what, name, state):
    what(inside)
    assert inside.found(CHECKS) == {**INSIDE, name: state}
    said = " ".join(finding.sentence + finding.fix for _, _, finding in run("", CHECKS, inside.scene()))
    assert "SECRET" not in said
    assert "EXAMPLE" not in said
    assert "t0ken" not in said


@pytest.mark.parametrize("now", [None, "other", "other, with [default]'s keys"])
def test_a_shell_whose_config_file_was_changed_under_it_is_told_to_take_its_role_anew(inside, now):
    """direnv sets AWS_CONFIG_FILE; AWS_PROFILE names what only our copy of the former file has."""
    inside.environ |= {"AWS_PROFILE": "xacct", "XACCT_PROFILE": "xacct", "XACCT_ROLE": "prod"}
    inside.environ.pop("AWS_CONFIG_FILE", None)
    if now is not None:
        other = inside.root / "other"
        other.write_text(f"[profile xacct]\nregion = x\n{'[default]' if '[' in now else '[profile w]'}\n{KEYS}")
        inside.environ["AWS_CONFIG_FILE"] = str(other)
    assert inside.found(CHECKS) == {**INSIDE, "shell-profile": "broken"}
    (said,) = inside.sentences(CHECKS, "shell-profile")
    assert "role prod" in said
    assert ("AWS_CONFIG_FILE is not set" if now is None else f"AWS_CONFIG_FILE is {inside.root}/other") in said
    assert inside.fix(CHECKS, "shell-profile") == 'eval "$(xacctctl env prod)"'
    inside.environ["XACCT_ROLE"] = "two words"
    assert inside.fix(CHECKS, "shell-profile") == """eval "$(xacctctl env 'two words')\""""


def test_a_daemon_that_tells_only_its_version(inside):
    inside.daemon = Daemon(inside.daemon.version)
    assert inside.found(CHECKS) == {**INSIDE, "shell-grant": "skipped"}


@pytest.mark.parametrize("missing", [TOKEN, f"{TOKEN}_FILE"])
def test_the_variable_that_is_missing_is_named(inside, missing):
    inside.environ.pop(missing)
    assert inside.found(CHECKS)["shell-token"] == "warning"
    assert inside.sentences(CHECKS, "shell-token")[0].startswith(f"{missing} is not set")


@pytest.mark.parametrize(("text", "why"), [("t0ken\n", "new line"), ("other", f"not what {TOKEN} says")])
def test_what_is_wrong_with_a_token_file_is_said(inside, text, why):
    token_file(text)(inside)
    assert why in inside.sentences(CHECKS, "shell-token")[0]


def test_only_a_token_file_of_ours_names_a_grant(inside):
    elsewhere = inside.root / "token"
    elsewhere.write_text("t0ken")
    elsewhere.chmod(0o600)
    inside.environ[f"{TOKEN}_FILE"] = str(elsewhere)
    assert inside.found(CHECKS) == {**INSIDE, "shell-grant": "skipped"}


def test_a_token_without_an_endpoint_is_nothing(stage):
    stage.running()
    stage.environ[f"{TOKEN}_FILE"] = str(stage.root / "r/xacct/grants/3f9a")
    assert stage.found(CHECKS) == OUTSIDE


def test_no_token_at_all(inside):
    inside.environ.pop(TOKEN)
    inside.environ.pop(f"{TOKEN}_FILE")
    assert inside.found(CHECKS) == {**INSIDE, "shell-token": "broken", "shell-grant": "skipped"}


def test_a_shell_whose_daemon_has_gone(inside, stage):
    stage.daemon = Daemon(trouble=NotRunningError())
    assert inside.found(CHECKS) == {**INSIDE, "shell-endpoint": "broken", "shell-grant": "skipped"}
    assert inside.fix(CHECKS, "shell-endpoint") == "xacctctl start"


def test_roles_by_arn_are_ours_too(inside):
    inside.environ[URI] = "http://127.0.0.1:9477/v1/role-arn/arn:aws:iam::1:role/x"
    assert inside.found(CHECKS) == INSIDE


@pytest.mark.parametrize(
    ("profile", "state"),
    [
        ("region = eu-west-1\n", "ok"),
        (KEYS, "broken"),
        ("role_arn = arn:aws:iam::1:role/x\n", "broken"),
        ("sso_account_id = 1\n", "broken"),
        ("credential_process = x\n", "broken"),
    ],
)
def test_a_profile_wins_if_it_leads_to_credentials(inside, profile, state):
    inside.config(f"[profile work]\n{profile}")
    inside.environ["AWS_PROFILE"] = "work"
    assert inside.found(CHECKS)["shell-profile"] == state
    assert (inside.sentences(CHECKS, "shell-profile") == ["AWS_PROFILE is work, which has settings only."]) == (
        state == "ok"
    )


def test_what_env_has_taken_out_of_the_way_is_out_of_the_way(inside):
    inside.config(f"[default]\n{KEYS}[work]\n{KEYS}", "credentials")
    inside.config("[profile work]\nregion = x\n")
    inside.environ |= {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "work"}
    assert inside.found(CHECKS) == INSIDE


def test_outside_it_is_what_programs_are_meant_to_use(stage):
    stage.config(f"[default]\n{KEYS}", "credentials")
    stage.environ |= {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": "default", "AWS_WEB_IDENTITY_TOKEN_FILE": "/x"}
    assert stage.found(CHECKS) == OUTSIDE
    assert "xacctctl env takes it away" in stage.sentences(CHECKS, "shell-keys")[0]
    assert stage.sentences(CHECKS, "shell-profile") == ["AWS_PROFILE is default."]


def test_static_credentials_are_not_renewed(stage):
    stage.environ |= {"AWS_ACCESS_KEY_ID": "ASIA", "XACCT_ROLE": "prod"}
    assert stage.found(CHECKS)["shell-keys"] == "warning"
