"""Starts the load of load.py beside a test, and says afterwards who failed and who waited how long, event by event.

with Load(resident.spawn_load) as load:        # a function that starts `load.py WORDS...`: a Popen
    load.ramp()
    time.sleep(6)                              # the baseline: nothing happens
    with load.event("restart"):
        machine.systemctl("restart", "xacctd")
load.report.failed; print(load.report)
"""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

PARTS = (
    ("raw", "--rate", "200", "--kept", "5"),
    *[("boto3", "--loops", "5", "--pause", "1.5")] * 4,
    ("cli", "--loops", "2", "--pause", "4"),
)
"""Twenty boto3 loops, two of the CLI, 250 raw requests a second: half of two cores, so that waits mean something."""

RAMP = 3.0
"""Seconds for the load to start, at most for its slowest part to have asked once."""


@dataclass(frozen=True)
class Request:
    """One request of a client; times in seconds by CLOCK_MONOTONIC."""

    kind: str
    start: float
    seconds: float
    outcome: str

    @property
    def end(self):
        return self.start + self.seconds

    @property
    def ok(self):
        return self.outcome in ("ok", "ok again")


@dataclass(frozen=True)
class Event:
    """Something that was done to the daemon, from the moment before to the one after."""

    name: str
    begin: float
    end: float

    def met(self, request):
        """Whether the request was under way at it."""
        return request.start <= self.end and request.end >= self.begin


@dataclass(frozen=True)
class Report:
    """What a load saw. Requests before `begin` belong to its start and count only where they failed."""

    requests: list[Request]
    events: list[Event]
    begin: float
    target: float | None = None

    @property
    def failed(self):
        return [request for request in self.requests if not request.ok]

    def died_at(self, name):
        """Raw requests that were accepted and not answered when the event of that name came."""
        events = [event for event in self.events if event.name == name]
        raw = [r for r in self.failed if r.kind in ("raw", "kept") and r.outcome == "reset"]
        return [request for request in raw if any(event.met(request) for event in events)]

    def counts(self):
        """(kind, outcome) -> how often."""
        return Counter((request.kind, request.outcome) for request in self.requests)

    def waits(self, kind, begin, end):
        """Seconds of each request of a kind that started in a span, sorted."""
        return sorted(r.seconds for r in self.requests if r.kind == kind and begin <= r.start < end)

    def baseline(self, kind):
        """Waits before anything was done."""
        return self.waits(kind, self.begin, self.events[0].begin if self.events else float("inf"))

    def longest(self, event, *kinds):
        """The longest wait of those who were under way at an event or started after it, and before the next."""
        following = min((other.begin for other in self.events if other.begin > event.begin), default=float("inf"))
        waits = [
            r.seconds for r in self.requests if r.kind in kinds and r.end >= event.begin and r.start < following - 0.1
        ]
        return max(waits, default=0.0)

    def __str__(self):
        return "\n".join(["", *self._counted(), *self._timed(), *self._attributed(), *self._named()])

    def _counted(self):
        for (kind, outcome), number in sorted(self.counts().items()):
            yield f"  {kind:6} {number:6} {outcome[:200]}"

    def _timed(self):
        yield f"  {'ms':6} {'p50':>17} {'p99':>17} {'longest':>17}   baseline / all the while"
        for kind in sorted({request.kind for request in self.requests}):
            spans = (self.baseline(kind), self.waits(kind, self.begin, float("inf")))
            if all(spans):
                cells = (f"{_ms(_at(spans[0], q))} /{_ms(_at(spans[1], q))}" for q in (0.5, 0.99, 1.0))
                yield f"  {kind:6} " + " ".join(f"{cell:>17}" for cell in cells)

    def _attributed(self):
        base = max(self.baseline("raw") + self.baseline("kept"), default=0.0)
        for name in dict.fromkeys(event.name for event in self.events):
            worst = sorted(self.longest(event, "raw", "kept") for event in self.events if event.name == name)
            aim = f", aim {_ms(self.target)}" if self.target else ""
            ratio = f"{worst[-1] / base:.1f} times the baseline's longest" if base else "no baseline"
            each = " ".join(_ms(wait) for wait in worst)
            yield f"  longest raw wait at each {name}, ms:{each} (median{_ms(_at(worst, 0.5))}{aim}; {ratio})"
            yield f"  raw requests that died in flight at each {name}: {len(self.died_at(name)) / len(worst):.1f}"

    def _named(self):
        for request in self.failed[:10]:
            before = [event for event in self.events if event.begin <= request.end]
            when = f"{request.end - before[-1].begin:.3f} s after {before[-1].name} began" if before else "before all"
            yield f"  FAILED {request.kind} {request.outcome[:200]}, took {request.seconds:.3f} s, {when}"


def _ms(seconds):
    return f"{seconds * 1000:7.1f}"


def _at(waits, share):
    return waits[min(len(waits) - 1, int(share * len(waits)))]


class Load:
    """See the top of the file. `spawn(*words)` starts load.py."""

    def __init__(self, spawn, parts=PARTS, target=None):
        self._spawn = spawn
        self._parts = parts
        self._target = target
        self.processes = []
        self._events = []
        self._begin = 0.0
        self.report = None

    def __enter__(self):
        try:
            self.processes = [self._spawn(*part) for part in self._parts]
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.report = Report(self._finish(), self._events, self._begin, self._target)
        finally:
            self._kill()

    def ramp(self, seconds=RAMP):
        """Let it start; what is measured begins here."""
        time.sleep(seconds)
        self._begin = time.monotonic()

    @contextmanager
    def event(self, name):
        """Mark what is done within as one event."""
        begin = time.monotonic()
        yield
        self._events.append(Event(name, begin, time.monotonic()))

    def _finish(self):
        for process in self.processes:
            process.stdin.close()
            process.stdin = None
        requests = []
        for process in self.processes:
            out, err = process.communicate(timeout=90)
            assert process.returncode == 0, f"the load broke: {process.args}\n{err}"
            requests += [Request(*line) for line in json.loads(out)]
        return sorted(requests, key=lambda request: request.start)

    def _kill(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.communicate()
