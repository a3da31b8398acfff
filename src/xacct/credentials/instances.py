"""Which instance of IAM Identity Center is meant, by the name of an sso-session or a start URL. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xacct import errors, rolekeys
from xacct.credentials.sign_ins import sign_in_of
from xacct.model import Source
from xacct.signin import LISTING, instance_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xacct.model import Role


def candidates(roles: Iterable[Role], sessions: Iterable[Role]) -> list[Role]:
    """What accounts can be listed by: a role for each sso-session, and for each start URL of profiles without one.

    A session that profiles use is asked where they say: what they hang from is signed in to there.

    Args:
        roles: those of some AWS files.
        sessions: those that stand for the files' sso-sessions (aws/instances.py).
    """
    found: dict[tuple[str, str], Role] = {}
    for role in roles:
        if isinstance(role.parent, Source) and role.parent.sign_in is not None:
            sign_in = role.parent.sign_in
            name = rolekeys.key(LISTING, rolekeys.split(role.name)[1])
            found.setdefault((sign_in.name, sign_in.name or sign_in.instance), replace(role, name=name))
    for role in sessions:
        sign_in = sign_in_of(role)
        found.setdefault((sign_in.name, sign_in.name), role)
    return list(found.values())


def chosen(named: str | None, among: list[Role]) -> Role:
    """The one that is meant.

    Args:
        named: the name of an sso-session, or a start URL; None: the only one.
        among: those there are.

    Raises:
        BadInput: none is, or several are.
    """
    if not among:
        raise errors.BadInput(
            "Nothing in this shell's AWS files leads to IAM Identity Center.",
            "aws configure sso writes an sso-session.",
        )
    of_name = [role for role in among if named and sign_in_of(role).name == named]
    if of_name:
        return of_name[0]
    found = [role for role in among if named is None or sign_in_of(role).instance == instance_of(named)]
    # An instance that an sso-session leads to is signed in to by that, whatever old profiles say beside it.
    led_to = {sign_in_of(role).instance for role in found if sign_in_of(role).name}
    found = [role for role in found if sign_in_of(role).name or sign_in_of(role).instance not in led_to]
    labels = ", ".join(sign_in_of(role).label for role in found or among)
    if not found:
        sentence = f"There is no sso-session {(named or '')[:80]!r}, and no such start URL."
        raise errors.BadInput(sentence, f"There is: {labels}")
    if len(found) > 1:
        raise errors.BadInput("There are several instances of IAM Identity Center: which one?", f"One of: {labels}")
    return found[0]
