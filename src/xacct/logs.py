"""Structured logs on stderr, and nobody else's chatter: botocore's debug log holds keys and tokens.

structlog and logging are loaded at the first line that is logged: a restarted daemon serves before that.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    import logging
    from typing import Any

    import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Logger:
    """A structlog logger that is made when it is first used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        """`debug`, `info`, `warning`, `error`: an event, and what there is to say of it as keywords."""
        import structlog  # noqa: PLC0415 - see this file's first lines

        return getattr(structlog.get_logger(self._name), method)


def configure(level: str, style: str) -> None:
    """Log from now on at `level` (debug, info, warning, error) as `style` (logfmt or json)."""
    import structlog  # noqa: PLC0415 - likewise

    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if style == "logfmt":
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _keep_libraries_quiet()


def _keep_libraries_quiet() -> None:
    """Libraries only when something is wrong, whatever our own level: see this file's first line."""
    import logging  # noqa: PLC0415 - likewise

    class WithoutWords(logging.Formatter):
        """Which library complains, and of what kind of exception: aiohttp's message quotes the bytes it can't parse."""

        def format(self, record: logging.LogRecord) -> str:
            kind = record.exc_info[0] if record.exc_info else None
            return f"level={record.levelname} logger={record.name} kind={kind.__name__ if kind else None}"

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithoutWords())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def complain(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The event loop's exception handler: says what broke by its type, never by its words."""
    del loop
    exception = context.get("exception")
    Logger("xacct").error(
        "loop complained",
        what=str(context.get("message", ""))[:80].split("<")[0],
        kind=type(exception).__name__,
    )
