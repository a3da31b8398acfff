"""What goes along with a call: nothing that was said to narrow a session is left out."""

from dataclasses import replace

from virtual_time import Clock

from xacct.aws.sts import Sts
from xacct.clock import AwsClock
from xacct.model import Credentials, Role, Source

TOKEN = Role("deploy", Source("deploy", "web-identity"), "arn:aws:iam::234567890123:role/deploy")


async def said(monkeypatch, role, **how):
    """What AssumeRoleWithWebIdentity is asked with."""
    sts, calls = Sts(AwsClock(Clock().read)), []

    async def call(method, keys, _role, arguments):
        calls.append((method, keys, arguments))
        return {}

    monkeypatch.setattr(sts, "call", call)
    monkeypatch.setattr(sts, "_credentials", lambda *_: Credentials("a", "s"))
    await sts.assume_role_with_web_identity(role, "a token", session_name="me", **how)
    [(method, keys, arguments)] = calls
    assert (method, keys) == ("assume_role_with_web_identity", None)
    return arguments


async def test_a_web_identity_is_asked_for_with_its_session_policies(monkeypatch):
    plain = {"RoleArn": TOKEN.role_arn, "RoleSessionName": "me", "WebIdentityToken": "a token"}
    assert await said(monkeypatch, TOKEN, duration=None) == plain
    limited = replace(TOKEN, policy="{}", policy_arns=("arn:aws:iam::aws:policy/X",))
    assert await said(monkeypatch, limited, duration=900) == {
        **plain,
        "Policy": "{}",
        "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/X"}],
        "DurationSeconds": 900,
    }
    read_only = await said(monkeypatch, replace(TOKEN, read_only=True), duration=None)
    assert read_only["PolicyArns"] == [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
