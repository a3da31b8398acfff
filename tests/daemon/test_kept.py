"""What a daemon takes up again of what an earlier one kept, and what it leaves alone."""

import os
from pathlib import Path

import pytest
from waiting import until

from xacct import errors
from xacct.awsfiles import Files
from xacct.daemon.app import App
from xacct.daemon.inherited import DaemonPaths, Inherited
from xacct.host.notify import Manager
from xacct.model import Credentials
from xacct.settings import Daemon, Settings
from xacct.signin import Registration, Renewal
from xacct.state import keys as keychain_keys

PROFILE = "[profile {name}]\nrole_arn = arn:aws:iam::123456789012:role/{name}\nsource_profile = central\n"
KEYS = "[central]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"
SIGN_INS = {
    "identity-center": (
        "[sso-session ours]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-central-1\n"
        "sso_registration_scopes = sso:account:access\n"
        "[profile dev]\nsso_session = ours\nsso_account_id = 123456789012\nsso_role_name = Developer\n"
    ),
    "console-login": "[profile me]\nlogin_session = arn:aws:iam::123456789012:user/me\nregion = eu-central-1\n",
}
KEPT = Settings(daemon=Daemon(persistence="keychain"))
LOCKED = errors.KeychainUnavailable("The keychain is locked.")


class FakeKeys:
    """A keychain of one key. Locked, it says so."""

    def __init__(self):
        self.key = None
        self.locked = False

    def get(self):
        if self.locked:
            raise LOCKED
        return self.key

    def put(self, key):
        self.key = key

    def drop(self):
        self.key = None


@pytest.fixture
def keys(monkeypatch):
    keys = FakeKeys()
    monkeypatch.setattr(keychain_keys, "of_this_system", lambda _file: keys)
    return keys


@pytest.fixture
def where(tmp_path, monkeypatch):
    for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    own = aws_files(tmp_path / "own", "prod")
    monkeypatch.setenv("AWS_CONFIG_FILE", own.config)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", own.credentials)
    where = DaemonPaths()
    for directory in (where.state, where.tokens):
        directory.mkdir(parents=True, mode=0o700)
    return where


def aws_files(directory, name):
    directory.mkdir()
    (directory / "config").write_text(PROFILE.format(name=name))
    (directory / "credentials").write_text(KEYS)
    return Files(str(directory / "config"), str(directory / "credentials"), str(directory))


async def started(where, settings=KEPT, state=None):
    app = App(settings, Settings(), where)
    app.read_changed()
    await app.take_over(Inherited(state=state), Manager.from_environment({}))
    return app


def hold(app, role):
    now = app.clock.now()
    app.keeper.nodes[role].entry.put(Credentials("ASIAEXAMPLE", "x", "y", now + 3600, now, "123456789012"))


def holds(app, role):
    node = app.keeper.nodes.get(role)
    return node is not None and node.entry.holds


@pytest.fixture
async def sealed(where, keys):
    """An earlier daemon held `prod` until a reboot."""
    app = await started(where)
    hold(app, "prod")
    app.persister.save()
    await app.close()
    assert where.sealed.exists()


@pytest.fixture
def unwritable(where):
    """Nothing new can be written in the state directory; what lies there can be read."""
    (where.state / f".probe.{os.getpid()}").mkdir()


async def test_what_was_sealed_is_held_again(where, sealed):
    app = await started(where)
    assert holds(app, "prod")
    assert not app.problems()
    await app.close()


@pytest.mark.parametrize("kind", SIGN_INS)
async def test_a_sign_in_goes_on_after_a_reboot(where, keys, kind):
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(SIGN_INS[kind])
    app = await started(where)
    [(source, *_)] = app.keeper.sessions
    now = app.clock.now()
    renewal = Renewal(Registration("our-client", "its-secret", now + 36000), "refresh-token", now + 900)
    app.keeper.sign_ins.renewals[source] = renewal
    app.persister.save()
    await app.close()
    for secret in (b"its-secret", b"refresh-token"):
        assert secret not in where.sealed.read_bytes()
    app = await started(where)
    assert app.keeper.sign_ins.renewals == {source: renewal}
    await app.close()


async def test_what_was_sealed_is_not_used_where_its_directory_cannot_be_written(where, sealed, unwritable):
    app = await started(where)
    assert not holds(app, "prod")
    [problem] = [problem for problem in app.problems() if problem.code == "state-not-kept"]
    assert "may not say what was locked or logged out of" in problem.sentence
    await app.close()


@pytest.mark.parametrize("writable", [True, False])
async def test_what_comes_late_of_the_keychain_is_held_to_the_same(where, sealed, keys, writable, request):
    keys.locked = True
    app = await started(where)
    assert not holds(app, "prod")
    if not writable:
        request.getfixturevalue("unwritable")
    keys.locked = False
    app.restorer.look()
    await until(lambda: holds(app, "prod") or app.restorer.problem is not None)
    assert holds(app, "prod") is writable
    await app.close()


async def test_roles_of_other_files_that_cannot_be_read_at_a_restart_are_kept_until_they_can(where, tmp_path):
    """A network's home that is away for a while; own roles are there at once, and its own loses nothing meanwhile."""
    files = aws_files(tmp_path / "theirs", "beta")
    before = await started(where, Settings())
    role = "beta#" + before.catalogues.open(files).id
    for name in ("prod", role):
        hold(before, name)
    with before.persister.taken() as (state, _):
        handed_on = bytes(state)
    await before.close()

    config = tmp_path / "theirs" / "config"
    config.rename(tmp_path / "away")
    app = await started(where, Settings(), handed_on)
    assert holds(app, "prod")
    assert not holds(app, role)
    with app.persister.taken() as (state, _):
        assert b"beta" in bytes(state)  # the next daemon is told of it, too

    (tmp_path / "away").rename(config)
    app.catalogues.open(files)
    app.each_look()
    await until(lambda: holds(app, role))
    await app.close()


async def locked_and_logged_out_of(where, role):
    """The state that such a daemon handed on, while no disk took a note of it."""
    before = await started(where, Settings())
    before.lock("asked to")
    before.keeper.consents.take_back([role])
    with before.persister.taken() as (state, _):
        handed_on = bytes(state)
    await before.close()
    where.taken_back.unlink(missing_ok=True)
    return handed_on


async def test_what_was_locked_is_so_before_a_configuration_can_be_read(where):
    handed_on = await locked_and_logged_out_of(where, "prod")
    away_for_a_while(os.environ["AWS_CONFIG_FILE"])
    app = await started(where, Settings(), handed_on)
    assert not app.configuration.read
    assert app.keeper.agent_lock.locked
    assert app.keeper.consents.logged_out == {"prod"}
    await app.close()


async def test_who_unlocks_before_a_configuration_can_be_read_is_not_locked_by_it(where):
    handed_on = await locked_and_logged_out_of(where, "prod")
    config = away_for_a_while(os.environ["AWS_CONFIG_FILE"])
    app = await started(where, Settings(), handed_on)
    app.keeper.agent_lock.unlock()
    back(config)
    app.each_look()
    await until(lambda: app.configuration.read)
    app.each_look()
    assert not app.keeper.agent_lock.locked
    assert app.keeper.consents.logged_out == {"prod"}
    await app.close()


def away_for_a_while(name):
    """Something that can't be read stands where a file was."""
    file = Path(name)
    file.rename(file.with_name("away"))
    file.mkdir()
    return file


def back(file):
    file.rmdir()
    file.with_name("away").rename(file)
