"""What a tool call may ask for: its arguments checked one by one, and held to what the server was started with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xacct.ctl.failure import CtlError
from xacct.scope_policies import Wanted as Asked
from xacct.scope_policies import leaves_all
from xacct.text import clean, cut, without_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_TTL: Final = 12 * 3600
"""Seconds that a grant lives at most, as long as an MFA session does by default."""

USUAL_TTL: Final = 3600
MOST_WAIT: Final = 50
"""Seconds that a call waits at most: MCP clients give up on a request after a minute."""

USUAL_WAIT: Final = 20
MOST_REASON: Final = 120
"""Characters of a reason that are shown: it has to fit into a question."""

_NAME: Final = 256
_POLICY: Final = 16 * 1024
_WORDS: Final = 100
_SCOPES: Final = ("read_only", "allow", "policy", "scope")


@dataclass(frozen=True)
class Limits:
    """What no tool call can exceed.

    Attributes:
        roles: the only ones; empty: all.
        scopes: the only ones, by their names in config.toml; empty: whatever is asked for.
        ttl: seconds that a grant lives at most.
        unscoped: whether all that a role may do can be asked for.
    """

    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    ttl: int = MOST_TTL
    unscoped: bool = False


@dataclass(frozen=True)
class Wanted:
    """A request for access.

    Attributes:
        reason: what the agent says it is for: one line, for people.
        scope: as a grant's request has it; empty: none.
        ttl: seconds.
        wait: seconds that the call waits.
    """

    role: str
    reason: str
    scope: Mapping[str, Any]
    ttl: int
    wait: int


def wanted(said: Mapping[str, Any], limits: Limits) -> Wanted:
    """Return what a call of request_access asks for.

    Raises:
        CtlError: it is not understood, or more than the server may give.
    """
    known = {"role", "reason", "on", "regions", "ttl_seconds", "wait_seconds", *_SCOPES}
    only(said, known)
    role, reason = text(said, "role", _NAME), text(said, "reason", 4096)
    if not role or not clean(reason).strip():
        raise CtlError("request_access needs a role and a reason.", "list_roles says which roles there are.")
    if limits.roles and role not in limits.roles:  # guard: mcp-other-roles-are-refused
        raise CtlError(
            f"This server gives no access to {shown(role)}.", f"It was started for: {', '.join(limits.roles)}."
        )
    ttl = whole(said, "ttl_seconds", min(USUAL_TTL, limits.ttl), 1, 366 * 86400)
    if ttl > limits.ttl:  # guard: mcp-no-longer-than-its-human-said
        raise CtlError(f"Access lasts {limits.ttl} seconds here at most.", f"ttl_seconds: {limits.ttl} or less")
    scope = _named(said, limits) if limits.scopes else _scope(said, limits)
    wait = whole(said, "wait_seconds", USUAL_WAIT, 0, MOST_WAIT)
    words = cut(" ".join(without_keys(clean(reason)).split()), MOST_REASON)  # guard: mcp-reason-is-a-short-line
    return Wanted(role, words, {**scope, "ttl": ttl} if scope else {}, ttl, wait)


def _scope(said: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """What is asked for; one thing has to say what may be done."""
    found: dict[str, Any] = {}
    if flag(said, "read_only"):
        found["read_only"] = True
    if policy := _policy(said):
        found["policy"] = policy
    if name := text(said, "scope", _NAME):
        found["name"] = name
    for key in ("allow", "on", "regions"):
        if listed := words(said, key):
            found[key] = listed
    said_so = Asked(policy=found.get("policy"), allow=(*found.get("allow", ()),), on=(*found.get("on", ()),))
    all_of_it = leaves_all(said_so)  # guard: mcp-everything-is-no-scope
    # guard: mcp-scope-is-demanded
    if not limits.unscoped and (all_of_it or not any(key in found for key in ("read_only", "policy", "name", "allow"))):
        raise CtlError(
            "Access needs a scope here: say what may be done.",
            'read_only: true, or allow: ["s3:GetObject"] with on: [ARN], or policy, or scope (a name of config.toml).',
        )
    return found


def _named(said: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """The scope of those that the server was started with; nothing else can be said besides."""
    name = text(said, "scope", _NAME) or (limits.scopes[0] if len(limits.scopes) == 1 else "")
    others = [key for key in ("read_only", "allow", "policy", "on", "regions") if said.get(key)]
    if name not in limits.scopes or others:  # guard: mcp-other-scopes-are-refused
        raise CtlError(
            "This server gives access in scopes that its human has named, and in no other.",
            f"scope: one of {', '.join(limits.scopes)}, and no read_only, allow, on, policy or regions.",
        )
    return {"name": name}


def _policy(said: Mapping[str, Any]) -> str:
    """An IAM policy as JSON, however it was given."""
    policy = said.get("policy")
    if isinstance(policy, dict):
        policy = json.dumps(policy)
    if policy is not None and (not isinstance(policy, str) or len(policy) > _POLICY):
        raise CtlError("policy is no IAM policy.", "A JSON object, of 2048 characters without white space at most.")
    return policy or ""


def only(said: Mapping[str, Any], known: set[str]) -> None:
    """Refuse arguments that nobody knows: one may have been meant as a limit.

    Raises:
        CtlError: there is one.
    """
    if unknown := sorted(set(said) - known):  # guard: mcp-unknown-argument-is-refused
        raise CtlError(f"There is no argument {shown(unknown[0])}.", f"Known: {', '.join(sorted(known)) or 'none'}.")


def text(said: Mapping[str, Any], key: str, most: int) -> str:
    """Return a text, empty where there is none.

    Raises:
        CtlError: it is none, or too long.
    """
    found = said.get(key)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > most:
        raise CtlError(f"{key} is no text of {most} characters at most.", "")
    return found


def words(said: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of texts, empty where there is none.

    Raises:
        CtlError: it is none, or too long.
    """
    found = said.get(key)
    if found is None:
        return []
    fine = isinstance(found, list) and len(found) <= _WORDS
    if not fine or not all(isinstance(word, str) and 0 < len(word) <= 2 * _NAME * 4 for word in found):
        raise CtlError(f"{key} is no list of words, {_WORDS} at most.", f'{key}: ["one", "another"]')
    return list(found)


def flag(said: Mapping[str, Any], key: str) -> bool:
    """Return a yes or no; no where there is none.

    Raises:
        CtlError: it is neither.
    """
    found = said.get(key, False)
    if not isinstance(found, bool):
        raise CtlError(f"{key} is true or false.", "")
    return found


def whole(said: Mapping[str, Any], key: str, usual: int, least: int, most: int) -> int:
    """Return a whole number.

    Raises:
        CtlError: it is none, or out of bounds.
    """
    found = said.get(key, usual)
    if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
        raise CtlError(f"{key} is a whole number from {least} to {most}.", "")
    return found


def shown(word: str) -> str:
    """Return a word of an agent's as it may stand in a sentence."""
    return repr(cut(clean(word), 60))
