"""Items of the operating system's keychain that hold access keys or TOTP seeds. It may block: call it in a thread."""

from __future__ import annotations

import sys
from typing import Protocol

from xacct.state.keys import ACCESS_KEYS, library, mac_keychain, open_collection

DENIED = "The keychain's dialog was dismissed, so what is in it can't be read."
OTHERWISE = ""


class Items(Protocol):
    """Secrets by account, each with a label for people. All raise KeychainUnavailable."""

    def get(self, account: str) -> bytes | None:
        """The secret; None if there is none."""

    def put(self, account: str, label: str, secret: bytes) -> None:
        """Keep this secret instead of any other of the account."""

    def drop(self, account: str) -> None:
        """Keep none of the account."""


def of_this_system(service: str = ACCESS_KEYS) -> Items:
    """This system's keychain, the Secret Service on Linux and the login keychain on macOS: its items of a service."""
    return MacItems(service) if sys.platform == "darwin" else SecretServiceItems(service)


class SecretServiceItems:
    """In the default collection of the Secret Service, and only while it is unlocked."""

    def __init__(self, service: str = ACCESS_KEYS) -> None:
        self._service = service

    def get(self, account: str) -> bytes | None:
        """The secret; None if there is none."""
        with open_collection(OTHERWISE, DENIED) as collection:
            for item in collection.search_items(_attributes(self._service, account)):
                secret: bytes = item.get_secret()
                return secret
            return None

    def put(self, account: str, label: str, secret: bytes) -> None:
        """Keep this secret instead of any other of the account."""
        with open_collection(OTHERWISE, DENIED) as collection:
            collection.create_item(label, _attributes(self._service, account), secret, replace=True)

    def drop(self, account: str) -> None:
        """Keep none of the account."""
        with open_collection(OTHERWISE, DENIED) as collection:
            for item in list(collection.search_items(_attributes(self._service, account))):
                item.delete()


class MacItems:
    """In the login keychain of macOS, which may show a dialog of its own."""

    def __init__(self, service: str = ACCESS_KEYS) -> None:
        self._service = service

    def get(self, account: str) -> bytes | None:
        """The secret; None if there is none."""
        with mac_keychain(OTHERWISE, DENIED) as keychain:
            kept: str | None = keychain.get_password(self._service, account)
        return None if kept is None else kept.encode()

    def put(self, account: str, label: str, secret: bytes) -> None:  # noqa: ARG002 - its library takes no label
        """Keep this secret instead of any other of the account."""
        with mac_keychain(OTHERWISE, DENIED) as keychain:
            keychain.set_password(self._service, account, secret.decode())

    def drop(self, account: str) -> None:
        """Keep none of the account."""
        with mac_keychain(OTHERWISE, DENIED) as keychain:
            try:
                keychain.delete_password(self._service, account)
            except library("keyring.errors", OTHERWISE).PasswordDeleteError as error:
                if type(error.__cause__).__name__ != "NotFound":
                    raise


def _attributes(service: str, account: str) -> dict[str, str]:
    # The names keyring uses, so that people's tools for it find the item.
    return {"application": service, "service": service, "username": account}
