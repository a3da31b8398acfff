"""The roles as one request's shell names them: by plain names those of its own AWS files, by their keys all others.

A request says which files its shell means (wire.FILES_HEADER). What it names is looked for there and nowhere else; what
it is told of other files' roles has their catalogue's id behind a `#` (rolekeys.py), and can be named like that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from aiohttp import web

from xacct import awsfiles, errors, rolekeys, surroundings, wire
from xacct.credentials.node import unknown
from xacct.model import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.awsfiles import Files
    from xacct.catalogue import Catalogue
    from xacct.credentials.keeper import Keeper
    from xacct.model import Role
    from xacct.surroundings import Surroundings

ENVIRONMENT = Source("environment", "environment")
"""What aws/sources/environment.py has for `credential_source = Environment`."""

_NAME = ("name", "role", "via", "source")
_NAMES = ("roles", "confirm")


class Catalogues(Protocol):
    """What the routes need of the configuration (configuration.py has the same words at more length)."""

    def identify(self, files: Files | None) -> str:
        """The id of the catalogue that these files are."""

    def open(self, files: Files | None) -> Catalogue | None:
        """A catalogue, read if it was not yet.

        Args:
            files: its files; None: the daemon's own.

        Raises:
            ConfigError: it can't be served.
        """

    def known(self, catalogue_id: str) -> Catalogue | None:
        """An open catalogue."""

    def own(self) -> Files | None:
        """The daemon's own files, where it has some."""

    def own_led_to(self) -> Files | None:
        """The same, as symbolic links led to them when they were last read."""

    def surroundings(self) -> Surroundings:
        """What else the daemon's environment says."""


class View:
    """What one request means by a name, and how its answer names what the keeper has.

    Args:
        files: those of the request's shell; None: it does not say, which means the daemon's own.
        around: what else that shell has; None: it does not say.
    """

    def __init__(
        self, catalogues: Catalogues, keeper: Keeper, files: Files | None, around: Surroundings | None = None
    ) -> None:
        self.id = catalogues.identify(files)
        self.files = files or catalogues.own()
        self._catalogues = catalogues
        self._keeper = keeper
        self._asked = files
        self._around = around

    @property
    def own(self) -> str:
        """The id by which other shells name the daemon's own files."""
        own = self._catalogues.own_led_to()
        return rolekeys.id_of(own) if own is not None else rolekeys.OWN

    def open(self) -> Catalogue | None:
        """Its catalogue, read if it was not yet; None: the daemon's own.

        Raises:
            ConfigError: it can't be.
        """
        return self._catalogues.open(self._asked) if self.id else None

    def role(self, name: str) -> str:
        """What the keeper calls the role that the request names.

        Raises:
            UnknownRole: these files have no such role.
            ConfigError: they can't be read.
        """
        plain, catalogue_id = rolekeys.split(name)
        if catalogue_id and catalogue_id != self.id:
            return plain if catalogue_id == self.own else name
        catalogue = self.open()
        key = rolekeys.key(plain, self.id)
        if catalogue is not None and key not in self._keeper.nodes:
            raise _unknown(plain, catalogue)
        return key

    def wanted(self, name: str) -> str:
        """The same, of a role that the request is to get credentials of.

        Raises:
            ConfigError: the shell means other keys than xacctd has in its environment; or STS would have to be asked,
                and the shell would do so by another proxy.
        """
        key = self.role(name)
        chain = list(self._keeper.tree.line(key))
        if self._around is not None and chain:
            ours = self._catalogues.surroundings()
            # guard: keys-in-environment-are-shells
            if chain[-1].role.parent == ENVIRONMENT and self._around.keys != ours.keys:
                raise _other_keys(rolekeys.split(key)[0], has_some=bool(ours.keys))
            _check_machine(chain[-1].role, self._around, ours)
            if not any(entry.holds for node in chain for entry in (node.entry, node.session) if entry is not None):
                _check_proxy(chain[-1].role, self._around, ours)
        return key

    def check_proxy(self, root: Role) -> None:
        """Refuse to ask AWS where this shell would do so by another proxy than xacctd.

        Args:
            root: says who is asked, and how.

        Raises:
            ConfigError: it would.
        """
        if self._around is not None:
            _check_proxy(root, self._around, self._catalogues.surroundings())

    def named(self, name: str) -> tuple[str, wire.AwsFiles | None]:
        """What the audit calls a role that the request names: its plain name, and its files if they are others'.

        Unlike `role` it takes roles that there are no more.
        """
        plain, catalogue_id = rolekeys.split(name)
        catalogue_id = catalogue_id or self.id
        if catalogue_id in (rolekeys.OWN, self.own):
            return plain, None
        if catalogue_id == self.id and self.files is not None:
            return plain, shape(awsfiles.resolved(self.files))
        return plain, shape(self.files_of(name))

    def has(self, key: str) -> bool:
        """Whether a role is of these files."""
        return rolekeys.split(key)[1] == self.id

    def files_of(self, key: str) -> Files | None:
        """The files that a role is of; None where that is not known."""
        catalogue_id = rolekeys.split(key)[1]
        if catalogue_id == rolekeys.OWN:
            return self._catalogues.own()
        catalogue = self._catalogues.known(catalogue_id)
        return catalogue.files if catalogue is not None else None

    def name(self, key: str) -> str:
        """How the answer names a role."""
        name, catalogue_id = rolekeys.split(key)
        if catalogue_id == self.id:
            return name
        return key if catalogue_id else rolekeys.key(name, self.own)

    def text(self, said: str) -> str:
        """A sentence, which names roles by their keys, as this shell is told it."""
        return said.replace(f"#{self.id}", "") if self.id else said

    def seen(self, answer: Any) -> Any:
        """An answer with its roles named so."""
        if not self.id:
            return answer
        if isinstance(answer, dict):
            return {key: self._value(key, value) for key, value in answer.items()}
        if isinstance(answer, list):
            return [self.seen(each) for each in answer]
        return self.text(answer) if isinstance(answer, str) else answer

    def _value(self, key: str, value: Any) -> Any:
        if key in _NAME and isinstance(value, str):
            return self.name(value)
        if key in _NAMES and isinstance(value, list):
            return [self.name(each) if isinstance(each, str) else self.seen(each) for each in value]
        return value if key in ("files", "catalogues") else self.seen(value)


