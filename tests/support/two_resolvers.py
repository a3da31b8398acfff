"""One profile resolved twice: by botocore, as AWS's command line does it, and by xacct. Nothing is sent.

botocore_calls(env, "prod")  -> the calls it makes, or why it makes none
xacct_calls(env, "prod")     -> the same of xacct
"""

import asyncio
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import botocore.hooks
import botocore.session
from aiobotocore.awsrequest import AioAWSResponse
from botocore.awsrequest import AWSResponse
from botocore.hooks import EventAliaser
from botocore.loaders import Loader
from virtual_time import Clock

from xacct import errors, policy
from xacct.aws import profiles
from xacct.aws.clients import Clients
from xacct.aws.sources import FileSources
from xacct.aws.sts import Sts
from xacct.clock import AwsClock
from xacct.model import Credentials, Source
from xacct.policy import Hop

CODE = "123456"
TOKEN_FILE = str(Path(__file__).with_name("web_identity_token"))
LATER = "2099-01-01T00:00:00Z"
SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/sts/")


@dataclass
class Outcome:
    """What a resolver did: its calls, the keys it ended with (of a profile without a role), or why it did nothing."""

    calls: list = field(default_factory=list)
    keys: tuple | None = None
    why: str | None = None


@dataclass(frozen=True)
class Call:
    """One call to STS: what was asked for, with which access key, where, and in which region it is signed."""

    action: str
    key_id: str
    token: str | None
    url: str
    region: str
    role_arn: str | None
    external_id: str | None
    serial: str | None
    session_name: str | None

    @property
    def where(self):
        return self.url, self.region


def call_of(request):
    said = dict(parse_qsl(request.body if isinstance(request.body, str) else request.body.decode()))
    headers = {name.lower(): value for name, value in request.headers.items()}
    text = {name: value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}
    signed = SCOPE.search(text.get("authorization", ""))
    key_id, region = signed.groups() if signed else (said["WebIdentityToken"], None)
    url = urlsplit(request.url)
    return Call(
        said["Action"],
        key_id,
        text.get("x-amz-security-token"),
        f"{url.scheme}://{url.netloc}",
        region,
        said.get("RoleArn"),
        said.get("ExternalId"),
        said.get("SerialNumber"),
        said.get("RoleSessionName"),
    )


def answer(call, number):
    # Known by its place in the chain, so that the next call is seen to be signed with it.
    return (
        f"<{call.action}Response xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><{call.action}Result><Credentials>"
        f"<AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t{number}"
        f"</SessionToken><Expiration>{LATER}</Expiration></Credentials></{call.action}Result></{call.action}Response>"
    ).encode()


# Each session of botocore's finds out anew about some hundred handlers and their events' names, always the same:
# half of the time that a comparison takes.
_other_names = {}
_alias_event_name = EventAliaser._alias_event_name


_takes_keywords = lru_cache(1000)(botocore.hooks.accepts_kwargs)


def _alias_once(aliaser, event_name):
    if event_name not in _other_names:
        _other_names[event_name] = _alias_event_name(aliaser, event_name)
    return _other_names[event_name]


@contextmanager
def _in_haste():
    with (
        patch("botocore.hooks.accepts_kwargs", _takes_keywords),
        patch.object(EventAliaser, "_alias_event_name", _alias_once),
    ):
        yield


class Raw:
    def __init__(self, body):
        self.body = body

    def stream(self, *_, **__):
        yield self.body

    async def read(self):
        return self.body


# botocore.


@cache
def loader():
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def keys_of_process(command):
    return f"PROCESS{sum(map(ord, command))}"


def _retrieve(_self, command):
    return {"access_key": keys_of_process(command), "secret_key": "s", "token": None, "expiry_time": None}


@contextmanager
def only(env):
    """These variables of AWS's and no others, and nothing to be found outside of this machine."""
    with patch.dict("os.environ", {**env, "AWS_EC2_METADATA_DISABLED": "true"}), _in_haste():
        yield


