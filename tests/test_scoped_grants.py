"""Scoped grants from end to end: real daemon, command line and SDK, and a sandbox that enforces policies."""

import json
import sys
import urllib.request
from calendar import timegm
from dataclasses import replace
from time import strptime, time

import pytest
from dynamo import DYNAMO
from stack import Stack
from waiting import wait_until

from xacct.sandbox.permissions import Asked, denied_by_any


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    settings = '[scopes.notes]\nallow = ["dynamodb:GetItem"]\nregions = ["eu-central-1"]\n'
    with Stack(tmp_path_factory.mktemp("scoped") / "s", settings=settings) as stack:
        stack.login("prod")
        yield stack


@pytest.fixture
def unknown(stack):
    """An STS that does not know GetScopedCredentials."""
    inner = stack.sandbox.inner
    inner.world = replace(inner.world, scoped_credentials=False)
    yield
    inner.world = replace(inner.world, scoped_credentials=True)


def agent(stack, *options, role="prod"):
    """What a script finds it may do in a role."""
    done = stack.xacctctl("exec", role, *options, "--", sys.executable, "-c", DYNAMO)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:3]


def test_a_script_reads_and_is_refused_a_write(stack):
    assert agent(stack) == ["put done", "get done", "cross-account-role-name"]
    assert agent(stack, "--read-only") == ["put AccessDeniedException", "get done", "cross-account-role-name"]
    assert agent(stack, "--scope", "notes") == ["put AccessDeniedException", "get done", "cross-account-role-name"]
    assert agent(stack, "--regions", "us-east-1")[:2] == ["put AccessDeniedException", "get AccessDeniedException"]


def test_cloudtrail_and_the_audit_know_the_grant(stack):
    agent(stack, "--allow", "dynamodb:Get*", "--ttl", "20m")
    described = [call for call in stack.calls("GetScopedCredentials") if call["description"]][-1]["description"]
    _, _, grant, _, scope = described.split()
    lines = [json.loads(line) for line in stack.xacctctl("audit", "--json").stdout.splitlines()]
    of_grant = [line for line in lines if line["grant"] and line["grant"]["id"] == grant]
    assert {"grant-created", "fetch", "grant-revoked"} <= {line["event"] for line in of_grant}
    [made] = [line for line in of_grant if line["event"] == "narrowed"]
    assert (made["role"], made["what"]) == ("prod", f'by GetScopedCredentials, described as "{described}"')
    told = stack.xacctctl("audit", "--grant", grant).stdout
    assert f'prod: narrower credentials were made, by GetScopedCredentials, described as "{described}"' in told
    assert {line["grant"]["scope"] for line in of_grant} == {f"{scope}: allow dynamodb:Get*, for 20 min at most"}


def test_grants_are_listed_with_what_they_may(stack):
    made = stack.xacctctl("grants", "create", "prod", "--read-only", "--regions", "eu-central-1")
    grant = made.stdout.split()[1]
    assert "reading only, in eu-central-1" in made.stdout
    assert f"{grant} is narrowed to: reading only, in eu-central-1" in stack.xacctctl("grants").stdout
    status = " ".join(stack.xacctctl("status").stdout.split())  # it is folded to the terminal's width
    assert "has prod narrowed to: reading only, in eu-central-1" in status
    assert "narrowed to" not in stack.xacctctl("status", "staging").stdout
    assert "narrowed to: reading only, in eu-central-1" in stack.xacctctl("audit").stdout
    assert stack.xacctctl("grants", "revoke", grant).returncode == 0


def test_a_shell_is_told_that_it_is_narrowed(stack):
    whoami = [sys.executable, "-m", "xacct.ctl", "whoami"]
    narrow = stack.xacctctl("exec", "prod", "--allow", "dynamodb:Get*", "--", *whoami)
    assert "narrowed  to: allow dynamodb:Get*\n" in narrow.stdout
    assert "narrowed" not in stack.xacctctl("exec", "prod", "--", *whoami).stdout


def test_an_older_sts_gives_the_role_anew_and_what_it_cannot_is_refused_before_the_command(stack, unknown):
    assert agent(stack, "--allow", "dynamodb:GetItem") == [
        "put AccessDeniedException",
        "get done",
        "cross-account-role-name",
    ]
    done = stack.xacctctl("exec", "prod", "--ttl", "2m", "--", "echo", "ran")
    assert done.returncode != 0
    assert "ran" not in done.stdout
    assert "less than 15 min without GetScopedCredentials" in done.stderr
    assert "Traceback" not in done.stderr


def fetched(stack, made):
    """What the endpoint gives, and whether it may read and write."""
    request = urllib.request.Request(made["urls"]["prod"], headers={"Authorization": made["token"]})
    with urllib.request.urlopen(request) as answer:
        held = json.load(answer)
    limits = stack.sandbox.inner.sts.state.sessions.by_token(held["Token"]).limits
    return held, [denied_by_any(limits, Asked(f"dynamodb:{name}Item")) is None for name in ("Get", "Put")]


def test_a_restart_widens_nothing(stack):
    made = json.loads(stack.xacctctl("grants", "create", "prod", "--read-only", "--json").stdout)
    first, may = fetched(stack, made)
    assert may == [True, False]
    assert fetched(stack, made)[0] == first
    assert stack.xacctctl("restart").returncode == 0
    wait_until(lambda: fetched(stack, made)[1] == [True, False], what="the successor")
    assert stack.xacctctl("grants", "revoke", made["id"]).returncode == 0


def test_two_minutes_are_two_minutes_at_sts(stack):
    made = json.loads(stack.xacctctl("grants", "create", "prod", "--read-only", "--ttl", "2m", "--json").stdout)
    held, may = fetched(stack, made)
    assert may == [True, False]
    assert 60 < timegm(strptime(held["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time() <= 120


def test_process_gives_what_is_narrowed_and_no_grant_stays(stack):
    before = stack.xacctctl("grants").stdout
    done = stack.xacctctl("process", "prod", "--read-only")
    assert done.returncode == 0, done.stderr
    held = json.loads(done.stdout)
    limits = stack.sandbox.inner.sts.state.sessions.by_token(held["SessionToken"]).limits
    assert denied_by_any(limits, Asked("dynamodb:GetItem")) is None
    assert denied_by_any(limits, Asked("dynamodb:PutItem")) is not None
    assert stack.xacctctl("grants").stdout.count("\n") == before.count("\n")
