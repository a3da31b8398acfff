"""State under a real GNOME Keyring on a bus of the test's own: kept through a reboot, locked, unlocked, absent."""

import base64
import json
import re
import shutil
import subprocess
import sys
import textwrap

import keyring_desktop
import pytest
from keyring_desktop import PASSWORD
from stack import Stack
from waiting import wait_until

pytestmark = pytest.mark.system

CANARY = b"ASIACANARY/secret+canary/0123456789abcdef"

RUN = """
    import asyncio, base64, json, pathlib, sys
    from xacct import logs
    from xacct.host import hardening
    from xacct.state import keychain, keys

    kept, *work = map(str, sys.argv[1:])
    path = pathlib.Path(kept)
    came = []

    async def main():
        store = keychain.KeychainStore(path, keys.of_this_system(path), came.append)
        state = await store.load()
        for step in work:
            name, _, what = step.partition(":")
            if name == "save":
                store.save(base64.b64decode(what))
            elif name == "forget":
                store.forget()
            elif name == "say":  # and wait to be told to go on
                print(json.dumps(store.problem and store.problem.sentence), flush=True)
                await asyncio.to_thread(sys.stdin.readline)
            elif name == "look":
                store.look()
                while not store._loading.done():
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.01)  # and until what came late is handed over
        await store.close()
        for state in [state, *came]:
            print(json.dumps(state and base64.b64encode(state).decode()))
        print(json.dumps(store.problem and store.problem.sentence))

    keychain.PATIENCE = 20.0  # the machine may be busy
    logs.configure("debug", "logfmt")
    hardening.harden()  # as the daemon is: a keychain that wants to know who asks must bear with it
    asyncio.run(main())
"""


class Desktop(keyring_desktop.Desktop):
    """With stores in processes of their own."""

    def start(self, path, *work):
        """A daemon's store in a process of its own."""
        steps = [f"save:{base64.b64encode(step).decode()}" if isinstance(step, bytes) else step for step in work]
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(RUN), str(path), *steps],
            env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, path, *work):
        """What was loaded (and what came late), and what problem there is at the end."""
        return finish(self.start(path, *work))


def finish(running):
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert CANARY.decode() not in err
    assert "Traceback" not in err
    *states, problem = map(json.loads, out.splitlines())
    return [state and base64.b64decode(state) for state in states], problem


@pytest.fixture
def desktop(tmp_path):
    with keyring_desktop.desktop_in(tmp_path, Desktop) as desktop:
        yield desktop


