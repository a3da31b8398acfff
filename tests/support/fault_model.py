"""What may be served, as somebody knows it who has seen only the daemon's answers. Pure: no process, no clock.

Three words describe a right: YES and NO are what the daemon has confirmed, UNSURE is what a request left behind whose
answer never came. Only NO accuses: whoever is served then has a right that was taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

DATE = 1.0
"""Seconds that a daemon may be behind AWS's clock: a Date header counts whole ones (RFC 9110, 5.6.7), and where this
machine's own clock was stepped there is nothing finer."""

YES, NO, UNSURE = "yes", "no", "unsure"


@dataclass
class Grant:
    """A grant as it was given: `valid` is NO once its revocation was confirmed."""

    id: str
    token: str
    role: str
    valid: str = YES


@dataclass
class Model:
    """The rights of all grants. `roles` names each role's ARN; `configured` is what the files say of it now."""

    roles: dict[str, str]
    unlocked: str = YES
    logged_in: dict[str, str] = field(default_factory=dict)
    configured: dict[str, str] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)

    def __post_init__(self):
        self.logged_in = dict.fromkeys(self.roles, UNSURE)
        self.configured = dict.fromkeys(self.roles, YES)

    def why_not(self, grant: Grant) -> str:
        """Why this grant may get nothing now; empty where nothing forbids it."""
        reasons = [
            (grant.valid, "its grant was revoked"),
            (self.unlocked, "the agent is locked"),
            (self.logged_in[grant.role], "its role is logged out"),
            (self.configured[grant.role], "its role is gone from the configuration"),
        ]
        return "; ".join(reason for state, reason in reasons if state == NO)

    def certain(self, grant: Grant) -> bool:
        """Whether nothing but a fault explains a refusal."""
        return (grant.valid, self.unlocked, self.logged_in[grant.role], self.configured[grant.role]) == (YES,) * 4

    def died_without_a_trace(self) -> None:
        """A daemon that nobody keeps anything for has died: a right that was given may be gone.

        An unlock that no disk took is, too: locked is what nobody knows to be unlocked. What was taken back stays so.
        """
        if self.unlocked == YES:
            self.unlocked = UNSURE
        self.logged_in = {role: UNSURE if state == YES else state for role, state in self.logged_in.items()}
        for grant in self.grants.values():
            if grant.valid == YES:
                grant.valid = UNSURE  # no disk may have taken it

    def judge(self, grant: Grant, status: int, body: dict, now: float) -> str:
        """What is wrong with an answer to this grant at `now` (Unix seconds, AWS's clock); empty where nothing is."""
        if body.get("code") == "internal":
            return f"{grant.role} was answered with a fault of ours: {body}"
        if status != 200 or "SecretAccessKey" not in body:
            return ""
        if why := self.why_not(grant):
            return f"{grant.role} was served though {why}"
        if body.get("RoleArn") != self.roles[grant.role]:
            return f"{grant.role} was answered with {body.get('RoleArn')}"
        if expiration(body) + DATE <= now:
            return f"{grant.role} was served with credentials that expired {now - expiration(body):.1f} s ago"
        return ""


def expiration(body: dict) -> float:
    """The end of what an answer carries, Unix seconds."""
    return datetime.fromisoformat(body["Expiration"]).timestamp()
