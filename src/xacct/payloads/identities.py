"""Who one is at AWS, and what a role's account demands: whoami, console, policy, verify."""

from typing import Literal, NotRequired, TypedDict

from xacct.payloads.failures import ErrorBody
from xacct.payloads.roles import RoleState


class WhoamiRequest(TypedDict):
    """POST /v1/whoami.

    Attributes:
        offline: whether AWS is not to be asked; then the role need not be held.
        grant: the id of the shell's own grant.
    """

    role: str
    offline: NotRequired[bool]
    grant: NotRequired[str]


class WhoamiAnswer(TypedDict):
    """POST /v1/whoami: how a role stands, and whose its credentials are by AWS's word.

    Attributes:
        arn: what GetCallerIdentity says; null: AWS was not asked.
        scope: what the grant's credentials are narrowed to, in words; null: to nothing, or there is no such grant.
    """

    role: str
    role_arn: str | None
    account: str | None
    region: str | None
    state: RoleState
    expires_at: float | None
    mfa_expires_at: float | None
    arn: str | None
    now: float
    scope: NotRequired[str | None]


class ConsoleRequest(TypedDict):
    """POST /v1/console. The answer streams prompts, then `console` or `failed`, and `done`.

    Attributes:
        destination: a page of the console; else the first one of `service`, or the console's own.
        region: for that; absent: the role's.
        show: whether to give the address itself, which is a secret, instead of a page that leads a browser there once.
        sign_out: give the address instead that signs a browser out of that console; no credentials are had for it.
        attend: as in LoginRequest.
        agent: as in CredentialsRequest; what signs in to the console has no scope.
    """

    role: str
    destination: NotRequired[str]
    service: NotRequired[str]
    region: NotRequired[str]
    show: NotRequired[bool]
    sign_out: NotRequired[bool]
    attend: NotRequired[bool]
    agent: NotRequired[str]


class ConsoleEvent(TypedDict):
    """How a browser comes to the console in a role.

    Attributes:
        url: a page of 127.0.0.1 that leads one browser there, within a minute; with `show` the address itself,
            which is a secret; with `sign_out` what signs out.
        lasts: seconds that the console's session lasts, where it may outlast the credentials; else null.
    """

    event: Literal["console"]
    role: str
    account: str | None
    url: str
    lasts: int | None


class PolicyAnswer(TypedDict):
    """GET /v1/roles/ROLE/policy: what the target account and its callers should have, by what is configured.

    Attributes:
        principal: the ARN of whom the trust policy trusts.
        trust_policy: a JSON text.
        caller_policy: likewise: the identity policy that whoever assumes the role needs.
        max_session: seconds that its MaxSessionDuration has to be.
    """

    role: str
    role_arn: str
    principal: str
    trust_policy: str
    caller_policy: str
    max_session: int


class VerifyRequest(TypedDict):
    """POST /v1/verify. The answer streams prompts, a `verified` or `failed` event for each role, and `done`.

    Attributes:
        all: every role of the request's files, instead of `roles`.
        attend: as in LoginRequest.
    """

    roles: NotRequired[list[str]]
    all: NotRequired[bool]
    attend: NotRequired[bool]


class Attempt(TypedDict):
    """One try to assume a role.

    Attributes:
        way: what was left out of what its profile says.
        start: what it was signed with: the source's keys, its MFA session, or a role's credentials.
        role: that role; else null.
        outcome: unknown: neither given nor refused by the target account, as far as can be told.
        error: why it was refused, or is unknown; else null.
    """

    way: Literal["as-configured", "without-mfa", "without-external-id", "without-mfa-or-external-id", "shorter-path"]
    start: Literal["keys", "session", "role"]
    role: str | None
    outcome: Literal["refused", "given", "unknown"]
    error: ErrorBody | None


class VerifiedEvent(TypedDict):
    """Whether a role's account enforces what its profile says.

    Attributes:
        verdict: enforced; hole: the role was given without something that its profile says; unknown: that could not be
            told; nothing: its profile says nothing that could be left out.
    """

    event: Literal["verified"]
    role: str
    role_arn: str | None
    verdict: Literal["enforced", "hole", "unknown", "nothing"]
    attempts: list[Attempt]
