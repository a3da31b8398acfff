"""What the command line can't go on with: a sentence and a hint for the human."""

from __future__ import annotations


class Problem(Exception):
    """A sentence that says what is wrong, and a hint that says what to do about it."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
