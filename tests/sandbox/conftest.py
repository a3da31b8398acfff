"""A sandbox in the test's own event loop, a clock the test moves, unmodified SDK clients."""

import asyncio
from datetime import UTC, datetime
from functools import partial

import botocore.auth
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from xacct.aws.sdk import OURS
from xacct.sandbox.default_world import MFA_SERIAL, default_world
from xacct.sandbox.server import Sandbox

# Five seconds into a time step.
START = 1_800_000_005.0


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


class Sleeps(list):
    """Stands in for asyncio.sleep: remembers instead of waiting."""

    async def __call__(self, seconds):
        self.append(seconds)


class Client:
    """A botocore client whose calls run in a thread, so that the sandbox can answer here."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, operation):
        return partial(asyncio.to_thread, getattr(self._client, operation))

    def close(self):
        self._client.close()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()

    def current(remove_tzinfo=True):  # noqa: FBT002
        now = datetime.fromtimestamp(clock.now, UTC)
        return now.replace(tzinfo=None) if remove_tzinfo else now

    monkeypatch.setattr(botocore.auth, "get_current_datetime", current)
    return clock


@pytest.fixture
def sleeps():
    return Sleeps()


@pytest.fixture
def sandbox(clock, sleeps):
    return Sandbox(default_world(), clock=clock, sleep=sleeps)


@pytest.fixture
async def url(sandbox):
    async with sandbox.serve() as url:
        yield url


@pytest.fixture(scope="session")
def session():
    session = botocore.session.Session()
    session.set_config_variable("region", "eu-central-1")
    # The pinned botocore is older than GetScopedCredentials; what teaches it to xacctd teaches it here.
    session.get_component("data_loader").search_paths.append(OURS)
    return session


@pytest.fixture
def connect(session, url):
    """Return a client maker: connect(key_id, secret, token=None)."""
    clients = []

    def connect(key_id, secret, token=None, endpoint=url, service="sts", **options):
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        clients.append(
            Client(
                session.create_client(
                    service,
                    endpoint_url=endpoint,
                    aws_access_key_id=key_id,
                    aws_secret_access_key=secret,
                    aws_session_token=token,
                    config=config,
                    **options,
                )
            )
        )
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def user(connect, sandbox):
    """Return a client with the user's long-term key."""
    key = sandbox.world.users[0].keys[0]
    return connect(key.key_id, key.secret)


@pytest.fixture
def assuming(connect):
    """Return a maker of clients from what an action issued."""

    def assuming(answer):
        issued = answer["Credentials"]
        return connect(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])

    return assuming


@pytest.fixture
async def mfa_session(user, sandbox, assuming):
    """Return a client with a GetSessionToken session made with a code."""
    return assuming(await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code()))


@pytest.fixture
def refused():
    """Return an awaiter that wants a refusal, and returns its (status, code, sentence)."""

    async def refused(call):
        with pytest.raises(ClientError) as caught:
            await call
        answer = caught.value.response
        return (
            answer["ResponseMetadata"]["HTTPStatusCode"],
            answer["Error"]["Code"],
            answer["Error"]["Message"],
        )

    return refused


@pytest.fixture
def arn(sandbox):
    """Return the role ARN behind a profile of the world."""
    profiles = {p.name: dict(p.settings) for p in sandbox.world.profiles}
    return lambda profile: profiles[profile]["role_arn"]
