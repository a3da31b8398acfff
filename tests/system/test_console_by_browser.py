"""A real browser comes to the console of the sandbox by the page that `console` opens, in each of three partitions."""

import subprocess

import pytest
from chromium import chromium
from consoles import CONSOLES, name_console, with_consoles
from stack import Stack
from waiting import wait_until

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("console") / "s", change=with_consoles, daemon=False) as stack:
        name_console(stack)
        stack.start()
        yield stack


def opened(stack, role):
    """What the browser is started with."""
    told, program = stack.dir / f"told-{role}", stack.dir / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {told}.new && mv {told}.new {told}\n')
    program.chmod(0o700)
    done = stack.xacctctl("console", role, "--service", "s3", "--browser", str(program))
    assert done.returncode == 0, done.stderr
    wait_until(told.exists, what="the browser's address")
    return told.read_text()


async def shown(tab, name):
    await tab.shows(f"!!document.getElementById('{name}')")
    return await tab.script(f"document.getElementById('{name}').textContent")


async def test_it_lands_in_the_right_account_of_three_partitions(stack, tmp_path):
    async with chromium(tmp_path / "profile") as tab:
        for partition, (role, account) in CONSOLES.items():
            url = opened(stack, role)
            assert url.startswith("http://127.0.0.1:")
            assert "Token" not in url
            await tab.open(url)
            await tab.shows(f"location.pathname == '/{partition}/console/s3/home'")
            assert await shown(tab, "partition") == partition
            assert await shown(tab, "account") == account
            assert (await shown(tab, "role")).startswith(f"assumed-role/{role}/")
        # the sessions of three partitions stand side by side
        for partition, (_, account) in CONSOLES.items():
            await tab.open(f"{stack.env['AWS_ENDPOINT_URL_STS']}/{partition}/console/ec2/home")
            await tab.shows(f"location.pathname == '/{partition}/console/ec2/home'")
            assert await shown(tab, "account") == account


def test_no_process_was_started_with_a_secret(stack):
    """What the kernel shows every user of the machine of each process's arguments while the command runs."""
    with subprocess.Popen(
        ["sh", "-c", "while :; do cat /proc/[0-9]*/cmdline 2>/dev/null; done"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as watching:
        try:
            opened(stack, "shop")
        finally:
            watching.kill()
        seen = watching.stdout.read()
    assert b"xacct.ctl" in seen, "the command itself was seen"
    assert b"SigninToken=" not in seen
