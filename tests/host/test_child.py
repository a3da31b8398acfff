"""The daemon's children: real programs that leave others behind, flood, ignore signals, and are given up."""

import asyncio
import contextlib
import os
import signal
import sys
import threading

import pytest
import uvloop
from waiting import until

from xacct.host import child, process, process_groups, threads
from xacct.host.last_words import last_words


@pytest.fixture(params=["asyncio", "uvloop", "no pidfd"])
def both(request, monkeypatch):
    """Run a coroutine on each loop, and with the way of macOS to see a child's end."""
    if request.param == "no pidfd":
        monkeypatch.delattr(os, "pidfd_open")
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        yield runner.run


@pytest.fixture(autouse=True)
def nobody_is_left():
    yield
    process_groups.end_all(left_behind=True)


def sh(script):
    return ["sh", "-c", script]


def lives(pid):
    return process.started(pid) is not None


async def pid_in(file):
    return int(await until(lambda: file.exists() and file.read_text().strip(), "a process"))


async def gone(*pids):
    """Wait until these processes have ended."""
    await until(lambda: not any(lives(pid) for pid in pids), "the processes' end")
    return True


def test_output_status_and_last_words(both):
    result = both(child.run(sh("echo out; echo first >&2; echo last >&2; exit 3")))
    assert (result.status, result.out, result.said) == (3, b"out\n", "last")
    assert result.how == "ended with status 3"
    assert "out" not in repr(result)
    assert "last" not in repr(result)


def test_a_background_child_that_holds_the_output_is_not_waited_for(both, tmp_path):
    result = both(child.run(sh(f"sleep 20 & echo $! > {tmp_path}/pid; echo here")))
    assert result.out == b"here\n"
    assert lives(int((tmp_path / "pid").read_text()))  # it may be somebody's agent


def test_a_failed_one_with_a_background_child_is_not_waited_for(both):
    assert both(child.run(sh("sleep 60 & exit 4"))).status == 4


def test_one_that_leaves_its_answer_to_a_background_child_is_heard(both):
    assert both(child.run(sh("{ sleep 0.2; echo late; } & exit 0"))).out == b"late\n"


def test_one_that_never_answers_and_leaves_a_child_is_waited_for_a_moment_only(both, monkeypatch):
    monkeypatch.setattr(child, "LINGER", 0.1)
    assert both(child.run(sh("sleep 60 & exit 0"))).out == b""


def test_one_that_closes_its_output_and_goes_on_is_waited_for(both):
    result = both(child.run(sh("echo here; exec >&- 2>&-; sleep 0.2; exit 5")))
    assert (result.status, result.out) == (5, b"here\n")


def test_one_killed_by_a_signal_is_named(both):
    assert both(child.run(sh("kill -SEGV $$"))).how == "was ended by SIGSEGV"


def test_a_time_out_ends_the_group_and_those_of_another_session(both, tmp_path):
    script = f"sleep 60 & echo $! > {tmp_path}/one; setsid sleep 61 & echo $! > {tmp_path}/two; echo waiting >&2; wait"

    async def story():
        with pytest.raises(child.ChildError) as error:
            await child.run(sh(script), timeout=1)
        assert error.value.why == "did not end within 1 s"
        assert error.value.said == "waiting"
        return await gone(*[int((tmp_path / name).read_text()) for name in ("one", "two")])

    assert both(story())


def test_one_that_ignores_term_is_killed(both, tmp_path):
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.1; done"

    async def story():
        task = asyncio.ensure_future(child.run(sh(script)))
        pid = await pid_in(tmp_path / "pid")
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return await gone(pid)

    assert both(story())


def test_one_cancelled_twice_is_killed(both, tmp_path):
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.1; done"

    async def story():
        task = asyncio.ensure_future(child.run(sh(script)))
        pid = await pid_in(tmp_path / "pid")
        task.cancel()
        await asyncio.sleep(0.05)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return await gone(pid)

    assert both(story())


