"""What the control API needs of the daemon around the keeper."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from xacct import errors
from xacct.control import views
from xacct.control.containers import Containers
from xacct.control.keys import AccessKeys, NoAccessKeys
from xacct.control.mfa import Devices, NoDevices

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from xacct.audit.trail import Trail
    from xacct.awsfiles import Files
    from xacct.control.about import About
    from xacct.model import Credentials, Role

    Identify = Callable[[Credentials, Role], Awaitable[str]]


class TookBack(Protocol):
    """Sees to it that nothing that is kept brings back what was logged out of."""

    def __call__(self, *, everything: bool) -> None:
        """Returns once that is so."""


async def _kept() -> None:
    """Where nothing outlives the daemon, nothing comes back."""


class KnownWords(Protocol):
    """What config.toml has of words that mean roles (settings.Settings is one)."""

    @property
    def aliases(self) -> Mapping[str, str]:
        """Other names of roles."""

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """Words that stand for more words."""


class NoWords:
    """A config.toml without any."""

    aliases: Mapping[str, str] = MappingProxyType({})
    groups: Mapping[str, Sequence[str]] = MappingProxyType({})


async def _not_asked(_held: Credentials, _role: Role) -> str:
    """Where there is no AWS to ask."""
    raise errors.AwsUnavailable("Nobody can ask AWS here.", "")


@dataclass(slots=True)
class Daemon:
    """What the routes need of the daemon around the keeper.

    Attributes:
        read_changed: reads changed configuration files, and those that a request means; false if that takes too long.
        reload: reads them whether changed or not and returns the problems.
        outdated: whether only a new process takes up what has changed.
        stop: ends the daemon.
        succeed: has a new process take over and gives its pid.
        paused: whether a successor is taking over, so that nothing may be changed here any more.
        took_back: is told of a logout.
        kept: waits until what was taken back is kept over a restart, and gives what prevents that.
        audit: None where it is switched off.
        imds: gives the role of each IMDS port.
        catalogues: the AWS files that roles are served of.
        known_words: aliases and groups of roles.
        identify: asks AWS whose credentials these are, at the STS of a role.
        keys: the access keys in the keychain.
        devices: asks IAM for MFA devices.
    """

    endpoint_url: str
    problems: Callable[[], list[errors.XacctError]]
    read_changed: Callable[[Files | None], Awaitable[bool]]
    reload: Callable[[], Awaitable[list[errors.XacctError]]]
    outdated: Callable[[], bool]
    stop: Callable[[], None]
    succeed: Callable[[], Awaitable[int]]
    about: About
    paused: Callable[[], bool] = lambda: False
    took_back: TookBack = lambda *, everything: None  # noqa: ARG005
    kept: Callable[[], Awaitable[errors.XacctError | None]] = _kept
    audit: Trail | None = None
    imds: Callable[[], dict[int, str]] = dict
    containers: Containers = field(default_factory=Containers)
    catalogues: views.Catalogues = field(default_factory=views.OnlyOwn)
    known_words: Callable[[], KnownWords] = NoWords
    identify: Identify = _not_asked
    keys: AccessKeys = field(default_factory=NoAccessKeys)
    devices: Devices = field(default_factory=NoDevices)
