"""Roles: what is configured, what is held, what the files say of them."""

from typing import Literal, NotRequired, TypedDict

from xacct.payloads.daemon import DaemonStatus, ImdsPort
from xacct.payloads.failures import ErrorBody
from xacct.payloads.prompts import Prompt

RoleState = Literal["held", "idle", "needs-code", "waiting", "failed", "logged-out"]
"""held: credentials in hand; idle: none, but they can be had without a code; needs-code: its next fetch asks a human;
waiting: a human is being asked right now; failed: the last try of it, or of what it hangs from, failed, see `error`;
logged-out: nobody gets it until the next login to just this role."""


class RoleMarks(TypedDict):
    """What people know a role by, in GET /v1/status and GET /v1/roles.

    Attributes:
        account_name: what [accounts] of config.toml calls its account.
        permission_set: which one of IAM Identity Center it is; such have no ARN.
        production: config.toml marks it so.
        groups: those of [groups] that it is in, where they were asked for.
    """

    account_name: NotRequired[str]
    permission_set: NotRequired[str]
    production: NotRequired[bool]
    groups: NotRequired[list[str]]


class RoleStatus(RoleMarks):
    """One role in GET /v1/status.

    Attributes:
        issued_at: since when what is held is good, where it has an end.
    """

    name: str
    account: str | None
    role_arn: str | None
    state: RoleState
    expires_at: float | None
    mfa_expires_at: float | None
    last_used: float | None
    next_renewal: float | None
    error: ErrorBody | None
    issued_at: NotRequired[float]


class SessionStatus(TypedDict):
    """One MFA session in GET /v1/status; `devices` where a code of any of several opens it, the first is `serial`.

    Attributes:
        issued_at: since when it is good, where it is.
    """

    source: str
    serial: str
    expires_at: float | None
    devices: NotRequired[list[str]]
    issued_at: NotRequired[float]


class AwsFiles(TypedDict):
    """AWS's files as one shell means them: where it finds them, and its HOME.

    Attributes:
        sts: those of AWS_ENDPOINT_URL_STS and AWS_CA_BUNDLE that it has: by them STS is another for roles of its own.
    """

    config: str
    credentials: str
    home: str
    sts: NotRequired[dict[str, str]]


class Catalogue(AwsFiles):
    """One set of AWS's files that roles are served of, in GET /v1/status.

    Attributes:
        id: what stands behind the `#` in names of its roles.
        own: the daemon's own files.
        meant: those that the request means, whose roles go by plain names in its answer.
    """

    id: str
    own: bool
    meant: bool


class NarrowedGrant(TypedDict):
    """A grant with a scope, in GET /v1/status.

    Attributes:
        scope: what its credentials are narrowed to, in words.
    """

    id: str
    label: str
    roles: list[str]
    scope: str


class Approval(TypedDict):
    """A human's yes to the use of a guarded role that holds now, in GET /v1/status.

    Attributes:
        consumer: whose it is: a grant's id, or an IMDS port's (imds:9478); null: all consumers'.
        label: what people call the consumer; empty where it is for all.
        lasts: how long it was given for.
        until: when it ends; null: not by itself.
    """

    role: str
    consumer: str | None
    label: str
    lasts: str
    until: float | None


class StatusAnswer(TypedDict):
    """GET /v1/status.

    Attributes:
        now: the daemon's reading of AWS's clock: count down from it, not from your own.
        locked: no credentials leave until POST /v1/unlock.
        imds: the ports of [imds] that are served.
        narrowed: the grants that have a scope.
        approvals: the yeses that hold.
    """

    now: float
    roles: list[RoleStatus]
    sessions: list[SessionStatus]
    catalogues: NotRequired[list["Catalogue"]]
    prompts: list["Prompt"]
    attended: int  # guard: control-api-is-what-its-page-says
    notes: list[str]
    locked: NotRequired[bool]
    imds: NotRequired[list[ImdsPort]]
    narrowed: NotRequired[list[NarrowedGrant]]
    approvals: NotRequired[list[Approval]]
    daemon: NotRequired[DaemonStatus]


class RoleInfo(RoleMarks):
    """One role in GET /v1/roles: what the configuration says of it.

    Attributes:
        sign_in: what is signed in to for it (an sso_session, a start URL, or the ARN of a login_session).
        keychain: its source's access key is in the keychain.
        devices: the MFA devices, where several will do; the first is `mfa_serial`.
    """

    name: str
    role_arn: str | None
    account: str | None
    source: str
    mfa_serial: str | None
    region: str | None
    url: str
    sign_in: NotRequired[str]
    keychain: NotRequired[bool]
    devices: NotRequired[list[str]]


class SelectionAnswer(TypedDict):
    """GET /v1/selection: the roles that words mean, each once, in the words' order."""

    roles: list[str]


class RolesAnswer(TypedDict):
    """GET /v1/roles.

    Attributes:
        problems: profiles that can't be used, each with why.
    """

    roles: list[RoleInfo]
    problems: list[ErrorBody]
    files: NotRequired[AwsFiles]


class ExplainAnswer(TypedDict):
    """GET /v1/roles/ROLE/explain: the path to the role, a sentence a step, then remarks."""

    role: str
    steps: list[str]
    remarks: list[str]
