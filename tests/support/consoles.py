"""A sandbox's world with a role to have the console of in each partition.

with Stack(tmp_path, change=with_consoles, settings=...) as stack: ...
CONSOLES: the roles' names and accounts by partition; `settings(stack)` names the console in config.toml.
"""

from dataclasses import replace

from xacct.sandbox import keys
from xacct.sandbox.trust import Statement
from xacct.sandbox.world import AccessKey, Profile, Role, User

CONSOLES = {
    "aws": ("shop", "111111111111"),
    "aws-cn": ("shop-cn", "222222222222"),
    "aws-us-gov": ("shop-gov", "333333333333"),
}
REGIONS = {"aws": "eu-central-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


def with_consoles(world):
    """The default world with these, and a user of each partition who may assume its role with plain keys."""
    users, roles, profiles = [], [], []
    for partition, (name, account) in CONSOLES.items():
        key = AccessKey(keys.access_key_id("AKIA", account), keys.secret_access_key())
        users.append(User(f"user-of-{name}", account, (key,), partition=partition))
        roles.append(Role(name, account, (Statement((account,)),), partition=partition))
        profiles.append(Profile(f"keys-of-{name}", (("region", REGIONS[partition]),), key))
        says = (("role_arn", roles[-1].arn), ("source_profile", f"keys-of-{name}"), ("region", REGIONS[partition]))
        profiles.append(Profile(name, says))
    return replace(
        world,
        users=(*world.users, *users),
        roles=(*world.roles, *roles),
        profiles=(*world.profiles, *profiles),
    )


def name_console(stack):
    """Write into config.toml where the sandbox plays the console."""
    stack.settings_file.parent.mkdir(parents=True, exist_ok=True)
    stack.settings_file.write_text(f'[console]\nurl = "{stack.env["AWS_ENDPOINT_URL_STS"]}"\n')
