"""What a prompt leaves on the screen: nothing, however many rows it took."""

import os
import pty
import termios

import pytest

from xacct.ctl.terminal import Terminal

COLUMNS = 20
END = b"<end>"


@pytest.fixture
def screen():
    """A terminal of twenty columns, and what has been written to it since the last look."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, COLUMNS))

    def shown():
        os.write(theirs, END)
        seen = b""
        while END not in seen:
            seen += os.read(ours, 65536)
        return seen.removesuffix(END).decode()

    yield Terminal(theirs, theirs), shown
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize(("length", "rows"), [(5, 0), (20, 0), (21, 1), (40, 1), (41, 2), (100, 4)])
def test_a_prompt_that_wrapped_is_erased_whole(screen, length, rows):
    terminal, shown = screen
    terminal.ask("x" * length)
    shown()
    terminal.ask("")
    assert shown() == (f"\r\x1b[{rows}A\x1b[J" if rows else "\r\x1b[K")


def test_what_stands_above_a_prompt_stays(screen):
    terminal, shown = screen
    terminal.ask("x" * 50)
    terminal.show("It was answered.")
    shown()
    terminal.ask("next")
    assert shown() == "\r\x1b[Knext"


def test_a_sentence_is_broken_between_words(screen):
    terminal, shown = screen
    terminal.show("prod: the code of arn:aws:iam::1:mfa/alice is needed (Ctrl-D: no).")
    assert shown().replace("\r", "") == "prod: the code of\narn:aws:iam::1:mfa/alice\nis needed (Ctrl-D:\nno).\n"
