"""Makes docs/captures: what a terminal of 80 columns shows of xacctctl, as text, in tmux with a stand-in for xacctd.

    python scripts/captures.py            write them
    python scripts/captures.py --check    compare, and fail where one differs

tests/system/test_captures.py compares as well. tmux is the terminal emulator: what is captured is what it would show.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "captures"
PATIENCE = 60.0
"""Seconds until something has to be on the screen."""

sys.path += [str(ROOT / "tests" / "ctl"), str(ROOT / "tests" / "support"), str(ROOT / "src")]
from fake_daemon import FakeDaemon  # noqa: E402 - it is no package

CUSTOMERS = ("acme", "borealis", "cumulus", "delta", "ember", "fjord", "granite", "harbour", "iris", "juniper")
STAGES = ("dev", "test", "stage", "prod", "audit", "backup", "billing", "support")
GROUP = ("acme-prod", "borealis-prod", "cumulus-prod", "delta-prod")
STATES = ("held", "idle", "held", "idle", "idle", "needs-code", "held", "idle", "failed", "idle")


class Screen:
    """A terminal of its own in tmux, without anybody's settings."""

    def __init__(self, place: Path, size: tuple[int, int], words: str) -> None:
        self._tmux = ["tmux", "-S", str(place / "tmux"), "-f", "/dev/null"]
        columns, lines = map(str, size)
        self._run("new-session", "-d", "-x", columns, "-y", lines, words)

    def type(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        self._run("send-keys", *keys)

    def shows(self, text: str) -> str:
        """Wait until something is on the screen. Returns all of it."""
        end = time.monotonic() + PATIENCE
        while text not in (shown := self._run("capture-pane", "-p")):
            if time.monotonic() > end:
                raise TimeoutError(f"{text!r} did not appear; instead:\n{shown}")
            time.sleep(0.05)
        return shown

    def close(self) -> None:
        """End it."""
        self._run("kill-server")

    def _run(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True)
        return done.stdout


class Capture(NamedTuple):
    """What is typed, and where it ends."""

    line: str
    size: tuple[int, int]
    steps: Callable[[Screen], str]


def _picker(screen: Screen) -> str:
    screen.shows("80 of 80")
    screen.type("p", "r", "o", "d", "Space", "Space", "Down")
    return screen.shows("10 of 80, 2 chosen")


def _login(screen: Screen) -> str:
    screen.shows("(attempt 1 of 3):")
    screen.type("123456", "Enter")
    screen.shows("delta-prod: held")
    return screen.shows("status 0")


def _status(screen: Screen) -> str:
    return screen.shows("status 0")


def _watch(screen: Screen) -> str:
    screen.shows("aws 4711")
    screen.type("/", "p", "r", "o", "d", "Enter", "Down", "l")
    screen.shows("______")
    screen.type("123")
    return screen.shows("123___")


def _answered(screen: Screen) -> str:
    _watch(screen)
    screen.type("456", "Enter")
    return screen.shows("26 held")


CAPTURES = {
    "picker": Capture("login", (80, 24), _picker),
    "login-of-a-group": Capture("login @customers", (80, 24), _login),
    "status-of-80-roles": Capture("status", (80, 100), _status),
    "status-by-account": Capture("status --filter prod --group account", (80, 40), _status),
    "watch": Capture("status --watch", (80, 24), _watch),
    "watch-answered": Capture("status --watch", (80, 24), _answered),
}


def _world(fake: FakeDaemon) -> None:
    """Eighty roles of ten customers."""
    names = [f"{customer}-{stage}" for customer in CUSTOMERS for stage in STAGES]
    fake.roles = dict.fromkeys(names)
    fake.needs_code = True
    held = {GROUP[0]}
    fake.answers["/v1/status"] = lambda _body: _status_of(fake, names, held)
    words = {"word=%40customers": GROUP}
    fake.answers |= {f"/v1/selection?{word}": {"roles": list(roles)} for word, roles in words.items()}
    login = fake._post_login  # noqa: SLF001 - what it does but for the name of the group
    unknown = {"code": "unknown-role", "category": "usage", "sentence": "There is no role @customers.", "hint": ""}
    problem = sys.modules["fake_daemon"].ProblemError

    def logged_in(body: dict[str, Any]) -> Any:
        if "@customers" in body["roles"]:
            raise problem(404, unknown)
        return _answered_by(login("/v1/login", body), lambda: held.update(body["roles"]))

    fake.answers["/v1/login"] = logged_in
    line = {"time": "2026-11-22T12:00:00Z", "event": "fetch", "role": "acme-prod", "what": "served", "count": 1}
    line |= {"uid": 1000, "pid": 4711, "exe": "/usr/bin/aws", "grant": {"id": "g1", "label": "a shell"}}
    fake.answers["/v1/audit?follow=1"] = lambda _body: chain([line], fake._get_events("", None))  # noqa: SLF001


def _answered_by(events: Iterable[Any], then: Callable[[], object]) -> Iterator[Any]:
    """The events of a login; what is held by then is so before the last of them is told."""
    for event in events:
        if event.get("event") == "held":
            then()
        yield event


def _status_of(fake: FakeDaemon, names: list[str], held: Collection[str]) -> dict[str, Any]:
    answer = fake._get_status(None, None)  # noqa: SLF001 - its shape, with other roles
    now, nothing = answer["now"], dict.fromkeys(("expires_at", "mfa_expires_at", "last_used", "next_renewal", "error"))
    rows = []
    for number, name in enumerate(names):
        customer = CUSTOMERS.index(name.partition("-")[0])
        account = f"{111122220000 + customer}"
        state = "held" if name in held else STATES[(number * 7 + number // 8) % 10]
        row = {**nothing, "name": name, "account": account, "account_name": CUSTOMERS[customer], "state": state}
        row["role_arn"] = f"arn:aws:iam::{account}:role/{name.partition('-')[2].title()}"
        if name.endswith("-prod"):
            row["production"] = True
        if state == "held":
            row |= {"expires_at": now + 3330.5 - 40 * number, "mfa_expires_at": now + 7 * 3600 + 330.5}
            row |= {"last_used": now - 120.5, "next_renewal": now + 1500.5}
        if state == "failed":
            sentence = "AWS refuses the role: access denied."
            row["error"] = {"code": "access-denied", "category": "refused", "sentence": sentence, "hint": ""}
        rows.append(row)
    session = answer["sessions"][0] | {"expires_at": now + 7 * 3600 + 330.5}  # not on the verge of another minute
    return {**answer, "roles": rows, "sessions": [session], "notes": []}


@contextmanager
def _served() -> Iterator[Path]:
    """A place of its own with a daemon that serves it."""
    place = Path(tempfile.mkdtemp(prefix="xc", dir="/tmp"))
    for name in ("r", "s", "c", "h"):
        (place / name).mkdir(mode=0o700)
    (place / "r" / "xacct").mkdir(mode=0o700)
    fake = FakeDaemon(place / "r" / "xacct" / "control.sock")
    _world(fake)
    fake.start()
    try:
        yield place
    finally:
        fake.stop()
        shutil.rmtree(place)


def made(name: str) -> str:
    """Make one capture."""
    capture = CAPTURES[name]
    with _served() as place:
        env = {"XDG_RUNTIME_DIR": place / "r", "XDG_STATE_HOME": place / "s", "XDG_CONFIG_HOME": place / "c"}
        env |= {"HOME": place / "h", "PYTHONPATH": ROOT / "src", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        words = " ".join(f"{key}={value}" for key, value in env.items())
        unset = "-u COLUMNS -u LINES -u XACCT_ROLE -u XACCT_SOCKET"
        show = f"echo '$ xacctctl {capture.line}'; "
        run = f"env {unset} {words} {sys.executable} -m xacct.ctl {capture.line}; echo status $?; sleep 600"
        screen = Screen(place, capture.size, show + run)
        try:
            shown = capture.steps(screen)
        finally:
            screen.close()
    lines = [line.rstrip() for line in shown.splitlines() if not line.startswith("status 0")]
    return "\n".join(lines).rstrip("\n") + "\n"


def main() -> int:
    """Write them all, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    FOLDER.mkdir(exist_ok=True)
    differ = 0
    for name in CAPTURES:
        text, file = made(name), FOLDER / f"{name}.txt"
        if check and file.read_text("utf-8") != text:
            sys.stdout.write(f"{file.relative_to(ROOT)} is not what a terminal shows now:\n{text}")
            differ = 1
        elif not check:
            file.write_text(text, "utf-8")
    return differ


if __name__ == "__main__":
    os.environ.pop("TMUX", None)
    sys.exit(main())
