"""grants.json: odd rows lose one grant each, broken files are kept aside, and the loop never waits for the disk."""

import asyncio
import contextlib
import json
import os
import threading

import msgspec
import pytest
from waiting import PATIENCE, until

from xacct import errors
from xacct.grants import grant_file, grants
from xacct.grants.grants import Grants
from xacct.host import saver
from xacct.host.saver import Saver
from xacct.scope_policies import Wanted, made_of


@pytest.fixture
def store(tmp_path):
    (tmp_path / "tokens").mkdir()
    return tmp_path / "grants.json"


def made(store, **more):
    return Grants(store.parent / "tokens", store, lambda: 1000.0, lambda pid: f"start of {pid}", **more)


def again(store):
    new = made(store)
    new.load()
    return new


@pytest.fixture
def rows(store):
    """Two good rows, of a plain grant and of one with everything."""
    both = made(store)
    both.create(["dev"], "plain", None, None)
    both.create(["dev"], "all", 60, 7, role_arns=["arn:aws:iam::*:role/x-*"], via="dev", forwarded_port=1, where="host")
    return json.loads(store.read_bytes())


def aside(store):
    return [file for file in store.parent.iterdir() if ".broken" in file.name]


@pytest.fixture
def lines(monkeypatch):
    """What is logged."""
    found = []

    class Log:
        def warning(self, event, **more):
            found.append((event, more))

    monkeypatch.setattr(grant_file, "log", Log())
    return found


ODD = {
    "id": ["../../victim", "..", "", "ABCDEF01", "0123456789", "0123456/", None, 7, ["x"], "0123456\n"],
    "digest": ["", "x" * 64, "ab" * 31, "ab" * 31 + "a\ud800", None, 5, "AB" * 32],
    "label": [None, 5, ["x"], "x" * 5000],
    "roles": [None, "dev", [5], [None], [], {"dev": 1}, [["dev"]], ["x\x00"], ["\ud800"], ["x" * 5000], ["x"] * 5000],
    "created": ["2026-11-28", "\ud800", None, True, float("nan"), float("inf"), -1, 0, 1e300, [], "1000"],
    "expires_at": ["tomorrow", "\ud800", True, float("nan"), float("inf"), -1, [], {}, 10**400],
    "pid": ["7", 0, -1, 2**64, 1.5, True, []],
    "pid_started": [5, [], "\ud800", "x" * 5000, "\x00"],
    "role_arns": ["x", [5], None, {}],
    "via": [5, [], "x", "\ud800"],
    "forwarded_port": ["80", 0, -1, 65536, 1.5, True],
    "where": [None, "elsewhere", "\ud800", 5, []],
    "scope": [
        5,
        "reading",
        {},
        {"policy": "{}"},
        {"policy": "", "policy_arns": [], "regions": ["eu-central-1"], "ttl": None, "words": "all"},
        {"policy": "{}", "policy_arns": [], "regions": [], "ttl": 0, "words": ""},
        {"policy": "{}", "policy_arns": [], "regions": [], "ttl": None, "words": "", "more": "a limit"},
        {"policy": "x" * 5000, "policy_arns": [], "regions": [], "ttl": None, "words": ""},
    ],
    "m\ud800re": [1],
    "more": ["is not understood", ["a limit"]],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ODD.items() for value in values])
def test_an_odd_row_loses_its_grant_alone(store, rows, name, value, lines):
    victim = store.parent / "victim"
    victim.write_text("theirs")
    good, bad = dict(rows[1]), dict(rows[0])
    bad[name] = value
    before = json.dumps([bad, good])
    store.write_text(before)
    loaded = again(store)
    assert [grant.label for grant in loaded.all()] == ["all"]
    loaded.sweep()
    assert json.loads(json.dumps([grant.label for grant in loaded.all()]))
    assert [event for event, _ in lines] == ["grant dropped", "grants.json kept as it was"]
    assert "theirs" not in str(lines)
    assert [file.read_text() for file in aside(store)] == [before]
    loaded.create(["dev"], "new", None, None)
    assert [grant.label for grant in again(store).all()] == ["all", "new"]
    assert victim.read_text() == "theirs"


