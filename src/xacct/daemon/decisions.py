"""What humans decide about guarded roles, on its way into the audit: who was let use what, for how long, said where."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct.audit.trail import Trail
    from xacct.grants.grants import Grants
    from xacct.prompts.events import PromptClosed
    from xacct.prompts.prompt import Permission, Prompt

_EVENTS = {"answered": "approved", "declined": "declined"}
"""How a prompt has ended, and what the audit calls it. What nobody has answered is nobody's decision."""


def write(audit: Trail, grants: Grants, closed: PromptClosed) -> None:
    """Have a line written where a human has said yes or no to the use of a role. Neither waits nor raises."""
    prompt, event = closed.prompt, _EVENTS.get(closed.outcome)
    if prompt.permission is None or event is None:  # guard: audit-nobodys-decision-is-none
        return
    audit.record(
        event,
        role=prompt.permission.role,
        grant=grants.by_id(prompt.permission.consumer),
        caller=prompt.answered_by.caller,
        what=_words(prompt, prompt.permission, granted=grants.by_id(prompt.permission.consumer) is not None),
    )


def _words(prompt: Prompt, permission: Permission, *, granted: bool) -> str:
    """How long the yes holds, where it was said, and who had asked; nothing that a client calls itself."""
    said = [
        "" if prompt.lasting is None else prompt.lasting.words,
        f"by {prompt.answered_by.way}" if prompt.answered_by.way else "",
        # A grant stands in the line. Other consumers are called what we call them.
        "" if granted else f"for {permission.label}",
        f"asked for by {permission.asker.process}" if permission.asker.process else "",
    ]
    return ", ".join(filter(None, said))
