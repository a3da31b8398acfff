"""Where IAM is asked, and what is made of its answer."""

import pytest

from xacct.aws import targets
from xacct.model import MfaDevice, StsTarget

SANDBOX = "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("sts", "named", "address"),
    [
        (None, None, None),
        (None, SANDBOX, SANDBOX),
        (SANDBOX, None, SANDBOX),
        (SANDBOX, "http://127.0.0.1:9", "http://127.0.0.1:9"),
        ("https://vpce-1.sts.eu-central-1.vpce.amazonaws.com", None, None),
        ("https://sts.cn-north-1.amazonaws.com.cn", None, None),
        ("https://sts.eusc-de-east-1.amazonaws.eu", None, None),
        ("https://amazonaws.com.example", None, "https://amazonaws.com.example"),
    ],
)
def test_iam_is_where_the_profile_says_or_where_sts_is_if_that_is_not_awss(sts, named, address):
    assert targets.address_of_iam(StsTarget(endpoint_url=sts), named) == address


@pytest.mark.parametrize(
    ("serial", "kind", "gives_codes"),
    [
        ("arn:aws:iam::123456789012:mfa/alice", "virtual", True),
        ("GAHT12345678", "hardware", True),
        ("arn:aws:iam::123456789012:u2f/user/alice/key", "security-key", False),
    ],
)
def test_what_a_device_is_its_serial_number_says(serial, kind, gives_codes):
    assert (MfaDevice(serial).kind, MfaDevice(serial).gives_codes) == (kind, gives_codes)
