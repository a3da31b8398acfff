"""What a process below a narrowed grant may not ask for: whatever would widen what it has.

Such a grant is bound to a process (`Grant.root`), which xacctctl makes a child subreaper: what stems from it comes back
below it, however often it forks, for as long as it lives. How far that holds: docs/THREATS.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import hdrs, web

from xacct import errors, wire
from xacct.host import ancestry
from xacct.model import ProcessMark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from xacct.control.audit import Audit
    from xacct.grants.grants import Grants
    from xacct.model import Grant

log = structlog.get_logger("xacct.control")

PEER: Final = web.RequestKey("peer", ProcessMark)
"""The process at the other end, as it was when it connected; absent where that is not known."""

WIDENS: Final[Mapping[tuple[str, str], bool | str]] = {
    ("GET", wire.VERSION): False,
    ("GET", wire.STATUS): False,
    ("GET", wire.ROLES): False,
    ("GET", wire.EXPLAIN): False,
    ("GET", wire.POLICY): False,
    ("GET", wire.SELECTION): False,
    ("POST", wire.WHOAMI): False,  # it tells an ARN, and asks nobody
    ("POST", wire.LOGIN): True,
    ("POST", wire.CREDENTIALS): True,
    ("POST", wire.ACCOUNTS): True,  # it asks a human to sign in
    ("POST", wire.VERIFY): True,  # it asks a human for a code
    ("POST", wire.CONSOLE): True,
    ("POST", wire.LOGOUT): False,
    ("GET", wire.GRANTS): False,
    ("POST", wire.GRANTS): True,
    ("POST", wire.GRANT): True,
    ("DELETE", wire.GRANT): False,
    ("GET", wire.CONTAINERS): False,
    ("GET", wire.KEYS): False,
    ("POST", wire.KEYS): True,
    ("DELETE", wire.KEY): True,  # whose identity a profile is may change
    ("POST", wire.KEY_CHECK): True,
    ("POST", wire.KEY_ROTATE): True,
    ("GET", wire.MFA): False,
    ("POST", wire.MFA_SEEDS): True,
    ("DELETE", wire.MFA_SEED): True,
    ("GET", wire.PROMPTS): False,
    ("POST", wire.PROMPT): True,  # a "no" as well: it is not for a program to give
    ("GET", wire.EVENTS): "attend",  # who attends is taken for a human that answers
    ("GET", wire.AUDIT): False,
    ("POST", wire.LOCK): False,
    ("POST", wire.UNLOCK): True,
    ("POST", wire.RELOAD): True,
    ("POST", wire.SUCCEED): True,
    ("POST", wire.STOP): True,  # the next daemon would be started from below
}
"""Each route, and whether it may widen what somebody has, or has done; a word: it does with that in its query.

What only tells, or only takes away, does not. A route without a line counts as one that does.
"""


class Boundary:
    """Stands before the routes.

    Args:
        grants: they know the processes that are bound, and what to.
        audit: is told of each refusal.
        ancestors: a process and all that it stems from; None where that can't be told.
    """

    def __init__(
        self,
        grants: Grants,
        audit: Audit,
        ancestors: Callable[[ProcessMark], AbstractSet[ProcessMark] | None] = ancestry.of,
    ) -> None:
        self._grants = grants
        self._roots = grants.roots
        self._audit = audit
        self._ancestors = ancestors

    def check(self, request: web.Request) -> None:
        """Let a request pass.

        Raises:
            BelowNarrowedGrant: it may widen what a bound process, or one below such a process, has; or nobody can tell
                whether it comes from one.
        """
        if not self._roots.known or not _widens(request):
            return
        peer: ProcessMark | None = request.get(PEER)
        chain = None if peer is None else self._ancestors(peer)
        if chain is None:
            if self._roots.living():  # guard: boundary-refuses-what-it-cannot-tell
                self._tell(request, peer, None, ", by a process whose parents are not known")
                raise errors.BelowNarrowedGrant("xacctd can't tell whether this process is below a narrowed grant.")
        elif not self._roots.known.isdisjoint(chain):  # guard: boundary-refuses-below-a-narrowed-grant
            bound = [grant for grant in self._grants.all() if grant.root in chain]
            self._tell(request, peer, bound[-1] if bound else None)
            raise errors.BelowNarrowedGrant("A process below a narrowed grant may not ask for more.")

    def _tell(self, request: web.Request, peer: ProcessMark | None, grant: Grant | None, more: str = "") -> None:
        log.warning("refused below a narrowed grant", path=request.path, pid=peer.pid if peer else None)
        method, path = _route(request)
        # guard: boundary-writes-down-what-it-refuses
        self._audit.denied(request, grant, (f"{method} {path}" if path else "a route that there is not") + more)


def _route(request: web.Request) -> tuple[str, str]:
    """Which of our routes it is, nothing of it the client's words; an empty path: none of them."""
    method = "GET" if request.method == hdrs.METH_HEAD else request.method
    resource = request.match_info.route.resource
    return method, resource.canonical if resource is not None else ""


def _widens(request: web.Request) -> bool:
    # guard: boundary-refuses-routes-without-a-line
    found = WIDENS.get(_route(request), True)
    return found in request.query if isinstance(found, str) else found
