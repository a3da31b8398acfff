"""Programs that a real daemon runs: a credential_process at a login, a logout and the daemon's end."""

import contextlib
import http.client
import json
import re
import threading
from pathlib import Path

import pytest
from stack import Stack, wait_until
from waiting import PATIENCE

from xacct.host.process import started


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path / "s") as stack:
        yield stack


def keys_of(stack):
    text = Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"]).read_text()
    return [re.search(rf"{name} = (\S+)", text)[1] for name in ("aws_access_key_id", "aws_secret_access_key")]


def with_process(stack, body):
    """A role `by-helper` whose source runs this shell script; it finds the answer in $ANSWER and writes into $HERE."""
    key, secret = keys_of(stack)
    answer = json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret})
    helper = stack.dir / "helper"
    helper.write_text(f"#!/bin/sh\nANSWER='{answer}'; HERE={stack.dir}\n{body}\n")
    helper.chmod(0o755)
    with Path(stack.env["AWS_CONFIG_FILE"]).open("a") as config:
        config.write(
            f"\n[profile helper]\ncredential_process = {helper}\n\n[profile by-helper]\n"
            "role_arn = arn:aws:iam::234567890123:role/open-role\nsource_profile = helper\nregion = eu-central-1\n"
        )
    stack.api("POST", "/v1/reload")


def login(stack):
    return stack.api("POST", "/v1/login", {"roles": ["by-helper"], "attend": False})


def pid_of(stack, name):
    file = stack.dir / name
    return int(wait_until(lambda: file.exists() and file.read_text().strip(), what=f"the pid in {name}"))


def has_gone(pid):
    wait_until(lambda: started(pid) is None, what=f"the end of {pid}")


def test_a_login_does_not_wait_for_what_a_helper_leaves_in_the_background(stack):
    with_process(stack, 'sleep 90 & echo $! > $HERE/left; echo "$ANSWER"')
    events = login(stack)
    assert events[-1] == {"event": "done", "failed": 0}, events
    left = pid_of(stack, "left")
    assert started(left) is not None
    stack.stop()
    has_gone(left)


def test_what_a_helper_says_last_reaches_the_human_and_no_log(stack):
    with_process(stack, "echo 'the vault of 4711 is sealed' >&2; exit 7")
    [*_, failed, _] = login(stack)
    assert "ended with status 7" in json.dumps(failed)
    assert "the vault of 4711 is sealed" in json.dumps(failed)
    assert "ended with status 7" in stack.log()
    assert "the vault of 4711" not in stack.log()


HANGING = """
trap '' TERM
echo $$ > $HERE/first
setsid sleep 90 & echo $! > $HERE/second
sleep 91 & echo $! > $HERE/third
wait
sleep 92
"""


@pytest.mark.parametrize("how", ["stop", "logout"])
def test_a_helper_under_way_ends_with_all_it_started(stack, how):
    with_process(stack, HANGING)
    waiting = threading.Thread(target=lambda: _quietly(login, stack))
    waiting.start()
    pids = [pid_of(stack, name) for name in ("first", "second", "third")]
    if how == "stop":
        stack.stop()
    else:
        stack.api("POST", "/v1/logout", {"roles": ["by-helper"]})
    for pid in pids:
        has_gone(pid)
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def _quietly(ask, stack):
    with contextlib.suppress(OSError, ValueError, http.client.HTTPException):  # the daemon has gone
        ask(stack)
