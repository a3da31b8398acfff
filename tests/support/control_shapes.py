"""What each request of the control API is answered with: one table, for the real API and for xacctctl's stand-in."""

from types import UnionType
from typing import NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from xacct import wire
from xacct.ctl.shape import validate

CONTAINERS = {
    "enabled": True,
    "url": "http://169.254.170.2:9479",
    "address": "169.254.170.2",
    "port": 9479,
    "port_on_host": 9477,
    "socket": "/run/user/1000/xacct/containers/endpoint.sock",
    "listening": [],
    "troubles": {},
    "address_here": True,
    "bridges": ["docker0"],
    "require_known_caller": False,
}
"""What GET /v1/containers answers on a machine with Docker."""

ANSWERS = {
    "GET version": wire.VersionAnswer,
    "GET status": wire.StatusAnswer,
    "GET roles": wire.RolesAnswer,
    "GET roles * explain": wire.ExplainAnswer,
    "GET roles * policy": wire.PolicyAnswer,
    "GET selection": wire.SelectionAnswer,
    "POST whoami": wire.WhoamiAnswer,
    "POST logout": wire.LogoutAnswer,
    "POST lock": wire.LockAnswer,
    "POST unlock": wire.LockAnswer,
    "POST grants": wire.GrantAnswer,
    "POST grants *": wire.GrantInfo,
    "GET grants": wire.GrantsAnswer,
    "GET keys": wire.KeysAnswer,
    "POST keys": wire.KeyAnswer,
    "POST keys * check": wire.KeyAnswer,
    "GET mfa": wire.MfaAnswer,
    "POST mfa *": wire.SeedAnswer,
    "GET containers": wire.ContainersAnswer,
    "POST succeed": wire.SucceedAnswer,
    "POST reload": wire.ReloadAnswer,
}
EVENTS = {
    "prompt": wire.PromptEvent,
    "prompt-closed": wire.PromptClosedEvent,
    "held": wire.HeldEvent,
    "logged-in": wire.LoggedInEvent,
    "failed": wire.FailedEvent,
    "credentials": wire.CredentialsEvent,
    "listing": wire.ListingEvent,
    "rotating": wire.RotatingEvent,
    "rotated": wire.RotatedEvent,
    "accounts": wire.AccountsEvent,
    "verified": wire.VerifiedEvent,
    "console": wire.ConsoleEvent,
    "done": wire.DoneEvent,
    "expired": wire.ExpiredEvent,
    "mfa-ends": wire.MfaEndsEvent,
}


def wrong_answer(method, path, answer):
    """Where an answer is not what wire.py says of this request, in words; None where it is, or nothing is said."""
    words = path.partition("?")[0].split("/")[2:]
    words[1:2] = ["*"] * len(words[1:2])
    kind = ANSWERS.get(" ".join([method, *words]))
    return None if kind is None else _wrong(answer, kind, f"{method} {path}")


def wrong_event(event):
    """The same of an event of a login's stream."""
    kind = EVENTS.get(event["event"])
    return f"no such event: {event}" if kind is None else _wrong(event, kind, event["event"])


def _wrong(value, kind, where):
    return validate(value, kind, where) or _strange(value, kind, where)


def _strange(value, kind, where):
    """Where in `value` there is a key that wire.py does not have."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (NotRequired, Union, UnionType) and value is not None:
        return _strange(value, parts[0], where)
    found = ()
    if origin is list:
        found = (_strange(item, parts[0], f"{where}[]") for item in value)
    elif is_typeddict(kind):
        hints = get_type_hints(kind)
        found = (
            _strange(item, hints[key], f"{where}.{key}") if key in hints else f"{where}.{key} is not in wire.py"
            for key, item in value.items()
        )
    return next(filter(None, found), None)
