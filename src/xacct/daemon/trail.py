"""The audit of one daemon: built as the settings say, and told of what happens."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xacct.audit.file import AuditFile
from xacct.audit.trail import Trail
from xacct.credentials.events import Narrowed
from xacct.daemon import decisions
from xacct.grants.events import GrantEnded
from xacct.prompts.events import PromptClosed

if TYPE_CHECKING:
    from pathlib import Path

    from xacct.clock import AwsClock
    from xacct.credentials.events import Events
    from xacct.daemon.catalogues import Catalogues
    from xacct.grants.grants import Grants
    from xacct.host.processes import ProcessResolver
    from xacct.settings import AuditSettings

MIB = 1024 * 1024


def of(
    chosen: AuditSettings, state: Path, clock: AwsClock, resolver: ProcessResolver, catalogues: Catalogues
) -> Trail | None:
    """The audit, unless it is switched off.

    Args:
        chosen: what the settings say of it.
        state: the directory that its files are in.
        clock: gives its lines their times.
        resolver: finds the processes of callers.
        catalogues: say which files a role is of.
    """
    if not chosen.enabled:
        return None
    file = AuditFile(state / "audit.jsonl", chosen.max_mib * MIB, chosen.keep)
    noise = AuditFile(state / "refused.jsonl", MIB, 1)
    required = chosen.required  # guard: audits-choice-reaches-it
    return Trail(
        file,
        clock,
        resolver.find,
        known=resolver.known,
        noise=noise,  # guard: refusals-own-file-reaches-audit
        required=required,
        files_of=catalogues.files_of,
    )


def subscribe(audit: Trail, events: Events, grants: Grants) -> None:
    """Have the audit told of what others publish: ends of grants, decisions of humans, narrower credentials."""
    events.call(GrantEnded, lambda event: audit.grant_ended(event.grant, event.why))
    events.call(PromptClosed, partial(decisions.write, audit, grants))  # guard: decisions-reach-audit
    # guard: audit-has-what-scopes-were-made
    events.call(Narrowed, lambda event: audit.narrowed(grants.by_id(event.grant), event))
