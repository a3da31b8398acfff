"""Random operations under random faults, each answer held against the model of what may be served.

    python tests/support/fault_run.py --seed 7 --steps 500 [--managed] [--verdict FILE]

prints the seed, each broken rule with the operations before it, and what was done how often. Exit status 0 where no
rule was broken; FILE is given the last line, or what was broken and the steps before it.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, deque
from pathlib import Path

from fault_model import UNSURE, YES, Model
from fault_operations import ROLES, Operations, weights
from fault_world import Hung, World

LIFETIME = 20
"""Seconds that AWS lets a role's credentials live here, so that a run of minutes sees many renewals and expirations."""

CALM_EVERY = 50
"""Steps between two moments in which every fault ends and everything that should work must."""

CODE_EVERY = 5
"""Seconds for which a code is shown. With AWS's half minute most of a story went by in waiting for one."""

CODE_IN = 75.0
"""Seconds by the clock in which there is a code that AWS and the daemon take: a minute's rest after wrong ones, two
codes' time, and some."""

SHARE = 0.15
"""Of the fetches that nothing is known to forbid, how many have to be served: these put the rules to the test."""

MORE_DESCRIPTORS = 12
"""Connections, prompts and pipes that may be open at either moment."""

MORE_KIB = 24 * 1024
"""What the SDK's first use and a run's grants and audit may take beside: a leak takes more within hundreds of steps."""

TELL_EVERY = 100
REMEMBERED = 25
TAIL = 6000


class Broken(AssertionError):
    """A rule was broken; `log`: the end of the daemon's."""

    def __init__(self, sentence, log):
        super().__init__(sentence)
        self.log = log


class Run:
    """One story.

    `served`: fetches that had credentials; `tried`: those that nothing was known to forbid; `refused`: why how many had
    none; `words`: what was said of each why first; `counts` and `took`: how often each operation happened, and for how
    long (seconds); `history`: the last ones.
    """

    def __init__(self, world, seed):
        self.world = world
        self.kind = "managed" if world.managed else "by itself"
        self.seed = seed
        self.random = random.Random()
        self.model = Model(self._arns())
        self.people = Operations(world, self.model, self.random)
        self.served = self.tried = 0
        self.counts = Counter()
        self.took = Counter()
        self.refused = Counter()
        self.words = {}
        self.history = deque(maxlen=REMEMBERED)

    def go(self, steps):
        """That many steps."""
        names, often = zip(*weights(managed=self.world.managed).items(), strict=True)
        began = time.monotonic()
        self._do("calm", self.calm)
        for number in range(steps):
            # Each step chooses for itself: what it does must not depend on how long those before it took.
            self.random.seed(f"{self.seed}, {number}")
            name = self.random.choices(names, often)[0]
            self._do(name, getattr(self.people, name))
            if number % CALM_EVERY == CALM_EVERY - 1:
                self._do("calm", self.calm)
            if number % TELL_EVERY == TELL_EVERY - 1:
                print(f"  {self.kind}: {number + 1} steps in {time.monotonic() - began:.0f} s", flush=True)
        self._do("calm", self.calm)

    def _do(self, name, operation):
        self.counts[name] += 1
        began = time.monotonic()
        self.history.append(name)
        try:
            told = operation()
            self.history[-1] = f"{name} {told or ''} ({time.monotonic() - began:.2f} s)"
            self.judge_all()
        except AssertionError as broken:
            story = "\n  ".join(self.history)
            raise Broken(f"{broken}\nthe last steps:\n  {story}", self.world.log()[-TAIL:]) from broken
        finally:
            self.took[name] += time.monotonic() - began

    # The rules.

    def judge_all(self):
        """Some grants ask; nobody may get what was taken back, what has expired, or another role's."""
        grants = list(self.model.grants.values())
        for grant in self.random.sample(grants, min(4, len(grants))):
            now = self.world.aws_now()
            status, body = self.world.fetch(grant)
            if wrong := self.model.judge(grant, status, body, now):
                raise AssertionError(f"{wrong} (grant {grant.id})")
            self.tried += not self.model.why_not(grant)
            if status == 200 and "SecretAccessKey" in body:
                self.served += 1
            else:
                why = body.get("code", f"status {status}")
                self.refused[why] += 1
                self.words.setdefault(why, body.get("message", ""))

    def calm(self):
        """Every fault ends; then whatever should work does, within a while."""
        self.world.heal()
        self.people.write_config(self.people.config)
        self.world.settle()
        self.people.set_configured(YES)
        self.world.ask("POST", "/v1/reload")
        if self.model.unlocked != YES:
            self.people.unlock()
        assert self.model.unlocked == YES, "it can't be unlocked once the faults have ended"
        self._log_everybody_in()
        for grant in list(self.model.grants.values()):
            if grant.valid == UNSURE:
                self.people.revoke(grant)
        while sum(grant.valid == YES for grant in self.model.grants.values()) < len(ROLES):
            status = self.people.make_grant()
            assert status == 200, f"no grant can be made once the faults have ended: {status}"
        live = [grant for grant in self.model.grants.values() if self.model.certain(grant)]
        self.world.wait(lambda: all(self._served(grant) for grant in live), "service after faults")
        self.people.faults_ended()

    def _log_everybody_in(self):
        """With a code where it takes one.

        Raises:
            Hung: there has been one, and it has not helped.
        """
        end = time.monotonic() + CODE_IN
        missing, answer = self.people.log_in(ROLES)
        while missing:
            if time.monotonic() > end:
                raise Hung(f"no login to {missing} once the faults have ended: {answer}")
            if code := self.world.unused_code():
                missing, answer = self.people.log_in(missing, code)
            time.sleep(0.2)

    def _served(self, grant):
        status, body = self.world.fetch(grant)
        return status == 200 and "SecretAccessKey" in body

    def _arns(self):
        known = {role["name"]: role["role_arn"] for role in self.world.ask("GET", "/v1/roles")[1]["roles"]}
        return {name: known[name] for name in ROLES}


