"""A program that the daemon talks with, line by line, for as long as a human takes."""

from __future__ import annotations

import os
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from xacct.host import process_groups
from xacct.host.child import Child, ChildError, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

AHEAD = 4096
"""Bytes that a program may print before they are read: a line, or a few."""


class Conversation:
    """One that is going on."""

    def __init__(self, child: Child, stdin: int) -> None:
        self._child = child
        self._stdin = stdin

    def say(self, line: bytes) -> None:
        """Send a line.

        Raises:
            ChildError: The program has ended, or does not read.
        """
        try:
            sent = os.write(self._stdin, line + b"\n")
        except OSError:
            sent = -1
        if sent != len(line) + 1:
            raise ChildError("does not listen")

    async def heard(self) -> bytes:
        """Wait for a line, and return it.

        Raises:
            ChildError: The program has ended, or has printed too much ahead.
        """
        return await self._child.line()


@asynccontextmanager
async def talk(arguments: Sequence[str], env: Mapping[str, str]) -> AsyncIterator[Conversation]:
    """Start a program to talk with. It is ended at the end, with all that it has started.

    Args:
        arguments: The program and its arguments; no shell reads them.
        env: Its environment, and no more than that.

    Raises:
        ChildError: It can't be started.
    """
    popen = await started(arguments, env, stdin=subprocess.PIPE)
    child = Child(popen, AHEAD)
    try:
        stdin = popen.stdin
        assert stdin is not None  # noqa: S101 - it was asked for
        os.set_blocking(stdin.fileno(), False)
        with stdin:
            yield Conversation(child, stdin.fileno())
    finally:
        try:
            await child.end()  # guard: conversation-ends-its-program
        finally:
            child.close()
            process_groups.ended(popen.pid)
