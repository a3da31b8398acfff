"""What GET /v1/events and requests that take a while tell, each with its `type`."""

from typing import Literal, TypedDict

from xacct.payloads.failures import ErrorBody
from xacct.payloads.prompts import Prompt


class PromptEvent(TypedDict):
    """A question was raised."""

    event: Literal["prompt"]
    prompt: Prompt


class PromptClosedEvent(TypedDict):
    """A question is gone; `sentence` says how, for a terminal that showed it."""

    event: Literal["prompt-closed"]
    id: str
    outcome: Literal["answered", "declined", "withdrawn", "timeout"]
    sentence: str


class HeldEvent(TypedDict):
    """A role's credentials are in hand; in the event stream `renewed` has the same keys."""

    event: Literal["held", "renewed"]
    role: str
    expires_at: float | None
    mfa_expires_at: float | None
    now: float


class LoggedInEvent(TypedDict):
    """A role is logged in to, and had at its first use: the answer to `lazy` where it is not held already."""

    event: Literal["logged-in"]
    role: str
    mfa_expires_at: float | None
    now: float


class FailedEvent(TypedDict):
    """A role could not be had or renewed."""

    event: Literal["failed"]
    role: str
    error: ErrorBody


class ExpiredEvent(TypedDict):
    """A role's credentials ran out and nothing replaced them."""

    event: Literal["expired"]
    role: str


class MfaEndsEvent(TypedDict):
    """An MFA session ends; past that its roles need a code. Or a sign-in, which they need anew.

    Attributes:
        serial: the MFA device's; empty: it is a sign-in.
        seconds: until then.
    """

    event: Literal["mfa-ends"]
    serial: str
    seconds: float
    roles: list[str]


class LockEvent(TypedDict):
    """No credentials leave from now on, or they leave again."""

    event: Literal["locked", "unlocked"]


class CutOffEvent(TypedDict):
    """The last event for a reader that does not read: `sentence` says so, and the connection ends."""

    event: Literal["cut-off"]
    sentence: str


class DoneEvent(TypedDict):
    """The stream of a login is complete: `failed` counts the roles that were not had."""

    event: Literal["done"]
    failed: int
