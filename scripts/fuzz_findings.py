"""What the fuzzers count, and what they have found."""

from __future__ import annotations

import traceback
from collections import Counter


class Findings:
    """What was run, and what went wrong."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.largest_buffer = 0

    def found(self, what: str, data: bytes) -> None:
        """Something went wrong with an input."""
        self.wrong.append(f"{what}\n  input: {data[:400]!r}\n{traceback.format_exc(limit=-3)}")
