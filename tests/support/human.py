"""The person at the terminal: hears every prompt of a daemon and answers it, in a thread."""

from __future__ import annotations

import json
import socket
import threading
import time

from stack import Unix, wait_until


class Human:
    """Answers each prompt after `after` seconds with `answer(prompt)`: a code, or None for "no".

    with Human(stack, after=3) as human: ...
        human.asked      # the prompts, in the order they were raised
        human.told       # what the daemon said to each answer
        human.heard      # every event there was
    """

    def __init__(self, stack, answer=None, *, after=0.0):
        self.asked = []
        self.told = []
        self.heard = []
        self._stack = stack
        self._answer = answer or (lambda _: stack.code())
        self._after = after
        self._connection = Unix(stack.socket, timeout=300)
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        before = self._stack.status()["attended"]
        self._connection.request("GET", "/v1/events?attend=1")
        self._socket = self._connection.sock
        self._response = self._connection.getresponse()
        wait_until(lambda: self._stack.status()["attended"] > before, what="somebody attending")
        self._reader.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(60)
        self._response.close()
        self._connection.close()

    def _read(self):
        try:
            for line in self._response:
                event = json.loads(line) if line.strip() else {}
                self.heard.append(event)
                if event.get("event") == "prompt":
                    self._be_asked(event["prompt"])
        except (OSError, ValueError):
            return  # the daemon has gone, or we have

    def _be_asked(self, prompt):
        # A prompt whose code was no good is raised again under the same id and attempt.
        self.asked.append(prompt)
        time.sleep(self._after)
        code = self._answer(prompt)
        body = {"decline": True} if code is None else {"code": code}
        self.told.append(self._stack.api("POST", f"/v1/prompts/{prompt['id']}", body))


def decline(_prompt):
    return None
