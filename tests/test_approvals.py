"""A guarded role in a whole daemon: asked at each use, answered over the control API, and written down."""

import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from stack import Stack, Unix
from waiting import PATIENCE, wait_until

SETTINGS = '[roles.prod]\nconfirm = "each-use"\n'


class Fetch(threading.Thread):
    """A fetch that is held while a human is asked."""

    def __init__(self, grant):
        super().__init__(daemon=True)
        self.grant = grant
        self.answer = None
        self.start()

    def run(self):
        request = urllib.request.Request(self.grant["urls"]["prod"], headers={"Authorization": self.grant["token"]})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=PATIENCE) as answer:
            self.answer = json.loads(answer.read())


@contextmanager
def attending(stack):
    """Somebody is there to answer."""
    connection = Unix(stack.socket, PATIENCE)
    connection.request("GET", "/v1/events?attend=1")
    assert connection.getresponse().status == http.client.OK
    yield
    connection.close()


def test_each_use_is_asked_for_with_who_asks_and_the_answer_is_written_down(tmp_path):
    with Stack(tmp_path / "s", settings=SETTINGS) as stack:
        stack.login("prod")
        grant = stack.grant("prod")
        with attending(stack):
            fetch = Fetch(grant)
            [prompt] = wait_until(lambda: stack.api("GET", "/v1/prompts")["prompts"])
            assert [process["pid"] for process in prompt["processes"]][:1] == [os.getpid()]
            assert prompt["directory"] == str(Path.cwd())
            assert prompt["command"]
            assert [choice["lasts"] for choice in prompt["choices"]] == ["once", "minutes", "grant"]
            stack.api("POST", f"/v1/prompts/{prompt['id']}", {"confirm": True, "lasts": "grant"})
            fetch.join(PATIENCE)
            assert "SecretAccessKey" in fetch.answer
            told = f"(grant {grant['id']}) use prod as long as its grant is in force"
            for verb in (["status", "prod"], ["grants"]):
                assert told in " ".join(stack.xacctctl(*verb).stdout.split())
            again = Fetch(grant)
            again.join(PATIENCE)
            assert "SecretAccessKey" in again.answer
            command = threading.Thread(
                target=lambda: stack.api("POST", "/v1/credentials", {"role": "prod"}), daemon=True
            )
            command.start()
            [prompt] = wait_until(lambda: stack.api("GET", "/v1/prompts")["prompts"])
            assert [process["pid"] for process in prompt["processes"]][:1] == [os.getpid()]
            stack.api("POST", f"/v1/prompts/{prompt['id']}", {"decline": True})
            command.join(PATIENCE)
        audit = Path(stack.env["XDG_STATE_HOME"]) / "xacct" / "audit.jsonl"

        def decisions():
            lines = [json.loads(line) for line in audit.read_text().splitlines()]
            return [line for line in lines if line["event"] in ("approved", "declined")]

        wait_until(lambda: len(decisions()) == 2)
        line, no = decisions()
        assert no["what"].startswith("by terminal, for xacctctl, asked for by pid ")
        assert line["what"].startswith("for this grant, by terminal, asked for by pid ")
        assert (line["role"], line["grant"]["id"], line["pid"]) == ("prod", grant["id"], os.getpid())


FETCH = """
import os, urllib.error, urllib.request
url, token = (os.environ["AWS_CONTAINER_" + name] for name in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN"))
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for _ in range(2):
    try:
        print(opener.open(urllib.request.Request(url, headers={"Authorization": token})).status)
    except urllib.error.HTTPError as error:
        print(error.status)
"""


def narrowed(stack, answer):
    """What came of a narrowed command that fetches twice, once its question is answered; and its grant's story."""
    words = ["exec", "prod", "--read-only", "--ttl", "2m", "--", sys.executable, "-c", FETCH]
    command = [sys.executable, "-m", "xacct.ctl", *words]
    with subprocess.Popen(command, env=stack.env, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        [prompt] = wait_until(lambda: stack.api("GET", "/v1/prompts")["prompts"])
        assert prompt["scope"].startswith("reading only")
        [grant] = stack.api("GET", "/v1/grants")["grants"]
        stack.api("POST", f"/v1/prompts/{prompt['id']}", answer)
        printed = process.communicate(timeout=PATIENCE)[0].split()
    told = stack.xacctctl("audit", "--grant", grant["id"]).stdout
    facts, _, events = told.partition("\n\n")
    return printed, facts, [line.split("  ", 1)[1].strip() for line in events.splitlines()]


def test_a_narrowed_commands_story_has_the_yes_before_what_was_fetched_and_a_no_alone(tmp_path):
    here, program = f"{os.path.realpath(sys.executable)} (pid {os.getpid()})", os.path.realpath(sys.executable)
    with Stack(tmp_path / "s", settings=SETTINGS) as stack, attending(stack):
        stack.login("prod")
        printed, facts, events = narrowed(stack, {"confirm": True, "lasts": "minutes", "minutes": 30})
        assert printed == ["200", "200"]
        made, yes, narrower, fetched, revoked = events
        assert made.startswith("the grant was made, for prod")
        assert yes.startswith("prod: a human said yes, for 30 min, by terminal, asked for by pid ")
        assert yes.endswith(f", {program}  {here}")
        assert narrower.startswith("prod: narrower credentials were made, by GetScopedCredentials")
        assert fetched.startswith("prod: fetched  2 times  ")
        assert revoked.startswith("the grant was revoked")
        assert "  scope     reading only, for 2 min at most\n" in facts
        assert f"{yes.partition('  ')[0]}; answered from {here}\n" in facts
        printed, facts, events = narrowed(stack, {"decline": True})
        assert printed == [], "it ran"
        made, no, revoked = events
        assert no.startswith("prod: a human said no, by terminal, asked for by pid ")
        assert revoked.startswith("the grant was revoked")
        assert "  fetched   never\n" in facts
        assert f"{no.partition('  ')[0]}; answered from {here}\n" in facts