@pytest.fixture
def path(tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    return tmp_path / "state" / "kept"


def test_what_is_kept_outlives_a_reboot_and_lies_nowhere_in_the_clear(desktop, path):
    assert desktop.run(path, CANARY) == ([None], None)
    assert desktop.run(path) == ([CANARY], None)
    desktop.boot(PASSWORD)
    assert desktop.run(path) == ([CANARY], None)
    kept_as = key_in_keychain(desktop)
    key = base64.b64decode(kept_as)
    on_disk = [path.read_bytes(), *(file.read_bytes() for file in desktop.keyrings.iterdir())]
    assert len(on_disk) >= 2
    for secret in (CANARY, key, kept_as):
        for form in (secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")[:-1]):
            for content in on_disk:
                assert form not in content
                assert form not in b"\n".join(re.findall(rb"[\x20-\x7e]{4,}", content))


def key_in_keychain(desktop):
    """With the tool that people have."""
    if shutil.which("secret-tool") is None:
        pytest.skip("no secret-tool here")
    found = subprocess.run(
        ["secret-tool", "lookup", "service", "xacct"], env=desktop.env, capture_output=True, timeout=20, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_a_keychain_that_is_unlocked_later_gives_what_was_kept(desktop, path):
    """The login keyring opens at the graphical login, and the daemon may have been there before."""
    desktop.run(path, CANARY)
    desktop.boot()
    assert desktop.run(path, b"must not be written") == ([None], "The keychain is locked.")
    early = desktop.start(path, "look", "say", "look")
    assert json.loads(early.stdout.readline()) == "The keychain is locked."
    desktop.log_in()
    early.stdin.write("\n")
    early.stdin.flush()
    assert finish(early) == ([None, CANARY], None)


def test_a_keychain_locked_before_anything_was_kept_is_said(desktop, path):
    desktop.boot()
    assert desktop.run(path, CANARY) == ([None], "The keychain is locked.")
    assert not path.exists()


def test_a_keychain_without_a_collection_is_said_and_none_is_made(desktop, path):
    """To make one would show a dialog that asks for a new password."""
    desktop.shut_down()
    shutil.rmtree(desktop.keyrings)
    desktop.boot()
    assert desktop.run(path, CANARY) == ([None], "The keychain has no default collection.")
    assert not path.exists()


def test_another_keychain_has_no_key_for_it(desktop, path):
    desktop.run(path, CANARY)
    desktop.shut_down()
    shutil.rmtree(desktop.keyrings)
    desktop.boot(PASSWORD)
    loaded, problem = desktop.run(path)
    assert loaded == [None]
    assert "no key in the keychain" in problem


def test_what_is_forgotten_is_gone_from_disk_and_keychain(desktop, path):
    desktop.run(path, CANARY)
    copy = path.read_bytes()
    assert key_in_keychain(desktop)
    assert desktop.run(path, "forget") == ([CANARY], None)
    assert list(path.parent.iterdir()) == []
    left = subprocess.run(
        ["secret-tool", "lookup", "service", "xacct"], env=desktop.env, capture_output=True, timeout=20, check=False
    )
    assert left.stdout == b""
    path.touch(0o600)
    path.write_bytes(copy)
    loaded, problem = desktop.run(path)
    assert loaded == [None]
    assert "no key in the keychain" in problem


def test_without_a_keychain_service_there_is_a_sentence(desktop, path):
    """Its bus has no service of that name, and may not start one."""
    desktop.run(path, CANARY)
    desktop.keyring.terminate()
    desktop.keyring.wait(10)
    services = desktop.home / "no-services.conf"
    services.write_text(
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context='default'>"
        "<allow send_destination='*'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"
    )
    bare = subprocess.Popen(
        ["dbus-daemon", f"--config-file={services}", "--nofork", "--print-address=1"],
        env=desktop.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        desktop.env["DBUS_SESSION_BUS_ADDRESS"] = bare.stdout.readline().strip()
        assert desktop.run(path, b"new") == ([None], "No keychain answers on the session bus.")
    finally:
        bare.terminate()
        bare.communicate(timeout=10)


@pytest.mark.parametrize("address", [None, "unix:path=/nonexistent/bus", "nonsense"])
def test_without_a_bus_there_is_a_sentence(desktop, path, address):
    desktop.run(path, CANARY)
    kept = path.read_bytes()
    del desktop.env["DBUS_SESSION_BUS_ADDRESS"]
    if address:
        desktop.env["DBUS_SESSION_BUS_ADDRESS"] = address
    loaded, problem = desktop.run(path, b"new")
    assert loaded == [None]
    assert problem == "There is no keychain here: no session bus answers."
    assert path.read_bytes() == kept


# The whole daemon.


@pytest.fixture
def stack(desktop, tmp_path):
    """A daemon that keeps its state with the keychain of the desktop, and a sandbox."""
    with Stack(tmp_path / "stack", daemon=False, settings='[daemon]\npersistence = "keychain"\n') as stack:
        boot(stack, desktop)
        yield stack


def boot(stack, desktop):
    """The daemon after the desktop: nothing of the one before is left but what is on disk."""
    stack.env["DBUS_SESSION_BUS_ADDRESS"] = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
    stack.env["HOME"] = desktop.env["HOME"]
    stack.start()


def sealed(stack):
    return stack.dir / "state" / "xacct" / "state.sealed"


def test_a_reboot_asks_for_nothing_and_a_logout_leaves_nothing(stack, desktop):
    stack.login("prod", "staging")
    before = len(stack.calls())
    stack.stop()
    assert b"AccessKeyId" not in sealed(stack).read_bytes()
    desktop.boot(PASSWORD)
    boot(stack, desktop)
    assert [stack.status(role)["state"] for role in ("prod", "staging")] == ["held", "held"]
    assert len(stack.calls()) == before
    stack.api("POST", "/v1/logout", {"all": True})
    assert not sealed(stack).exists()
    stack.stop()
    boot(stack, desktop)
    assert stack.status("prod")["state"] == "logged-out"


def test_a_kill_a_moment_after_a_login_keeps_it(stack, desktop):
    stack.login("prod")
    wait_until(sealed(stack).exists)
    stack.kill()
    boot(stack, desktop)
    assert stack.status("prod")["state"] == "held"


def test_a_login_keyring_that_opens_late_gives_it_then(stack, desktop):
    stack.login("prod")
    stack.stop()
    desktop.boot()  # somebody has still to log in to the desktop
    boot(stack, desktop)
    assert stack.status("prod")["state"] == "needs-code"
    assert any("keychain" in note for note in stack.status()["notes"])
    desktop.log_in()
    wait_until(lambda: stack.status("prod")["state"] == "held", seconds=45)


def test_one_logout_while_the_keyring_is_locked_outlives_a_kill(stack, desktop):
    """Nobody can write it into the sealed state then, and nothing else that is in there may be lost."""
    stack.login("prod", "staging")
    stack.stop()
    desktop.boot()
    boot(stack, desktop)
    stack.api("POST", "/v1/logout", {"roles": ["prod"]})
    stack.kill()
    desktop.log_in()
    boot(stack, desktop)
    wait_until(lambda: stack.status("staging")["state"] == "held", seconds=45)
    assert stack.status("prod")["state"] != "held"
    answer = stack.api("POST", "/v1/credentials", {"role": "prod", "attend": False})
    assert answer["error"]["sentence"] == "You are logged out of prod."


def test_switched_off_it_leaves_nothing(stack, desktop):
    stack.login("prod")
    stack.stop()
    assert sealed(stack).exists()
    stack.settings_file.write_text("")
    boot(stack, desktop)
    wait_until(lambda: not sealed(stack).exists())
    assert stack.status("prod")["state"] == "needs-code"
