"""xacct-sandbox: a local STS that really enforces MFA, durations, trust policies, signatures; and an Identity Center.

Unmodified SDKs talk to it through AWS_ENDPOINT_URL_STS, _SSO and _SSO_OIDC. It imports none of xacct's other packages.

    wire        server (aiohttp), signature (SigV4), parameters, answers (XML), errors
    service     sts (dispatch), actions, assume_role, web_identity, session_tags, trust, totp, sessions
    beside it   identity_center (sign-ins, tokens, the portal)
    its world   world (users, roles, profiles), default_world, keys
    control     control (HTTP), calls (what was called), faults, strikes (what they do)
    command     cli, run, code, human, reach, files, problem

`docs/sandbox.md` says what it enforces, and how its control below `/_sandbox` is spoken to.
"""
