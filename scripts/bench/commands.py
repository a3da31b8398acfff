"""The start-up part of the bench: the daily commands beside a Python that does nothing, in wall and processor time.

The commands run as `make install` has them run (scripts/launcher.sh, src/xacct/ctl/bundle.py), and one as pip's script
has it. Whatever is compared takes turns, each round in another order. Processor time is the command's own and its
children's, as the kernel accounts it when they end; what the daemon does for them is in the wall time alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from launcher import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack import Stack

ROUNDS = 21
NOTHING = "python -c pass"

Times = dict[str, list[tuple[float, float]]]
"""Wall and processor time in milliseconds, round by round."""


def launcher(directory: Path) -> str:
    """Write the launcher of this checkout; return its path."""
    file = written(directory)
    if file is None:
        raise SystemExit(f"no first line can name {sys.executable}")
    return file


def daily(stack: Stack) -> Times:
    """Time the daily commands; `prod` is held."""
    xacctctl = launcher(stack.dir)
    commands = {
        NOTHING: [sys.executable, "-c", "pass"],
        "xacctctl process prod": [xacctctl, "process", "prod"],
        "xacctctl env prod": [xacctctl, "env", "prod"],
        "xacctctl status": [xacctctl, "status"],
        "xacctctl exec prod -- true": [xacctctl, "exec", "prod", "--", "true"],
    }
    script = Path(sys.executable).with_name("xacctctl")
    if script.exists():
        commands["xacctctl process prod, by pip's script"] = [str(script), "process", "prod"]
    return _take_turns(commands, stack)


def long_status(stack: Stack, roles: int) -> Times:
    """Time `status` where there are many roles."""
    commands = {
        NOTHING: [sys.executable, "-c", "pass"],
        f"xacctctl status, {roles:,} roles": [launcher(stack.dir), "status"],
    }
    return _take_turns(commands, stack, ROUNDS // 2)


def configure(stack: Stack, roles: int) -> None:
    """Put that many roles into the AWS config file of a stack whose daemon has not been started."""
    config = Path(stack.env["AWS_CONFIG_FILE"])
    arn = "arn:aws:iam::111122223333:role"
    sections = [
        f"[profile many-{number:04d}]\nrole_arn = {arn}/many-{number}\nsource_profile = central\n"
        for number in range(roles)
    ]
    config.write_text(config.read_text("utf-8") + "\n" + "\n".join(sections), "utf-8")


def exec_memory(stack: Stack) -> tuple[float, float]:
    """Memory, in MiB, of the xacctctl that waits for the command of an `exec`: resident, and its proportional part.

    The second shares what is mapped by several processes (Python's program text) among them: what the process adds.
    """
    read, write = os.pipe()
    command = [launcher(stack.dir), "exec", "prod", "--", "sh", "-c", "echo up; exec sleep 60"]
    with subprocess.Popen(command, env=stack.env, stdin=subprocess.DEVNULL, stdout=write) as waiting:
        os.close(write)
        os.read(read, 3)
        found = Path(f"/proc/{waiting.pid}/smaps_rollup").read_text("ascii")
        waiting.terminate()
    os.close(read)
    resident, proportional = (int(found.partition(f"\n{name}:")[2].split()[0]) / 1024 for name in ("Rss", "Pss"))
    return resident, proportional


def _take_turns(commands: dict[str, list[str]], stack: Stack, rounds: int = ROUNDS) -> Times:
    taken: Times = {name: [] for name in commands}
    names = list(commands)
    for number in range(-2, rounds):  # the first two warm the caches
        for place in range(len(names)):
            name = names[(place + number) % len(names)]
            times = timed(commands[name], stack.env)
            if number >= 0:
                taken[name].append(times)
        print(".", end="", file=sys.stderr, flush=True)
    return taken


def timed(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Run a command, which has to succeed; wall and processor time in milliseconds."""
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
    began = time.perf_counter()
    pid = os.posix_spawn(command[0], command, env, file_actions=nowhere)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join(command)} failed: {os.waitstatus_to_exitcode(status)}")
    return wall * 1000, (used.ru_utime + used.ru_stime) * 1000


def rows(times: Times) -> list[list[str]]:
    """The table's rows: medians, and the medians of each round's ratio to a Python that does nothing."""
    nothing = times[NOTHING]
    found = []
    for name, taken in times.items():
        pairs = list(zip(taken, nothing, strict=True))
        found.append(
            [
                f"`{name}`",
                f"{median(wall for wall, _ in taken):.1f}",
                f"{min(wall for wall, _ in taken):.1f}",
                f"{median(cpu for _, cpu in taken):.1f}",
                f"x {median(mine[0] / other[0] for mine, other in pairs):.2f}",
                f"x {median(mine[1] / other[1] for mine, other in pairs):.2f}",
            ]
        )
    return found


HEADINGS: Sequence[str] = ("", "median ms", "fastest ms", "CPU ms", "ratio", "ratio of CPU")
