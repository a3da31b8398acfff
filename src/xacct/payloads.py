"""The payloads of the control API as types: what requests, answers and events hold. See wire.py."""

from typing import Literal, NotRequired, TypedDict

Category = Literal["human", "refused", "temporary", "usage", "bug"]
"""What mends a failure: a human with a code, whoever refuses, time, the caller, or whoever maintains xacct."""


class ErrorBody(TypedDict):
    """One failure.

    Attributes:
        code: for programs, as is `category`.
        sentence: for people, as is `hint`.
    """

    code: str
    category: NotRequired[Category]
    """Always there from API 2 on; a daemon of API 1 names none."""
    sentence: str
    hint: str


class ErrorAnswer(TypedDict):
    """The body of every answer that is not 2xx."""

    error: ErrorBody


class VersionAnswer(TypedDict):
    """GET /v1/version."""

    api: int
    version: str
    pid: int
    endpoint: str | None
    config_problem: ErrorBody | None


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


class ImdsPort(TypedDict):
    """One port of [imds] in GET /v1/status: it speaks EC2's metadata protocol, to every process of the user."""

    port: int
    role: str
    url: str
    region: str | None


class DaemonStatus(TypedDict):
    """The daemon itself, in GET /v1/status.

    Attributes:
        executable: the Python it runs on.
        code: the directory of its code.
        code_changed: files there have changed since it started.
        clock_skew: seconds AWS's clock is ahead of this machine's, null until AWS has been heard.
        asks: how it asks people beside terminals: `command`, `pinentry`, `dialog`, `notification`; `notice` only tells
            them, `device-command` and `mfa-process` are for some devices.
        cannot_ask: the ways of `prompts.order` that can't be used, and why.
    """

    version: str
    executable: str
    code: str
    code_changed: bool
    started: float
    clock_skew: float | None
    asks: list[str]
    cannot_ask: NotRequired[dict[str, str]]


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


class StatusAnswer(TypedDict):
    """GET /v1/status.

    Attributes:
        now: the daemon's reading of AWS's clock: count down from it, not from your own.
        locked: no credentials leave until POST /v1/unlock.
        imds: the ports of [imds] that are served.
        narrowed: the grants that have a scope.
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


class LoginRequest(TypedDict):
    """POST /v1/login. The answer streams `LoginEvent`s and ends with `done`.

    Attributes:
        code: answers the first prompt; without it the prompts come in the stream, and the caller
            answers them at POST /v1/prompts/ID.
        attend: false: don't wait for a human, fail instead.
        until: the MFA session must last until then (Unix seconds), renewed early if it does not.
        grant: the id of a grant that must be allowed to use them, too: for guarded roles that is one more question.
        again: spend a code on roles that AWS has refused in spite of a fresh one.
        browser: a sign-in may be one in a browser on this machine, which comes back by itself. False: any browser is to
            do (with a code that is typed there, or a text that is copied from there), even where one on this machine
            is waited for already. Without it: any browser does, unless one on this machine is waited for.
        serial: the MFA device whose code it is to be, if it takes one, instead of the configured ones.
        lazy: open the MFA sessions that the roles hang from, and have each role fetched at its first use; one that
            takes a code of its own is had now.
    """

    roles: list[str]
    grant: NotRequired[str]
    code: NotRequired[str]
    until: NotRequired[float]
    attend: NotRequired[bool]
    again: NotRequired[bool]
    browser: NotRequired[bool]
    lazy: NotRequired[bool]
    serial: NotRequired[str]


class AccountsRequest(TypedDict):
    """POST /v1/accounts. The answer streams prompts and `listing` events, then `accounts` or `failed`, and `done`.

    Attributes:
        session: the name of an sso-session, or a start URL; absent: the only one that the files have.
        refresh: list anew, whatever is kept.
        attend: as in LoginRequest.
    """

    session: NotRequired[str]
    refresh: NotRequired[bool]
    attend: NotRequired[bool]


class CredentialsRequest(TypedDict):
    """POST /v1/credentials: like login for one role, but a `credentials` event carries the secrets.

    Attributes:
        lifetime: seconds that must be left; more than an hour makes the daemon take the direct path.
    """

    role: str
    attend: NotRequired[bool]
    lifetime: NotRequired[int]


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
    """

    role: str
    destination: NotRequired[str]
    service: NotRequired[str]
    region: NotRequired[str]
    show: NotRequired[bool]
    sign_out: NotRequired[bool]
    attend: NotRequired[bool]


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


