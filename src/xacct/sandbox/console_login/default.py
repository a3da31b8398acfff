"""What the documentation's world has of console logins: profiles that lead to its user, and to another."""

from __future__ import annotations

from xacct.sandbox.world import Profile


def login_profiles(user_arn: str, other_arn: str, chained: str, region: str) -> tuple[Profile, ...]:
    """Return a profile for each way to be reached by a console login.

    Args:
        user_arn: The user's, who signs in where nobody says who.
        other_arn: Another user's.
        chained: ARN of the role that is assumed from the first of these.
        region: Where is signed in.
    """

    def login(arn: str) -> tuple[tuple[str, str], ...]:
        return (("login_session", arn), ("region", region), ("services", "xacct-sandbox"))

    return (
        Profile("console", login(user_arn)),
        Profile("console-other", login(other_arn)),
        Profile("console-chained", (("role_arn", chained), ("source_profile", "console"), ("region", region))),
    )
