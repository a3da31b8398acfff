"""First credentials, read at the moment they are needed and not kept: one file for each kind of source.

A profile may lead to several. The first that is found counts, in the order in which AWS's command line looks
(botocore/credentials.py), and what xacct can't use is refused instead of passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import awsfiles
from xacct.aws.sources import console_login, identity_center, keychain, process, profile_keys, web_identity
from xacct.aws.sources.console_login import ConsoleLogin
from xacct.aws.sources.ec2_metadata import Ec2Metadata
from xacct.aws.sources.ecs_container import EcsContainer
from xacct.aws.sources.environment import Environment
from xacct.aws.sources.identity_center import IdentityCenter
from xacct.aws.sources.keychain import KeptKeys, Keychain, NoKeychain
from xacct.aws.sources.process import Process
from xacct.aws.sources.profile_keys import ProfileKeys
from xacct.aws.sources.web_identity import WebIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from xacct.aws.inifiles import AwsFiles
    from xacct.aws.sources.kind import SourceKind
    from xacct.model import Credentials, Source

KINDS: dict[str, SourceKind] = {
    "profile": ProfileKeys(),
    "process": Process(),
    "environment": Environment(),
    "web-identity": WebIdentity(),
    "identity-center": IdentityCenter(),
    "console-login": ConsoleLogin(),
    "keychain": Keychain(NoKeychain()),
    "ecs-container": EcsContainer(),
    "ec2-metadata": Ec2Metadata(),
}
"""By `Source.kind`."""

LOOKS: tuple[Callable[[str, AwsFiles], Source | None], ...] = (
    web_identity.found,  # guard: files-go-before-keychain
    identity_center.found,
    profile_keys.in_credentials_file,
    console_login.found,
    process.found,
    profile_keys.in_config_file,
    identity_center.left_over,
    profile_keys.without_id,
    keychain.found,
)
"""What a profile is looked at for, in turn."""


def own(name: str, files: AwsFiles) -> Source | None:
    """The source that a profile is by itself, role_arn aside; None where it is none.

    Raises:
        ConfigError: It is one that xacct can't use, or half of one; which.
    """
    return next((source for look in LOOKS if (source := look(name, files)) is not None), None)


class FileSources:
    """Sources as the AWS files and the environment have them.

    Args:
        env: the daemon's environment at its start.
        keys: the access keys in the keychain; None: there is no keychain.
        own_ports: gives the ports at which xacctd itself serves credentials, which are no source of its own.
        container: the variables that lead to a container's role, where `env` is without them.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        keys: KeptKeys | None = None,
        own_ports: Callable[[], Collection[int]] = tuple,
        container: Mapping[str, str] | None = None,
    ) -> None:
        self._env = dict(env)
        self._kinds = {
            **KINDS,
            "keychain": Keychain(keys or NoKeychain()),
            "ecs-container": EcsContainer(own_ports, container),
            "ec2-metadata": Ec2Metadata(own_ports),
        }

    def describe(self, source: Source) -> str:
        """What its credentials come from, in words: "its access key"."""
        return self._kinds[source.kind].describe(source)

    def needs_human(self, source: Source, now: float) -> bool:
        """Whether they could not be had `now` (AWS's time) without a human."""
        return self._kinds[source.kind].needs_human(source, self._env_of(source), now)

    async def load(self, source: Source) -> Credentials:
        """The keys of a source; of a web identity its token alone, as a session token.

        Raises:
            SourceUnusable: It has none now; why.
            ConfigError: Its file can't be parsed.
        """
        return await self._kinds[source.kind].load(source, self._env_of(source))

    def _env_of(self, source: Source) -> dict[str, str]:
        """The daemon's environment with the files that have this source: by them a program finds its own profiles."""
        return awsfiles.Files(*source.files).within(self._env) if source.files else self._env
