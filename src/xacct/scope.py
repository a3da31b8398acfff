"""How narrow a grant's credentials are, as a value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Scope:
    """What a grant's credentials are narrowed to. Without a policy and ARNs: all that the role may do, not so long.

    Attributes:
        policy: the session policy as compact JSON, regions included; empty: none.
        policy_arns: managed policies; what is left is what any of them allows, and `policy` does not deny.
        regions: those that `policy` leaves, for words.
        ttl: seconds that credentials live, at most; None: as long as the role's.
        words: what it allows, for people.
    """

    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    ttl: int | None = None
    words: str = ""

    @property
    def id(self) -> str:
        """A digest of all that it says: two scopes of one id are the same to AWS."""
        return _digest(self.policy, self.policy_arns, self.ttl)


@lru_cache(1024)  # each fetch asks for it
def _digest(policy: str, policy_arns: tuple[str, ...], ttl: int | None) -> str:
    return sha256(json.dumps([policy, sorted(policy_arns), ttl]).encode()).hexdigest()[:16]
