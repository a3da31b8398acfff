"""What a daemon does not load, and does not look for, before it serves."""

import os
import subprocess
import sys

from xacct.daemon import arguments

LATE = ("aiohttp", "botocore.session", "aiobotocore", "cryptography", "argparse", "shutil", "email.utils", "dbus_fast")
"""The SDK and aiohttp cost a third of a second and a tenth, each of the others milliseconds."""

BUILT = f"""
import sys
from xacct.daemon import run
from xacct.daemon.arguments import parse
from xacct.daemon.inherited import DaemonPaths
from xacct.settings import Settings

parse([])
run.App(Settings(), Settings(), DaemonPaths()).read_changed()
print([name for name in {LATE} if name in sys.modules])
"""


def test_a_daemon_is_built_without_what_its_first_client_does_not_need(tmp_path):
    """As a service has it: a command line that says nothing, no desktop."""
    env = {name: str(tmp_path) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    env["PATH"] = os.environ.get("PATH", os.defpath)
    told = subprocess.run([sys.executable, "-c", BUILT], env=env, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_an_empty_command_line_is_what_argparse_makes_of_it():
    assert arguments.parse([]) == arguments.Wanted(**vars(arguments._parser().parse_args([])))
    assert arguments.parse(["--port", "7"]) == arguments.Wanted(port=7)


def test_garbage_is_looked_for_as_ever_once_all_is_there():
    """A daemon in which it were looked for as seldom as while it loads would grow."""
    code = """
import gc
ordinary = gc.get_threshold()
from xacct.daemon import collecting
collecting.seldom()
assert gc.get_threshold() != ordinary
garbage = []
garbage.append(garbage)
del garbage
collecting.go_on(stays=True)
found = []
gc.callbacks.append(lambda phase, info: found.append(info["collected"]))
collecting.as_ever()
assert gc.get_threshold() == ordinary
assert sum(found) > 0, found
print(gc.get_freeze_count())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(told.stdout) > 1000


def test_a_socket_for_containers_is_opened_without_what_the_control_api_needs(tmp_path):
    """A daemon that has started again opens it before it serves: loading aiohttp would hold up everybody's fetch."""
    code = f"""
import sys
from pathlib import Path
from xacct.daemon import container_routes
container_routes._bind_unix(Path({str(tmp_path)!r}) / "d" / "s").close()
print([name for name in {LATE} if name in sys.modules])
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"
