"""A pinentry that says what a test wants, and writes down what it is told."""

import json
import os
import sys
import time
from pathlib import Path

HANG = "hang"
"""In the place of lines: it shows its window, and nobody does anything."""


class ScriptedPinentry:
    """A program in a directory.

    Args:
        directory: where it lies.
        answers: the lines with which it answers each GETPIN or CONFIRM in turn, or HANG; over all of its runs.
        flavour: what it calls itself. greeting: its first line.
    """

    def __init__(self, directory, *answers, flavour="gtk2", greeting="OK Pleased to meet you"):
        self.directory = directory
        self.program = str(directory / "pinentry")
        self._log = directory / "heard"
        script = {"flavour": flavour, "greeting": greeting, "answers": answers, "directory": str(directory)}
        (directory / "script").write_text(json.dumps(script))
        here = Path(self.program)
        here.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" "{directory}/script" "$@"\n')
        here.chmod(0o755)

    @property
    def heard(self):
        """What it was told in all of its runs, a line each."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    @property
    def asked(self):
        """How often it has shown a window."""
        return sum(line in {"GETPIN", "CONFIRM"} for line in self.heard)

    @property
    def env(self):
        """The environment of its last run."""
        return json.loads((self.directory / "env").read_text())

    @property
    def pid(self):
        """Of its last run."""
        return int((self.directory / "pid").read_text())


def main(script_file):
    script = json.loads(Path(script_file).read_text())
    directory = Path(script["directory"])
    (directory / "env").write_text(json.dumps(dict(os.environ)))
    (directory / "pid").write_text(str(os.getpid()))
    say(script["greeting"])
    for line in sys.stdin:
        with (directory / "heard").open("a") as log:
            log.write(line)
        command = line.rstrip("\n")
        if command == "GETINFO flavor":
            say(f"D {script['flavour']}", "OK")
        elif command in {"GETPIN", "CONFIRM"}:
            answer(script["answers"], directory / "turn")
        elif command.startswith("OPTION "):
            say("ERR 83886254 Unknown option")
        else:
            say("OK")


def answer(answers, turn_file):
    turn = int(turn_file.read_text()) if turn_file.exists() else 0
    turn_file.write_text(str(turn + 1))
    lines = answers[turn]
    if lines == HANG:
        time.sleep(600)
    say(*lines)


def say(*lines):
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
