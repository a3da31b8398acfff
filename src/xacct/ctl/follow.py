"""Waiting on two things at once: what the daemon streams, and what the human types."""

import select
from collections.abc import Iterator, Sequence
from typing import Any

from xacct import wire
from xacct.ctl.ask import Conversation
from xacct.ctl.client import Stream, event
from xacct.ctl.terminal import Terminal


def follow(
    stream: Stream,
    terminal: Terminal | None,
    conversation: Conversation | None,
    begun: Sequence[dict[str, Any]] = (),
) -> Iterator[dict[str, Any]]:
    """Yield every event that is no prompt, until the stream ends; prompts go to the conversation.

    On Ctrl-C the terminal is left clean. `begun` are the events that were read of the stream already.

    Raises:
        CtlError: what has come is no event.
    """
    if terminal is None or conversation is None:
        yield from stream
        return
    try:
        events: Sequence[dict[str, Any]] | None = begun
        while events is not None:
            for raw in events:
                if not _prompted(raw, conversation):
                    yield raw
            events = _next(stream, terminal, conversation)
    except KeyboardInterrupt:
        conversation.hush()
        raise


def _next(
    stream: Stream,
    terminal: Terminal,
    conversation: Conversation,
) -> list[dict[str, Any]] | None:
    """Wait for one thing. The stream comes first: it may say that the question is gone."""
    sources: list[Stream | Terminal] = [stream]
    if conversation.listening:
        sources.append(terminal)
    if stream.ready():
        return stream.read()
    ready, _, _ = select.select(sources, [], [], conversation.patience())
    if stream in ready:
        return stream.read()
    if ready:
        conversation.typed()
    else:
        conversation.refresh()
    return []


def _prompted(raw: dict[str, Any], conversation: Conversation) -> bool:
    match raw.get("event"):
        case "prompt":
            conversation.raised(event(raw, wire.PromptEvent)["prompt"])
        case "prompt-closed":
            conversation.closed(event(raw, wire.PromptClosedEvent))
        case _:
            return False
    return True
