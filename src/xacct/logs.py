"""Structured logs on stderr, and nobody else's chatter: botocore's debug log holds keys and tokens."""

from __future__ import annotations

import io
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from xacct.text import clean

if TYPE_CHECKING:
    import asyncio
    from collections.abc import MutableMapping
    from typing import Any

    from _typeshed import ReadableBuffer

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

log = structlog.get_logger("xacct")


class _Lossy(io.FileIO):
    """A descriptor that takes what it can: a full disk, or a reader that is gone, costs the lines and nothing else."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write it, if that can be; all of it counts as written."""
        with suppress(OSError):
            super().write(data)
        return memoryview(data).nbytes


def let_stderr_lose_lines() -> None:
    """From now on nothing fails because a line can't be logged: each stands between a decision and its deed."""
    real = sys.__stderr__
    if real is not None and sys.stderr is real:
        raw = _Lossy(real.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)


class WithoutWords(logging.Formatter):
    """Which library complains, and of what kind of exception: aiohttp's message quotes the bytes it can't parse."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of it."""
        kind = record.exc_info[0] if record.exc_info else None
        return f"level={record.levelname} logger={record.name} kind={kind.__name__ if kind else None}"


def configure(level: str, style: str) -> None:
    """Log from now on at `level` (debug, info, warning, error) as `style` (logfmt or json)."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if style == "logfmt":
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _cleaned,  # guard: log-words
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _keep_libraries_quiet()


def _cleaned(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Without what could drive the terminal of whoever reads the log: a line holds labels, and AWS's words."""
    return {clean(key): _clean_value(value) for key, value in line.items()}


def _clean_value(value: object) -> object:
    match value:
        case str():
            return clean(value)
        case list() | tuple() | set() | frozenset():
            return [_clean_value(each) for each in value]
        case dict():
            return {clean(str(key)): _clean_value(each) for key, each in value.items()}
        case int() | float() | None:
            return value
    return clean(str(value))


def _keep_libraries_quiet() -> None:
    """Libraries only when something is wrong, whatever our own level: see this file's first line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithoutWords())  # guard: libraries-arent-quoted
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)  # guard: libraries-are-quiet


def complain(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The event loop's exception handler: says what broke by its type, never by its words."""
    del loop
    exception = context.get("exception")
    log.error(
        "loop complained",
        what=str(context.get("message", ""))[:80].split("<")[0],  # guard: loop-isnt-quoted
        kind=type(exception).__name__,
    )
