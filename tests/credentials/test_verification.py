"""What verify tries, with what, and what it makes of the answers; none of what AWS gives stays anywhere."""

import asyncio
from dataclasses import replace

import pytest
from small_keeper import MAIN, SERIAL, FakeSources, FakeSts, small_keeper
from virtual_time import in_virtual_time

from xacct import errors
from xacct.clock import AwsClock
from xacct.credentials.probes import DENY_ALL
from xacct.credentials.rate_limiter import BURST
from xacct.model import Credentials, Role

ARN = "arn:aws:iam::444455556666:role/"
ROLES = {
    role.name: role
    for role in (
        Role(
            "prod", MAIN, ARN + "prod", SERIAL, policy="{}", policy_arns=("arn:aws:iam::aws:policy/X",), read_only=True
        ),
        Role("both", MAIN, ARN + "both", SERIAL, external_id="x-1", tags=(("team", "a"),), duration=3600),
        Role("direct", MAIN, ARN + "direct", SERIAL, mfa="direct", duration=43200),
        Role("second", "prod", ARN + "second", external_id="x-2"),
        Role("third", "second", ARN + "third"),
        Role("keys", MAIN, ARN + "keys", external_id="x-3"),
        Role("free", MAIN, ARN + "free"),
        Role("session", MAIN, None, SERIAL),
    )
}
DENIED = errors.AccessDenied("AWS refuses it.", "")


class Target(FakeSts):
    """An STS whose roles are given where `gives` says so; remembers with what each was asked for."""

    def __init__(self, clock):
        super().__init__(clock)
        self.tries = []
        self.given = []
        self.gives = lambda _role, keys, external_id: bool(keys.session_token) and external_id is not None
        self.denied = DENIED
        self.slow = {}

    async def assume_role(self, keys, role, *, duration, **how):
        name = role.name
        self.tries.append((name, keys.session_token, role.external_id, role, duration))
        await asyncio.sleep(self.slow.get(name, 0.0))
        if not self.gives(name, keys, role.external_id or ("" if ROLES[name].external_id is None else None)):
            raise self.denied
        got = await super().assume_role(keys, role, duration=duration, **how)
        self.given.append(got)
        return got


class Scene:
    def __init__(self, clock, roles=ROLES):
        self.sts = Target(AwsClock(clock.read))
        self.keeper = small_keeper(self.sts, roles)

    async def open_session(self):
        """A human has given a code this morning."""
        await self._with_code(self.keeper.nodes["prod"].session.hold(ask=True))
        self.sts.tries.clear()
        return self

    async def _with_code(self, wanted):
        with self.keeper.broker.subscribe():
            asked = asyncio.ensure_future(wanted)
            while not self.keeper.broker.open_prompts:
                await asyncio.sleep(0.1)
            self.keeper.broker.answer(self.keeper.broker.open_prompts[0].id, "123456")
            await asked

    async def verify(self, *names, ask=False):
        verification = self.keeper.verification(names, ask=ask)
        return await asyncio.gather(*map(verification.of, names))

    async def seen(self, name):
        """Verdict, and the tries by way and outcome."""
        [found] = await self.verify(name)
        return found.verdict, {(each.probe.way, each.probe.start.kind): each.outcome for each in found.attempts}


@in_virtual_time
async def test_mfa_and_external_id_are_left_out_one_at_a_time(clock):
    scene = await Scene(clock).open_session()
    assert await scene.seen("both") == (
        "enforced",
        {
            ("without-mfa", "keys"): "refused",
            ("without-external-id", "session"): "refused",
            ("without-mfa-or-external-id", "keys"): "refused",
            ("as-configured", "session"): "given",
        },
    )
    assert [(bool(token), given) for _, token, given, _, _ in scene.sts.tries] == [
        (False, "x-1"),
        (True, None),
        (False, None),
        (True, "x-1"),
    ]


@in_virtual_time
async def test_all_else_goes_along_but_what_is_given_may_do_nothing(clock):
    scene = await Scene(clock).open_session()
    await scene.verify("both", "prod")
    assert {(role.policy, role.policy_arns, role.read_only, duration) for *_, role, duration in scene.sts.tries} == {
        (DENY_ALL, (), False, 900)
    }
    for name, _, external_id, role, _ in scene.sts.tries:
        kept = replace(role, external_id=external_id, policy=None, policy_arns=(), read_only=False)
        assert kept == replace(ROLES[name], external_id=external_id, policy=None, policy_arns=(), read_only=False)


@pytest.mark.parametrize("name", ["prod", "both", "direct", "keys"])
@in_virtual_time
async def test_what_is_given_is_kept_nowhere(clock, name):
    scene = await Scene(clock).open_session()
    scene.sts.gives = lambda *_: True
    before = {entry: entry.held for entry in scene.keeper.tree.entries()}
    [found] = await scene.verify(name)
    assert found.verdict == "hole"
    assert scene.sts.given
    assert {entry: entry.held for entry in scene.keeper.tree.entries()} == before
    assert not scene.keeper.uses.get(name), "a verification is no use: nothing is renewed for it"


@in_virtual_time
async def test_the_shorter_paths_of_a_chain(clock):
    scene = await Scene(clock).open_session()
    scene.sts.gives = lambda role, keys, _external: role in {"prod", "second"} or role == "third"
    verdict, tries = await scene.seen("third")
    assert verdict == "hole"
    assert tries == {
        ("shorter-path", "role"): "given",
        ("shorter-path", "session"): "given",
        ("shorter-path", "keys"): "given",
    }


@in_virtual_time
async def test_nothing_is_tried_where_a_profile_takes_nothing_for_granted(clock):
    scene = Scene(clock)
    assert [found.verdict for found in await scene.verify("free", "session")] == ["nothing", "nothing"]
    assert scene.sts.tries == []


