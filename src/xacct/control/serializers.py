"""The daemon's values as wire.py spells them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from xacct import errors, policy, rolekeys, wire
from xacct.awsfiles import Files
from xacct.control import scopes, views
from xacct.credentials import events as ev
from xacct.model import Source, iso
from xacct.prompts.events import PromptClosed, PromptOpened
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from xacct.control.standing import Standing
    from xacct.credentials.entry import Entry
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.node import Node
    from xacct.credentials.probes import Verified
    from xacct.grants.grants import Grants
    from xacct.model import Credentials, Grant, Role
    from xacct.prompts.approved import Key, Lasting
    from xacct.prompts.prompt import Permission, Prompt


NO_NAMES: Mapping[str, str] = MappingProxyType({})


def error_body(error: errors.XacctError) -> wire.ErrorBody:
    """An error for programs and people."""
    return {
        "code": error.code,
        "category": error.category,
        "sentence": clean(error.sentence),
        "hint": clean(error.hint),
    }


def prompt(keeper: Keeper, prompt: Prompt) -> wire.Prompt:
    """An open prompt."""
    now = keeper.clock.now()
    said: wire.Prompt = {
        "id": prompt.id,
        "kind": prompt.kind,
        "label": clean(prompt.label),
        "process": clean(prompt.process),
        "reason": clean(prompt.reason),
        "sign_in": clean(prompt.sign_in),
        "mode": prompt.mode or "",
        "url": clean(prompt.url),
        "user_code": clean(prompt.user_code),
        "service": clean(prompt.service),
        "serial": prompt.serial,
        "devices": list(prompt.serials),
        "roles": list(prompt.roles),
        "attempt": prompt.attempt,
        "attempts": prompt.attempts,
        "problem": None if prompt.problem is None else clean(prompt.problem),
        "not_before": prompt.not_before,
        "deadline": now + prompt.deadline - keeper.clock.boot(),
        "now": now,
    }
    if prompt.permission is not None:
        said.update(_permission(prompt.permission))  # type: ignore[typeddict-item]  # mypy knows no part of a TypedDict
    return said


def _permission(permission: Permission) -> dict[str, Any]:
    """What a prompt says of the use of a guarded role."""
    asker = permission.asker
    return {
        "choices": [_choice(lasting) for lasting in permission.terms.choices],
        "account": clean(permission.account),
        "scope": clean(permission.scope),
        "allows": clean(permission.allows),
        "processes": [{"pid": pid, "name": clean(name)} for pid, name in asker.tree],  # guard: api-process-is-words
        "directory": clean(asker.directory),  # guard: api-directory-is-words
        "command": clean(asker.command),  # guard: api-command-is-words
    }


def _choice(lasting: Lasting) -> wire.Choice:
    said: wire.Choice = {"lasts": lasting.length, "words": lasting.words}
    if lasting.length == "minutes":
        said["minutes"] = round(lasting.seconds / policy.MINUTE)
    return said


def source_key(source: Source) -> str:
    """A source's name as roles have keys (rolekeys.py): the same name in other files is another source."""
    return rolekeys.key(source.name, rolekeys.id_of(Files(*source.files)) if source.files else rolekeys.OWN)


def role_marks(role: Role, accounts: Mapping[str, str]) -> wire.RoleMarks:
    """What people know a role by.

    Args:
        role: the role.
        accounts: names of accounts by their numbers.
    """
    marks: wire.RoleMarks = {}
    if role.account is not None and (name := accounts.get(role.account)) is not None:
        marks["account_name"] = clean(name)
    if isinstance(role.parent, Source) and role.parent.sign_in is not None:
        marks["permission_set"] = role.parent.permission_set
    if role.production:
        marks["production"] = True
    return marks


def role_info(node: Node, base_url: str, accounts: Mapping[str, str]) -> wire.RoleInfo:
    """What the configuration says of a role."""
    role = node.role
    info: wire.RoleInfo = {
        "name": role.name,
        "role_arn": role.role_arn,
        "account": role.account,
        "source": source_key(role.parent) if isinstance(role.parent, Source) else role.parent,
        "mfa_serial": role.mfa_serial,
        "region": role.region,
        "url": base_url + role.slug,
    }
    info.update(role_marks(role, accounts))  # type: ignore[typeddict-item]  # mypy knows no part of a TypedDict
    if role.other_devices:
        info["devices"] = list(role.devices)
    if isinstance(role.parent, Source) and role.parent.sign_in is not None:
        info["sign_in"] = role.parent.sign_in.label
    elif isinstance(role.parent, Source) and role.parent.console is not None:
        info["sign_in"] = role.parent.console.label
    elif isinstance(role.parent, Source) and role.parent.kind == "keychain":
        info["keychain"] = True
    return info


