"""Random operations under random faults, each answer held against the model of what may be served.

    python tests/support/fault_run.py --seed 7 --steps 500 [--managed]

prints the seed, each broken rule with the operations before it, and what was done how often.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from pathlib import Path

from fault_model import NO, UNSURE, YES, Grant, Model
from fault_world import World

ROLES = ("prod", "staging", "fleet-01", "fleet-02", "open")
EDITED = "fleet-02"
"""The role that edits of the configuration take away and bring back."""

LIFETIME = 20
"""Seconds that AWS lets a role's credentials live here, so that a run of minutes sees many renewals and expirations."""

CALM_EVERY = 40
"""Steps between two moments in which every fault ends and everything that should work must."""

MORE_DESCRIPTORS = 12
"""Connections, questions and pipes that may be open at either moment."""

MORE_KIB = 24 * 1024
"""What the SDK's first use and a run's grants and audit may take beside: a leak takes more within hundreds of steps."""

TELL_EVERY = 100
MOST_GRANTS = 12
REMEMBERED = 25


class Broken(AssertionError):
    """A rule was broken."""


class Run:
    """One story.

    `served`: fetches that had credentials; `counts`: how often each operation happened; `history`: the last of them.
    """

    def __init__(self, world, seed):
        self.world = world
        self.kind = "managed" if world.managed else "by itself"
        self.random = random.Random(seed)
        self.model = Model({name: self._arn(name) for name in ROLES})
        self.served = 0
        self.counts = Counter()
        self.refused = Counter()
        self.history = deque(maxlen=REMEMBERED)
        self.config = Path(world.env["AWS_CONFIG_FILE"]).read_text()

    def go(self, steps):
        """That many steps."""
        names, weights = zip(*OPERATIONS.items(), strict=True)
        began = time.monotonic()
        self.calm()
        for number in range(steps):
            name = self.random.choices(names, weights)[0]
            self._do(name, getattr(self, name))
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
            raise Broken(f"{broken}\nthe last steps:\n  {story}\n{self.world.log()[-3000:]}") from broken

    # The rules.

    def judge_all(self):
        """Every grant asks; nobody may get what was taken back, what has expired, or another role's."""
        grants = list(self.model.grants.values())
        for grant in self.random.sample(grants, min(4, len(grants))):
            now = self.world.aws_now()
            status, body = self.world.fetch(grant)
            if wrong := self.model.judge(grant, status, body, now):
                raise Broken(f"{wrong} (grant {grant.id})")
            if status == 200 and "SecretAccessKey" in body:
                self.served += 1
            else:
                self.refused[body.get("code", "no answer")] += 1

    def calm(self):
        """Every fault ends; then whatever should work does, within a while."""
        self.world.heal()
        self._write_config(self.config)
        self.world.settle()
        self._set_configured(YES)
        self.world.ask("POST", "/v1/reload")
        if self.model.unlocked != YES:
            self.unlock()
        live = [grant for grant in self.model.grants.values() if self.model.certain(grant)]
        self.world.wait(
            lambda: all(self._served(grant) for grant in live) or self._needs_code(), "service after faults"
        )
        for grant in self.model.grants.values():
            if grant.valid == UNSURE:
                self.revoke(grant)
        self.judge_all()

    def _served(self, grant):
        status, body = self.world.fetch(grant)
        return status == 200 and "SecretAccessKey" in body

    def _needs_code(self):
        """Whether only a human could help: then the morning begins anew, as soon as there is a code."""
        code = self.world.unused_code()
        if code is None:
            return False
        self._login(list(ROLES), code)
        return False

    # Operations of people and programs.

    def login(self):
        roles = self.random.sample(ROLES, self.random.randint(1, 3))
        self._login(roles, self.world.unused_code() if self.random.random() < 0.8 else None)
        return roles

    def _login(self, roles, code):
        body = {"roles": roles, "attend": False} | ({"code": code} if code else {})
        before = {role: self.model.logged_in[role] for role in roles}
        self.model.logged_in |= {role: UNSURE if before[role] == NO else before[role] for role in roles}
        status, answer = self.world.ask("POST", "/v1/login", body, patience=30)
        held = {event["role"] for event in answer.get("events", ()) if event["event"] == "held"}
        for role in held & set(roles):
            self.model.logged_in[role] = YES
        return status

    def make_grant(self):
        if len(self.model.grants) >= MOST_GRANTS:
            return self.revoke()
        role = self.random.choice(ROLES)
        status, answer = self.world.ask("POST", "/v1/grants", {"roles": [role], "label": "faults"})
        if status == 200:
            self.model.grants[answer["id"]] = Grant(answer["id"], answer["token"], role)
        return status

    def revoke(self, grant=None):
        valid = [known for known in self.model.grants.values() if known.valid != NO]
        grant = grant or (self.random.choice(valid) if valid else None)
        if grant is None:
            return None
        grant.valid = UNSURE
        status, _ = self.world.ask("DELETE", f"/v1/grants/{grant.id}")
        if status in (200, 404):
            grant.valid = NO
        if sum(known.valid == NO for known in self.model.grants.values()) > MOST_GRANTS // 2:
            self._forget_one()
        return status

    def _forget_one(self):
        oldest = next(known for known in self.model.grants.values() if known.valid == NO)
        del self.model.grants[oldest.id]

    def lock(self):
        return self._ask("POST", "/v1/lock", "unlocked", NO)

    def unlock(self):
        return self._ask("POST", "/v1/unlock", "unlocked", YES)

    def logout(self):
        roles = self.random.sample(ROLES, self.random.randint(1, 2))
        self.model.logged_in |= {role: UNSURE for role in roles if self.model.logged_in[role] == YES}
        status, _ = self.world.ask("POST", "/v1/logout", {"roles": roles})
        if status == 200:
            self.model.logged_in |= dict.fromkeys(roles, NO)
        return status, roles

    def logout_with_a_mistake(self):
        """Nobody may be let go where one of several names is wrong."""
        before = dict(self.model.logged_in)
        status, _ = self.world.ask("POST", "/v1/logout", {"roles": [self.random.choice(ROLES), "no-such-role"]})
        assert status in (0, 400, 404, 409, 503), status
        self.model.logged_in = before

    def logout_all(self):
        self.model.logged_in = {role: UNSURE if state == YES else state for role, state in self.model.logged_in.items()}
        status, _ = self.world.ask("POST", "/v1/logout", {"all": True})
        if status == 200:
            self.model.logged_in = dict.fromkeys(ROLES, NO)
        return status

    def status(self):
        return self.world.ask("GET", "/v1/status")[0]

    # Restarts.

    def hand_over(self):
        return self.world.ask("POST", "/v1/succeed", patience=30)[0]

    def hand_over_and_hang_up(self):
        """The caller goes away around the moment in which the state is sent."""
        after = self.random.choice((0.0, self.random.uniform(0, 0.015), self.random.uniform(0.2, 1.5)))
        self.world.hang_up("POST", "/v1/succeed", after)
        return f"after {after:.3f} s"

    def hand_over_and_kill(self):
        """One of the two processes dies at some step of it."""
        old = self.world.pid
        asking = threading.Thread(target=lambda: self.world.hang_up("POST", "/v1/succeed", 2))
        asking.start()
        time.sleep(self.random.uniform(0.0, 1.5))
        others = [pid for pid in self.world.daemons() if pid != old]
        victim = self.random.choice(["old", "new"])
        number = self.random.choice((signal.SIGKILL, signal.SIGTERM))
        for pid in [old] if victim == "old" or not others else others:
            self.world.os_kill(pid, number)
        asking.join()
        self._after_a_death()
        return victim, number.name

    def kill(self):
        self.world.signal(signal.SIGKILL)
        self._after_a_death()

    def terminate(self):
        self.world.signal(signal.SIGTERM)
        self._after_a_death()

    def _after_a_death(self):
        """Where nobody keeps memory for a daemon, what it had said of logins and the lock may be forgotten."""
        if not self.world.managed:
            self.model.died_without_a_trace()
        if self.world.settings_file.is_fifo():
            self.world.mend_files()  # without settings that can be read no daemon starts; it says so
        self.world.start_daemon()

    # Faults.

    def sts_fault(self):
        kind = self.random.choice(("throttling", "500", "503", "reset", "delay", "expired-token"))
        with contextlib.suppress(OSError):
            self.world.fault(kind=kind, calls=self.random.randint(1, 4), delay=0.5 if kind == "delay" else 0.0)
        return kind

    def full_disk(self):
        self.world.fill_disk()

    def read_only_disk(self):
        self.world.read_only_disk()

    def mend_disk(self):
        if self.world.mounted:
            self.world.mend_disk()

    def no_descriptors(self):
        self.world.limit_descriptors()

    def mend_descriptors(self):
        self.world.mend_descriptors()

    def step_clock(self):
        seconds = self.random.choice((-86400, -1800, -30, 30, 1800, 86400))
        self.world.step_clock(seconds)
        return seconds

    def mend_clock(self):
        self.world.step_clock(0)

    def fifo(self):
        settings = self.world.settings_file
        path = self.random.choice(
            (
                self.world.env["AWS_CONFIG_FILE"],
                self.world.env["AWS_SHARED_CREDENTIALS_FILE"],
                settings,
                self.world.state / "grants.json",
                self.world.state / "used-steps.json",
                self.world.state / "audit.jsonl",
            )
        )
        self.world.fifo_in_place_of(path)
        return Path(path).name

    def mend_files(self):
        self.world.mend_files()

    def take_a_role_away(self):
        if Path(self.world.env["AWS_CONFIG_FILE"]).is_fifo():
            return "a pipe is there"
        self._set_configured(UNSURE)
        kept, _, rest = self.config.partition(f"[profile {EDITED}]")
        self._write_config(kept + (("[" + rest.partition("\n[")[2]) if "\n[" in rest else ""))
        if self.world.ask("POST", "/v1/reload")[0] == 200:
            status, answer = self.world.ask("GET", "/v1/roles")
            if status == 200 and EDITED not in {role["name"] for role in answer["roles"]}:
                self._set_configured(NO)
        return self.model.configured[EDITED]

    def bring_the_role_back(self):
        if not Path(self.world.env["AWS_CONFIG_FILE"]).is_fifo():
            self._set_configured(UNSURE)
            self._write_config(self.config)

    def hang_ups(self):
        """Many who connect, say half a word, and go."""
        for _ in range(30):
            self.world.hang_up("POST", self.random.choice(("/v1/login", "/v1/status", "/v1/logout")), 0)

    # Pieces.

    def _ask(self, method, path, right=None, confirmed=None):
        if right is not None and getattr(self.model, right) != confirmed:
            setattr(self.model, right, UNSURE)
        status, _ = self.world.ask(method, path)
        if status == 200 and right is not None:
            setattr(self.model, right, confirmed)
        return status

    def _set_configured(self, state):
        self.model.configured[EDITED] = state

    def _write_config(self, text):
        path = Path(self.world.env["AWS_CONFIG_FILE"])
        if path.read_text() != text:
            beside = path.with_name("config.new")
            beside.write_text(text)
            beside.replace(path)

    def _arn(self, role):
        return next(known["role_arn"] for known in self._known() if known["name"] == role)

    def _known(self):
        return self.world.ask("GET", "/v1/roles")[1]["roles"]


