"""What the documentation's world has of Identity Center: an instance, and the profiles that lead to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xacct.sandbox.identity_center.instance import Account, Assignment, Instance, PermissionSet
from xacct.sandbox.world import Profile, SsoSession

START_URL: Final = "https://d-1234567890.awsapps.com/start"
USER: Final = "me@example.com"
OTHER_USER: Final = "colleague@example.com"
SESSION_NAME: Final = "example"

DEVELOPER: Final = PermissionSet("Developer")
READ_ONLY: Final = PermissionSet("ReadOnlyAccess", seconds=14400)
ADMINISTRATOR: Final = PermissionSet("AdministratorAccess")
_FIRST_OF_MANY: Final = 900_000_000_000


def instance(region: str, central: str, prod: str, staging: str) -> Instance:
    """Return the instance of the documentation.

    Args:
        region: Where it lives.
        central: Account id; the user is a developer there.
        prod: Account id; the user may only read there.
        staging: Account id; the user is a developer there, and so is a colleague.
    """
    names = {central: "central", prod: "production", staging: "staging"}
    return Instance(
        start_url=START_URL,
        region=region,
        users=(USER, OTHER_USER),
        accounts=tuple(Account(number, name, f"{name}@example.com") for number, name in names.items()),
        permission_sets=(DEVELOPER, READ_ONLY),
        assignments=(
            Assignment(USER, central, DEVELOPER.name),
            Assignment(USER, prod, READ_ONLY.name),
            Assignment(USER, staging, DEVELOPER.name),
            Assignment(USER, staging, READ_ONLY.name),
            Assignment(OTHER_USER, staging, DEVELOPER.name),
        ),
    )


def enlarged(idc: Instance, accounts: int) -> Instance:
    """Return the instance with more accounts, in each of which the user has three permission sets.

    Args:
        idc: The instance.
        accounts: How many more.
    """
    if not accounts:
        return idc
    sets = (DEVELOPER, READ_ONLY, ADMINISTRATOR)
    many = tuple(
        Account(str(_FIRST_OF_MANY + number), f"Team {number:04d}", f"team-{number:04d}@example.com")
        for number in range(1, accounts + 1)
    )
    assigned = tuple(Assignment(USER, account.account_id, each.name) for account in many for each in sets)
    return replace(idc, accounts=idc.accounts + many, permission_sets=sets, assignments=idc.assignments + assigned)


def sso_session(idc: Instance) -> SsoSession:
    """Return the `[sso-session example]` of an instance, with the scope that brings refresh tokens."""
    return SsoSession(
        SESSION_NAME,
        (
            ("sso_start_url", idc.start_url),
            ("sso_region", idc.region),
            ("sso_registration_scopes", "sso:account:access"),
        ),
    )


def sso_profiles(idc: Instance, chained: str) -> tuple[Profile, ...]:
    """Return a profile for each way to be one of the instance's roles.

    Args:
        idc: The instance.
        chained: ARN of the role that is assumed from one of these.
    """
    central, prod, staging = (account.account_id for account in idc.accounts[:3])
    region = ("region", idc.region)

    def role(account: str, permission_set: PermissionSet) -> tuple[tuple[str, str], ...]:
        return (
            ("sso_account_id", account),
            ("sso_role_name", permission_set.name),
            region,
            ("services", "xacct-sandbox"),
        )

    by_session = ("sso_session", SESSION_NAME)
    by_itself = (("sso_start_url", idc.start_url), ("sso_region", idc.region))
    return (
        Profile("sso-central", (by_session, *role(central, DEVELOPER))),
        Profile("sso-prod", (by_session, *role(prod, READ_ONLY))),
        Profile("sso-staging", (by_session, *role(staging, DEVELOPER))),
        Profile("sso-legacy", (*by_itself, *role(central, DEVELOPER))),
        Profile("sso-chained", (("role_arn", chained), ("source_profile", "sso-central"), region)),
        Profile("sso-forbidden", (by_session, *role(prod, DEVELOPER))),
    )
