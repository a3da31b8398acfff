"""A real Docker engine in network namespaces of its own, an image made from this machine, and a neighbour on a LAN.

    with Machine() as machine, Engine(directory) as engine: ...

Inside `Machine` the calling thread, and what it starts, is on that machine's network: nothing of the host's (docker0,
its firewall, its ports) is seen or changed.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

from stack import wait_until
from unprivileged import PATH, python

IMAGE = "xacct-test"
CHANGES = ("--change", "ENV PATH=/bin", "--change", "ENV PYTHONPATH=/packages")
_CLONE_NEWNET = 0x40000000
_HERE = Path(__file__).parent


def run(*words, check=True, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    assert not check or done.returncode == 0, f"{words}: {done.stderr}"
    return done


def missing():
    """Why no engine can be started here, or None."""
    if os.geteuid() != 0:
        return "only root can start an engine"
    for tool in ("dockerd", "docker", "iptables", "ip", "busybox", "socat"):
        if shutil.which(tool) is None:
            return f"no {tool} here"
    return None


class Machine:
    """A network namespace that is the laptop, and another that is a host on the same LAN (198.51.100.2)."""

    def __init__(self):
        self.name, self.lan = f"xd{os.getpid()}", f"xl{os.getpid()}"

    def __enter__(self):
        self._before = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._ends = contextlib.ExitStack()
        for name in (self.name, self.lan):
            run("ip", "netns", "add", name)
            self._ends.callback(run, "ip", "netns", "delete", name, check=False)
        run("ip", "link", "add", "lan0", "netns", self.name, "type", "veth", "peer", "name", "lan0", "netns", self.lan)
        for name, address in ((self.name, "198.51.100.1/24"), (self.lan, "198.51.100.2/24")):
            run("ip", "-n", name, "address", "add", address, "dev", "lan0")
            run("ip", "-n", name, "link", "set", "lan0", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.lan, "route", "add", "default", "via", "198.51.100.1")
        self._enter(f"/run/netns/{self.name}")
        return self

    def __exit__(self, *_):
        _setns(self._before)
        os.close(self._before)
        self._ends.close()

    def neighbour(self, *words, **options):
        """What a program on the LAN's other host says."""
        return run("ip", "netns", "exec", self.lan, *words, check=False, **options)

    @staticmethod
    def _enter(path):
        descriptor = os.open(path, os.O_RDONLY)
        _setns(descriptor)
        os.close(descriptor)


