"""What the roots that a human signs in to in a browser have in common: which sign-in it is, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.fetchers.calls import Calls
    from xacct.model import Role, Source


class SignInRoot:
    """One sign-in.

    Args:
        source: which, as SignIns knows it.
        role: one that hangs from it.
        roles: the names of those it is signed in to for, now.
    """

    def __init__(
        self,
        source: Source,
        role: Callable[[], Role],
        roles: Callable[[], tuple[str, ...]],
        *,
        calls: Calls,
    ) -> None:
        self._source = source
        self._role = role
        self._roles = roles
        self._calls = calls
        self._sign_ins = calls.sign_ins
