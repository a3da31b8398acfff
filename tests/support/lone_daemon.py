"""What the control API needs of the daemon around the keeper, where there is no more of a daemon than that."""

from types import SimpleNamespace

from xacct import errors, rolekeys
from xacct.control.containers import Containers
from xacct.control.daemon import Daemon
from xacct.surroundings import Surroundings


class OnlyOwn:
    """A daemon that has no files but its own."""

    def identify(self, _files):
        return rolekeys.OWN

    def open(self, _files):
        return None

    def known(self, _catalogue_id):
        return None

    def own(self):
        return None

    def own_led_to(self):
        return None

    def surroundings(self):
        return Surroundings()


class NoAccessKeys:
    """A daemon without a keychain."""

    def list(self):
        return {"keys": [], "keychain": ""}

    async def add(self, _files, _asked):
        raise errors.KeychainUnavailable("This xacctd uses no keychain.", "")

    check = remove = add

    async def rotate(self, _files, _profile, _session, _asked, _tell):
        raise errors.KeychainUnavailable("This xacctd uses no keychain.", "")


class NoDevices:
    """A daemon that can't ask IAM, and has no keychain."""

    keychain = ""

    async def of(self, _files, _role):
        raise errors.AwsUnavailable("Nobody can ask IAM here.", "")

    def seeds(self):
        return []

    async def add_seed(self, _serial, _secret=""):
        raise errors.KeychainUnavailable("This xacctd uses no keychain.", "")

    drop_seed = add_seed


class NoConsole:
    """A daemon that reaches none."""

    def _none(self, *_given):
        raise errors.AwsUnavailable("Nobody can sign in to AWS's console here.", "")

    destination = sign_out = lasts = _none

    async def sign_in(self, *_given):
        self._none()

    async def page(self, _url):
        self._none()


async def _nothing():
    return None


async def _not_asked(_held, _role):
    raise errors.AwsUnavailable("Nobody can ask AWS here.", "")


def lone_daemon(**more):
    """A daemon that has what is said here, and else nothing."""
    nothing = {
        "paused": lambda: False,
        "took_back": lambda *, everything: None,
        "kept": _nothing,
        "audit": None,
        "imds": dict,
        "containers": Containers(lambda: {"enabled": False}, _nothing),
        "catalogues": OnlyOwn(),
        "known_words": lambda: SimpleNamespace(
            aliases={}, groups={}, accounts={}, wanted_scopes={}, agents_need_scope=False
        ),
        "identify": _not_asked,
        "keys": NoAccessKeys(),
        "devices": NoDevices(),
        "console": NoConsole(),
    }
    return Daemon(**nothing | more)
