"""Take each guard of scripts/guards.py away in turn, and see whether its test notices.

    python scripts/mutate_guards.py [WORD ...]   # all, or those whose name holds one of the words

On copies of the tree in a temporary directory, two at a time. A failure is a guard whose line or text isn't found,
whose test fails without any change, whose loss no test notices, or whose test does not end: a guard nobody would miss
is none, and of what hangs nobody knows. What fails is tried once more at the end, alone, since a test may need more
than a busy machine gives; only what fails twice fails the run. The failures are the last lines, with both results.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from guards import GUARDS, Guard

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[Path], tuple[bool, str]]
    """What is tried in a copy of the tree: whether all is as it has to be, and what came of it."""

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "xacct"
WORKERS = 2
PYTEST = (sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider")
WAITED = 15
"""Seconds that tests wait for what does not come (tests/support/waiting.py); they pass within them without a mutant."""

PATIENCE = 60.0
"""Seconds that a test gets."""

SLOWEST = 10
"""How many of those that took longest are shown."""

MARK = re.compile(r"(?:^|  )[ ]*# guard: ([a-z0-9-]+(?:, [a-z0-9-]+)*)$", re.MULTILINE)
"""The end of a line that a guard is at, or a line of its own above it."""


def read(source: str) -> tuple[str, dict[str, int]]:
    """A file without its marks, and where in it the line begins that each of them is at."""
    text, at, waiting = "", {}, []
    for line in source.splitlines(keepends=True):
        mark = MARK.search(line)
        code = MARK.sub("", line)
        if mark:
            waiting += mark[1].split(", ")
        if mark and not code.strip():
            continue
        at.update(dict.fromkeys(waiting, len(text)))
        waiting = []
        text += code
    return text, at


def find(source: Path = SOURCE) -> dict[str, list[Path]]:
    """The files that each mark is in: one, if all is well."""
    found: dict[str, list[Path]] = {}
    for folder, _, names in os.walk(source, followlinks=True):  # the units lie elsewhere
        for file in (Path(folder, name) for name in names if not name.endswith(".pyc")):
            for marks in MARK.findall(file.read_text(encoding="utf-8")):
                for name in marks.split(", "):
                    found.setdefault(name, []).append(file)
    return found


def without(source: str, name: str, guard: Guard) -> str:
    """A file with one of its guards taken away.

    Raises:
        ValueError: its text is not exactly once in the line that it is at (or begins there).
    """
    text, at = read(source)
    begin = at[name]
    times = text.count(guard.text, begin, text.index("\n", begin) + len(guard.text) - 1)
    if times != 1:
        raise ValueError(f"its text begins {times} times in its line")
    return text[:begin] + text[begin:].replace(guard.text, guard.instead, 1)


def copy_trees(folder: Path, tests: list[str]) -> list[Path]:
    """Copies of what the tests need, with all of it compiled: each mutant's process would do that anew."""
    first = copy_tree(folder / "0")
    writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    files = sorted({test.partition("::")[0] for test in tests})
    subprocess.run(
        [*PYTEST, "--collect-only", *files], cwd=first, env=writing | {"PYTHONPATH": str(first / "src")},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return [first, *(Path(shutil.copytree(first, folder / str(number))) for number in range(1, WORKERS))]


def copy_tree(to: Path) -> Path:
    """A copy of what the tests need."""
    skipped = shutil.ignore_patterns("__pycache__", "node_modules", "made", "*.egg-info")
    for name in ("src", "tests", "docs", "scripts"):
        shutil.copytree(ROOT / name, to / name, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "Makefile", "SECURITY.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, to)
    return to


def run_tests(tree: Path, tests: list[str]) -> tuple[int, str]:
    """The status of the tests in a copy (1: some failed), and the first that did."""
    # No bytecode of a mutant is written: two of the same second and length would be taken for each other.
    ours = {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1", "PATIENCE": str(WAITED)}
    with subprocess.Popen(
        [*PYTEST, "-x", "--tb=no", *tests],
        cwd=tree,
        env=os.environ | ours,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="backslashreplace",  # what a test failed with need not be UTF-8: it is some guards' very subject
        start_new_session=True,
    ) as run:
        try:
            said = run.communicate(timeout=PATIENCE * len(tests))[0]
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            return -1, f"no end within {PATIENCE * len(tests):.0f} s"
    failed = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return run.returncode, failed[0].split(" ", 1)[1].split(" - ")[0] if failed else said[-300:].strip()


def try_without(tree: Path, name: str, guard: Guard, files: list[Path]) -> tuple[bool, str]:
    """Whether a guard's test notices its loss, and which does (or what is wrong)."""
    if len(files) != 1:
        return False, f"it is marked in {len(files)} places"
    file = tree / files[0].relative_to(ROOT)
    before, as_of = file.read_text(encoding="utf-8"), file.stat().st_mtime_ns
    try:
        file.write_text(without(before, name, guard), encoding="utf-8")
        status, said = run_tests(tree, [guard.test])
    except ValueError as error:
        return False, str(error)
    finally:
        file.write_text(before, encoding="utf-8")
        os.utime(file, ns=(as_of, as_of))  # what was compiled of it is good again
    if status == 1:
        return True, said
    return False, "NOBODY NOTICES" if status == 0 else f"UNKNOWN, the test did not run to its end ({status}): {said}"


def try_whole(tree: Path, tests: list[str]) -> tuple[bool, str]:
    """Whether tests pass while nothing is taken away, and which does not."""
    status, said = run_tests(tree, tests)
    return status == 0, "" if status == 0 else said


def of_files(chosen: dict[str, Guard]) -> dict[str, list[str]]:
    """The tests of some guards, by their files: what runs in one process."""
    files: dict[str, list[str]] = {}
    for test in sorted({guard.test for guard in chosen.values()}):
        files.setdefault(test.partition("::")[0], []).append(test)
    return files


class Result(NamedTuple):
    """What came of one try.

    Attributes:
        good: whether it is as it has to be.
        said: which test failed, or what is wrong.
        seconds: how long it took.
    """

    good: bool
    said: str
    seconds: float


class Runner:
    """Tries works in copies of the tree, as many at a time as there are copies."""

    def __init__(self, trees: list[Path]) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        self._workers = len(trees)
        for tree in trees:
            self._free.put(tree)

    def run(self, works: dict[str, Work], failing: str) -> tuple[dict[str, Result], dict[str, list[Result]]]:
        """Try all of it, and what fails once more, one after the other.

        Args:
            works: by name.
            failing: what is printed of something that has failed for the first time.

        Returns:
            The result of each first try, and both results of what has failed twice.
        """
        with ThreadPoolExecutor(self._workers) as pool:
            first = {}
            for name, result in zip(works, pool.map(self._attempt, works.values()), strict=True):
                first[name] = result
                print(f"{'ok' if result.good else failing:4}  {name:45} {result.said}".rstrip(), flush=True)
        failed = {}
        for name in [name for name, result in first.items() if not result.good]:
            again = self._attempt(works[name])
            print(f"{'ok at the second try' if again.good else 'FAIL twice':20}  {name:45} {again.said}", flush=True)
            if not again.good:
                failed[name] = [first[name], again]
        return first, failed

    def _attempt(self, work: Work) -> Result:
        tree, began = self._free.get(), time.monotonic()
        try:
            good, said = work(tree)
        finally:
            self._free.put(tree)
        return Result(good, said, time.monotonic() - began)


def main() -> int:
    """Try all guards. Returns the exit status."""
    words, began = sys.argv[1:], time.monotonic()
    chosen = {name: guard for name, guard in GUARDS.items() if not words or any(word in name for word in words)}
    marked = find()
    whole: dict[str, Work] = {f"{f} whole": partial(try_whole, tests=tests) for f, tests in of_files(chosen).items()}
    lost: dict[str, Work] = {
        name: partial(try_without, name=name, guard=guard, files=marked.get(name, [])) for name, guard in chosen.items()
    }
    with tempfile.TemporaryDirectory(prefix="xacct-mutants-") as folder:
        runner = Runner(copy_trees(Path(folder), [guard.test for guard in chosen.values()]))
        results, failed = runner.run(whole | lost, "once")
    summarize(results, failed)
    print(f"{len(chosen)} guards, {len(failed)} failures, in {time.monotonic() - began:.0f} s")
    for name, (first, again) in failed.items():
        print(f"FAIL  {name}\n      first: {first.said}\n      again: {again.said}")
    return 1 if failed else 0


def summarize(results: dict[str, Result], failed: dict[str, list[Result]]) -> None:
    """Print what took longest, and what failed at its first try alone."""
    print(f"\nthe slowest {SLOWEST}:")
    for name in sorted(results, key=lambda name: -results[name].seconds)[:SLOWEST]:
        print(f"{results[name].seconds:6.1f} s  {name}")
    for name, result in results.items():
        if not result.good and name not in failed:
            print(f"failed at the first try alone: {name}: {result.said}")


if __name__ == "__main__":
    sys.exit(main())
