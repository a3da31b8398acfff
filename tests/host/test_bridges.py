"""Which bridges lead to containers alone; with real ones where this is root. tests/system/test_docker.py has a LAN."""

import errno
import os
import shutil
import subprocess
import sys

import pytest

from xacct.host import bridges
from xacct.host.bridges import Link

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's kernel")

BRIDGE = Link(5, "docker0", "bridge", 0)
CONTAINER = Link(7, "veth1", "veth", 5)


@pytest.mark.parametrize(
    "port", [Link(8, "eth0", "", 5), Link(8, "eth0.7", "vlan", 5), Link(8, "tap0", "tun", 5), Link(8, "vx", "vxlan", 5)]
)
def test_a_bridge_with_any_other_port_than_containers_is_not_theirs(port):
    assert bridges.among([BRIDGE, CONTAINER]) == {"docker0": 5}
    assert bridges.among([BRIDGE, CONTAINER, port]) == {}


def test_what_is_no_bridge_is_none():
    assert bridges.among([Link(1, "lo", "", 0), Link(2, "eth0", "", 0), Link(3, "bond0", "bond", 0)]) == {}
    assert bridges.among([BRIDGE]) == {"docker0": 5}, "an empty one leads to nobody yet"


def test_the_kernels_links_are_read():
    assert Link(1, "lo", "", 0) in bridges._links()


def test_an_address_is_here_or_not():
    assert bridges.is_here("127.0.0.1")
    assert not bridges.is_here("192.0.2.123")


def test_without_an_answer_there_are_no_bridges(monkeypatch):
    def refuse():
        raise PermissionError

    monkeypatch.setattr(bridges, "_links", refuse)
    assert bridges.of_containers() == {}


IN_A_NAMESPACE = """
set -e
ip link add xbr0 type bridge; ip link add xbr1 type bridge
ip link add xv0 type veth peer name xv1; ip link set xv0 master xbr0
ip tuntap add dev xd0 mode tap; ip link set xd0 master xbr1
ip address add 169.254.170.2/32 dev xbr0; ip link set lo up
exec "$@"
"""

LOOK = """
from xacct.host import bridges
print(sorted(bridges.of_containers()), bridges.is_here("169.254.170.2"))
listener = bridges.bind("xbr0", "169.254.170.2", 9479)
print(listener.getsockopt(1, 25, 16).rstrip(bytes(1)).decode(), listener.getsockname())
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("ip"), reason="takes root and iproute2 to make bridges")
def test_real_bridges():
    words = ["unshare", "--net", "sh", "-c", IN_A_NAMESPACE, "sh", sys.executable, "-c", LOOK]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["['xbr0'] True", "xbr0 ('169.254.170.2', 9479)"], done.stderr


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
def test_an_address_that_cannot_be_asked_about_is_taken_for_this_machines(number, monkeypatch):
    def refuse(*_):
        raise OSError(number, "not now")

    monkeypatch.setattr(bridges.socket, "socket", refuse)
    assert bridges.is_here("172.17.0.2")
