"""The manual's pages: one for each verb, with all its options, and no line that roff would take for a request."""

import re
import shutil
import subprocess
import sys

import pytest

from xacct.ctl import manual
from xacct.ctl.arguments import parser
from xacct.ctl.verb import WHERE, load

REQUESTS = re.compile(r'\.(\\"|TH|SH|SS|TP|B|BR|nf|fi|P)\b|\.\\"')
PAGES = manual.pages()


def options(made):
    for action in made._actions:
        yield from action.option_strings
        for below in (action.choices or {}).values() if isinstance(action.choices, dict) else ():
            yield from options(below)


@pytest.mark.parametrize("verb", WHERE)
def test_a_page_has_all_that_its_verb_takes(verb):
    page = PAGES[f"xacctctl-{verb}.1"].replace("\\-", "-")
    assert all(option in page for option in options(parser(verb, load(verb))))
    assert f"xacctctl-{verb} - {WHERE[verb][1]}" in page
    assert all(line.replace("\\", "\\e") in page.replace("\\&", "") for line in load(verb).examples)


@pytest.mark.parametrize("name", PAGES)
def test_no_text_is_taken_for_a_request(name):
    lines = PAGES[name].splitlines()
    assert lines[0] == manual.MARK
    assert all(REQUESTS.match(line) for line in lines if line.startswith((".", "'")))


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
@pytest.mark.parametrize("name", ["xacctctl.1", "xacctctl-env.1", "xacctctl-accounts.1"])
def test_groff_finds_nothing_wrong(name):
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"], input=PAGES[name], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_text_stays_text():
    assert manual.escaped(r".x \n -y") == r"\&.x \en \-y"


def test_pages_are_written_and_strangers_stay(tmp_path):
    (tmp_path / "man1").mkdir()
    (tmp_path / "man1" / "xacctctl-login.1").write_text("mine")
    words = [sys.executable, "-m", "xacct.ctl.manual", str(tmp_path / "man1")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env={"COLUMNS": "30", "PYTHONPATH": "src"})
    assert "xacctctl-login.1 is no page of xacct's, and stays." in done.stderr
    assert (tmp_path / "man1" / "xacctctl-login.1").read_text() == "mine"
    assert (tmp_path / "man1" / "xacctctl-exec.1").read_text() == PAGES["xacctctl-exec.1"]
    assert len(list((tmp_path / "man1").iterdir())) == len(WHERE) + 1