OPERATIONS = {
    "login": 10,
    "make_grant": 8,
    "revoke": 4,
    "lock": 2,
    "unlock": 4,
    "logout": 3,
    "logout_with_a_mistake": 2,
    "logout_all": 0.3,
    "status": 3,
    "hand_over": 2,
    "hand_over_and_hang_up": 2,
    "hand_over_and_kill": 2,
    "kill": 2,
    "terminate": 2,
    "sts_fault": 5,
    "full_disk": 2,
    "read_only_disk": 2,
    "mend_disk": 3,
    "no_descriptors": 2,
    "mend_descriptors": 3,
    "step_clock": 2,
    "mend_clock": 2,
    "fifo": 3,
    "mend_files": 4,
    "take_a_role_away": 2,
    "bring_the_role_back": 2,
    "hang_ups": 2,
}
"""Each operation, and how often it comes among a hundred or so."""


def tell(directory, *, seed, steps, managed):
    """Run one story; returns the run, and what the daemon had before and after: (descriptors, resident KiB)."""
    with World(directory, managed=managed, max_lifetime=LIFETIME) as world:
        run = Run(world, seed)
        before = world.size()
        run.go(steps)
        return run, before, world.size()


def judge(run, steps, before, after):
    """What is wrong with a story in which no rule was broken; empty where nothing is."""
    if run.served <= steps // 100:
        return f"only {run.served} fetches had credentials: the rules were not put to the test"
    if after[0] > before[0] + MORE_DESCRIPTORS:
        return f"{after[0]} descriptors are open, {before[0]} were"
    if after[1] > before[1] + MORE_KIB:
        return f"{after[1]} KiB are resident, {before[1]} were"
    return ""


def main():
    """Exit status 0 where no rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--managed", action="store_true")
    arguments = parser.parse_args()
    print(
        f"seed {arguments.seed}, {arguments.steps} steps, {'managed' if arguments.managed else 'by itself'}", flush=True
    )
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="xacct-faults-", ignore_cleanup_errors=True) as directory:
            run, *sizes = tell(directory, seed=arguments.seed, steps=arguments.steps, managed=arguments.managed)
    except Broken as broken:
        sys.exit(f"BROKEN: {broken}")
    print(f"{run.kind}: no rule broken in {time.monotonic() - began:.0f} s")
    print(f"  served {run.served}, refused {dict(run.refused)}")
    print(f"  {dict(run.counts)}; descriptors and KiB before {sizes[0]}, after {sizes[1]}")
    if wrong := judge(run, arguments.steps, *sizes):
        sys.exit(f"BROKEN: {wrong}")


if __name__ == "__main__":
    main()
