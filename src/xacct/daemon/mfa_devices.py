"""MFA devices, as `xacctctl mfa` asks for them: the address of IAM is the one that the user's own profile names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.aws import inifiles, targets
from xacct.host.threads import run_in_daemon_thread
from xacct.model import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.awsfiles import Files
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.user_devices import Found


class MfaDevices:
    """Asks IAM for the control API.

    Args:
        keeper: has the roles, and what IAM is asked with.
        env: the daemon's environment at its start.
    """

    def __init__(self, keeper: Keeper, env: Mapping[str, str]) -> None:
        self._keeper = keeper
        self._env = dict(env)

    async def of(self, files: Files | None, role: str) -> Found:
        """The devices of the user that a role starts from.

        Args:
            files: AWS's files that it is of; None: the daemon's own.
            role: its name.

        Raises:
            ConfigError: the files can't be read, or name no address that can be meant.
            XacctError: those of `UserDevices`.
        """
        root = list(self._keeper.tree.line(role))[-1].role
        assert isinstance(root.parent, Source)  # noqa: S101 - a root hangs from one
        env = self._env if files is None else files.within(self._env)
        found = await run_in_daemon_thread(lambda: inifiles.read(*inifiles.paths(env)))
        url = targets.of_service("iam", root.parent.name, found)
        return await self._keeper.user_devices.of(role, url)
