"""The few calls of IAM that an access key's rotation takes: a user's own keys made, listed, switched off, deleted.

Sentences and limits are those of the "IAM API Reference" (API version 2010-05-08).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors, keys, parameters
from xacct.sandbox.world import AccessKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.sandbox.actions import Request, Result
    from xacct.sandbox.world import User

IAM: Final = "iam"
VERSION: Final = "2010-05-08"

MOST_KEYS: Final = 2
"""Access keys of one user (IAM User Guide, IAM and AWS STS quotas)."""


def create(request: Request) -> Result:
    """CreateAccessKey: the one answer that ever has the secret; the key works `key_delay` seconds later."""
    user = _user(request, "CreateAccessKey")
    if len(user.keys) >= MOST_KEYS:
        raise errors.limit_exceeded(f"Cannot exceed quota for AccessKeysPerUser: {MOST_KEYS}")
    made = AccessKey(
        keys.access_key_id("AKIA", user.account),
        keys.secret_access_key(),
        created=request.now,
        works_from=request.now + request.state.world.key_delay,
    )
    _change(request, replace(user, keys=(*user.keys, made)))
    return {"AccessKey": {**_shown(user, made), "SecretAccessKey": made.secret}}


def listed(request: Request) -> Result:
    """ListAccessKeys, without their secrets."""
    user = _user(request, "ListAccessKeys")
    return {"AccessKeyMetadata": [_shown(user, key) for key in user.keys], "IsTruncated": "false"}


def update(request: Request) -> Result:
    """UpdateAccessKey: Active or Inactive."""
    user = _user(request, "UpdateAccessKey")
    key = _key(request, user)
    status = request.given.get("Status")
    if status not in {"Active", "Inactive"}:
        raise errors.validation_error(
            f"1 validation error detected: Value '{status}' at 'status' failed to satisfy constraint: Member must"
            " satisfy enum value set: [Active, Inactive]"
        )
    changed = replace(key, active=status == "Active")
    _change(request, replace(user, keys=tuple(changed if each == key else each for each in user.keys)))
    return {}


def delete(request: Request) -> Result:
    """DeleteAccessKey, of an active one as well, as IAM does it."""
    user = _user(request, "DeleteAccessKey")
    key = _key(request, user)
    _change(request, replace(user, keys=tuple(each for each in user.keys if each != key)))
    return {}


def last_used(request: Request) -> Result:
    """GetAccessKeyLastUsed: without a date for a key that was never used."""
    user = _user(request, "GetAccessKeyLastUsed")
    key = _key(request, user)
    used = request.state.last_used.get(key.key_id)
    what = {"ServiceName": "N/A" if used is None else used[1], "Region": "N/A"}
    dated = {} if used is None else {"LastUsedDate": _date(used[0])}
    return {"UserName": user.name, "AccessKeyLastUsed": {**what, **dated}}


ACTIONS: Final[Mapping[str, Callable[[Request], Result]]] = {
    "CreateAccessKey": create,
    "DeleteAccessKey": delete,
    "GetAccessKeyLastUsed": last_used,
    "ListAccessKeys": listed,
    "UpdateAccessKey": update,
}


def _user(request: Request, action: str) -> User:
    """Return the user whose keys they are, where the caller may do this.

    Raises:
        StsError: AccessDenied, or InvalidClientTokenId for a session without MFA, which IAM does not take at all.
    """
    who, session = request.caller.principal, request.caller.session
    user = request.state.world.user(who.arn)
    with_mfa = session is not None and session.context.mfa_at is not None
    if user is not None and session is not None and not with_mfa:
        raise errors.invalid_token()
    named = request.given.get("UserName")
    resource = f"arn:aws:iam::{who.account}:user/{named or who.arn.rpartition('/')[2]}"
    if user is None or named not in {None, user.name} or f"iam:{action}" not in user.iam:
        raise errors.not_authorized(
            who.arn, f"iam:{action}", f"{resource} because no identity-based policy allows the iam:{action} action"
        )
    if user.iam_wants_mfa and not with_mfa:
        raise errors.not_authorized(
            who.arn, f"iam:{action}", f"{resource} with an explicit deny in an identity-based policy"
        )
    return user


def _key(request: Request, user: User) -> AccessKey:
    parameters.check(request.given, parameters.ACCESS_KEY_ID)
    wanted = request.given["AccessKeyId"]
    for key in user.keys:
        if key.key_id == wanted:
            return key
    raise errors.no_such_entity(f"The Access Key with id {wanted} cannot be found.")


def _change(request: Request, user: User) -> None:
    world = request.state.world
    users = tuple(user if each.arn == user.arn else each for each in world.users)
    request.state.world = replace(world, users=users)


def _shown(user: User, key: AccessKey) -> Result:
    return {
        "UserName": user.name,
        "AccessKeyId": key.key_id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": _date(key.created),
    }


def _date(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
