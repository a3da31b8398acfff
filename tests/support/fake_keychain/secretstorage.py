"""In the place of the library for the Secret Service, for a real daemon: items in a file of the test's own.

`FAKE_KEYCHAIN` is its directory: `items.json`, and beside it files that say how the keychain behaves: `locked`,
`no-bus`, `hangs`, `forgets` (what is put there changes), `asked` (a line for each secret that was read).
"""

import json
import os
import time
from pathlib import Path

PLACE = Path(os.environ["FAKE_KEYCHAIN"])
ITEMS = PLACE / "items.json"


class SecretStorageException(Exception):
    pass


class LockedException(SecretStorageException):
    pass


class ItemNotFoundException(SecretStorageException):
    pass


class PromptDismissedException(ItemNotFoundException):
    pass


class SecretServiceNotAvailableException(SecretStorageException):
    pass


class _Bus:
    def close(self):
        pass


def dbus_init():
    if (PLACE / "no-bus").exists():
        raise SecretServiceNotAvailableException
    return _Bus()


def _items():
    return json.loads(ITEMS.read_text()) if ITEMS.exists() else {}


class _Item:
    def __init__(self, name):
        self._name = name

    def get_secret(self):
        with (PLACE / "asked").open("a") as asked:
            asked.write(f"{self._name}\n")
        return _items()[self._name].encode()

    def delete(self):
        ITEMS.write_text(json.dumps({name: secret for name, secret in _items().items() if name != self._name}))


class Collection:
    def __init__(self, _bus):
        while (PLACE / "hangs").exists():
            time.sleep(0.01)

    def ensure_not_locked(self):
        if (PLACE / "locked").exists():
            raise LockedException

    def search_items(self, attributes):
        return [_Item(name) for name in _items() if name == attributes["username"]]

    def create_item(self, _label, attributes, secret, *, replace):
        assert replace
        if (PLACE / "forgets").exists():
            secret = b'{"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "another"}'
        ITEMS.write_text(json.dumps({**_items(), attributes["username"]: secret.decode()}))
