"""A catalogue: one set of AWS's files, what they said when they were last read, and when to read them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xacct import awsfiles, errors, rolekeys
from xacct.aws import profiles
from xacct.model import Role, Source

if TYPE_CHECKING:
    from xacct.awsfiles import Files

FileStamp = tuple[int, int, int] | None
"""When a file was changed, its size, and which file it is; None where there is none."""

EMPTY_FOR = 2.0
"""Seconds for which a file has to be empty, or gone, to be believed: an editor may have emptied it to write it anew."""


InKeychain = Callable[[tuple[str, str]], Mapping[str, str]]
"""Of a config and a credentials file: the profiles that have a key in the keychain, and the digest of its id."""


def no_keychain(_where: tuple[str, str]) -> Mapping[str, str]:
    """No profile has one."""
    return {}


class Watched:
    """Some files, and how they were when they were last read.

    Args:
        boot: reads the boot-time clock.
    """

    def __init__(self, paths: tuple[str, ...], boot: Callable[[], float]) -> None:
        self.paths = tuple(Path(path) for path in paths)
        self.stamps: tuple[FileStamp, ...] | None = None
        self._boot = boot
        self._empty_since: float | None = None

    def read_now(self) -> None:
        """They are about to be read."""
        self.stamps = tuple(_stamp(path) for path in self.paths)
        self._empty_since = None

    def watch(self, paths: Iterable[Path]) -> None:
        """Look at these from now on; those that are new are about to be read."""
        known = dict(zip(self.paths, self.stamps or (), strict=False))
        self.paths = tuple(paths)
        self.stamps = tuple(known[path] if path in known else _stamp(path) for path in self.paths)

    def says_nothing(self) -> bool:
        """Whether one of them was empty, or not there, when they were last read."""
        return not all(map(_says_something, self.stamps or ()))

    def changed(self) -> bool:
        """Whether one has changed since; if one has become empty, whether it has been so for a while.

        What an empty file no longer says may be that a role is guarded.
        """
        now = tuple(_stamp(path) for path in self.paths)
        if now == self.stamps:
            self._empty_since = None
            return False
        before = self.stamps or (None,) * len(now)
        if not any(_says_something(old) and not _says_something(new) for old, new in zip(before, now, strict=True)):
            return True
        if self._empty_since is None:  # guard: file-being-saved-takes-no-guard-away
            self._empty_since = self._boot()
        return self._boot() - self._empty_since >= EMPTY_FOR


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read of a catalogue. The rest as in `Catalogue`.

    Attributes:
        unread: why it could not be.
        mfa_processes: the shell commands that print codes of MFA devices.
    """

    roles: dict[str, Role]
    unusable: dict[str, errors.XacctError]
    problems: list[errors.XacctError]
    instances: tuple[Role, ...] = ()
    unread: errors.ConfigError | None = None
    mfa_processes: Mapping[str, str] = field(default_factory=dict, repr=False)


