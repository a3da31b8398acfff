"""MFA devices, as `xacctctl mfa` asks for them: IAM is where the user's own profile says, or the daemon's variable."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from xacct.aws import inifiles, targets
from xacct.credentials.node import configured_anew
from xacct.host.threads import run_in_daemon_thread
from xacct.model import Source
from xacct.state import totp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct import wire
    from xacct.awsfiles import Files
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.user_devices import Found
    from xacct.model import Role
    from xacct.state.mfa_seeds import MfaSeeds


class MfaDevices:
    """Asks IAM for the control API.

    Args:
        keeper: has the roles, and what IAM is asked with.
        seeds: are stored in the keychain.
        env: the daemon's environment at its start.
    """

    keychain = "the login keychain" if sys.platform == "darwin" else "the Secret Service"

    def __init__(self, keeper: Keeper, seeds: MfaSeeds, env: Mapping[str, str]) -> None:
        self._seeds = seeds
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
        root = self._root(role)
        assert isinstance(root.parent, Source)  # noqa: S101 - a root hangs from one
        # AWS_ENDPOINT_URL_IAM is the daemon's own: of another shell no request says it.
        env = self._env if files is None else files.within(self._env) | {targets.IAM_ENDPOINT: ""}
        found = await run_in_daemon_thread(lambda: inifiles.read(*inifiles.paths(env)))
        if self._root(role) != root:  # guard: devices-are-asked-of-where-the-role-is-now
            raise configured_anew(role)
        url = targets.named_for_iam(root.parent.name, found, env)
        return await self._keeper.user_devices.of(role, url)

    def _root(self, role: str) -> Role:
        self._keeper.node(role)
        return list(self._keeper.tree.line(role))[-1].role

    def seeds(self) -> list[wire.SeedInfo]:
        """The stored seeds."""
        return [{"serial": row.serial, "added": row.added} for row in self._seeds.rows]

    async def add_seed(self, serial: str, secret: str) -> None:
        """Store the seed of a device.

        Raises:
            XacctError: it is none, or can't be stored; nothing of it is.
        """
        await self._seeds.add(serial, totp.read(secret))

    async def drop_seed(self, serial: str) -> None:
        """Store that of a device no longer.

        Raises:
            XacctError: there is none, or it can't be removed.
        """
        await self._seeds.drop(serial)