class Prompt(TypedDict):
    """One open question to the human: a code of `serial` (mfa), or whether `label` may use the role (confirm).

    Or to sign in in a browser (sign-in): that takes no answer here unless its `mode` is "paste", and can be declined.

    Attributes:
        label: who has brought it about, as far as that is known; else empty.
        process: likewise ("pid 4711, /usr/bin/aws").
        reason: why it takes a code, where that is not plain; else empty.
        sign_in: what is signed in to (an sso_session, a start URL, or the ARN of a login_session); else empty.
        mode: how (else empty): in any browser "device-code", by a code that is typed there, or "paste", by a text that
            it shows at the end (`shown` is the answer); "redirect" in one on this machine, which comes back by itself.
        url: where in a browser that is done; else empty.
        user_code: what is typed there; empty: nothing.
        service: whose sign-in that is ("IAM Identity Center", or "AWS"); else empty.
        not_before: no code can be accepted until then (the current one has been used): show a countdown.
        problem: why the last answer was not accepted, else null.
        deadline: when the question is withdrawn.
        devices: the MFA devices any of which will do; the first is `serial`.
    """

    id: str
    kind: Literal["mfa", "confirm", "sign-in"]
    devices: NotRequired[list[str]]
    label: NotRequired[str]
    process: NotRequired[str]
    reason: NotRequired[str]
    sign_in: NotRequired[str]
    mode: NotRequired[Literal["", "device-code", "redirect", "paste"]]
    url: NotRequired[str]
    user_code: NotRequired[str]
    service: NotRequired[str]
    serial: str
    roles: list[str]
    attempt: int
    attempts: int
    problem: str | None
    not_before: float | None
    deadline: float
    now: float


class PromptAnswer(TypedDict):
    """POST /v1/prompts/ID: a code, or `confirm` true for "yes", or `decline` true for "no".

    Attributes:
        serial: whose code it is, where several devices will do; without it, the first's.
        shown: what the browser shows at the end of a sign-in whose `mode` is "paste".
    """

    code: NotRequired[str]
    serial: NotRequired[str]
    shown: NotRequired[str]
    confirm: NotRequired[bool]
    decline: NotRequired[bool]


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


class LockAnswer(TypedDict):
    """POST /v1/lock and POST /v1/unlock: how it is now."""

    locked: bool


class CredentialsEvent(TypedDict):
    """The secrets themselves: only in the stream of POST /v1/credentials."""

    event: Literal["credentials"]
    role: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: str | None
    account_id: str | None
    region: str | None


class ListingEvent(TypedDict):
    """How far a list of accounts is: the permission sets of so many of them are known."""

    event: Literal["listing"]
    listed: int
    total: int


class SignInInfo(TypedDict):
    """An instance of IAM Identity Center, as AWS's files name it.

    Attributes:
        session: the sso-session; empty: of profiles that name the start URL themselves.
        example: a profile that is reached by it, null: there is none.
    """

    session: str
    start_url: str
    region: str
    example: str | None


class PermissionSetInfo(TypedDict):
    """A permission set in an account.

    Attributes:
        profiles: those of the request's files that are just that.
    """

    permission_set: str
    profiles: list[str]


class AccountInfo(TypedDict):
    """An account.

    Attributes:
        error: why its permission sets could not be listed, else null.
    """

    account_id: str
    account_name: str
    email: str
    permission_sets: list[PermissionSetInfo]
    error: ErrorBody | None


class AccountsEvent(TypedDict):
    """The accounts and permission sets of whoever is signed in; made at `listed_at`, which may be some minutes ago."""

    event: Literal["accounts"]
    sign_in: SignInInfo
    accounts: list[AccountInfo]
    listed_at: float
    now: float


class DoneEvent(TypedDict):
    """The stream of a login is complete: `failed` counts the roles that were not had."""

    event: Literal["done"]
    failed: int


class LogoutRequest(TypedDict):
    """POST /v1/logout: some roles, or `all` (which forgets the MFA sessions too)."""

    roles: NotRequired[list[str]]
    all: NotRequired[bool]


class LogoutAnswer(TypedDict):
    """What was let go."""

    roles: list[str]


class KeyRequest(TypedDict):
    """POST /v1/keys: keep an access key of a profile in the keychain.

    Attributes:
        access_key_id: absent with `secret_access_key`: the profile's own key, which is in the AWS files.
        check: false: AWS is not asked whose key it is.
    """

    profile: str
    access_key_id: NotRequired[str]
    secret_access_key: NotRequired[str]
    check: NotRequired[bool]


class RotationInfo(TypedDict):
    """How far the rotation of an access key is; nothing in it is secret.

    Attributes:
        step: a key is `making`, is `made`, is what the keychain `switched` to, the old one is `retired` (inactive).
        began: Unix seconds.
        old: the last four characters of the old key's id.
        new: of the new one's; empty: none is known to be made.
    """

    step: Literal["making", "made", "switched", "retired"]
    began: float
    old: str
    new: str


