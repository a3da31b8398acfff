"""Whether JSON from the socket has the shape `wire` promises: checked once, then believed.

Keys we don't know pass (the daemon may be newer), and so do unknown words of a `Literal`.
"""

from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

_LARGEST: Final = 1e12  # seconds; also keeps arithmetic on hostile integers from overflowing


def validate(value: object, kind: Any, where: str = "the answer") -> str | None:
    """Return where in `value` something is not of `kind`, or None when all of it is."""
    if is_typeddict(kind):
        return _validate_object(value, kind, where)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is list:
        return _validate_items(value, parts[0], where)
    if origin is dict:
        return _validate_values(value, parts[1], where)
    if origin in (Union, UnionType):
        good = any(validate(value, part, where) is None for part in parts)
    else:
        good = _is_plain(value, str if origin is Literal else kind)
    return None if good else where


def _validate_object(value: object, kind: Any, where: str) -> str | None:
    if not isinstance(value, dict):
        return where
    for key, part in get_type_hints(kind).items():
        if key in value:
            wrong = validate(value[key], part, f"{where}.{key}")
            if wrong:
                return wrong
        elif key in kind.__required_keys__:
            return f"{where}.{key}"
    return None


def _validate_items(value: object, kind: Any, where: str) -> str | None:
    if not isinstance(value, list):
        return where
    found = (validate(item, kind, f"{where}[{index}]") for index, item in enumerate(value))
    return next((wrong for wrong in found if wrong), None)


def _validate_values(value: object, kind: Any, where: str) -> str | None:
    if not isinstance(value, dict):
        return where
    found = (validate(item, kind, f"{where}.{key}") for key, item in value.items())
    return next((wrong for wrong in found if wrong), None)


def _is_plain(value: object, kind: Any) -> bool:
    if kind is float or kind is int:
        allowed = (int, float) if kind is float else int
        return isinstance(value, allowed) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST
    if kind is str:
        return isinstance(value, str) and _is_text(value)
    return value is None if kind is NoneType else isinstance(value, kind)


def _is_text(value: str) -> bool:
    """NUL can't enter an environment, lone surrogates can't enter a terminal."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
