"""A user's own access keys, made, listed, switched off and deleted, as their rotation takes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors, keys, parameters
from xacct.sandbox.iam import permissions
from xacct.sandbox.iam.dates import written
from xacct.sandbox.world import AccessKey

if TYPE_CHECKING:
    from xacct.sandbox.actions import Request, Result
    from xacct.sandbox.world import User

MOST_KEYS: Final = 2
"""Access keys of one user (IAM User Guide, IAM and AWS STS quotas)."""


def create(request: Request) -> Result:
    """CreateAccessKey: the one answer that ever has the secret; the key works `key_delay` seconds later."""
    user = _user(request)
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
    user = _user(request)
    return {"AccessKeyMetadata": [_shown(user, key) for key in user.keys], "IsTruncated": "false"}


def update(request: Request) -> Result:
    """UpdateAccessKey: Active or Inactive."""
    user = _user(request)
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
    user = _user(request)
    key = _key(request, user)
    _change(request, replace(user, keys=tuple(each for each in user.keys if each != key)))
    return {}


def last_used(request: Request) -> Result:
    """GetAccessKeyLastUsed: without a date for a key that was never used."""
    user = _user(request)
    key = _key(request, user)
    used = request.state.last_used.get(key.key_id)
    what = {"ServiceName": "N/A" if used is None else used[1], "Region": "N/A"}
    dated = {} if used is None else {"LastUsedDate": written(used[0])}
    return {"UserName": user.name, "AccessKeyLastUsed": {**what, **dated}}


def _user(request: Request) -> User:
    """Return the user whose keys they are, where the caller may do this: nobody may with another's."""
    user = permissions.caller(request)
    if user is None or request.given.get("UserName") not in {None, user.name}:
        raise permissions.not_allowed(request)
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
        "CreateDate": written(key.created),
    }
