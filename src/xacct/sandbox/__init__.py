"""xacct-sandbox: a local STS that really enforces MFA, durations, trust policies and signatures.

Unmodified SDKs talk to it through AWS_ENDPOINT_URL_STS, and through AWS_ENDPOINT_URL_IAM about a user's own access
keys. It imports none of xacct's other packages.

    wire        server (aiohttp), signature (SigV4), parameters, answers (XML), errors
    service     sts (dispatch), actions, iam, assume_role, session_tags, trust, totp, sessions
    limits      scoped_credentials (the call), session_policies, permissions (pure), limits, tables (DynamoDB)
    its world   world (users, roles, profiles), default_world, keys
    control     control (HTTP), calls (what was called), faults
    command     cli, run, code, files, problem

Beside STS on `/`, a running sandbox answers, always in JSON:

`GET /_sandbox/calls`
    Every call so far, oldest first: `action`, `principal` (ARN, null if not authenticated),
    `mfa` (whether this call brought a code that was accepted), `role_arn`, `status` (0 for a
    reset connection), `error` (AWS code or null), `time` (Unix seconds).
`DELETE /_sandbox/calls`
    Forgets them.
`POST /_sandbox/faults`
    Makes calls fail: `{"kind": KIND, "calls": N}` for the next N calls, or `"seconds": S` for all
    calls during S seconds; one call if neither is said. A bad request gets 400 and
    `{"error": SENTENCE}`. Kinds:

    throttling      400 Throttling, "Rate exceeded"
    500             500 InternalFailure
    503             503 ServiceUnavailable
    reset           the connection is reset, nothing is answered
    delay           the answer takes `"delay"` seconds longer
    skew            Date header and signature window are `"skew"` seconds ahead (or behind, if < 0)
    invalid-key     the user's long-term key acts as deleted (InvalidClientTokenId)
    expired-token   temporary credentials act as expired (ExpiredToken)

    A call counts against a fault only where the fault can strike it: the last two leave calls with
    the other sort of credentials alone. delay and skew combine with all others.
`DELETE /_sandbox/faults`
    Ends all faults.
`GET /_sandbox/mfa`
    The MFA device's `serial`, its `used_steps`, `step_seconds`, and the sandbox's `time`.
"""
