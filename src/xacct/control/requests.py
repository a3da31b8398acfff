"""What comes in at the control socket, checked once: each request of wire.py, with bounds for every one of its fields.

wire.py says which fields there are and of which types; here is what their values may be, by the field's name where it
has a rule of its own, else by its type. The routes get what has passed, and need not look again.
"""

from __future__ import annotations

from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    TypedDict,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from xacct import errors, policy

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

MAX_TTL: Final = 366 * 86400
FARTHEST: Final = 1e11
"""Unix seconds: past the year 5000, and before what no calendar can say."""

_NO_CONTROLS: Final = r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"
_IN_ARN: Final = r"[A-Za-z0-9_+=,.@/*-]{1,576}"  # guard: requests-alone-is-wildcard
_PATTERN: Final = rf"\Aarn:[a-z*-]{{1,32}}:iam::[0-9*]{{1,12}}:role/{_IN_ARN}\Z"
"""Every part of an ARN has to be there: a lone * would be easier to type than to mean. And * alone stands for anything:
what would be a wildcard elsewhere (? and [...]) is in no ARN, and refused."""

_KEY_ID: Final = r"\A[A-Z0-9]{16,128}\Z"
_SECRET_KEY: Final = r"\A[!-~]{16,256}\Z"  # noqa: S105 - a pattern

_SERIAL: Final = r"\A[A-Za-z0-9_+=/:,.@-]{9,256}\Z"
"""Of an MFA device (AWS STS API Reference, GetSessionToken, SerialNumber)."""

_LINE: Final = msgspec.Meta(max_length=4096, pattern=_NO_CONTROLS)  # guard: requests-no-control-characters
_NAME: Final = msgspec.Meta(min_length=1, max_length=2048, pattern=_NO_CONTROLS)  # guard: requests-names-are-names
SOME: Final = msgspec.Meta(max_length=10_000)
"""Names in a list: the body's 64 KiB hold no more."""

_BY_TYPE: Final[Mapping[Any, Any]] = {
    str: Annotated[str, _LINE],
    int: Annotated[int, msgspec.Meta(ge=0, le=2**53)],
    float: Annotated[float, msgspec.Meta(ge=0, le=FARTHEST)],
    bool: bool,
    list[str]: Annotated[list[Annotated[str, _LINE]], SOME],
}

_WORDS = Annotated[tuple[Annotated[str, _NAME], ...], msgspec.Meta(max_length=100)]


class WantedScope(msgspec.Struct, forbid_unknown_fields=True, frozen=True):  # guard: unknown-scope-is-refused
    """wire.WantedScope. What is not understood may be a limit, so it is refused; scope_policies.py has its bounds."""

    name: Annotated[str, _NAME] | None = None
    read_only: bool = False
    policy: Annotated[str, msgspec.Meta(max_length=16384)] | None = None
    allow: _WORDS = ()
    policy_arns: _WORDS = ()
    on: _WORDS = ()
    regions: _WORDS = ()
    ttl: Annotated[float, msgspec.Meta(gt=0, le=MAX_TTL)] | None = None


_PID: Final = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]  # guard: requests-process-has-number-of-one

RULES: Final[Mapping[str, Any]] = {
    "scope": WantedScope,
    "agent": Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_NO_CONTROLS)],
    "profile": Annotated[str, _NAME],
    "access_key_id": Annotated[str, msgspec.Meta(pattern=_KEY_ID)],
    "secret_access_key": Annotated[str, msgspec.Meta(pattern=_SECRET_KEY)],
    "serial": Annotated[str, msgspec.Meta(pattern=_SERIAL)],
    "secret": Annotated[str, msgspec.Meta(min_length=1, max_length=2048, pattern=_NO_CONTROLS)],
    "role": Annotated[str, _NAME],
    "roles": Annotated[list[Annotated[str, _NAME]], SOME],
    "via": Annotated[str, _NAME],
    "grant": Annotated[str, msgspec.Meta(max_length=64, pattern=_NO_CONTROLS)],
    "session": Annotated[str, _NAME],
    "destination": Annotated[str, _NAME],
    "service": Annotated[str, _NAME],
    "region": Annotated[str, _NAME],
    "code": Annotated[str, msgspec.Meta(max_length=64, pattern=_NO_CONTROLS)],
    "role_arn_patterns": Annotated[list[Annotated[str, msgspec.Meta(pattern=_PATTERN)]], msgspec.Meta(max_length=20)],
    "pid": _PID,
    "root": _PID,
    "ttl": Annotated[float, msgspec.Meta(gt=0, le=MAX_TTL)],  # guard: requests-end-is-in-time
    "lifetime": Annotated[int, msgspec.Meta(ge=1, le=policy.ROLE_DURATION_MAX)],
    "minutes": Annotated[int, msgspec.Meta(ge=1, le=24 * 60)],
    "forwarded_port": Annotated[int, msgspec.Meta(ge=1, le=65535)],
}
"""What the values of these fields may be, in whichever request."""

_SAID: Final = (
    (_KEY_ID, "Expected an access key's id: 16 or more capital letters and digits"),
    (_SECRET_KEY, "Expected a secret access key: 16 to 256 characters without spaces"),
    (_SERIAL, "Expected the serial number of an MFA device, such as arn:aws:iam::123456789012:mfa/alice"),
    (_NO_CONTROLS, "Expected text without control characters"),
    (_PATTERN, "Expected the ARN of a role in which * stands for anything, such as arn:aws:iam::*:role/dev-*"),
)


def read(raw: bytes, kind: type[T]) -> T:
    """A request's body as `kind`, a request of wire.py; names that are twice in a list are once in it.

    Raises:
        BadInput: it is not of that kind, or a value is out of bounds.
    """
    try:
        body: dict[str, Any] = _decoder(cast("Any", kind)).decode(raw or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # guard: depth-is-bad-request
        raise errors.BadInput(
            f"The request is not understood: {_in_words(error)}.", "See docs/control-api.md."
        ) from None
    return cast("T", {name: _once(value) for name, value in body.items()})


def _once(value: Any) -> Any:
    return list(dict.fromkeys(value)) if isinstance(value, list) else value  # guard: requests-each-name-once


def rule_of(name: str, kind: Any) -> Any:
    """What a field of that name and type may be; the type itself where its values are listed in it.

    Raises:
        TypeError: nobody has said what such a field may be.
    """
    if name in RULES:
        return RULES[name]
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if get_origin(kind) is Literal:
        return kind
    raise TypeError(f"no rule for {name}: {kind}")


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    fields: dict[str, Any] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        needed = get_origin(hint) is not NotRequired
        rule = rule_of(name, hint if needed else get_args(hint)[0])
        fields[name] = rule if needed else NotRequired[rule]
    return msgspec.json.Decoder(TypedDict(kind.__name__, fields))  # type: ignore[operator]


def _in_words(error: Exception) -> str:
    """Msgspec's words, which name the path and quote no value, without the patterns."""
    words = str(error)
    for pattern, said in _SAID:
        words = words.replace(f"Expected `str` matching regex {pattern!r}", said)
    return words
