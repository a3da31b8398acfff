"""A stand-in for xacctd that speaks HTTP/1.0 on a Unix socket and knows one MFA device.

In a thread it is a fixture (`FakeDaemon(path).start()`), as a script what XACCT_DAEMON names.
"""

import contextlib
import json
import os
import queue
import signal
import socketserver
import sys
import threading
import time
from pathlib import Path
from urllib.parse import unquote

sys.path.append(str(Path(__file__).parents[1] / "support"))  # as a script it has no pytest that does so

from control_shapes import CONTAINERS, wrong_answer, wrong_event

NOBODY = {"code": "nobody-to-ask", "category": "human", "sentence": "A code is needed for prod.", "hint": ""}
DECLINED = {"code": "declined", "category": "human", "sentence": "You said no.", "hint": ""}
WRONG = "AWS did not accept that code."
USED = {"code": "code-used", "category": "usage", "sentence": "That code has been used already.", "hint": ""}
SERIAL = "arn:aws:iam::111122223333:mfa/alice"
KEY_SERIAL = "arn:aws:iam::111122223333:u2f/user/alice/yubikey"
REDIRECT = "https://oidc.example/authorize?response_type=code&state=a-state"
SCOPE = {"id": "0123456789abcdef", "words": "allow s3:Get*", "policy": "{}", "policy_arns": [], "ttl": None}
TOKEN_FILE = f"/run/xacct/t{os.getpid()}"
"""Of this run of tests alone: exec looks among all processes for those that have it."""


class ProblemError(Exception):
    def __init__(self, status, error):
        super().__init__(error["sentence"])
        self.status = status
        self.error = error


