"""A child process that is asked something or shows something: its output, or nothing; never left behind."""

from __future__ import annotations

import asyncio
import contextlib

LONGEST_OUTPUT = 4096


async def output_of(arguments: list[str]) -> str | None:
    """What a program prints, if it ends well; None otherwise. Cancelled: the program is ended too."""
    try:
        child = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LONGEST_OUTPUT,
        )
    except (OSError, ValueError):
        return None
    try:
        out, _ = await child.communicate()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            await child.wait()
    return out.decode("utf-8", "replace").strip() if child.returncode == 0 else None
