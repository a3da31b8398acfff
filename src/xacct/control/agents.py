"""What coding agents ask for: their names in labels, and a refusal where it has no scope and config.toml wants one.

The name is what the agent's shell says of itself. It is a word for people: nothing is allowed because of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from xacct import errors
from xacct.scope_policies import Wanted, leaves_all
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct import wire
    from xacct.control.requests import WantedScope

LABEL = 200
"""Characters of a label, at most."""


class Agents:
    """What agents have to say with what they ask for.

    Args:
        need_scope: whether config.toml has them name a scope.
    """

    def __init__(self, need_scope: Callable[[], bool]) -> None:
        self._need_scope = need_scope

    def check(self, body: wire.GrantRequest | wire.CredentialsRequest | wire.ConsoleRequest) -> None:
        """Refuse a request of an agent's for all that a role may do, where config.toml says so.

        Raises:
            UnscopedAgent: it is one.
        """
        scope = cast("WantedScope | None", body.get("scope"))  # requests.py has made one of it
        if "agent" not in body or not self._need_scope() or _says_what(scope):  # guard: agent-without-scope-is-refused
            return
        raise errors.UnscopedAgent(
            f"{clean(body['agent'])} asks for all that a role may do, which [agents] in config.toml refuses to agents.",
            "Say what it is for: xacctctl exec ROLE --read-only ... (or --allow, --policy, --scope; docs/agents.md)",
        )


def _says_what(scope: WantedScope | None) -> bool:
    """Whether a scope says what may be done: where and for how long is not enough, nor is everything."""
    if scope is None:
        return False
    said = Wanted(policy=scope.policy, allow=scope.allow, policy_arns=scope.policy_arns, on=scope.on)
    if leaves_all(said):  # guard: everything-is-no-scope-of-agents
        return False
    # guard: region-or-time-alone-is-no-scope-of-agents
    return bool(scope.name or scope.read_only or scope.policy or scope.allow or scope.policy_arns)


def labelled(body: wire.GrantRequest) -> str:
    """What people call a grant: its label, with the agent's name."""
    agent = f" ({clean(body['agent'])})" if "agent" in body else ""
    return body["label"][: LABEL - len(agent)] + agent