def botocore_calls(env, name):
    """What AWS's command line would do for `--profile NAME`."""
    outcome = Outcome()

    def record(request, **_):
        call = call_of(request)
        outcome.calls.append(call)
        return AWSResponse(request.url, 200, {}, Raw(answer(call, len(outcome.calls))))

    with only(env), patch("botocore.credentials.ProcessProvider._retrieve_credentials_using", _retrieve):
        try:
            session = botocore.session.Session(profile=name)
            session.register_component("data_loader", loader())
            session.register("before-send.sts", record)
            session.get_component("credential_provider").get_provider("assume-role")._prompter = lambda _: CODE
            credentials = session.get_credentials()
            frozen = credentials and credentials.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - botocore's are of many kinds, plain ones of Python's among them
            return Outcome(why=f"{type(error).__name__}: {error}")
    if frozen is None:
        return Outcome(why="no credentials")
    if not outcome.calls:
        outcome.keys = (frozen.access_key, frozen.token or None)
    return outcome


# xacct.


class Recording(Clients):
    """Its clients record, and send nothing."""

    def __init__(self, now):
        super().__init__(now)
        self.calls = []
        self.heard = set()

    async def get(self, target, region, _service="sts"):
        client = await super().get(target, region)
        if id(client) not in self.heard:
            self.heard.add(id(client))
            client.meta.events.register("before-send.sts", self.record)
        return client

    def record(self, request, **_):
        call = call_of(request)
        self.calls.append(call)
        return AioAWSResponse(request.url, 200, {}, Raw(answer(call, len(self.calls))))


class Resolver:
    """xacct's own reading of profiles and making of calls. One for all tests: clients are dear."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        clock = AwsClock(Clock().read)
        self.sts = Sts(clock)
        self.clients = self.sts._clients = Recording(clock.likeliest)

    def calls(self, env, found, name):
        if name not in found.roles:
            return Outcome(why=_said(found.unusable.get(name)))
        self.clients.calls = []
        role = found.roles[name]
        with only({}):
            try:
                keys = self.loop.run_until_complete(self._resolve(env, found, role))
            except errors.XacctError as error:
                return Outcome(why=_said(error))
        return Outcome(self.clients.calls, None if role.role_arn else keys)

    async def _resolve(self, env, found, role):
        path = policy.path_to(role)
        if not isinstance(role.parent, Source):
            keys = await self._resolve(env, found, found.roles[role.parent])
            keys = Credentials(f"ASIA{len(self.clients.calls)}", "s", f"t{len(self.clients.calls)}")
        else:
            keys = await self._load(env, role.parent)
            first = (keys.access_key_id, keys.session_token)
            if path.hop is Hop.WEB_IDENTITY:
                name = role.session_name or "xacct"
                return await self.sts.assume_role_with_web_identity(
                    role, keys.session_token, session_name=name, duration=None
                )
            if path.hop in {Hop.SESSION, Hop.KEYS, Hop.FROM_SESSION}:
                code = None if path.hop is Hop.KEYS else CODE
                keys = await self.sts.get_session_token(keys, role, code=code, duration=3600)
            if role.role_arn is None:
                return first
        return await self.sts.assume_role(
            keys,
            role,
            session_name=role.session_name or "ours",
            duration=path.duration,
            code=CODE if path.hop is Hop.WITH_CODE else None,
        )

    async def _load(self, env, source):
        if source.kind == "process":
            return Credentials(keys_of_process(source.command), "s")
        return await FileSources(env).load(source)


def _said(error):
    return f"{error.sentence} {error.hint}" if error else "not there"


@cache
def resolver():
    return Resolver()


def xacct_reads(env):
    """What xacct has of these files, or the sentence that says why nothing."""
    try:
        return profiles.read(env)
    except errors.ConfigError as problem:
        return _said(problem)
