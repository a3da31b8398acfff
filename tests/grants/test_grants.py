import contextlib
import errno
import hashlib
import json
import os
import stat
import time

import pytest

from xacct import errors, fileio
from xacct.endpoint import head
from xacct.grants.events import GrantEnded
from xacct.grants.grants import PREFIX, PROCESS_LOOK, Grants, digest_of, mint
from xacct.grants.token_files import ENDED, KEPT, KEPT_FOR


class Machine:
    """A clock, and processes with the mark of when each started."""

    def __init__(self):
        self.now = 1000.0
        self.processes = {}
        self.looks = 0

    def started(self, pid):
        self.looks += 1
        return self.processes.get(pid)

    def grants(self, directory, store=None):
        (directory / "tokens").mkdir(exist_ok=True)
        return Grants(directory / "tokens", store, lambda: self.now, self.started)


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def grants(machine, tmp_path):
    return machine.grants(tmp_path, tmp_path / "grants.json")


def again(machine, tmp_path):
    """What a new daemon in the same place has."""
    grants = machine.grants(tmp_path, tmp_path / "grants.json")
    grants.load()
    return grants


def test_what_the_file_still_has_but_the_token_files_have_not_does_not_come_back(grants, machine, tmp_path):
    """Where neither of the two could be written a token's file is removed; it says the same."""
    kept, ended, removed = (grants.create(["dev"], "a shell", None, None)[0] for _ in range(3))
    before = (tmp_path / "grants.json").read_bytes()
    grants.revoke(ended.id)
    grants.revoke(removed.id)
    (tmp_path / "tokens" / removed.id).unlink()
    (tmp_path / "grants.json").write_bytes(before)
    assert again(machine, tmp_path).all() == [kept]
    assert [row["id"] for row in json.loads((tmp_path / "grants.json").read_text())] == [kept.id]


def test_what_was_handed_on_before_a_revocation_does_not_bring_it_back(grants, machine, tmp_path):
    """A daemon that can't read its configuration yet keeps no state, and is killed after it has revoked."""
    kept, ended = (grants.create(["dev"], "a shell", None, None)[0] for _ in range(2))
    before = json.loads(json.dumps(grants.rows()))
    grants.revoke(ended.id)
    after = machine.grants(tmp_path, tmp_path / "grants.json")
    after.load(before)
    assert after.all() == [kept]


def test_a_reboot_takes_the_token_files_and_no_grant(grants, machine, tmp_path):
    old, token, file = grants.create(["dev"], "a shell", None, None)
    file.unlink()
    after = again(machine, tmp_path)
    assert after.find(token.encode()) == old
    new, _, _ = after.create(["dev"], "another", None, None)
    assert again(machine, tmp_path).all() == [old, new], "nor does the next start"
    before = (tmp_path / "grants.json").read_bytes()
    after.revoke(old.id)
    (tmp_path / "grants.json").write_bytes(before)
    assert again(machine, tmp_path).all() == [new]


