"""AWS's files however long, deep or strange: read in moments, or refused in a sentence."""

import os
import time
from types import SimpleNamespace

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import BotoCoreError
from hypothesis import given
from hypothesis import strategies as st

from xacct import errors
from xacct.aws import inifiles, profiles

KEYS = "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n"
ROLE = "[profile p{0}]\nrole_arn = arn:aws:iam::234567890123:role/r{0}\nsource_profile = {1}\nregion = eu-central-1\n"


@pytest.fixture
def read(tmp_path):
    def of(config, credentials=KEYS):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(credentials)
        return profiles.read(
            {
                "AWS_CONFIG_FILE": str(tmp_path / "config"),
                "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
                "HOME": str(tmp_path),
            }
        )

    return of


def chain(length, last="base"):
    return "".join(ROLE.format(number, last if number == 0 else f"p{number - 1}") for number in range(length))


def test_a_chain_may_have_twenty_roles(read):
    found = read(chain(profiles.LONGEST_CHAIN))
    assert len(found.roles) == profiles.LONGEST_CHAIN + 1
    assert found.problems == []


def test_a_chain_of_one_more_is_refused(read):
    found = read(chain(profiles.LONGEST_CHAIN + 1))
    assert len(found.roles) == profiles.LONGEST_CHAIN + 1
    assert len(found.problems) == 1


def test_a_chain_is_walked_no_further_than_it_may_be_long():
    endless = {str(number): SimpleNamespace(parent=str(number + 1)) for number in range(3000)}
    assert len(profiles._chain("0", endless)[0]) == profiles.LONGEST_CHAIN + 1


def test_a_chain_of_thousands_is_one_sentence_and_takes_no_time(read):
    begun = time.thread_time()
    found = read(chain(3000))
    assert time.thread_time() - begun < 30  # it took 40 s with a chain of 3,000, on an idle machine
    assert len(found.roles) == profiles.LONGEST_CHAIN + 1
    [problem] = found.problems
    assert problem.sentence == "The chain of 'p20' and those of 2979 other profiles has more than 20 roles."
    assert found.unusable["p2999"] is problem


def test_a_circle_of_thousands_leaves_nothing(read):
    found = read(chain(3000, last="p2999"))
    assert set(found.roles) == {"base"}
    assert len(found.problems) == 1


def test_a_circle_of_a_few_is_one(read):
    found = read(chain(3, last="p2"))
    assert all("comes back to itself" in problem.sentence for problem in found.problems)
    assert len(found.problems) == 3


@pytest.mark.parametrize("which", ["config", "credentials"])
def test_a_hundred_thousand_sections_are_refused_in_a_sentence(read, which):
    many = "".join(f"[profile p{number}]\nregion = eu-central-1\n" for number in range(100_000))
    with pytest.raises(errors.ConfigError, match="20000 sections or more"):
        read(**{"config": "", "credentials": "", which: many})


def test_thousands_of_profiles_are_read(read):
    found = read("".join(ROLE.format(number, "base") for number in range(3000)))
    assert len(found.roles) == 3001


def test_a_file_of_megabytes_is_refused_in_a_sentence(read):
    with pytest.raises(errors.ConfigError, match="larger than 8 MiB"):
        read("#" * (9 << 20))


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
@pytest.mark.parametrize("kind", ["fifo", "device", "directory", "link to a fifo"])
def test_what_is_no_file_is_refused_at_once(tmp_path, variable, kind):
    path = tmp_path / "it"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "directory":
            path.mkdir()
        case "link to a fifo":
            os.mkfifo(tmp_path / "fifo")
            path.symlink_to(tmp_path / "fifo")
    with pytest.raises(errors.ConfigError, match=r"regular file|directory"):
        profiles.read({"HOME": str(tmp_path), variable: str(path)})


def test_dev_null_is_an_empty_file(tmp_path):
    found = profiles.read(
        {"HOME": str(tmp_path), "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    )
    assert (found.roles, found.problems) == ({}, [])


LINE = st.one_of(
    st.sampled_from(
        [
            "[default]", "[profile a]", '[profile "b c"]', "[a]", "[ a ]", "region = x", "region: y", "s3 =",
            "  k = v", "\tk = v", "  loose", "# note", "; note", "x = y # z", "", " ", "=", "[", "]", "a",
            "a = \ufeff", "[DEFAULT]",
        ]
    ),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=12),
)  # fmt: skip


@given(st.lists(LINE, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]))
def test_the_sections_are_those_of_botocore(tmp_path_factory, lines, eol):
    path = tmp_path_factory.mktemp("ini", numbered=True) / "config"
    content = eol.join(lines).encode()
    path.write_bytes(content)
    try:
        theirs = raw_config_parse(str(path))
    except (BotoCoreError, ValueError):
        theirs = None
    try:
        ours = inifiles._parse(path)
    except errors.ConfigError:
        ours = None
    assert ours == theirs
