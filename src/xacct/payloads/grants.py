"""Grants, with their scopes and containers, and the audit of their use."""

from typing import Literal, NotRequired, TypedDict

from xacct.payloads.roles import AwsFiles


class WantedScope(TypedDict):
    """What a grant's credentials are to be narrowed to: one of the first five says what may be done.

    Attributes:
        name: one of config.toml's scopes.
        read_only: views and data of common services.
        policy: an IAM policy, in JSON.
        allow: actions, on the resources of `on`, or on any.
        policy_arns: managed policies, of which GetScopedCredentials takes none.
        regions: those outside of which nothing may be done.
        ttl: seconds that credentials live, at most.
    """

    name: NotRequired[str]
    read_only: NotRequired[bool]
    policy: NotRequired[str]
    allow: NotRequired[list[str]]
    policy_arns: NotRequired[list[str]]
    on: NotRequired[list[str]]
    regions: NotRequired[list[str]]
    ttl: NotRequired[float]


class ScopeInfo(TypedDict):
    """What a grant's credentials are narrowed to.

    Attributes:
        id: a digest of what AWS is told; it is in CloudTrail as well.
        words: what it allows, for people.
        policy: the session policy that AWS is told; empty: none.
        policy_arns: managed policies.
        ttl: seconds that credentials live, at most.
    """

    id: str
    words: str
    policy: str
    policy_arns: list[str]
    ttl: float | None


class GrantRequest(TypedDict):
    """POST /v1/grants.

    Attributes:
        ttl: seconds, absent for no end.
        pid: ends with that process.
        where: "container" makes one that only the listeners for containers take; without it only the others do.
        role_arn_patterns: the ARNs it may name besides (`*` stands for anything), reached as the role `via` is.
        forwarded_port: the port of another machine's 127.0.0.1 at which its consumer finds the endpoint, by ssh say.
        scope: what its credentials are narrowed to; absent: they are the roles' own. Whoever asks for one looks for it
            in the answer: an older xacctd would take no notice.
        agent: what the coding agent calls itself whose shell asks; it comes into the label, and allows nothing.
    """

    roles: list[str]
    label: str
    ttl: NotRequired[float]
    pid: NotRequired[int]
    role_arn_patterns: NotRequired[list[str]]
    via: NotRequired[str]
    forwarded_port: NotRequired[int]
    where: NotRequired[Literal["host", "container"]]
    scope: NotRequired[WantedScope]
    agent: NotRequired[str]


class GrantBinding(TypedDict):
    """POST /v1/grants/ID: from now on it ends with that process.

    Attributes:
        root: the caller's own process, with a grant that has a scope: from now on neither it nor what stems from it may
            ask for more. Whoever asks looks for it in the answer: an older xacctd would take no notice.
    """

    pid: int
    root: NotRequired[int]


class GrantInfo(TypedDict):
    """One grant in GET /v1/grants.

    Attributes:
        root: the process that is bound to it, with all that stems from it.
    """

    id: str
    label: str
    roles: list[str]
    created: float
    expires_at: float | None
    last_used: float | None
    pid: int | None
    role_arn_patterns: NotRequired[list[str]]
    via: NotRequired[str | None]
    forwarded_port: NotRequired[int | None]
    where: NotRequired[Literal["host", "container"]]
    files: NotRequired[AwsFiles | None]
    scope: NotRequired[ScopeInfo | None]
    root: NotRequired[int | None]


class GrantAnswer(TypedDict):
    """POST /v1/grants: the only time the token is shown.

    Attributes:
        urls: per role, as the consumer sees them.
        regions: per role.
        role_arn_url: an ARN appended to it makes the URL of that role, where the grant has patterns; else null.
        confirm: those of the roles that a human has to let this grant use first.
        scope: as asked for.
    """

    id: str
    token: str
    token_file: str
    urls: dict[str, str]
    regions: dict[str, str | None]
    role_arn_url: NotRequired[str | None]
    confirm: NotRequired[list[str]]
    scope: NotRequired[ScopeInfo | None]


class ContainersAnswer(TypedDict):
    """GET /v1/containers: how containers reach the endpoint.

    Attributes:
        url: what they are told, without a path; `address` and `port` are its parts.
        socket: the Unix socket for relays, whose directory is mounted.
        listening: the routes that are open now, which they are while a grant for containers is in force.
        troubles: those that could not be opened, and why.
        address_here: whether this machine has the address.
        bridges: those that lead to containers alone.
        port_on_host: the endpoint's for processes.
    """

    enabled: bool
    url: str
    address: str
    port: int
    port_on_host: int
    socket: str
    listening: list[str]
    troubles: dict[str, str]
    address_here: bool
    bridges: list[str]
    require_known_caller: bool


class GrantsAnswer(TypedDict):
    """GET /v1/grants."""

    grants: list[GrantInfo]


class AuditGrant(TypedDict):
    """The grant that an audit line is about.

    Attributes:
        scope: what its credentials are narrowed to, in words, with the id that CloudTrail shows.
    """

    id: str
    label: str
    scope: NotRequired[str]


class AuditProcess(TypedDict):
    """A process that an audit line's caller stems from; `exe` is null where it is not known."""

    pid: int
    exe: str | None


class AuditLine(TypedDict):
    """One line of GET /v1/audit, and of the file audit.jsonl: who had what, and never the thing itself.

    Attributes:
        time: UTC (2026-11-22T12:00:00Z).
        uid: the caller's, as are `pid` and `exe`: null where the daemon acted by itself, "unknown" where the kernel
            could not say; of several alike (`count`), the last one's.
        what: the outcome.
        parents: of whoever made or revoked a grant, the processes that it stems from, its parent first.
        cursor: where it ends, for `after=`: in an answer that follows, never in the file.
    """

    time: str
    event: str
    role: str | None
    grant: AuditGrant | None
    uid: int | Literal["unknown"] | None
    pid: int | None
    exe: str | None
    what: str
    count: int
    files: NotRequired[AwsFiles]
    parents: NotRequired[list[AuditProcess]]
    cursor: NotRequired[str]
