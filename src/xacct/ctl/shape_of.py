"""The shape of a payload, made of its type in wire.py."""

from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from xacct.ctl import shape
from xacct.ctl.shape import DictOf, Either, Fields, ListOf

_PLAIN: Final = {
    str: shape.text,
    float: shape.number,
    int: shape.whole,
    bool: shape.flag,
    NoneType: shape.null,
}


@cache
def shape_of(kind: Any) -> Any:
    """Return the shape of a type."""
    if is_typeddict(kind):
        hints = {name: shape_of(hint) for name, hint in get_type_hints(kind).items()}
        needed = {name: each for name, each in hints.items() if name in kind.__required_keys__}
        return Fields(needed, {name: each for name, each in hints.items() if name not in needed})
    origin, parts = get_origin(kind), get_args(kind)
    if origin is list:
        return ListOf(shape_of(parts[0]))
    if origin is dict:
        return DictOf(shape_of(parts[1]))
    if origin is Literal:
        return shape.text
    if origin in (Union, UnionType):
        return _either([shape_of(part) for part in parts])
    return _PLAIN[kind]


def _either(shapes: list[Any]) -> Any:
    found = set(shapes)
    if found == {shape.text, shape.null}:
        return shape.text_or_null
    if found == {shape.number, shape.null}:
        return shape.number_or_null
    return Either(*shapes)
