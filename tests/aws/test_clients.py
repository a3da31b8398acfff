"""Clients of STS: made once, in a thread, of only as much data of botocore's as they need, and ahead of need."""

import asyncio
import gc
import sys
import threading
from pathlib import Path

import pytest
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

from xacct import errors
from xacct.aws import sdk
from xacct.aws.clients import Clients
from xacct.aws.http import StraightSession
from xacct.aws.signing import _under_way, signing_with
from xacct.model import Credentials, StsTarget

TARGET = StsTarget(endpoint_url="http://127.0.0.1:1")
REGION = "eu-central-1"


@pytest.fixture
def made(monkeypatch):
    """What is made, and in which thread; it goes on making it."""
    calls = []
    real = sdk.make

    def make(service, target, region, now):
        calls.append((target, region, threading.current_thread(), _under_way.get(None)))
        return real(service, target, region, now)

    monkeypatch.setattr(sdk, "make", make)
    return calls


@pytest.fixture
async def clients():
    clients = Clients(lambda: 1.8e9)
    yield clients
    await clients.close()


async def test_all_who_want_a_client_get_one_that_is_made_in_a_thread(clients, made):
    got = await asyncio.gather(*(clients.get(TARGET, REGION) for _ in range(80)))
    assert {id(client) for client in got} == {id(got[0])}
    assert [(target, region) for target, region, *_ in made] == [(TARGET, REGION)]
    assert made[0][2] is not threading.main_thread()
    assert await clients.get(TARGET, "us-east-1") is not got[0]


async def test_whoever_goes_away_while_it_is_made_takes_it_from_nobody(clients, made):
    first = asyncio.ensure_future(clients.get(TARGET, REGION))
    second = asyncio.ensure_future(clients.get(TARGET, REGION))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).meta.region_name == REGION
    assert len(made) == 1


async def test_one_that_is_prepared_is_there_for_the_call(clients, made):
    clients.prepare(TARGET, REGION)
    clients.prepare(TARGET, REGION)
    assert (await clients.get(TARGET, REGION)).meta.endpoint_url == TARGET.endpoint_url
    clients.prepare(TARGET, REGION)
    assert len(made) == 1


async def test_what_cannot_be_made_is_told_to_whoever_asks_and_tried_anew_for_the_next(clients, tmp_path):
    bundle = tmp_path / "ca.pem"
    target = StsTarget(ca_bundle=str(bundle), origins=(("ca_bundle", "ca_bundle of [prod]"),))
    clients.prepare(target, REGION)
    told = await asyncio.gather(*(clients.get(target, REGION) for _ in range(3)), return_exceptions=True)
    assert {type(error) for error in told} == {errors.ConfigError}
    bundle.write_bytes(Path(get_cert_path(True)).read_bytes())
    assert await clients.get(target, REGION)


async def test_closing_while_one_is_made_leaves_nothing_behind(made):
    clients = Clients(lambda: 1.8e9)
    clients.prepare(TARGET, REGION)
    await asyncio.sleep(0)
    await clients.close()
    await asyncio.sleep(0)
    assert clients._being_made == {}


async def test_a_client_is_made_in_a_context_that_has_no_calls_keys(clients, made):
    """Its pool outlives the call, and with it the context that it was made in."""
    with signing_with(Credentials("AKIA", "secret")):
        await clients.get(TARGET, REGION)
    assert made[0][3] is None


@pytest.mark.parametrize("target", [TARGET, StsTarget(ca_bundle="/there/is/none")])
async def test_the_collector_and_the_threads_go_on_as_before(clients, target):
    before = gc.isenabled(), sys.getswitchinterval()
    gc.enable()
    await asyncio.gather(clients.get(target, REGION), return_exceptions=True)
    assert (gc.isenabled(), sys.getswitchinterval()) == (True, before[1])


async def test_the_tls_contexts_are_those_that_were_made_ahead(clients):
    client = await clients.get(StsTarget(), REGION)
    session = client._endpoint.http_session
    assert isinstance(session, StraightSession)
    ahead = session._prepared[1]
    connector = (await session._get_session(None))._session.connector
    assert connector._ssl is ahead[0]
    assert connector._ssl.check_hostname
    assert session._prepared is None, "and they are not kept twice"


def resolvers():
    loader = Loader()
    data, path = loader.load_data_with_path("endpoints")
    ours, where = sdk.LeanLoader().load_data_with_path("endpoints")
    return EndpointResolver(data, True), EndpointResolver(ours, True), (path, where), data


@pytest.mark.parametrize("service", sdk.SERVICES.values())
def test_of_botocores_endpoints_all_that_is_said_of_what_we_ask_is_kept_and_nothing_else(service):
    theirs, ours, paths, data = resolvers()
    assert paths[0] == paths[1]
    asked = 0
    for partition in data["partitions"]:
        name = partition["partition"]
        assert ours.get_available_partitions() == theirs.get_available_partitions()
        known = theirs.get_available_endpoints(service, name, True)
        assert ours.get_available_endpoints(service, name, True) == known
        for region in [*partition["regions"], *known, "xx-none-1"]:
            for more in ({}, {"use_fips_endpoint": True}, {"use_dualstack_endpoint": True}):
                asked += 1
                assert answer(ours, service, region, more) == answer(theirs, service, region, more)
    assert asked > 150
    kept = sdk.LeanLoader().load_data_with_path("endpoints")[0]
    assert {name for partition in kept["partitions"] for name in partition["services"]} == (
        {*sdk.SERVICES.values()} - {"signin"}  # its rules for endpoints alone say where it is
    )


def answer(resolver, service, region, more):
    try:
        return resolver.construct_endpoint(service, region, **more), resolver.get_partition_for_region(region)
    except Exception as error:  # noqa: BLE001 - both are to say the same
        return type(error).__name__, str(error)


def test_where_a_distribution_has_botocores_data_compressed_it_is_read_as_botocore_does(monkeypatch, tmp_path):
    monkeypatch.setattr(sdk.LeanLoader, "BUILTIN_DATA_PATH", str(tmp_path))
    loader = sdk.LeanLoader()
    assert loader.load_data_with_path("endpoints")[0]["partitions"][0]["services"]["s3"]
