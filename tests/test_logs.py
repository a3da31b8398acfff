"""Canaries sent through whatever could write to stderr: none arrives, at any level."""

import logging
import pickle
import traceback

import pytest
import structlog

from xacct import logs
from xacct.model import Credentials, Grant

CANARY = "c4n4ry"


@pytest.fixture
def logging_as_the_daemon(capsys):
    """The daemon's logs at debug level, and afterwards the tests' own."""
    handlers, level, config = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield lambda style="logfmt": logs.configure("debug", style)
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.configure(**config)


@pytest.mark.parametrize("style", ["logfmt", "json"])
def test_our_own_words_arrive(logging_as_the_daemon, capsys, style):
    logging_as_the_daemon(style)
    structlog.get_logger("xacct").debug("hello", role="prod")
    assert "prod" in capsys.readouterr().err


def test_libraries_are_quiet_at_debug_level(logging_as_the_daemon, capsys):
    """botocore's debug log holds keys, tokens and codes."""
    logging_as_the_daemon()
    for name in ("botocore.auth", "botocore.parsers", "aiobotocore.httpsession", "asyncio", "aiohttp.client"):
        logging.getLogger(name).debug("signing with %s", CANARY)
        logging.getLogger(name).info("answer: %s", CANARY)
    assert capsys.readouterr().err == ""


def test_a_library_in_trouble_is_named_and_not_quoted(logging_as_the_daemon, capsys):
    logging_as_the_daemon()
    logging.getLogger("aiohttp.server").error("can't parse %s", CANARY, stack_info=True)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("aiohttp.server").exception("handling %s", CANARY)
    said = capsys.readouterr().err
    assert said.count("aiohttp.server") == 2
    assert "ValueError" in said
    assert CANARY not in said


def test_the_loop_complains_without_words(logging_as_the_daemon, capsys):
    logging_as_the_daemon()
    context = {"message": f"Task exception was never retrieved <Task {CANARY}>", "exception": ValueError(CANARY)}
    logs.complain(None, context)
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert CANARY not in said


def test_a_traceback_shows_no_secret_of_a_frozen_value():
    """Python's own tracebacks show no locals; a value in an exception's arguments shows its repr."""
    held = Credentials("AKIA" + CANARY + "WXYZ", CANARY, CANARY, 10.0)
    grant = Grant("id", CANARY, "label", ("prod",), 0.0)
    try:
        raise ValueError(held, grant)
    except ValueError:
        assert CANARY not in traceback.format_exc()
    assert CANARY not in f"{held} {held!r} {[held]} {grant}"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(held, protocol)
