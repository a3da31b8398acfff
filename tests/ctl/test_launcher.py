"""The launcher that `make install` writes, and that its short way says and does the same as the long one.

The short way: an isolated Python, no argparse, JSON without `json`, an end without Python's tidying up. The long one
has none of that. Both are asked the same of the same daemon; what they print, how they end, and what they asked it has
to be the same.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest
from launcher import ROOT, bundle_of, script, written
from waiting import PATIENCE

LONG = """
import json, sys
import xacct.ctl.main as main
from xacct.ctl import jsontext
main.plain = lambda *_: None
jsontext.loads, jsontext.dumps = json.loads, json.dumps
sys.exit(main.main())
"""


@pytest.fixture(scope="module")
def launcher(tmp_path_factory):
    """The launcher of this checkout."""
    file = written(tmp_path_factory.mktemp("bin"))
    if file is None:
        pytest.skip(f"no first line can name {sys.executable}")
    return file


def asked(command, words, daemon=None, **options):
    """What came of a command, and what it asked the daemon; the process's own number, which exec tells, is PID."""
    if daemon is not None:
        daemon.requests.clear()
        daemon.grants = 0
    process = subprocess.Popen(
        [*command, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **options,
    )
    out, err = process.communicate(timeout=PATIENCE)
    requests = repr(daemon.requests if daemon is not None else [])
    return out, err, process.returncode, re.sub(rf"\b{process.pid}\b", "PID", requests)


PRINTENV = [sys.executable, "-c", "import os; print(sorted((k, v) for k, v in os.environ.items() if 'AWS' in k))"]
ASKED = [
    ["process", "prod"],
    ["process", "dev"],
    ["process", "nope"],
    ["process", ""],
    ["process", "pr\u00f6d"],
    ["process", 'pr"o\\d'],
    ["process", b"pr\xf6d"],
    ["process", "pr od"],
    ["process", "prod", "dev"],
    ["process"],
    ["process", "--help"],
    ["process", "-h"],
    ["process", "--", "prod"],
    ["process", "prod", "--lifetime", "2h"],
    ["process", "prod", "--lifetime=2x"],
    ["process", "--lifetime", "2h", "prod"],
    ["process", "prod", "--no-start"],
    ["--no-start", "process", "prod"],
    ["env", "prod"],
    ["env", "dev"],
    ["env", "nope"],
    ["env", ""],
    ["env", "-x"],
    ["env"],
    ["env", "prod", "dev"],
    ["env", "prod", "--format", "fish"],
    ["env", "prod", "--format", "powershell"],
    ["env", "prod", "--format", "dotenv"],
    ["env", "prod", "--format", "json"],
    ["env", "prod", "--format", "csh"],
    ["env", "nope", "--format", "fish"],
    ["env", "nope", "--format", "json"],
    ["env", "prod", "--pid", "0"],
    ["env", "prod", "--pid", "x"],
    ["env", "prod", "--static"],
    ["env", "prod", "--imds"],
    ["env", "prod", "--imds", "--pid", "1"],
    ["env", "prod", "--lifetime", "2h"],
    ["env", "prod", "--static", "--lifetime", "2h"],
    ["evn", "prod"],
    ["status"],
    ["status", "prod"],
    ["status", "--jsn"],
    ["status", "--help"],
    ["exec", "prod", "--", *PRINTENV],
    ["exec", "prod"],
    ["exec", "prod", "--"],
    ["exec", "nope", "--", "true"],
    ["exec", "prod", "--", "no-such-command"],
    ["exec", "prod", "--", "/"],
    ["exec", "prod", "--", "sh", "-c", "exit 7"],
    ["exec", "prod", "--", "sh", "-c", "kill -9 $$"],
    ["exec", "prod", "true"],
    ["exec", "prod", "--static", "--", *PRINTENV],
    ["exec", "prod", "--detach", "--", "true"],
    ["exec", "--imds", "prod", "--", "true"],
    ["roles"],
    ["explain", "prod"],
    ["grants", "list"],
    ["nope"],
    ["--version"],
    ["--help"],
    [],
]


def shown(value):
    return b" ".join(word if isinstance(word, bytes) else word.encode() for word in value).decode("latin-1") or "-"


@pytest.mark.parametrize("words", ASKED, ids=shown)
def test_both_ways_are_the_same(daemon, launcher, words):
    long = asked([sys.executable, "-c", LONG], words, daemon)
    assert asked([launcher], words, daemon) == long


AROUND = {
    "no-color": {"NO_COLOR": "1"},
    "dumb": {"TERM": "dumb"},
    "narrow": {"COLUMNS": "30", "LINES": "5"},
    "nonsense": {"COLUMNS": "-1", "LINES": "x"},
    "latin": {"LC_ALL": "en_US.ISO-8859-1", "LANG": "C"},
    "c": {"LC_ALL": "C"},
    "proxies": {"HTTPS_PROXY": "http://me:secret@proxy:8080", "NO_PROXY": "a.example, b.example", "no_proxy": "*"},
    "keys": {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "t"},
    "files": {"AWS_CONFIG_FILE": "~/$ELSEWHERE/config", "AWS_SHARED_CREDENTIALS_FILE": "relative/credentials"},
    "sts": {"AWS_ENDPOINT_URL_STS": "http://u:p@sts.example", "AWS_CA_BUNDLE": "ca.pem"},
    "region": {"AWS_REGION": "eu-west-9"},
    "strange": {"NO_PROXY": "caf\udce9", "AWS_PROFILE": "w\u00f6rk"},
    "long": {"NO_PROXY": "x" * 9000, "HTTP_PROXY": "http://p"},
    "a-role": {
        "XACCT_ROLE": "dev",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9477/v1/credentials/dev",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/run/g1",
        "XACCT_REGION": "eu-1",
        "AWS_REGION": "eu-1",
        "AWS_PROFILE": "xacct",
        "XACCT_PROFILE": "xacct",
    },
    "failed-before": {"AWS_PROFILE": "xacctctl-env-failed", "AWS_EC2_METADATA_DISABLED": "true"},
    "circle": {"XACCT_SOURCE": "work"},
    "no-home": {"HOME": None},
    "relative-runtime": {"XDG_RUNTIME_DIR": "run"},
    "no-runtime": {"XDG_RUNTIME_DIR": "/nowhere"},
    "anothers-runtime": {"XDG_RUNTIME_DIR": "/proc/1"},
    "other-socket": {"XACCT_SOCKET": "/nowhere/control.sock"},
    "no-socket": {"XACCT_SOCKET": "/dev/null"},
    "long-socket": {"XACCT_SOCKET": "/" + "x" * 200},
}
DAILY = [["process", "prod"], ["env", "prod"], ["status"], ["exec", "prod", "--", *PRINTENV]]
UNSTARTED = [[words[0], "--no-start", *words[1:]] for words in DAILY]
"""The same where there may be no daemon: one that was started for the one way would answer the other."""


def around(name):
    changed = {**os.environ, **AROUND[name]}
    return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.parametrize("name", AROUND)
def test_both_ways_are_the_same_whatever_is_around_them(daemon, launcher, place, name):
    for words in UNSTARTED:
        results = [
            asked(way, words, daemon, env=around(name), cwd=place) for way in ([sys.executable, "-c", LONG], [launcher])
        ]
        assert results[0] == results[1], words


CONFIGS = {
    "default": ("[default]\nregion = eu-7\n[profile a]\nrole_arn = x\n", ""),
    "shadowing": ("[default]\nrole_arn = x\n", "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n"),
    "other-keys": ("", "[work]\naws_access_key_id = AKIA\naws_secret_access_key = s\n"),
    "not-utf-8": ("[profile caf\u00e9]\n", "\u00ff"),
    "crlf": ("[default]\r\nregion: eu-8\r\n", "\ufeff[default]\r\n"),
}


FEW = {"default", "shadowing"}
"""Of CONFIGS, at each `make test`; the others, which are read by the same lines, at `make test-live`."""


@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.live) for name in CONFIGS]
)
def test_both_ways_are_the_same_whatever_the_files_say(daemon, launcher, place, name):
    (place / "h/.aws").mkdir()
    for file, text in zip(("config", "credentials"), CONFIGS[name], strict=True):
        (place / "h/.aws" / file).write_bytes(text.encode("latin-1" if name == "not-utf-8" else "utf-8"))
    for words in DAILY:
        results = []
        for way in ([sys.executable, "-c", LONG], [launcher]):
            (place / "r/xacct/notes").unlink(missing_ok=True)
            results.append(asked(way, words, daemon, cwd=place))
        assert results[0] == results[1], words


