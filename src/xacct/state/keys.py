"""The one key, in the operating system's keychain: Secret Service on Linux, the login keychain on macOS.

Everything here may block, for a keychain may ask its human: call it in a thread (host/threads.py). The backend is
named, not looked for: what `keyring` finds by itself may be a plug-in that writes to a plain file.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from xacct import errors
from xacct.state.sealed import KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICE = "xacct"
ACCESS_KEYS = "xacct-access-keys"
"""The service of items that hold access keys."""

MFA_SEEDS = "xacct-mfa-seeds"
"""The service of items that hold TOTP seeds."""

LABEL = "xacct: opens what it keeps between two runs"

DENIED = "The keychain's dialog was dismissed, so state is not kept."
UNLOCK = "Unlock it; xacct tries again by itself."
OR_NONE = 'or set persistence = "none" in config.toml'


class Keys(Protocol):
    """Where the key is kept. All raise KeychainUnavailable."""

    def get(self) -> bytes | None:
        """The key; None if there is none."""

    def put(self, key: bytes) -> None:
        """Keep this key instead of any other."""

    def drop(self) -> None:
        """Keep none."""


def of_this_system(file: Path) -> Keys:
    """The key of one sealed file, in this system's keychain."""
    return MacKeys(str(file)) if sys.platform == "darwin" else SecretServiceKeys(str(file))


class SecretServiceKeys:
    """In the default collection of the Secret Service (GNOME Keyring, KWallet, KeePassXC), while it is unlocked."""

    def __init__(self, account: str) -> None:
        # The names keyring uses, so that people's tools for it find the item.
        self._attributes = {"application": SERVICE, "service": SERVICE, "username": account}

    def get(self) -> bytes | None:
        """The key; None if there is none, or what is there is none."""
        with open_collection() as collection:
            for item in collection.search_items(self._attributes):
                return _decoded(item.get_secret())
            return None

    def put(self, key: bytes) -> None:
        """Keep this key instead of any other."""
        with open_collection() as collection:
            collection.create_item(LABEL, self._attributes, base64.b64encode(key), replace=True)

    def drop(self) -> None:
        """Keep none."""
        with open_collection() as collection:
            for item in list(collection.search_items(self._attributes)):
                item.delete()


class MacKeys:
    """In the login keychain of macOS, which may show a dialog of its own."""

    def __init__(self, account: str) -> None:
        self._account = account

    def get(self) -> bytes | None:
        """The key; None if there is none, or what is there is none."""
        with mac_keychain() as keychain:
            kept = keychain.get_password(SERVICE, self._account)
        return None if kept is None else _decoded(kept.encode())

    def put(self, key: bytes) -> None:
        """Keep this key instead of any other."""
        with mac_keychain() as keychain:
            keychain.set_password(SERVICE, self._account, base64.b64encode(key).decode())

    def drop(self) -> None:
        """Keep none."""
        with mac_keychain() as keychain:
            try:
                keychain.delete_password(SERVICE, self._account)
            except library("keyring.errors").PasswordDeleteError as error:
                if type(error.__cause__).__name__ != "NotFound":
                    raise


@contextmanager
def open_collection(otherwise: str = f", {OR_NONE}", denied: str = DENIED) -> Iterator[Any]:
    """The default collection of the Secret Service, if it is unlocked.

    A locked collection is never asked to unlock itself: a dialog that nobody expects teaches people to type passwords
    into dialogs.

    Args:
        otherwise: What else can be done where there is no keychain, for the end of the hint.
        denied: What is said where its dialog was dismissed.

    Raises:
        KeychainLocked: It is locked.
        KeychainUnavailable: There is none.
    """
    storage = library("secretstorage", otherwise)
    try:
        bus = storage.dbus_init()
    except (storage.SecretStorageException, OSError):
        raise errors.KeychainUnavailable(
            "There is no keychain here: no session bus answers.", f"Start xacct in a desktop session{otherwise}."
        ) from None
    with closing(bus):
        try:
            collection = storage.Collection(bus)
            collection.ensure_not_locked()  # guard: kept-locked-keychain-is-left-alone
            yield collection
        except storage.LockedException:
            raise errors.KeychainLocked("The keychain is locked.", UNLOCK) from None
        except storage.PromptDismissedException:
            raise errors.KeychainDenied(denied) from None
        except storage.ItemNotFoundException:
            raise errors.KeychainUnavailable(
                "The keychain has no default collection.", f"Make one in its own program{otherwise}."
            ) from None
        except storage.SecretServiceNotAvailableException:
            raise errors.KeychainUnavailable(
                "No keychain answers on the session bus.", f"Start GNOME Keyring, KWallet or KeePassXC{otherwise}."
            ) from None


@contextmanager
def mac_keychain(otherwise: str = f", {OR_NONE}", denied: str = DENIED) -> Iterator[Any]:
    """The login keychain of macOS; arguments and errors are those of `open_collection`."""
    failures = library("keyring.errors", otherwise)
    try:
        yield library("keyring.backends.macOS", otherwise).Keyring()
    except failures.KeyringLocked:  # what keyring makes of a dialog that was dismissed
        raise errors.KeychainDenied(denied) from None


def library(name: str, otherwise: str = f", {OR_NONE}") -> Any:
    """A module of the extra `keychain`.

    Raises:
        KeychainUnavailable: the extra is not installed.
    """
    try:
        importlib.import_module("cryptography")
        return importlib.import_module(name)
    except ImportError:
        raise errors.KeychainUnavailable(
            f"The library for the keychain is missing ({name.partition('.')[0]}, cryptography).",
            f'Install xacct with make install or as "xacct[keychain]"{otherwise}.',
        ) from None


def _decoded(kept: bytes) -> bytes | None:
    """None: somebody has put something else there, and it opens nothing."""
    try:
        key = base64.b64decode(kept, validate=True)
    except binascii.Error:
        return None
    return key if len(key) == KEY_BYTES else None
