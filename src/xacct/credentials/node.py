"""A node of the keeper's tree: a configured role, the plan for it, and the entries it stands on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.sign_ins import source_of
from xacct.model import Role, Source, StsTarget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xacct.credentials.entry import Entry
    from xacct.policy import Path

SessionKey = tuple[Source, str | None, StsTarget]
"""An MFA session: the source, the device's serial, and which STS is asked: a code for one must not reach another. Or a
sign-in in a browser, as a source of no account: all profiles of it share it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A configured role and the plan for it.

    Attributes:
        entry: holds its credentials: the MFA session's own, where the role is just that.
        session: the MFA session or the sign-in it hangs from, however far up.
    """

    role: Role
    path: Path
    entry: Entry
    session: Entry | None


@dataclass(slots=True)
class Use:
    """When consumers last wanted a role and were last given it, and the last login (AWS's time); None: never.

    Logging in is no use: what nobody fetches is not renewed.
    """

    asked: float | None = None
    served: float | None = None
    login: float | None = None


def session_key(role: Role) -> SessionKey:
    """The MFA session or the sign-in of a role that hangs from a source."""
    if role.source.signs_in is not None:
        return (source_of(role), None, replace(role.target, endpoint_url=None, legacy=False))
    return (role.source, role.mfa_serial, role.target)  # guard: code-is-for-one-sts


def unknown(
    name: str, names: Iterable[str], where: str = "", hint: str = "xacctctl roles lists what there is."
) -> errors.UnknownRole:
    """There is no role of this name (where); what may have been meant is the hint, if anything is like it."""
    from difflib import get_close_matches  # noqa: PLC0415 - only when somebody mistypes

    close = get_close_matches(name, list(names), 1)
    return errors.UnknownRole(f"There is no role {name!r}{where}.", f"Did you mean {close[0]!r}?" if close else hint)


def configured_anew(name: str) -> errors.Temporary:
    """The role is no longer what it was when somebody asked for it, and began to wait."""
    return errors.Temporary(f"{name} has been configured anew.", "Try again.")