def nobody(daemon):
    daemon.stop()


def locked(daemon):
    error = {"code": "locked", "category": "human", "sentence": "xacctd is locked.", "hint": "xacctctl unlock"}

    def refuse(_body):
        raise sys.modules["fake_daemon"].ProblemError(403, error)

    for path in ("/v1/login", "/v1/credentials", "/v1/grants"):
        daemon.answers[path] = refuse


def asking(daemon):
    daemon.needs_code = True


def guarded(daemon):
    daemon.guarded = {"prod"}


def newer(daemon):
    daemon.api = "3"


def older(daemon):
    daemon.api = "1"


def strange(daemon):
    daemon.api = "x"


def garbage(daemon):
    for path in ("/v1/login", "/v1/credentials", "/v1/grants", "/v1/status"):
        daemon.answers[path] = b"{ no json"


def deep(daemon):
    for path in ("/v1/login", "/v1/credentials", "/v1/grants", "/v1/status"):
        daemon.answers[path] = b"[" * 200_000


def misshapen(daemon):
    daemon.answers["/v1/status"] = {"now": True, "roles": []}
    daemon.answers["/v1/grants"] = {"id": "g", "token": 1}
    for path in ("/v1/login", "/v1/credentials"):
        daemon.answers[path] = lambda _body: iter([{"event": "held", "role": None}, {"event": "credentials"}])


