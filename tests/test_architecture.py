"""The rooms of src/xacct and the arrows between them, each with its reason.

An arrow counts wherever it is written: relative or absolute, at the top of a file, inside a
function, under TYPE_CHECKING, or as a literal `import_module("xacct...")`. A name imported for a
type alone still ties two rooms together.
"""

import ast
import functools
import graphlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from waiting import PATIENCE

SOURCE = Path(__file__).parents[1] / "src" / "xacct"


@dataclass(frozen=True, kw_only=True)
class Room:
    """What one room may import of ours, and why no more."""

    may: tuple[str, ...]  # rooms, or modules in them, below `xacct`
    why: str
    stdlib_only: bool = False
    never: tuple[str, ...] = ()  # modules from outside that are out of bounds here
    reads_clock: bool = False


EVERY_ROOM_BUT = "*"

ROOMS = {
    "__init__": Room(
        may=(),
        stdlib_only=True,
        why="`import xacct` comes before every other import, so what it costs, all pay",
    ),
    "text": Room(
        may=(),
        stdlib_only=True,
        why="whatever shows or writes other people's words cleans them here, xacctctl included",
    ),
    "signin": Room(
        may=(),
        why="values of a sign-in, which sources, credentials and prompts share",
    ),
    "scope": Room(
        may=(),
        stdlib_only=True,
        why="a value that grants have",
    ),
    "scope_policies": Room(
        may=("errors", "scope"),
        never=("asyncio",),
        why="what a scope allows follows from what was asked for, and from nothing else",
    ),
    "asker": Room(
        may=(),
        stdlib_only=True,
        why="a value: the host finds it out, a prompt carries it, the wire tells of it",
    ),
    "model": Room(
        may=("text", "signin", "scope"),
        why="values that every room shares can depend on none of them",
    ),
    "errors": Room(
        may=("model", "wire"),
        why="every room raises these, so whatever they import, every room imports; their categories are wire's words",
    ),
    "wire": Room(
        may=("payloads",),
        stdlib_only=True,
        why="xacctctl imports it and has to start at once; the payloads' types are loaded where somebody asks for them",
    ),
    "payloads": Room(
        may=(),
        stdlib_only=True,
        why="what is on the wire is described without anything that is at either end",
    ),
    "policy": Room(
        may=("model", "errors", "text"),
        never=("asyncio",),
        why="decisions are pure functions of values and an instant: nothing to await, no clock",
    ),
    "trust_policy": Room(
        may=("model", "errors", "policy"),
        never=("asyncio",),
        why="what an account should demand follows from what is configured, and from nothing else",
    ),
    "paths": Room(
        may=(),
        stdlib_only=True,
        why="the daemon and xacctctl must look for the socket in the same place, so both ask here",
    ),
    "fileio": Room(
        may=(),
        stdlib_only=True,
        never=("asyncio", "pathlib"),
        why="every file is read and written here, xacctctl's too, so it has to load in a moment",
    ),
    "prctl": Room(
        may=(),
        stdlib_only=True,
        never=("asyncio",),
        why="xacctd, a narrowed exec and a sandbox's first process ask the kernel by the same call",
    ),
    "userfiles": Room(
        may=("fileio",),
        stdlib_only=True,
        never=("asyncio",),
        why="a file that is the user's own is changed in one way, whoever of us does it",
    ),
    "copies": Room(
        may=("fileio", "userfiles"),
        stdlib_only=True,
        never=("asyncio",),
        why="xacctctl makes the copies of AWS's config file and the daemon keeps them equal to it, by the same rules",
    ),
    "tomlfile": Room(
        may=("fileio",),
        stdlib_only=True,
        why="the daemon and xacctctl must read config.toml with the same limits",
    ),
    "clock": Room(
        may=("model",),
        why="what time it is for AWS is worked out from readings that are handed in",
    ),
    "settings": Room(
        may=("errors", "policy", "rolekeys", "scope_policies", "tomlfile"),
        why="config.toml is checked against the limits of policy",
    ),
    "templates": Room(
        may=("errors", "fileio", "rolekeys", "settings", "text"),
        why="rows become what a [roles.NAME] is, and are checked as that",
    ),
    "teamfiles": Room(
        may=("fileio", "text", "tomlfile"),
        stdlib_only=True,
        why="xacctctl trusts a team's files and the daemon takes them: both must refuse the same",
    ),
    "teamroles": Room(
        may=("errors", "fileio", "settings", "teamfiles", "templates"),
        why="a team's files become what a [roles.NAME] is, behind all that is the user's own",
    ),
    "role_settings": Room(
        may=("model", "errors", "policy", "settings", "aws.profiles"),
        why="config.toml adds to what AWS's own files say, and narrows it",
    ),
    "awsfiles": Room(
        may=("text",),
        stdlib_only=True,
        why="the daemon and xacctctl must find AWS's files by the same rules, so both ask here",
    ),
    "surroundings": Room(
        may=("awsfiles", "text"),
        stdlib_only=True,
        why="xacctctl says what its shell has and the daemon compares, by the same rules",
    ),
    "rolekeys": Room(
        may=("awsfiles",),
        why="what a role is called says which files it is of, and every room that names roles needs to tell",
    ),
    "catalogue": Room(
        may=("model", "errors", "awsfiles", "rolekeys", "aws.profiles"),
        why="it reads one set of files, and leaves to others what is done with the roles",
    ),
    "configuration": Room(
        may=(
            "model",
            "errors",
            "settings",
            "role_settings",
            "teamroles",
            "templates",
            "awsfiles",
            "surroundings",
            "rolekeys",
            "catalogue",
            "aws.profiles",
            "credentials",
        ),
        why="it reads files and hands a keeper their roles; nobody below it knows that files exist",
    ),
    "logs": Room(
        may=("text",),
        why="how a line looks is nobody else's business, and it must not reach what it could leak",
    ),
    "event_bus": Room(
        may=(),
        why="it carries what others have to tell, and knows nothing of it",
    ),
    "prompts": Room(
        may=("model", "errors", "policy", "clock", "event_bus", "signin", "asker", "text"),
        why="a prompt is asked and answered by whoever is there; what its answer is for, credentials know",
    ),
    "credentials": Room(
        may=("model", "errors", "policy", "clock", "rolekeys", "event_bus", "prompts", "scope", "signin", "asker"),
        why="the heart knows STS and sources by a Protocol, so that tests can be both",
    ),
    "grants": Room(
        may=("model", "errors", "fileio", "rolekeys", "event_bus", "scope"),
        why="who may have what is decided without knowing how it is had or served",
    ),
    "aws": Room(
        may=("model", "errors", "policy", "clock", "awsfiles", "fileio", "text", "host.child", "host.ec2", "signin"),
        why="it runs credential processes, answers the keeper's questions and must not know who asked",
    ),
    "endpoint": Room(
        may=(
            "model",
            "errors",
            "policy",
            "logs",
            "fileio",
            "awsfiles",
            "rolekeys",
            "asker",
            "credentials",
            "grants",
            "host.peer",
            "host.seats",
            "host.unix_sockets",
        ),
        why="what SDKs reach needs roles and the peer's identity, not AWS, prompts or control",
    ),
    "audit": Room(
        may=("model", "errors", "wire", "clock", "fileio", "rolekeys", "credentials.events", "text"),
        why="it writes down what others tell it, in the words of the wire, and must hold nothing worth stealing",
    ),
    "control": Room(
        may=(
            "__version__",
            "wire",
            "audit",
            "awsfiles",
            "surroundings",
            "catalogue",
            "rolekeys",
            "model",
            "errors",
            "policy",
            "scope",
            "scope_policies",
            "trust_policy",
            "credentials",
            "prompts",
            "grants",
            "endpoint.head.ROLE_PATH",
            "endpoint.head.ROLE_ARN_PATH",
            "asker",
            "host.ancestry",
            "host.peer",
            "host.seats",
            "host.unix_sockets",
            "signin",
            "text",
        ),
        why="it steers roles, grants and prompts; AWS stays behind the keeper",
    ),
    "desktop": Room(
        may=(
            "model",
            "errors",
            "settings",
            "fileio",
            "prompts",
            "credentials.events",
            "host.child",
            "host.conversation",
            "host.notifications",
            "text",
        ),
        why="a way to ask listens to the event bus, runs a program or asks the desktop, and needs nothing else",
    ),
    "host": Room(
        may=("model", "errors", "fileio", "asker", "prctl", "text"),
        reads_clock=True,
        why="the operating system knows nothing of credentials",
    ),
    "state": Room(
        may=("model", "errors", "policy", "clock", "fileio", "credentials", "host"),
        why="it turns what the keeper holds into bytes, and keeps those; who is served is not its business",
    ),
    "ctl": Room(
        may=(
            "wire",
            "paths",
            "awsfiles",
            "surroundings",
            "copies",
            "fileio",
            "prctl",
            "userfiles",
            "tomlfile",
            "teamfiles",
            "text",
            "__version__",
        ),
        stdlib_only=True,
        never=("asyncio",),
        reads_clock=True,
        why="xacctctl starts in tens of milliseconds and shares only the wire with the daemon",
    ),
    "ctl.mcp": Room(
        may=("ctl", "wire", "paths", "text", "scope_policies", "__version__"),
        reads_clock=True,
        why="a server for agents that runs for long: the one place of xacctctl that loads asyncio and an SDK; what is"
        " no limit at all is the same for it and for xacctd",
    ),
    "sandbox": Room(
        may=("__version__",),
        reads_clock=True,
        why="a judge that shared code with the judged would repeat its mistakes",
    ),
    "daemon": Room(
        may=(EVERY_ROOM_BUT, "ctl", "sandbox"),
        reads_clock=True,
        why="it builds every room of the agent, opens and closes them; client and test STS are not among them",
    ),
}

