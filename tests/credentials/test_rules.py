"""The rules of the heart under any interleaving of asks, cancels, codes, faults and time (hypothesis, stateful)."""

import asyncio
import contextlib

from fake_aws import SERIAL, SOURCE, World, role
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from virtual_time import Clock, LoopWithoutThreads

from xacct import errors
from xacct.model import Role
from xacct.prompts.used_codes import KEPT

ROLES = (
    role("a"),
    role("b"),
    role("c", mfa="direct"),
    role("d", parent="a", mfa_serial=None),
    role("e"),
    Role("f", SOURCE, mfa_serial=SERIAL),
    role("g", mfa_serial=None),
    role("h", confirm="first-use"),
)
NAMES = st.sampled_from([r.name for r in ROLES])
ERRORS = st.sampled_from([errors.NetworkDown, errors.NetworkLost, errors.Throttled, errors.AwsUnavailable])


class Heart(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.loop = LoopWithoutThreads(self.clock)
        self.complaints = []
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        self.world = World(self.clock, ROLES)
        self.aws = self.world.aws
        self.attending = None
        self.waiters = []
        self.expired_served = 0
        self.out = set()  # the model: what the human has logged out of
        self.allowed = False  # and whether they have said yes to h
        self.locked = False
        self.served_against_the_will = []
        self.do(self.world.__aenter__())

    def do(self, coroutine):
        """Run it, and let what is decided by then arrive: a lid closed in between would be on its last few metres."""
        result = self.loop.run_until_complete(coroutine)
        for _ in range(10):
            self.loop.run_until_complete(asyncio.sleep(0))
        return result

    def teardown(self):
        for waiter in self.waiters:
            waiter.cancel()
        self.do(self.settle())
        self.do(self.world.__aexit__())
        self.loop.close()
        assert not self.complaints, self.complaints

    async def settle(self):
        await asyncio.gather(*self.waiters, return_exceptions=True)

    async def log_in_everywhere(self):
        person = self.world.person(think=lambda: 1.0)
        await asyncio.gather(*(self.use(r.name, "login") for r in ROLES))
        person.leave()

    async def use(self, name, how):
        get = self.world.login if how == "login" else self.world.fetch
        if how == "login":
            self.out.discard(name)
        try:
            got = await get(name, ask=how != "silent")
        except errors.XacctError as error:
            assert error.sentence  # noqa: PT017
            return
        if how == "login":
            return  # nothing leaves by that
        if name in self.out or self.locked or (name == "h" and not self.allowed):
            self.served_against_the_will.append(name)
        self.expired_served += self.aws.expires(got.access_key_id) <= self.aws.now()

    # What people and programs do.

    @initialize(logged_in=st.booleans())
    def morning(self, logged_in):
        """Half of the stories begin with somebody there and everything held: trouble needs something to spoil."""
        if logged_in:
            self.come_or_go()
            self.do(self.log_in_everywhere())

    @rule(names=st.lists(NAMES, min_size=1, max_size=6), how=st.sampled_from(["login", "fetch", "fetch", "silent"]))
    def ask(self, names, how):
        self.waiters += [self.loop.create_task(self.use(name, how)) for name in names]
        self.do(asyncio.sleep(0))

    @precondition(lambda self: self.waiters)
    @rule(data=st.data())
    def cancel(self, data):
        data.draw(st.sampled_from(self.waiters)).cancel()
        self.do(asyncio.sleep(0))

    @rule()
    def come_or_go(self):
        if self.attending is None:
            self.attending = self.world.broker.subscribe()
            self.attending.__enter__()
        else:
            self.attending.__exit__(None, None, None)
            self.attending = None

    @precondition(lambda self: self.world.broker.open_prompts)
    @rule(kind=st.sampled_from(["right", "right", "right", "wrong", "old", "no", "nonsense"]))
    def answer(self, kind):
        prompt = self.world.broker.open_prompts[0]
        if prompt.kind == "confirm":
            self.answer_whether(prompt, yes=kind == "right")
            return
        code = {
            "right": self.aws.code(),
            "wrong": "000001",
            "old": self.aws.code(self.aws.now() - 30),
            "nonsense": "12a",
        }.get(kind)
        try:
            if code is None:
                self.world.broker.decline(prompt.id)
            else:
                self.world.broker.answer(prompt.id, code)
        except errors.BadInput as refused:
            assert kind in {"right", "wrong", "old", "nonsense"} or isinstance(refused, errors.PromptNotOpen)  # noqa: PT017
        self.do(asyncio.sleep(0))

    def answer_whether(self, prompt, *, yes):
        if yes:
            self.allowed = True
            self.world.broker.confirm(prompt.id)
        else:
            self.world.broker.decline(prompt.id)
        self.do(asyncio.sleep(0))

    @rule(name=NAMES)
    def log_out(self, name):
        self.world.keeper.logout([name])
        self.out.add(name)
        self.allowed &= name != "h"
        self.do(asyncio.sleep(0))

    @rule()
    def log_out_of_all(self):
        self.world.keeper.logout_all()
        self.out |= set(self.world.keeper.nodes)
        self.allowed = False
        self.do(asyncio.sleep(0))

    @rule(name=NAMES)
    def log_out_of_a_role_there_is_not(self, name):
        with contextlib.suppress(errors.UnknownRole):
            self.world.keeper.logout([name, "typo"])

    @rule()
    def lock_or_unlock(self):
        self.locked = not self.locked
        (self.world.keeper.agent_lock.lock if self.locked else lambda _: self.world.keeper.agent_lock.unlock())("test")
        self.do(asyncio.sleep(0))

    # What the world does.

    # Half a day is a thousand looks of the scheduler: in one story of some, not several times in each.
    @rule(seconds=st.sampled_from([0.1, 0.3, 1.0, 5.0, 31.0, 600.0, 3000.0] * 3 + [12 * 3600.0]))
    def time_passes(self, seconds):
        self.do(asyncio.sleep(seconds))

    @rule(seconds=st.sampled_from([10.0, 3600.0, 8 * 3600.0]))
    def lid_closed(self, seconds):
        self.clock.suspend(seconds)

    @rule(seconds=st.sampled_from([-3600.0, -20.0, 20.0, 3600.0]))
    def clock_set(self, seconds):
        self.clock.step_wall(seconds)

    @rule(error=ERRORS)
    def sts_away(self, error):
        self.aws.down = lambda now: error("away")

    @rule()
    def sts_back(self):
        self.aws.down = lambda now: None

    @rule(seconds=st.sampled_from([0.0, 0.3, 600.0]))
    def the_configuration_loses_every_role_and_has_them_again(self, seconds):
        nodes, keeper = self.world.keeper.nodes, self.world.keeper
        keeper.configure({})
        self.allowed = False  # whoever takes the role away takes the yes along
        self.do(asyncio.sleep(seconds))
        keeper.configure({r.name: r for r in ROLES})
        assert not any(node.entry.holds for node in nodes.values())

    @rule()
    def killed_and_started_again(self):
        """Whoever waits or attends goes with the process; all that is held and unexpired is there again."""
        if self.attending is not None:
            self.come_or_go()
        for waiter in self.waiters:
            waiter.cancel()
        self.do(self.settle())
        self.waiters.clear()
        before = self.loop.run_until_complete(self.world.restart())
        assert self.world.held() == before

    @rule(name=NAMES)
    def access_given_or_taken(self, name):
        self.aws.denied ^= {name}

    # The rules.

    @invariant()
    def nothing_expired_is_served(self):
        assert self.expired_served == 0

    @invariant()
    def nothing_leaves_against_the_humans_will(self):
        assert self.served_against_the_will == []
        assert self.world.keeper.consents.logged_out == self.out

    @invariant()
    def one_call_in_flight_per_node(self):
        assert all(most <= 1 for most in self.aws.most_in_flight.values()), self.aws.most_in_flight

    @invariant()
    def one_prompt_per_device(self):
        assert sum(prompt.kind == "mfa" for prompt in self.world.broker.open_prompts) <= 1

    @invariant()
    def no_code_that_sts_answered_is_sent_again(self):
        answered = {}
        for call in self.aws.calls:
            if call.code is None:
                continue
            # Hours later the same six digits are another code.
            assert call.at - answered.get(call.code, float("-inf")) > KEPT
            if call.outcome not in {"network", "cancelled"}:
                answered[call.code] = call.at

    @invariant()
    def a_bug_never_hides_in_an_entry(self):
        assert not any(getattr(n.entry.error, "code", "") == "internal" for n in self.world.keeper.nodes.values())

    @invariant()
    def one_device_one_broker(self):
        assert all(q.serial == SERIAL for q in self.world.broker.open_prompts if q.kind == "mfa")


Heart.TestCase.settings = settings(
    # No shrinking: it takes minutes, and a story that fails is short enough to read.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=settings().max_examples,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHeart = Heart.TestCase
