"""The front door: help, usage errors, and what is imported on the way in."""

import subprocess
import sys
from pathlib import Path

import pytest

from xacct import __version__
from xacct.ctl.main import main
from xacct.ctl.verb import WHERE

SOURCE = Path(__file__).parents[2] / "src"

HEAVY = (
    "asyncio",
    "http",
    "ssl",
    "email",
    "subprocess",
    "dataclasses",
    "inspect",
    "pathlib",
    "shutil",
    "tempfile",
    "urllib",
    "hashlib",
    "logging",
    # Each takes a tenth to a whole of the time that Python itself takes to start.
    "argparse",
    "collections",
    "contextlib",
    "enum",
    "functools",
    "json",
    "re",
    "signal",
    "socket",
    "typing",
)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"xacctctl {__version__}\n"


def test_the_tour_names_every_verb(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {verb} " in shown for verb in WHERE)
    assert max(map(len, shown.splitlines())) <= 79
    assert main([]) == 2


@pytest.mark.parametrize("verb", WHERE)
def test_each_verb_explains_itself_with_an_example(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert f"xacctctl {verb}" in capsys.readouterr().out.partition("example:")[2]


@pytest.mark.parametrize(
    "words",
    [
        ["stats"],
        ["--nonsense"],
        ["status", "--nonsense"],
        ["env"],
        ["env", "prod", "--format", "csh"],
        ["login", "prod", "--for", "soon"],
        ["login", "prod", "--for", "8h", "--until", "19:00"],
        ["completion", "csh"],
        ["grants", "create"],
    ],
)
def test_wrong_usage_is_a_sentence_and_a_hint(daemon, words, capsys):
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == "" or (words[0] == "env" and said.out.endswith("\nfalse\n"))
    first, second = said.err.splitlines()
    assert first.startswith("xacctctl: ")
    assert second.startswith("  hint: ")
    assert daemon.requests == []


def test_a_mistyped_verb_is_recognised(capsys):
    main(["staus"])
    assert "Did you mean status?" in capsys.readouterr().err


def test_a_full_disk_is_reported(daemon, run):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xacct.ctl", "env", "prod"],
            stdout=full,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("xacctctl: No space left on device")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        *([], ["env", "prod"], ["process", "prod"], ["status"], ["__project", "sh"]),
        *(["exec", "prod", "--", "true"], ["exec", "prod", "--", "sh", "-lc", "true"]),
    ],
    ids=str,
)
def test_nothing_heavy_is_imported(daemon, place, words):
    """xacctctl runs dozens of times a day: typing alone would double what it takes. And an exec stays in memory."""
    (place / "h" / ".profile").write_text("if true; then . /dev/null; fi\nPATH=$PATH\n")
    script = (
        "import sys; before = set(sys.modules); import xacct.ctl.main as m;"
        f"words = {words!r}; words and m.main(words);"
        "print('\\n'.join(sorted(set(sys.modules) - before)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(SOURCE)!r}); {script}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    roots = {name.partition(".")[0] for name in done.stderr.split()}
    assert "xacct" in roots
    assert roots.isdisjoint(HEAVY)
    assert roots <= {*sys.stdlib_module_names, "xacct"}
