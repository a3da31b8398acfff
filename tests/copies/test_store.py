"""A copy on disk: equal to the user's file both ways, never half a file, and gone when nobody has it."""

import os
import stat
from pathlib import Path

import pytest
from acl import ACL

from xacct.copies import store
from xacct.userfiles import edit

LATER = 4e9


class Sides:
    """A user's file and its copy."""

    def __init__(self, directory, text="[default]\nregion = x\n[profile work]\nregion = y\n"):
        self.config = directory / "aws" / "config"
        self.config.parent.mkdir()
        self.config.write_text(text)
        self.runtime = directory / "run"
        self.runtime.mkdir()
        self.about = store.About(str(self.config), str(directory / "aws" / "credentials"), "xacct")
        self.place = store.directory(str(self.runtime), self.about)
        self.copy = Path(store.made(self.place, self.about, "0123abcd", LATER))

    def sync(self):
        return store.synced(self.place, LATER)


@pytest.fixture
def sides(tmp_path):
    return Sides(tmp_path)


def test_each_side_reaches_the_other(sides):
    sides.copy.write_text(sides.copy.read_text() + "[profile new]\nregion = z\n")
    sides.config.write_text("# first\n" + sides.config.read_text())
    assert sides.sync()
    assert sides.config.read_text() == (
        "# first\n[default]\nregion = x\n[profile work]\nregion = y\n[profile new]\nregion = z\n"
    )
    assert sides.config.read_text() in sides.copy.read_text()
    before = sides.copy.stat().st_mtime_ns, sides.config.stat().st_mtime_ns
    assert sides.sync()
    assert (sides.copy.stat().st_mtime_ns, sides.config.stat().st_mtime_ns) == before


def test_while_somebody_writes_nothing_is_taken_for_their_word(sides):
    whole, copy = sides.config.read_text(), sides.copy.read_text()
    with sides.copy.open("w") as file:
        file.write(copy[:20])
        file.flush()
        assert sides.sync() is False
        assert sides.config.read_text() == whole
        file.write(copy[20:] + "[profile new]\n")
    assert sides.sync() is True
    assert sides.config.read_text() == whole + "[profile new]\n"


@pytest.mark.parametrize("text", ["", "\n", "half a li"])
def test_an_emptied_copy_empties_nothing(sides, text):
    whole, copy = sides.config.read_text(), sides.copy.read_text()
    sides.copy.write_text(text)
    assert sides.sync()
    assert (sides.config.read_text(), sides.copy.read_text()) == (whole, copy)


def test_two_changes_of_one_line_lose_neither(sides):
    sides.copy.write_text(sides.copy.read_text().replace("region = y", "region = copy"))
    sides.config.write_text(sides.config.read_text().replace("region = y", "region = mine"))
    with pytest.raises(store.Failed, match="not-written") as failed:
        sides.sync()
    assert "region = mine" in sides.config.read_text()
    assert "region = mine" in sides.copy.read_text()
    (kept,) = sides.runtime.glob("not-written-*")
    assert str(kept) in str(failed.value)
    assert "region = copy" in kept.read_text()
    assert sides.sync()


@pytest.mark.parametrize("text", [None, ""])
def test_a_file_that_is_not_there_is_made_when_a_tool_sets_something(tmp_path, text):
    sides = Sides(tmp_path, "")
    if text is None:
        sides.config.unlink()
    assert sides.sync()
    assert sides.config.exists() is (text is not None)
    sides.copy.write_text(sides.copy.read_text() + "[profile new]\n")
    assert sides.sync()
    assert sides.config.read_text() == "[profile new]\n"
    assert text is not None or stat.S_IMODE(sides.config.stat().st_mode) == 0o600


def test_mode_and_symlink_of_the_users_file_stay(sides):
    target = sides.config.with_name("target")
    sides.config.rename(target)
    sides.config.symlink_to("target")
    target.chmod(0o640)
    sides.copy.write_text(sides.copy.read_text() + "[profile new]\n")
    assert sides.sync()
    assert sides.config.is_symlink()
    assert target.read_text().endswith("[profile new]\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [file.name for file in target.parent.iterdir() if "xacct" in file.name] == []


def test_a_file_that_is_open_in_an_editor_waits(sides):
    before = sides.config.read_text()
    sign = sides.config.with_name(".#config")
    sign.symlink_to("somebody@elsewhere.1")
    sides.copy.write_text(sides.copy.read_text() + "[profile new]\n")
    with pytest.raises(store.Failed, match="open in an editor"):
        sides.sync()
    assert sides.config.read_text() == before
    sign.unlink()
    assert sides.sync()
    assert sides.config.read_text() == before + "[profile new]\n"


def test_a_file_of_two_names_stays_one(sides):
    other = sides.config.with_name("other")
    os.link(sides.config, other)
    before = sides.config.read_text()
    sides.copy.write_text(sides.copy.read_text() + "[profile new]\n")
    with pytest.raises(store.Failed, match="has another name"):
        sides.sync()
    assert (sides.config.read_text(), other.samefile(sides.config)) == (before, True)
    other.unlink()
    assert sides.sync()
    assert sides.config.read_text() == before + "[profile new]\n"


def test_an_access_control_list_is_kept(sides):
    try:
        os.setxattr(sides.config, edit._ACL, ACL)
    except (AttributeError, OSError):
        pytest.skip("this file system has no access control lists")
    sides.copy.write_text(sides.copy.read_text() + "[profile new]\n")
    assert sides.sync()
    assert sides.config.read_text().endswith("[profile new]\n")
    assert os.getxattr(sides.config, edit._ACL) == ACL


def test_what_an_editor_saves_in_the_same_instant_is_not_lost(sides, monkeypatch):
    exchange, theirs = edit.exchange, ["# theirs\n" + sides.config.read_text()]

    def overtaken(one, other):
        if theirs:
            sides.config.write_text(theirs.pop())
        return exchange(one, other)

    monkeypatch.setattr(edit, "exchange", overtaken)
    sides.copy.write_text(sides.copy.read_text() + "[profile new]\n")
    with pytest.raises(store.Failed, match="changes all the time"):
        sides.sync()
    assert sides.sync()
    assert sides.config.read_text().startswith("# theirs\n")
    assert sides.config.read_text().count("[profile new]\n") == 1


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path):
    (tmp_path / "aws").mkdir()
    fifo = tmp_path / "aws" / "config"
    os.mkfifo(fifo)
    about = store.About(str(fifo), "/dev/null", "xacct")
    place = store.directory(str(tmp_path), about)
    copy = Path(store.made(place, about, "0123abcd", LATER))
    copy.write_text(copy.read_text() + "[profile new]\n")
    assert store.synced(place, LATER)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.skipif(os.geteuid() == 0 and not os.environ.get("XACCT_TEST_AS_ROOT"), reason="root may write everything")
def test_a_file_that_cannot_be_written_makes_the_tool_fail(sides):
    sides.config.chmod(0o400)
    sides.copy.unlink()
    assert sides.sync()
    assert stat.S_IMODE(sides.copy.stat().st_mode) == 0o400


def test_a_copy_goes_with_the_last_who_has_it(sides):
    store.made(sides.place, sides.about, "pid-7", LATER)
    assert store.users_of(sides.place) == {"0123abcd", "pid-7"}
    assert store.remove(sides.place, lambda user: user == "pid-7") is False
    assert store.remove(sides.place, lambda _user: False) is True
    assert store.all_in(str(sides.runtime)) == []
    assert store.made(sides.place, sides.about, "89abcdef", LATER) == str(sides.copy)
