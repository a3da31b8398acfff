"""aiohttp is loaded without certificates, and nothing else is without them."""

import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import botocore
import pytest
from waiting import PATIENCE

from xacct.daemon.loading import without_certificates

LOADED = """
import ssl, time
from xacct.daemon.loading import load_aiohttp
ordinary = ssl.SSLContext.set_default_verify_paths
load_aiohttp()
load_aiohttp()
from aiohttp import connector
own = connector._SSL_CONTEXT_VERIFIED
assert own.cert_store_stats()["x509"] == connector._SSL_CONTEXT_UNVERIFIED.cert_store_stats()["x509"] == 0
assert (own.verify_mode, own.check_hostname) == (ssl.CERT_REQUIRED, True)
assert ssl.SSLContext.set_default_verify_paths is ordinary
assert ssl.create_default_context().cert_store_stats()["x509"] > 0

from xacct.aws import sdk
from xacct.model import StsTarget
client = sdk.make("sts", StsTarget(), "eu-central-1", time.time)
_, contexts = client._endpoint.http_session._prepared
found = [each for each in contexts if isinstance(each, ssl.SSLContext)] if isinstance(contexts, tuple) else [contexts]
assert found and all(each.cert_store_stats()["x509"] > 0 and each is not own for each in found), contexts
"""


@pytest.fixture(autouse=True)
def _certificates(monkeypatch):
    """The system's are botocore's, wherever this runs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(Path(botocore.__file__).with_name("cacert.pem")))


def test_what_aiohttp_makes_of_its_own_trusts_nobody_and_what_asks_aws_is_not_of_it():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_other_threads_get_their_certificates_meanwhile():
    with ThreadPoolExecutor(1) as another, without_certificates():
        assert ssl.create_default_context().cert_store_stats()["x509"] == 0
        assert another.submit(ssl.create_default_context).result().cert_store_stats()["x509"] > 0
    assert ssl.create_default_context().cert_store_stats()["x509"] > 0


def test_two_threads_take_turns_and_leave_nothing_behind():
    ordinary = ssl.SSLContext.set_default_verify_paths
    begun, entered = threading.Event(), threading.Event()

    def second():
        begun.set()
        with without_certificates():
            entered.set()

    with ThreadPoolExecutor(1) as another:
        with without_certificates():
            waiting = another.submit(second)
            begun.wait(PATIENCE)
            assert not entered.wait(0.05)
        waiting.result(PATIENCE)
    assert ssl.SSLContext.set_default_verify_paths is ordinary
