"""What the contract matrix does to every client, and the word for what came of it.

Each function takes a Lab and returns a Seen for each client that can run here. All clients of a scenario run at once.
Which words are expected, and why, is in compatibility.py.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from consumers import ALL, side_by_side
from human import Human, decline
from lab import TOKEN, TOKEN_FILE, identity, port_of, seen, tapped, times
from proxy import Proxy
from relay import Relay
from waiting import wait_until

LIFE = 20
"""Seconds that a role's credentials live where clients have to fetch again and again."""
RUN = 45.0
TYPING = 20.0
"""Seconds the human takes: past every SDK's patience with a silent server."""
LONG_TYPING = 35.0
"""Past the patience of those who have one, and less than twice that."""
READY = 2.0
STEP = 30
"""Seconds of a TOTP step: one code in each."""


# The token.


def fetch(lab):
    environment = lab.environment(lab.day)

    def work(client):
        with Relay(lab.day.port) as relay:
            outcome = client.run(tapped(environment, relay))
        asked = times(len(relay.requests))
        return seen(f"served, {asked}" if identity(outcome) == "the role" else "not served", outcome, asked)

    return side_by_side(work)


def value_only(lab):
    environment = lab.environment(lab.day)
    del environment[TOKEN_FILE]
    return _served(environment)


def file_only(lab):
    environment = lab.environment(lab.day)
    del environment[TOKEN]
    return _served(environment)


def _served(environment):
    def work(client):
        outcome = client.run(environment)
        lost = "asks IMDS instead" if "/latest/api/token" in outcome.stderr else "not served"
        return seen("served" if identity(outcome) == "the role" else lost, outcome)

    return side_by_side(work)


def both(lab):
    """Value and file differ: which of them is sent?"""
    environment = lab.environment(lab.day)
    wrong = lab.other_token()

    def work(client):
        by_value = client.run(environment | {TOKEN_FILE: wrong[TOKEN_FILE]})
        by_file = client.run(environment | {TOKEN: wrong[TOKEN]})
        words = {(True, False): "the value", (False, True): "the file", (True, True): "each in turn"}
        word = words.get(tuple(identity(outcome) == "the role" for outcome in (by_value, by_file)), "neither")
        return seen(word, by_file, by_value)

    return side_by_side(work)


# What else lies in the environment.


def proxy(lab):
    """A proxy is set, and `xacctctl env` has been told so."""
    with Proxy() as theirs:
        return _through(theirs, lab.environment(lab.day, **theirs.variables))


def proxy_alone(lab):
    """A proxy is set, and nothing says what not to send there."""
    with Proxy() as theirs:
        environment = lab.environment(lab.day) | theirs.variables
        return _through(theirs, {k: v for k, v in environment.items() if k.upper() != "NO_PROXY"})


def _through(theirs, environment):
    def work(client):
        with Relay(port_of(environment)) as relay:
            outcome = client.run(tapped(environment, relay))
            went = theirs.saw(f"http://127.0.0.1:{relay.port}/")
        if identity(outcome) != "the role":
            return seen("not served", outcome, went)
        return seen("through the proxy, with the token" if went else "direct", outcome)

    found = side_by_side(work)
    assert theirs.saw(environment[TOKEN]) == any("with the token" in cell.word for cell in found.values())
    return found


def default_keys(lab):
    """~/.aws/credentials has keys of its own, and nothing keeps the client from them."""
    lifting = ("AWS_PROFILE", "AWS_CONFIG_FILE")
    environment = lab.environment(lab.shadowed)
    assert set(lifting) <= set(environment)
    return _acts_as({name: value for name, value in environment.items() if name not in lifting})


def default_keys_lifted(lab):
    """The same, in the environment that `xacctctl env` makes of it."""
    return _acts_as(lab.environment(lab.shadowed))


def _acts_as(environment):
    def work(client):
        outcome = client.run(environment)
        return seen(identity(outcome), outcome)

    return side_by_side(work)


# Somebody types, or nobody does.


def held(lab):
    """All at once at a daemon that nobody has logged in to, and a human who takes their time."""
    return _held(lab, "held", TYPING)


def held_long(lab):
    """The same, with a human who is beyond some clients' patience: who gives up tries once more."""
    return _held(lab, "held_long", LONG_TYPING)


def _held(lab, name, typing):
    with lab.stack(name) as stack:
        # A grant for each: what one was refused is remembered against its grant for some seconds.
        environments = {client.name: lab.environment(stack) for client in ALL}

        def work(client):
            environment = environments[client.name]
            with Relay(stack.port) as relay:
                outcome = client.run(tapped(environment, relay), patience=typing + 60)
                asked = times(len(relay.requests))
                if identity(outcome) == "the role":
                    return seen(f"waits, {asked}", outcome)
                second = client.run(tapped(environment, relay), patience=typing + 60)
            told = "shows why" if "xacctctl login prod" in second.stderr else "fails"
            then = "waits" if identity(second) == "the role" else told
            return seen(f"gives up, {then} at the next call", outcome, second.status)

        def typed(_):
            # The code is there in time: how long making one takes on a busy machine is not the clients' business.
            now = time.monotonic() + READY
            code = stack.code()
            time.sleep(max(0.0, now - time.monotonic()))
            return code

        with Human(stack, typed, after=typing - READY) as human:
            found = side_by_side(work)
        lab.notes[name] = human.asked, stack.calls()
        return found


