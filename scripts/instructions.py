"""Count the instructions of the daily commands, and fail where a change adds more than a tenth.

usage: make instructions      (or: .venv/bin/python scripts/instructions.py [--store])

Wall and processor time say little on a busy machine; the number of instructions hardly changes (callgrind, a tool of
valgrind, counts them). What is stored in scripts/instructions.json is a ratio: the command's instructions to those of a
bare Python, `python -I -S -c pass`, counted in the same run by the same interpreter, for each minor version of Python.
So it holds over machines and patch releases; a version that has no ratio yet is left out, with a word. `--store` stores
what this run counts, after a change that is worth it.

The commands run as the launcher runs them (scripts/launcher.sh, src/xacct/ctl/bundle.py), and are answered by the
tests' fake daemon.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
STORED = Path(__file__).with_suffix(".json")
TESTS = ROOT / "tests"
sys.path[:0] = [str(TESTS / "ctl"), str(TESTS / "support"), str(ROOT / "src")]
from fake_daemon import FakeDaemon  # noqa: E402
from launcher import written  # noqa: E402

BARE = "bare"
COMMANDS = {
    "process": ["process", "prod"],
    "env": ["env", "prod"],
    "status": ["status"],
    "exec": ["exec", "prod", "--", "true"],
}
MARGIN = 1.1
"""What a command may have more than is stored."""

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
PATIENCE = 120.0


def count(command: list[str], env: dict[str, str]) -> int:
    """The instructions of a command, which has to succeed; those of its children are not among them."""
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    done = subprocess.run(
        valgrind, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"{' '.join(valgrind)} failed ({done.returncode}):\n{done.stderr}")
    return int(found[1])


def measured() -> dict[str, float]:
    """Each command's ratio to a bare Python."""
    scratch = Path(tempfile.mkdtemp(prefix="xacct-i-", dir="/tmp"))
    try:
        return _measured(scratch)
    finally:
        shutil.rmtree(scratch)


def _measured(scratch: Path) -> dict[str, float]:
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(scratch), "LC_ALL": "C.UTF-8"}
    for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        env[name] = str(scratch / name)
        (scratch / name / "xacct").mkdir(parents=True, mode=0o700)
    launcher = written(scratch)
    if launcher is None:
        raise SystemExit(f"no first line can name {sys.executable}")
    isolated = [sys.executable, "-I", "-S"]
    commands = {
        BARE: [*isolated, "-c", "pass"],
        **{name: [*isolated, launcher, *words] for name, words in COMMANDS.items()},
    }
    daemon = FakeDaemon(scratch / "XDG_RUNTIME_DIR" / "xacct" / "control.sock").start()
    try:
        for words in commands.values():  # Python writes its bytecode, which is not to be counted
            subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=PATIENCE)
        with ThreadPoolExecutor(2) as threads:
            counts = dict(zip(commands, threads.map(lambda words: count(words, env), commands.values()), strict=True))
    finally:
        daemon.stop()
    return {name: round(counts[name] / counts[BARE], 3) for name in COMMANDS}


def verdicts(found: dict[str, float], stored: dict[str, float]) -> list[str]:
    """A sentence for each command that has more than it may have."""
    return [
        f"xacctctl {name} takes {ratio:.2f} times a bare Python's instructions; {stored[name]:.2f} are stored, and a "
        f"tenth more is too much. What does it load or do now? If it is worth it: make instructions STORE=yes"
        for name, ratio in found.items()
        if name in stored and ratio > stored[name] * MARGIN
    ]


def main() -> int:
    """Count, and compare or store."""
    parser = argparse.ArgumentParser(description="Count the instructions of the daily commands.")
    parser.add_argument("--store", action="store_true", help="store what is counted, for this version of Python")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("instructions: skipped, there is no valgrind here")
        return 0
    stored = json.loads(STORED.read_text("utf-8"))
    if VERSION not in stored and not arguments.store:
        print(f"instructions: skipped, none are stored for Python {VERSION} (make instructions STORE=yes)")
        return 0
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    found = measured()
    print("instructions:", ", ".join(f"{name} x {ratio:.2f}" for name, ratio in found.items()), "of a bare Python's")
    if arguments.store:
        STORED.write_text(json.dumps({**stored, VERSION: found}, indent=2, sort_keys=True) + "\n", "utf-8")
        return 0
    wrong = verdicts(found, stored[VERSION])
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
