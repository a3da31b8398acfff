"""Reading AWS's files as botocore does, at the price that thousands of profiles can bear."""

import gc
import shlex

from hypothesis import example, given
from hypothesis import strategies as st

from xacct.aws import inifiles


def test_what_reads_a_large_file_leaves_no_garbage(tmp_path):
    """configparser's own would lie about until all is looked through, which holds up every client."""
    config = tmp_path / "config"
    config.write_text("".join(f"[profile p{number}]\nregion = eu-west-1\ns3 =\n  a = b\n" for number in range(50)))
    inifiles.read(config, tmp_path / "none")  # what it loads is loaded
    gc.collect()
    gc.disable()
    try:
        found = inifiles.read(config, tmp_path / "none")
        left = gc.collect()
    finally:
        gc.enable()
    assert found.profiles["p49"] == {"region": "eu-west-1", "s3": {"a": "b"}}
    assert left < 50


@given(st.text(alphabet=["a", " ", "\t", "'", '"', "\\", "#", "é", "\u2003", "\x1f", "-"], max_size=8))
@example("profile a b")
@example("profile \u2003")
def test_a_heading_of_plain_words_is_taken_apart_as_shlex_does(section):
    if inifiles._is_plain(section):
        assert section.split() == shlex.split(section)


def test_an_apostrophe_is_part_of_the_name_that_is_meant(tmp_path):
    (tmp_path / "config").write_text("[profile it's]\nregion = eu-west-1\n[profile 'two words]\nregion = eu-west-1\n")
    found = inifiles.read(tmp_path / "config", tmp_path / "none")
    assert [(names, why.hint) for names, why in found.ignored] == [
        (("it's",), """Write [profile "it's"]."""),
        (("two words",), """Write [profile "two words"]."""),
    ]
    (tmp_path / "config").write_text("""[profile "it's"]\nregion = eu-west-1\n""")
    assert set(inifiles.read(tmp_path / "config", tmp_path / "none").profiles) == {"it's"}


def test_a_heading_with_quotes_is_not_plain():
    assert [inifiles._is_plain(text) for text in ("profile a", "profile 'a b'", "a\\ b", "é")] == [True, *[False] * 3]