KEY = web.RequestKey("view", View)
"""Where a request carries its view."""


def of(request: web.Request) -> View:
    """The view of a request."""
    return request[KEY]


def meant(request: web.Request) -> Files | None:
    """The files that a request means; None: it does not say.

    Raises:
        BadInput: its header is not understood.
    """
    value = request.headers.get(wire.FILES_HEADER)
    if value is None:
        return None
    try:
        return awsfiles.of_header(value)
    except (ValueError, UnicodeError):
        raise errors.BadInput(
            f"{wire.FILES_HEADER} names no three absolute paths, percent-encoded, of UTF-8.", "See docs/control-api.md."
        ) from None


def around(request: web.Request) -> Surroundings | None:
    """What else the request's shell has; None: it does not say.

    Raises:
        BadInput: its header is not understood.
    """
    value = request.headers.get(wire.AROUND_HEADER)
    try:
        return None if value is None else surroundings.of_header(value)
    except (ValueError, UnicodeError):
        raise errors.BadInput(
            f"{wire.AROUND_HEADER} is not percent-encoded UTF-8.", "See docs/control-api.md."
        ) from None


def shape(files: Files | None) -> wire.AwsFiles | None:
    """Some files as wire.py spells them."""
    if files is None:
        return None
    said: wire.AwsFiles = {"config": files.config, "credentials": files.credentials, "home": files.home}
    return {**said, "sts": sts} if (sts := files.sts()) else said


def catalogues(view: View, ids: Mapping[str, None]) -> list[wire.Catalogue]:
    """The catalogues of these ids, with what they are to this view."""
    found: list[wire.Catalogue] = []
    for catalogue_id in ids:
        files = view.files_of(rolekeys.key("", catalogue_id))
        if files is not None:
            which = {"id": catalogue_id or view.own, "own": not catalogue_id, "meant": catalogue_id == view.id}
            found.append(cast("wire.Catalogue", {**which, **(shape(files) or {})}))
    return found


def _other_keys(name: str, *, has_some: bool) -> errors.ConfigError:
    ours = "other keys than this shell" if has_some else "none"
    return errors.ConfigError(
        f"credential_source = Environment of {name!r} means keys in the environment, and xacctd has {ours}.",
        "Name a source_profile instead; or start xacctd with these keys: xacctctl stop && xacctctl start",
    )


def _check_machine(root: Role, theirs: Surroundings, ours: Surroundings) -> None:
    """Refuse a role of the machine where a shell is led to another one's than xacctd.

    Args:
        root: the role whose source is asked.
        theirs: what the shell has.
        ours: what the daemon has.
    """
    kind = root.parent.kind if isinstance(root.parent, Source) else ""
    same = {
        "ecs-container": theirs.container == ours.container,
        "ec2-metadata": theirs.metadata == ours.metadata,
    }
    if not same.get(kind, True):  # guard: machines-role-is-shells
        raise errors.ConfigError(
            f"The credential_source of {rolekeys.split(root.name)[0]!r} means what the environment leads to, and"
            " xacctd's leads elsewhere than this shell's.",
            "Name a source_profile instead; or start xacctd here: xacctctl stop && xacctctl start",
        )


def _check_proxy(root: Role, theirs: Surroundings, ours: Surroundings) -> None:
    """Refuse where a shell would ask STS by another proxy than xacctd.

    Args:
        root: the role whose source is asked with.
        theirs: what the shell has.
        ours: what the daemon has.
    """
    url = root.target.endpoint_url or f"https://sts.{root.region or 'us-east-1'}.amazonaws.com"
    said = [around.proxy_for(url) for around in (theirs, ours)]
    if said[0] == said[1]:  # guard: no-code-goes-by-proxy-that-shell-has-not
        return
    shell, daemon = (f"by the proxy {proxy}" if proxy else "by no proxy" for proxy in said)
    raise errors.ConfigError(
        f"This shell would ask STS for {rolekeys.split(root.name)[0]!r} {shell}, xacctd {daemon}."
        " It takes no proxy from a shell.",
        "Give xacctd the same HTTPS_PROXY, HTTP_PROXY and NO_PROXY: xacctctl stop && xacctctl start here; of a service:"
        " docs/service.md",
    )


def _unknown(name: str, catalogue: Catalogue) -> errors.XacctError:
    """Why these files have no such role: what is wrong with it, or with them, or that there is none."""
    why = catalogue.unusable.get(rolekeys.key(name, catalogue.id)) or catalogue.unread
    if why is not None:
        return why
    names = [rolekeys.split(key)[0] for key in catalogue.roles]
    return unknown(name, names, f" in {catalogue.sentence}", "xacctctl roles lists what this shell's files have.")
