"""IAM Identity Center's double: sso-oidc (registrations, sign-ins, tokens) and the portal (accounts, role credentials).

    wire        routes (HTTP), members (JSON), refusals, pages (what a browser shows)
    service     registration, device, authorize, token, portal; state (what was issued), kept (with a limit)
    its world   instance, default (what the documentation's world has of it)
    control     control (HTTP)

`docs/sandbox.md` says what it enforces, and what of it is a guess.
"""
