"""What a shell's environment leads to, beside the daemon's: whose machine's role is meant."""

import pytest

from xacct import errors, surroundings
from xacct.aws.sources.ec2_metadata import EC2
from xacct.aws.sources.ecs_container import ECS_CONTAINER
from xacct.control import views
from xacct.model import Role, Source


@pytest.mark.parametrize(
    ("source", "variable"),
    [
        (ECS_CONTAINER, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        (ECS_CONTAINER, "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        (EC2, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
        (EC2, "AWS_EC2_METADATA_DISABLED"),
    ],
)
def test_the_machines_role_is_not_given_to_a_shell_that_is_led_elsewhere(source, variable):
    role = Role(name="p", parent=source, role_arn="arn:aws:iam::123456789012:role/r")
    here, there = surroundings.of({variable: "http://a"}), surroundings.of({variable: "http://b"})
    views._check_machine(role, here, here)
    for other in (there, surroundings.of({})):
        with pytest.raises(errors.ConfigError, match="leads elsewhere than this shell's"):
            views._check_machine(role, other, here)
    views._check_machine(Role(name="p", parent=Source("central", "profile")), there, here)


def test_a_header_says_no_address_and_no_token():
    said = surroundings.header(surroundings.of({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "s3cret"}))
    assert "s3cret" not in said
    assert (
        surroundings.of_header(said).container
        == surroundings.of({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "s3cret"}).container
    )