class RotateRequest(TypedDict):
    """POST /v1/keys/PROFILE/rotate.

    Attributes:
        finish: end what is left of a rotation instead of beginning one.
        delete: delete the old key as well; else it is made inactive.
        attend: whether the client answers prompts itself (default true).
    """

    finish: NotRequired[bool]
    delete: NotRequired[bool]
    attend: NotRequired[bool]


class RotatingEvent(TypedDict):
    """A step of a rotation is done.

    Attributes:
        ends: the last four characters of the id of the key that it is about.
    """

    event: Literal["rotating"]
    step: Literal["made", "works", "switched", "retired", "deleted", "undone"]
    ends: str


class RotatedEvent(TypedDict):
    """A rotation is over.

    Attributes:
        ends: the last four characters of the id of the key that counts.
        arn: whose it is by AWS's word.
        old: the last four characters of the other key's id.
        old_is: what became of that.
    """

    event: Literal["rotated"]
    profile: str
    ends: str
    arn: str
    old: str
    old_is: Literal["inactive", "deleted", "another's"]


class KeyInfo(TypedDict):
    """One access key in the keychain, in GET /v1/keys; nothing in it is secret.

    Attributes:
        ends: the last four characters of the key's id.
        added: Unix seconds.
        config: the AWS config file that has the profile, as is `credentials`.
        rotation: what is left to do of a rotation; absent: nothing.
    """

    profile: str
    ends: str
    added: float
    config: str
    credentials: str
    rotation: NotRequired[RotationInfo]


class KeysAnswer(TypedDict):
    """GET /v1/keys.

    Attributes:
        keychain: what it is called on this system.
    """

    keys: list[KeyInfo]
    keychain: str


class KeyAnswer(TypedDict):
    """POST /v1/keys and POST /v1/keys/PROFILE/check.

    Attributes:
        ends: the last four characters of the key's id.
        arn: whose key it is by AWS's word (GetCallerIdentity); null: AWS was not asked.
    """

    profile: str
    ends: str
    arn: str | None


class MfaDeviceInfo(TypedDict):
    """One MFA device, in GET /v1/mfa.

    Attributes:
        gives_codes: false: STS can't use it.
        enabled: since when it is the user's (Unix seconds); null: IAM does not list it, or was not asked.
        roles: those that the configuration names it for.
    """

    serial: str
    kind: Literal["virtual", "hardware", "security-key"]
    gives_codes: bool
    enabled: float | None
    roles: list[str]


class SeedRequest(TypedDict):
    """POST /v1/mfa/seeds: keep the TOTP seed of a device in the keychain.

    Attributes:
        secret: in base32, or an otpauth:// address.
    """

    serial: str
    secret: str


class SeedInfo(TypedDict):
    """A stored seed, without the seed; `added` in Unix seconds."""

    serial: str
    added: float


class SeedAnswer(TypedDict):
    """POST /v1/mfa/seeds.

    Attributes:
        roles: those that the configuration names the device for.
    """

    serial: str
    roles: list[str]


class MfaUser(TypedDict):
    """The MFA devices of one IAM user.

    Attributes:
        source: whose access key it is.
        asked_with: what IAM was asked with; null: it has not told.
        error: why it has not.
    """

    source: str
    asked_with: Literal["session", "keys"] | None
    devices: list[MfaDeviceInfo]
    error: ErrorBody | None


class MfaAnswer(TypedDict):
    """GET /v1/mfa.

    Attributes:
        seeds: of whichever user's devices they are stored.
        keychain: what it is called on this system, where they are.
    """

    now: float
    users: list[MfaUser]
    seeds: list[SeedInfo]
    keychain: str


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


class GrantBinding(TypedDict):
    """POST /v1/grants/ID: from now on it ends with that process."""

    pid: int


class GrantInfo(TypedDict):
    """One grant in GET /v1/grants."""

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


class SucceedAnswer(TypedDict):
    """POST /v1/succeed: the process that holds and serves everything from now on."""

    pid: int


class ReloadAnswer(TypedDict):
    """POST /v1/reload: how many roles there are now.

    Attributes:
        problems: as in GET /v1/roles.
        restart: whether settings or code have changed that only a new process takes up.
    """

    roles: int
    restart: bool
    problems: list[ErrorBody]


class AuditGrant(TypedDict):
    """The grant that an audit line is about.

    Attributes:
        scope: what its credentials are narrowed to, in words, with the id that CloudTrail shows.
    """

    id: str
    label: str
    scope: NotRequired[str]


class AuditLine(TypedDict):
    """One line of GET /v1/audit, and of the file audit.jsonl: who had what, and never the thing itself.

    Attributes:
        time: UTC (2026-11-22T12:00:00Z).
        uid: the caller's, as are `pid` and `exe`: null where the daemon acted by itself, "unknown" where the kernel
            could not say; of several alike (`count`), the last one's.
        what: the outcome.
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
