"""Whether JSON from the socket has the shape `wire` promises: checked once, then believed.

Keys we don't know pass (the daemon may be newer), and so do unknown words of a `Literal`. A shape is a function that
says whether a value is of it, or one of the classes here, which are called likewise. shape_of.py makes them of wire's
types, and loads `typing` for that; so those of the daily verbs are written down at the end. tests/ctl/test_lean.py
holds them to the types.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    Shape = Callable[[Any], bool]

_LARGEST: Final = 1e12  # seconds; also keeps arithmetic on hostile integers from overflowing


def text(value: object) -> bool:
    """NUL can't enter an environment, lone surrogates can't enter a terminal."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def number(value: object) -> bool:
    """An instant or a duration."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST


def whole(value: object) -> bool:
    """A count."""
    return isinstance(value, int) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST


def flag(value: object) -> bool:
    """A yes or no."""
    return value is True or value is False


def null(value: object) -> bool:
    """Nothing."""
    return value is None


def text_or_null(value: object) -> bool:
    """Either of the two."""
    return value is None or text(value)


def number_or_null(value: object) -> bool:
    """Either of the two."""
    return value is None or number(value)


_OR_NULL: Final = (text_or_null, number_or_null)


class Either:
    """A value of one of several shapes."""

    def __init__(self, *shapes: Shape) -> None:
        self.shapes = shapes

    def __call__(self, value: object) -> bool:
        """Say whether it is of one."""
        for shape in self.shapes:  # noqa: SIM110 - any() takes longer, and a long status has many
            if shape(value):
                return True
        return False


class ListOf:
    """A list whose items have one shape."""

    def __init__(self, each: Shape) -> None:
        self.each = each

    def __call__(self, value: object) -> bool:
        """Say whether it is."""
        return isinstance(value, list) and all_of(self.each, value)

    def parts(self, value: object) -> list[tuple[str, Any]] | None:
        """Return where each item is, and the item; None where it is no list."""
        return [(f"[{index}]", item) for index, item in enumerate(value)] if isinstance(value, list) else None


class DictOf:
    """An object whose values have one shape."""

    def __init__(self, each: Shape) -> None:
        self.each = each

    def __call__(self, value: object) -> bool:
        """Say whether it is."""
        return isinstance(value, dict) and all(map(self.each, value.values()))

    def parts(self, value: object) -> list[tuple[str, Any]] | None:
        """Return where each value is, and the value; None where it is no object."""
        return [(f".{key}", item) for key, item in value.items()] if isinstance(value, dict) else None


class Fields:
    """An object with a shape for each of its fields.

    Args:
        needed: those that must be there.
        others: those that need not.
    """

    def __init__(self, needed: Mapping[str, Shape], others: Mapping[str, Shape] | None = None) -> None:
        self.needed = needed
        self.others = others or {}

    def __call__(self, value: object) -> bool:
        """Say whether it is one."""
        if not isinstance(value, dict):
            return False
        for name, shape in self.needed.items():
            if name not in value or not shape(value[name]):
                return False
        return all(name not in value or shape(value[name]) for name, shape in self.others.items())

    def rows(self, values: list[Any]) -> bool:
        """Say whether each of these is one: field by field, for the answer may have thousands."""
        if not all(isinstance(value, dict) for value in values):
            return False
        for name, shape in self.needed.items():
            column = [value[name] for value in values if name in value]
            if len(column) != len(values) or not all_of(shape, column):
                return False
        return all(
            all_of(shape, [value[name] for value in values if name in value]) for name, shape in self.others.items()
        )


def all_of(shape: Shape, values: list[Any]) -> bool:
    """Say whether each of these has the shape; of the shapes in a long `status` at the price of few calls."""
    if isinstance(shape, Fields):
        return shape.rows(values)
    if shape in _OR_NULL or (isinstance(shape, Either) and null in shape.shapes):
        values = [value for value in values if value is not None]
    if shape is text or shape is text_or_null:
        try:
            return text("".join(values))
        except TypeError:
            return False  # one is no string
    if shape is number_or_null and {*map(type, values)} <= {int, float}:
        values = [*set(values)]
    return all(map(shape, values))


def validate(value: object, kind: Any, where: str = "the answer") -> str | None:
    """Return where in `value` something is not of `kind`, or None when all of it is.

    Args:
        value: what came.
        kind: a shape.
        where: what `value` is, in words.
    """
    return None if kind(value) else _wrong(value, kind, where)


def _wrong(value: Any, kind: Any, where: str) -> str | None:
    """Return the place in `value` that is not of `kind`, None where all is."""
    if isinstance(kind, Fields):
        if not isinstance(value, dict):
            return where
        for name, shape in {**kind.needed, **kind.others}.items():
            if name not in value:
                if name in kind.needed:
                    return f"{where}.{name}"
            elif wrong := _wrong(value[name], shape, f"{where}.{name}"):
                return wrong
        return None
    if isinstance(kind, ListOf | DictOf) and (parts := kind.parts(value)) is not None:
        return next((wrong for place, each in parts if (wrong := _wrong(each, kind.each, where + place))), None)
    return None if kind(value) else where


ERROR: Final[Any] = Fields({"code": text, "sentence": text, "hint": text}, {"category": text})
ERROR_ANSWER: Final[Any] = Fields({"error": ERROR})

HELD: Final[Any] = Fields(
    {
        "event": text,
        "role": text,
        "expires_at": number_or_null,
        "mfa_expires_at": number_or_null,
        "now": number,
    }
)
FAILED: Final[Any] = Fields({"event": text, "role": text, "error": ERROR})
CREDENTIALS: Final[Any] = Fields(
    {
        "event": text,
        "role": text,
        "access_key_id": text,
        "secret_access_key": text,
        "session_token": text,
        "expiration": text_or_null,
        "account_id": text_or_null,
        "region": text_or_null,
    }
)
_SCOPE: Final[Any] = Fields(
    {"id": text, "words": text, "policy": text, "policy_arns": ListOf(text), "ttl": number_or_null}
)
GRANT: Final[Any] = Fields(
    {"id": text, "token": text, "token_file": text, "urls": DictOf(text), "regions": DictOf(text_or_null)},
    {"role_arn_url": text_or_null, "confirm": ListOf(text), "scope": Either(_SCOPE, null)},
)
BOUND: Final[Any] = Fields({"id": text}, {"root": number_or_null})
WHOAMI: Final[Any] = Fields(
    {
        "role": text,
        "role_arn": text_or_null,
        "account": text_or_null,
        "region": text_or_null,
        "state": text,
        "expires_at": number_or_null,
        "mfa_expires_at": number_or_null,
        "arn": text_or_null,
        "now": number,
    },
    {"scope": text_or_null},
)
ANYTHING: Final[Any] = Fields({})


def status() -> Any:
    """Return the shape of GET /v1/status: of use to one verb."""
    session = Fields(
        {"source": text, "serial": text, "expires_at": number_or_null}, {"devices": ListOf(text), "issued_at": number}
    )
    catalogue = Fields(
        {"config": text, "credentials": text, "home": text, "id": text, "own": flag, "meant": flag},
        {"sts": DictOf(text)},
    )
    port = Fields({"port": whole, "role": text, "url": text, "region": text_or_null})
    grant = Fields({"id": text, "label": text, "roles": ListOf(text), "scope": text})
    approval = Fields({"role": text, "consumer": text_or_null, "label": text, "lasts": text, "until": number_or_null})
    return Fields(
        {
            "now": number,
            "roles": ListOf(_role_status()),
            "sessions": ListOf(session),
            "prompts": ListOf(_prompt()),
            "attended": whole,
            "notes": ListOf(text),
        },
        {
            "catalogues": ListOf(catalogue),
            "locked": flag,
            "imds": ListOf(port),
            "narrowed": ListOf(grant),
            "approvals": ListOf(approval),
            "daemon": _daemon(),
        },
    )


def _role_status() -> Any:
    return Fields(
        {
            "name": text,
            "account": text_or_null,
            "role_arn": text_or_null,
            "state": text,
            "expires_at": number_or_null,
            "mfa_expires_at": number_or_null,
            "last_used": number_or_null,
            "next_renewal": number_or_null,
            "error": Either(ERROR, null),
        },
        {
            "account_name": text,
            "permission_set": text,
            "production": flag,
            "groups": ListOf(text),
            "issued_at": number,
        },
    )


def _prompt() -> Any:
    return Fields(
        {
            "id": text,
            "kind": text,
            "serial": text,
            "roles": ListOf(text),
            "attempt": whole,
            "attempts": whole,
            "problem": text_or_null,
            "not_before": number_or_null,
            "deadline": number,
            "now": number,
        },
        {"label": text, "process": text, "reason": text, "sign_in": text, "mode": text, "url": text, "user_code": text}
        | {"service": text, "devices": ListOf(text), "account": text, "scope": text, "allows": text}
        | {"directory": text, "command": text, "processes": ListOf(Fields({"pid": whole, "name": text}))}
        | {"choices": ListOf(Fields({"lasts": text, "words": text}, {"minutes": whole}))},
    )


def _daemon() -> Any:
    return Fields(
        {
            "version": text,
            "executable": text,
            "code": text,
            "code_changed": flag,
            "started": number,
            "clock_skew": number_or_null,
            "asks": ListOf(text),
        },
        {"cannot_ask": DictOf(text)},
    )
