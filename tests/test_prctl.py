"""What a process asks of Linux for itself, and how a refusal is told."""

import ctypes
import errno
import sys

import pytest

from xacct import prctl


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_what_the_kernel_refuses_is_an_error_with_its_reason():
    with pytest.raises(OSError, match="Invalid argument") as refused:
        prctl.set_option(prctl.DUMPABLE, 77)
    assert (refused.value.errno, refused.value.strerror) == (errno.EINVAL, "Invalid argument")


def test_where_there_is_no_such_call_it_is_refused_as_well(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    with pytest.raises(OSError, match="no prctl here") as refused:
        prctl.set_option(prctl.DUMPABLE, 0)
    assert refused.value.strerror == "no prctl here"
