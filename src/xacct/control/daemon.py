"""What the control API needs of the daemon around the keeper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from xacct.asker import unknown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from xacct import errors
    from xacct.audit.trail import Trail
    from xacct.awsfiles import Files
    from xacct.control import views
    from xacct.control.about import About
    from xacct.control.containers import Containers
    from xacct.control.keys import AccessKeys
    from xacct.control.mfa import Devices
    from xacct.credentials.ask import FindAsker
    from xacct.model import Credentials, Role
    from xacct.policy import Hop
    from xacct.scope_policies import Wanted

    Identify = Callable[[Credentials, Role], Awaitable[str]]


class Console(Protocol):
    """Signs browsers in to the AWS console (aws/console.py has the same words at more length)."""

    def destination(self, role: Role, named: str | None, service: str | None, region: str | None) -> str:
        """The page that is wanted; refuses what is none of that console."""

    def sign_out(self, role: Role) -> str:
        """What signs a browser out."""

    def lasts(self, hop: Hop) -> bool:
        """Whether the session may last longer than the credentials."""

    async def sign_in(self, held: Credentials, role: Role, hop: Hop, seconds: int, destination: str) -> str:
        """The address that signs a browser in: a secret."""

    async def page(self, url: str) -> str:
        """A page of 127.0.0.1 that leads one browser to an address."""


class TookBack(Protocol):
    """Sees to it that nothing that is kept brings back what was logged out of."""

    def __call__(self, *, everything: bool) -> None:
        """Returns once that is so."""


class KnownWords(Protocol):
    """What config.toml has of words that mean roles, or scopes, and of agents (settings.Settings is one)."""

    @property
    def aliases(self) -> Mapping[str, str]:
        """Other names of roles."""

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """Words that stand for more words."""

    @property
    def accounts(self) -> Mapping[str, str]:
        """Names of accounts, by their numbers."""

    @property
    def wanted_scopes(self) -> Mapping[str, Wanted]:
        """What scopes are to be, by their names."""

    @property
    def agents_need_scope(self) -> bool:
        """Whether what an agent's shell asks for has to have a scope."""


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
        known_words: aliases and groups of roles, and names of accounts.
        identify: asks AWS whose credentials these are, at the STS of a role.
        keys: the access keys in the keychain.
        console: signs browsers in to AWS's console.
        devices: asks IAM for MFA devices.
        asker: says who a caller is, for the human who is asked whether it may have a guarded role.
    """

    endpoint_url: str
    problems: Callable[[], list[errors.XacctError]]
    read_changed: Callable[[Files | None], Awaitable[bool]]
    reload: Callable[[], Awaitable[list[errors.XacctError]]]
    outdated: Callable[[], bool]
    stop: Callable[[], None]
    succeed: Callable[[], Awaitable[int]]
    about: About
    paused: Callable[[], bool]
    took_back: TookBack
    kept: Callable[[], Awaitable[errors.XacctError | None]]
    audit: Trail | None
    imds: Callable[[], dict[int, str]]
    containers: Containers
    catalogues: views.Catalogues
    known_words: Callable[[], KnownWords]
    identify: Identify
    keys: AccessKeys
    devices: Devices
    console: Console
    asker: FindAsker = unknown