@pytest.mark.parametrize("row", [None, 5, "x", [], [1], {}, {"id": "01234567"}, True, [[[[]]]]])
def test_what_is_no_row_loses_nothing_else(store, rows, row):
    store.write_text(json.dumps([row, *rows, row]))
    assert [grant.label for grant in again(store).all()] == ["plain", "all"]


@pytest.mark.parametrize("field", ["id", "digest", "label", "roles", "created", "expires_at", "pid", "pid_started"])
def test_a_row_that_says_less_grants_nothing(store, rows, field):
    del rows[0][field]
    store.write_text(json.dumps(rows))
    assert [grant.label for grant in again(store).all()] == ["all"]


def test_a_second_row_of_one_id_or_token_is_dropped(store, rows):
    for field in ("id", "digest"):
        twin = rows[1] | {"label": "twin", field: rows[0][field]}
        store.write_text(json.dumps([*rows, twin]))
        assert [grant.label for grant in again(store).all()] == ["plain", "all"]


def test_a_label_of_an_earlier_version_costs_no_grant(store, rows):
    rows[0]["label"] = "a\x00b\u202ec\ud800\x1b"
    store.write_text(json.dumps(rows))
    assert [grant.label for grant in again(store).all()] == ["a?b?c??", "all"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"null", b"5", b"\xff\xfe", b"[" * 100_000, b"[1" * 100_000, b"9" * 5000]
)
def test_a_broken_file_is_kept_aside(store, content, lines):
    store.write_bytes(content)
    loaded = again(store)
    assert loaded.all() == []
    loaded.create(["dev"], "new", None, None)
    assert [file.read_bytes() for file in aside(store)] == [content]
    assert [grant.label for grant in again(store).all()] == ["new"]
    assert [event for event, _ in lines] == ["grants not read"]


def test_what_is_kept_aside_twice_is_there_twice(store):
    for content in (b"{", b"[}"):
        store.write_bytes(content)
        again(store).create(["dev"], "new", None, None)
    assert sorted(file.read_bytes() for file in aside(store)) == [b"[}", b"{"]


@pytest.mark.parametrize("kind", ["fifo", "device", "directory", "link", "large"])
def test_what_is_no_file_of_ours_is_kept_aside_and_hangs_nobody(store, kind, monkeypatch):
    elsewhere = store.parent / "elsewhere"
    match kind:
        case "fifo":
            os.mkfifo(store)
        case "device":
            store.symlink_to("/dev/zero")
        case "directory":
            store.mkdir()
        case "link":
            elsewhere.write_text("[]")
            store.symlink_to(elsewhere)
        case "large":
            monkeypatch.setattr(grant_file, "MOST_BYTES", 1000)
            store.write_bytes(b"[" + b" " * 1000 + b"]")
    loaded = again(store)
    loaded.create(["dev"], "new", None, None)
    assert [grant.label for grant in again(store).all()] == ["new"]
    assert len(aside(store)) == 1


@pytest.mark.parametrize("kind", ["fifo", "device", "directory", "large"])
def test_what_is_no_token_file_hangs_nobody(store, kind):
    file = store.parent / "tokens" / "01234567"
    match kind:
        case "fifo":
            os.mkfifo(file)
        case "device":
            file.symlink_to("/dev/zero")
        case "directory":
            file.mkdir()
        case "large":
            file.write_bytes(b"x" * 5000)
    assert again(store).all() == []


def test_there_is_a_limit_and_it_is_said(store, monkeypatch):
    monkeypatch.setattr(grants, "MOST", 3)
    full = made(store)
    first, *_ = [full.create(["dev"], str(number), None, None)[0] for number in range(3)]
    with pytest.raises(errors.BadInput, match="3 grants in force"):
        full.create(["dev"], "more", None, None)
    assert len(list((store.parent / "tokens").iterdir())) == 3
    full.revoke(first.id)
    full.create(["dev"], "again", None, None)


