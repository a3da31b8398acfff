"""What coding agents ask for over the control API: their names in labels, and [agents] unscoped."""

from types import SimpleNamespace

import pytest
from virtual_time import in_virtual_time

from xacct.scope_policies import Wanted


def need_scope(control, *, wanted=True):
    named = {"reports": Wanted(allow=("s3:GetObject",))}
    words = SimpleNamespace(aliases={}, groups={}, accounts={}, wanted_scopes=named, agents_need_scope=wanted)
    control.daemon.known_words = lambda: words


@in_virtual_time
async def test_the_name_comes_into_the_label_and_allows_nothing(clock, control):
    async with control.serving():
        await control.post("/v1/grants", roles=["dev"], label="exec aws 7", agent="Claude Code")
        await control.post("/v1/grants", roles=["dev"], label="x" * 300, agent="Codex")
        first, second = (await control.get("/v1/grants"))["grants"]
        assert first["label"] == "exec aws 7 (Claude Code)"
        assert second["label"] == "x" * 192 + " (Codex)"
        status, _ = await control.refused("POST", "/v1/grants", {"roles": ["dev"], "label": "", "agent": "a\nb"})
        assert status == 400


@in_virtual_time
async def test_an_agent_without_a_scope_is_refused_where_config_says_so(clock, control):
    need_scope(control)
    async with control.serving():
        for path, body in (
            ("/v1/grants", {"roles": ["dev"], "label": ""}),
            ("/v1/credentials", {"role": "dev"}),
            ("/v1/console", {"role": "dev"}),
        ):
            status, error = await control.refused("POST", path, {**body, "agent": "Codex"})
            assert (status, error["code"]) == (403, "agent-unscoped")
            assert error["sentence"].startswith("Codex asks for all that a role may do")
            assert "--read-only" in error["hint"]
        assert control.grants.all() == []
        await control.post("/v1/grants", roles=["dev"], label="a human's shell")
        need_scope(control, wanted=False)
        await control.post("/v1/grants", roles=["dev"], label="", agent="Codex")


@pytest.mark.parametrize(
    "scope",
    [
        {"regions": ["eu-central-1"]},
        {"ttl": 1200},
        {"allow": ["s3:GetObject", "*"]},
        {"allow": ["*"], "on": ["arn:aws:s3:::a", "*"]},
        {"policy": '{"Statement": {"Effect": "Allow", "Action": "*:*", "Resource": "*"}}'},
        {"policy_arns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
    ],
)
@in_virtual_time
async def test_where_and_for_how_long_is_no_scope(clock, control, scope):
    need_scope(control)
    async with control.serving():
        body = {"roles": ["dev"], "label": "", "agent": "Codex", "scope": scope}
        status, error = await control.refused("POST", "/v1/grants", body)
        assert (status, error["code"]) == (403, "agent-unscoped")
        for enough in ({"read_only": True}, {"allow": ["s3:Get*"]}, {"name": "reports"}):
            await control.post("/v1/grants", roles=["dev"], label="", agent="Codex", scope={**enough, "ttl": 1200})
        body["scope"] = {"policy": "no JSON"}
        assert (await control.refused("POST", "/v1/grants", body))[1]["code"] == "bad-request"