def role_status(standing: Standing, node: Node, accounts: Mapping[str, str] = NO_NAMES) -> wire.RoleStatus:
    """How a role stands now."""
    keeper, name = standing.keeper, node.role.name
    state = standing.state(node)
    use = keeper.uses.get(name)
    error = standing.trouble(node) if state != "logged-out" else None
    status: wire.RoleStatus = {
        "name": name,
        "account": node.role.account,
        "role_arn": node.role.role_arn,
        "state": state,
        "expires_at": node.entry.expires_at if state == "held" else None,
        "mfa_expires_at": keeper.mfa_expires_at(name),
        "last_used": use.served if use else None,
        "next_renewal": standing.next_renewal(node) if state == "held" else None,
        "error": error_body(error) if error else None,
    }
    status.update(role_marks(node.role, accounts))  # type: ignore[typeddict-item]  # as above
    if status["expires_at"] is not None and (issued := node.entry.issued_at) is not None:
        status["issued_at"] = issued
    return status


def session_status(name: str, devices: tuple[str, ...], entry: Entry) -> wire.SessionStatus:
    """How an MFA session stands now; `devices` are those any of which opens it."""
    status: wire.SessionStatus = {
        "source": name,
        "serial": next(iter(devices), ""),
        "expires_at": entry.expires_at if entry.valid() else None,
    }
    if status["expires_at"] is not None and entry.issued_at is not None:
        status["issued_at"] = entry.issued_at
    if len(devices) > 1:
        status["devices"] = list(devices)
    return status


def imds_port(keeper: Keeper, port: int, role: str) -> wire.ImdsPort:
    """A port that speaks EC2's metadata protocol."""
    node = keeper.nodes.get(role)
    url = f"http://127.0.0.1:{port}/"
    return {"port": port, "role": role, "url": url, "region": node.role.region if node else None}


def grant_info(grant: Grant, grants: Grants) -> wire.GrantInfo:
    """A grant, without anything that could be used."""
    return {
        "id": grant.id,
        "label": clean(grant.label),  # guard: api-grants-label-is-words
        "roles": list(grant.roles),
        "created": grant.created,
        "expires_at": grant.expires_at,
        "last_used": grants.last_used.get(grant.id),
        "pid": grant.pid,
        "role_arn_patterns": list(grant.role_arns),
        "via": grant.via,
        "forwarded_port": grant.forwarded_port,
        "where": grant.where,
        "files": views.shape(Files(*grant.files)) if grant.files else None,
        "scope": scopes.info(grant.scope),
        "root": None if grant.root is None else grant.root.pid,
    }


def narrowed_grants(grants: Grants, roles: Collection[str]) -> list[wire.NarrowedGrant]:
    """The grants with a scope, of some of these roles or of roles that have no name."""
    shown = set(roles)  # once: made for each grant, 1,000 grants beside 5,000 roles held up everybody
    return [
        {"id": grant.id, "label": clean(grant.label), "roles": list(grant.roles), "scope": clean(grant.scope.words)}
        for grant in grants.all()
        if grant.scope is not None and (not grant.roles or not shown.isdisjoint(grant.roles))
    ]


def approvals(keeper: Keeper, grants: Grants, ports: Iterable[int], roles: Collection[str]) -> list[wire.Approval]:
    """The humans' yeses by which whoever is still there may use some roles now.

    Args:
        keeper: has them.
        grants: those whose yes it may be.
        ports: the IMDS ports, likewise.
        roles: names.
    """
    said = keeper.approvals.approved.all
    if not said:
        return []
    now, shown = keeper.clock.now(), set(roles)
    labels = {grant.id: grant.label for grant in grants.all() if grant.expires_at is None or grant.expires_at > now}
    labels |= {name: name for name in (f"imds:{port}" for port in ports)}
    return [
        {
            "role": yes.key.role,
            "consumer": yes.key.consumer,
            "label": clean(labels.get(yes.key.consumer or "", "")),
            "lasts": yes.length,
            "until": None if yes.until is None else now + yes.until - keeper.clock.boot(),
        }
        for yes in said
        if yes.key.role in shown and _means_something(keeper, yes.key, labels)
    ]