CLOCK_WHY = "the clock is an argument: only then can a test move it, and a suspend not confuse it"
CLOCKS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.clock_gettime",
    "time.clock_gettime_ns",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}


# --- the checker ---------------------------------------------------------------------------------


parsed = functools.cache(ast.parse)
"""Several tests look through all of src."""


def room_of(file: Path) -> str:
    """`credentials/node.py` lives in credentials, `policy.py` in policy; the path is relative to xacct.

    A folder of a room may be one of its own, as `ctl.mcp`.
    """
    inner = ".".join(file.parts[:2])
    return inner if inner in ROOMS else file.parts[0].removesuffix(".py")


def imports(tree: ast.AST, file: Path) -> Iterator[tuple[int, str]]:
    """Every import as (line, full name); `from a import b` is a.b, whether b is a module or not."""
    package = ["xacct", *file.parts[:-1]]
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield node.lineno, alias.name
            case ast.ImportFrom():
                # One dot is this package, each further dot the one above.
                base = package[: len(package) - node.level + 1] if node.level else []
                for alias in node.names:
                    yield node.lineno, ".".join([*base, *filter(None, [node.module]), alias.name])
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, ".".join(package) + name if name.startswith(".") else name


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written; `?.c` of whatever is no name: ast.unparse would take a second for all of src."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def clock_readings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every mention of a clock, called or only passed on, under whatever name it was imported."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, *rest = dotted(node).split(".")
            name = ".".join([known.get(first, first), *rest])
            if name in CLOCKS and first in known:
                yield node.lineno, name