def short(daemon):
    for path in ("/v1/login", "/v1/credentials"):
        daemon.answers[path] = lambda _body: iter([])


def empty(daemon):
    daemon.answers["/v1/status"] = {
        "now": 1.0, "roles": [], "sessions": [], "prompts": [], "attended": 0, "notes": [],
        "daemon": {"version": "9", "executable": "", "code": "", "code_changed": True, "started": 1, "clock_skew": None,
                   "asks": []},
    }  # fmt: skip


@pytest.mark.parametrize(
    "scene",
    [nobody, locked, asking, guarded, newer, older, strange, garbage, deep, misshapen, short, empty],
    ids=lambda scene: scene.__name__,
)
def test_both_ways_are_the_same_whatever_the_daemon_says(daemon, launcher, scene):
    scene(daemon)
    try:
        for words in UNSTARTED:
            results = [asked(way, words, daemon) for way in ([sys.executable, "-c", LONG], [launcher])]
            assert results[0] == results[1], words
            if scene not in (empty, guarded, asking) and not (words[0] == "status" and scene in (locked, short)):
                assert results[0][2] != 0, words
    finally:
        if scene is nobody:
            daemon.start()  # the fixture ends it


def test_a_full_disk_and_a_closed_pipe_are_failures_both_ways(daemon, launcher):
    for words in (["process", "prod"], ["env", "prod"], ["status"], ["--version"]):
        found = []
        for way in ([sys.executable, "-c", LONG], [launcher]):
            with Path("/dev/full").open("wb") as full:
                done = subprocess.run(
                    [*way, *words], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE, check=False
                )
            closed = subprocess.run(
                ["sh", "-c", 'exec "$0" "$@" >&-', *way, *words], capture_output=True, timeout=PATIENCE, check=False
            )
            found.append((done.stderr, done.returncode, closed.stderr, closed.returncode))
        assert found[0] == found[1]
        assert found[0][1] != 0