@pytest.mark.parametrize("reboot", [True, False])
def test_a_file_that_takes_nothing_is_believed_as_far_as_token_files_bear_it_out(
    grants, machine, tmp_path, monkeypatch, reboot
):
    """Who knows what it lacks? After a reboot there are no token files, and in a directory that takes none they lie."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    kept, _, file = grants.create(["dev"], "a shell", None, None)
    monkeypatch.setattr("xacct.grants.grant_file.save", full)
    assert again(machine, tmp_path).all() == [kept], "the token files could be written, and tell"
    if reboot:
        file.unlink()
    else:
        monkeypatch.setattr(fileio, "write_new", full)
    after = again(machine, tmp_path)
    assert after.all() == []
    assert "are not used" in after.dropped.sentence


def test_what_was_handed_on_is_believed_before_the_file(grants, machine, tmp_path):
    first, _, _ = grants.create(["dev"], "a shell", None, None)
    second, _, _ = grants.create(["dev"], "a shell", None, None)
    rows = json.loads(json.dumps([row for row in grants.rows() if row["id"] == second.id]))
    successor = machine.grants(tmp_path, tmp_path / "grants.json")
    successor.load(rows)
    assert successor.all() == [second]
    assert first.id not in (tmp_path / "grants.json").read_text()


def test_a_token_is_random_and_known_by_its_prefix():
    tokens = {mint() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert token.startswith(PREFIX)
        assert len(token) >= len(PREFIX) + 43  # 256 bits
        assert token.isascii()


def test_a_forwarded_grant_brings_the_host_of_its_port_and_no_other_does(grants, machine, tmp_path):
    _, plain, _ = grants.create(["dev"], "a shell", None, None)
    over, token, _ = grants.create(["dev"], "ssh far", None, None, forwarded_port=40123)
    assert hosts_seen(grants, token) == {b"127.0.0.1:40123", b"localhost:40123", b"127.0.0.1", b"localhost"}
    assert hosts_seen(again(machine, tmp_path), token) == hosts_seen(grants, token)
    assert hosts_seen(grants, plain) == set()
    assert hosts_seen(grants, "xacct_wrong") == set()
    grants.revoke(over.id)
    assert hosts_seen(grants, token) == set()


def hosts_seen(grants, token):
    """The Host values that a request with this token may have, of some that it may try."""
    tried = [b"127.0.0.1:40123", b"localhost:40123", b"127.0.0.1", b"localhost", b"127.0.0.1:9478", b"elsewhere:40123"]
    return {host for host in tried if is_taken(grants, token, host)}


def is_taken(grants, token, host):
    request = b"GET /role/dev HTTP/1.1\r\nHost: %s\r\nAuthorization: %s" % (host, token.encode())
    with contextlib.suppress(head.Refused):
        return head.parse(request, frozenset(), grants.forwarded_port) is not None
    return False


def test_a_grant_is_found_by_its_token_bare_or_as_a_bearer(grants):
    grant, token, _ = grants.create(["dev"], "a shell", None, None)
    assert grants.find(token.encode()) is grant
    assert grants.find(b"Bearer " + token.encode()) is grant
    assert grant.allows("dev")
    assert not grant.allows("prod")


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda _: b"Bearer ",
        lambda t: t[:-1],
        lambda t: t + b"x",
        lambda t: t + b"\n",
        lambda t: b" " + t,
        lambda t: b"Basic " + t,
        lambda t: b"Bearer Bearer " + t,
        lambda t: t.swapcase(),
        lambda t: hashlib.sha256(t).hexdigest().encode(),
        lambda _: b"\xff\xfe",
    ],
)
def test_anything_else_finds_nothing(grants, change):
    _, token, _ = grants.create(["dev"], "a shell", None, None)
    assert grants.find(change(token.encode())) is None


def test_a_grant_ends_at_its_time(grants, machine):
    _, token, file = grants.create(["dev"], "", 60.0, None)
    machine.now += 59.9
    assert grants.find(token.encode())
    machine.now += 0.1
    assert grants.find(token.encode()) is None
    grants.sweep()
    assert grants.all() == []
    assert file.read_bytes() == ENDED


def test_a_revoked_grant_ends_at_once(grants, tmp_path, machine):
    grant, token, file = grants.create(["dev"], "", None, None)
    kept, other, _ = grants.create(["dev"], "", None, None)
    assert grants.revoke(grant.id) is True
    assert grants.find(token.encode()) is None
    assert file.read_bytes() == ENDED
    assert grants.revoke(grant.id) is False
    assert grants.find(other.encode()) is kept
    assert again(machine, tmp_path).all() == [kept]


def test_a_grant_ends_with_its_process(grants, machine):
    machine.processes = {7: "monday"}
    grants.create(["dev"], "a shell", None, 7)
    grants.sweep()
    assert len(grants.all()) == 1
    machine.processes = {}
    grants.sweep()
    assert grants.all() == []


@pytest.mark.parametrize("seen_by", ["a sweep", "a fetch"])
def test_the_end_of_its_process_is_told_whoever_sees_it(grants, machine, seen_by):
    told = []
    grants.events.call(GrantEnded, lambda event: told.append((event.grant.id, event.why)))
    machine.processes = {7: "monday"}
    grant, token, _ = grants.create(["dev"], "a shell", None, 7)
    machine.processes = {}
    grants.sweep() if seen_by == "a sweep" else grants.find(token.encode())
    grants.sweep()
    assert told == [(grant.id, "its process has ended")]


def test_a_grant_ends_when_another_process_has_its_number(grants, machine):
    machine.processes = {7: "monday"}
    grants.create(["dev"], "a shell", None, 7)
    machine.processes = {7: "tuesday"}
    grants.sweep()
    assert grants.all() == []


def test_a_grant_of_a_process_that_was_gone_before_ends_too(grants):
    grants.create(["dev"], "a shell", None, 7)
    grants.sweep()
    assert grants.all() == []


def test_a_fetch_after_the_process_has_ended_finds_nothing(grants, machine, tmp_path):
    machine.processes = {7: "monday"}
    _, token, file = grants.create(["dev"], "a shell", None, 7)
    assert grants.find(token.encode())
    machine.processes = {}
    machine.now += PROCESS_LOOK
    assert grants.find(token.encode()) is None
    assert file.read_bytes() == ENDED
    assert again(machine, tmp_path).all() == []


def test_a_busy_consumer_costs_one_look_a_second(grants, machine):
    machine.processes = {7: "monday"}
    _, token, _ = grants.create(["dev"], "a shell", None, 7)
    machine.looks = 0
    for _ in range(100):
        assert grants.find(token.encode())
        machine.now += PROCESS_LOOK / 50
    assert machine.looks == 2


def test_a_clock_set_back_keeps_no_dead_process_alive(grants, machine):
    machine.processes = {7: "monday"}
    _, token, _ = grants.create(["dev"], "a shell", None, 7)
    assert grants.find(token.encode())
    machine.processes = {}
    machine.now -= 500
    assert grants.find(token.encode()) is None


@pytest.mark.parametrize("kept", [True, False])
def test_token_files_without_a_grant_hold_no_token_after_the_start(machine, tmp_path, kept):
    grants = machine.grants(tmp_path, tmp_path / "grants.json" if kept else None)
    _, _, file = grants.create(["dev"], "", None, None)
    litter, foreign = file.parent / "0123abcd", file.parent / "notes.txt"
    litter.write_text("xacct_x")
    foreign.write_text("not ours")
    machine.grants(tmp_path, tmp_path / "grants.json" if kept else None).load()
    assert litter.read_bytes() == ENDED
    assert (file.read_bytes() != ENDED) is kept
    assert foreign.exists()


def test_what_has_ended_is_kept_for_a_week_and_not_without_bound(machine, tmp_path):
    grants = machine.grants(tmp_path)
    _, _, file = grants.create(["dev"], "", None, None)
    grants.revoke(file.name)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    grants.load()
    assert file.read_bytes() == ENDED
    machine.now = time.time()
    stamp = machine.now - KEPT_FOR - 60
    os.utime(file, (stamp, stamp))
    for number in range(KEPT + 150):
        (file.parent / f"{number:08x}").write_bytes(ENDED)
    grants.load()
    assert not file.exists()
    assert len(list(file.parent.iterdir())) == KEPT


def test_the_token_file_is_private_and_has_no_newline(grants):
    _, token, file = grants.create(["dev"], "", None, None)
    assert file.read_bytes() == token.encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_grants_outlive_a_restart_by_their_hash_alone(grants, machine, tmp_path):
    machine.processes = {7: "monday"}
    grant, token, _ = grants.create(["dev", "prod"], "a shell", 3600.0, 7)
    store = tmp_path / "grants.json"
    assert token not in store.read_text()
    assert token.removeprefix(PREFIX) not in store.read_text()
    assert digest_of(token) in store.read_text()
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert again(machine, tmp_path).find(token.encode()) == grant


def test_patterns_of_arns_outlive_a_restart_too(grants, machine, tmp_path):
    grant, token, _ = grants.create([], "", None, None, role_arns=["arn:aws:iam::*:role/dev-*"], via="prod")
    got = again(machine, tmp_path).find(token.encode())
    assert got == grant
    assert got.allows_arn("arn:aws:iam::123456789012:role/dev-a")


def test_grants_of_a_version_without_patterns_are_taken_over(machine, tmp_path):
    (tmp_path / "grants.json").write_text(json.dumps([ROW]))
    assert [grant.role_arns for grant in again(machine, tmp_path).all()] == [()]


def test_what_ended_meanwhile_does_not_come_back(grants, machine, tmp_path):
    machine.processes = {7: "monday"}
    grants.create(["dev"], "", 60.0, None)
    grants.create(["dev"], "", None, 7)
    stays, _, _ = grants.create(["dev"], "", None, None)
    machine.now += 61
    machine.processes = {}
    assert again(machine, tmp_path).all() == [stays]
    assert [row["id"] for row in json.loads((tmp_path / "grants.json").read_text())] == [stays.id]


ROW = {
    "id": "0123abcd",
    "digest": "ab" * 32,
    "label": "",
    "roles": ["dev"],
    "created": 1.0,
    "expires_at": None,
    "pid": None,
    "pid_started": None,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "3",
        "{}",
        '{"a": 1}',
        "[1]",
        "[null]",
        "[[]]",
        '[{"id": 1}]',
        json.dumps([ROW | {"more": 1}]),
        json.dumps([ROW | {"roles": 5}]),
        json.dumps([ROW | {"digest": []}]),
        json.dumps([ROW | {"role_arns": 5}]),
        json.dumps([ROW | {"created": "x"}]),
        json.dumps([ROW | {"expires_at": "tomorrow"}]),
        json.dumps([ROW | {"digest": None, "created": None, "expires_at": []}]),
        "\x00\xff",
        "[" * 100_000,
    ],
)
def test_a_store_that_is_no_store_is_as_good_as_none(machine, tmp_path, text):
    (tmp_path / "grants.json").write_text(text, encoding="latin-1")
    grants = again(machine, tmp_path)
    assert grants.all() == []
    _, token, _ = grants.create(["dev"], "", None, None)
    assert grants.find(token.encode())


def test_a_store_that_cannot_be_written_costs_the_restart_and_nothing_else(machine, tmp_path):
    grants = machine.grants(tmp_path, tmp_path / "no" / "such" / "directory.json")
    grant, token, _ = grants.create(["dev"], "", 60.0, None)
    assert grants.find(token.encode()) is grant
    machine.now += 61
    grants.sweep()
    assert grants.all() == []


def test_a_token_file_that_cannot_be_written_makes_no_grant(machine, tmp_path):
    grants = machine.grants(tmp_path)
    (tmp_path / "tokens").rmdir()
    with pytest.raises(errors.StateNotKept, match="token"):
        grants.create(["dev"], "", None, None)
    assert grants.all() == []


@pytest.mark.parametrize("what", ["a symlink", "a dangling symlink", "a file"])
def test_a_token_is_written_to_no_file_that_was_there_before(grants, tmp_path, monkeypatch, what):
    monkeypatch.setattr("xacct.grants.grants.secrets.token_hex", lambda _: "guessed")
    target, file = tmp_path / "target", tmp_path / "tokens" / "guessed"
    if what != "a dangling symlink":
        target.write_text("precious")
    if what == "a file":
        target.rename(file)
    else:
        file.symlink_to(target)
    with pytest.raises(errors.StateNotKept, match="can't be written"):
        grants.create(["dev"], "", None, None)
    assert grants.all() == []
    assert what == "a dangling symlink" or file.read_text() == "precious"
    assert target.exists() == (what == "a symlink")


def test_a_token_file_that_is_gone_already_is_no_trouble(grants):
    grant, _, file = grants.create(["dev"], "", None, None)
    file.unlink()
    assert grants.revoke(grant.id)


def test_last_use_is_remembered_while_the_grant_lives(grants, machine):
    grant, token, _ = grants.create(["dev"], "", 60.0, None)
    assert grant.id not in grants.last_used
    grants.find(token.encode())
    assert grants.last_used == {grant.id: 1000.0}
    machine.now += 100
    grants.find(token.encode())
    grants.sweep()
    assert grants.last_used == {}


def test_neither_a_grant_nor_the_grants_show_a_digest(grants):
    grant, token, _ = grants.create(["dev"], "", None, None)
    for shown in (repr(grant), repr(grants)):
        assert token not in shown
        assert digest_of(token) not in shown


def test_a_grant_can_be_bound_to_another_process(grants, machine, tmp_path):
    machine.processes = {7: "the wrapper", 8: "the container"}
    made, token, _ = grants.create(["dev"], "a container", None, 7, where="container")
    assert grants.bind(made.id, 8).pid == 8
    del machine.processes[7]
    machine.now += PROCESS_LOOK
    for now in (grants, again(machine, tmp_path)):
        found = now.find(token.encode())
        assert (found.id, found.pid, found.where) == (made.id, 8, "container")
    del machine.processes[8]
    machine.now += PROCESS_LOOK
    assert grants.find(token.encode()) is None


def test_there_has_to_be_such_a_grant_and_such_a_process(grants, machine):
    made, _, _ = grants.create(["dev"], "a container", None, None)
    machine.processes = {8: "the container"}
    for grant, pid in ((made.id, 9), ("none", 8)):
        with pytest.raises(errors.BadInput):
            grants.bind(grant, pid)
    assert grants.all() == [made]


def test_grants_of_a_version_that_knew_no_containers_are_for_processes(grants, machine, tmp_path):
    made, _, _ = grants.create(["dev"], "a shell", None, None)
    kept = json.loads((tmp_path / "grants.json").read_text())
    del kept[0]["where"]
    (tmp_path / "grants.json").write_text(json.dumps(kept))
    assert again(machine, tmp_path).all() == [made]
    assert made.where == "host"
