"""The endpoint's first answers after a restart, over raw sockets: only what takes a grant and fresh credentials."""

import asyncio
import json
import os
import socket
import time

import pytest

from xacct.endpoint.door import Door
from xacct.endpoint.early import ROOM, Early, FrontRole, front_of
from xacct.endpoint.grants import Grants
from xacct.endpoint.server import Endpoint, bind
from xacct.model import Caller, Credentials

NOW = 1_800_000_000.0
US = os.geteuid()


def held(seconds=3600.0):
    return Credentials("ASIAHELD", "canary-secret", "token", NOW + seconds, NOW + seconds - 3660, "111122223333")


class Place:
    """An early endpoint, and a client of it."""

    def __init__(self, directory, roles=None, caller=None):
        (directory / "tokens").mkdir()
        self.grants = Grants(directory / "tokens", None, lambda: NOW, lambda _pid: None)
        self.grant, self.token, _ = self.grants.create(["prod", "stale", "guarded"], "test", None, None)
        self.listener = bind(0)
        self.listener.listen(4096)
        self.port = self.listener.getsockname()[1]
        roles = roles or {
            "prod": FrontRole("prod", "arn:p", held()),
            "stale": FrontRole("stale", None, held(600)),
            "secret": FrontRole("secret", None, held()),
        }
        door = Door(lambda _client, _server: caller or Caller(uid=US), US)
        self.early = Early(self.listener, roles, self.grants, door, lambda: NOW)
        self.early.start()
        self.left = None
        self.clients = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection, *_ in self.stop():
            connection.close()
        for client in self.clients:
            client.close()
        self.listener.close()

    def stop(self):
        if self.left is None:
            self.left = self.early.stop()
        return self.left

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), 5)
        client.settimeout(5)
        self.clients.append(client)
        return client

    def head(self, role="prod", *lines, token=None, host=None):
        first = [
            f"GET /v1/credentials/{role} HTTP/1.1",
            f"Host: {host or f'127.0.0.1:{self.port}'}",
            f"Authorization: {token or self.token}",
        ]
        return "\r\n".join([*first, *lines, "", ""]).encode()

    def silent(self, *data, wait=0.15):
        """Whether nothing comes to these bytes. The connection stays open, to be handed on."""
        client = self.connect()
        for piece in data:
            client.sendall(piece)
        client.settimeout(wait)
        try:
            return client.recv(1) is None
        except TimeoutError:
            return client


@pytest.fixture
def place(tmp_path):
    with Place(tmp_path) as place:
        yield place


def body(answer):
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def test_a_grant_and_fresh_credentials_are_answered_at_once(place):
    client = place.connect()
    client.sendall(place.head())
    answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Cache-Control: no-store" in answer
    assert body(answer)["SecretAccessKey"] == "canary-secret"
    assert body(answer)["RoleArn"] == "arn:p"
    client.sendall(place.head())
    assert client.recv(65536) == answer, "and the connection is kept"
    place.connect()
    time.sleep(0.05)
    assert sorted(left.answered for left in place.stop()) == [False, True]
    assert [(fetch.grant.id, fetch.role) for fetch in place.early.fetches] == [(place.grant.id, "prod")] * 2


def test_byte_by_byte_too_and_several_at_once(place):
    client = place.connect()
    for byte in place.head():
        client.send(bytes([byte]))
    one = client.recv(65536)
    client.sendall(place.head() * 3)
    three = b""
    while len(three) < 3 * len(one):
        three += client.recv(65536)
    assert three == one * 3


def test_a_client_that_wants_no_more_is_hung_up_on(place):
    client = place.connect()
    client.sendall(place.head("prod", "Connection: close"))
    answer = b""
    while data := client.recv(65536):
        answer += data
    assert body(answer)["AccessKeyId"] == "ASIAHELD"


@pytest.mark.parametrize(
    "request_",
    [
        lambda place: place.head("stale"),
        lambda place: place.head("guarded"),
        lambda place: place.head("secret"),  # held, but not for this grant
        lambda place: place.head("unknown"),
        lambda place: place.head(token="xacct_wrong"),
        lambda place: place.head("prod", "Origin: http://evil"),
        lambda place: place.head(host="evil.example"),
        lambda place: place.head().replace(b"GET", b"POST"),
        lambda place: b"GET /healthz HTTP/1.1\r\n\r\n",
        lambda place: b"\x16\x03\x01garbage\r\n\r\n",
        lambda place: b"GET /v1/cred",
        lambda place: b"x" * 20_000,
        lambda place: b"",
    ],
)
def test_all_else_is_handed_on_unanswered_and_whole(place, request_):
    data = request_(place)
    client = place.silent(data)
    [left] = place.stop()
    assert left.connection.getpeername() == client.getsockname()
    left.connection.setblocking(False)
    unread = left.unread
    try:
        while more := left.connection.recv(65536):
            unread += more
    except BlockingIOError:
        pass
    assert unread == data
    assert place.early.fetches == []


