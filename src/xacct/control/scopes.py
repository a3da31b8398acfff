"""Scopes of grants: what was asked for, by what it says or by a name of config.toml's, as a value; and in an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from xacct import errors, scope_policies
from xacct.scope_policies import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct import wire
    from xacct.control.requests import WantedScope
    from xacct.scope import Scope


def scope_of(body: wire.GrantRequest, named: Mapping[str, Wanted]) -> Scope | None:
    """The scope that a grant was asked for with; None: with none.

    Args:
        body: the request.
        named: config.toml's scopes.

    Raises:
        BadInput: it can't be meant.
    """
    if "scope" not in body:
        return None
    asked = cast("WantedScope", body["scope"])  # requests.py has made one of it
    said = Wanted(
        read_only=asked.read_only,
        policy=asked.policy,
        allow=asked.allow,
        policy_arns=asked.policy_arns,
        on=asked.on,
        regions=asked.regions,
        ttl=asked.ttl,
    )
    if asked.name is None:
        return scope_policies.made_of(said)
    if replace(said, ttl=None) != Wanted():  # guard: named-scope-goes-alone
        raise errors.BadInput("A named scope says all that may be done.", "With --scope there is only --ttl besides.")
    return scope_policies.made_of(_sooner(_named(asked.name, named), said.ttl))


def _named(name: str, named: Mapping[str, Wanted]) -> Wanted:
    if name not in named:
        known = f"There are: {', '.join(named)}." if named else "There is none in config.toml: [scopes.NAME]"
        raise errors.BadInput(f"There is no scope {name!r}.", known)
    return named[name]


def _sooner(wanted: Wanted, ttl: float | None) -> Wanted:
    """The same for no longer than both say."""
    return replace(wanted, ttl=min((each for each in (wanted.ttl, ttl) if each is not None), default=None))


def info(scope: Scope | None) -> wire.ScopeInfo | None:
    """A scope as it is told."""
    if scope is None:
        return None
    return {
        "id": scope.id,
        "words": scope.words,
        "policy": scope.policy,
        "policy_arns": list(scope.policy_arns),
        "ttl": scope.ttl,
    }