def _setns(descriptor):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Engine:
    """dockerd, with data, sockets and network of its own; everybody may use it."""

    def __init__(self, directory):
        self.dir = Path(directory)
        self.socket = self.dir / "docker.sock"
        self.host = f"unix://{self.socket}"

    def __enter__(self):
        self.dir.mkdir(parents=True, exist_ok=True)
        self._log = (self.dir / "dockerd.log").open("wb")
        words = ["--data-root", f"{self.dir}/data", "--exec-root", f"{self.dir}/exec", "-H", self.host]
        words += ["--pidfile", f"{self.dir}/pid", "--config-file", f"{self.dir}/none.json"]
        (self.dir / "none.json").write_text("{}")
        # Not by `ip netns exec`: that would hide the cgroups.
        self._process = subprocess.Popen(["dockerd", *words], stdout=self._log, stderr=self._log)
        wait_until(lambda: self._process.poll() is not None or self._answers(), 30, "the engine")
        assert self._process.poll() is None, (self.dir / "dockerd.log").read_text()[-500:]
        self.socket.chmod(0o666)
        return self

    def __exit__(self, *_):
        for container in self.docker("ps", "-aq").stdout.split():
            self.docker("rm", "-f", container, check=False)
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        for left in (self.dir / "exec" / "netns").glob("*"):
            run("umount", str(left), check=False)

    def docker(self, *words, check=True, **options):
        return run("docker", "-H", self.host, *words, check=check, **options)

    def _answers(self):
        return self.docker("version", check=False).returncode == 0

    def load_image(self):
        """Bring the image in: this Python, boto3 with STS's data, busybox and socat."""
        made = subprocess.run(
            ["docker", "-H", self.host, "import", *CHANGES, "-", IMAGE],
            input=image(),
            capture_output=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr


def image():
    """A root file system as a tar archive, made of what this machine has: half a minute less than a debootstrap."""
    out = io.BytesIO()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = Path(sys.base_prefix) / "bin" / version
    library = Path(sysconfig.get_path("stdlib"))
    socat = Path(shutil.which("socat"))
    extensions = list((library / "lib-dynload").glob("*.so"))
    with tarfile.open(fileobj=out, mode="w") as tar:
        for directory in ("tmp", "etc", "run", "root"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            tar.addfile(entry)
        tar.add(Path(shutil.which("busybox")).resolve(), "bin/busybox")
        for name in ("sh", "cat", "sleep", "wget", "nc", "head", "id", "env", "tail"):
            _link(tar, f"bin/{name}", "busybox")
        _link(tar, "bin/python3", str(python))
        for file in {python.resolve(), socat.resolve(), *libraries([python, socat, *extensions])}:
            tar.add(file.resolve(), str(file).lstrip("/"))
        _link(tar, "bin/socat", str(socat.resolve()))
        if str(python) != str(python.resolve()):
            _link(tar, str(python).lstrip("/"), str(python.resolve()))
        tar.add(library, str(library).lstrip("/"), filter=_no_tests)
        for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"):
            _add_package(tar, name)
        tar.add(_HERE / "callers" / "boto3_caller.py", "caller.py")
    return out.getvalue()


def libraries(files):
    """The shared libraries that some programs and modules load, and their loader, by their paths."""
    found = set()
    for line in run("ldd", *map(str, files), check=False).stdout.splitlines():
        words = line.split()
        found |= {Path(word) for word in words if word.startswith("/") and not word.endswith(":")}
    return {file for file in found if file.exists()}


def _link(tar, name, target):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def _add_package(tar, name):
    spec = __import__(name).__file__
    path = Path(spec).parent if Path(spec).name == "__init__.py" else Path(spec)
    tar.add(path, f"packages/{path.name}", filter=_only_sts)


def _only_sts(entry):
    """botocore's data is a hundred megabytes of other services."""
    _, data, inside = entry.name.partition("/botocore/data/")
    if data and (entry.isdir() or "/" in inside) and inside.partition("/")[0] != "sts":
        return None
    return _no_tests(entry)


def _no_tests(entry):
    skipped = ("__pycache__", "test", "tests", "idlelib", "ensurepip", "site-packages", "dist-packages", "tkinter")
    return None if Path(entry.name).name in skipped else entry


@contextlib.contextmanager
def forwarded(port):
    """A port of every address of this network that leads to a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        ours = free.getsockname()[1]
    process = subprocess.Popen(["socat", f"TCP-LISTEN:{ours},fork,reuseaddr", f"TCP:127.0.0.1:{port}"])
    try:
        yield ours
    finally:
        process.terminate()
        process.wait()


def settings(port):
    """config.toml for such tests. A program gives the codes: SDKs that ask after a restart find somebody to ask."""
    asks = f'exec {python()} -m xacct.sandbox code --dir "$HOME/.."'
    return f"[containers]\nport = {port}\n[prompts]\ncommand = {json.dumps(['sh', '-c', asks])}\n"


class Ctl:
    """xacctctl, run by a stack's user. `inside`: a command, run as root, that becomes that user."""

    def __init__(self, stack, sts, *, inside=(), **environment):
        self.stack, self.inside = stack, inside
        self.env = stack.env | {"PYTHONPATH": PATH} | environment
        self.sts = ["-e", f"AWS_ENDPOINT_URL_STS={sts}"]

    def start(self, *words):
        user = self.stack.user
        return subprocess.Popen(
            [*self.inside, python(), "-m", "xacct.ctl", *words],
            env=self.env,
            cwd=self.stack.dir,
            **({} if self.inside else {"user": user, "group": user, "extra_groups": []}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words, status=0):
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        assert process.returncode == status, out + err
        return out if status == 0 else err

    def run(self, *words, seconds=0, options=(), before=(), engine="docker"):
        """A container that asks STS who it is."""
        command = ["python3", "/caller.py", str(seconds)]
        return [engine, "run", *before, "prod", "--", "--rm", *self.sts, *options, IMAGE, *command, *words]


def is_prod(arn):
    return ":assumed-role/" in arn and "234567890123" in arn
