"""How containers reach the endpoint, as the control API needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from xacct import wire


@dataclass(frozen=True, slots=True)
class Containers:
    """The listeners for containers.

    Attributes:
        tell: how they stand now.
        settle: opens them, once there is a grant that wants them.
    """

    tell: Callable[[], wire.ContainersAnswer]
    settle: Callable[[], Awaitable[None]]

    def about(self) -> wire.ContainersAnswer:
        """How they stand now.

        Raises:
            BadInput: the settings switch them off.
        """
        about = self.tell()
        if not about["enabled"]:
            raise errors.BadInput(
                "Containers are not served.", "Set enabled = true under [containers] in config.toml, and restart."
            )
        return about

    @property
    def url(self) -> str:
        """What containers are told to reach the endpoint by. Raises as `about` does."""
        return self.about()["url"]