class Catalogue:
    """One set of AWS's files.

    Attributes:
        id: empty for the daemon's own.
        env: the daemon's environment.
        roles: by their keys (rolekeys.py), as they were last read whole.
        read: whether they were.
        problems: what people should know of these files.
        unusable: why what they name besides is no role.
        instances: what stands for their sso-sessions.
        mfa_processes: shell commands that print codes of MFA devices, by the devices' serials.
        unread: why they could not be read when they were last to be.
        asked: when a request last meant them (boot-time clock).

    Args:
        in_keychain: gives the profiles of a config and a credentials file that have an access key in the keychain.
    """

    def __init__(
        self,
        files: Files,
        catalogue_id: str,
        env: Mapping[str, str],
        boot: Callable[[], float],
        in_keychain: InKeychain = no_keychain,
    ) -> None:
        self.files = files
        self.id = catalogue_id
        self.roles: dict[str, Role] = {}
        self.problems: list[errors.XacctError] = []
        self.unusable: dict[str, errors.XacctError] = {}
        self.instances: tuple[Role, ...] = ()
        self.mfa_processes: Mapping[str, str] = {}
        self.read = False
        self.unread: errors.ConfigError | None = None
        self.asked = boot()
        self.watched = Watched(files[:2], boot)
        self._env = dict(env) if not catalogue_id else files.within(env)
        self._in_keychain = in_keychain

    def load(self, apply: Callable[[profiles.Profiles], dict[str, Role]]) -> Loaded:
        """Read the files now, and change nothing here. It may take its time.

        Args:
            apply: what config.toml says of these profiles' roles; may raise a ConfigError.
        """
        self.watched.read_now()
        try:
            real = awsfiles.resolved(self.files)
            kept = self._in_keychain((real.config, real.credentials))
            found = profiles.read(self._env, "the shell's" if self.id else "the daemon's", kept)
            _refuse_keys(found)  # guard: no-profile-called-like-another-files-role
            found.roles = apply(found)
            if self.id:
                _refuse_environment(found)  # guard: environment-keys-for-own-files
            profiles.without_loose_ends(found)
        except errors.ConfigError as problem:
            return Loaded({}, {}, [errors.bare(problem)], unread=problem)
        return Loaded(
            {self.key(name): self._keyed(role) for name, role in found.roles.items()},
            # guard: problems-of-files-hold-no-files
            {self.key(name): errors.bare(why) for name, why in found.unusable.items()},
            [errors.bare(problem) for problem in found.problems],
            tuple(map(self._keyed, found.instances)),
            mfa_processes=found.mfa_processes,
        )

    def take(self, loaded: Loaded) -> bool:
        """Have what was read in force. Returns whether it could be read; else all is as it was, with the problem."""
        self.problems, self.unread = loaded.problems, loaded.unread
        if loaded.unread is None:
            self.roles, self.unusable, self.instances = loaded.roles, loaded.unusable, loaded.instances
            self.mfa_processes = loaded.mfa_processes
            self.read = True
        return loaded.unread is None

    def key(self, name: str) -> str:
        """What one of its roles is called among all."""
        return rolekeys.key(name, self.id)  # guard: name-is-its-files-own

    @property
    def sentence(self) -> str:
        """Which files these are, in words."""
        return awsfiles.in_words(self.files.config, self.files.credentials, self.files.sts())

    def _keyed(self, role: Role) -> Role:
        if not self.id:
            return role
        parent = role.parent
        # guard: source-is-of-its-own-files
        above = replace(parent, files=tuple(self.files)) if isinstance(parent, Source) else self.key(parent)
        return replace(role, name=self.key(role.name), parent=above)


OF_ENVIRONMENT = {"environment", "ecs-container", "ec2-metadata"}
"""Kinds of sources that variables lead to."""


def _refuse_keys(found: profiles.Profiles) -> None:
    """Take out profiles whose names would be taken for roles of other files."""
    for name in [name for name in found.roles if rolekeys.is_key(name)]:
        why = f"The profile {name!r} is called as xacct calls roles of other files."
        found.refuse(name, errors.ConfigError(why, "Give it another name."))


def _refuse_environment(found: profiles.Profiles) -> None:
    """Take out roles of what the environment says: ours is not that of the shell that named these files."""
    for name, role in list(found.roles.items()):
        if isinstance(role.parent, Source) and role.parent.kind in OF_ENVIRONMENT:
            setting = found.files.profiles[name]["credential_source"] if found.files is not None else "Environment"
            means = "keys in" if role.parent.kind == "environment" else "what is said in"
            why = f"credential_source = {setting} of {name!r} means {means} your shell, which xacctd does not see."
            found.refuse(name, errors.ConfigError(why, "Name a source_profile instead."))


def _says_something(stamp: FileStamp) -> bool:
    return stamp is not None and stamp[1] > 0


def _stamp(file: Path) -> FileStamp:
    try:
        status = file.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