class FakeDaemon:
    """Scripted by its attributes; `answers` overrides a path with a value, bytes or a callable."""

    def __init__(self, path):
        self.path = str(path)
        self.api = "2"
        self.endpoint = "http://127.0.0.1:9477"
        self.requests = []
        self.answers = {}
        self.roles = {"prod": "eu-west-1", "dev": None}
        self.needs_code = False
        self.guarded = set()
        self.knows_scopes = True
        self.gives_cursors, self.ignores_grant = True, False
        self.imds = {}
        self.approvals = []
        self.good = "123456"
        self.used = set()
        self.countdown = 0.5
        self.problems = []
        self.outdated = False
        self.lies = []
        self.prompts = {}
        self.signs_in = False
        self.prompted = threading.Event()
        self.watchers = []
        self.grants = 0
        self.binds = True
        self.containers = {**CONTAINERS}
        self.session, self.example, self.listed_ago = "corp", None, 0.0
        self.accounts = {"111122223333": ("Team A", ["Developer"]), "444455556666": ("Team B", ["Admin", "Developer"])}
        self.on_stop = lambda: None

    def start(self):
        self.server = _Server(self.path, _Handler)
        self.server.fake = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def stop(self):
        for watcher in self.watchers:
            watcher.put(None)
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        Path(self.path).unlink(missing_ok=True)

    def called(self, method, path):
        return [body for m, p, body in self.requests if (m, p) == (method, path)]

    def respond(self, method, path, body):
        """Return bytes, a JSON value, or an iterator of events."""
        self.requests.append((method, path, body))
        if path in self.answers:
            scripted = self.answers[path]
            return scripted(body) if callable(scripted) else scripted
        name = path.split("?")[0].strip("/").split("/")[1]
        answer = getattr(self, f"_{method.lower()}_{name}")(path, body)
        if isinstance(answer, dict):
            self._note(wrong_answer(method, path, answer))
        return self._true_events(answer) if name in ("login", "credentials", "accounts") else answer

    def _true_events(self, events):
        for event in events:
            self._note(wrong_event(event))
            yield event

    def _note(self, wrong):
        """Remember what the real daemon would not say."""
        if wrong:
            self.lies.append(wrong)

    def _get_version(self, _path, _body):
        about = {"api": int(self.api), "version": "0.1.0", "pid": os.getpid()}
        return {**about, "endpoint": self.endpoint, "config_problem": None}

    def _get_status(self, _path, _body):
        now = time.time()
        held = {
            "name": "prod",
            "account": "111122223333",
            "role_arn": None,
            "state": "held",
            "expires_at": now + 3300.5,
            "mfa_expires_at": now + 7 * 3600 + 300.5,
            "last_used": now - 120.5,
            "next_renewal": now + 1500.5,
            "error": None,
        }
        nothing = dict.fromkeys(
            ("account", "role_arn", "expires_at", "mfa_expires_at", "last_used", "next_renewal"),
        )
        error = {"code": "access-denied", "category": "refused", "sentence": "AWS says no to dev.", "hint": "Ask Bob."}
        ports = [
            {"port": port, "role": role, "url": f"http://127.0.0.1:{port}/", "region": self.roles[role]}
            for port, role in (self.imds or {}).items()
        ]
        return {
            **({} if self.imds is None else {"imds": ports}),
            "now": now,
            "roles": [held, {**nothing, "name": "dev", "state": "failed", "error": error}],
            "sessions": [{"source": "work", "serial": SERIAL, "expires_at": now + 7 * 3600 + 300.5}],
            "prompts": [p for p, _ in self.prompts.values()],
            "attended": 0,
            "notes": ["the clock is 2 s off"],
            "approvals": [{**each, "until": each["until"] and now + each["until"]} for each in self.approvals],
        }

    def _get_keys(self, _path, _body):
        keys = [{"profile": "mine", "ends": "MPLE", "added": time.time() - 90, "config": "/c", "credentials": "/k"}]
        return {"keys": keys, "keychain": "the Secret Service"}

    def _post_keys(self, path, body):
        profile = path.split("/")[3] if path.endswith("/check") else body["profile"]
        return {"profile": profile, "ends": "MPLE", "arn": "arn:aws:iam::111122223333:user/alice"}

    def _delete_keys(self, _path, _body):
        return {}

    def _get_mfa(self, _path, _body):
        device = {"kind": "virtual", "gives_codes": True, "enabled": 1_700_000_000.0, "roles": ["prod", "dev"]}
        key = {"kind": "security-key", "gives_codes": False, "enabled": 1_700_000_000.0, "roles": []}
        other = {"kind": "hardware", "gives_codes": True, "enabled": None, "roles": ["dev"]}
        devices = [{"serial": SERIAL, **device}, {"serial": KEY_SERIAL, **key}, {"serial": "GAHT12345678", **other}]
        user = {"source": "work", "asked_with": "session", "devices": devices, "error": None}
        seeds = [{"serial": "arn:aws:iam::111122223333:mfa/bob", "added": time.time()}]
        return {"now": time.time(), "users": [user], "seeds": seeds, "keychain": "the Secret Service"}

    def _post_mfa(self, _path, body):
        return {"serial": body["serial"], "roles": ["prod"] if body["serial"] == SERIAL else []}

    def _delete_mfa(self, _path, _body):
        return {}

    def _get_roles(self, path, _body):
        if path.endswith("/explain"):
            self._demand(unquote(path.split("/")[-2]))
            return {"role": "prod", "steps": ["start from work", "assume prod"], "remarks": ["1 h"]}
        nothing = dict.fromkeys(("role_arn", "account", "mfa_serial"))
        roles = [
            {**nothing, "name": name, "source": "work", "region": region, "url": "http://x"}
            for name, region in self.roles.items()
        ]
        return {"roles": roles, "problems": self.problems}

    def _get_selection(self, path, _body):
        words = [unquote(each.partition("=")[2]) for each in path.partition("?")[2].split("&")]
        meant = [role for word in words for role in (self.roles if word == "*" else [word])]
        for name in meant:
            if name not in self.roles:
                self._post_login("", {"roles": [name]})  # says that there is none
        return {"roles": list(dict.fromkeys(meant))}

    def _post_logout(self, _path, body):
        return {"roles": list(self.roles) if body.get("all") else body["roles"]}

    def _post_lock(self, _path, _body):
        return {"locked": True}

    def _post_unlock(self, _path, _body):
        return {"locked": False}

    def _post_reload(self, _path, _body):
        return {"roles": len(self.roles), "restart": self.outdated, "problems": self.problems}

    def _post_succeed(self, _path, _body):
        return {"pid": 4712}

    def _post_stop(self, _path, _body):
        threading.Timer(0.05, self.on_stop).start()
        return {}

    def _get_containers(self, _path, _body):
        return {**self.containers}

    def _get_grants(self, _path, _body):
        one = {"id": "g1", "label": "a shell", "roles": ["prod"], "created": time.time() - 60.5}
        return {"grants": [{**one, "expires_at": None, "last_used": None, "pid": 1}]}

    def _post_grants(self, path, body):
        if path and path.startswith("/v1/grants/"):
            return self._bound(path, body)
        self.grants += 1
        self.label = body.get("label", "")
        return {
            "id": f"g{self.grants}",
            "token": "t0ken",
            "token_file": TOKEN_FILE,
            "urls": {role: f"http://127.0.0.1:9477/v1/credentials/{role}" for role in body["roles"]},
            "regions": {role: self.roles.get(role) for role in body["roles"]},
            "confirm": [role for role in body["roles"] if role in self.guarded],
            "scope": SCOPE if "scope" in body and self.knows_scopes else None,
        }

    def _bound(self, path, body):
        one = {"id": path.rpartition("/")[2], "label": self.label, "roles": ["prod"], "created": time.time()}
        root = body.get("root") if self.binds else None
        return {**one, "expires_at": None, "last_used": None, "pid": body["pid"], "root": root}

    def _delete_grants(self, path, _body):
        if path.endswith("/nope"):
            raise ProblemError(
                404, {"code": "bad-request", "category": "usage", "sentence": "No grant nope.", "hint": ""}
            )
        return {}

    def _get_events(self, _path, _body):
        watcher = queue.Queue()
        self.watchers.append(watcher)
        return iter(watcher.get, None)

    def _get_audit(self, path, _body):
        if "role=" in path and not any(f"role={role}" in unquote(path) for role in self.roles):
            return
        follows = self._get_events(path, None) if "follow=1" in path else ()  # there before anybody has seen a line
        line = {"time": "2026-11-22T12:00:00Z", "event": "fetch", "role": "prod", "what": "served", "count": 1}
        line |= {"uid": 1000, "pid": 7, "exe": "/bin/aws", "grant": {"id": "g1", "label": "a shell"}}
        unknown = {**line, "uid": "unknown", "pid": None, "exe": None, "count": 12}
        renewed = {**line, "event": "renewed", "uid": None, "pid": None, "exe": None, "grant": None, "what": ""}
        query = dict(pair.split("=") for pair in path.partition("?")[2].split("&") if pair)
        for number, each in enumerate([line, unknown, renewed], 1):
            if number > int(query.get("after", 0)) and ("grant" not in query or each["grant"] or self.ignores_grant):
                cursor = {"cursor": str(number)} if "follow" in query and self.gives_cursors else {}
                yield {**each, **cursor}
        yield from follows

    def _post_login(self, _path, body):
        for role in body["roles"]:
            self._demand(role)
        return self._login(body, self._held)

    def _demand(self, role):
        if role not in self.roles:
            hint = "Did you mean prod?"
            sentence = f"There is no role {role}."
            raise ProblemError(404, {"code": "unknown-role", "category": "usage", "sentence": sentence, "hint": hint})

    def _post_accounts(self, _path, body):
        """`accounts` has of each id the name and its permission sets, or why they can't be listed."""
        if self.needs_code:
            error = (yield from self._sign_in([])) if body.get("attend") else NOBODY
            if error:
                yield {"event": "failed", "role": "the list of accounts", "error": error}
                yield {"event": "done", "failed": 1}
                return
        now = time.time()
        yield {"event": "listing", "listed": len(self.accounts), "total": len(self.accounts)}
        where = {"session": self.session, "start_url": "https://corp.awsapps.com/start", "region": "eu-central-1"}
        found = [
            {
                "account_id": number,
                "account_name": name,
                "email": f"{number}@example.com",
                "permission_sets": []
                if isinstance(sets, dict)
                else [
                    {
                        "permission_set": each,
                        "profiles": ["mine"] if (number, each) == ("111122223333", "Developer") else [],
                    }
                    for each in sets
                ],
                "error": sets if isinstance(sets, dict) else None,
            }
            for number, (name, sets) in self.accounts.items()
        ]
        listing = {"sign_in": {**where, "example": self.example}, "listed_at": now - self.listed_ago, "now": now}
        yield {"event": "accounts", "accounts": found, **listing}
        yield {"event": "done", "failed": 0}

    def _post_credentials(self, _path, body):
        return self._login({**body, "roles": [body["role"]]}, self._secrets)

    def _held(self, role):
        now = time.time()
        return {
            "event": "held",
            "role": role,
            "expires_at": now + 3540.5,
            "mfa_expires_at": now + 28800.5,
            "now": now,
        }

    def _secrets(self, role):
        return {
            "event": "credentials",
            "role": role,
            "access_key_id": "ASIAEXAMPLE",
            "secret_access_key": "s3cr3t/+",
            "session_token": "tok=",
            "expiration": "2026-11-22T12:00:00Z",
            "account_id": "111122223333",
            "region": self.roles.get(role),
        }

    def _login(self, body, have):
        error = None
        if self.needs_code and body.get("code") != self.good:
            error = NOBODY if not body.get("attend") else None
            if not error:
                error = yield from (self._sign_in if self.signs_in else self._ask)(body["roles"])
        if body.get("grant"):
            error = (yield from self._confirm(body["roles"])) if body.get("attend") else NOBODY
        for role in body["roles"]:
            yield {"event": "failed", "role": role, "error": error} if error else have(role)
        yield {"event": "done", "failed": len(body["roles"]) if error else 0}

    def prompt(self, roles, attempt=1, problem=None, not_before=None):
        now = time.time()
        return {
            "id": "p1",
            "kind": "mfa",
            "serial": SERIAL,
            "roles": roles,
            "attempt": attempt,
            "attempts": 3,
            "problem": problem,
            "not_before": not_before,
            "deadline": now + 120,
            "now": now,
        }

    def _ask(self, roles):
        answers = queue.Queue()
        asked = self.prompt(roles)
        while True:
            self.prompts["p1"] = (asked, answers)
            yield {"event": "prompt", "prompt": asked}
            self.prompted.set()
            answer = answers.get()
            closed = {"event": "prompt-closed", "id": "p1", "outcome": "answered"}
            if answer == "elsewhere":
                del self.prompts["p1"]
                yield {**closed, "sentence": "Answered at another terminal."}
                return None
            if answer == "used":
                asked = self.prompt(roles, not_before=time.time() + self.countdown)
                continue
            if answer.get("decline"):
                del self.prompts["p1"]
                yield {**closed, "outcome": "declined", "sentence": "Declined."}
                return DECLINED
            if answer["code"] == self.good:
                del self.prompts["p1"]
                yield {**closed, "sentence": "Accepted."}
                return None
            attempt = asked["attempt"] + 1
            if attempt > 3:
                yield {**closed, "outcome": "withdrawn", "sentence": "Three wrong codes."}
                sentence = "Three codes were refused."
                return {"code": "too-many-wrong-codes", "category": "human", "sentence": sentence, "hint": ""}
            asked = self.prompt(roles, attempt, WRONG)

    def confirmation(self, roles, label):
        asked = {**self.prompt(roles), "id": "c1", "kind": "confirm", "label": label, "serial": "", "attempts": 1}
        self.prompts["c1"] = (asked, queue.Queue())
        return asked

    def _confirm(self, roles):
        yield {"event": "prompt", "prompt": self.confirmation(roles, self.label)}
        answer = self.prompts["c1"][1].get()
        del self.prompts["c1"]
        closed = {"event": "prompt-closed", "id": "c1", "sentence": "It was answered."}
        if answer.get("confirm"):
            yield {**closed, "outcome": "answered"}
            return None
        yield {**closed, "outcome": "declined"}
        return DECLINED

    def sign_in(self, roles, **more):
        """A prompt that a browser answers."""
        shown = {"mode": "device-code", "url": "https://device.sso.example/", "user_code": "ABCD-EFGH"}
        if self.signs_in == "redirect":
            shown = {"mode": "redirect", "url": REDIRECT, "user_code": ""}
        shown = {"sign_in": "corp", **shown, **more}
        return {**self.prompt(roles), "kind": "sign-in", "serial": "", "attempts": 1, **shown}

    def _sign_in(self, roles):
        more = self.signs_in if isinstance(self.signs_in, dict) else {}
        self.prompts["p1"] = (self.sign_in(roles, **more), queue.Queue())
        yield {"event": "prompt", "prompt": self.prompts["p1"][0]}
        answer = self.prompts["p1"][1].get()
        closed = {"event": "prompt-closed", "id": "p1"}
        if answer == "elsewhere" or answer.get("shown") == "shown":
            yield {**closed, "outcome": "answered", "sentence": "You are signed in to corp."}
            return None
        yield {**closed, "outcome": "declined", "sentence": "Declined."}
        return DECLINED

    def _post_prompts(self, path, body):
        _, answers = self.prompts[path.rpartition("/")[2]]
        code = body.get("code")
        if code in self.used:
            self.used.discard(code)
            answers.put("used")
            raise ProblemError(409, USED)
        answers.put(body)
        return {}

    def elsewhere(self):
        self.prompts["p1"][1].put("elsewhere")


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        fake = self.server.fake
        method, path, _ = self.rfile.readline().decode().split(" ")
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = json.loads(self.rfile.read(length)) if length else None
        try:
            answer = fake.respond(method, path, body)
        except ProblemError as problem:
            self._send(problem.status, json.dumps({"error": problem.error}).encode())
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._give(answer)

    def _give(self, answer):
        if isinstance(answer, bytes):
            self.wfile.write(answer)
        elif isinstance(answer, dict):
            self._send(200, json.dumps(answer).encode())
        else:
            self._send(200, b"")
            for event in answer:
                self.wfile.write(json.dumps(event).encode() + b"\n")

    def _send(self, status, content):
        head = f"HTTP/1.0 {status} X\r\nXacct-Api: {self.server.fake.api}\r\n\r\n"
        self.wfile.write(head.encode() + content)


def main():
    """Serve until stopped; `--fail` gives up the way the daemon does, `--slow` starts late."""
    with Path(os.environ["FAKE_STARTS"]).open("a") as starts:
        starts.write(f"{os.getpid()} {json.dumps(dict(os.environ))}\n")
    if "--fail" in sys.argv:
        sys.stderr.write("Traceback: noise\nxacctd: The port is taken.\n  hint: Free it.\n")
        sys.exit(1)
    if "--mute" in sys.argv:
        sys.exit(1)
    time.sleep(0.2 if "--slow" in sys.argv else 0)
    path = os.environ.get("XACCT_SOCKET") or f"{os.environ['XDG_RUNTIME_DIR']}/xacct/control.sock"
    fake = FakeDaemon(path)
    gone = threading.Event()
    fake.on_stop = gone.set
    signal.signal(signal.SIGTERM, lambda *_: gone.set())
    fake.start()
    gone.wait(60)
    fake.stop()


if __name__ == "__main__":
    main()
