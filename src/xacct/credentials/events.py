"""What happens to credentials, for the event bus: renewals, failures, ends of MFA sessions, locks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct.event_bus import EventBus, Internal
from xacct.prompts.events import PromptEvent

if TYPE_CHECKING:
    from xacct.errors import XacctError


@dataclass(frozen=True, slots=True)
class Renewed:
    """Fresh credentials are held.

    Attributes:
        mfa_expires_at: the MFA session's end, where there is one.
    """

    role: str
    expires_at: float | None
    mfa_expires_at: float | None


@dataclass(frozen=True, slots=True)
class Failed:
    """Credentials could not be had or renewed."""

    role: str
    error: XacctError


@dataclass(frozen=True, slots=True)
class Expired:
    """Credentials ran out and nothing has replaced them."""

    role: str


@dataclass(frozen=True, slots=True)
class MfaEndsSoon:
    """An MFA session, or a sign-in, ends soon.

    Attributes:
        serial: the device's; empty: it is a sign-in.
        seconds: until then.
        roles: those that need a code past that.
    """

    serial: str
    seconds: float
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockChanged:
    """No credentials leave from now on, or they leave again.

    Attributes:
        locked: which of the two.
    """

    locked: bool


@dataclass(frozen=True, slots=True)
class Changed(Internal):
    """What is held, or may leave, has changed: what is kept over a restart has to be kept anew."""


@dataclass(frozen=True, slots=True)
class Narrowed(Internal):
    """AWS has given narrower credentials of a role.

    Attributes:
        grant: the id of the grant that wanted them first.
        scope: the id of what they are narrowed to.
        description: what CloudTrail shows of the call; empty: it was one that takes none.
    """

    role: str
    grant: str
    scope: str
    description: str


Event = PromptEvent | Renewed | Failed | Expired | MfaEndsSoon | LockChanged
"""What subscribers of the daemon's bus are told of."""

Events = EventBus[Event]
