"""Processes that narrowed grants are bound to: for as long as they live, past their grant's end and over a restart."""

import contextlib
import json

import msgspec
import pytest

from xacct import errors
from xacct.grants import grant_file, roots
from xacct.grants.grants import Grants
from xacct.model import ProcessMark
from xacct.scope_policies import Wanted, made_of

SCOPE = made_of(Wanted(read_only=True))
ROOT = ProcessMark(7, "start of 7")


class Machine:
    """A clock, processes that live, and grants kept in a directory."""

    def __init__(self, directory):
        self.now = 1000.0
        self.alive = {7, 8}
        self.store = directory / "grants.json"
        (directory / "tokens").mkdir()

    def started(self, pid):
        return f"start of {pid}" if pid in self.alive else None

    def grants(self, handed_on=None):
        new = Grants(self.store.parent / "tokens", self.store, lambda: self.now, self.started)
        new.load(handed_on)
        return new


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def grants(machine):
    """With one that a process is bound to, for a minute."""
    new = machine.grants()
    made, _, _ = new.create(["dev"], "an agent", 60, 7, scope=SCOPE)
    new.bind(made.id, 7, ROOT)
    return new


def handed_on(grants):
    return json.loads(json.dumps(grants.rows()))


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_bound_grant_is_bound_after_a_restart(grants, machine, by_hand):
    after = machine.grants(handed_on(grants) if by_hand else None)
    assert [grant.root for grant in after.all()] == [ROOT]
    assert after.roots.known == {ROOT}


@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_when_its_grant_has_ended_a_process_is_bound_still_and_after_each_restart(grants, machine, end, by_hand):
    if end == "revoked":
        grants.revoke(grants.all()[0].id)
    else:
        machine.now += 61
        grants.sweep()
    for _ in range(2):
        assert grants.all() == []
        assert grants.roots.known == {ROOT}
        grants = machine.grants(handed_on(grants) if by_hand else None)
    assert grants.roots.known == {ROOT}


def test_a_file_that_is_older_than_the_end_of_its_grant_binds_the_process_all_the_same(grants, machine):
    before = [row for row in json.loads(machine.store.read_bytes()) if "id" in row]
    grants.revoke(grants.all()[0].id)
    machine.store.write_text(json.dumps(before))
    after = machine.grants()
    assert after.all() == []
    assert after.roots.known == {ROOT}


@pytest.mark.parametrize("newer", ["the file", "by hand"])
def test_of_the_file_and_what_is_handed_on_the_older_unbinds_nothing(grants, machine, newer):
    """A daemon that is killed has kept the one, and not yet the other."""
    of_hand, in_file = handed_on(grants), machine.store.read_bytes()
    if newer == "the file":
        of_hand = []
    else:
        in_file = b"[]"
    machine.store.write_bytes(in_file)
    assert machine.grants(of_hand).roots.known == {ROOT}


def test_when_the_process_has_ended_it_is_forgotten(grants, machine):
    machine.alive.discard(7)
    grants.sweep()
    assert grants.all() == []
    assert grants.roots.known == set()
    assert machine.grants().roots.known == set()


def test_another_process_of_its_number_is_not_bound(grants, machine, monkeypatch):
    monkeypatch.setattr(machine, "started", lambda pid: f"a later start of {pid}")
    assert machine.grants().roots.known == set()


def test_there_is_a_limit(grants, machine, monkeypatch):
    monkeypatch.setattr(roots, "MOST", 1)
    made, _, _ = grants.create(["dev"], "another", None, 8, scope=SCOPE)
    with pytest.raises(errors.BadInput, match="no more can be bound"):
        grants.bind(made.id, 8, ProcessMark(8, "start of 8"))
    assert grants.by_id(made.id).root is None
    machine.alive.discard(7)
    assert grants.bind(made.id, 8, ProcessMark(8, "start of 8")).root.pid == 8


def test_to_end_with_another_process_unbinds_none(grants):
    [grant] = grants.all()
    assert grants.bind(grant.id, 8).root == ROOT


def test_an_xacctd_that_knows_no_such_processes_serves_no_grant_with_one(grants, machine):
    grants.create(["dev"], "plain", None, None)
    known = [each for each in msgspec.structs.fields(grant_file._Row) if each.name not in ("scope", "root")]
    fields = [(each.name, each.type, each.default) for each in known]
    fields += [("scope", grant_file._Scope | None, None)]
    earlier = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, kw_only=True)
    taken = []
    for row in json.loads(machine.store.read_bytes()):
        with contextlib.suppress(msgspec.ValidationError):
            taken.append(msgspec.convert(row, earlier).label)
    assert taken == ["plain"]


@pytest.mark.parametrize("row", [{"bound": None}, {"bound": {"pid": 0, "started": "x"}}, {"bound": {"pid": 8}}])
def test_a_row_that_is_no_process_binds_none_and_costs_no_other(grants, machine, row):
    rows = [row, *handed_on(grants)]
    machine.store.write_text(json.dumps(rows))
    after = machine.grants()
    assert after.roots.known == {ROOT}
    assert len(after.all()) == 1
    assert [file for file in machine.store.parent.iterdir() if ".broken" in file.name], "it is kept aside"
