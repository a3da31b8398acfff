"""Fetchers of new credentials, a class for each kind: entry.py says what one does, `BY_HOP` which one a role has."""

from xacct.credentials.fetchers.console_login import ConsoleLoginFetcher
from xacct.credentials.fetchers.keys import PlainKeys, RoleFromKeys
from xacct.credentials.fetchers.mfa_session import MfaSession, MfaSessions
from xacct.credentials.fetchers.role import RoleFetcher
from xacct.credentials.fetchers.role_from_parent import RoleFromParent
from xacct.credentials.fetchers.role_from_sign_in import RoleFromSignIn
from xacct.credentials.fetchers.role_with_code import RoleWithCode
from xacct.credentials.fetchers.role_with_token import RoleWithToken
from xacct.credentials.fetchers.sign_in import SignInFetcher
from xacct.policy import Hop

__all__ = ["BY_HOP", "ConsoleLoginFetcher", "MfaSession", "MfaSessions", "RoleFetcher", "RoleWithCode", "SignInFetcher"]

BY_HOP: dict[Hop, type[RoleFetcher]] = {
    Hop.KEYS: PlainKeys,
    Hop.FROM_KEYS: RoleFromKeys,
    Hop.FROM_SESSION: RoleFromParent,
    Hop.FROM_ROLE: RoleFromParent,
    Hop.WITH_CODE: RoleWithCode,
    Hop.WEB_IDENTITY: RoleWithToken,
    Hop.SIGN_IN: RoleFromSignIn,
}
"""Each last step of a path, but the MFA session's and the sign-in's own: several roles stand on one."""