def test_one_cancelled_while_it_starts_is_killed(both, tmp_path):
    async def story():
        task = asyncio.ensure_future(child.run(sh(f"sleep 60; echo late > {tmp_path}/late")))
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        # Threads that stay have nothing to do (threads.py): only one that is not among those may start it yet.
        while process_groups._running or _working() > len(threads._idle):
            await asyncio.sleep(0.01)
        return not (tmp_path / "late").exists()

    assert both(story())


def _working():
    return sum(thread.name == "xacct-work" for thread in threading.enumerate())


def test_the_end_of_all_ends_those_that_run_and_those_left_behind(both, tmp_path):
    async def story():
        await child.run(sh(f"sleep 600 & echo $! > {tmp_path}/left; echo here"))
        running = asyncio.ensure_future(child.run(sh(f"echo $$ > {tmp_path}/running; exec sleep 600")))
        pids = [await pid_in(tmp_path / name) for name in ("left", "running")]
        await until(lambda: pids[1] in process_groups._running, "its start")
        process_groups.end_all(left_behind=False)
        assert (await running).status == -signal.SIGKILL
        assert lives(pids[0])
        process_groups.end_all(left_behind=True)
        return await gone(*pids)

    assert both(story())


@pytest.mark.parametrize("where", ["", ">&2"])
def test_a_flood_is_bounded(both, where):
    flood = f"head -c 100000000 /dev/zero {where}; echo '{{}}'"

    async def story():
        if where:
            return (await child.run(sh(flood))).out == b"{}\n"
        with pytest.raises(child.ChildError, match="more than 64 KiB"):
            await child.run(sh(flood))
        return True

    assert both(story())


def test_output_up_to_the_limit_is_taken(both):
    assert len(both(child.run(sh("head -c 65536 /dev/zero"))).out) == 65536
    with pytest.raises(child.ChildError, match="more than 64 KiB"):
        both(child.run(sh("head -c 65537 /dev/zero")))


@pytest.mark.parametrize(
    "arguments", [[], [""], ["/no/such/program"], ["no-such-program-anywhere"], ["/etc/passwd"], ["a\0b"]]
)
def test_what_can_not_be_started_is_said(both, arguments):
    with pytest.raises(child.ChildError, match="can't be started"):
        both(child.run(arguments))


def test_a_reason_names_the_program_and_no_argument(both):
    with pytest.raises(child.ChildError, match=r"/no/such: No such file") as error:
        both(child.run(["/no/such", "--password", "hunter2"]))
    assert "hunter2" not in error.value.why


def test_no_descriptor_is_left(both):
    def open_ones():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    both(child.run(sh("echo x")))
    before = open_ones()
    for script in ("echo x", "exit 1", "sleep 5 & echo x"):
        both(child.run(sh(script)))
    with pytest.raises(child.ChildError):
        both(child.run(sh("sleep 60"), timeout=0.05))
    assert open_ones() == before


def test_it_has_no_terminal_and_no_input(both):
    result = both(
        child.run([sys.executable, "-c", "import os, sys; print(os.getsid(0) == os.getpid(), sys.stdin.read())"])
    )
    assert result.out == b"True \n"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"one\ntwo\n\n", "two"),
        (b"", ""),
        (b"\x1b[31mred\x1b[0m \x1b]0;title\x07end\x00\x07", "red end"),
        (b"caf\xe9", "caf�"),
        ("a\u202eb".encode(), "a b"),
        (b"x" * 500, "x" * 199 + "…"),
        (b"Error: invalid password hunter2", "Error: invalid password …"),
        (b"password=hunter2 for user", "password=… for user"),
        (b'{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}', '{"SecretAccessKey": "…"}'),
        (b"used AKIAIOSFODNN7EXAMPLE here", "used … here"),
        (b"got wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "got …"),
        (b"the one-time code 123456 was refused", "the one-time code … was refused"),
        (b"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.x", "Authorization: Bearer …"),
        (b"vault: the vault is sealed", "vault: the vault is sealed"),
        (b"/home/u/.config/helper/settings.json: No such file or directory", None),
        (b"No credentials found for profile work", None),
    ],
)
def test_last_words_are_clean_and_without_secrets(printed, shown):
    assert last_words(printed) == (printed.decode() if shown is None else shown)
