"""Whose AWS files are meant: found as botocore finds them, named in a header, told apart by their keys."""

import os
from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigNotFound
from botocore.utils import get_environ_proxies
from hypothesis import given
from hypothesis import strategies as st

from xacct import awsfiles, rolekeys, surroundings
from xacct.awsfiles import Files

TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]))
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


@given(st.builds(Files, PATHS, PATHS, PATHS, TEXT, st.just("") | PATHS.filter(str.isprintable)))
def test_a_header_says_which_sts_and_comes_back(files):
    assert awsfiles.of_header(awsfiles.header(files)) == files == awsfiles.kept(tuple(files))


def test_what_was_kept_of_files_before_is_still_the_same_files():
    kept = ("/a", "/b", "/h")
    assert Files(*kept) == kept == Files(*kept, "", "")
    assert rolekeys.id_of(Files(*kept)) == "a-a09270ee"


def test_which_sts_a_shell_means():
    def sts(**environ):
        return awsfiles.named({"HOME": "/h", **environ}, "/w").sts()

    assert sts(AWS_ENDPOINT_URL="http://x", AWS_ENDPOINT_URL_STS="", AWS_CA_BUNDLE="") == {}
    assert sts(REQUESTS_CA_BUNDLE="ca.pem") == {"AWS_CA_BUNDLE": "/w/ca.pem"}
    assert sts(REQUESTS_CA_BUNDLE="/r", AWS_CA_BUNDLE="/a") == {"AWS_CA_BUNDLE": "/a"}
    assert sts(AWS_ENDPOINT_URL_STS="http://u:p@x") == {"AWS_ENDPOINT_URL_STS": "http://***@x"}


@pytest.mark.parametrize(
    ("environ", "https", "http"),
    [
        ({}, "", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1", ""),
        ({"HTTP_PROXY": "http://p:1", "https_proxy": "q:2"}, "q:2", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": ""}, "", ""),
        ({"HTTPS_PROXY": "http://u:SECRET@p:1"}, "http://***@p:1", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example.com"}, "", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example.com", "no_proxy": "x"}, "http://p:1", ""),
        ({"ALL_PROXY": "http://p:1"}, "", ""),
    ],
)
def test_the_proxy_of_a_shell_is_that_which_botocore_takes(environ, https, http, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    around = surroundings.of_header(surroundings.header(surroundings.of(environ)))
    for url, ours in (("https://sts.example.com", https), ("http://sts.example.com:80", http)):
        assert around.proxy_for(url) == ours
        theirs = get_environ_proxies(url).get(url.partition(":")[0], "")
        assert ours.replace("***", "u:SECRET") == theirs


def test_keys_are_told_as_a_digest_of_all_of_them():
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "SECRET"}
    several = [
        {},
        keys,
        keys | {"AWS_ACCESS_KEY_ID": "x"},
        keys | {"AWS_SECRET_ACCESS_KEY": "x"},
        keys | {"AWS_SESSION_TOKEN": "x"},
    ]
    digests = {surroundings.of(environ).keys for environ in several}
    assert len(digests) == len(several)
    assert surroundings.of({"AWS_ACCESS_KEY_ID": "AKIA"}).keys == ""
    assert "SECRET" not in surroundings.header(surroundings.of(keys))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "/a /b /c AWS_PROFILE%3Dx",
        "/a /b /c AWS_CA_BUNDLE%3Dx",
        "/a /b /c AWS_CA_BUNDLE%3D/x AWS_CA_BUNDLE%3D/y",
        "/a /b /c AWS_ENDPOINT_URL_STS%3D%0A",
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
    with pytest.raises(ValueError, match=r"path|percent|ascii|utf-8|STS"):
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


@pytest.mark.parametrize(
    "written", ["http://me:p4ss@host:1", "me:p4ss@host:1", "http://me:p4/ss@host:1", "http://me:p@4ss@host:1"]
)
def test_a_password_is_hidden_however_it_is_written(written):
    said = surroundings.of({"https_proxy": written}).https_proxy
    assert said.endswith("***@host:1")
    assert "4" not in said
    assert surroundings.of({"https_proxy": "http://host:1"}).https_proxy == "http://host:1"
