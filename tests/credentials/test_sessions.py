"""Which roles share an MFA session, and so a code: those of one source, one device and one STS."""

from dataclasses import replace

from xacct.credentials.node import session_key
from xacct.model import Role, Source, StsTarget

ROLE = Role("a", Source("base", "profile"), "arn:aws:iam::1:role/r", mfa_serial="arn:aws:iam::1:mfa/u")


def test_a_code_for_one_sts_opens_no_session_at_another():
    for target in (
        StsTarget(endpoint_url="http://localhost:4566"),
        StsTarget(fips=True),
        StsTarget(ca_bundle="/ca.pem"),
    ):
        assert session_key(replace(ROLE, target=target)) != session_key(ROLE)


def test_regions_share_it_and_where_a_setting_stands_makes_no_difference():
    other = replace(ROLE, region="eu-west-3", target=StsTarget(origins=(("region", "region of [profile b]"),)))
    assert session_key(other) == session_key(ROLE)
