"""JSON of the control API, read and written without the `json` module: loading that takes as long as a whole request.

Reading is left to the part of it that is written in C; what we send is simple enough to be written here. Where there is
no such part the module itself does it. tests/ctl/test_lean.py compares the two.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_BLANK: Final = " \t\n\r"


class _Plain:
    """The settings of `json.loads` where it is called without any."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float = parse_constant = float
    parse_int = int


def loads(content: bytes) -> Any:
    """Return what some JSON in UTF-8 says.

    Raises:
        ValueError: it is none.
        RecursionError: it is too deep.
    """
    text = content.decode()
    if (scan := _scanner()) is None:
        import json  # noqa: PLC0415 - see above

        return json.loads(text)
    try:
        value, end = scan(text, len(text) - len(text.lstrip(_BLANK)))
    except StopIteration:
        raise ValueError("no value") from None
    if text[end:].strip(_BLANK):
        raise ValueError("more than a value")
    return value


def load() -> None:
    """Load what `loads` needs: worth doing while the daemon has something to do."""
    _scanner()


def _scanner() -> Callable[[str, int], tuple[Any, int]] | None:
    try:
        from _json import make_scanner  # noqa: PLC0415 - late, and seldom missing

        return make_scanner(_Plain)  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError):
        return None


def dumps(value: object) -> str:
    """Return a value as `json.dumps` writes it: None, bool, int, float, str, and dicts and lists of them."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(name)}: {dumps(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(dumps, value)) + "]"
    assert isinstance(value, int | float), type(value)  # noqa: S101
    return repr(value)


def _quoted(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    try:
        from _json import encode_basestring_ascii  # noqa: PLC0415 - seldom missing
    except ImportError:
        from json.encoder import py_encode_basestring_ascii as encode_basestring_ascii  # noqa: PLC0415
    return encode_basestring_ascii(text)