def is_below(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


def is_allowed(name: str, home: str, room: Room) -> bool:
    """May `room`, whose own name is `home`, import `name`?"""
    if not is_below(name, "xacct"):
        outside = name.partition(".")[0]
        if any(is_below(name, module) for module in room.never):
            return False
        return not room.stdlib_only or outside in sys.stdlib_module_names
    target = name.removeprefix("xacct").removeprefix(".")
    if is_below(target, home):
        return True
    if EVERY_ROOM_BUT in room.may:
        return target != "" and not any(is_below(target, other) for other in room.may)
    return any(is_below(target, module) for module in room.may)


def describe(room: Room) -> str:
    """The arrow in words."""
    if EVERY_ROOM_BUT in room.may:
        ours = "any room but " + ", ".join(room.may[1:])
    else:
        ours = ", ".join(room.may) or "nothing of ours"
    outside = "the standard library alone" if room.stdlib_only else "third parties"
    return f"{ours}; {outside}" + "".join(f"; never {module}" for module in room.never)


def violations(source: str, file: Path, app: dict[str, Room] = ROOMS) -> list[str]:
    """One sentence for each thing in this file that the table does not allow."""
    home = room_of(file)
    if home not in app:
        return [f"{file}: there is no room called {home}: give it a line, and a reason, in ROOMS"]
    room = app[home]
    tree = parsed(source)
    found = [
        f"{file}:{line} imports {name}, but {home} may import {describe(room)}, because {room.why}"
        for line, name in imports(tree, file)
        if not is_allowed(name, home, room)
    ]
    if not room.reads_clock:
        found += [
            f"{file}:{line} reads {name}, but {home} may not, because {CLOCK_WHY}"
            for line, name in clock_readings(tree)
        ]
    return found


# --- the house -----------------------------------------------------------------------------------


def test_every_import_follows_an_arrow_and_only_the_top_reads_the_clock():
    files = sorted(SOURCE.rglob("*.py"))
    assert files, f"no source found in {SOURCE}"
    found = [sentence for file in files for sentence in violations(file.read_text("utf-8"), file.relative_to(SOURCE))]
    assert not found, "\n" + "\n".join(found)


def files_imported(tree: ast.AST, file: Path, files: set[Path]) -> set[Path]:
    """Our own files that a file imports, types' sake included."""
    found = set()
    for _, name in imports(tree, file):
        path = "/".join(name.split(".")[1:])
        found |= {Path(f"{path}.py"), Path(f"{path.rpartition('/')[0]}.py")} & files
    return found - {file}


def circle(graph: dict[Path, set[Path]]) -> list[str]:
    """Some files that import each other in a circle; none where there is no circle."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [str(file) for file in error.args[1]]
    return []


def test_no_files_import_each_other_in_a_circle():
    files = {file.relative_to(SOURCE) for file in SOURCE.rglob("*.py")}
    graph = {file: files_imported(parsed((SOURCE / file).read_text("utf-8")), file, files) for file in files}
    assert sum(map(len, graph.values())) > len(files)
    assert circle(graph) == []


def test_a_circle_is_found():
    files = {Path("endpoint/peer_check.py"), Path("endpoint/connection_limiter.py"), Path("model.py")}
    sources = {
        "endpoint/peer_check.py": "from xacct.endpoint.connection_limiter import ConnectionLimiter",
        "endpoint/connection_limiter.py": "if TYPE_CHECKING:\n    from xacct.endpoint import peer_check",
        "model.py": "",
    }
    graph = {Path(name): files_imported(parsed(text), Path(name), files) for name, text in sources.items()}
    assert set(circle(graph)) == {"endpoint/peer_check.py", "endpoint/connection_limiter.py"}


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("xacct.ctl.main", ROOMS["ctl"].why),
        ("xacct.daemon.start", "the process is hardened before anything else of it is loaded"),
        ("xacct.daemon.__main__", "a signal while the rest is loaded must not end the daemon"),
    ],
)
def test_what_starts_first_loads_neither_asyncio_nor_third_parties(module, why):
    probe = (
        "import importlib, json, sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1]);"
        "importlib.import_module(sys.argv[2]); print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", probe, str(SOURCE.parent), module],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{module} cannot be imported:\n{done.stderr}"
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    strangers = loaded - sys.stdlib_module_names - {"xacct"}
    assert not strangers, f"importing {module} loads {strangers}: {why}"
    assert "asyncio" not in loaded, f"importing {module} loads asyncio: {why}"
    assert "logging" not in loaded, f"importing {module} loads logging: {why}"


# --- one way out ----------------------------------------------------------------------------------

HOLDERS = {
    "credentials/entry.py": "the entry itself",
    "credentials/service.py": "serve: the one way out",
    "credentials/fetchers/role_from_parent.py": "calls STS with a parent's credentials",
    "credentials/fetchers/role_from_sign_in.py": "calls the access portal with a sign-in's token",
    "credentials/listings.py": "lists accounts at the access portal with a sign-in's token",
    "credentials/verification.py": "calls STS with a parent's credentials, and keeps nothing that it gives",
    "credentials/user_devices.py": "asks IAM with the MFA session which devices its user has",
    "credentials/fetchers/scoped.py": "has a role's credentials changed for narrower ones",
    "credentials/fetchers/mfa_session.py": "takes what the same code has opened for another profile",
    "credentials/snapshot.py": "what the next process is to hold",
    "credentials/snapshot_values.py": "says whether such values hold anything",
}
"""Who may read what an entry holds."""

OUT = {"held", "refresh", "one_off"}
"""An entry's attributes and methods that give credentials (`get` is every mapping's too: its `ask` is looked for)."""


def leaks(source: str, file: str) -> list[str]:
    """One sentence for each place that reads an entry's credentials and is not among HOLDERS."""
    if file in HOLDERS or file.startswith(("ctl/", "sandbox/")):
        return []
    found = []
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Attribute) and node.attr in OUT:
            found.append(f"{file}:{node.lineno} reads .{node.attr}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            found += [f"{file}:{node.lineno} gets credentials" for keyword in node.keywords if keyword.arg == "ask"]
    return found


STATE = {"held", "error", "renew_at", "failures", "failed_boot", "retry_boot"}
"""An entry's own state."""


def test_entries_alone_change_their_state():
    found = []
    for file in sorted((SOURCE / "credentials").rglob("*.py")):
        for node in ast.walk(parsed(file.read_text("utf-8"))):
            written = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in STATE
            if written and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                found.append(f"{file.relative_to(SOURCE)}:{node.lineno} writes {ast.unparse(node)}")
    assert found == []


def test_credentials_leave_by_serve_and_nobody_else_reads_what_an_entry_holds():
    found = [
        sentence
        for file in sorted(SOURCE.rglob("*.py"))
        for sentence in leaks(file.read_text("utf-8"), file.relative_to(SOURCE).as_posix())
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("source", ["node.entry.held", "x = entry.held.expires_at", "await entry.get(ask=True)"])
def test_a_second_way_out_is_found(source):
    code = f"async def f(entry, node):\n    {source}"
    assert len(leaks(code, "endpoint/handlers/container_credentials.py")) == 1
    assert leaks(code, "credentials/service.py") == []


# --- one writer, one runner of children --------------------------------------------------------------

WRITERS = {
    "fileio.py": "the one that is whole, private and on the disk",
    "userfiles/edit.py": "a file that is the user's own",
    "audit/file.py": "puts a full file aside under the next number",
    "sandbox/files.py": "the sandbox shares no code",
}
"""Who may put a file in another's place."""

RUNNERS = {
    "host/child.py": "the daemon's one",
    "daemon/handover.py": "starts the daemon's successor, which is to outlive it",
    "daemon/takeover.py": "ends a successor whose parent hangs",
    "ctl/browser.py": "a browser for a sign-in, by Python's webbrowser",
    "ctl/console.py": "the browser that was named for the console",
    "ctl/child.py": "the command of exec, in our own terminal",
    "ctl/sandboxed/inside.py": "the command of exec, in a sandbox, whose first process it is",
    "ctl/start.py": "the daemon",
    "ctl/service_files.py": "asks a program for its version",
    "ctl/unit.py": "systemctl and systemd-analyze",
    "ctl/launchd.py": "launchctl",
    "ctl/connection.py": "ssh",
    "ctl/catalogue.py": "ssh-keygen, which looks at a signature",
    "ctl/mfa_seed.py": "zbarimg, for a QR code",
    "ctl/doctor/scene.py": "what the machine's own tools say",
    "ctl/docker/engine.py": "docker and podman",
    "ctl/docker/doctor.py": "a container of theirs",
    "ctl/docker/run.py": "a container of theirs",
    "ctl/docker/setup.py": "the commands that it has shown",
}
"""Who may start a process. xacctctl's are in the foreground: whoever has typed it waits, and can interrupt it."""

_REPLACES = re.compile(r"os\.(replace|rename|renames|link|fsync)|shutil\.move|.*\.rename")
_RUNS = re.compile(
    r"(asyncio\.)?subprocess\.(run|Popen|call|check_call|check_output|getoutput)|.*create_subprocess_(exec|shell)"
    r"|.*\.subprocess_(exec|shell)|os\.(system|popen|fork|forkpty|exec\w+|spawn\w+|posix_spawnp?)|pty\.(fork|spawn)"
)


def ways(source: str, file: str) -> list[str]:
    """One sentence for each place that replaces a file or starts a process and is not among those that may."""
    found = []
    for node in ast.walk(parsed(source)):
        if not isinstance(node, ast.Attribute | ast.Call):
            continue
        name = dotted(node.func if isinstance(node, ast.Call) else node)
        one_argument = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
        moves = name.endswith(".replace") and one_argument  # of a path; that of a text has two
        if (isinstance(node, ast.Attribute) and _REPLACES.fullmatch(name)) or moves:
            found += [f"{file}:{node.lineno} replaces a file by {name}"] if file not in WRITERS else []
        if isinstance(node, ast.Attribute) and _RUNS.fullmatch(name):
            found += [f"{file}:{node.lineno} starts a process by {name}"] if file not in RUNNERS else []
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.ImportFrom) and node.module in {"os", "shutil", "subprocess", "asyncio.subprocess"}:
            found += ways(";".join(f"{node.module}.{alias.name}" for alias in node.names), file)
    return found


def test_files_are_written_and_children_run_in_one_way():
    files = sorted(SOURCE.rglob("*.py"))
    found = [
        sentence for file in files for sentence in ways(file.read_text("utf-8"), file.relative_to(SOURCE).as_posix())
    ]
    assert not found, "\n" + "\n".join(found)
    named = {*WRITERS, *RUNNERS} - {file.relative_to(SOURCE).as_posix() for file in files}
    assert not named, "no such file any more"


@pytest.mark.parametrize(
    "source",
    [
        "os.replace(fresh, path)",
        "path.with_suffix('.new').replace(path)",
        "beside.rename(file)",
        "put(os.replace)",
        "from os import rename",
        "shutil.move(a, b)",
        "os.fsync(descriptor)",
        "import subprocess\nsubprocess.run(['ps'])",
        "from subprocess import Popen",
        "async def f():\n    await asyncio.create_subprocess_exec('ioreg')",
        "os.system('ps')",
        "os.posix_spawn(a, b, c)",
        "loop.subprocess_exec(f, 'ps')",
    ],
)
def test_a_second_writer_or_runner_is_found(source):
    assert len(ways(source, "credentials/entry.py")) == 1


@pytest.mark.parametrize("source", ["text.replace('a', 'b')", "dataclasses.replace(base, name=x)", "child.run(words)"])
def test_what_merely_looks_like_one_is_let_through(source):
    assert ways(source, "credentials/entry.py") == []


# --- the checker, seen to fail and to pass -------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("model.py", "from xacct.errors import AgentError"),
        ("model.py", "from . import errors"),
        ("model.py", "import xacct"),
        ("wire.py", "import msgspec"),
        ("wire.py", "from .model import Role"),
        ("policy.py", "import asyncio"),
        ("policy.py", "from asyncio import sleep"),
        ("credentials/node.py", "from ..aws.sts import assume_role"),
        ("credentials/node.py", "from .. import desktop"),
        ("credentials/node.py", "def late():\n    from xacct.host import paths"),
        ("credentials/node.py", "if TYPE_CHECKING:\n    from xacct.control import api"),
        ("credentials/__init__.py", "from ..endpoint import grants"),
        ("credentials/deeper/file.py", "from ...aws import sts"),
        ("credentials/node.py", "import importlib\nimportlib.import_module('xacct.aws.sts')"),
        ("credentials/node.py", "__import__('xacct.aws')"),
        ("endpoint/guard.py", "from xacct.host import paths"),
        ("endpoint/guard.py", "from xacct.host import *"),
        ("control/api.py", "from xacct.endpoint import guard"),
        ("control/api.py", "import xacct.endpoint.grants_of_others"),
        ("ctl/verbs.py", "from xacct.model import Role"),
        ("ctl/verbs.py", "import asyncio.subprocess"),
        ("ctl/verbs.py", "import aiohttp"),
        ("sandbox/sts.py", "from xacct import model"),
        ("daemon.py", "from xacct.ctl import main"),
        ("daemon/app.py", "from .. import sandbox"),
        ("attic.py", ""),
    ],
)
def test_a_forbidden_import_is_found(file, source):
    [sentence] = violations(source, Path(file))
    assert sentence.startswith(file)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("errors.py", "from xacct.model import Instant"),
        (
            "credentials/node.py",
            "from . import scheduler\nfrom .entry import Entry\nfrom ..policy import due",
        ),
        ("credentials/__init__.py", "from .node import Node"),
        ("credentials/deeper/file.py", "from ..node import Node\nfrom ...model import Role"),
        ("endpoint/guard.py", "from ..host.peer import owner\nfrom xacct.host import peer"),
        ("control/api.py", "from xacct.grants.grants import Grants\nimport aiohttp"),
        (
            "ctl/main.py",
            "import json\nfrom xacct import __version__, wire\nfrom .client import Client",
        ),
        ("daemon/run.py", "from xacct import aws, endpoint, host\nimport asyncio, uvloop"),
    ],
)
def test_an_allowed_import_is_let_through(file, source):
    assert violations(source, Path(file)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as t\ndef f():\n    return t.monotonic()",
        "from time import monotonic as tick\nheld = tick",
        "import time\ndef f(clock=time.time): ...",
        "from datetime import UTC, datetime\ndatetime.now(UTC)",
        "import datetime as dt\ndt.datetime.utcnow()",
        "def f():\n    import datetime\n    return datetime.date.today()",
    ],
)
def test_a_clock_reading_is_found_below_the_daemon_only(source):
    [sentence] = violations(source, Path("credentials/node.py"))
    assert CLOCK_WHY in sentence
    assert violations(source, Path("host/clock.py")) == []


def test_what_merely_looks_like_a_clock_is_let_through():
    source = "import time\ntime.sleep(1)\nclock.now()\nself.time()\nepoch = datetime.fromtimestamp(0)"
    assert violations(source, Path("credentials/node.py")) == []


def test_a_failure_names_file_import_arrow_and_reason():
    [sentence] = violations("\nfrom xacct.aws import sts", Path("credentials/node.py"))
    assert sentence == (
        "credentials/node.py:2 imports xacct.aws.sts, but credentials may import "
        "model, errors, policy, clock, rolekeys, event_bus, prompts, scope, signin, asker; third parties, because "
        + ROOMS["credentials"].why
    )
