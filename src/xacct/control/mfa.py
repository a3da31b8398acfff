"""The routes of MFA devices: which the IAM users have that roles start from, and which the configuration names."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from xacct import errors, wire
from xacct.control import serializers, views
from xacct.control.http import answered, body_of
from xacct.model import MfaDevice, Role, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xacct.awsfiles import Files
    from xacct.control.views import View
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.user_devices import Found


class Devices(Protocol):
    """Who asks IAM, as the routes need it."""

    async def of(self, files: Files | None, role: str) -> Found:
        """The devices of the user that a role starts from, which is of these files.

        Raises:
            XacctError: they can't be had.
        """

    def seeds(self) -> list[wire.SeedInfo]:
        """The stored seeds."""

    @property
    def keychain(self) -> str:
        """What they are stored in."""

    async def add_seed(self, serial: str, secret: str) -> None:
        """Store the seed of a device.

        Raises:
            XacctError: it is none, or can't be stored; nothing of it is.
        """

    async def drop_seed(self, serial: str) -> None:
        """Store that of a device no longer.

        Raises:
            XacctError: there is none, or it can't be removed.
        """


class MfaRoutes:
    """What there is below /v1/mfa."""

    def __init__(self, keeper: Keeper, devices: Devices) -> None:
        self._keeper = keeper
        self._devices = devices

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [
            web.get(wire.MFA, self.list_devices),
            web.post(wire.MFA_SEEDS, self.add_seed),
            web.delete(wire.MFA_SEED, self.drop_seed),
        ]

    async def list_devices(self, request: web.Request) -> web.Response:
        """GET /v1/mfa: the users that ?role= starts from; without it, all that the shell's files have devices of."""
        view = views.of(request)
        view.open()
        named = [self._keeper.node(view.wanted(name)).role.name for name in request.query.getall("role", [])]
        roots = self._roots(view)
        asked = named or [view.wanted(view.name(name)) for name in self._one_a_user(roots)]
        users = await asyncio.gather(*(self._user(view, name, roots) for name in dict.fromkeys(asked)))
        answer: wire.MfaAnswer = {
            "now": self._keeper.clock.now(),
            "users": users,
            "seeds": self._devices.seeds(),
            "keychain": self._devices.keychain,
        }
        return answered(request, answer)

    async def add_seed(self, request: web.Request) -> web.Response:
        """POST /v1/mfa/seeds."""
        body = await body_of(request, wire.SeedRequest)
        serial = body["serial"]
        if not MfaDevice(serial).gives_codes:
            raise errors.BadInput(f"{serial} is a security key: there is no seed of it, and STS can't use it.", "")
        await self._devices.add_seed(serial, body["secret"])
        roots = self._roots(views.of(request))
        answer: wire.SeedAnswer = {
            "serial": serial,
            "roles": [name for name, root in roots.items() if serial in root.devices],
        }
        return answered(request, answer)

    async def drop_seed(self, request: web.Request) -> web.Response:
        """DELETE /v1/mfa/seeds/SERIAL."""
        await self._devices.drop_seed(request.match_info["serial"])
        return web.json_response({})

    def _roots(self, view: View) -> dict[str, Role]:
        """The role at the root of each role of the shell's files."""
        names = [name for name in self._keeper.nodes if view.has(name) and name not in self._keeper.dynamic]
        return {name: list(self._keeper.tree.line(name))[-1].role for name in names}

    def _one_a_user(self, roots: Mapping[str, Role]) -> Iterable[str]:
        """A role of each source that takes codes."""
        found: dict[Source, str] = {}
        for name, root in roots.items():
            if root.mfa_serial is not None and isinstance(root.parent, Source):
                found.setdefault(root.parent, name)
        return found.values()

    async def _user(self, view: View, name: str, roots: Mapping[str, Role]) -> wire.MfaUser:
        root = list(self._keeper.tree.line(name))[-1].role
        assert isinstance(root.parent, Source)  # noqa: S101 - a root hangs from one
        naming: defaultdict[str, list[str]] = defaultdict(list)
        for role, other in roots.items():
            for serial in other.devices if other.parent == root.parent else ():
                naming[serial].append(role)
        user: wire.MfaUser = {
            "source": serializers.source_key(root.parent),
            "asked_with": None,
            "devices": [],
            "error": None,
        }
        listed: tuple[MfaDevice, ...] = ()
        try:
            listed, user["asked_with"] = await self._devices.of(view.files_of(name), name)
        except errors.XacctError as error:
            user["error"] = serializers.error_body(error)
        unlisted = [MfaDevice(serial) for serial in naming if serial not in {device.serial for device in listed}]
        user["devices"] = [_info(device, naming.get(device.serial, [])) for device in (*listed, *unlisted)]
        return user


def _info(device: MfaDevice, roles: list[str]) -> wire.MfaDeviceInfo:
    return {
        "serial": device.serial,
        "kind": device.kind,
        "gives_codes": device.gives_codes,
        "enabled": device.enabled_at,
        "roles": roles,
    }
