"""Reading the configuration holds up nobody: not a large file, and not a disk that has gone."""

import asyncio
import threading
import urllib.request

import pytest
from stack import Stack

from xacct.daemon import reading
from xacct.daemon.reading import Reader, Wanted

SECTIONS = 4000


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path) as stack:
        yield stack


def test_whoever_has_a_role_is_served_while_a_large_file_is_read(stack):
    stack.login("prod")
    environment = stack.grant("prod")
    request = urllib.request.Request(environment["urls"]["prod"], headers={"Authorization": environment["token"]})
    with open(stack.env["AWS_CONFIG_FILE"], "a") as file:  # noqa: PTH123
        file.writelines(f"[profile more{n}]\nrole_arn = arn:aws:iam::123456789012:role/more{n}\n"
                        "source_profile = base\n" for n in range(SECTIONS))  # fmt: skip
    reloading = threading.Thread(target=stack.api, args=("POST", "/v1/reload"))
    reloading.start()
    served = 0
    while reloading.is_alive():
        with urllib.request.urlopen(request, timeout=60) as answer:
            served += answer.status == 200
        reloading.join(0.05)
    assert served > 1, "on the loop it is one, which waits for the whole of it"


async def test_who_asks_while_it_is_read_gets_the_next_reading_and_all_who_wait_the_same():
    began, go_on, readings = threading.Event(), threading.Event(), []

    def read(wanted):
        readings.append(wanted)
        began.set()
        go_on.wait(10)
        return lambda: None

    reader = Reader(read)
    first = reader.soon()
    while not began.is_set():
        await asyncio.sleep(0)
    later = [reader.soon("a"), reader.soon("b", everything=True)]
    assert later[0] is later[1] is not first
    go_on.set()
    await asyncio.gather(first, *later)
    assert readings == [Wanted(), Wanted({"a", "b"}, everything=True)]


async def test_a_disk_that_has_gone_is_waited_for_a_while_and_told_of(monkeypatch):
    gone = threading.Event()
    taken = []

    def read(_wanted):
        gone.wait(30)
        return lambda: taken.append(1)

    monkeypatch.setattr(reading, "PATIENCE", 0.02)
    reader = Reader(read)
    assert await reader.in_time() is False
    assert "takes long" in reader.problems()[0].sentence
    assert await reader.in_time() is False
    assert len(threading.enumerate()) < 20
    gone.set()
    monkeypatch.setattr(reading, "PATIENCE", 10)
    assert await reader.in_time() is True
    assert reader.problems() == []
    assert len(taken) == 2  # that of the first, and one for all who came later
