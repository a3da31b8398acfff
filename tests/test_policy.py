import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct import policy
from xacct.model import Credentials, Role, Source, StsTarget
from xacct.policy import Freshness, Hop

SERIAL = "arn:aws:iam::123456789012:mfa/U"
SOURCE = Source("central", "profile")


def held(lifetime, issued_at=0.0):
    return Credentials("AKIA", "secret", "token", issued_at + lifetime, issued_at)


def role(**more):
    return Role(
        **({"name": "prod", "parent": SOURCE, "role_arn": "arn:aws:iam::1:role/r", "mfa_serial": SERIAL} | more)
    )


@given(st.floats(1, 43200), st.floats(-1, 1))
def test_a_renewal_is_due_within_the_life_and_before_it_is_stale(lifetime, jitter):
    at = policy.renew_at(held(lifetime), jitter)
    assert 0 < at < lifetime - policy.stale_below(lifetime)


@given(st.floats(1501, 43200), st.floats(-1, 1))
def test_a_renewal_leaves_twenty_minutes_whenever_the_life_allows(lifetime, jitter):
    assert lifetime - policy.renew_at(held(lifetime), jitter) >= policy.RENEW_MARGIN - 1e-6


def test_long_term_keys_are_never_renewed():
    assert math.isinf(policy.renew_at(Credentials("AKIA", "secret"), 0.0))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (0, Freshness.FRESH),
        (2699, Freshness.FRESH),
        (2700, Freshness.STALE),
        (3599, Freshness.STALE),
        (3600, Freshness.EXPIRED),
        (9999, Freshness.EXPIRED),
    ],
)
def test_an_hour_is_stale_below_fifteen_minutes_and_expired_at_its_end(now, expected):
    assert policy.freshness(held(3600), now) is expected


def test_nothing_held_is_expired():
    assert policy.freshness(None, 0.0) is Freshness.EXPIRED


def test_a_life_of_ten_seconds_is_not_stale_from_birth():
    assert policy.freshness(held(10), 1.0) is Freshness.FRESH


@given(st.integers(1, 10_000), st.floats(-1, 1))
def test_backoff_stays_within_two_minutes(failures, jitter):
    assert 0.5 <= policy.backoff(failures, jitter) <= policy.BACKOFF_MAX


def test_backoff_grows():
    assert [policy.backoff(n, 1.0) for n in (1, 2, 3, 8, 9)] == [1, 2, 4, 120, 120]


@pytest.mark.parametrize(
    ("wanted", "configured", "expected"),
    [(None, 43200, 43200), (3600, 43200, 43200), (50_000, 43200, 50_060), (10**9, 43200, 129600), (None, 1, 900)],
)
def test_a_session_covers_what_is_wanted_within_what_aws_gives(wanted, configured, expected):
    assert policy.session_duration(wanted, configured) == expected


@pytest.mark.parametrize(
    ("given_role", "lifetime", "hop", "duration"),
    [
        (role(), None, Hop.FROM_SESSION, 3600),
        (role(duration=43200), None, Hop.FROM_SESSION, 3600),
        (role(duration=900), None, Hop.FROM_SESSION, 900),
        (role(mfa="direct"), None, Hop.WITH_CODE, 3600),
        (role(mfa="direct", duration=43200), None, Hop.WITH_CODE, 43200),
        (role(), 7200, Hop.WITH_CODE, 7200),
        (role(), 3600, Hop.FROM_SESSION, 3600),
        (role(mfa_serial=None), None, Hop.FROM_KEYS, 3600),
        (role(mfa_serial=None, duration=43200), None, Hop.FROM_KEYS, 43200),
        (role(parent="other", duration=43200), None, Hop.FROM_ROLE, 3600),
        (role(role_arn=None), None, Hop.SESSION, 3600),
        (role(role_arn=None, mfa_serial=None), None, Hop.KEYS, 3600),
    ],
)
def test_the_path_to_a_role(given_role, lifetime, hop, duration):
    path = policy.path_to(given_role, lifetime=lifetime)
    assert (path.hop, path.duration) == (hop, duration)


