import json
import stat

import pytest

from xacct.host import steps

SERIAL = "arn:aws:iam::111122223333:mfa/alice"


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "used-steps.json"
    steps.save(path, {SERIAL: 60_000_000, "other": 1})
    steps.save(path, {SERIAL: 60_000_001})
    assert steps.load(path) == {SERIAL: 60_000_001}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "3", '"x"', '{"a": "x"}', '{"a": null}', "\x00\xff", '{"a": Infinity}', "[" * 100_000],
)
def test_what_is_no_such_file_is_as_good_as_none(tmp_path, text):
    path = tmp_path / "used-steps.json"
    path.write_text(text, encoding="latin-1")
    assert steps.load(path) == {}
    steps.save(path, {SERIAL: 5})
    assert json.loads(path.read_text()) == {SERIAL: 5}


def test_a_missing_file_is_none(tmp_path):
    assert steps.load(tmp_path / "used-steps.json") == {}
    assert steps.load(tmp_path) == {}


def test_what_cannot_be_saved_is_no_trouble(tmp_path):
    steps.save(tmp_path / "missing" / "used-steps.json", {SERIAL: 5})
    assert not (tmp_path / "missing").exists()


def test_a_symlink_in_the_way_is_not_written_through(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "used-steps.new").symlink_to(precious)
    steps.save(tmp_path / "used-steps.json", {SERIAL: 5})
    assert precious.read_text() == "precious"
