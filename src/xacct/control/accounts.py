"""The route by which accounts and permission sets are listed: a stream, for a human may be asked to sign in."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from aiohttp import web

from xacct import rolekeys, wire
from xacct.control import serializers, streams, views
from xacct.control.audit import caller_of
from xacct.control.http import body_of, streamed
from xacct.credentials import instances
from xacct.credentials.sign_ins import sign_in_of
from xacct.model import Source
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.credentials.keeper import Keeper
    from xacct.credentials.listing import Listed, Listing
    from xacct.model import Role

COMMAND = "xacctctl accounts"
"""What people are told asks for a sign-in."""

OFTEN = 10
"""How many accounts lie between two words of how far it is."""


class AccountRoutes:
    """POST /v1/accounts."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [web.post(wire.ACCOUNTS, self.accounts)]

    async def accounts(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/accounts."""
        body = await body_of(request, wire.AccountsRequest)
        view = views.of(request)
        role = self._chosen(body.get("session"), view)
        view.check_proxy(role)
        topic = sign_in_of(role).topic
        attend = body.get("attend", True)
        broker = self._keeper.broker
        ask = attend or broker.has_subscriber(topic)
        self._keeper.caused(role.name, COMMAND, caller_of(request).process)

        async def run(out: streams.Lines) -> None:
            async def told(listed: int, total: int) -> None:
                if listed % OFTEN == 0 or listed == total:
                    await out.send({"event": "listing", "listed": listed, "total": total})

            async def get(_name: str) -> Listing:
                again = body.get("refresh", False)
                return await self._keeper.listings.of(role, ask=ask, again=again, told=told)

            def had(_name: str, listing: Listing) -> wire.AccountsEvent:
                return self._event(role, listing, view)

            login = streams.Login(
                self._keeper, [role.name], get, had, code=None, attend=attend, topics=frozenset({topic})
            )
            await login.run(out)

        return await streamed(request, run)

    def _chosen(self, named: str | None, view: views.View) -> Role:
        view.open()
        keeper = self._keeper
        roles = [node.role for name, node in keeper.nodes.items() if view.has(name)]
        sessions = [role for role in keeper.instances if view.has(role.name)]
        return instances.chosen(named, instances.candidates(roles, sessions))

    def _event(self, role: Role, listing: Listing, view: views.View) -> wire.AccountsEvent:
        sign_in = sign_in_of(role)
        named = self._profiles(role, view)
        return {
            "event": "accounts",
            "sign_in": {
                "session": sign_in.name,
                "start_url": sign_in.start_url,
                "region": sign_in.region,
                "example": self._example(role, view),
            },
            "accounts": [_account(listed, named) for listed in listing.accounts],
            "listed_at": listing.at,
            "now": self._keeper.clock.now(),
        }

    def _profiles(self, role: Role, view: views.View) -> Mapping[tuple[str, str], list[str]]:
        """The profiles of the request's files that are a permission set of this instance, by account and name."""
        instance = sign_in_of(role).instance
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for name, node in self._keeper.nodes.items():
            source = node.role.parent
            if view.has(name) and isinstance(source, Source) and source.sign_in and source.sign_in.instance == instance:
                found[source.account or "", source.permission_set].append(rolekeys.split(name)[0])
        return found

    def _example(self, role: Role, view: views.View) -> str | None:
        """A profile that is signed in to in the very same way."""
        sign_in = sign_in_of(role)
        for name, node in self._keeper.nodes.items():
            if view.has(name) and isinstance(node.role.parent, Source) and node.role.parent.sign_in == sign_in:
                return rolekeys.split(name)[0]
        return None


def _account(listed: Listed, named: Mapping[tuple[str, str], list[str]]) -> wire.AccountInfo:
    account = listed.account
    return {
        "account_id": account.account_id,
        "account_name": clean(account.name),
        "email": clean(account.email),
        "permission_sets": [
            {"permission_set": each, "profiles": list(named.get((account.account_id, each), ()))}
            for each in listed.permission_sets
        ],
        "error": None if listed.problem is None else serializers.error_body(listed.problem),
    }