def test_those_that_have_ended_make_room(store, monkeypatch):
    monkeypatch.setattr(grants, "MOST", 2)
    now = [1000.0]
    full = Grants(store.parent / "tokens", store, lambda: now[0], lambda _: None)
    for number in range(2):
        full.create(["dev"], str(number), 10, None)
    now[0] += 11
    full.create(["dev"], "new", None, None)
    assert [grant.label for grant in full.all()] == ["new"]


# Off the loop.


async def test_it_is_written_before_settled_returns_and_not_on_the_loop(store, monkeypatch):
    threads = []
    save = grant_file.save

    def noted(*arguments):
        threads.append(threading.current_thread())
        save(*arguments)

    monkeypatch.setattr(grant_file, "save", noted)
    many = made(store, saver=Saver())
    for number in range(50):
        many.create(["dev"], str(number), None, None)
    await many.settled()
    assert len(json.loads(store.read_bytes())) == 50
    assert threading.main_thread() not in threads
    assert len(threads) < 50  # the newest stands for those before it


async def test_a_disk_that_hangs_hangs_nobody(store, monkeypatch):
    begun, stuck, written = threading.Event(), threading.Event(), []
    monkeypatch.setattr(saver, "PATIENCE", 0.05)
    monkeypatch.setattr(saver, "AT_THE_END", 0.05)
    monkeypatch.setattr(grant_file, "save", lambda *_: begun.set() or written.append(stuck.wait(PATIENCE)))
    slow = made(store, saver=Saver())
    slow.create(["dev"], "x", None, None)
    await slow.settled()
    assert written == []
    await until(begun.is_set, "the write")
    slow.flush()
    assert written == []
    stuck.set()


async def test_what_waits_is_written_at_the_end(store, monkeypatch):
    first = threading.Event()
    written = []

    def slowly(_path, kept, _roots):
        first.wait(0.2)
        written.append(len(kept))

    monkeypatch.setattr(grant_file, "save", slowly)
    both = made(store, saver=Saver())
    both.create(["dev"], "x", None, None)
    await asyncio.sleep(0)
    both.create(["dev"], "y", None, None)
    both.flush()
    assert written[-1] == 2


async def test_what_can_not_be_kept_is_a_problem_until_it_can(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    kept = made(store, saver=Saver())
    with monkeypatch.context() as patch:
        patch.setattr(grant_file, "save", full)
        kept.create(["dev"], "x", None, None)
        await kept.settled()
        assert "No space left" in kept.problem.sentence
    kept.create(["dev"], "y", None, None)
    await kept.settled()
    assert kept.problem is None


SCOPE = made_of(Wanted(allow=("s3:Get*",), regions=("eu-central-1",), ttl=600))


def test_a_scope_outlives_a_restart_by_the_file_and_by_hand(store):
    first = made(store)
    first.create(["dev"], "narrow", None, None, scope=SCOPE)
    first.create(["dev"], "plain", None, None)
    assert [grant.scope for grant in again(store).all()] == [SCOPE, None]
    handed_on = made(store)
    handed_on.load(json.loads(json.dumps(first.rows())))
    assert [grant.scope for grant in handed_on.all()] == [SCOPE, None]


def test_an_xacctd_that_knows_no_scopes_serves_no_grant_with_one(store):
    both = made(store)
    both.create(["dev"], "narrow", None, None, scope=SCOPE)
    both.create(["dev"], "plain", None, None)
    known = [each for each in msgspec.structs.fields(grant_file._Row) if each.name != "scope"]
    fields = [(each.name, each.type, each.default) for each in known]
    earlier = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, kw_only=True)
    taken = []
    for row in json.loads(store.read_bytes()):
        with contextlib.suppress(msgspec.ValidationError):
            taken.append(msgspec.convert(row, earlier).label)
    assert taken == ["plain"]