def test_what_is_around_puts_no_code_into_it(daemon, launcher, place, monkeypatch):
    """Neither PYTHONPATH, PYTHONSTARTUP, the user's site, the working directory nor a .pth is heeded."""
    (place / "evil").mkdir()
    for module in ("json", "_json", "typing", "xacct", "sitecustomize", "usercustomize"):
        (place / "evil" / f"{module}.py").write_text("import os; os._exit(66)\n")
    monkeypatch.setenv("PYTHONPATH", str(place / "evil"))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PYTHONINSPECT", "1")
    done = subprocess.run(
        [launcher, "process", "prod"], capture_output=True, text=True, cwd=place / "evil", timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["AccessKeyId"] == "ASIAEXAMPLE"


def test_its_command_gets_the_environment_as_it_is(daemon, launcher, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/of/the/users")
    done = asked([launcher], ["exec", "prod", "--", "sh", "-c", 'echo "$PYTHONPATH"'])
    assert done[:3] == (b"/of/the/users\n", b"", 0)


@pytest.mark.parametrize(
    ("python", "folder"),
    [
        ("/home/me/my venv/bin/python", "/home/me"),
        ("/home/me/" + "x" * 130 + "/bin/python", "/home/me"),
        ("/home/me/bin/python", '/home/"me"'),
        ("/home/me/bin/python", "/home/me\\n"),
        ("/home/me/bin/python", "/home/me\nimport evil"),
    ],
)
def test_there_is_none_where_its_lines_could_not_say_where_things_are(python, folder):
    assert script("/bin/python", "/home/me", "/home/me/bundle")
    assert script(python, folder, "/home/me/bundle") == ""
    assert python != "/home/me/bin/python" or script(python, "/home/me", folder) == ""


# What it loads at once.


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The code as it is installed, without Python's caches; its launcher; and its bundle."""
    place = tmp_path_factory.mktemp("installed")
    shutil.copytree(ROOT / "src/xacct", place / "xacct", ignore=shutil.ignore_patterns("__pycache__"))
    launcher = written(place, folder=place)
    if launcher is None:
        pytest.skip(f"no first line can name {sys.executable}")
    for cache in place.rglob("__pycache__"):
        shutil.rmtree(cache)
    return place, launcher, place / "xacctctl.bundle"


def answers(launcher):
    done = subprocess.run([launcher, "process", "prod"], capture_output=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout and json.loads(done.stdout)["AccessKeyId"], done.stderr.decode()


def test_the_modules_of_the_daily_verbs_are_loaded_from_one_file(daemon, installed):
    place, launcher, _ = installed
    for words in DAILY:
        assert asked([launcher], words, daemon)[2] == 0
    written = [file.name.partition(".")[0] for file in place.rglob("*.pyc")]
    assert written == [], "Python writes what it loads from elsewhere into its caches"


def test_newer_code_is_not_hidden_by_the_file(daemon, installed):
    place, launcher, _ = installed
    module = place / "xacct/ctl/process.py"
    before = module.read_text()
    try:
        module.write_text(before + "\nraise SystemExit(66)\n")
        assert answers(launcher) == (66, b"", "")
        module.write_text(before)
        os.utime(module, (1, 1))
        assert answers(launcher) == (0, "ASIAEXAMPLE", ""), "the same code at another date"
        assert list(place.rglob("*.pyc"))
    finally:
        module.write_text(before)
        bundle_of(place, place / "xacctctl.bundle")


def test_without_the_file_or_with_a_bad_one_all_is_loaded_as_ever(daemon, installed):
    _, launcher, bundle = installed
    good = bundle.read_bytes()
    magic = len(MAGIC_NUMBER)
    other_python = bytes([good[0] ^ 1]) + good[1:]
    cut = [good[:length] for length in (0, magic, magic + 3, len(good) // 4, len(good) - 1)]
    strange = [MAGIC_NUMBER + b"\1\0\0\0N", good[:magic] + b"\xff" * 9, good + b"more"]
    try:
        for bad in (*cut, *strange, other_python):
            bundle.write_bytes(bad)
            assert answers(launcher) == (0, "ASIAEXAMPLE", ""), bad[:20]
        bundle.unlink()
        assert answers(launcher) == (0, "ASIAEXAMPLE", "")
        bundle.mkdir()
        assert answers(launcher) == (0, "ASIAEXAMPLE", "")
        bundle.rmdir()
    finally:
        bundle.write_bytes(good)


def test_a_signal_ends_it_with_its_number(daemon, launcher):
    """`env` takes back or tells what it has begun, then ends as the signal wants."""
    running = []

    def end(_body):
        running[-1].send_signal(signal.SIGTERM)
        running[-1].wait(PATIENCE)
        return iter([])

    daemon.answers["/v1/login"] = end
    ends = []
    for way in ([sys.executable, "-c", LONG], [launcher]):
        with subprocess.Popen(
            [*way, "env", "prod"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            running.append(process)
            ends.append((*process.communicate(timeout=PATIENCE), process.returncode))
    assert ends[0] == ends[1]
    assert ends[0][2] == 128 + signal.SIGTERM