def test_what_is_behind_a_request_that_it_can_t_answer_waits_for_it(place):
    data = place.head("unknown") + place.head("prod")
    place.silent(data)
    [left] = place.stop()
    assert left.unread == data, "answers keep their order"


def test_another_user_is_not_even_read(tmp_path):
    with Place(tmp_path, caller=Caller(uid=US + 1)) as place:
        place.silent(place.head())
        [left] = place.stop()
        assert left.unread == b""
        assert left.connection.recv(65536) == place.head()


def test_a_crowd_waits_in_the_queue(tmp_path, monkeypatch):
    monkeypatch.setattr("xacct.endpoint.early.ROOM", 5)
    with Place(tmp_path) as place:
        for _ in range(8):
            place.connect()
        time.sleep(0.1)
        assert len(place.stop()) == 5 < ROOM
        for _ in range(3):
            place.listener.accept()[0].close()


async def test_the_endpoint_goes_on_with_who_is_left(place):
    whole, half, idle = (place.connect() for _ in range(3))
    unknown = place.head("unknown")
    whole.sendall(unknown)
    half.sendall(unknown[:30])
    await asyncio.to_thread(time.sleep, 0.1)
    endpoint = Endpoint(lambda request: b"HTTP/1.1 200 " + request.target.encode() + b"\r\n\r\n", lambda: 0.0)
    await endpoint.serve(place.listener)
    await endpoint.adopt(place.stop())
    place.left = []
    half.sendall(unknown[30:])
    idle.sendall(unknown)
    for client in (whole, half, idle):
        assert b"/v1/credentials/unknown" in await asyncio.to_thread(client.recv, 65536)
    await endpoint.close()


# What the kept state says.

STATE = {
    "clock": {"aws": NOW, "at": {"wall": 5.0, "boot": 6.0}, "boot_id": "a boot"},
    "front": {
        "files": [["config", [1, 2, 3]], ["none", None]],
        "roles": {"prod": ["prod", "arn:p"], "idle": ["idle", None]},
    },
    "memory": {
        "locked": False,
        "roles": [
            {
                "name": name,
                "lease": {
                    "held": {
                        "access_key_id": "ASIA",
                        "secret_access_key": "s",
                        "session_token": "t",
                        "expires_at": NOW + 3600,
                        "issued_at": NOW,
                        "account_id": None,
                    }
                    if name == "prod"
                    else None,
                    "logged_out": False,
                },
            }
            for name in ("prod", "idle", "not in front")
        ],
    },
}


def stamps(file):
    return {"config": [1, 2, 3]}.get(file)


def changed(**parts):
    return json.dumps({**STATE, **parts}).encode()


def test_what_is_held_is_served_early():
    front = front_of(json.dumps(STATE).encode(), "a boot", stamps)
    assert list(front.roles) == ["prod"]
    assert front.roles["prod"].held.access_key_id == "ASIA"
    assert front.at.boot == 6.0


@pytest.mark.parametrize(
    ("state", "boot_id", "stamp"),
    [
        (changed(), "another boot", stamps),
        (changed(), "a boot", lambda _: None),
        (changed(), "a boot", lambda _: [1, 2, 4]),
        (changed(memory=STATE["memory"] | {"locked": True}), "a boot", stamps),
        (changed(memory={}), "a boot", stamps),
        (changed(front=None), "a boot", stamps),
        (b"", "a boot", stamps),
        (b"[" * 100_000, "a boot", stamps),
    ],
)
def test_where_anything_has_changed_nothing_is_served_early(state, boot_id, stamp):
    assert front_of(state, boot_id, stamp) is None


def test_who_has_logged_out_is_not_served_early():
    out = [role["name"] for role in STATE["memory"]["roles"]]
    front = front_of(changed(memory=STATE["memory"] | {"logged_out": out}), "a boot", stamps)
    assert front.roles == {}
