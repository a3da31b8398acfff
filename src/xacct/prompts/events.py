"""What happens to prompts, for the event bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct.prompts.prompt import Prompt


@dataclass(frozen=True, slots=True)
class PromptOpened:
    """A prompt is open, or its terms have changed (another attempt, a later `not_before`)."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class PromptClosed:
    """A prompt is gone.

    Attributes:
        outcome: answered, declined, withdrawn or timeout.
    """

    prompt: Prompt
    outcome: str
    sentence: str


PromptEvent = PromptOpened | PromptClosed
