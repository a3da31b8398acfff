"""What a prompter needs of the stored TOTP seeds."""

from __future__ import annotations

from typing import Protocol


class Seeds(Protocol):
    """The stored seeds."""

    def added(self, serial: str) -> float | None:
        """When the one of this device was stored; None: there is none."""

    async def code(self, serial: str) -> str:
        """The device's code of now.

        Raises:
            KeychainUnavailable: it can't be had.
        """
