"""A grant of a command's own: its role held, the grant made, a human asked whether it may, and taken back."""

from __future__ import annotations

import os

from xacct import wire
from xacct.ctl import agents, shape
from xacct.ctl.client import Anything, foreign
from xacct.ctl.failure import CtlError
from xacct.ctl.hold import hold, refusal
from xacct.ctl.http10 import quote
from xacct.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from xacct.ctl.client import Client

_GRANT: Final[type[wire.GrantAnswer]] = shape.GRANT
_NOBODY: Final = frozenset({"nobody-to-ask", "login-required"})


def ensure(client: Client, role: str, grant: str | None = None) -> None:
    """Make sure that `role` is held, and that a human lets `grant` use it; or raise why not.

    That nobody is here to answer is only a remark: the endpoint asks when it is used.
    """
    failed = hold(client, [role], grant=grant).failed
    if not failed:
        return
    failure = refusal(failed[0]["error"])
    if failed[0]["error"]["code"] not in _NOBODY:
        raise failure
    from xacct.ctl.complain import complain  # noqa: PLC0415 - of use to failures alone

    complain(
        failure.sentence,
        "The environment is good all the same: what is missing is asked for when it is used.",
        role=role,
    )


def mint(client: Client, role: str, label: str, pid: int, **more: Any) -> wire.GrantAnswer:
    """Return a fresh grant for `role` that ends with the process `pid`; 0 for one that doesn't.

    `more` is as in `wire.GrantRequest`.
    """
    body = {"roles": [role], "label": clean(label), **({"pid": pid} if pid else {}), **agents.said(os.environ), **more}
    grant = granted(client, role, body)
    if role in grant.get("confirm", []) or "scope" in body:
        confirm(client, role, grant["id"])
    return grant


def granted(client: Client, role: str, body: Mapping[str, Any]) -> wire.GrantAnswer:
    """Return the grant for `role` that a `wire.GrantRequest` asks for; no human is asked for anything.

    Raises:
        CtlError: there is none, or it can't be as narrow as it was asked for.
    """
    grant = client.call("POST", wire.GRANTS, _GRANT, body)
    if role not in grant["urls"]:
        raise foreign("a grant without the role's URL")
    demand_scope(client, body, grant)
    return grant


def demand_scope(client: Client, body: Mapping[str, Any], grant: wire.GrantAnswer) -> None:
    """Take a grant back that was asked for with a scope and has none: an older xacctd takes no notice of one."""
    if "scope" in body and not grant.get("scope"):  # guard: older-xacctd-narrows-nothing
        revoke(client, grant["id"])
        raise CtlError("The running xacctd is older than this command: it would narrow nothing.", "xacctctl restart")


def confirm(client: Client, role: str, grant: str) -> None:
    """Have a human let the grant use a guarded role now, while we have the terminal; take it back on a no."""
    try:
        ensure(client, role, grant)
    except BaseException:
        revoke(client, grant)
        raise


def revoke(client: Client, grant: str) -> None:
    """Take a grant back. It would end with its process anyway: a failure here is nobody's business.

    A daemon that has gone meanwhile is not started for it: a new one knows of no grant that its store does not have.
    """
    try:
        # guard: end-of-exec-starts-no-daemon
        client.without_start().call("DELETE", wire.GRANT.format(id=quote(grant)), Anything, timeout=2.0, any_api=True)
    except CtlError:
        return
