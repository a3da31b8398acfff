"""The keychains, with stand-ins for their libraries: what each trouble is called. Real ones: tests/system."""

import base64
import sys
from types import ModuleType, SimpleNamespace

import pytest

from xacct import errors
from xacct.state import keys
from xacct.state.key_items import MacItems, SecretServiceItems
from xacct.state.keys import MacKeys, SecretServiceKeys

KEY = bytes(range(32))


def module(monkeypatch, name, **members):
    made = ModuleType(name)
    vars(made).update(members)
    monkeypatch.setitem(sys.modules, name, made)
    return made


# The Secret Service.


class FakeStorage:
    """A secretstorage with one collection, locked or not; `trouble` is raised where the library would."""

    def __init__(self, monkeypatch):
        self.items, self.locked, self.closed = {}, False, 0
        self.no_bus = self.no_collection = self.trouble = None
        base = type("SecretStorageException", (Exception,), {})
        names = ("SecretServiceNotAvailableException", "LockedException", "ItemNotFoundException")
        self.kinds = {name: type(name, (base,), {}) for name in names}
        self.kinds["PromptDismissedException"] = type("Dismissed", (self.kinds["ItemNotFoundException"],), {})
        kinds = {"SecretStorageException": base, **self.kinds}
        module(monkeypatch, "secretstorage", dbus_init=self._bus, Collection=self._collection, **kinds)

    def _bus(self):
        if self.no_bus:
            raise self.no_bus
        return SimpleNamespace(close=self._close)

    def _close(self):
        self.closed += 1

    def _collection(self, _bus):
        if self.no_collection:
            raise self.no_collection
        return self

    def ensure_not_locked(self):
        if self.locked:
            raise self.kinds["LockedException"]

    def search_items(self, attributes):
        for at in [at for at in self.items if dict(at).items() >= attributes.items()]:
            yield SimpleNamespace(get_secret=lambda at=at: self.items[at], delete=lambda at=at: self.items.pop(at))

    def create_item(self, _label, attributes, secret, *, replace):
        if self.trouble:
            raise self.trouble
        assert replace
        self.items[tuple(attributes.items())] = secret


@pytest.fixture
def storage(monkeypatch):
    return FakeStorage(monkeypatch)


def test_a_key_is_kept_replaced_and_dropped(storage):
    ours, others = SecretServiceKeys("/state/a"), SecretServiceKeys("/state/b")
    assert ours.get() is None
    ours.put(bytes(32))
    ours.put(KEY)
    assert ours.get() == KEY
    assert others.get() is None
    assert list(storage.items.values()) == [base64.b64encode(KEY)]
    ours.drop()
    ours.drop()
    assert storage.items == {}
    assert storage.closed == 7, "a connection to the bus was left open"


@pytest.mark.parametrize("kept", [b"", b"not base64!", base64.b64encode(bytes(31)), b"\xff"])
def test_what_is_no_key_is_none(storage, kept):
    ours = SecretServiceKeys("/state/a")
    ours.put(KEY)
    storage.items = dict.fromkeys(storage.items, kept)
    assert ours.get() is None


@pytest.mark.parametrize(
    ("break_", "says"),
    [
        (lambda s: setattr(s, "locked", True), "is locked"),
        (lambda s: setattr(s, "no_bus", s.kinds["SecretServiceNotAvailableException"]()), "no session bus"),
        (lambda s: setattr(s, "no_bus", ConnectionRefusedError()), "no session bus"),
        (lambda s: setattr(s, "no_collection", s.kinds["ItemNotFoundException"]()), "no default collection"),
        (lambda s: setattr(s, "no_collection", s.kinds["SecretServiceNotAvailableException"]()), "No keychain answers"),
    ],
)
def test_each_trouble_is_a_sentence_and_a_hint(storage, break_, says):
    break_(storage)
    ours = SecretServiceKeys("/state/a")
    for ask in (ours.get, lambda: ours.put(KEY), ours.drop):
        with pytest.raises(errors.KeychainUnavailable, match=says) as caught:
            ask()
        assert caught.value.hint
        assert not isinstance(caught.value, errors.KeychainDenied)


def test_a_dismissed_dialog_is_a_no(storage):
    storage.trouble = storage.kinds["PromptDismissedException"]()
    with pytest.raises(errors.KeychainDenied, match="dismissed"):
        SecretServiceKeys("/state/a").put(KEY)


# macOS.


