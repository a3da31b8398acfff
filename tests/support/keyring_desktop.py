"""A session bus and a GNOME Keyring of a test's own."""

import importlib.util
import os
import shutil
import signal
import socket
import struct
import subprocess
from contextlib import contextmanager

import pytest
from waiting import wait_until

UNLOCK = 1
"""An operation of gnome-keyring-daemon's control socket, as pam_gnome_keyring sends it."""

PASSWORD = "the login password"


class Desktop:
    """A session bus and a keyring daemon, both the test's own."""

    def __init__(self, home):
        self.home = home
        self.keyrings = home / ".local" / "share" / "keyrings"
        self.bus = self.keyring = None

    def boot(self, password=None):
        """Everything but what is on disk is new. With a password the login keyring is open (and made, if need be)."""
        self.shut_down()
        runtime = self.home / "run"
        shutil.rmtree(runtime, ignore_errors=True)
        runtime.mkdir(mode=0o700)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "DBUS_", "DISPLAY", "WAYLAND"))}
        self.env |= {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(runtime)}
        self.bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self.bus.stdout.readline().strip()
        self.keyring = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--components=secrets", *(["--unlock"] if password else [])],
            env=self.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.keyring.stdin.write(password or "")
        self.keyring.stdin.close()
        wait_until((runtime / "keyring" / "control").exists)
        if password:
            wait_until((self.keyrings / "login.keyring").exists)
            self.log_in(password)

    def log_in(self, password=PASSWORD):
        """Later: what PAM's module does with the login's password."""
        word = password.encode()
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(self.home / "run" / "keyring" / "control"))
            control.send(b"\0")  # for the credentials that the kernel adds
            control.sendall(struct.pack("!III", 12 + len(word), UNLOCK, len(word)) + word)
            assert struct.unpack("!II", control.recv(8, socket.MSG_WAITALL)) == (8, 0)

    def shut_down(self):
        for process in (self.keyring, self.bus):
            if process is not None:
                process.send_signal(signal.SIGTERM)
                process.wait(10)
                if process.stdout:
                    process.stdout.close()
        self.bus = self.keyring = None


@contextmanager
def desktop_in(directory, kind=Desktop):
    """A desktop that somebody has logged in to; skips the test where its programs are missing."""
    for program in ("gnome-keyring-daemon", "dbus-daemon"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")
    if importlib.util.find_spec("secretstorage") is None:
        pytest.skip("the extra xacct[keychain] is not installed")
    desktop = kind(directory)
    desktop.boot(PASSWORD)
    try:
        yield desktop
    finally:
        desktop.shut_down()
