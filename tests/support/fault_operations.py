"""What people, programs and faults do to a daemon, one at a time, and what the model knows of it afterwards."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from pathlib import Path

from fault_model import NO, UNSURE, YES, Grant

ROLES = ("prod", "staging", "fleet-01", "fleet-02", "open")
EDITED = "fleet-02"
"""The role that edits of the configuration take away and bring back."""

EAGER = 0.15
"""How often a login brings a code though it may not need one."""

SIGNALLED = 0.5
"""How often files are read again because of a signal."""

WAITING = 90.0
"""Seconds that all logins of a story may wait for codes that nobody has used."""

MOST_GRANTS = 8
MOST_REVOKED = 4


class Operations:
    """`world`: what they are done to. `model`: what may be served. `random`: chooses.

    `keeps`: whether what was given outlives a daemon. The manager keeps it; but a daemon without a descriptor can give
    it nothing to keep, nor can one that has begun without a configuration, until that can be read.
    """

    def __init__(self, world, model, random):
        self.world = world
        self.model = model
        self.random = random
        self.waiting = WAITING
        self.keeps = world.managed
        self.config = Path(world.env["AWS_CONFIG_FILE"]).read_text()

    # Operations of people and programs.

    def login(self):
        """With a code at once now and then; else only where it takes one, for there is one in half a minute."""
        roles = self.random.sample(ROLES, self.random.randint(1, 4))
        code = self.world.unused_code() if self.random.random() < EAGER else None
        missing, answer = self.log_in(roles, code)
        if missing and code is None and (code := self._code_if_wanted(answer)):
            missing, _ = self.log_in(missing, code)
        return f"{roles}, not {missing}"

    def _code_if_wanted(self, answer):
        """A code where that is what was missing, as soon as there is one."""
        missed = {event.get("error", {}).get("code") for event in answer.get("events", ())}
        began = time.monotonic()
        code = None
        while missed & {"nobody-to-ask", "login-required"} and code is None:
            code = self.world.unused_code()
            if time.monotonic() - began >= self.waiting:
                break
            time.sleep(0.2)
        self.waiting = max(0.0, self.waiting - (time.monotonic() - began))
        return code

    def log_in(self, roles, code=None):
        """Returns the roles that it did not log in to, and the whole answer."""
        body = {"roles": list(roles), "attend": False} | ({"code": code} if code else {})
        before = {role: self.model.logged_in[role] for role in roles}
        self.model.logged_in |= {role: UNSURE if before[role] == NO else before[role] for role in roles}
        _, answer = self.world.ask("POST", "/v1/login", body, patience=30)
        held = {event["role"] for event in answer.get("events", ()) if event["event"] == "held"}
        self.model.logged_in |= dict.fromkeys(held & set(roles), YES)
        return [role for role in roles if role not in held], answer

    def make_grant(self):
        if sum(known.valid != NO for known in self.model.grants.values()) >= MOST_GRANTS:
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
        if status in (200, 400, 404):  # 400: there is no such grant (any more)
            grant.valid = NO
        if sum(known.valid == NO for known in self.model.grants.values()) > MOST_REVOKED:
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

    def reload(self):
        """Read the files again, as a command or a signal asks for it."""
        if self.random.random() < SIGNALLED:
            self.world.os_kill(self.world.pid, signal.SIGHUP)
            return "by a signal"
        return self.world.ask("POST", "/v1/reload")[0]

    # Restarts.

    def hand_over(self):
        return self.world.ask("POST", "/v1/succeed", patience=30)[0]

    def hand_over_and_hang_up(self):
        """The caller goes away around the moment in which the state is sent."""
        after = self.random.choice((0.0, self.random.uniform(0, 0.015), self.random.uniform(0.2, 1.2)))
        self.world.hang_up("POST", "/v1/succeed", after)
        return f"after {after:.3f} s"

    def hand_over_and_kill(self):
        """One of the two processes dies at some step of it."""
        old = self.world.pid
        asking = threading.Thread(target=lambda: self.world.hang_up("POST", "/v1/succeed", 1.2))
        asking.start()
        time.sleep(self.random.uniform(0.0, 1.2))
        others = [pid for pid in self.world.daemons() if pid != old]
        victim = self.random.choice(["old", "new"])
        number = self.random.choice((signal.SIGKILL, signal.SIGTERM))
        for pid in [old] if victim == "old" or not others else others:
            self.world.os_kill(pid, number)
            self.world.wait_for_end(pid)
        asking.join()
        self._after_a_death()
        return victim, number.name

    def kill(self):
        self.world.wait_for_end(self.world.signal(signal.SIGKILL))
        self._after_a_death()

    def terminate(self):
        self.world.wait_for_end(self.world.signal(signal.SIGTERM))
        self._after_a_death()

    def _after_a_death(self):
        """Where nobody keeps memory for a daemon, what it had said of logins and the lock may be forgotten."""
        self.world.mend_descriptors()  # whoever lives on could take nobody in without
        if not self.keeps:
            self.model.died_without_a_trace()
        if self._aws_files_are_away():
            self.keeps = False
        if self.world.settings_file.is_fifo():
            self.world.mend_files()  # without settings that can be read no daemon starts; it says so
        self.world.start_daemon()
        status, answer = self.world.ask("GET", "/v1/status")
        if status == 200 and self.model.unlocked == NO:
            assert answer["locked"], "it was locked, and after a death it is not"

    def _aws_files_are_away(self):
        names = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
        return any(Path(self.world.env[name]).is_fifo() for name in names)

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
        self.keeps = False
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

    def faults_ended(self):
        """All that was kept from being kept is kept by now."""
        self.keeps = self.world.managed

    def take_a_role_away(self):
        if Path(self.world.env["AWS_CONFIG_FILE"]).is_fifo():
            return "a pipe is there"
        self.set_configured(UNSURE)
        kept, _, rest = self.config.partition(f"[profile {EDITED}]")
        self.write_config(kept + (("[" + rest.partition("\n[")[2]) if "\n[" in rest else ""))
        if self.world.ask("POST", "/v1/reload")[0] == 200:
            status, answer = self.world.ask("GET", "/v1/roles")
            if status == 200 and EDITED not in {role["name"] for role in answer["roles"]}:
                self.set_configured(NO)
        return self.model.configured[EDITED]

    def bring_the_role_back(self):
        if not Path(self.world.env["AWS_CONFIG_FILE"]).is_fifo():
            self.set_configured(UNSURE)
            self.write_config(self.config)

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

    def set_configured(self, state):
        self.model.configured[EDITED] = state

    def write_config(self, text):
        path = Path(self.world.env["AWS_CONFIG_FILE"])
        if path.read_text() != text:
            beside = path.with_name("config.new")
            beside.write_text(text)
            beside.replace(path)


OPERATIONS = {
    "login": 18,
    "make_grant": 8,
    "revoke": 4,
    "lock": 2,
    "unlock": 10,
    "logout": 3,
    "logout_with_a_mistake": 2,
    "logout_all": 0.3,
    "status": 3,
    "reload": 2,
    "hand_over": 2,
    "hand_over_and_hang_up": 2,
    "hand_over_and_kill": 1.2,
    "kill": 1.2,
    "terminate": 1.2,
    "sts_fault": 5,
    "full_disk": 2,
    "read_only_disk": 2,
    "mend_disk": 4,
    "no_descriptors": 2,
    "mend_descriptors": 10,
    "step_clock": 2,
    "mend_clock": 2,
    "fifo": 3,
    "mend_files": 5,
    "take_a_role_away": 2,
    "bring_the_role_back": 3,
    "hang_ups": 2,
}
"""Each operation, and how often it comes among a hundred or so. What keeps everybody from being served ends soon."""

DEATHS = ("hand_over_and_kill", "kill", "terminate")
"""Where nobody keeps memory for a daemon each of these costs a code, of which there is one in half a minute."""


def weights(*, managed):
    """How often each operation comes; `managed` as in World."""
    return OPERATIONS if managed else {**OPERATIONS, **{name: OPERATIONS[name] / 2 for name in DEATHS}}