def test_a_learned_maximum_caps_the_duration():
    assert policy.path_to(role(mfa_serial=None, duration=43200), learned_max=3600).duration == 3600


def test_explain_says_how_and_what_limits_it():
    steps, remarks = policy.explain(role(duration=43200), {}, 43200)
    assert [step.split()[0] for step in steps] == ["start", "open", "assume:"]
    assert "one code" in steps[1]
    assert "12 h" in steps[1]
    assert any('mfa = "direct"' in remark for remark in remarks)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"read_only": True}, "ReadOnlyAccess"),
        ({"confirm": "first-use"}, "after a logout"),
        ({"confirm": "each-grant"}, "for each grant"),
    ],
)
def test_explain_says_what_guards_a_role(more, says):
    assert any(says in remark for remark in policy.explain(role(**more), {}, 43200)[1])
    assert not any(says in remark for remark in policy.explain(role(), {}, 43200)[1])


def test_explain_says_what_goes_along():
    more = {
        "external_id": "acme-7",
        "session_name": "alice",
        "region": "eu-west-1",
        "tags": (("team", "ops"), ("cost", "12")),
        "transitive_tag_keys": ("team",),
        "duration": 1800,
        "source_identity": "alice@example",
        "policy_arns": ("arn:aws:iam::aws:policy/X",),
    }
    remarks = policy.explain(role(**more), {}, 43200)[1]
    assert {
        "session name of prod: alice",
        "external id of prod: acme-7",
        "region of prod: eu-west-1",
        "tags of prod: team=ops, cost=12; of them go on along a chain: team",
        "configured duration of prod: 30 min",
        "source identity of prod: alice@example",
        "session policies of prod: arn:aws:iam::aws:policy/X",
    } <= set(remarks)
    assert "session name of prod: from-settings" in policy.explain(role(), {}, 43200, "from-settings")[1]
    roles = {"prod": role(session_name="first"), "second": role(name="second", parent="prod", external_id="x")}
    remarks = policy.explain(roles["second"], roles, 43200, "from-settings")[1]
    assert {"session name of prod: first", "session name of second: from-settings", "external id of second: x"} <= set(
        remarks
    )


def test_explain_of_a_second_hop_warns_that_the_mfa_is_gone():
    roles = {"prod": role()}
    steps, remarks = policy.explain(role(name="second", parent="prod"), roles, 43200)
    assert len(steps) == 4
    assert any("carries no MFA" in remark for remark in remarks)


def test_the_next_totp_step():
    assert [policy.next_step(t) for t in (0, 29.9, 30, 31)] == [30, 30, 60, 60]


@pytest.mark.parametrize(
    ("fetched", "lifetime", "within", "late", "ahead"),
    [
        (float("-inf"), 3600, 3600, 0, False),
        (10_000, 3600, 3600, 0, True),
        (6_300, 3600, 3600, 0, False),
        (6_300, 7200, 3600, 0, True),
        (6_300, 3600, 7200, 0, True),
        (6_300, 3600, 3600, 3600, True),
        (6_300, 3600, 3600, -3600, False),
        (10_000, 3600, 0, 0, False),
    ],
)
def test_what_is_renewed_ahead_is_what_somebody_will_come_back_for(fetched, lifetime, within, late, ahead):
    assert (policy.renewed_until(fetched, lifetime, within, late) > 10_000) == ahead


def test_explain_says_where_sts_is_asked_and_no_password():
    target = StsTarget(endpoint_url="http://me:secret@localhost:4566", origins=(("endpoint_url", "endpoint_url of X"),))
    _, remarks = policy.explain(role(target=target, region="eu-west-1"), {}, 3600)
    assert "STS is asked at http://…@localhost:4566, in eu-west-1 (endpoint_url of X)" in remarks
