"""AssumeRole: parameters, MFA, trust policy, durations; then credentials of the role.

Refuses in AWS's order: malformed parameters, then the code, then the trust policy, then a
duration the role or the chain doesn't allow. Sources: "AssumeRole" in the AWS STS API Reference,
"Methods to assume a role" (role chaining) in the IAM User Guide.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from xacct.sandbox import errors, parameters, session_policies, session_tags, trust
from xacct.sandbox.actions import Request, Result, credentials_of, mfa_accepted_at
from xacct.sandbox.sessions import Principal, SessionContext

if TYPE_CHECKING:
    from xacct.sandbox.world import Role

_DEFAULT_SECONDS: Final = 3600
_CHAINING_SECONDS: Final = 3600
_ROLE_ARN: Final = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)


def assume_role(request: Request) -> Result:
    """Issue credentials of a role to a caller its trust policy lets in."""
    _check_parameters(request)
    tags, transitive = session_tags.read_tags(request.given)
    packed = session_tags.packed_size(request.given, tags)
    before = request.caller.session.context if request.caller.session else None
    mfa_at = mfa_accepted_at(request)
    role = _authorize(request, mfa_at, tagging=bool(tags))
    context = replace(
        session_tags.inherit(before, tags, transitive),
        source_identity=_source_identity(request, before),
        chained=before is not None,
    )
    seconds = _duration(request, role)
    return _issue(request, role, context, seconds, packed)


def _check_parameters(request: Request) -> None:
    parameters.check(
        request.given,
        parameters.ROLE_ARN,
        parameters.SESSION_NAME,
        parameters.ROLE_DURATION,
        parameters.EXTERNAL_ID,
        parameters.SERIAL_NUMBER,
        parameters.TOKEN_CODE,
        parameters.SOURCE_IDENTITY,
        parameters.POLICY,
    )
    if not _ROLE_ARN.fullmatch(request.given["RoleArn"]):
        raise errors.validation_error("Request ARN is invalid")


def _authorize(request: Request, mfa_at: float | None, *, tagging: bool) -> Role:
    """Return the role, once its trust policy has allowed every action this call amounts to.

    Raises:
        StsError: AccessDenied, the same for an unknown role as for a denial: AWS doesn't tell
            strangers which roles exist.
    """
    who, arn = request.caller.principal, request.given["RoleArn"]
    role = request.state.world.role(arn)
    names = trust.names_of(who.arn, who.account, who.role_arn)
    context = _context(request, mfa_at) | _passed(request)
    actions = [trust.ASSUME_ROLE]
    if tagging:
        actions.append(trust.TAG_SESSION)
    if "SourceIdentity" in request.given:
        actions.append(trust.SET_SOURCE_IDENTITY)
    for action in actions:
        if role is None or not trust.allows(role.trust, names, action, context):
            raise errors.not_authorized(who.arn, action, arn)
    if role is None:  # pragma: no cover (the loop has raised; this tells the type checker)
        raise errors.not_authorized(who.arn, trust.ASSUME_ROLE, arn)
    return role


def _context(request: Request, mfa_at: float | None) -> dict[str, str | tuple[str, ...]]:
    """Return the request context the trust policy's conditions look at.

    A long-term key without a code has no aws:MultiFactorAuthPresent at all; temporary
    credentials always have it, as true or false ("AWS global condition context keys").
    """
    session = request.caller.session
    context: dict[str, str | tuple[str, ...]] = {"sts:RoleSessionName": request.given["RoleSessionName"]}
    if "ExternalId" in request.given:
        context["sts:ExternalId"] = request.given["ExternalId"]
    proven_at = mfa_at
    if proven_at is None and session is not None:
        proven_at = session.context.mfa_at
        context["aws:MultiFactorAuthPresent"] = "false"
    if proven_at is not None:
        context["aws:MultiFactorAuthPresent"] = "true"
        context["aws:MultiFactorAuthAge"] = str(int(request.now - proven_at))
    return context


def _passed(request: Request) -> dict[str, str | tuple[str, ...]]:
    """Return what the context says of what goes along, and of who asks ("Available keys for AWS STS")."""
    who = request.caller.principal
    tags = {tag["Key"]: tag["Value"] for tag in parameters.listed(request.given, "Tags")}
    transitive = tuple(each[""] for each in parameters.listed(request.given, "TransitiveTagKeys"))
    passed: dict[str, str | tuple[str, ...]] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    passed |= {"aws:TagKeys": tuple(tags), "sts:TransitiveTagKeys": transitive}
    if "SourceIdentity" in request.given:
        passed["sts:SourceIdentity"] = request.given["SourceIdentity"]
    return passed | {"aws:PrincipalArn": who.role_arn or who.arn}


def _source_identity(request: Request, before: SessionContext | None) -> str | None:
    wanted = request.given.get("SourceIdentity")
    held = before.source_identity if before else None
    if wanted is not None and held is not None and wanted != held:
        raise errors.validation_error("The source identity is already set for this assume role session")
    return held or wanted


def _duration(request: Request, role: Role) -> int:
    """Return the session's seconds, once chain and role allow them."""
    wanted = parameters.integer(request.given, "DurationSeconds")
    if wanted is None:
        return min(_DEFAULT_SECONDS, role.max_session)
    # A GetSessionToken session is temporary as well, so AWS counts it as chaining.
    if request.caller.session is not None and wanted > _CHAINING_SECONDS:
        raise errors.validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    if wanted > role.max_session:
        raise errors.validation_error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return wanted


def _issue(request: Request, role: Role, context: SessionContext, seconds: int, packed: int | None) -> Result:
    name = request.given["RoleSessionName"]
    who = Principal(
        arn=f"arn:{role.partition}:sts::{role.account}:assumed-role/{role.name}/{name}",
        account=role.account,
        user_id=f"{role.role_id}:{name}",
        role_arn=role.arn,
    )
    expires = request.expires(seconds, request.state.caps.role)
    session = request.state.sessions.issue(who, context, expires, session_policies.limits_of(request.given))
    result: Result = {
        "Credentials": credentials_of(session),
        "AssumedRoleUser": {"AssumedRoleId": who.user_id, "Arn": who.arn},
    }
    if packed is not None:
        result["PackedPolicySize"] = str(packed)
    if context.source_identity is not None:
        result["SourceIdentity"] = context.source_identity
    return result
