"""docs/control-api.md and wire.py say the same."""

import json
import re
from pathlib import Path

import pytest
from control_shapes import EVENTS

from xacct import wire
from xacct.ctl.shape import validate
from xacct.endpoint import head

PAGE = (Path(__file__).parents[2] / "docs/control-api.md").read_text("utf-8")
ANSWERS = {
    "### Versions": wire.ErrorAnswer,
    "### Errors": wire.ErrorAnswer,
    "### GET /v1/version": wire.VersionAnswer,
    "### POST /v1/reload": wire.ReloadAnswer,
    "### POST /v1/succeed": wire.SucceedAnswer,
    "### GET /v1/roles\n": wire.RolesAnswer,
    "### GET /v1/roles/ROLE/explain": wire.ExplainAnswer,
    "### GET /v1/status": wire.StatusAnswer,
    "### GET /v1/roles/ROLE/policy": wire.PolicyAnswer,
    "### POST /v1/whoami": wire.WhoamiAnswer,
    "### POST /v1/logout": wire.LogoutAnswer,
    "### POST /v1/lock": wire.LockAnswer,
    "### POST /v1/unlock": wire.LockAnswer,
    "### POST /v1/grants": wire.GrantAnswer,
    "### GET /v1/grants": wire.GrantsAnswer,
    "### POST /v1/grants/ID": wire.GrantInfo,
    "### GET /v1/containers": wire.ContainersAnswer,
    "### GET /v1/keys": wire.KeysAnswer,
    "### POST /v1/keys\n": wire.KeyAnswer,
    "### POST /v1/keys/PROFILE/check": wire.KeyAnswer,
}


def example(heading):
    block = re.search(r"```json\n(.*?)```", PAGE.partition(heading)[2], re.DOTALL)[1]
    decoder, found = json.JSONDecoder(), []
    while block.strip():
        value, end = decoder.raw_decode(block.lstrip())
        found.append(value)
        block = block.lstrip()[end:]
    return found


def test_every_path_has_an_example():
    for name in (
        "VERSION",
        "STATUS",
        "ROLES",
        "EXPLAIN",
        "LOGIN",
        "LOGOUT",
        "CREDENTIALS",
        "ACCOUNTS",
        "VERIFY",
        "POLICY",
        "CONSOLE",
    ):
        path = getattr(wire, name).format(role="prod")
        assert f"http://xacct{path}" in PAGE, name
    for name in (
        "GRANTS",
        "GRANT",
        "KEYS",
        "KEY",
        "CONTAINERS",
        "PROMPT",
        "EVENTS",
        "AUDIT",
        "LOCK",
        "UNLOCK",
        "RELOAD",
        "STOP",
    ):
        path = getattr(wire, name).partition("{")[0]
        assert f"http://xacct{path}" in PAGE, name


@pytest.mark.parametrize("heading", ANSWERS)
def test_each_example_is_what_wire_says_and_complete(heading):
    (found,) = example(heading)
    assert validate(found, ANSWERS[heading]) is None
    assert set(found) == set(ANSWERS[heading].__annotations__)


@pytest.mark.parametrize(
    "heading",
    [
        "### POST /v1/login",
        "### POST /v1/credentials",
        "### POST /v1/accounts",
        "### POST /v1/verify",
        "### POST /v1/console",
    ],
)
def test_the_streams_too(heading):
    for found in example(heading):
        kind = EVENTS[found["event"]]
        assert validate(found, kind) is None
        assert set(found) == set(kind.__annotations__)


def test_requests_and_prompts_name_every_key():
    for kind in (
        wire.LoginRequest,
        wire.CredentialsRequest,
        wire.AccountsRequest,
        wire.WhoamiRequest,
        wire.VerifyRequest,
        wire.ConsoleRequest,
        wire.GrantRequest,
        wire.GrantBinding,
        wire.KeyRequest,
        wire.Prompt,
    ):
        for key in kind.__annotations__:
            assert f"`{key}`" in PAGE, (kind, key)


def test_the_audits_lines_too():
    found = example("### GET /v1/audit")
    assert len(found) == 2
    for line in found:
        assert validate(line, wire.AuditLine) is None
    assert set().union(*found) == set(wire.AuditLine.__annotations__)


def test_the_urls_of_roles_are_those_that_the_endpoint_answers():
    (grant,) = example("### POST /v1/grants")
    (roles,) = example("### GET /v1/roles\n")
    for url in [*grant["urls"].values(), *(role["url"] for role in roles["roles"])]:
        assert url == f"http://127.0.0.1:9477{head.ROLE_PATH}prod"
    assert grant["role_arn_url"].endswith(f":9477{head.ROLE_ARN_PATH}")
