"""doctor's checks of sign-ins: the daemon's word, and what the AWS CLI keeps."""

import hashlib
import json
import time

import pytest

from xacct.ctl.doctor.sign_ins import CHECKS

CORP = {"name": "dev", "sign_in": "corp", "role_arn": None}
OTHER = {"name": "ops", "sign_in": "corp", "role_arn": None}
CONSOLE = {"name": "me", "sign_in": "arn:aws:iam::111122223333:user/me", "role_arn": None}
TOKEN = {"accessToken": "t0ken", "expiresAt": "2999-01-01T00:00:00Z"}


def running(stage, *roles, **status):
    stage.running(roles=roles, status=status)


def ends_in(stage, name, seconds):
    for row in stage.daemon.status["roles"]:
        if row["name"] == name:
            row["mfa_expires_at"] = stage.daemon.status["now"] + seconds


def cached(stage, label="corp", mode=0o600, text=None, **more):
    cache = stage.home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{hashlib.sha1(label.encode()).hexdigest()}.json"
    file.write_text(json.dumps({**TOKEN, **more}) if text is None else text)
    file.chmod(mode)
    return file


def test_where_nobody_signs_in_there_is_nothing_to_say(stage):
    stage.running(roles=[{"name": "prod"}])
    assert stage.found(CHECKS) == {"sign-ins": "ok"}
    stage.daemon = stage.daemon.__class__()
    assert stage.found(CHECKS) == {"sign-ins": "skipped"}


def test_what_there_is_is_said_once_for_each_sign_in(stage):
    running(stage, CORP, OTHER, CONSOLE)
    assert stage.sentences(CHECKS, "sign-ins") == [f"3 roles by a sign-in in a browser: corp, {CONSOLE['sign_in']}."]


@pytest.mark.parametrize(("seconds", "said"), [(7200, 0), (1801, 0), (1700, 1), (-5, 1)])
def test_one_that_ends_soon_is_said(stage, seconds, said):
    running(stage, CORP, OTHER)
    ends_in(stage, "ops", seconds)
    found = stage.sentences(CHECKS, "sign-in-end")
    assert len(found) == said
    if said:
        assert found[0].startswith("The sign-in to corp ends in ")
        assert stage.fix(CHECKS, "sign-in-end").startswith("xacctctl login dev")


def test_one_that_has_ended_is_said(stage):
    running(stage, {**CORP, "error": "sign-in-ended"})
    assert stage.sentences(CHECKS, "sign-in-end") == ["The sign-in to corp has ended."]


def test_only_the_role_of_interest_counts(stage):
    running(stage, CORP, CONSOLE)
    ends_in(stage, "dev", 60)
    stage.more["role"] = "me"
    assert "sign-in-end" not in stage.found(CHECKS)


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "is no JSON"), ("[]", "has no token"), ("{}", "has no token"), ("x" * 300_000, "can't be read")],
)
def test_a_cache_of_no_use_is_said(stage, text, why):
    running(stage, CORP)
    file = cached(stage, text=text)
    (said,) = stage.sentences(CHECKS, "sign-in-cache")
    assert said.startswith(f"{file}, where the AWS CLI keeps a sign-in, {why}")
    assert "t0ken" not in said


def test_a_cache_that_others_may_read_is_said_and_a_good_one_is_not(stage):
    running(stage, CORP)
    file = cached(stage, mode=0o644)
    assert stage.fix(CHECKS, "sign-in-cache") == f"chmod 600 {file}"
    file.chmod(0o600)
    assert "sign-in-cache" not in stage.found(CHECKS)


def test_the_cache_of_another_sign_in_is_not_looked_at(stage):
    running(stage, CORP, CONSOLE)
    cached(stage, label="customer", text="{")
    cached(stage, label=CONSOLE["sign_in"], text="{")
    assert "sign-in-cache" not in stage.found(CHECKS)


def test_a_registration_that_has_expired_is_said_where_something_is_renewed_by_it(stage):
    running(stage, CORP)
    past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    cached(stage, registrationExpiresAt=past)
    assert "sign-in-registration" not in stage.found(CHECKS)
    cached(stage, registrationExpiresAt=past, refreshToken="r")
    assert stage.found(CHECKS)["sign-in-registration"] == "warning"
    cached(stage, registrationExpiresAt="2999-01-01T00:00:00Z", refreshToken="r")
    assert "sign-in-registration" not in stage.found(CHECKS)
    cached(stage, registrationExpiresAt="soon", refreshToken="r")
    assert "sign-in-registration" not in stage.found(CHECKS)


def test_a_shell_without_a_browser_is_told_how_it_goes(stage):
    running(stage, CORP)
    stage.environ["SSH_CONNECTION"] = "a b c d"
    assert stage.found(CHECKS)["sign-in-browser"] == "ok"
    running(stage)
    assert "sign-in-browser" not in stage.found(CHECKS)