def _means_something(keeper: Keeper, key: Key, consumers: Collection[str]) -> bool:
    """Whether somebody may use the role by a yes, as the role is configured now."""
    confirm = keeper.node(key.role).role.confirm
    # guard: status-tells-of-no-yes-that-means-nothing
    return confirm == "first-use" if key.consumer is None else confirm is not None and key.consumer in consumers


def credentials_event(role: str, held: Credentials, region: str | None) -> wire.CredentialsEvent:
    """The secrets themselves, for whoever asked for them by name."""
    return {
        "event": "credentials",
        "role": role,
        "access_key_id": held.access_key_id,
        "secret_access_key": held.secret_access_key,
        "session_token": held.session_token or "",
        "expiration": iso(held.expires_at) if held.expires_at is not None else None,
        "account_id": held.account_id,
        "region": region,
    }


def verified_event(role: Role, found: Verified) -> wire.VerifiedEvent:
    """What was tried of a role, and what that shows."""
    return {
        "event": "verified",
        "role": role.name,
        "role_arn": role.role_arn,
        "verdict": found.verdict,
        "attempts": [
            {
                "way": attempt.probe.way,
                "start": attempt.probe.start.kind,
                "role": attempt.probe.start.role or None,
                "outcome": attempt.outcome,
                "error": None if attempt.error is None else error_body(attempt.error),
            }
            for attempt in found.attempts
        ],
    }


StreamEvent = (
    wire.PromptEvent
    | wire.PromptClosedEvent
    | wire.HeldEvent
    | wire.LoggedInEvent
    | wire.FailedEvent
    | wire.ExpiredEvent
    | wire.MfaEndsEvent
    | wire.LockEvent
    | wire.CutOffEvent
    | wire.CredentialsEvent
    | wire.ListingEvent
    | wire.RotatingEvent
    | wire.RotatedEvent
    | wire.AccountsEvent
    | wire.VerifiedEvent
    | wire.ConsoleEvent
    | wire.DoneEvent
)


def event(keeper: Keeper, happened: ev.Event) -> StreamEvent:
    """What happened in the keeper, as a line of the event stream."""
    if isinstance(happened, PromptOpened | PromptClosed):
        return _prompt_event(keeper, happened)
    if isinstance(happened, ev.LockChanged):
        return {"event": "locked" if happened.locked else "unlocked"}
    return _role_event(keeper, happened)


def _prompt_event(keeper: Keeper, happened: PromptOpened | PromptClosed) -> wire.PromptEvent | wire.PromptClosedEvent:
    if isinstance(happened, PromptOpened):
        return {"event": "prompt", "prompt": prompt(keeper, happened.prompt)}
    closed = {
        "event": "prompt-closed",
        "id": happened.prompt.id,
        "outcome": happened.outcome,
        "sentence": clean(happened.sentence),
    }
    return cast("wire.PromptClosedEvent", closed)


def _role_event(keeper: Keeper, happened: ev.Renewed | ev.Failed | ev.Expired | ev.MfaEndsSoon) -> StreamEvent:
    match happened:
        case ev.Renewed(role):
            return held_event(keeper, role, "renewed")
        case ev.Failed(role, error):
            return {"event": "failed", "role": role, "error": error_body(error)}
        case ev.Expired(role):
            return {"event": "expired", "role": role}
        case ev.MfaEndsSoon(serial, seconds, roles):
            return {"event": "mfa-ends", "serial": serial, "seconds": seconds, "roles": list(roles)}


def logged_in_event(keeper: Keeper, role: str) -> wire.LoggedInEvent:
    """A role will be had at its first use."""
    ends, now = keeper.mfa_expires_at(role), keeper.clock.now()
    return {"event": "logged-in", "role": role, "mfa_expires_at": ends, "now": now}


def held_event(keeper: Keeper, role: str, name: str = "held") -> wire.HeldEvent:
    """A role's credentials are in hand."""
    event = {
        "event": name,
        "role": role,
        "expires_at": keeper.node(role).entry.expires_at,
        "mfa_expires_at": keeper.mfa_expires_at(role),
        "now": keeper.clock.now(),
    }
    return cast("wire.HeldEvent", event)