def declined(lab):
    """All at once, and a human who says no after three seconds; who has not read why tries once more."""
    sentence = "The MFA code for prod was declined. xacctctl login prod"
    relays = {}
    with lab.stack("declined") as stack:
        environment = lab.environment(stack)

        def work(client):
            with Relay(stack.port) as relay:
                relays[client.name] = relay
                first = client.run(tapped(environment, relay))
            if sentence in first.stderr:
                return seen(_refused(first, "shows why"), first)
            second = client.run(environment)
            word = "shows why at the next call" if sentence in second.stderr else "hides why"
            return seen(_refused(second, word), second)

        def said(prompt):
            # A JVM may take long to start on a busy machine. Three seconds after the last has asked, each is being
            # held: whoever has asked just now is told why at once.
            with contextlib.suppress(AssertionError):
                wait_until(lambda: all(relay.requests for relay in list(relays.values())))
            time.sleep(3)
            return decline(prompt)

        with Human(stack, said) as human:
            found = side_by_side(work)
        lab.notes["declined"] = human.asked, stack.calls()
        return found


def logged_out(lab):
    """Refused at once, because of the role."""
    environment = lab.environment(lab.day, "staging")
    lab.day.api("POST", "/v1/logout", {"roles": ["staging"]})
    return _turned_away(lab, environment, "You are logged out of staging. xacctctl login staging")


def no_grant(lab):
    """Refused at once, because of the token."""
    wrong = lab.other_token()
    return _turned_away(lab, lab.environment(lab.day) | wrong, "xacct: no valid grant in this environment.")


def _turned_away(lab, environment, sentence):
    def work(client):
        with Relay(lab.day.port) as relay:
            outcome = client.run(tapped(environment, relay))
        shown = _refused(outcome, "shows why" if sentence in outcome.stderr else "hides why")
        return seen(f"{shown}, {times(len(relay.requests))}", outcome)

    return side_by_side(work)


def _refused(outcome, word):
    return word if identity(outcome) == "nobody" else "served all the same"


# Programs that outlive their credentials, and the daemon that they come from.


def refetch(lab):
    """Everybody at work for longer than two lives of the credentials."""
    with lab.stack("refetch", max_lifetime=LIFE) as stack:
        stack.login("prod")
        environment = lab.environment(stack)

        def work(client):
            with Relay(stack.port) as relay:
                outcome = client.run(tapped(environment, relay), RUN)
            calls, asked = len(outcome.arns), len(relay.requests)
            return seen(_pace(asked / max(calls, 1)) if identity(outcome) == "the role" else "fails", outcome, asked)

        found = side_by_side(work)
        lab.notes["refetch"] = stack.calls()
        return found


def _pace(requests_per_call):
    if requests_per_call < 0.5:
        return "when due"
    return "at each call" if requests_per_call < 1.5 else "twice at each call"


def reload(lab):
    """Two successors take over under clients that fetch all the time."""
    with lab.stack("reload", max_lifetime=LIFE) as stack:
        stack.login("prod")
        environment = lab.environment(stack)
        pids = []

        def succeed():
            for _ in range(2):
                time.sleep(5)
                pids.append(stack.api("POST", "/v1/succeed")["pid"])

        try:
            return _meanwhile(succeed, lambda client: _goes_on(client.run(environment, 15.0)))
        finally:
            for pid in pids[-1:]:
                os.kill(pid, signal.SIGTERM)


def kill(lab):
    """Killed, away for two seconds, and new; then each client once, in the environment of before."""
    with lab.stack("kill") as stack:
        time.sleep(-(time.time() + 4) % STEP)  # the code of now is used up soon, and there is another after the kill
        stack.login("prod")
        environment = lab.environment(stack)

        def accident():
            time.sleep(4)
            stack.kill()
            time.sleep(2)
            stack.start()

        programs = tuple(client for client in ALL if client.loops)
        ran = _meanwhile(accident, lambda client: _goes_on(client.run(environment, 12.0)), programs)

        def work(client):
            outcome = client.run(environment, patience=90)
            before = f"{ran[client.name].word}, " if client.loops else ""
            word = "served after one code" if identity(outcome) == "the role" else "not served"
            return seen(before + word, outcome, ran.get(client.name))

        with Human(stack) as human:
            found = side_by_side(work)
        lab.notes["kill"] = human.asked, stack.api("GET", "/v1/grants")["grants"]
        return found


def _goes_on(outcome):
    return seen("goes on" if identity(outcome) == "the role" else "fails", outcome, len(outcome.arns))


def _meanwhile(happening, work, clients=ALL):
    """What `work` returns for each client, while something happens beside them."""
    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(happening)
        found = side_by_side(work, clients)
        done.result()
    return found
