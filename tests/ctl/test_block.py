"""The block in ~/.aws/config: whatever bytes are around it come through; names as every tool reads them."""

import configparser
import shlex
import subprocess

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from xacct.ctl import block
from xacct.ctl.block import Entry
from xacct.ctl.failure import CtlError

PROD = Entry("prod-agent", "prod", "eu-west-1")
DEV = Entry("dev-agent", "dev", None)
SOUP = st.lists(
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"\r",
            b"\xef\xbb\xbf",
            b"\xff",
            b"\0",
            b"# ",
            b">>> xacct >>>",
            b"[profile x]",
            b"a = b",
            b" ",
        ]
    )
).map(b"".join)
ANY = st.one_of(st.binary(), SOUP)


def write(content, *entries, program="xacctctl"):
    return block.joined(block.find(content), program, entries)


def unmarked(content):
    try:
        return block.find(content).entries is None
    except CtlError:
        return False


@given(ANY, st.lists(st.sampled_from([PROD, DEV]), min_size=1, unique=True))
@example(b"", [PROD])
@example(b"\xef\xbb\xbf[default]\r\nregion = x\r", [PROD])
@example(b"no end", [PROD, DEV])
@example(b"\n", [DEV])
@example(b"a\r\nb", [DEV])
def test_what_is_written_and_taken_away_leaves_the_bytes_that_were(content, entries):
    assume(unmarked(content))
    written = write(content, *entries)
    assert block.find(written).entries == entries
    assert write(written) == content
    assert write(written, *entries) == written
    assert write(write(written, PROD), *entries) == written


@given(ANY, ANY)
def test_what_is_written_behind_the_block_stays_a_line_of_its_own(before, after):
    assume(unmarked(before) and unmarked(after) and after)
    written = write(before, PROD) + after
    left = write(written)
    assert left in (before + after, before + b"\n" + after, before + b"\r\n" + after)
    assert not before or left[: -len(after)].endswith(b"\n")
    assert write(written, PROD) == written


@given(ANY)
def test_a_file_is_never_changed_that_cannot_be_told_apart(content):
    try:
        found = block.find(content)
    except CtlError:
        return
    assert found.place.before + found.place.after == content or found.entries is not None


def test_how_it_looks():
    assert write(b"[default]\nregion = x\n", PROD, DEV).decode().splitlines() == [
        "[default]",
        "region = x",
        "",
        f"# >>> xacct >>> {block.CONFIGURE.remark}",
        "[profile prod-agent]",
        "credential_process = xacctctl process prod",
        "region = eu-west-1",
        "",
        "[profile dev-agent]",
        "credential_process = xacctctl process dev",
        "# <<< xacct <<<",
    ]


def test_lines_end_as_the_files_do():
    assert write(b"[default]\r\n", PROD).count(b"\r\n") == write(b"[default]\r\n", PROD).count(b"\n")
    assert b"\r" not in write(b"[default]\n", PROD)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"# >>> xacct >>>\n", "1"),
        (b"x\n# <<< xacct <<<\n", "2"),
        (b"# <<< xacct <<<\n# >>> xacct >>>\n", "1, 2"),
        (write(b"", PROD) * 2, "1, 5, 6, 10"),
        (b"# >>> xacct >>>", "1"),
    ],
)
def test_a_damaged_block_is_not_guessed_at(content, lines):
    with pytest.raises(CtlError, match=f"marks in lines {lines}\\."):
        block.find(content)


def test_an_end_without_a_line_end_is_an_end():
    written = write(b"x\n", PROD)
    assert write(written[:-1]) == b"x\n"


@pytest.mark.parametrize(
    "section",
    [b"[profile a b]", b'[ profile "a b" ]', b"\xef\xbb\xbf[profile 'a b']", b"x\n  [a b]\r", b"[profile  a b ]"],
)
def test_a_profile_is_found_however_it_is_spelt(section):
    assert block.profiles(section + b"\nregion = x\n") == {"a b"}


def test_comments_and_values_are_no_profiles():
    assert block.profiles(b"# [profile x]\n;[y]\na = [z]\n\xff\n") == set()


WORDS = ["prod", "team/prod", "prod@x:1,2", "pro duction", "pro(d)&|<>*?!~{}", "größe", "日本 x", "a=b%c"]


@pytest.mark.parametrize("word", WORDS)
def test_a_quoted_word_is_the_same_to_shells_and_to_splitters(word):
    line = f"printf %s {block.quoted(word)}"
    assert shlex.split(line)[2:] == [word]
    for shell in ("sh", "bash"):
        assert subprocess.run([shell, "-c", line], capture_output=True, check=True).stdout.decode() == word


@given(st.text())
def test_a_word_is_quoted_so_that_a_shell_and_a_splitter_agree_or_not_at_all(word):
    try:
        line = block.quoted(word)
    except ValueError:
        return
    assert shlex.split(line) == [word]
    assert not set("`$\\'") & set(line)
    assert shlex.split(line, comments=True) == [word]


@pytest.mark.parametrize("word", ["", "-x", 'a"b', "a'b", "a$b", "a`b", "a\\b", "a #b", "a;b", "a]b", "a\nb"])
def test_what_they_would_read_differently_is_not_written(word):
    with pytest.raises(ValueError):  # noqa: PT011 - the word is all there is to say
        block.quoted(word)


@pytest.mark.parametrize("name", WORDS)
def test_an_entry_is_read_back_and_read_by_others(name):
    entry = Entry(f"{name}-agent", name, "eu-west-1")
    written = write(b"", entry, program='"/opt/a b/xacctctl"')
    assert block.find(written).entries == [entry]
    parser = configparser.RawConfigParser()
    parser.read_string(written.decode())
    (section,) = parser.sections()
    assert shlex.split(section) == ["profile", f"{name}-agent"]
    assert shlex.split(parser[section]["credential_process"]) == ["/opt/a b/xacctctl", "process", name]


def test_a_region_that_is_none_is_left_out():
    assert b"region" not in write(b"", PROD._replace(region="x\n[default]"))
