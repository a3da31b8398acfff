"""Every class of the SDK's errors: what passes by itself is listed here, what is not is somebody's to mend."""

import errno
import inspect
import socket
import sys

import botocore.exceptions
import botocore.httpsession
import pytest
from aiohttp import ClientConnectorError, InvalidURL
from aiohttp.client_reqrep import ConnectionKey
from botocore.parsers import ResponseParserError
from virtual_time import Clock

from xacct import errors
from xacct.aws import failures, sdk_failures
from xacct.aws.sts import Sts
from xacct.clock import AwsClock
from xacct.model import Credentials, Role, Source, StsTarget

PASSES_BY_ITSELF = {
    "ConnectionError", "EndpointConnectionError", "SSLError", "ConnectionClosedError", "ReadTimeoutError",
    "ConnectTimeoutError", "ProxyConnectionError", "ResponseStreamingError", "HTTPClientError", "IncompleteReadError",
    "ChecksumError", "ResponseParserError",
}  # fmt: skip

OF_AN_ANSWER = {"ClientError", "EventStreamError"}
"""These hold an answer of STS's: failures.ROWS."""


def classes():
    found = {ResponseParserError}
    for module in (botocore.exceptions, botocore.httpsession):
        found |= {
            kind
            for _, kind in inspect.getmembers(module, inspect.isclass)
            if issubclass(kind, Exception) and not issubclass(kind, Warning) and kind.__module__.startswith("botocore")
        }
    return sorted((kind for kind in found if kind.__name__ not in OF_AN_ANSWER), key=lambda kind: kind.__name__)


def role(region="eu-central-1", **target):
    return Role("prod", Source("base", "profile"), "arn:aws:iam::1:role/r", region=region, target=StsTarget(**target))


def sdk_error(kind, original=None):
    error = kind.__new__(kind)
    error.kwargs = {"error": original}
    return error


def unresolved(errno):
    key = ConnectionKey("sts.x.amazonaws.com", 443, True, True, None, None, None)
    return ClientConnectorError(key, socket.gaierror(errno, "Name or service not known"))


def test_all_of_them_are_walked():
    assert len(classes()) > 80


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_what_passes_by_itself_is_an_outage_and_nothing_else_is(kind):
    got = sdk_failures.of_sdk(sdk_error(kind), role(), signed=False)
    if kind.__name__ in PASSES_BY_ITSELF:
        assert isinstance(got, errors.NetworkDown)
    else:
        assert type(got) is errors.ConfigError
        assert "again by itself" not in got.hint


@pytest.mark.parametrize("kind", [ValueError, TypeError, KeyError, AttributeError, UnicodeError, RuntimeError])
def test_an_odd_failure_before_the_request_is_the_configurations_and_after_it_the_answers(kind):
    assert type(sdk_failures.of_sdk(kind("x"), role(), signed=False)) is errors.ConfigError
    after = sdk_failures.of_sdk(kind("x"), role(), signed=True)
    assert type(after) is errors.NetworkLost
    assert "Something other than AWS STS" in after.sentence


@pytest.mark.parametrize(
    "wrapped", [InvalidURL("http://[x"), ValueError("Only http proxies"), FileNotFoundError(2, "x")]
)
def test_what_aiobotocore_wraps_is_looked_into(wrapped):
    got = sdk_failures.of_sdk(sdk_error(botocore.exceptions.HTTPClientError, wrapped), role(), signed=True)
    assert type(got) is errors.ConfigError


def test_a_region_that_neither_dns_nor_xacct_knows_is_somebodys_to_mend():
    gone = sdk_error(botocore.exceptions.EndpointConnectionError, unresolved(socket.EAI_NONAME))
    got = sdk_failures.of_sdk(gone, role("eu-cental-1"), signed=True)
    assert type(got) is errors.ConfigError
    assert "eu-cental-1" in got.sentence
    assert isinstance(sdk_failures.of_sdk(gone, role("eu-central-1"), signed=True), errors.NetworkDown)
    offline = sdk_error(botocore.exceptions.EndpointConnectionError, unresolved(socket.EAI_AGAIN))
    assert isinstance(sdk_failures.of_sdk(offline, role("eu-cental-1"), signed=True), errors.NetworkDown)


def test_the_sentence_names_the_address_and_where_it_is_set():
    target = {
        "endpoint_url": "http://u:secret@localhost:4566",
        "origins": (("endpoint_url", "endpoint_url of [profile p]"),),
    }
    got = sdk_failures.of_sdk(sdk_error(botocore.exceptions.ConnectTimeoutError), role(**target), signed=True)
    assert got.sentence == "The STS at http://…@localhost:4566 (endpoint_url of [profile p]) can't be reached."


def test_aws_may_say_as_much_as_it_likes():
    got = failures.refusal("C" * 10**6, "word " * 10**6, target="prod")
    assert len(got.sentence) < 1000
    assert len(errors.XacctError("x" * 10**6, "y" * 10**6).sentence) <= errors.LONGEST + 1


KEYS = Credentials("AKIAEXAMPLE", "x", "", 2e9, 0.0)


class NoDescriptor:
    """A finder of modules that is refused a descriptor for one."""

    def __init__(self, name):
        self._name = name

    def find_spec(self, name, _path=None, _target=None):
        if name == self._name:
            raise OSError(errno.EMFILE, "Too many open files")


async def test_without_a_descriptor_to_load_the_sdk_with_it_is_tried_again_and_no_code_is_used_up(monkeypatch):
    monkeypatch.delitem(sys.modules, "xacct.aws.signing", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoDescriptor("xacct.aws.signing"), *sys.meta_path])
    with pytest.raises(errors.Temporary, match="Too many open files") as got:
        await Sts(AwsClock(Clock().read)).assume_role(KEYS, role(), session_name="s", duration=None, code="123456")
    assert not got.value.answered
