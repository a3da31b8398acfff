"""What happens to grants, for the event bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct.event_bus import Internal

if TYPE_CHECKING:
    from xacct.model import Grant


@dataclass(frozen=True, slots=True)
class GrantsChanged(Internal):
    """There are others than before: what is kept over a restart has to be kept anew."""


@dataclass(frozen=True, slots=True)
class GrantEnded(Internal):
    """A grant has ended by itself; `why` in words."""

    grant: Grant
    why: str
