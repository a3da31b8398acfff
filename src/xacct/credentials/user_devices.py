"""Which MFA devices the IAM user has that a role starts from: asked of IAM, and kept nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from xacct import errors
from xacct.credentials.node import configured_anew
from xacct.model import MfaDevice, Source, account_of

if TYPE_CHECKING:
    from xacct.credentials.agent_lock import AgentLock
    from xacct.credentials.fetchers.calls import Calls, Iam
    from xacct.credentials.node import Node
    from xacct.credentials.tree import Tree
    from xacct.model import Role


class Found(NamedTuple):
    """A user's devices, and what IAM was asked with."""

    devices: tuple[MfaDevice, ...]
    asked_with: Literal["session", "keys"]


class UserDevices:
    """What `xacctctl mfa list` shows.

    Args:
        calls: read a source's keys, and ask IAM.
        tree: has the MFA sessions.
        agent_lock: while it is locked nothing is signed.
    """

    def __init__(self, *, calls: Calls, tree: Tree, agent_lock: AgentLock) -> None:
        self._iam = calls.iam
        self._calls = calls
        self._tree = tree
        self._agent_lock = agent_lock

    async def of(self, name: str, url: str | None) -> Found:
        """The devices of the user that a role starts from.

        Args:
            name: the role's.
            url: where IAM is asked, if that is not AWS's own address.

        Raises:
            Locked: the agent is.
            ConfigError: the role starts from no access key of an IAM user.
            XacctError: they can't be had.
        """
        found: Found = await self._agent_lock.run_unless_locked(self._of(name, url))
        return found

    async def _of(self, name: str, url: str | None) -> Found:
        root = self._root(name)
        if self._iam is None:
            raise errors.AwsUnavailable("Nobody can ask IAM here.", "")
        if not isinstance(root.role.parent, Source) or root.role.parent.is_role:
            raise _no_user(root.role)
        by_session = await self._by_session(self._iam, root, url)
        if by_session is not None:
            return by_session
        keys = await self._calls.keys(root.role)
        if self._root(name).role != root.role:  # guard: keys-go-where-the-role-is-now
            raise configured_anew(name)
        if keys.session_token:
            raise _no_user(root.role)
        return Found(await self._iam.mfa_devices(keys, root.role, url), "keys")

    def _root(self, name: str) -> Node:
        line = list(self._tree.line(name))
        if not line:
            raise errors.UnknownRole(f"There is no role {name!r} any more.")
        return line[-1]

    async def _by_session(self, iam: Iam, root: Node, url: str | None) -> Found | None:
        """What IAM says to the MFA session: some policies want one. None: there is none, or AWS takes it no more."""
        session = root.session
        if session is None or session.held is None or not session.servable():
            return None
        try:
            return Found(await iam.mfa_devices(session.held, root.role, url), "session")
        except (errors.ParentExpired, errors.BadKey):
            return None


def _no_user(role: Role) -> errors.ConfigError:
    assert isinstance(role.parent, Source)  # noqa: S101 - a root hangs from one
    return errors.ConfigError(
        f"{role.parent.name!r} has no access key of an IAM user, and nobody else has MFA devices in IAM.",
        "Name a role or profile that starts from such a key.",
    )


def check_device(serial: str, configured: tuple[str, ...]) -> None:
    """Refuse a device that can't be one of the user's whose `configured` ones are known.

    Raises:
        BadInput: it gives no codes, or is of another account.
    """
    if not MfaDevice(serial).gives_codes:
        raise errors.BadInput(f"{serial} is a security key: STS can't use it.", "Name a device that shows codes.")
    known = {account for each in configured if (account := account_of(each)) is not None}
    account = account_of(serial)
    if serial.startswith("arn:") and (account is None or ":mfa/" not in serial):
        raise errors.BadInput(f"{serial} is no MFA device.", "Its ARN is arn:aws:iam::ACCOUNT:mfa/NAME.")
    # guard: device-for-once-is-of-the-users-account
    if account is not None and known and account not in known:
        raise errors.BadInput(
            f"The device {serial} is of another account than {configured[0]}: it can't be the same user's.",
            "Unset AWS_MFA_SERIAL, or name a device of that user: xacctctl mfa list",
        )
