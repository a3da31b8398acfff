"""Grants with a scope over the control API: what is made of what was asked for, and that it is told back."""

import json
from types import SimpleNamespace

import pytest
from virtual_time import in_virtual_time

from xacct.control.serializers import narrowed_grants
from xacct.scope_policies import Wanted


class CountedRoles(list):
    """Roles that count how often somebody goes through them."""

    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


def test_the_roles_are_gone_through_once_however_many_grants_have_a_scope():
    roles = CountedRoles(["dev", "prod"])
    scope = SimpleNamespace(words="allow s3:Get*")
    held = [
        SimpleNamespace(id=f"{role}-{number}", label="", roles=(role,), scope=scope)
        for number in range(20)
        for role in ("dev", "other")
    ]
    found = narrowed_grants(SimpleNamespace(all=lambda: held), roles)
    assert [grant["id"] for grant in found] == [f"dev-{number}" for number in range(20)]
    assert roles.times == 1


@in_virtual_time
async def test_a_grant_is_made_with_a_scope_and_told_with_it(clock, control):
    async with control.serving():
        made = await control.post("/v1/grants", roles=["dev"], label="an agent", ttl=1200, scope={"allow": ["s3:Get*"]})
        assert made["scope"]["words"] == "allow s3:Get*"
        assert json.loads(made["scope"]["policy"])["Statement"][0]["Action"] == ["s3:Get*"]
        [shown] = (await control.get("/v1/grants"))["grants"]
        assert shown["scope"] == made["scope"]
        [grant] = control.grants.all()
        assert grant.scope.id == made["scope"]["id"]
        plain = await control.post("/v1/grants", roles=["dev"], label="a shell")
        assert plain["scope"] is None
        bound = await control.post(f"/v1/grants/{made['id']}", pid=7)
        assert bound["scope"] == made["scope"]


@in_virtual_time
async def test_a_scope_of_config_toml_goes_alone_and_no_longer_than_both_say(clock, control):
    async with control.serving():
        named = {"reports": Wanted(allow=("s3:Get*",), ttl=600.0)}
        words = SimpleNamespace(aliases={}, groups={}, accounts={}, wanted_scopes=named, agents_need_scope=False)
        control.daemon.known_words = lambda: words
        for ttl, least in ((None, 600), (60, 60), (6000, 600)):
            scope = {"name": "reports"} | ({} if ttl is None else {"ttl": ttl})
            made = await control.post("/v1/grants", roles=["dev"], label="an agent", scope=scope)
            assert made["scope"]["ttl"] == least
        for wrong in (
            {"name": "others"},
            {"name": "reports", "regions": ["eu-central-1"]},
            {"name": "reports", "allow": ["*"]},
        ):
            status, _ = await control.refused("POST", "/v1/grants", {"roles": ["dev"], "label": "", "scope": wrong})
            assert status == 400


@pytest.mark.parametrize(
    "scope", [{}, {"allow": ["GetObject"]}, {"read_only": True, "allow": ["s3:*"]}, {"allow": ["*"], "ips": ["::1"]}]
)
@in_virtual_time
async def test_what_cannot_be_meant_makes_no_grant(clock, control, scope):
    async with control.serving():
        status, _ = await control.refused("POST", "/v1/grants", {"roles": ["dev"], "label": "", "scope": scope})
        assert status == 400
        assert control.grants.all() == []