class FakeMac:
    def __init__(self, monkeypatch):
        self.passwords, self.trouble = {}, None
        base = type("KeyringError", (Exception,), {})
        self.kinds = {name: type(name, (base,), {}) for name in ("KeyringLocked", "PasswordDeleteError")}
        module(monkeypatch, "keyring.errors", **self.kinds)
        module(monkeypatch, "keyring.backends.macOS", Keyring=lambda: self)

    def _ask(self):
        if self.trouble:
            raise self.trouble

    def get_password(self, service, account):
        self._ask()
        return self.passwords.get((service, account))

    def set_password(self, service, account, password):
        self._ask()
        assert isinstance(password, str)
        self.passwords[service, account] = password

    def delete_password(self, service, account):
        self._ask()
        try:
            del self.passwords[service, account]
        except KeyError:
            raise self.kinds["PasswordDeleteError"] from type("NotFound", (Exception,), {})()


@pytest.fixture
def mac(monkeypatch):
    return FakeMac(monkeypatch)


def test_a_key_is_kept_replaced_and_dropped_on_macos(mac):
    ours = MacKeys("/state/a")
    assert ours.get() is None
    ours.put(bytes(32))
    ours.put(KEY)
    assert ours.get() == KEY
    assert MacKeys("/state/b").get() is None
    ours.drop()
    ours.drop()
    assert mac.passwords == {}


def test_a_no_on_macos_is_a_no(mac):
    mac.trouble = mac.kinds["KeyringLocked"]()
    for ask in (MacKeys("a").get, lambda: MacKeys("a").put(KEY), MacKeys("a").drop):
        with pytest.raises(errors.KeychainDenied) as caught:
            ask()
        assert caught.value.hint


def test_a_key_that_can_not_be_deleted_on_macos_is_no_success(mac):
    mac.trouble = mac.kinds["PasswordDeleteError"]()
    with pytest.raises(mac.kinds["PasswordDeleteError"]):
        MacKeys("a").drop()


# Both.


@pytest.mark.parametrize(
    ("missing", "ours"),
    [
        ("secretstorage", SecretServiceKeys("a")),
        ("cryptography", SecretServiceKeys("a")),
        ("keyring.errors", MacKeys("a")),
        ("cryptography", MacKeys("a")),
    ],
)
def test_a_missing_library_is_a_sentence_and_a_hint(storage, mac, monkeypatch, missing, ours):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(errors.KeychainUnavailable, match=r"library .* is missing") as caught:
        ours.get()
    assert "xacct[keychain]" in caught.value.hint


@pytest.mark.parametrize(("platform", "kind"), [("linux", SecretServiceKeys), ("darwin", MacKeys)])
def test_each_system_has_its_own(monkeypatch, tmp_path, platform, kind):
    monkeypatch.setattr(keys.sys, "platform", platform)
    assert isinstance(keys.of_this_system(tmp_path / "kept"), kind)


# Access keys, in items of their own.


@pytest.mark.parametrize("kind", [SecretServiceItems, MacItems])
def test_items_are_kept_replaced_and_dropped_each_by_its_account(storage, mac, kind):
    items = kind()
    assert items.get("work 1") is None
    items.put("work 1", "a label", b"{}")
    items.put("work 1", "a label", b'{"a": "b"}')
    items.put("work 2", "a label", b"other")
    assert items.get("work 1") == b'{"a": "b"}'
    items.drop("work 1")
    assert items.get("work 1") is None
    assert items.get("work 2") == b"other"


def test_a_dismissed_dialog_is_told_of_access_keys_in_words_that_fit(storage, mac):
    storage.trouble = storage.kinds["PromptDismissedException"]()
    with pytest.raises(errors.KeychainDenied, match="what is in it can't be read"):
        SecretServiceItems().put("work", "a label", b"{}")
    mac.trouble = mac.kinds["KeyringLocked"]()
    with pytest.raises(errors.KeychainDenied, match="what is in it can't be read"):
        MacItems().get("work")


def test_a_locked_keychain_is_not_asked_for_access_keys(storage):
    storage.locked = True
    for ask in (lambda: SecretServiceItems().get("work"), lambda: SecretServiceItems().drop("work")):
        with pytest.raises(errors.KeychainLocked) as said:
            ask()
        assert "persistence" not in said.value.hint


def test_the_items_of_access_keys_are_not_those_of_state(storage):
    SecretServiceItems().put("/state/a", "a label", KEY)
    assert SecretServiceKeys("/state/a").get() is None
