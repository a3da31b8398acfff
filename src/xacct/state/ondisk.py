"""The sealed file as a backend of the state: once nothing is held any more it is gone, and its key with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct import errors
    from xacct.state.keychain import KeychainStore


class OnDisk:
    """Takes states to a keychain store.

    Args:
        holds: whether the store may have a state already.
    """

    def __init__(self, store: KeychainStore, *, holds: bool) -> None:
        self._store = store
        self._holds = holds

    @property
    def problem(self) -> errors.XacctError | None:
        """What is in the way of keeping it."""
        return self._store.problem

    def save(self, state: bytearray, *, empty: bool) -> None:
        """Keep this state, or nothing if no credentials are in it."""
        if not empty:
            self._holds = True
            self._store.save(bytes(state))
        elif self._holds:
            self._holds = False
            self._store.forget()

    def take_back(self, *, everything: bool) -> None:
        """What is on disk holds a right that was taken back: it goes before anybody is told, whatever a keychain does.

        Args:
            everything: whether all was logged out of: what nobody could read yet goes as well, and the key.
        """
        if everything:
            self._holds = False
            self._store.forget()  # guard: sealed-nothing-comes-late-after-logout-all
        else:
            self._store.outdated()  # guard: sealed-what-was-taken-back-is-gone-at-once

    def close(self) -> None:
        """Nothing: the store is closed by whoever has opened it."""
