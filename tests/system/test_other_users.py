"""Another user of the machine, with every file mode against us: a real uid, a real daemon."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from unprivileged import OWNER, STRANGER, attack, unprivileged_stack

pytestmark = pytest.mark.system

SPEAK = """
    import socket, sys
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        try:
            client.connect(sys.argv[1])
            said = b""
            client.sendall(sys.argv[2].replace("|", "\\r\\n").encode())
            while piece := client.recv(65536):
                said += piece
        except PermissionError:
            print("kept out")
        except (ConnectionError, TimeoutError) as error:
            print("dropped", len(said))
        else:
            print("ended", len(said))
"""

FETCH = """
    import http.client, sys
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    connection.request("GET", sys.argv[2], headers={"Authorization": sys.argv[3]} if sys.argv[3] else {})
    answer = connection.getresponse()
    print(answer.status, answer.read().decode())
"""

READ = """
    import os, sys
    for place in sys.argv[1:]:
        for folder, folders, files in os.walk(place):
            for name in files:
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        file.read()
                except OSError:
                    continue
                print(os.path.join(folder, name))
"""


@pytest.fixture(scope="module")
def stack():
    with unprivileged_stack() as stack:
        stack.login("prod")
        yield stack


@pytest.fixture
def grant(stack):
    return stack.grant("prod")


@pytest.fixture
def path(grant):
    """The endpoint's path of that grant's role."""
    return urlsplit(grant["urls"]["prod"]).path


@pytest.fixture
def open_doors(stack):
    """The control socket 0666, and every directory on the way to it 0777."""
    modes = {stack.socket: 0o666} | {parent: 0o777 for parent in stack.socket.parents if stack.dir in parent.parents}
    before = {path: path.stat().st_mode for path in modes}
    for path, mode in modes.items():
        path.chmod(mode)
    yield
    for path, mode in before.items():
        path.chmod(mode)


def test_the_owner_is_served(stack):
    """Else the refusals below would show nothing."""
    assert attack(OWNER, SPEAK, stack.socket, "GET /v1/version HTTP/1.1|Host: x|Connection: close||").startswith(
        "ended "
    )


def test_the_door_is_closed(stack):
    assert attack(STRANGER, SPEAK, stack.socket, "GET /v1/version HTTP/1.1|Host: x||") == "kept out"


@pytest.mark.parametrize(
    "said",
    [
        "GET /v1/version HTTP/1.1|Host: x|Connection: close||",
        "POST /v1/stop HTTP/1.1|Host: x|Content-Length: 0|Connection: close||",
        'POST /v1/credentials HTTP/1.1|Host: x|Content-Length: 15|Connection: close||{"role":"prod"}',
        "garbage||",
    ],
)
def test_an_open_door_makes_no_difference(stack, open_doors, said):
    assert attack(STRANGER, SPEAK, stack.socket, said) in {"ended 0", "dropped 0"}
    assert stack.daemon.poll() is None


def test_root_is_no_exception_to_the_rule_of_one_owner(stack, open_doors):
    """Root could read the memory instead; but nothing that root runs by mistake is served."""
    assert attack(0, SPEAK, stack.socket, "GET /v1/version HTTP/1.1|Host: x|Connection: close||") in {
        "ended 0",
        "dropped 0",
    }


def test_without_a_token_the_endpoint_gives_another_user_one_sentence(stack, path):
    answers = {attack(STRANGER, FETCH, stack.port, target, "") for target in (path, "/v1/credentials/none", "/")}
    assert len(answers) == 1
    assert answers.pop().startswith("403 ")


def test_no_file_of_ours_can_be_read(stack, grant):
    """Token files, grants, used steps, socket, lock: walked by another user, as they are."""
    places = [stack.socket.parent, Path(stack.env["XDG_STATE_HOME"]) / "xacct"]
    assert list(places[0].rglob("*")), "there was nothing to find"
    assert list(places[1].rglob("*")), "there was nothing to find"
    assert attack(STRANGER, READ, *places) == ""


def test_what_is_kept_on_disk_opens_nothing(stack, grant, path):
    """A thief of a backup or a disk: of the state directory nothing fetches anything."""
    state = Path(stack.env["XDG_STATE_HOME"]) / "xacct"
    kept = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert grant["id"].encode() in kept, "the grant should be among what is kept"
    assert grant["token"].encode() not in kept
    digests = {row["digest"] for row in json.loads((state / "grants.json").read_text())}
    assert all(attack(OWNER, FETCH, stack.port, path, digest).startswith("403 ") for digest in digests)
    assert state.stat().st_mode & 0o077 == 0


def test_a_process_of_the_owner_can_have_all_of_it(stack, grant, path):
    """No promise but its limit, written down: docs/THREATS.md says what this means."""
    read = "import sys; print(open(sys.argv[1]).read())"
    token = attack(OWNER, read, grant["token_file"])
    assert token == grant["token"]
    assert attack(OWNER, FETCH, stack.port, path, token).startswith("200 ")
    body = '{"role":"prod"}'
    asked = f"POST /v1/credentials HTTP/1.1|Host: x|Content-Length: {len(body)}|Connection: close||{body}"
    assert int(attack(OWNER, SPEAK, stack.socket, asked).split()[1]) > 500
