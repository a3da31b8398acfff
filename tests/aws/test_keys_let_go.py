"""The source's long-term keys are held while a call is signed, and no longer."""

import asyncio
import gc
from contextvars import copy_context

from virtual_time import Clock

from xacct.aws import inifiles, signing
from xacct.aws.sources import FileSources
from xacct.aws.sts import Sts
from xacct.clock import AwsClock
from xacct.model import Credentials, Source, StsTarget

CANARY = "c4n4ry/long+term"


def holders():
    """Profiles anywhere in memory that hold the canary. A dict of strings is in no list of gc's, what holds it is."""
    gc.unfreeze()  # what is frozen is in no list of gc's
    outer = [o for o in gc.get_objects() if type(o) is dict]
    inner = [v for o in outer for v in list(o.values()) if type(v) is dict]
    return [o for o in outer + inner if o.get("aws_secret_access_key") == CANARY]


def test_holders_are_found():
    session = {"profiles": {"default": {"aws_secret_access_key": CANARY}}}
    assert len(holders()) > 0
    session.clear()
    assert holders() == []


async def test_a_client_holds_no_profiles_keys(tmp_path, monkeypatch):
    """botocore reads the credentials file along with its configuration, and a session keeps what it has read."""
    file = tmp_path / ".aws" / "credentials"
    file.parent.mkdir()
    file.write_text(f"[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {CANARY}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    sts = Sts(AwsClock(Clock().read))
    try:
        client = await sts._clients.get(StsTarget(), "us-east-1")
        assert client.meta.region_name == "us-east-1"
        assert holders() == []
    finally:
        await sts.close()


async def test_keys_are_read_when_they_are_wanted_and_once_for_all_who_want_them_together(tmp_path, monkeypatch):
    file = tmp_path / "credentials"
    read, real = [], inifiles.read
    monkeypatch.setattr(inifiles, "read", lambda *files: read.append(files) or real(*files))
    sources = FileSources({"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_CONFIG_FILE": str(tmp_path / "config")})
    for number in range(3):
        file.write_text(f"[base]\naws_access_key_id = AKIA{number}\naws_secret_access_key = {CANARY}\n")
        got = await asyncio.gather(*(sources.load(Source("base", "profile")) for _ in range(80)))
        assert {keys.access_key_id for keys in got} == {f"AKIA{number}"}
    assert len(read) == 3


def test_what_a_call_leaves_behind_holds_no_keys():
    """A pooled connection and its timer carry a copy of the context they were made in."""
    keys = Credentials("AKIAEXAMPLE", CANARY)
    with signing.signing_with(keys):
        left_behind = copy_context()
        assert left_behind.run(signing._under_way.get).keys == keys
    assert left_behind.run(signing._under_way.get).keys is None