@in_virtual_time
async def test_refusals_show_nothing_where_the_role_is_refused_as_configured_too(clock):
    scene = await Scene(clock).open_session()
    scene.sts.gives = lambda *_: False
    assert (await scene.seen("prod"))[0] == "unknown"


@in_virtual_time
async def test_a_role_that_is_held_is_not_asked_for_as_configured(clock):
    scene = await Scene(clock).open_session()
    scene.sts.gives = lambda _role, keys, _external: bool(keys.session_token)
    await scene.keeper.login("prod", ask=False)
    scene.sts.tries.clear()
    assert (await scene.seen("prod"))[0] == "enforced"
    assert len(scene.sts.tries) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.AccessDenied("no"), "refused"),
        (errors.CodeMissing("no"), "refused"),
        (errors.PolicyDenied("no"), "unknown"),
        (errors.ParentExpired("no"), "unknown"),
        (errors.BadKey("no"), "unknown"),
        (errors.Throttled("no"), "unknown"),
        (errors.NetworkDown("no"), "unknown"),
        (errors.RegionDisabled("no"), "unknown"),
    ],
)
@in_virtual_time
async def test_only_the_trust_policys_refusal_shows_anything(clock, error, outcome):
    scene = await Scene(clock).open_session()
    scene.sts.denied = error
    verdict, tries = await scene.seen("prod")
    assert tries["without-mfa", "keys"] == outcome
    assert verdict == ("enforced" if outcome == "refused" else "unknown")
    assert len(scene.sts.tries) == (2 if outcome == "refused" else 1), "no try is repeated"


@in_virtual_time
async def test_temporary_keys_may_carry_an_mfa(clock):
    class Temporary(FakeSources):
        async def load(self, _source):
            return Credentials("ASIAIOSFODNN7EXAMPLE", "secret", "token")

    scene = await Scene(clock).open_session()
    scene.keeper._calls.sources = Temporary()
    verdict, tries = await scene.seen("prod")
    assert (verdict, tries["without-mfa", "keys"]) == ("unknown", "unknown")


@in_virtual_time
async def test_one_code_for_all_and_a_no_is_asked_once(clock):
    scene = Scene(clock)
    scene.sts.slow = {"prod": 40.0}  # it comes to its MFA session when a "no" counts for nobody any more
    with scene.keeper.broker.subscribe():
        asked = asyncio.ensure_future(scene.verify("both", "prod", ask=True))
        while not scene.keeper.broker.open_prompts:
            await asyncio.sleep(0.1)
        scene.keeper.broker.decline(scene.keeper.broker.open_prompts[0].id)
        await asyncio.sleep(60)
        assert asked.done()
        assert not scene.keeper.broker.open_prompts
    assert [found.verdict for found in asked.result()] == ["unknown", "unknown"]
    found = asyncio.ensure_future(scene.verify("both", "prod", ask=True))
    await scene._with_code(asyncio.shield(found))
    assert [each.verdict for each in found.result()] == ["enforced", "enforced"]
    assert [call for call in scene.sts.calls if call[1]] == [("GetSessionToken", "123456")]


@in_virtual_time
async def test_a_session_that_takes_a_code_of_its_own_is_not_opened_for_a_try(clock):
    scene = Scene(clock, {"direct": ROLES["direct"]})
    [found] = await scene.verify("direct", ask=True)
    assert found.verdict == "unknown"
    assert scene.sts.calls == []


@in_virtual_time
async def test_while_locked_nothing_is_tried(clock):
    scene = await Scene(clock).open_session()
    scene.keeper.agent_lock.lock("a test")
    with pytest.raises(errors.Locked):
        await scene.verify("prod")
    assert scene.sts.tries == []


@in_virtual_time
async def test_who_waits_for_a_role_goes_before_all_tries(clock):
    many = {f"r{n}": replace(ROLES["prod"], name=f"r{n}") for n in range(BURST + 40)}
    ROLES.update(many)
    try:
        scene = await Scene(clock, {**many, "prod": ROLES["prod"]}).open_session()
        running = asyncio.ensure_future(scene.verify(*many))
        await asyncio.sleep(0.01)
        before = len(scene.sts.tries)
        await scene.keeper.nodes["prod"].entry.get(ask=False)
        assert [name for name, *_ in scene.sts.tries[before:]].index("prod") <= 1
        await running
    finally:
        for name in many:
            del ROLES[name]


@pytest.mark.parametrize(
    ("roles", "kind", "says"),
    [
        ({name: role for name, role in ROLES.items() if name not in {"second", "third"}}, errors.UnknownRole, "third"),
        (
            {**ROLES, "third": replace(ROLES["third"], role_arn=ARN + "x")},
            errors.Temporary,
            "third has been configured anew",
        ),
        (
            {**ROLES, "prod": replace(ROLES["prod"], role_arn=ARN + "x")},
            errors.Temporary,
            "third has been configured anew",
        ),
    ],
    ids=["lost", "another", "another-above"],
)
@in_virtual_time
async def test_what_was_found_of_a_role_that_is_configured_anew_meanwhile_is_not_said_of_it(clock, roles, kind, says):
    scene = await Scene(clock).open_session()
    scene.sts.gives = lambda name, *_: name != "third"
    scene.sts.slow = {"third": 10.0}
    verifying = asyncio.ensure_future(scene.verify("third"))
    await asyncio.sleep(15)
    scene.keeper.configure(roles)
    before = len(scene.sts.tries)
    with pytest.raises(kind, match=says):
        await verifying
    assert len(scene.sts.tries) == before, "nor is STS asked any more, where the former profile said"
