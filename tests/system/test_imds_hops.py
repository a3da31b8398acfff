"""IMDSv2's hop limit on a real network: three namespaces in a row, the one in the middle a router."""

import os
import shutil
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to make networks"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="no ip here: apt install iproute2"),
]

SERVER, ROUTER, CLIENT = "10.77.1.1", "10.77.1.2", "10.77.2.2"
PORT = 9478

SERVE = """
import asyncio, sys
from xacct.endpoint import answers
from xacct.endpoint.handlers import imds
from xacct.endpoint.imds_ports import near
from xacct.endpoint.server import Endpoint, bind

async def main():
    listener = bind(int(sys.argv[2]), sys.argv[1])
    if sys.argv[3] == "near":
        near(listener)
    give = lambda request: answers.text(answers.OK, "a token", ttl=60)
    await Endpoint(give, lambda: 0.0, parse=imds.parse, refusal=answers.NOT_OURS).serve(listener)
    print("ready", flush=True)
    await asyncio.sleep(120)

asyncio.run(main())
"""

ASK = """
import socket, sys
try:
    client = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)
    client.sendall(b"PUT /latest/api/token HTTP/1.1\\r\\nHost: " + sys.argv[1].encode() + b"\\r\\n"
                   b"X-aws-ec2-metadata-token-ttl-seconds: 60\\r\\nConnection: close\\r\\n\\r\\n")
    print(client.makefile().read())
except OSError as error:
    print(type(error).__name__, error)
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=20)


@pytest.fixture(scope="module")
def network():
    """The names of three namespaces: a server's, a router's, and a client's beyond the router."""
    server, router, client = names = [f"xacct-{os.getpid()}-{what}" for what in "src"]
    made = []
    try:
        for name in names:
            try:
                ip("netns", "add", name)
            except subprocess.CalledProcessError as refused:
                pytest.skip(f"network namespaces can't be made here: {refused.stderr.strip()}")
            made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
        for number, (end, address, gateway) in enumerate(((server, SERVER, ROUTER), (client, CLIENT, "10.77.2.1"))):
            ip("-n", router, "link", "add", f"v{number}", "type", "veth", "peer", "name", "v", "netns", end)
            for where, link, what in ((router, f"v{number}", gateway), (end, "v", address)):
                ip("-n", where, "address", "add", f"{what}/24", "dev", link)
                ip("-n", where, "link", "set", link, "up")
            ip("-n", end, "route", "add", "default", "via", gateway)
        ip("netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        yield server, router, client
    finally:
        for name in made:
            ip("netns", "delete", name)


def asked_from(namespace):
    command = ["ip", "netns", "exec", namespace, sys.executable, "-c", ASK, SERVER, str(PORT)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout


@pytest.mark.parametrize(("how", "beyond"), [("near", False), ("far", True)])
def test_beyond_a_router_nobody_is_answered(network, how, beyond):
    """`remote_env`, without the hop limit: that it is the limit, and not the network, that keeps the client out."""
    server, router, client = network
    command = ["ip", "netns", "exec", server, sys.executable, "-c", SERVE, SERVER, str(PORT), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout.readline() == "ready\n"
            for neighbour in (server, router):
                assert "200 OK" in asked_from(neighbour)
            said = asked_from(client)
            assert ("200 OK" in said) is beyond
            assert beyond or said.startswith(("TimeoutError", "OSError"))
        finally:
            serving.terminate()