def tell(directory, *, seed, steps, managed):
    """Run one story; returns the run, and what the daemon had before and after: (descriptors, resident KiB)."""
    with World(directory, managed=managed, patience="1s", code_every=CODE_EVERY, max_lifetime=LIFETIME) as world:
        run = Run(world, seed)
        before = world.size()
        run.go(steps)
        return run, before, world.size()


def judge(run, before, after):
    """What is wrong with a story in which no rule was broken; empty where nothing is."""
    if run.served < SHARE * run.tried:
        return f"only {run.served} of {run.tried} fetches had credentials: the rules were not put to the test"
    if after[0] > before[0] + MORE_DESCRIPTORS:
        return f"{after[0]} descriptors are open, {before[0]} were"
    if after[1] > before[1] + MORE_KIB:
        return f"{after[1]} KiB are resident, {before[1]} were"
    return ""


def verdict(seed, steps, *, managed):
    """Tell a story. Returns what is wrong with it, empty where nothing is, and what there is to say of it."""
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="xacct-faults-", ignore_cleanup_errors=True) as directory:
            run, *sizes = tell(directory, seed=seed, steps=steps, managed=managed)
    except Broken as broken:
        print(broken.log)
        return str(broken), ""
    counts = "; ".join(f"{name} {times} in {run.took[name]:.0f} s" for name, times in run.counts.most_common())
    print(f"{run.kind}: {counts}")
    for why, words in run.words.items():
        print(f"  {why}: {words}")
    said = (
        f"{steps} steps in {time.monotonic() - began:.0f} s; of {run.tried} fetches that might be served {run.served}"
        f" were; refused {dict(run.refused)}; descriptors and KiB before {sizes[0]}, after {sizes[1]}"
    )
    return judge(run, *sizes), said


def main():
    """Exit status 0 where no rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--managed", action="store_true")
    parser.add_argument("--verdict", type=Path, default="/dev/null")
    arguments = parser.parse_args()
    kind = "managed" if arguments.managed else "by itself"
    print(f"seed {arguments.seed}, {arguments.steps} steps, {kind}", flush=True)
    wrong, said = verdict(arguments.seed, arguments.steps, managed=arguments.managed)
    last = f"{kind}, seed {arguments.seed}: " + (f"BROKEN: {wrong}\n{said}" if wrong else f"no rule broken: {said}")
    arguments.verdict.write_text(last)
    print(last, flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
