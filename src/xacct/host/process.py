"""Whether a process is still the one it was: a pid alone may have been given to another."""

import os
import sys
from pathlib import Path


def started(pid: int) -> str | None:
    """When a process started, as an opaque mark that no later process of that pid shares; None if it is gone."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        state, *rest = fields.rpartition(")")[2].split()
        return None if state == "Z" else rest[18]
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        pass
    import subprocess  # noqa: PLC0415 - it takes its time, and Linux needs it not

    shown = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    return shown.stdout.strip() or None
