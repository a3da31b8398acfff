"""Whose AWS files are meant: found as botocore finds them, named in a header, told apart by their keys."""

import os
from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigNotFound
from hypothesis import given
from hypothesis import strategies as st

from xacct import awsfiles, rolekeys
from xacct.awsfiles import Files

PATHS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map("/".__add__)


@pytest.mark.parametrize(
    "said",
    ["~/x/config", "$AT/config", "${AT}/config", "x/config", "./x/../x/config", "$NO/config", "~nobody-at-all/config"],
)
def test_the_two_variables_are_taken_as_botocore_takes_them(tmp_path, monkeypatch, said):
    (tmp_path / "x").mkdir()
    (tmp_path / "x/config").write_text("[profile found]\nregion = eu-west-1\n")
    for name, value in (("HOME", str(tmp_path)), ("AT", str(tmp_path / "x")), ("AWS_CONFIG_FILE", said)):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    named = awsfiles.named(os.environ, awsfiles.directory()).config
    try:
        there = "profile found" in raw_config_parse(said)
    except ConfigNotFound:
        there = False
    assert named.startswith("/")
    assert Path(named).is_file() == there


def test_without_variables_they_lie_in_home_and_where_the_directory_is_gone_nothing_does(tmp_path, monkeypatch):
    assert awsfiles.named({"HOME": "/h"}, "/w") == ("/h/.aws/config", "/h/.aws/credentials", "/h")
    assert awsfiles.named({"HOME": "/h", "AWS_CONFIG_FILE": ""}, "/w").config == "/h/.aws/config"
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    relative = awsfiles.named({"HOME": "/h", "AWS_CONFIG_FILE": "etc/passwd"}, awsfiles.directory())
    assert not Path(relative.config).exists()


@given(st.builds(Files, PATHS, PATHS, PATHS))
def test_a_header_says_any_paths_and_comes_back(files):
    value = awsfiles.header(files)
    assert value.isascii()
    assert value.isprintable()
    assert awsfiles.of_header(value) == files


@pytest.mark.parametrize(
    "value",
    [
        "",
        "/a /b",
        "/a /b /c /d",
        "a /b /c",
        "/a  /c",
        "/%zz /b /c",
        "/%f /b /c",
        "/%00 /b /c",
        "/%FF /b /c",
        "/ä /b /c",
    ],
)
def test_a_header_that_names_no_files_is_refused(value):
    with pytest.raises(ValueError, match=r"path|percent|ascii|utf-8"):
        awsfiles.of_header(value)


@given(st.builds(Files, PATHS, PATHS, PATHS), st.text(min_size=1))
def test_a_key_is_told_from_every_name_that_a_profile_may_have(files, name):
    catalogue = rolekeys.id_of(files)
    key = rolekeys.key(name, catalogue)
    assert rolekeys.is_key(key)
    assert rolekeys.split(key) == (name, catalogue)
    assert rolekeys.key(name, rolekeys.OWN) == name
    if not rolekeys.is_key(name):
        assert rolekeys.split(name) == (name, rolekeys.OWN)


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ("/home/u/customers/b/.aws/config", "b"),
        ("/home/u/jobs/aws/Kunde Ä.conf", "kunde"),
        ("/home/u/.aws/config", "u"),
        ("/", ""),
        ("/x/" + "y" * 90, "y" * 20),
    ],
)
def test_an_id_has_a_word_for_people(config, word):
    made = rolekeys.id_of(Files(config, "/c", "/h"))
    assert made.startswith(word)
    assert made != rolekeys.id_of(Files(config, "/other", "/h"))
    assert made != rolekeys.id_of(Files(config, "/c", "/other"))
    assert rolekeys.split(rolekeys.key("prod", made))[1] == made
