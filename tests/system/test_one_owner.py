"""Hundreds of daemons started at the same instant in one directory: one owner, and a socket never wider than 0600."""

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.system

CONTENDERS = 300

RACE = """
    import os, pathlib, stat, sys
    from xacct import errors
    from xacct.host.unix_sockets import bind
    from xacct.host import instance

    place, contenders = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    os.umask(0)
    socket = place / "control.sock"
    ready, go = os.pipe()
    said_by, say = os.pipe()
    children = []
    for _ in range(contenders):
        child = os.fork()
        if child:
            children.append(child)
            continue
        os.close(go)
        os.read(ready, 1)  # all at once, when the last writer is gone
        try:
            held = instance.lock(place / "xacctd.lock")
            listener = bind(socket)
        except errors.StartupFailed as refused:
            os.write(say, b"refused\\n" if "running already" in refused.sentence else b"broke\\n")
        else:
            os.write(say, b"owner\\n")
            os.close(say)
            os.read(os.open(place / "end", os.O_RDONLY), 1)  # hold it until everybody has tried
        os._exit(0)
    os.mkfifo(place / "end")
    os.close(say)
    os.close(ready)
    os.close(go)
    modes, told = set(), b""
    os.set_blocking(said_by, False)
    while told.count(b"\\n") < contenders:
        try:
            modes.add(stat.S_IMODE(socket.lstat().st_mode))
        except FileNotFoundError:
            pass
        try:
            told += os.read(said_by, 65536)
        except BlockingIOError:
            pass
    os.close(os.open(place / "end", os.O_WRONLY))
    for child in children:
        os.waitpid(child, 0)
    print(told.count(b"owner"), told.count(b"refused"), *(oct(mode) for mode in modes))
"""


@pytest.mark.parametrize("left_behind", [False, True], ids=["at first", "after a crash"])
def test_hundreds_of_starts_have_one_owner(tmp_path, left_behind):
    if left_behind:
        (tmp_path / "xacctd.lock").write_text("4194304\n")
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])",
                "control.sock",
            ],
            cwd=tmp_path,
            umask=0o177,
            check=True,
        )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(RACE), str(tmp_path), str(CONTENDERS)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.split() == ["1", str(CONTENDERS - 1), "0o600"], done.stdout + done.stderr
