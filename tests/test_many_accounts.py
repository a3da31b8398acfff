"""A laptop with 300 accounts of three roles each: what verbs and the daemon do for a role, counted and not timed.

What is counted are calls of Python's and of C's functions: they are the same on each machine, however busy it is.
"""

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

import pytest
from stack import Stack

from xacct.aws import profiles
from xacct.ctl import client
from xacct.ctl.main import main
from xacct.ctl.picker.choice import Choice
from xacct.ctl.picker.view import frame

ACCOUNTS, SETS = 300, ("AdministratorAccess", "Developer", "ReadOnlyAccess")
MANY, FEW = ACCOUNTS * len(SETS), 90
SESSION = "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n"

VERBS = {
    "roles": (["roles"], 56),
    "complete": (["__complete", "login", "account-0300."], 8),
    "describe": (["__describe", "login", "account-0300."], 20),
    "status": (["status"], 44),
    "json": (["status", "--json"], 340),
    "prompt": (["status", "--prompt"], 0.1),
    "status of one": (["status", "account-0001.developer"], 0.1),
}
"""What is typed, and how many calls of functions a role may cost: a third more than it did when this was written. Where
one role is asked for, the others cost nothing: a tenth is what the two runs may differ in."""

SHELLS_ROLE = "account-0001.developer"


def config(roles):
    """As `accounts sync` writes it."""
    return SESSION + "".join(
        f"\n[profile account-{number // 3:04}.{SETS[number % 3].lower()}]\nsso_session = corp\n"
        f"sso_account_id = {number // 3:012}\nsso_role_name = {SETS[number % 3]}\nregion = eu-central-1\n"
        for number in range(3, roles + 3)
    )


def counted(work):
    """How many functions were called while `work` was done, and what it gave."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found = work()
    finally:
        sys.setprofile(before)
    return calls, found


class Laptop:
    """A daemon with so many roles, and verbs typed beside it."""

    def __init__(self, stack, roles):
        self.stack = stack
        Path(stack.env["AWS_CONFIG_FILE"]).write_text(config(roles))
        Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"]).write_text("")
        stack.api("POST", "/v1/reload")

    def typed(self, words):
        """Calls of functions, requests to the daemon, and what is shown."""
        asked = []
        real = client._exchange

        def exchange(*arguments):
            asked.append(arguments)
            return real(*arguments)

        out = TextIOWrapper(BytesIO(), write_through=True)
        with (
            patch.dict(os.environ, self.stack.env | {"COLUMNS": "200", "XACCT_ROLE": SHELLS_ROLE}, clear=True),
            patch.object(client, "_exchange", exchange),
            redirect_stdout(out),
            redirect_stderr(out),
        ):
            calls, status = counted(lambda: main(list(words)))
        assert status == 0, out.buffer.getvalue()
        return calls, len(asked), out.buffer.getvalue().decode()


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """By verb: calls with few and with many roles, requests, and what was shown of the many."""
    found = {}
    with Stack(tmp_path_factory.mktemp("many") / "s") as stack:
        for roles in (FEW, MANY):
            laptop = Laptop(stack, roles)
            for name, (words, _) in VERBS.items():
                laptop.typed(words)  # what is imported once is none of it
                calls, asked, text = laptop.typed(words)
                found.setdefault(name, []).append((calls, asked, text))
        found["aws"] = stack.calls()
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_costs_so_much_for_a_role_and_no_more(figures, verb):
    (few, _, _), (many, asked, _) = figures[verb]
    assert many - few <= VERBS[verb][1] * (MANY - FEW)
    assert asked <= 2


def test_they_show_what_there_is_and_ask_aws_nothing(figures):
    assert "account-0300.developer" in figures["roles"][1][2]
    assert figures["complete"][1][2].split() == [f"account-0300.{name.lower()}" for name in SETS]
    assert figures["aws"] == []


KEYS = (*"account-00", "ctrl-u", "down", "end")
"""What is typed into a picker: a filter that leaves all, its end, and where the cursor goes."""

A_KEY = 6
"""Calls of functions that a key and what is drawn after it may cost for each role, likewise."""


def keys_cost(roles):
    """How many calls each key costs in a picker of so many roles, with what is drawn after it."""
    rows = [{"name": f"account-{each:04}", "account": None, "role_arn": None, "state": "idle"} for each in range(roles)]
    choice = Choice(rows)

    def take(key):
        choice.type(key)
        return frame(choice, 0.0, (120, 40))

    return [counted(partial(take, key)) for key in KEYS]


def test_a_key_of_the_picker_costs_so_much_for_a_role_and_no_more():
    keys_cost(FEW)  # what is kept of widths is none of it
    few, many = keys_cost(FEW), keys_cost(MANY)
    more = [after - before for (before, _), (after, _) in zip(few, many, strict=True)]
    assert max(more) <= A_KEY * (MANY - FEW)
    assert f"{MANY} of {MANY}" in many[-1][1][0]


def test_reading_the_files_grows_with_the_profiles_and_no_faster(tmp_path):
    found = []
    for roles in (FEW, MANY):
        (tmp_path / "config").write_text(config(roles))
        env = {"AWS_CONFIG_FILE": f"{tmp_path}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/none"}
        profiles.read(env)
        calls, read = counted(lambda env=env: profiles.read(env))
        assert len(read.roles) == roles
        found.append(calls)
    assert found[1] <= found[0] * (MANY / FEW) * 1.1
