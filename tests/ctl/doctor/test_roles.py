"""Roles, devices, keys and credential processes, from the daemon's word or from AWS's files alone."""

import pytest

from xacct.ctl.doctor.roles import CHECKS

SERIAL = "arn:aws:iam::111122223333:mfa/alice"
HEALTHY = dict.fromkeys(
    ("role-mfa", "mfa-serial", "mfa-devices", "credential-process", "stored-keys", "aws-file-modes"), "ok"
)
CONFIG = f"""\
[profile work]
region = eu-west-1
[profile prod]
role_arn = arn:aws:iam::1:role/prod
source_profile = work
mfa_serial = {SERIAL}
[profile second]
role_arn = arn:aws:iam::2:role/second
source_profile = prod
[profile settings]
source_profile = nobody
[sso-session corp]
sso_region = x
"""


def test_all_is_well_with_and_without_a_daemon(stage):
    stage.config(CONFIG)
    assert stage.found(CHECKS) == HEALTHY
    assert stage.sentences(CHECKS, "role-mfa") == ["Every role has an MFA device."]
    stage.running(roles=[{"name": "prod"}, {"name": "second", "source": "prod", "mfa_serial": None}])
    assert stage.found(CHECKS) == HEALTHY
    assert stage.sentences(CHECKS, "role-mfa") == ["Every role has an MFA device."]


@pytest.mark.parametrize("signs_in", ["login_session = arn:aws:iam::1:user/me", "sso_account_id = 123456789012"])
def test_what_hangs_from_a_sign_in_in_a_browser_takes_no_device(stage, signs_in):
    stage.config(f"[profile me]\n{signs_in}\n[profile prod]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = me\n")
    assert stage.sentences(CHECKS, "role-mfa") == ["Every role has an MFA device."]
    below = {"name": "prod", "source": "me", "mfa_serial": None, "error": "access-denied"}
    stage.running(roles=[{"name": "me", "role_arn": None, "mfa_serial": None, "sign_in": "corp"}, below])
    assert stage.sentences(CHECKS, "role-mfa") == ["Every role has an MFA device."]


def test_no_mfa_is_fine_until_it_is_refused(stage):
    role = {"name": "prod", "mfa_serial": None}
    stage.running(roles=[role])
    assert stage.found(CHECKS) == HEALTHY
    assert "no code: prod." in stage.sentences(CHECKS, "role-mfa")[0]
    stage.running(roles=[{**role, "error": "network"}])
    assert stage.found(CHECKS) == HEALTHY
    stage.running(roles=[{**role, "error": "access-denied"}])
    assert stage.found(CHECKS) == {**HEALTHY, "role-mfa": "warning"}
    assert "[profile prod]" in stage.fix(CHECKS, "role-mfa")


def test_the_sources_device_counts(stage):
    stage.config(f"[profile work]\nmfa_serial={SERIAL}\n[profile a]\nrole_arn=x\nsource_profile=work\n")
    assert stage.sentences(CHECKS, "role-mfa") == ["Every role has an MFA device."]


@pytest.mark.parametrize(
    ("serial", "state"),
    [
        (SERIAL, "ok"),
        ("arn:aws-cn:iam::111122223333:mfa/team/alice", "ok"),
        ("GAHT12345678", "ok"),
        ("arn:aws:iam::111122223333:u2f/user/alice/key", "broken"),
        ("arn:aws:iam::111122223333:user/alice", "broken"),
        ("arn:aws:iam::1234:mfa/alice", "broken"),
        ("alicesphone", "broken"),
    ],
)
def test_what_can_be_a_device(stage, serial, state):
    stage.running(roles=[{"name": "prod", "mfa_serial": serial}])
    assert stage.found(CHECKS) == {**HEALTHY, "mfa-serial": state}


def test_a_device_that_aws_does_not_know(stage):
    stage.running(roles=[{"name": "prod", "error": "wrong-serial"}])
    assert stage.found(CHECKS) == {**HEALTHY, "mfa-serial": "broken"}


def test_two_devices_of_one_source_are_two_codes(stage):
    other = {"mfa_serial": SERIAL.replace("alice", "old")}
    stage.running(roles=[{"name": "prod"}, {"name": "dev", **other}])
    assert stage.found(CHECKS) == {**HEALTHY, "mfa-devices": "warning"}
    chained = [
        {"name": "prod", "mfa_serial": None},
        {"name": "a", "source": "prod"},
        {"name": "b", "source": "prod", **other},
    ]
    stage.running(roles=chained)
    assert stage.found(CHECKS) == HEALTHY
    stage.running(
        roles=[{"name": "prod"}, {"name": "dev", "source": "home", **other}, {"name": "x", "mfa_serial": None}]
    )
    assert stage.found(CHECKS) == HEALTHY


def test_only_the_role_that_is_asked_for(stage):
    stage.running(roles=[{"name": "prod"}, {"name": "dev", "mfa_serial": "x"}])
    stage.more["role"] = "prod"
    assert stage.found(CHECKS) == HEALTHY
    stage.more["role"] = "dev"
    assert stage.found(CHECKS) == {**HEALTHY, "mfa-serial": "broken"}


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("helper --user alice", None),
        ("{bin}/helper", None),
        ("{bin}/plain", "is not executable"),
        ("{bin}/gone", "is not there"),
        ("nowhere --x", "is not there"),
        ("'helper", "can't be parsed"),
    ],
)
def test_credential_processes(stage, command, sentence):
    stage.program("helper")
    (stage.bin / "plain").write_text("")
    stage.config(f"[profile work]\ncredential_process = {command.format(bin=stage.bin)}\n")
    assert stage.found(CHECKS) == {**HEALTHY, "credential-process": "broken" if sentence else "ok"}
    assert not sentence or sentence in stage.sentences(CHECKS, "credential-process")[0]


def test_keys_that_lie_about_are_named_by_their_profile_alone(stage):
    stage.config(
        "[work]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = SECRETSECRET\n", "credentials"
    )
    stage.config("[profile home]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\n")
    (said,) = stage.sentences(CHECKS, "stored-keys")
    assert said.startswith("Long-lived keys of work lie in ")
    assert "EXAMPLE" not in repr(stage.scene())
    assert "SECRET" not in repr(stage.scene())


@pytest.mark.parametrize(
    ("name", "text", "mode", "state", "fix"),
    [
        ("credentials", "", 0o600, "ok", ""),
        ("credentials", "", 0o640, "warning", "chmod 600"),
        ("config", "[default]\n", 0o644, "ok", ""),
        ("config", "[default]\n", 0o664, "warning", "chmod go-w"),
        ("config", "[default]\naws_access_key_id = AKIA\n", 0o644, "warning", "chmod 600"),
    ],
)
def test_modes(stage, name, text, mode, state, fix):
    file = stage.config(text, name, mode)
    assert stage.found(CHECKS) == {**HEALTHY, "aws-file-modes": state}
    assert not fix or stage.fix(CHECKS, "aws-file-modes") == f"{fix} {file}"
