"""A guarded role in a whole daemon: asked at each use, answered over the control API, and written down."""

import http.client
import json
import os
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
